//! What a page shows while its target connects, reconnects or fails.
//!
//! Over the WebSocket `/session` the tunnel (or, for a direct visitor, the
//! server) sends one text message with the whole [`Status`] at once and
//! again at every change; the page sends nothing.
//!
//! ```text
//! {"target":"gpu1","state":"connecting","phases":[
//!   {"name":"authenticate","state":"done","ms":412},
//!   {"name":"attach","state":"done","ms":95},
//!   {"name":"upload","state":"active","ms":900,"done_bytes":3145728,"total_bytes":7340032}]}
//! {"target":"gpu1","state":"ready","project":"gpu1","version":"0.1.0","ui":"9f2c…","run":"k3v9…","phases":[…]}
//! {"target":"gpu1","state":"reconnecting","why":"the connection to gpu1 was lost","attempt":3,"retry_in_ms":2000,"phases":[]}
//! {"target":"gpu1","state":"needs-auth","why":"…","hint":"cocalc-plus ssh gpu1","phases":[]}
//! {"target":"gpu1","state":"gone","why":"the server on `gpu1` does not start: …","hint":"ssh gpu1","phases":[]}
//! {"target":"gpu1","state":"failed","why":"permission denied by `gpu1`","hint":"ssh gpu1","phases":[…]}
//! {"target":"gpu1","state":"stopped","why":"the server on gpu1 was stopped","hint":"cocalc-plus ssh gpu1","phases":[]}
//! ```

use serde::Deserialize;
use serde::Serialize;

/// The WebSocket close code that means: the tunnel lives, its target is away.
///
/// The page keeps its screen, watches `/session` and opens the same WebSocket
/// again when the state is `ready`.
pub const CLOSE_RECONNECTING: u16 = 4001;

/// The WebSocket close code that means: what this WebSocket showed is gone.
pub const CLOSE_GONE: u16 = 4004;

/// Everything that a page needs to know of its connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The target in the user's own spelling, or `local`.
    pub target: String,
    /// Where the connection stands.
    #[serde(flatten)]
    pub state: State,
    /// The steps of the connect under way or of the last one, in order.
    #[serde(default)]
    pub phases: Vec<Phase>,
}

/// Where a connection stands, with what belongs to it; tagged by `state`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// The first connect is under way; `phases` tells how far.
    Connecting,
    /// Requests reach the server.
    Ready {
        /// The id in the subjects of this page's project.
        project: String,
        /// The server's version.
        version: String,
        /// The content hash of the server's page; a page of another reloads.
        ui: String,
        /// A random name of the server's run.
        #[serde(default)]
        run: String,
        /// How the run before it ended, in a sentence, when nobody had stopped
        /// that; a page says it once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restarted: Option<String>,
    },
    /// The server is out of reach and will be tried again.
    Reconnecting {
        /// Why, in a sentence.
        why: String,
        /// How many attempts have failed.
        attempt: u32,
        /// Until the next attempt, in milliseconds, when this was sent.
        retry_in_ms: u64,
    },
    /// Only the person can go on: a password, a second factor or a host key.
    NeedsAuth {
        /// Why, in a sentence.
        why: String,
        /// The command to type.
        hint: String,
    },
    /// The first connect failed.
    Failed {
        /// Why, in a sentence.
        why: String,
        /// The command to type next, or an empty string.
        hint: String,
    },
    /// The server is gone and does not start again.
    Gone {
        /// Why, in a sentence.
        why: String,
        /// The command to type next.
        hint: String,
    },
    /// The server was stopped by somebody.
    Stopped {
        /// By what, in a sentence.
        why: String,
        /// The command to type next.
        hint: String,
    },
}

/// One step of a connect.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Which step.
    pub name: PhaseName,
    /// Whether it is over.
    pub state: PhaseState,
    /// How long it has taken, in milliseconds, when this was sent.
    pub ms: u64,
    /// Bytes moved, for an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_bytes: Option<u64>,
    /// Bytes to move, for an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
}

/// The steps of a connect, in their order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseName {
    /// ssh connects and asks whatever it asks; absent when a master lives.
    Authenticate,
    /// The login shell runs and looks for the installed binary.
    Attach,
    /// The binary travels; absent when it is installed.
    Upload,
    /// The remote checks and installs it; absent when it is installed.
    Install,
    /// The server starts, or is found.
    Start,
}

/// Whether a step is over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseState {
    /// Under way.
    Active,
    /// Over, and well.
    Done,
    /// Over, and the reason why the connect failed.
    Failed,
}
