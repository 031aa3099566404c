//! How a server's run ended.

use serde::Deserialize;
use serde::Serialize;

/// The header of a server's responses that names its run,
/// [`ConnectionInfo::id`](super::connection::ConnectionInfo::id).
pub const RUN_HEADER: &str = "x-cocalc-plus-run";

/// How the run before this one ended, when nobody had asked for that.
///
/// `{"how":"out-of-memory","words":""}`
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// What ended it.
    pub how: How,
    /// What it said last, or an empty string.
    #[serde(default)]
    pub words: String,
}

/// What ends a server that nobody stopped.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The machine was started anew.
    Rebooted,
    /// The kernel needed its memory.
    OutOfMemory,
    /// A fault of its own.
    Crashed,
    /// Somebody killed it.
    Killed,
}

impl Ending {
    /// What happened, as a clause about the server.
    pub fn clause(&self) -> String {
        match self.how {
            How::Rebooted => "the machine was rebooted".to_owned(),
            How::OutOfMemory => "it was killed, it seems because memory ran out".to_owned(),
            How::Crashed => format!("it crashed: {}", self.words),
            How::Killed => "it was killed".to_owned(),
        }
    }

    /// A sentence about a machine whose server was started again since.
    pub fn sentence(&self, machine: &str) -> String {
        match self.how {
            How::Rebooted => format!("{machine} was rebooted; what ran there has ended"),
            _ => format!(
                "the server on {machine} was started again: {}; terminals that still run are kept",
                self.clause()
            ),
        }
    }
}
