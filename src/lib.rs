//! `cocalc-plus`: any machine you can reach by ssh, as a persistent workspace
//! in your browser.
//!
//! # From above
//!
//! ```text
//! laptop                                           remote
//! cocalc-plus ssh gpu1   (exits when connected)
//!    └─ tunnel gpu1 ─────────────── ssh ─────────> sshd ── cocalc-plus __attach (stdio = stream mux)
//!         owns localhost:PORT                                 └─> unix socket
//!         serves the page, reconnects                         cocalc-plus serve, also 127.0.0.1:port
//!                                                                └─ __holder ── bash
//! ```
//!
//! One binary is all of these. `ssh` makes one authentication and one exec;
//! the exec's stdio becomes a stream mux, over which the tunnel passes every
//! request to the server. Each terminal is a process of its own, a holder,
//! which neither the server's end nor the laptop's touches.
//!
//! # Rooms
//!
//! A room imports only rooms of lower layers; `tests/architecture.rs` holds
//! the table and refuses every other edge.
//!
//! | layer | room | holds |
//! | --- | --- | --- |
//! | 0 | [`sys`] | the OS edge: clock, directories, processes, locks, ports, ptys |
//! | 0 | [`protocol`] | the shapes that cross a process or a machine |
//! | 1 | [`daemon`] | one server an instance: lock, connection file, starting it |
//! | 1 | [`holder`] | the process that owns a pty |
//! | 1 | [`web`] | the embedded page; Host, Origin, cookie and key |
//! | 1 | [`messaging`] | the bus: a broker that speaks the NATS client protocol |
//! | 1 | [`store`] | what lasts: the database, blobs |
//! | 1 | [`proxy`] | the stream mux; passing requests and WebSockets on |
//! | 2 | [`release`] | which build this is, packing and pruning it |
//! | 2 | [`lite`] | the neutral hub: HTTP on a port and a socket |
//! | 2 | [`project`] | terminals and the calls about them |
//! | 3 | [`ssh`] | remote mode: target, master, exec, attach, tunnel, registry |
//! | 4 | [`plus`] | the product: what `serve` is made of |
//! | 5 | [`cli`] | one file a subcommand; alone prints |
//!
//! # What is absent
//!
//! - No telemetry, and no request to any machine but the target.
//! - No secret in an argv, a log, a URL that stays, or a child's environment.
//! - Nothing on the remote but the binary: no curl, tar, python or node.
//! - Nothing stops by itself: no idle timeout anywhere.
//! - No second authentication: after the master, only its multiplexed sessions.
//!
//! # Words
//!
//! *laptop*: where the person sits. *remote*: the ssh target. *server*:
//! `cocalc-plus serve`. *holder*: the process that owns one pty. *tunnel*: the
//! laptop's process that keeps one target connected. *master*: the ssh process
//! whose connection everything shares. *attach*: the remote end of the one
//! exec. *instance*: one server's place, by user, machine, boot, data directory
//! and job. *NAME*: a target's slug. *code*: the single-use word in a URL.
//! *key*: what a signed-in page keeps in its origin's storage.

pub mod cli;
pub mod daemon;
pub mod holder;
pub mod lite;
pub mod messaging;
pub mod plus;
pub mod project;
pub mod protocol;
pub mod proxy;
pub mod release;
pub mod ssh;
pub mod store;
pub mod sys;
pub mod web;
