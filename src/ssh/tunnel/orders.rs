//! What crosses between the link's task and those who serve pages and commands.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::sync::watch;

use super::phases::Phases;
use super::presence::Presence;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Connected;
use crate::protocol::control::Failure;
use crate::protocol::control::Pong;
use crate::protocol::control::ServerInfo;
use crate::protocol::control::Stopped;
use crate::protocol::session::PhaseState;
use crate::protocol::session::State;
use crate::protocol::session::Status;
use crate::proxy::mux;
use crate::ssh::exec::Install;
use crate::ssh::master::Master;
use crate::sys::secret::Secret;

/// What requests need to reach the server.
pub struct Upstream {
    /// Opens streams to the remote's attach.
    pub opener: mux::Opener,
    /// The server's token.
    pub token: Secret,
    /// The content hash of the server's page.
    pub ui: String,
    /// The name of its run.
    pub run: String,
    /// What commands are told of it.
    pub server: ServerInfo,
}

/// What the link's task is asked to do.
pub enum Command {
    /// ssh asks the person, or has done so.
    Progress(PhaseState),
    /// Attach through this master and stay connected.
    Connect(Box<Order>, oneshot::Sender<Result<Connected, Failure>>),
    /// The first connect failed before a master lived.
    Fail(Failure),
    /// Go to the server and back.
    Ping(oneshot::Sender<Result<Pong, Failure>>),
    /// Stop the server; whoever asks dismisses this process next.
    Stop(bool, oneshot::Sender<Result<Stopped, Failure>>),
    /// The server answered that it was stopped.
    ServerStopped,
    /// A response came from another run of the server: it was started again.
    ServerRestarted,
    /// End; the next tunnel takes over.
    Leave(oneshot::Sender<()>),
}

/// A master to attach through, and how to make another.
#[derive(Clone, Debug)]
pub struct Order {
    /// The master.
    pub master: Master,
    /// How to make one again.
    pub options: ConnectOptions,
    /// Whether the binary may be installed.
    pub install: Install,
    /// Whether a server may be started.
    pub may_start: bool,
}

impl Order {
    /// The same through another master.
    pub fn through(&self, master: Master) -> Self {
        Self {
            master,
            ..self.clone()
        }
    }
}

/// What pages and commands see of the link, which alone changes it.
#[derive(Clone)]
pub struct Seen {
    /// Where the connection stands.
    pub status: watch::Sender<Status>,
    /// The server, while it is connected.
    pub upstream: watch::Sender<Option<Arc<Upstream>>>,
    /// The steps of the connect under way.
    pub phases: Phases,
    /// The commands that are connected.
    pub callers: Presence,
    /// The pages that are being told where the connection stands.
    pub watching: Presence,
}

impl Seen {
    /// What is seen before the first connect.
    pub fn new(target: &str) -> Self {
        let target = target.to_owned();
        let status = Status {
            target,
            state: State::Connecting,
            phases: Vec::new(),
        };
        Self {
            status: watch::Sender::new(status),
            upstream: watch::Sender::new(None),
            phases: Phases::default(),
            callers: Presence::default(),
            watching: Presence::default(),
        }
    }
}
