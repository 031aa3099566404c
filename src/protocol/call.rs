//! A page's request to its project, and the reply.
//!
//! On the bus, or posted to `/call`:
//!
//! ```text
//! {"id":1,"subject":"project.gpu1.terminal.list","payload":{}}
//! {"id":1,"payload":{"terminals":[…]}}
//! {"id":2,"error":{"code":404,"message":"no terminal `t9`"}}
//! ```
//!
//! Handlers see subject and payload, never the
//! carrier, so that another carrier can replace this one. Codes are those of
//! HTTP: 400 malformed, 403 denied, 404 absent, 408 too late, 500 failed, 503
//! nobody answers that subject. Subjects are `project.<id>.` and the name of one of
//! [`super::methods`].

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::stream::BoxStream;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::terminal::Exit;

/// The largest request or reply, in bytes of JSON.
pub const MAX_CALL_BYTES: usize = 1 << 20;

/// A request: `{"id":1,"subject":"project.gpu1.terminal.list","payload":{}}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Call {
    /// Chosen by the caller; comes back in the reply.
    pub id: u64,
    /// Who shall answer, tokens joined by dots.
    pub subject: String,
    /// The request's body.
    #[serde(default)]
    pub payload: Value,
}

/// The reply to the [`Call`] of the same id; exactly one of both bodies is set.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reply {
    /// The call's id.
    pub id: u64,
    /// The body, when it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The refusal, when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
}

/// A [`Refusal`]'s reason: a tunnel lives, and its target does not answer.
pub const AWAY: &str = "away";

/// Why a call or an HTTP request was refused: `{"code":404,"message":"…"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[error("{message} ({code})")]
pub struct Refusal {
    /// An HTTP status.
    pub code: u16,
    /// A sentence for a person; details are in the server's log only.
    pub message: String,
    /// A word by which a page decides, where the code does not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Refusal {
    /// Makes a refusal.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reason: None,
        }
    }

    /// Adds the word by which a page decides.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
}

/// A handler's answer, still to come.
pub type Answer = Pin<Box<dyn Future<Output = Result<Body, Refusal>> + Send>>;

/// What an answer is made of.
pub enum Body {
    /// One reply.
    One(Value),
    /// Any number of them, until whoever asked drops it.
    Many(BoxStream<'static, Result<Value, Refusal>>),
}

/// Answers subjects; knows no carrier.
pub type Handler = Arc<dyn Fn(String, Value) -> Answer + Send + Sync>;

/// The terminals of a project, oldest first: `{"terminals":[…]}`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Terminals {
    /// One row a terminal.
    pub terminals: Vec<TerminalRow>,
}

/// One terminal:
/// `{"id":"t7f3a","title":"bash","pid":4711,"started_at":1795248000000,"label":"vim a.py",`
/// `"cwd":"/home/u","cols":80,"rows":24,"clients":1}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TerminalRow {
    /// The terminal's id: `[a-z0-9]`, at most 16.
    pub id: String,
    /// The name of the program that it runs.
    pub title: String,
    /// That program's process id.
    pub pid: u32,
    /// When it began, in milliseconds since 1970.
    pub started_at: u64,
    /// What the program calls its terminal (OSC 0 or 2), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where the program says it works (OSC 7), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Width in cells.
    #[serde(default)]
    pub cols: u16,
    /// Height in cells.
    #[serde(default)]
    pub rows: u16,
    /// How many clients show it.
    #[serde(default)]
    pub clients: u32,
    /// How the program ended, if it has and nobody was told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
}

/// Asks for a new terminal: `{"cols":80,"rows":24,"cwd":"/data"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NewTerminal {
    /// Width in cells, 1 to 1000.
    pub cols: u16,
    /// Height in cells, 1 to 1000.
    pub rows: u16,
    /// The directory to start in, absolute path text as [`super::files`] has
    /// it; without it the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

/// Asks to end a terminal and what runs in it: `{"id":"t7f3a"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KillTerminal {
    /// The terminal's id.
    pub id: String,
}

/// Asks what environment a program gets that the server starts now:
/// `{"names":["PATH"]}`.
///
/// The reply waits for a capture under way, 8 s at the longest.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AskEnvironment {
    /// The variables to tell; without it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
}

/// The environment of programs: `{"source":"login-shell","shell":"/bin/bash",`
/// `"variables":{"PATH":"/home/u/bin:/usr/bin:/bin"}}`.
///
/// Names, values and the shell are path text, because they may be any bytes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ProgramEnvironment {
    /// Who says so.
    pub source: EnvironmentSource,
    /// The login shell, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Why it is not what an interactive login of the user gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<EnvironmentWarning>,
    /// The variables that were asked for and are set.
    pub variables: BTreeMap<String, String>,
}

/// Where the environment of programs comes from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentSource {
    /// It is the server's own: that was started by hand, or the shell failed.
    Server,
    /// The user's login shell ended up with it.
    LoginShell,
}

/// What went wrong with a login shell:
/// `{"message":"the startup files of bash did not end within 5 s: …","hint":"bash -lixc true"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EnvironmentWarning {
    /// A sentence without a full stop.
    pub message: String,
    /// The command that shows where, or an empty string.
    pub hint: String,
}
