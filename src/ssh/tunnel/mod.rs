//! The tunnel: the laptop's process that keeps one target connected.
//!
//! # States
//!
//! ```text
//!           Connect            attached                 mux ended
//! Idle ──────────────▶ Connecting ────────▶ Connected ───────────▶ Away(0)
//!   ▲ first one failed      │                 ▲  │ 3 s without an answer  │
//!   └── Fail: shown, then ◀─┘         heard,  │  ▼                        ▼
//!       the process ends           or another └ Silent    attached ◀── Away(n) ──▶ NeedsAuth
//!                                      login beside it                 retry       a person is
//!                                                                                  needed: wait
//!                                                                                  for Connect
//! Connected ── server says stopped ──▶ Stopped ── Connect ──▶ Connecting
//! ```
//!
//! One task, [`link`], owns the connection and performs what the states ask
//! for; pages and commands see its projection, [`Status`], through a `watch`.
//!
//! | file | holds |
//! | --- | --- |
//! | [`link`] | the task: commands, states, the connection while it lives |
//! | `way` | how to reach the server: masters, logins, attaching |
//! | `running` | the connection's driver in a task of its own |
//! | `silence` | a connection that says nothing: waiting for it beside another |
//! | `comeback` | after a connection was lost: when to try again |
//! | `asking` | what it asks of the server for a command |
//! | `farewell` | the end of one whose first connect failed |
//! | [`orders`] | what crosses between the task and the rest |
//! | [`http`], [`control`] | serving pages, serving commands |
//! | [`pulse`], [`retry`] | noticing what died, deciding when to try again |
//! | [`phases`], [`presence`] | keeping time, counting who is there |
//!
//! # Decisions
//!
//! - The tunnel buffers nothing for a page: when the mux dies its WebSockets
//!   end with [`CLOSE_RECONNECTING`] and each protocol resumes by its numbers.
//! - It never asks a person anything. Where ssh would ask, it waits.
//! - A connection that says nothing is not dropped: what waits in it arrives
//!   once when the network is back, and a password need not be typed again.
//!   Only another connection that works takes its place.
//! - Who is away is looked for by a TCP connection and not by a login, each half
//!   second while a page is open, so that the page is back within 2 s; logins
//!   keep the pace of 1, 2, 4 … 30 s wherever a server answers.
//! - Cookie and key are one tunnel's. While it lives nobody else can have its
//!   port; when it is gone another user may, and open pages would show that
//!   user's program both. So they end with it: `ssh T` opens a page, which
//!   signs this browser's other pages in again. A tunnel of another build takes
//!   port, cookie and key over while the old one still listens, without a gap,
//!   and open pages go on.
//!
//! [`Status`]: crate::protocol::session::Status
//! [`CLOSE_RECONNECTING`]: crate::protocol::session::CLOSE_RECONNECTING

mod asking;
mod comeback;
pub mod control;
mod farewell;
pub mod http;
pub mod link;
pub mod orders;
pub mod phases;
pub mod presence;
pub mod pulse;
pub mod retry;
mod running;
mod silence;
mod way;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use self::link::Link;
use self::orders::Seen;
use super::registry::Registry;
use crate::daemon::launch;
use crate::release::build::Build;
use crate::release::payload;
use crate::sys::files;
use crate::sys::ports::Loopback;
use crate::sys::shutdown::Shutdown;
use crate::sys::text;
use crate::web::gate::Gate;
use crate::web::serve;
use crate::web::serve::Doorway;

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
    /// This one, which the target's old tunnel still has and will leave.
    TakeOver(u16),
}

impl PortWish {
    /// Returns the wish as the words of a command line.
    pub fn words(self) -> (&'static str, u16) {
        match self {
            Self::Exactly(port) => ("--port", port),
            Self::Near(port) => ("--near", port),
            Self::TakeOver(port) => ("--take-over", port),
        }
    }
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
            let why = text::with_causes(&error);
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
    /// Which file the control socket is.
    mark: files::Mark,
}

impl Bound {
    fn new(options: &TunnelOptions) -> Result<Self, TunnelError> {
        let registry = Registry::open()?;
        let (port, taken) = match options.port {
            PortWish::Exactly(port) => (port, Loopback::exactly(port)),
            PortWish::Near(port) => (port, Loopback::near(port)),
            PortWish::TakeOver(port) => (port, Loopback::shared(port)),
        };
        let loopback = taken.map_err(|source| TunnelError::Port { port, source })?;
        // The command that starts us holds the target's lock: a socket there is
        // a dead tunnel's, or that of the one which we take over from.
        let path = registry.control_socket(&options.name);
        let _ = std::fs::remove_file(&path);
        let control = std::os::unix::net::UnixListener::bind(&path)?;
        control.set_nonblocking(true)?;
        let mark = files::mark(&path)?;
        Ok(Self {
            registry,
            loopback,
            control,
            mark,
        })
    }

    async fn serve(self, options: TunnelOptions) -> Result<(), TunnelError> {
        let port = self.loopback.port;
        let credentials = self.registry.credentials(&options.name)?;
        let gate = Arc::new(Gate::new(&options.name, port, credentials));
        let shutdown = Shutdown::default();
        shutdown.on_signals()?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let build = Build::of_self()?;
        // While ssh logs in; a machine without the binary then waits for its
        // bytes alone. It is kept, so this costs something once a build.
        let packed = build.clone();
        tokio::task::spawn_blocking(move || payload::prepare(&packed));
        let seen = Seen::new(&options.target);
        let pages = http::Pages::new(Arc::clone(&gate), seen.clone(), commands.clone());
        let router = pages.router();
        for listener in self.loopback.listeners {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(serve::tcp(
                listener,
                Doorway::INNER,
                router.clone(),
                shutdown.clone(),
            ));
        }
        tokio::spawn(Arc::clone(&gate).tell_of_tries(shutdown.clone()));
        let served = control::Served {
            build: build.id(),
            gate,
            seen: seen.clone(),
            commands,
        };
        let control_path = self.registry.control_socket(&options.name);
        tokio::spawn(control::serve(
            UnixListener::from_std(self.control)?,
            served,
        ));
        let _ = launch::announce_ready(&Announced { port });
        tracing::info!(port, target = options.target, "listening");
        let (name, registry) = (options.name, self.registry.clone());
        let link = Link::new(name.clone(), options.target, build, registry, seen);
        link.run(inbox, pages, &shutdown).await;
        // The next tunnel's stays.
        if files::mark(&control_path).is_ok_and(|found| found == self.mark) {
            let _ = std::fs::remove_file(control_path);
        }
        self.registry.forget_credentials(&name);
        shutdown.begin();
        // Answers that are on their way to pages and commands.
        tokio::time::sleep(FAREWELL).await;
        Ok(())
    }
}
