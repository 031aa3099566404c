//! The way from this machine to a target's server: finding a master that
//! lives, making one, attaching through it.

use std::time::Duration;
use std::time::Instant;

use tokio::time::sleep;

use super::orders::Order;
use super::orders::Seen;
use super::retry;
use crate::protocol::control::Cause;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Failure;
use crate::release::build::Build;
use crate::ssh::exec;
use crate::ssh::exec::Attached;
use crate::ssh::exec::Errand;
use crate::ssh::master;
use crate::ssh::master::Master;
use crate::ssh::plan::Asking;
use crate::ssh::plan::Plan;
use crate::ssh::reach::FirstHop;
use crate::ssh::reach::Look;
use crate::ssh::registry::Registry;
use crate::ssh::target::Target;

/// How long sshd may count a session that is over.
const SESSION_LINGERS: Duration = Duration::from_secs(2);

/// How often a refused session is asked for again within that time.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// When a login that goes on is looked into: is there a machine at all?
const LOOK_INTO: Duration = Duration::from_secs(2);

/// How long after a look that found one the next follows.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What [`Way::server_seen`] waited for.
pub(super) enum Sight {
    /// A server is there, and perhaps was not before.
    Server { was_away: bool },
    /// Nothing can be looked at from here.
    Blind,
}

/// How to reach one target.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) build: Build,
    pub(super) registry: Registry,
    pub(super) seen: Seen,
}

impl Way {
    /// Asks ssh what it would do now: an address may have changed.
    pub(super) async fn plan(&self, options: &ConnectOptions) -> Result<Plan, Failure> {
        let target = Target::parse(&self.target).map_err(|error| Failure {
            cause: Cause::Local,
            message: error.to_string(),
            hint: String::new(),
        })?;
        Plan::resolve(&target, &self.name, options, &self.registry, None).await
    }

    /// Attaches; a session that sshd still counts is waited for.
    pub(super) async fn attach(&self, order: &Order) -> Result<Attached, Failure> {
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
                    sleep(ASK_AGAIN).await;
                }
                result => return result,
            }
        }
    }

    /// Attaches through a master that lives, else through a new one.
    pub(super) async fn attach_again(&self, order: &Order) -> Result<(Attached, Order), Failure> {
        let plan = self.plan(&order.options).await?;
        // The one that served last may be known by a name that the
        // configuration has changed since.
        let found = if master::is_alive(&order.master.path).await {
            Some(order.master.clone())
        } else {
            plan.find().await
        };
        if let Some(master) = found {
            let living = order.through(master.clone());
            match self.attach(&living).await {
                // The link may be dead where the master has not noticed.
                Err(failure) if failure.cause.wants_fresh_master() => {
                    master.end().await;
                }
                result => return result.map(|attached| (attached, living)),
            }
        }
        let making = plan.make(Asking::Nobody);
        let fresh = order.through(self.log_in(&plan, making).await?);
        self.attach(&fresh).await.map(|attached| (attached, fresh))
    }

    /// Attaches through a new master beside one that may yet answer.
    pub(super) async fn attach_beside(&self, order: &Order) -> Result<(Attached, Order), Failure> {
        let plan = self.plan(&order.options).await?;
        let making = plan.make_beside(&order.master);
        let fresh = order.through(self.log_in(&plan, making).await?);
        match self.attach(&fresh).await {
            Ok(attached) => Ok((attached, fresh)),
            Err(failure) => {
                fresh.master.end().await;
                Err(failure)
            }
        }
    }

    /// Waits for a look that finds a server, if there is anything to look at.
    pub(super) async fn server_seen(&self, hop: &FirstHop) -> Sight {
        let mut was_away = false;
        loop {
            let began = Instant::now();
            match hop.look().await {
                Look::Server => return Sight::Server { was_away },
                Look::Blind => return Sight::Blind,
                Look::Nobody { .. } => was_away = true,
                Look::Refused(_) | Look::Mute => {}
            }
            let pause = if self.seen.watching.count() > 0 {
                retry::LOOKED_FOR
            } else {
                LOOK_AGAIN
            };
            sleep(pause.saturating_sub(began.elapsed())).await;
        }
    }

    /// Makes a master without a person; given up as soon as it turns out that
    /// nobody is there, for ssh would knock ever more seldom.
    async fn log_in(
        &self,
        plan: &Plan,
        making: impl Future<Output = Result<Master, Failure>>,
    ) -> Result<Master, Failure> {
        tokio::select! {
            made = making => made,
            why = nobody_there(plan) => Err(Failure {
                cause: Cause::Unreachable,
                message: format!("`{}` cannot be reached: {why}", self.target),
                hint: format!("cocalc-plus ssh {}", self.target),
            }),
        }
    }

    /// Ends the masters of ours that are not the one in use: one that another
    /// has replaced, a login that came second or was given up a moment too late.
    pub(super) async fn end_spares(&self, order: &Order) {
        let Ok(plan) = self.plan(&order.options).await else {
            return;
        };
        for path in plan.ours() {
            if *path != order.master.path && path.exists() {
                master::end(path).await;
            }
        }
    }
}

/// Looks whether anybody is there while ssh logs in; returns when not.
async fn nobody_there(plan: &Plan) -> String {
    sleep(LOOK_INTO).await;
    let hop = plan.first_hop().await;
    loop {
        match hop.look().await {
            Look::Nobody { why, .. } => return why,
            // It takes its time.
            Look::Server | Look::Refused(_) | Look::Mute => sleep(LOOK_AGAIN).await,
            Look::Blind => std::future::pending().await,
        }
    }
}
