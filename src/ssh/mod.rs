//! Remote mode: one ssh connection, one exec, one tunnel a target.
//!
//! # Decisions
//!
//! **Processes on the laptop.** `ssh T` is short: it makes a connection and
//! exits. The *tunnel* is a detached process, one a target, which owns the
//! laptop's port and the exec's stdio. The *master* is the system's ssh; it
//! outlives both, so that a killed tunnel costs no second authentication.
//!
//! ```text
//! ssh T ── lock(NAME) ── tunnel alive, same build? ── ping ── print the URL            live
//!            │             other build: a new tunnel shares its port, then it leaves
//!            └─ start the tunnel (takes the port, serves the progress page)
//!               master alive (ours, or the user's when it persists)? ─ no ─ ssh -M -N -f  cold
//!               tunnel: one exec through the master ─ attach ─ ready ─ mux             warm
//! ```
//!
//! **Authentication** happens once, in `ssh -M -N -f` on the person's own
//! terminal: passwords, second factors, host keys and touches are asked by ssh
//! itself, without a deadline. Everything later goes through the master by the
//! multiplexing protocol (the `openssh` crate), never by another `ssh` command,
//! because a client that is refused a session logs in again by itself. The
//! tunnel, which nobody looks at, uses `BatchMode`: where a person is needed it
//! says so (`needs-auth`) and waits for the next `ssh T`.
//!
//! **Master.** Ours listens on a control path in our state's own directory; its
//! name is a hash of the target's slug, what `ssh -G` resolves, and our options,
//! with two places for each: a second master is made beside one that fell
//! silent. A user's own master is
//! borrowed when `ssh -G` says that it persists, and is never ended by us. Its
//! forwards and remote command are cleared in ours, since they would be made
//! twice.
//!
//! **One exec.** `bootstrap` is a line that every login shell passes on
//! unchanged; it execs the installed `__attach` or answers that it needs the
//! binary, takes it on stdin and execs then. `exec` drives it from here,
//! `attach` is the other end. After `ready` its stdio is the stream mux.
//!
//! **Failures.** A cause decides the exit code and what the tunnel does next,
//! so it never rests on ssh's words alone: after ssh failed, `look` finds out
//! by itself how far the machine can be reached and which host key it shows.
//!
//! **Session refused.** After a tunnel was killed, sshd may count its session
//! for a moment (`MaxSessions 1`): we ask again for 2 s, then end our master
//! and make one fresh one. A borrowed master is left alone; ours is made.
//!
//! **Registry.** One file a target, written when a connect went well; a failed
//! one leaves everything as it was. A lock beside it makes two simultaneous
//! `ssh T` one connection: the second finds the first one's tunnel.

pub mod attach;
pub mod bootstrap;
pub mod connect;
pub mod control;
mod diagnosis;
pub mod doctor;
pub mod exec;
mod failure;
pub mod lines;
mod locking;
pub mod master;
pub mod overview;
pub mod plan;
mod quoting;
pub mod reach;
pub mod registry;
mod settings;
pub mod stop;
pub mod target;
pub mod tunnel;
pub mod watcher;
pub mod wish;
mod words;
