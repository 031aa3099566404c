//! The socket between commands on the laptop and the tunnel of a target.
//!
//! A unix socket in the runtime directory; one JSON object a line each way:
//!
//! ```text
//! {"do":"hello"}                      → {"ok":{"build":"0.1.0-9f2c…","port":17031,…}}
//! {"do":"ping"}                       → {"ok":{"ms":1.2,"connection":{…}}}          one round trip to the server
//! {"do":"url"}                        → {"ok":{"url":"http://localhost:17031/?auth_token=…"}}
//! {"do":"progress","phase":"active"}  → {"ok":{}}                 ssh asks on the person's terminal
//! {"do":"connect","control_path":"…"} → {"phases":[…]} … then {"ok":{"server":"started",…}}
//! {"do":"fail","why":"…","hint":"…"}  → {"ok":{}}                 the page shows it, then the tunnel goes
//! {"do":"stop","keep_terminals":false} → {"ok":{"terminals":3}}
//! {"do":"leave"}                      → {"ok":{}}                 another build takes over
//! ```
//!
//! A refusal is `{"error":{"cause":"hash","message":"…","hint":"…"}}`.

use serde::Deserialize;
use serde::Serialize;

use super::attach::ServerOrigin;
use super::ending::Ending;
use super::session::Phase;
use super::session::PhaseState;
use super::session::State;
use super::session::Status;

/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 18;

/// What a command asks of a tunnel; tagged by `do`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// Who are you?
    Hello,
    /// Go to the server and back.
    Ping,
    /// Mint a single-use URL.
    Url,
    /// ssh is being run in the foreground: how far it is.
    Progress {
        /// The state of the phase `authenticate`.
        phase: PhaseState,
    },
    /// A master lives: attach through it, and stay.
    Connect {
        /// The master's control socket.
        control_path: String,
        /// Whether the master is the user's own and never ours to end.
        borrowed: bool,
        /// How to make a master again when this one is lost.
        options: ConnectOptions,
        /// Whether the binary may be installed.
        install: bool,
        /// Whether a server may be started.
        may_start: bool,
    },
    /// The connect failed before a master lived: show it, then go.
    Fail {
        /// Why, in a sentence.
        why: String,
        /// The command to type next.
        hint: String,
    },
    /// Stop the server, then go.
    Stop {
        /// Whether terminals live on.
        keep_terminals: bool,
    },
    /// Go at once; the port and the master stay for the next tunnel.
    Leave,
}

/// How a target is connected to; kept, and used by every later command.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConnectOptions {
    /// Words for ssh before its destination, in order.
    #[serde(default)]
    pub ssh_args: Vec<String>,
    /// A key file, for `ssh -i`.
    #[serde(default)]
    pub identity: Option<String>,
    /// A jump host, for `ssh -J`.
    #[serde(default)]
    pub proxy_jump: Option<String>,
    /// The port on the laptop that was asked for; `None` is any.
    #[serde(default)]
    pub local_port: Option<u16>,
    /// The port on the remote that was asked for; `None` is any.
    #[serde(default)]
    pub remote_port: Option<u16>,
}

/// A tunnel's answer; exactly one field is set.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Response {
    /// The request's result; which type it is follows from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<serde_json::Value>,
    /// How far a `connect` is; more lines follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Vec<Phase>>,
    /// Why the request was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// Why a connect or another request failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What it was; decides the exit code.
    pub cause: Cause,
    /// A sentence that names the thing.
    pub message: String,
    /// The command to type next, or an empty string.
    #[serde(default)]
    pub hint: String,
}

/// The causes that a command's exit code tells apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// ssh ended with something we have no better word for.
    Ssh,
    /// The remote did not accept the person.
    Auth,
    /// The remote's host key is unknown or has changed.
    HostKey,
    /// The machine cannot be found or does not answer.
    Unreachable,
    /// The master opens no further session.
    SessionRefused,
    /// No directory on the remote can hold the binary.
    NoRoot,
    /// The binary may not be executed where it can be stored.
    NoExec,
    /// The remote's disk or quota is full.
    NoSpace,
    /// What arrived is not what was sent.
    Hash,
    /// The login shell did not let us through.
    Shell,
    /// There is no binary for this OS or machine.
    Platform,
    /// The server on the remote does not start.
    Server,
    /// No server runs on the remote, and none was to be started.
    NotRunning,
    /// The binary is not installed, and installing was forbidden.
    NotInstalled,
    /// The connection broke under way.
    Lost,
    /// Both sides' protocols have no version in common.
    Version,
    /// The tunnel does not answer or could not start.
    Tunnel,
    /// A file, port or directory on this machine.
    Local,
}

impl Cause {
    /// Says whether another master may help: this one is full, or dead
    /// without having noticed.
    pub fn wants_fresh_master(self) -> bool {
        matches!(self, Self::SessionRefused | Self::Lost)
    }
}

/// The answer to [`Request::Hello`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Hello {
    /// The tunnel's build, `0.1.0-9f2c41d07be3a655`.
    pub build: String,
    /// The tunnel's process id.
    pub pid: u32,
    /// The port on the laptop.
    pub port: u16,
    /// What its pages see.
    pub status: Status,
    /// The server that it is connected to, if it is.
    #[serde(default)]
    pub server: Option<ServerInfo>,
}

impl Hello {
    /// Says whether the tunnel is connected and does not hear its server.
    pub fn is_silent(&self) -> bool {
        self.server.is_some() && !matches!(self.status.state, State::Ready { .. })
    }
}

/// What a tunnel tells of its server; no secrets.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ServerInfo {
    /// The server's version.
    pub version: String,
    /// Its TCP port on the remote.
    pub port: u16,
    /// Whether the last connect started it.
    pub origin: ServerOrigin,
    /// Whether the last connect installed the binary.
    pub installed: bool,
    /// How the run before this one ended, when nobody had stopped that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Ending>,
}

/// The answer to [`Request::Ping`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Pong {
    /// The round trip, in milliseconds.
    pub ms: f64,
    /// The server that answered.
    pub server: ServerInfo,
}

/// The answer to [`Request::Url`].
#[derive(Clone, Deserialize, Serialize)]
pub struct Url {
    /// The URL, with a code that works once.
    pub url: String,
}

/// The answer to [`Request::Connect`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Connected {
    /// The server that was reached.
    pub server: ServerInfo,
    /// How long each step took.
    pub phases: Vec<Phase>,
}

/// The answer to [`Request::Stop`], and to `POST /stop` of the server.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// How many terminals ended with the server, or live on.
    pub terminals: usize,
}
