//! Why a connection ends, and what it is told.

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its carrier ended, or took nothing any more.
    Gone,
    /// It sent what is no operation.
    Unknown,
    /// It sent an operation with the wrong words; the reference says nothing.
    Malformed,
    /// It sent too long a line.
    Line,
    /// It sent too large a message.
    Payload,
    /// It showed no credential, or a wrong one.
    Unauthorized,
    /// What let it in does so no more.
    Revoked,
    /// It showed none in time.
    ConnectTimeout,
    /// It speaks a version of the protocol that nobody knows.
    Version,
    /// It wants to be told of missing responders, and takes no headers.
    NoHeaders,
    /// It has as many subscriptions as there may be.
    Subscriptions,
    /// There are as many connections as there may be.
    Connections,
    /// It reads too slowly.
    Slow,
    /// It has not answered for minutes.
    Stale,
    /// The server ends.
    Shutdown,
}

impl Ending {
    /// The last line that it is sent, `-ERR '…'\r\n`; nothing where the
    /// reference says nothing.
    pub(super) fn line(self) -> String {
        match self.words() {
            "" => String::new(),
            words => format!("-ERR '{words}'\r\n"),
        }
    }

    /// What stands between the quotes.
    fn words(self) -> &'static str {
        match self {
            Self::Gone | Self::Malformed | Self::Shutdown => "",
            Self::Unknown => "Unknown Protocol Operation",
            Self::Line => "maximum control line exceeded",
            Self::Payload => "Maximum Payload Violation",
            Self::Unauthorized => "Authorization Violation",
            Self::Revoked => "User Authentication Revoked",
            Self::ConnectTimeout => "Authentication Timeout",
            Self::Version => "invalid client protocol",
            Self::NoHeaders => "no responders requires headers support",
            Self::Subscriptions => "maximum subscriptions exceeded",
            Self::Connections => "maximum connections exceeded",
            Self::Slow => "Slow Consumer",
            Self::Stale => "Stale Connection",
        }
    }
}
