//! The task that owns a target's connection: attach, watch, attach again.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http;
use super::http::Pages;
use super::phases::Phases;
use super::presence::Presence;
use super::pulse;
use super::pulse::DOUBT_DEADLINE;
use super::pulse::sleep_or_wake;
use super::retry;
use super::retry::Next;
use crate::protocol::control::Cause;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Connected;
use crate::protocol::control::Failure;
use crate::protocol::control::Pong;
use crate::protocol::control::ServerInfo;
use crate::protocol::control::Stopped;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::protocol::session::State;
use crate::protocol::session::Status;
use crate::proxy::mux;
use crate::release::build::Build;
use crate::ssh::exec;
use crate::ssh::exec::Attached;
use crate::ssh::exec::Errand;
use crate::ssh::exec::Install;
use crate::ssh::master;
use crate::ssh::master::Asking;
use crate::ssh::master::Master;
use crate::ssh::master::Plan;
use crate::ssh::registry::Registry;
use crate::ssh::target::Target;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;

/// How long sshd may count a session that is over.
pub const SESSION_LINGERS: Duration = Duration::from_secs(2);

/// How often a refused session is asked for again within that time.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// How long a failed first connect stays for its page.
const SHOW_FAILURE: Duration = Duration::from_secs(60);

/// How often in a row no page may be expected until none is waited for.
const LOOKS_IN_VAIN: u32 = 5;

/// How long a page that is there needs to show it.
const FAILURE_SEEN: Duration = Duration::from_secs(1);

/// How long the server may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

/// How long a tunnel that was never connected waits for its command.
const CALLER_GRACE: Duration = Duration::from_secs(2);

/// What requests need to reach the server.
pub struct Upstream {
    /// Opens streams to the remote's attach.
    pub opener: mux::Opener,
    /// The server's token.
    pub token: Secret,
    /// The content hash of the server's page.
    pub ui: String,
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

/// The owner of a target's connection.
pub struct Link {
    name: String,
    target: String,
    build: Build,
    registry: Registry,
    seen: Seen,
    order: Option<Order>,
    /// A master of ours that a first connect was asked to use.
    tried: Option<Master>,
    driver: Option<Running>,
    /// Until when a failed first connect waits for its page.
    shown_until: Option<Instant>,
    /// Whether a command is making a master: then the link makes none itself,
    /// or there would be two authentications.
    is_led: bool,
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

/// A mux's driver in a task of its own, which ends with this.
struct Running(JoinHandle<Result<(), mux::Error>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why the link's task goes on or ends.
enum Turn {
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
        Self {
            name,
            target,
            build,
            registry,
            seen,
            order: None,
            tried: None,
            driver: None,
            shown_until: None,
            is_led: false,
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
            master::end(&master.path).await;
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
            return show_failure(pages, until).await;
        }
        if self.is_led || (self.driver.is_none() && self.order.is_none()) {
            return self.follow_command().await;
        }
        if self.driver.is_none() {
            return self.come_back().await;
        }
        let why = self.watch_connection().await;
        self.lose(&why)
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
                let is_lost = pong.is_err() && self.driver.is_some();
                let _ = reply.send(pong);
                if is_lost {
                    return self.lose("it did not answer");
                }
            }
            Some(Command::Stop(keep_terminals, reply)) => {
                let stopped = self.stop_server(keep_terminals).await;
                if stopped.is_ok() {
                    self.server_was_stopped();
                }
                let _ = reply.send(stopped);
            }
            Some(Command::ServerStopped) => self.server_was_stopped(),
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
                self.seen.phases.begin(PhaseName::Authenticate);
                self.say(State::Connecting);
            }
            ended => self.seen.phases.end(ended),
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
        self.seen.phases.restart();
        self.say(State::Connecting);
        let was_connected = self.order.is_some();
        let attached = tokio::select! {
            attached = self.attach(&order) => attached,
            // The command was killed: what nobody waits for is not made.
            () = reply.closed() => return Turn::of_orphan(was_connected),
        };
        match attached {
            Ok(attached) => {
                self.order = Some(order);
                let server = self.take(attached);
                let phases = self.seen.phases.seen();
                match reply.send(Ok(Connected { server, phases })) {
                    Ok(()) => Turn::Again,
                    Err(_) => Turn::of_orphan(was_connected),
                }
            }
            Err(failure) => {
                self.seen.phases.end(PhaseState::Failed);
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
        self.seen.phases.end(PhaseState::Failed);
        self.say(State::Failed {
            why: failure.message.clone(),
            hint: failure.hint.clone(),
        });
        self.is_led = false;
        if self.order.is_none() {
            self.shown_until = Some(Instant::now() + SHOW_FAILURE);
        }
    }

    /// Attaches; a session that sshd still counts is waited for.
    async fn attach(&mut self, order: &Order) -> Result<Attached, Failure> {
        let errand = Errand {
            target: self.target.clone(),
            build: self.build.clone(),
            install: order.install,
            remote_port: order.options.remote_port,
            may_start: order.may_start,
        };
        let until = Instant::now() + SESSION_LINGERS;
        loop {
            let (phases, status) = (self.seen.phases.clone(), self.seen.status.clone());
            let report = move |progress| {
                phases.report(progress);
                status.send_modify(|status| status.phases = phases.seen());
            };
            let result = exec::attach(&order.master.path, &errand, &report).await;
            match result {
                Err(failure)
                    if failure.cause == Cause::SessionRefused && Instant::now() < until =>
                {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                result => return result,
            }
        }
    }

    /// Takes a connection over: requests reach the server from now on.
    fn take(&mut self, attached: Attached) -> ServerInfo {
        self.seen.phases.finish(PhaseName::Start);
        let connection = attached.ready.connection;
        let server = ServerInfo {
            version: connection.version.clone(),
            port: connection.port,
            origin: attached.ready.server,
            installed: attached.installed,
        };
        self.driver = Some(Running(tokio::spawn(attached.driver)));
        self.seen.upstream.send_replace(Some(Arc::new(Upstream {
            opener: attached.opener,
            token: Secret::from_text(&connection.token),
            ui: connection.ui.clone(),
            server: server.clone(),
        })));
        self.say(State::Ready {
            project: "local".into(),
            version: connection.version,
            ui: connection.ui,
        });
        tracing::info!(
            server = server.version,
            installed = server.installed,
            "connected"
        );
        server
    }

    /// Runs the mux and pings it; returns why it is lost.
    async fn watch_connection(&mut self) -> String {
        let Some(driver) = self.driver.as_mut() else {
            return std::future::pending().await;
        };
        let opener = self
            .seen
            .upstream
            .borrow()
            .as_ref()
            .map(|upstream| upstream.opener.clone());
        let Some(opener) = opener else {
            return std::future::pending().await;
        };
        tokio::select! {
            ended = &mut driver.0 => match ended {
                Ok(Ok(())) => "the remote side ended".into(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            },
            why = pulse::watch(opener) => why,
        }
    }

    fn lose(&mut self, why: &str) -> Turn {
        tracing::warn!(why, "lost the connection");
        self.drop_connection();
        let why = format!("the connection to `{}` was lost: {why}", self.target);
        self.say(State::Reconnecting {
            why,
            attempt: 0,
            retry_in_ms: 0,
        });
        Turn::Again
    }

    fn drop_connection(&mut self) {
        self.seen.upstream.send_replace(None);
        self.driver = None;
    }

    /// Waits for the command that wants to connect. When it is gone, killed
    /// perhaps, nobody will say what to do: a tunnel that was connected before
    /// goes on by itself, one that was made for the command ends.
    async fn follow_command(&mut self) -> Turn {
        loop {
            // At the start the command has not connected yet.
            tokio::time::sleep(CALLER_GRACE).await;
            if self.seen.callers.count() == 0 {
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

    /// Tries for ever to come back, at a pace that no server minds.
    async fn come_back(&mut self) -> Turn {
        let Some(order) = self.order.clone() else {
            return Turn::Again;
        };
        let waits = matches!(
            self.seen.status.borrow().state,
            State::NeedsAuth { .. } | State::Stopped { .. } | State::Gone { .. }
        );
        if waits {
            return std::future::pending().await;
        }
        let mut attempt = 0;
        loop {
            self.seen.phases.clear();
            let failure = match self.attach_again(&order).await {
                Ok((attached, master)) => {
                    self.order = Some(Order { master, ..order });
                    self.take(attached);
                    return Turn::Again;
                }
                Err(failure) => failure,
            };
            attempt += 1;
            tracing::info!(attempt, why = failure.message, "cannot reconnect yet");
            match retry::after(&failure, attempt) {
                Next::Ask => {
                    let hint = format!("cocalc-plus ssh {}", self.target);
                    self.say(State::NeedsAuth {
                        why: failure.message,
                        hint,
                    });
                    return Turn::Again;
                }
                Next::GiveUp => {
                    self.say(State::Gone {
                        why: failure.message,
                        hint: failure.hint,
                    });
                    return Turn::Again;
                }
                Next::Retry(pause) => {
                    let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    self.say(State::Reconnecting {
                        why: failure.message,
                        attempt,
                        retry_in_ms,
                    });
                    sleep_or_wake(pause).await;
                }
            }
        }
    }

    /// Attaches through a master that lives, else through a new one.
    async fn attach_again(&mut self, order: &Order) -> Result<(Attached, Master), Failure> {
        let target = Target::parse(&self.target).map_err(|error| Failure {
            cause: Cause::Local,
            message: error.to_string(),
            hint: String::new(),
        })?;
        let plan = Plan::resolve(&target, &self.name, &order.options, &self.registry, None).await?;
        if let Some(master) = plan.find().await {
            let living = Order {
                master: master.clone(),
                ..order.clone()
            };
            match self.attach(&living).await {
                // The link may be dead where the master has not noticed.
                Err(failure) if failure.cause.wants_fresh_master() => {
                    plan.end(&master).await;
                }
                result => return result.map(|attached| (attached, master)),
            }
        }
        let master = plan.make(Asking::Nobody).await?;
        let fresh = Order {
            master: master.clone(),
            ..order.clone()
        };
        self.attach(&fresh).await.map(|attached| (attached, master))
    }

    async fn ping(&self) -> Result<Pong, Failure> {
        let upstream = self.connected()?;
        let pinged = tokio::time::timeout(DOUBT_DEADLINE, upstream.opener.ping()).await;
        match pinged {
            Ok(Ok(round_trip)) => Ok(Pong {
                ms: round_trip.as_secs_f64() * 1000.0,
                server: upstream.server.clone(),
            }),
            Ok(Err(error)) => Err(self.away(&error.to_string())),
            Err(_) => Err(self.away("no answer for 3 s")),
        }
    }

    async fn stop_server(&self, keep_terminals: bool) -> Result<Stopped, Failure> {
        let upstream = self.connected()?;
        let body = serde_json::json!({ "keep_terminals": keep_terminals }).to_string();
        let request = Request::post("/stop")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .map_err(|error| self.away(&error.to_string()))?;
        let asking = async {
            let response = http::send(&upstream, request)
                .await
                .map_err(|error| self.away(&error.to_string()))?;
            let status = response.status();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| self.away(&error.to_string()))?;
            serde_json::from_slice(&body.to_bytes())
                .map_err(|_| self.away(&format!("the server answered {status}")))
        };
        tokio::time::timeout(STOP_DEADLINE, asking)
            .await
            .unwrap_or_else(|_| Err(self.away("the server did not stop within 15 s")))
    }

    fn server_was_stopped(&mut self) {
        if self.driver.is_none() {
            return;
        }
        self.drop_connection();
        self.say(State::Stopped {
            why: format!("the server on `{}` was stopped", self.target),
            hint: format!("cocalc-plus ssh {}", self.target),
        });
    }

    fn connected(&self) -> Result<Arc<Upstream>, Failure> {
        self.seen
            .upstream
            .borrow()
            .clone()
            .ok_or_else(|| self.away("it is not connected"))
    }

    fn away(&self, why: &str) -> Failure {
        Failure {
            cause: Cause::Lost,
            message: format!("`{}` is out of reach: {why}", self.target),
            hint: format!("cocalc-plus ssh {}", self.target),
        }
    }

    fn say(&self, state: State) {
        let phases = self.seen.phases.seen();
        self.seen.status.send_modify(|status| {
            status.state = state;
            status.phases = phases;
        });
    }

    fn refresh(&self) {
        let phases = self.seen.phases.seen();
        self.seen
            .status
            .send_modify(|status| status.phases = phases);
    }
}

/// Waits until a page has shown a failure, or none will come; then the tunnel
/// ends.
async fn show_failure(pages: &Pages, until: Instant) -> Turn {
    let mut unexpected = 0;
    // A page spends its code a moment before it asks where things stand.
    while pages.watching() == 0 && unexpected < LOOKS_IN_VAIN && Instant::now() < until {
        unexpected = if pages.are_expected() {
            0
        } else {
            unexpected + 1
        };
        tokio::time::sleep(ASK_AGAIN).await;
    }
    if pages.watching() > 0 {
        tokio::time::sleep(FAILURE_SEEN).await;
    }
    Turn::End
}
