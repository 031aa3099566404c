//! The process that owns a terminal and outlives the server.
//!
//! A *holder* is one small process a terminal: it starts the user's login
//! shell on a pty, keeps what its terminal shows, and serves whoever connects to
//! its socket, in the frames of [`crate::protocol::terminal`]. The server is
//! one of its clients. It can crash or be replaced by another version; the
//! holder, its program and their screen stay.
//!
//! ```text
//! server ── spawn ──▶ cocalc-plus __holder ── pty ──▶ -bash
//!   │                    │ ring of the newest output, who typed how much
//!   └── DIR/ID.sock ─────┘ its screen and history; one task a client, one
//!                           reads the pty, one types
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `client` | what the server does: [`spawn`], [`list`], [`connect`], [`kill`] |
//! | `process` | [`hold`]: start, serve, end; its states are drawn there |
//! | `connection` | one client: hello, then both directions at once |
//! | `delivery` | decides what a client is sent next; its states are drawn there |
//! | `ring` | the newest output, for clients that return |
//! | `screen` | what the output shows, parsed; `replay` draws it for the others |
//! | `audience` | decides whose size it has, and who answers queries |
//! | `inputs` | decides which typed bytes are new |
//! | `capture`, `typing` | what a terminal shows, as text; typing into it |
//! | `viewer` | showing a terminal inside another one |
//! | `terminal` | what the tasks share |
//! | `shell` | which program, and its environment |
//! | `commands` | what its shell finds of ours: `open` |
//! | `socket`, `wire`, `error` | the socket file, frames on a stream, [`Error`] |
//!
//! # Decisions
//!
//! - **The program never waits for a client.** The ring takes all output. A
//!   client has at most `WINDOW_BYTES` unacknowledged on the way; one that falls
//!   a mebibyte behind is drawn the screen as it is instead of its backlog.
//! - **Bytes go out before they are parsed**, and what scrolls by unseen in a
//!   flood is not drawn at all (`screen::flood`).
//! - **No byte twice, none missing.** Output resumes at a position that the
//!   ring holds. Input is taken by (client, position), and its place in the
//!   queue is reserved before it is accepted.
//! - **Input waits, output does not.** 64 pieces of 4 KiB wait for a program
//!   that does not read; then the sockets of those who type are not read on,
//!   which in time also stops their acknowledgements and so their output.
//!   Another client's connection, and so a kill, is not concerned.
//! - **The smallest size of all clients counts**, 2 to 1000 cells each way, or
//!   that of the one who asked for its own. A client of 0 columns only looks.
//!   After a change everybody is drawn anew, because emulators reflow unlike.
//! - **One answers.** What a program asks its terminal is answered by the client
//!   that leads, and by the holder while there is none, or when the client was
//!   drawn a screen instead of the question.
//! - **The end of the program is told once.** Clients get the last output and
//!   the exit status. The holder stays until one of them has acknowledged it: a
//!   person who was away sees how it ended, for 16 days. One that was killed on
//!   purpose goes at once.
//! - **A kill** (the frame, or SIGTERM) hangs up every process of the session,
//!   whatever its process group, and kills after 2 s what is left. A process
//!   that ignores hang-ups (`nohup`) or left the session (`setsid`) lives on:
//!   somebody asked for that. A program's own end kills nothing, as everywhere.
//! - **Idle is idle.** No timer runs and nothing polls while nobody types and
//!   nothing is printed: 0 context switches in 4 s.
//! - **A deleted directory or socket** is noticed by the server, which makes the
//!   directory again and hangs up on every holder that it finds by its arguments
//!   and that has no socket: SIGHUP means "listen again".
//! - **Not survived**: SIGKILL of the holder; the kernel hangs up its program.
//!
//! # Memory of 50 holders
//!
//! Release binary of 3 to 5 MB (axum, hyper, clap; 0.95 MB that need
//! relocation), `SHELL=/bin/cat`, holders only, idle, one thread each. Linux
//! 6.18, glibc 2.36. *Pre-fork*: a parent that was executed once forks holders.
//!
//! | build | sum of PSS | PSS each | private dirty each |
//! | --- | --- | --- | --- |
//! | static-pie | 55.3 MB | 1133 kB | 1064 kB |
//! | static-pie, pre-fork | 8.7 + parent 1.8 MB | 178 kB | 124 kB |
//! | **static, `-C relocation-model=static`** | **8.7 MB** | **178 kB** | **135 kB** |
//! | static, pre-fork | 7.9 + parent 0.4 MB | 162 kB | 124 kB |
//! | dynamic (PIE) | 58.1 MB | 1189 kB | 1116 kB |
//! | dynamic, pre-fork | 8.9 + parent 1.5 MB | 182 kB | 128 kB |
//!
//! So: static without PIE, and no pre-fork parent, which would be one more
//! process that must not die and that keeps an old version alive. The price is
//! named: the main image lies at a fixed address even where
//! `randomize_va_space` is 2; stack, heap, mappings and vdso stay random.
//!
//! What else counted, for each holder: parsing the command line with clap,
//! +150 kB (so `main` looks for [`SUBCOMMAND`] first); a zeroed 64 KiB read
//! buffer and tokio's default 1024 events, +65 kB. `MALLOC_ARENA_MAX` and
//! thread stacks do not matter: a current-thread runtime has one of each. The
//! parsed screen adds 145 kB at 80 × 24, mostly the cells of both screens, so
//! that 50 holders take 16.1 MB. [`crate::sys::heap`] stops glibc from keeping
//! what was freed after a flood (3 MB without).

mod audience;
mod capture;
mod client;
mod commands;
mod connection;
mod delivery;
mod error;
mod inputs;
mod process;
mod replay;
mod ring;
mod screen;
mod shell;
mod socket;
mod terminal;
mod typing;
mod viewer;
mod wire;

#[cfg(test)]
mod tests;

pub use capture::Capture;
pub use capture::Extent;
pub use capture::capture;
pub use client::Connected;
pub use client::SUBCOMMAND;
pub use client::SpawnOptions;
pub use client::call_back;
pub use client::connect;
pub use client::kill;
pub use client::list;
pub use client::socket_path;
pub use client::spawn;
pub use commands::offer_commands;
pub use error::Error;
pub use process::HoldOptions;
pub use process::hold;
pub use typing::type_all;
pub use viewer::DetachKey;
pub use viewer::Left;
pub use viewer::NoDetachKey;
pub use viewer::show;
pub use wire::FrameReader;
pub use wire::FrameWriter;
