//! The link's way to its server, the first time and every time after.

use std::time::Duration;
use std::time::Instant;

use super::link::Link;
use super::link::Turn;
use super::orders::Order;
use super::pulse::sleep_or_wake;
use super::retry;
use super::retry::Next;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::session::State;
use crate::ssh::exec;
use crate::ssh::exec::Attached;
use crate::ssh::exec::Errand;
use crate::ssh::master::Asking;
use crate::ssh::master::Master;
use crate::ssh::master::Plan;
use crate::ssh::target::Target;

/// How long sshd may count a session that is over.
const SESSION_LINGERS: Duration = Duration::from_secs(2);

/// How often a refused session is asked for again within that time.
const ASK_AGAIN: Duration = Duration::from_millis(200);

impl Link {
    /// Attaches; a session that sshd still counts is waited for.
    pub(super) async fn attach(&mut self, order: &Order) -> Result<Attached, Failure> {
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

    /// Tries for ever to come back, at a pace that no server minds.
    pub(super) async fn come_back(&mut self) -> Turn {
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
}
