//! The task that owns a target's connection: attach, watch, attach again.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::farewell::show_failure;
use super::http::Pages;
use super::orders::Command;
use super::orders::Order;
use super::orders::Seen;
use super::orders::Upstream;
use super::pulse;
use super::running::Running;
use super::silence::Broken;
use super::way::Way;
use crate::protocol::control::Connected;
use crate::protocol::control::Failure;
use crate::protocol::control::ServerInfo;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::protocol::session::State;
use crate::release::build::Build;
use crate::ssh::exec::Attached;
use crate::ssh::master::Master;
use crate::ssh::registry::Registry;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;

/// How long a failed first connect stays for its page.
const SHOW_FAILURE: Duration = Duration::from_secs(60);

/// How long a tunnel that was never connected waits for its command.
const CALLER_GRACE: Duration = Duration::from_secs(2);

/// The owner of a target's connection.
pub struct Link {
    pub(super) way: Way,
    pub(super) order: Option<Order>,
    /// A master of ours that a first connect was asked to use.
    pub(super) tried: Option<Master>,
    pub(super) driver: Option<Running>,
    /// Until when a failed first connect waits for its page.
    pub(super) shown_until: Option<Instant>,
    /// Whether a command is making a master: then the link makes none itself,
    /// or there would be two authentications.
    pub(super) is_led: bool,
    /// When a silent connection was replaced by another.
    pub(super) replaced_at: Option<Instant>,
}

/// What became of a connection that was watched.
enum Watched {
    /// It is lost, and why.
    Lost(String),
    /// There is another.
    Replaced(Box<(Attached, Order)>),
}

/// Why the link's task goes on or ends.
pub(super) enum Turn {
    Again,
    End,
}

impl Turn {
    /// A connect whose command is gone: a tunnel that was connected before
    /// goes on, one that was made for it ends.
    fn of_orphan(was_connected: bool) -> Self {
        if was_connected {
            Self::Again
        } else {
            Self::End
        }
    }
}

/// What the link's task waits for.
enum Happened {
    Command(Option<Command>),
    Turn(Turn),
}

impl Link {
    /// Makes a link that is not connected.
    pub fn new(name: String, target: String, build: Build, registry: Registry, seen: Seen) -> Self {
        let way = Way {
            name,
            target,
            build,
            registry,
            seen,
        };
        Self {
            way,
            order: None,
            tried: None,
            driver: None,
            shown_until: None,
            is_led: false,
            replaced_at: None,
        }
    }

    /// Serves commands and keeps the connection until it is told to end.
    pub async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Command>,
        pages: Pages,
        shutdown: &Shutdown,
    ) {
        self.keep_connected(&mut inbox, &pages, shutdown).await;
        // What was made for a connect that never was is not left behind.
        if let (None, Some(master)) = (&self.order, &self.tried) {
            master.end().await;
        }
    }

    async fn keep_connected(
        &mut self,
        inbox: &mut mpsc::Receiver<Command>,
        pages: &Pages,
        shutdown: &Shutdown,
    ) {
        let stop = shutdown.begun();
        tokio::pin!(stop);
        loop {
            let happened = tokio::select! {
                () = &mut stop => return,
                command = inbox.recv() => Happened::Command(command),
                turn = self.go_on(pages) => Happened::Turn(turn),
            };
            let turn = match happened {
                Happened::Turn(turn) => turn,
                Happened::Command(command) => tokio::select! {
                    () = &mut stop => return,
                    turn = self.obey(command) => turn,
                },
            };
            if matches!(turn, Turn::End) {
                return;
            }
        }
    }

    /// What the link does while nobody commands; dropped when somebody does.
    async fn go_on(&mut self, pages: &Pages) -> Turn {
        if let Some(until) = self.shown_until {
            show_failure(pages, until).await;
            return Turn::End;
        }
        if self.is_led || (self.driver.is_none() && self.order.is_none()) {
            return self.follow_command().await;
        }
        if self.driver.is_none() {
            return self.come_back().await;
        }
        match self.watch_connection().await {
            Watched::Lost(why) => self.lose(&why),
            Watched::Replaced(found) => {
                let (attached, order) = *found;
                self.replace(attached, order);
                Turn::Again
            }
        }
    }

    async fn obey(&mut self, command: Option<Command>) -> Turn {
        match command {
            None => return Turn::End,
            Some(Command::Progress(state)) => self.show_authentication(state),
            Some(Command::Connect(order, reply)) => {
                return self.connect(*order, reply).await;
            }
            Some(Command::Fail(failure)) => self.fail(&failure),
            Some(Command::Ping(reply)) => {
                let pong = self.ping().await;
                // Nobody may be told that it lives by a later, kinder look.
                if pong.is_err() && self.driver.is_some() {
                    self.say_silent();
                }
                let _ = reply.send(pong);
            }
            Some(Command::Stop(keep_terminals, reply)) => {
                let stopped = self.stop_server(keep_terminals).await;
                let is_stopped = stopped.is_ok();
                if is_stopped {
                    self.server_was_stopped();
                }
                let _ = reply.send(stopped);
                // The command ends those that it finds by today's configuration.
                if is_stopped && let Some(order) = &self.order {
                    order.master.end().await;
                }
            }
            Some(Command::ServerStopped) => self.server_was_stopped(),
            Some(Command::ServerRestarted) => self.learn_restart().await,
            Some(Command::Leave(reply)) => {
                let _ = reply.send(());
                return Turn::End;
            }
        }
        Turn::Again
    }

    fn show_authentication(&mut self, state: PhaseState) {
        match state {
            PhaseState::Active => {
                self.is_led = true;
                self.drop_connection();
                self.way.seen.phases.begin(PhaseName::Authenticate);
                self.say(State::Connecting);
            }
            ended => self.way.seen.phases.end(ended),
        }
        self.refresh();
    }

    /// Makes the first connection, or one that a person asked for.
    async fn connect(
        &mut self,
        order: Order,
        mut reply: oneshot::Sender<Result<Connected, Failure>>,
    ) -> Turn {
        self.drop_connection();
        self.is_led = false;
        self.tried = (!order.master.is_borrowed).then(|| order.master.clone());
        self.shown_until = None;
        self.way.seen.phases.restart();
        self.say(State::Connecting);
        let was_connected = self.order.is_some();
        let attached = tokio::select! {
            attached = self.way.attach(&order) => attached,
            // The command was killed: what nobody waits for is not made.
            () = reply.closed() => return Turn::of_orphan(was_connected),
        };
        match attached {
            Ok(attached) => {
                self.order = Some(order);
                let server = self.take(attached);
                let phases = self.way.seen.phases.seen();
                match reply.send(Ok(Connected { server, phases })) {
                    Ok(()) => Turn::Again,
                    Err(_) => Turn::of_orphan(was_connected),
                }
            }
            Err(failure) => {
                self.way.seen.phases.end(PhaseState::Failed);
                let _ = reply.send(Err(failure.clone()));
                // For some causes the command makes a fresh master and asks
                // again, or says that it failed.
                if was_connected {
                    return self.lose(&failure.message);
                }
                if !failure.cause.wants_fresh_master() {
                    self.fail(&failure);
                }
                Turn::Again
            }
        }
    }

    /// Shows a first failure to the page that waits for it; then the tunnel
    /// ends, unless another command makes it connect.
    fn fail(&mut self, failure: &Failure) {
        self.way.seen.phases.end(PhaseState::Failed);
        self.say(State::Failed {
            why: failure.message.clone(),
            hint: failure.hint.clone(),
        });
        self.is_led = false;
        if self.order.is_none() {
            self.shown_until = Some(Instant::now() + SHOW_FAILURE);
        }
    }

    /// Takes a connection over: requests reach the server from now on.
    pub(super) fn take(&mut self, attached: Attached) -> ServerInfo {
        self.way.seen.phases.finish(PhaseName::Start);
        let connection = attached.ready.connection;
        let server = ServerInfo {
            version: connection.version.clone(),
            port: connection.port,
            origin: attached.ready.server,
            installed: attached.installed,
            previous: connection.previous,
        };
        self.driver = Some(Running::start(attached.driver));
        let upstream = Arc::new(Upstream {
            opener: attached.opener,
            token: Secret::from_text(&connection.token),
            ui: connection.ui,
            run: connection.id,
            server: server.clone(),
        });
        self.say(self.ready(&upstream));
        self.way.seen.upstream.send_replace(Some(upstream));
        tracing::info!(
            server = server.version,
            installed = server.installed,
            "connected"
        );
        server
    }

    /// Endures the connection's silences, until it is lost or replaced.
    async fn watch_connection(&self) -> Watched {
        let upstream = self.way.seen.upstream.borrow().clone();
        let (Some(running), Some(upstream)) = (&self.driver, upstream) else {
            return std::future::pending().await;
        };
        let silences = async {
            // A command may have come in the middle of a silence.
            let mut is_silent = !self.is_ready();
            loop {
                if !is_silent {
                    pulse::doubt(&upstream.opener).await;
                }
                is_silent = false;
                match self.endure(&upstream.opener).await {
                    Broken::Heard => {
                        self.say(self.ready(&upstream));
                        self.end_spares(None);
                    }
                    Broken::Replaced(found) => return Watched::Replaced(found),
                    Broken::GivenUp => return Watched::Lost("it does not answer".into()),
                }
            }
        };
        tokio::select! {
            why = running.ended() => Watched::Lost(why),
            watched = silences => watched,
        }
    }

    /// What pages are told while requests reach a server.
    pub(super) fn ready(&self, upstream: &Upstream) -> State {
        let previous = upstream.server.previous.as_ref();
        State::Ready {
            project: "local".into(),
            version: upstream.server.version.clone(),
            ui: upstream.ui.clone(),
            run: upstream.run.clone(),
            restarted: previous.map(|ending| ending.sentence(&format!("`{}`", self.way.target))),
        }
    }

    /// Ends what is not used any more, `silent` among it; nobody waits for that.
    pub(super) fn end_spares(&self, silent: Option<Master>) {
        let Some(order) = self.order.clone() else {
            return;
        };
        let way = self.way.clone();
        tokio::spawn(async move {
            // Its path may follow from a configuration that has changed since.
            if let Some(silent) = silent.filter(|silent| silent.path != order.master.path) {
                silent.end().await;
            }
            way.end_spares(&order).await;
        });
    }

    fn is_ready(&self) -> bool {
        matches!(self.way.seen.status.borrow().state, State::Ready { .. })
    }

    fn lose(&mut self, why: &str) -> Turn {
        tracing::warn!(why, "lost the connection");
        self.drop_connection();
        let why = format!("the connection to `{}` was lost: {why}", self.way.target);
        self.say(State::Reconnecting {
            why,
            attempt: 0,
            retry_in_ms: 0,
        });
        Turn::Again
    }

    pub(super) fn drop_connection(&mut self) {
        self.way.seen.upstream.send_replace(None);
        self.driver = None;
    }

    /// Waits for the command that wants to connect. When it is gone, killed
    /// perhaps, nobody will say what to do: a tunnel that was connected before
    /// goes on by itself, one that was made for the command ends.
    async fn follow_command(&mut self) -> Turn {
        loop {
            // At the start the command has not connected yet.
            tokio::time::sleep(CALLER_GRACE).await;
            if self.way.seen.callers.count() == 0 {
                break;
            }
        }
        tracing::warn!("the command that wanted to connect is gone");
        self.is_led = false;
        match self.order {
            Some(_) => self.lose("a command that wanted to connect went away"),
            None => Turn::End,
        }
    }

    pub(super) fn server_was_stopped(&mut self) {
        if self.driver.is_none() {
            return;
        }
        self.drop_connection();
        self.say(State::Stopped {
            why: format!("the server on `{}` was stopped", self.way.target),
            hint: format!("cocalc-plus ssh {}", self.way.target),
        });
    }

    pub(super) fn say(&self, state: State) {
        let phases = self.way.seen.phases.seen();
        self.way.seen.status.send_modify(|status| {
            status.state = state;
            status.phases = phases;
        });
    }

    pub(super) fn refresh(&self) {
        let phases = self.way.seen.phases.seen();
        self.way
            .seen
            .status
            .send_modify(|status| status.phases = phases);
    }
}
