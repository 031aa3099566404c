//! The process that owns a terminal and outlives the server.
//!
//! A *holder* is one small process a terminal: it starts the user's login
//! shell on a pty, remembers the newest output, and serves whoever connects to
//! its socket, in the frames of [`crate::protocol::terminal`]. The server is
//! one of its clients. It can crash or be replaced by another version; the
//! holder, its program and their screen stay.
//!
//! ```text
//! server ── spawn ──▶ cocalc-plus __holder ── pty ──▶ -bash
//!   │                    │ ring of the newest output, who typed how much
//!   └── DIR/ID.sock ─────┘ one task a client, one reads the pty, one types
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `client` | what the server does: [`spawn`], [`list`], [`connect`], [`kill`] |
//! | `process` | [`hold`]: start, serve, end; its states are drawn there |
//! | `connection` | one client: hello, then both directions at once |
//! | `delivery` | decides what a client is sent next; its states are drawn there |
//! | `ring` | the newest output, and `Replay`: what a client that attaches is shown |
//! | `inputs` | decides which typed bytes are new |
//! | `terminal` | what the tasks share |
//! | `shell` | which program, and its environment |
//! | `socket`, `wire`, `error` | the socket file, frames on a stream, [`Error`] |
//!
//! # Decisions
//!
//! - **The program never waits for a client.** The ring takes all output. A
//!   client has at most `WINDOW_BYTES` unacknowledged on the way; one for which
//!   the ring went on is shown the newest 256 KiB instead of its backlog.
//! - **No byte twice, none missing.** Output resumes at a position that the
//!   ring holds. Input is taken by (client, position), and its place in the
//!   queue is reserved before it is accepted.
//! - **Input waits, output does not.** 64 pieces of 4 KiB wait for a program
//!   that does not read; then the sockets of those who type are not read on,
//!   which in time also stops their acknowledgements and so their output.
//!   Another client's connection, and so a kill, is not concerned.
//! - **The last client that says a size sets it**, 1 to 1000 cells each way. A
//!   client of 0 columns only looks.
//! - **The end of the program is the end of the holder.** Clients get the last
//!   output and the exit status, within 5 s. If none was ever there, the holder
//!   waits 60 s for the first, so that the page can show why a shell ended.
//! - **A kill** (the frame, or SIGTERM) hangs up every process of the session,
//!   whatever its process group, and kills after 2 s what is left. A process
//!   that ignores hang-ups (`nohup`) or left the session (`setsid`) lives on:
//!   somebody asked for that. A program's own end kills nothing, as everywhere.
//! - **Idle is idle.** No timer runs and nothing polls while nobody types and
//!   nothing is printed: 0 context switches in 4 s.
//! - **Not survived**: SIGKILL of the holder (the kernel hangs up its program),
//!   and a deletion of the socket's directory leaves it running unreachably
//!   until its program ends or it gets SIGTERM.
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
//! thread stacks do not matter: a current-thread runtime has one of each. After
//! 100 MB of output a holder keeps 1.4 MB, its ring of 1 MiB and little else,
//! because [`crate::sys::heap`] stops glibc from keeping what was freed (4.4 MB
//! before). A client that stalls while a replay is on its way costs as much as
//! that replay, 1 MiB at most. Key to echo through the socket: 0.17 ms; `cat`
//! of 100 MB to a client that acknowledges: 120 to 230 MB/s.
//!
//! # What an `avt` dump keeps
//!
//! `avt` 0.19.0 (history on) and `@xterm/headless` 6.0 (Unicode 11) fed the
//! same; the dump then fed to a fresh xterm.js and compared with the first cell
//! by cell, both screens, at up to 16 moments of each recording. *Blank*: never
//! written against written space. *Unseen*: colour or weight of a blank.
//!
//! | recording | cells | differing | blank | unseen | left | moments | what is left |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | vim, splits, resizes | 101280 | 37494 | 37494 | 0 | 0 | 0/16 | |
//! | vim left again | 66000 | 19785 | 19785 | 0 | 0 | 0/16 | |
//! | less, resizes | 92160 | 17455 | 17455 | 0 | 0 | 0/16 | |
//! | htop, resizes | 94720 | 11554 | 9367 | 2187 | 0 | 0/16 | |
//! | tmux, resizes | 94560 | 33533 | 33513 | 0 | 20 | 1/16 | widened alternate screen |
//! | mc, resizes | 92400 | 7585 | 6858 | 287 | 440 | 1/16 | widened alternate screen |
//! | progress bars, true colour | 46200 | 1090 | 980 | 16 | 94 | 16/16 | true colour |
//! | bash, resizes | 48600 | 13914 | 12420 | 0 | 1494 | 2/16 | reflow |
//! | emoji, wide, resizes | 32832 | 7405 | 2324 | 0 | 5081 | 7/12 | widths, reflow |
//!
//! Screen kind and, but for the last two rows, the cursor always agreed. For
//! the redraw that is to take the place of `Replay`:
//!
//! 1. True colour is dumped as `38:2:R:G:B`, which xterm.js reads as colour
//!    space, R, G; rewritten to `38;2;R;G;B` the row above is 0.
//! 2. Never-written cells come back as spaces (`CSI n b` runs): trim each line.
//! 3. Zero-width characters (combining marks, U+FE0F, ZWJ) take a cell in avt
//!    and none in xterm.js; emoji newer than Unicode 11 take two against one.
//!    The text comes back, a cursor behind it on the line, and wrapping, do not.
//! 4. A narrower primary screen is reflowed with blank rows left at the bottom,
//!    where xterm.js pulls history down. With no history in avt, a wider one
//!    differs too (15960 cells, 9 of 16). A redraw for all after such a resize
//!    makes everybody equal.
//! 5. xterm.js shows again, until the program redraws, what a narrowed alternate
//!    screen had cut off; real terminals and avt do not.
//! 6. Lost: bracketed paste, mouse modes, keypad mode, curly and double
//!    underline and its colour, overline, hidden, OSC 8, custom tab stops, the
//!    title. Kept, also for what is printed next: pen, saved cursor, margins,
//!    origin, insert, wrap pending, charsets, half an escape sequence.

mod client;
mod connection;
mod delivery;
mod error;
mod inputs;
mod process;
mod ring;
mod shell;
mod socket;
mod terminal;
mod wire;

#[cfg(test)]
mod tests;

pub use client::Connected;
pub use client::SUBCOMMAND;
pub use client::SpawnOptions;
pub use client::connect;
pub use client::kill;
pub use client::list;
pub use client::socket_path;
pub use client::spawn;
pub use error::Error;
pub use process::HoldOptions;
pub use process::hold;
pub use wire::FrameReader;
pub use wire::FrameWriter;
