//! The tunnel: the laptop's process that keeps one target connected.
//!
//! # States
//!
//! ```text
//!           Connect            attached                 mux ended, ping lost
//! Idle ──────────────▶ Connecting ────────▶ Connected ────────────────────▶ Away(0)
//!   ▲ first one failed      │                   ▲                             │
//!   └── Fail: shown, then ◀─┘                   │ attached                    ▼
//!       the process ends                        └──────────────────────── Away(n) ──▶ NeedsAuth
//!                                                      retry after 0,1,2,4 … 30 s     a person is
//!                                                                                     needed: wait
//!                                                                                     for Connect
//! Connected ── server says stopped ──▶ Stopped ── Connect ──▶ Connecting
//! ```
//!
//! One task, [`link`], owns the connection and performs what the states ask
//! for; pages and commands see its projection, [`Status`], through a `watch`.
//! [`http`] serves pages, [`control`] serves commands, [`phases`] keeps time,
//! [`pulse`] notices what died, [`retry`] decides when to try again.
//!
//! # Decisions
//!
//! - The tunnel buffers nothing for a page: when the mux dies its WebSockets
//!   end with [`CLOSE_RECONNECTING`] and each protocol resumes by its numbers.
//! - It never asks a person anything. Where ssh would ask, it waits.
//! - The port and the secrets are the target's, not the process's: a tunnel of
//!   another build takes them over, and open pages go on.
//!
//! [`Status`]: crate::protocol::session::Status
//! [`CLOSE_RECONNECTING`]: crate::protocol::session::CLOSE_RECONNECTING

pub mod control;
pub mod http;
pub mod link;
pub mod phases;
pub mod pulse;
pub mod retry;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::registry::Registry;
use crate::daemon::launch;
use crate::protocol::session::State;
use crate::protocol::session::Status;
use crate::release::build::Build;
use crate::sys::ports::Loopback;
use crate::sys::shutdown::Shutdown;
use crate::web::gate::Gate;

/// How long connections may take to end once the tunnel ends.
const FAREWELL: Duration = Duration::from_millis(300);

/// How many requests of commands may wait for the link's task.
const COMMANDS: usize = 16;

/// What a tunnel is started with.
#[derive(Clone, Debug)]
pub struct TunnelOptions {
    /// The target's slug.
    pub name: String,
    /// The target in the person's spelling.
    pub target: String,
    /// The laptop's port.
    pub port: PortWish,
}

/// Which port on the laptop a tunnel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortWish {
    /// This one or none: the person asked for it.
    Exactly(u16),
    /// This one, or the next that is free.
    Near(u16),
}

/// What a tunnel announces to the command that started it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Announced {
    /// The port that it took.
    pub port: u16,
}

/// Why a tunnel cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The port is taken.
    #[error("port {port} on this machine is taken")]
    Port {
        /// Which.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The registry or the control socket.
    #[error(transparent)]
    Registry(#[from] super::registry::RegistryError),
    /// A socket, a signal handler or the executable.
    #[error("the tunnel cannot start")]
    Io(#[from] io::Error),
}

/// Runs a tunnel until it is told to leave; announces itself once it listens.
///
/// # Errors
/// [`TunnelError`] before it listens; it announces that too.
pub async fn run(options: TunnelOptions) -> Result<(), TunnelError> {
    match Bound::new(&options) {
        Ok(bound) => bound.serve(options).await,
        Err(error) => {
            let why = match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            // Its starter waits for this; if it is gone, nobody does.
            let _ = launch::announce_failure(&why);
            Err(error)
        }
    }
}

/// A tunnel that has its port and its socket.
struct Bound {
    registry: Registry,
    loopback: Loopback,
    control: std::os::unix::net::UnixListener,
}

impl Bound {
    fn new(options: &TunnelOptions) -> Result<Self, TunnelError> {
        let registry = Registry::open()?;
        let (port, taken) = match options.port {
            PortWish::Exactly(port) => (port, Loopback::exactly(port)),
            PortWish::Near(port) => (port, Loopback::near(port)),
        };
        let loopback = taken.map_err(|source| TunnelError::Port { port, source })?;
        // The command that starts us holds the target's lock and has seen that
        // no tunnel answers, so a socket there is a dead one's.
        let path = registry.control_socket(&options.name);
        let _ = std::fs::remove_file(&path);
        let control = std::os::unix::net::UnixListener::bind(&path)?;
        control.set_nonblocking(true)?;
        Ok(Self {
            registry,
            loopback,
            control,
        })
    }

    async fn serve(self, options: TunnelOptions) -> Result<(), TunnelError> {
        let port = self.loopback.port;
        let credentials = self.registry.credentials(&options.name)?;
        let gate = Arc::new(Gate::new(&options.name, port, credentials));
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        let target = options.target.clone();
        let (status, _) = watch::channel(Status {
            target,
            state: State::Connecting,
            phases: Vec::new(),
        });
        let (upstream, _) = watch::channel(None);
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let build = Build::of_self()?;
        let phases = phases::Phases::default();
        let callers = control::Callers::default();
        let pages = http::Pages::new(
            Arc::clone(&gate),
            status.clone(),
            phases.clone(),
            upstream.subscribe(),
            commands.clone(),
        );
        let router = pages.router();
        for listener in self.loopback.listeners {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(http::serve(listener, router.clone(), shutdown.clone()));
        }
        let served = control::Served {
            build: build.id(),
            gate: Arc::clone(&gate),
            status: status.clone(),
            commands,
            callers: callers.clone(),
        };
        let control_path = self.registry.control_socket(&options.name);
        tokio::spawn(control::serve(
            UnixListener::from_std(self.control)?,
            served,
        ));
        let _ = launch::announce_ready(&Announced { port });
        tracing::info!(port, target = options.target, "listening");
        let link = link::Link::new(
            options.target,
            build,
            self.registry,
            status,
            upstream,
            phases,
            callers,
        );
        link.run(inbox, pages, &shutdown).await;
        let _ = std::fs::remove_file(control_path);
        shutdown.begin();
        // Answers that are on their way to pages and commands.
        tokio::time::sleep(FAREWELL).await;
        Ok(())
    }
}
