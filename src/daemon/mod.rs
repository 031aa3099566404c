//! Leaving the terminal: one server an instance, its lock and its papers.
//!
//! # Decisions
//!
//! **Instance.** One server runs per user, machine, boot, data directory and
//! job. Their hash names a directory below the node-local runtime directory
//! (`sys::dirs::runtime`), and everything that belongs to one run of the
//! machine lies there, 0700:
//!
//! ```text
//! /tmp/ccp-1000/3f9a0c1b77d2/lock             flock: held while a server lives
//! /tmp/ccp-1000/3f9a0c1b77d2/server.sock      the server
//! /tmp/ccp-1000/3f9a0c1b77d2/connection.json  port, token, pid, …; written after listening
//! /tmp/ccp-1000/3f9a0c1b77d2/t/t7f3a.sock     one holder
//! ```
//!
//! A home that several machines share therefore has several servers, and a
//! rebooted machine finds no stale paper: the boot is in the name.
//!
//! **Lock.** A server takes `lock` before it looks at the socket, and keeps it
//! for life: probe, unlink and bind are one step for everybody else. A second
//! `serve` that finds the lock taken waits for the first one's connection
//! file, prints it, and is content. The kernel frees the lock when a server
//! dies, however it dies; nothing is ever decided by a pid file.
//!
//! **Identity.** A server is known by pid, start time and boot together
//! ([`crate::sys::process::Identity`]); a pid alone may be someone else's.
//!
//! **States**, as a later process finds them:
//!
//! ```text
//! lock free, no connection file        never ran, or was stopped      → start
//! lock free, connection file           killed                         → start again
//! lock taken, connection file          running                        → use it
//! lock taken, no connection file       starting                       → wait for the file
//! ```
//!
//! A server that is stopped removes its connection file; one that is killed
//! cannot. So `attach` revives a killed server and leaves a stopped one alone.
//!
//! **Deleted runtime directory.** A live server looks every few seconds
//! whether lock, papers and socket are still the ones it made, and makes them
//! again when a cleaner took them, the lock first. If another server has taken
//! the lock of that name meanwhile, the older one ends: terminals belong to
//! neither, so nothing is lost.

pub mod instance;
pub mod launch;
pub mod run;
