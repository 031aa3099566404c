//! Counting what a private sshd did, from its log at level VERBOSE.

use std::ops::Sub;

/// How often something happened since the sshd began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// TCP connections.
    pub(crate) connections: usize,
    /// Successful authentications, one a connection at most.
    pub(crate) authentications: usize,
    /// Refused tries, such as wrong passwords.
    pub(crate) refusals: usize,
    /// Commands (`ssh host command`).
    pub(crate) execs: usize,
    /// Shells (`ssh host`).
    pub(crate) shells: usize,
    /// Subsystems (`sftp`).
    pub(crate) subsystems: usize,
}

impl Counts {
    /// Counts the lines of a log.
    pub(crate) fn of_log(log: &str) -> Self {
        let count = |start: &str| log.lines().filter(|line| line.starts_with(start)).count();
        Self {
            connections: count("Connection from "),
            authentications: log.lines().filter(is_authentication).count(),
            refusals: count("Failed "),
            execs: count("Starting session: command ") + count("Starting session: forced-command "),
            shells: count("Starting session: shell "),
            subsystems: count("Starting session: subsystem "),
        }
    }
}

impl Sub for Counts {
    type Output = Self;

    /// Tells what happened between two looks: `later - earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self {
            connections: self.connections - earlier.connections,
            authentications: self.authentications - earlier.authentications,
            refusals: self.refusals - earlier.refusals,
            execs: self.execs - earlier.execs,
            shells: self.shells - earlier.shells,
            subsystems: self.subsystems - earlier.subsystems,
        }
    }
}

/// `Accepted publickey for …` lets somebody in; `Accepted key …` is a step.
fn is_authentication(line: &&str) -> bool {
    line.starts_with("Accepted ") && line.contains(" for ")
}
