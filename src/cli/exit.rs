//! Exit codes, by cause.

use std::process::ExitCode;

use super::error::CliError;
use crate::plus::keys::KeysError;
use crate::plus::settings;
use crate::protocol::control::Cause;

/// Why the program ended; listed in `man cocalc-plus`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Success = 0,
    /// Something on this machine: a file, a port, a directory.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// What was asked about does not run: `--daemon-status`, `ssh status`, the
    /// id of a terminal.
    NotRunning = 3,
    /// `ssh doctor` did its work and found an error.
    ///
    /// Beside [`Self::NotRunning`], since it is an answer too; the tens of 10,
    /// 20 and 30 tell why a command could not do its work.
    Unwell = 4,
    /// The remote did not accept the person.
    Auth = 10,
    /// The remote's host key is unknown or has changed.
    HostKey = 11,
    /// The machine cannot be found or does not answer.
    Unreachable = 12,
    /// The connection opens no further session.
    SessionRefused = 13,
    /// The connection broke under way.
    Lost = 14,
    /// No directory on the remote can hold the binary.
    NoRoot = 20,
    /// Programs may not run where the binary can be stored.
    NoExec = 21,
    /// The remote's disk or quota is full.
    NoSpace = 22,
    /// What arrived is not what was sent.
    Hash = 23,
    /// The remote's login shell or its startup files.
    Shell = 24,
    /// No binary for this OS or machine.
    Platform = 25,
    /// The server on the remote does not start.
    Server = 26,
    /// The binary is not installed, and `--no-install` was given.
    NotInstalled = 28,
    /// Both sides' protocols have no version in common.
    Version = 29,
    /// The tunnel does not answer or could not start.
    Tunnel = 30,
    /// ssh failed with something else.
    Ssh = 255,
}

impl Exit {
    /// Every code with its cause, for the manual.
    pub const ALL: [(Self, &'static str); 20] = [
        (Self::Success, "It did what was asked"),
        (Self::Failure, "A file, port or directory on this machine"),
        (Self::Usage, "The command line is wrong"),
        (Self::NotRunning, "What was asked about does not run"),
        (Self::Unwell, "ssh doctor found an error"),
        (Self::Auth, "The remote did not accept you"),
        (Self::HostKey, "The host key is unknown or has changed"),
        (
            Self::Unreachable,
            "The machine cannot be found or does not answer",
        ),
        (
            Self::SessionRefused,
            "The connection opens no further session",
        ),
        (Self::Lost, "The connection broke under way"),
        (
            Self::NoRoot,
            "No directory on the remote can hold the binary",
        ),
        (
            Self::NoExec,
            "Programs may not run where the binary can be stored",
        ),
        (Self::NoSpace, "The remote's disk or quota is full"),
        (
            Self::Hash,
            "What arrived on the remote is not what was sent",
        ),
        (
            Self::Shell,
            "The remote's login shell ended, hung, or ran something else",
        ),
        (
            Self::Platform,
            "There is no binary for the remote's OS or machine",
        ),
        (Self::Server, "The server does not start"),
        (
            Self::NotInstalled,
            "Not installed, and --no-install was given",
        ),
        (
            Self::Version,
            "Both sides' protocols have no version in common",
        ),
        (
            Self::Tunnel,
            "The tunnel does not answer or could not start",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&CliError> for Exit {
    fn from(error: &CliError) -> Self {
        match error {
            CliError::Remote(failure) => failure.cause.into(),
            CliError::Target(_) | CliError::Usage(_) => Self::Usage,
            CliError::Settings(settings::Error::Unknown { .. }) => Self::Usage,
            CliError::Settings(_) => Self::Failure,
            CliError::Serve(_) => Self::Server,
            CliError::Launch(_) => Self::Server,
            CliError::NoTerminal(_) | CliError::Keys(KeysError::NoServer) => Self::NotRunning,
            CliError::Registry(_)
            | CliError::Tunnel(_)
            | CliError::Holder(_)
            | CliError::Start(_)
            | CliError::Keys(_)
            | CliError::File { .. }
            | CliError::Hinted { .. }
            | CliError::Io(_) => Self::Failure,
        }
    }
}

impl From<Cause> for Exit {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Ssh => Self::Ssh,
            Cause::Auth => Self::Auth,
            Cause::HostKey => Self::HostKey,
            Cause::Unreachable => Self::Unreachable,
            Cause::SessionRefused => Self::SessionRefused,
            Cause::NoRoot => Self::NoRoot,
            Cause::NoExec => Self::NoExec,
            Cause::NoSpace => Self::NoSpace,
            Cause::Hash => Self::Hash,
            Cause::Shell => Self::Shell,
            Cause::Platform => Self::Platform,
            Cause::Server => Self::Server,
            Cause::NotRunning => Self::NotRunning,
            Cause::NotInstalled => Self::NotInstalled,
            Cause::Lost => Self::Lost,
            Cause::Version => Self::Version,
            Cause::Tunnel => Self::Tunnel,
            Cause::Local => Self::Failure,
        }
    }
}
