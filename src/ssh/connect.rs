//! `ssh T` from the command's side: find a tunnel or make one, then connect.

mod tunnel;

use std::time::Duration;
use std::time::Instant;

use super::bootstrap;
use super::bootstrap::AttachWords;
use super::control::Control;
use super::control::Pace;
use super::failure::local;
use super::failure::local_text;
use super::locking::lock;
use super::master::Master;
use super::plan::Asking;
use super::plan::Plan;
use super::registry::Entry;
use super::registry::Registry;
use super::target::Target;
use super::watcher::Watcher;
use super::wish::Wish;
use crate::protocol::attach::MARKER_PREFIX;
use crate::protocol::attach::ServerOrigin;
use crate::protocol::control::Cause;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Connected;
use crate::protocol::control::Failure;
use crate::protocol::control::Hello;
use crate::protocol::control::Pong;
use crate::protocol::control::Request;
use crate::protocol::control::ServerInfo;
use crate::protocol::control::Url;
use crate::protocol::session::Phase;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::release::build::Build;
use crate::sys::clock;
use tunnel::Found;

/// A target that is connected.
#[derive(Clone, Debug)]
pub struct Session {
    /// What the registry keeps of it now.
    pub entry: Entry,
    /// A URL whose code works once.
    pub url: String,
    /// The server.
    pub server: ServerInfo,
    /// How long each step took; empty when the tunnel was up already.
    pub phases: Vec<Phase>,
    /// How long everything took.
    pub total: Duration,
}

/// Connects a target, or finds it connected.
///
/// # Errors
/// A [`Failure`]; the registry is then as it was, and a tunnel that was made
/// for this has shown the failure to its page and gone.
pub async fn connect(
    target: &Target,
    wish: &Wish,
    watcher: &mut dyn Watcher,
) -> Result<Session, Failure> {
    let began = Instant::now();
    let registry = Registry::open().map_err(local)?;
    let name = registry.name_of(target);
    let _lock = lock(&registry, &name, watcher).await?;
    let build = Build::of_self().map_err(|error| local_text(&error.to_string()))?;
    // Never by slug: another machine may be called so.
    let kept = registry.find_exactly(target.spelling());
    let options = wish.merge(kept.as_ref());
    let changed = kept.as_ref().is_none_or(|entry| entry.options != options);
    let mut connecting = Connecting {
        target,
        wish,
        registry,
        name,
        options,
        build,
        watcher,
        began,
        is_silent: false,
    };
    let found = match connecting.find_tunnel(changed).await {
        Found::Live(control, hello, pong) => return connecting.live(control, &hello, pong).await,
        found => found,
    };
    let planning = connecting.plan();
    let (shown, plan) = tokio::join!(connecting.show(found, kept.as_ref()), planning);
    let (control, port) = shown?;
    let session = connecting.join(control, port, plan).await?;
    connecting.end_superseded(kept.as_ref()).await;
    Ok(session)
}

/// One connect under way.
struct Connecting<'a> {
    target: &'a Target,
    wish: &'a Wish,
    registry: Registry,
    name: String,
    options: ConnectOptions,
    build: Build,
    watcher: &'a mut dyn Watcher,
    began: Instant,
    /// Whether the master that there is does not reach its machine.
    is_silent: bool,
}

impl Connecting<'_> {
    /// What ssh would do; beside whatever else is begun.
    fn plan(&self) -> impl Future<Output = Result<Plan, Failure>> + use<> {
        let (target, name) = (self.target.clone(), self.name.clone());
        let (options, registry) = (self.options.clone(), self.registry.clone());
        let show = self.wish.show_ssh;
        async move { Plan::resolve(&target, &name, &options, &registry, show).await }
    }

    /// Sees to a tunnel and opens its page, which shows how far the connect is.
    async fn show(
        &mut self,
        found: Found,
        kept: Option<&Entry>,
    ) -> Result<(Control, u16), Failure> {
        self.is_silent = matches!(found, Found::Silent(..));
        let (mut control, port) = match found {
            Found::Live(control, hello, _)
            | Found::Silent(control, hello)
            | Found::Away(control, hello) => (control, hello.port),
            Found::Outdated(control, hello) => self.replace(control, &hello).await?,
            Found::None => self.start_tunnel(self.wanted_port(kept)).await?,
        };
        self.open_page(&mut control).await?;
        Ok((control, port))
    }

    /// The tunnel is up and its server answered: one round trip, no ssh.
    async fn live(
        &mut self,
        mut control: Control,
        hello: &Hello,
        pong: Pong,
    ) -> Result<Session, Failure> {
        self.open_page(&mut control).await?;
        let url: Url = control.ask(&Request::Url).await?;
        let server = ServerInfo {
            origin: ServerOrigin::Reused,
            installed: false,
            ..pong.server
        };
        self.finish(hello.port, url.url, server, Vec::new())
    }

    /// Opens the page, if one is wanted.
    async fn open_page(&mut self, control: &mut Control) -> Result<(), Failure> {
        if self.watcher.wants_page() {
            let url: Url = control.ask(&Request::Url).await?;
            self.watcher.open_page(&self.name, &url.url);
        }
        Ok(())
    }

    /// Makes the tunnel connect, with a master of ours if there is none.
    async fn join(
        &mut self,
        mut control: Control,
        port: u16,
        plan: Result<Plan, Failure>,
    ) -> Result<Session, Failure> {
        let made = match plan {
            Ok(plan) => self.master_and_connect(&mut control, &plan).await,
            Err(failure) => Err((failure, false)),
        };
        match made {
            Ok(connected) => {
                self.watcher.progressed(&connected.phases);
                let url: Url = control.ask(&Request::Url).await?;
                self.finish(port, url.url, connected.server, connected.phases)
            }
            Err((failure, is_shown)) => {
                if !is_shown {
                    let (why, hint) = (failure.message.clone(), failure.hint.clone());
                    let _: Result<serde_json::Value, Failure> =
                        control.ask(&Request::Fail { why, hint }).await;
                }
                Err(failure)
            }
        }
    }

    /// The error says whether the tunnel shows the failure already.
    async fn master_and_connect(
        &mut self,
        control: &mut Control,
        plan: &Plan,
    ) -> Result<Connected, (Failure, bool)> {
        let unshown = |failure| (failure, false);
        let found = plan.find().await;
        if let Some(master) = found.as_ref().filter(|_| !self.is_silent) {
            match self.order(control, plan, master).await {
                // Full, or dead without having noticed: one fresh one.
                Err(failure) if failure.cause.wants_fresh_master() => master.end().await,
                result => return result.map_err(|failure| (failure, true)),
            }
        }
        let active = Request::Progress {
            phase: PhaseState::Active,
        };
        self.watcher.authenticates();
        let _: serde_json::Value = control.ask(&active).await.map_err(unshown)?;
        let master = plan.make(Asking::Person).await.map_err(unshown)?;
        let joined = self.join_through(control, plan, &master).await;
        match &joined {
            Ok(_) => {
                if let Some(silent) = found.filter(|found| found.path != master.path) {
                    silent.end().await;
                }
            }
            // Its tunnel is gone and ends it no more.
            Err((failure, _)) if failure.cause == Cause::Tunnel => master.end().await,
            _ => {}
        }
        joined
    }

    /// Tells the tunnel of a new master and lets it connect.
    async fn join_through(
        &mut self,
        control: &mut Control,
        plan: &Plan,
        master: &Master,
    ) -> Result<Connected, (Failure, bool)> {
        let done = Request::Progress {
            phase: PhaseState::Done,
        };
        let told: Result<serde_json::Value, Failure> = control.ask(&done).await;
        told.map_err(|failure| (failure, false))?;
        self.order(control, plan, master).await.map_err(|failure| {
            let is_shown = !failure.cause.wants_fresh_master();
            (failure, is_shown)
        })
    }

    async fn order(
        &mut self,
        control: &mut Control,
        plan: &Plan,
        master: &Master,
    ) -> Result<Connected, Failure> {
        let request = Request::Connect {
            control_path: master.path.display().to_string(),
            borrowed: master.is_borrowed,
            options: self.options.clone(),
            install: !self.wish.never_install,
            may_start: !self.wish.running_only,
        };
        let words = AttachWords {
            marker: format!("{MARKER_PREFIX}shown"),
            remote_port: self.options.remote_port,
            may_start: !self.wish.running_only,
        };
        plan.show_exec(master, &bootstrap::line(&self.build, &words));
        let watcher = &mut *self.watcher;
        control
            .connect(&request, &mut |pace, phases| match (pace, phases.last()) {
                (Pace::Slow, Some(phase)) => watcher.is_slow(phase),
                _ => watcher.progressed(phases),
            })
            .await
    }

    /// Ends the master that was made with options which are no longer kept.
    async fn end_superseded(&self, kept: Option<&Entry>) {
        let Some(old) = kept.filter(|entry| entry.options != self.options) else {
            return;
        };
        let (target, name) = (self.target, &self.name);
        let plan = |options| async move {
            Plan::resolve(target, name, options, &self.registry, None).await
        };
        if let (Ok(before), Ok(now)) = (plan(&old.options).await, plan(&self.options).await)
            && before.ours() != now.ours()
        {
            before.end_ours().await;
        }
    }

    fn finish(
        &self,
        port: u16,
        url: String,
        server: ServerInfo,
        phases: Vec<Phase>,
    ) -> Result<Session, Failure> {
        let entry = Entry {
            target: self.target.spelling().to_owned(),
            name: self.name.clone(),
            options: self.options.clone(),
            local_port: port,
            remote_port: Some(server.port),
            version: Some(server.version.clone()),
            last_used: clock::now_ms(),
            stopped: false,
        };
        self.registry.save(&entry).map_err(local)?;
        Ok(Session {
            entry,
            url,
            server,
            phases,
            total: self.began.elapsed(),
        })
    }
}

/// Returns how long a step took, in milliseconds.
pub fn phase_ms(phases: &[Phase], name: PhaseName) -> Option<u64> {
    phases
        .iter()
        .find(|phase| phase.name == name)
        .map(|phase| phase.ms)
}
