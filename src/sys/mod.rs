//! The edge of the operating system; the only room with `unsafe`.
//!
//! Every call whose answer depends on the machine is here, each with a branch
//! for Linux and one for macOS where they differ, so that no other room asks
//! for an environment variable, the time, a process or a lock by itself.
//!
//! | file | owns |
//! | --- | --- |
//! | [`capture`] | the environment that a login shell ends up with |
//! | [`clock`] | wall time, in milliseconds since 1970 |
//! | [`detach`] | starting a process that outlives this one |
//! | [`dirs`] | where state, data, logs, sockets and caches live |
//! | [`disk`] | directories by descriptor, files that appear whole |
//! | [`env`] | environment variables |
//! | [`files`] | whole-file writes, private modes |
//! | [`heap`] | what the allocator keeps |
//! | [`last_words`] | what a process says when a fault ends it |
//! | [`lock`] | advisory locks between processes |
//! | [`log`] | a log file of bounded size |
//! | [`login`] | a user's home and shell, and what of an environment is for programs |
//! | [`oom`] | whether the kernel has killed for want of memory |
//! | [`open_files`] | how many files may be open at once |
//! | [`ports`] | TCP ports that are ours on every loopback family |
//! | [`process`] | who runs: pid, start time, boot, peers, signals |
//! | [`pty`] | pseudo-terminals |
//! | [`resolve`] | addresses of names |
//! | [`secret`] | random secrets and their comparison |
//! | [`shutdown`] | the signal to stop, for every task |
//! | [`stdio`] | stdin and stdout without blocking, what a pipe holds |
//! | [`text`] | errors with their causes, and printable text |
//! | [`tty`] | the terminal that a person sits at |

pub mod capture;
#[cfg(test)]
pub(crate) mod chance;
pub mod clock;
pub mod detach;
pub mod dirs;
pub mod disk;
pub mod env;
pub mod files;
pub mod heap;
pub mod last_words;
pub mod lock;
pub mod log;
pub mod login;
pub mod oom;
pub mod open_files;
pub mod ports;
pub mod process;
pub mod pty;
pub mod resolve;
pub mod secret;
pub mod shutdown;
pub mod stdio;
pub mod text;
pub mod tty;
