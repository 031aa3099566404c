//! The lines that a remote prints before its stdio becomes the stream mux.
//!
//! Every line begins with a marker that is random per connect, because login
//! shells print: it is searched for within lines, and all else is ignored.
//!
//! ```text
//! @@ccp-k3v9m2qd need Linux-x86_64 gzip              not installed; gzip is there to unpack with
//! @@ccp-k3v9m2qd got 1048576                         so many bytes are unpacked, each second
//! @@ccp-k3v9m2qd fail hash …                         the installer could not go on
//! @@ccp-k3v9m2qd starting                            there is no server; one is being started
//! @@ccp-k3v9m2qd ready {"version":1,"server":"reused","connection":{…}}
//! @@ccp-k3v9m2qd error {"code":"server","message":"…","log":"…"}
//! ```
//!
//! After `ready` both directions carry the mux of `proxy::mux` and nothing
//! else. Each stream's first byte says what it is for, see [`Purpose`].

use serde::Deserialize;
use serde::Serialize;

use super::connection::ConnectionInfo;

/// The version of these lines and of the streams' purposes.
pub const VERSION: u16 = 1;

/// What a marker begins with; eight random letters follow.
pub const MARKER_PREFIX: &str = "@@ccp-";

/// What the remote says when the server is reached.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The version that this `attach` speaks.
    pub version: u16,
    /// Whether the server ran already.
    pub server: ServerOrigin,
    /// How to talk to it.
    pub connection: ConnectionInfo,
}

/// Whether this connect started the server.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerOrigin {
    /// It did.
    Started,
    /// The server ran already.
    Reused,
}

/// What the remote says when it cannot go on.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// A stable word: `runtime-dir`, `not-running`, `port`, `server`.
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// The end of the server's log, when it could not start.
    #[serde(default)]
    pub log: String,
}

/// What a stream of the mux is for: its first byte, sent by the laptop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// HTTP to the server's unix socket.
    Http,
}

impl Purpose {
    /// The byte on the wire.
    pub fn byte(self) -> u8 {
        match self {
            Self::Http => b'h',
        }
    }

    /// Reads the byte; `None` is a purpose of a newer laptop.
    pub fn from_byte(byte: u8) -> Option<Self> {
        (byte == b'h').then_some(Self::Http)
    }
}

/// One line of the remote, its marker taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The binary is not installed.
    Need {
        /// The remote's OS and machine, `Linux-x86_64`.
        platform: String,
        /// What it can unpack, `gzip`; empty for nothing.
        codecs: Vec<String>,
    },
    /// The installer has unpacked so many bytes.
    Got(u64),
    /// A server is being started.
    Starting,
    /// The bootstrap cannot go on: a stable word and a text.
    Fail {
        /// `root`, `noexec`, `space`, `hash`, `run`.
        code: String,
        /// What was found, for a person.
        detail: String,
    },
    /// The server is reached; the mux follows.
    Ready(Ready),
    /// The server cannot be reached.
    Error(Failed),
}

impl Line {
    /// Finds a line behind `marker` in what the remote printed.
    ///
    /// `None` when the text has no marker, or when what follows it is not one
    /// of ours: then it is somebody's noise that quotes us.
    pub fn parse(text: &str, marker: &str) -> Option<Self> {
        let (_, rest) = text.split_once(marker)?;
        let (word, body) = match rest.trim().split_once(' ') {
            Some((word, body)) => (word, body.trim()),
            None => (rest.trim(), ""),
        };
        match word {
            "need" => {
                let mut words = body.split_whitespace().map(str::to_owned);
                Some(Self::Need {
                    platform: words.next()?,
                    codecs: words.collect(),
                })
            }
            "got" => body.parse().ok().map(Self::Got),
            "starting" => Some(Self::Starting),
            "fail" => {
                let (code, detail) = body.split_once(' ').unwrap_or((body, ""));
                Some(Self::Fail {
                    code: code.into(),
                    detail: detail.trim().into(),
                })
            }
            "ready" => serde_json::from_str(body).ok().map(Self::Ready),
            "error" => serde_json::from_str(body).ok().map(Self::Error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKER: &str = "@@ccp-k3v9m2qd";

    #[test]
    fn a_line_is_found_behind_a_motd_without_newline() {
        let text = "Welcome!@@ccp-k3v9m2qd need Linux-x86_64 gzip zstd\r\n";
        let Some(Line::Need { platform, codecs }) = Line::parse(text, MARKER) else {
            panic!("not found")
        };
        assert_eq!(platform, "Linux-x86_64");
        assert_eq!(codecs, ["gzip", "zstd"]);
    }

    #[test]
    fn noise_and_a_foreign_marker_are_ignored() {
        assert_eq!(Line::parse("@@ccp-other need Linux-x86_64", MARKER), None);
        assert_eq!(Line::parse("exec sh -c @@ccp-k3v9m2qd; echo", MARKER), None);
        assert_eq!(Line::parse("@@ccp-k3v9m2qd need", MARKER), None);
    }

    #[test]
    fn a_failure_keeps_its_text() {
        let text = "@@ccp-k3v9m2qd fail space No space left on device";
        let expected = Line::Fail {
            code: "space".into(),
            detail: "No space left on device".into(),
        };
        assert_eq!(Line::parse(text, MARKER), Some(expected));
    }
}
