//! The link's way back to its server after a connection was lost.
//!
//! ```text
//! attempt ── failed ──▶ pause 1, 2, 4 … 30 s ──▶ attempt
//!                │ nobody is there: look, each half second while a page is
//!                └ open; the moment somebody is ─────────▶ attempt, count from 0
//! ```

use std::time::Duration;
use std::time::Instant;

use super::link::Link;
use super::link::Turn;
use super::orders::Order;
use super::pulse::Woken;
use super::pulse::sleep_or_wake;
use super::retry;
use super::retry::Next;
use crate::protocol::control::Failure;
use crate::protocol::session::State;
use crate::ssh::reach::FirstHop;
use crate::ssh::reach::Look;

/// When ssh is tried although nobody was seen: it may know better.
const DESPITE_ALL: Duration = Duration::from_secs(60);

impl Link {
    /// Tries for ever to come back, at a pace that no server minds.
    pub(super) async fn come_back(&mut self) -> Turn {
        let Some(order) = self.order.clone() else {
            return Turn::Again;
        };
        let waits = matches!(
            self.way.seen.status.borrow().state,
            State::NeedsAuth { .. } | State::Stopped { .. } | State::Gone { .. }
        );
        if waits {
            return std::future::pending().await;
        }
        let mut attempt = 0;
        loop {
            self.way.seen.phases.clear();
            let failure = match self.way.attach_again(&order).await {
                Ok((attached, order)) => {
                    self.order = Some(order);
                    self.take(attached);
                    return Turn::Again;
                }
                Err(failure) => failure,
            };
            attempt += 1;
            tracing::info!(attempt, why = failure.message, "cannot reconnect yet");
            match retry::after(&failure, attempt) {
                Next::Ask => return self.wait_for_person(failure),
                Next::GiveUp => {
                    self.say(State::Gone {
                        why: failure.message,
                        hint: failure.hint,
                    });
                    return Turn::Again;
                }
                Next::Retry(pause) => {
                    if self.rest(&order, &failure, attempt, pause).await == Rest::Back {
                        attempt = 0;
                    }
                }
            }
        }
    }

    pub(super) fn wait_for_person(&self, failure: Failure) -> Turn {
        let hint = format!("cocalc-plus ssh reconnect {}", self.way.target);
        self.say(State::NeedsAuth {
            why: failure.message,
            hint,
        });
        Turn::Again
    }

    /// Rests between two attempts: for `pause`, and where nobody is there, until
    /// somebody is.
    async fn rest(&self, order: &Order, failure: &Failure, attempt: u32, pause: Duration) -> Rest {
        let began = Instant::now();
        let wait = |why: String, pause: Duration| {
            self.say(State::Reconnecting {
                why,
                attempt,
                retry_in_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            });
        };
        wait(failure.message.clone(), pause);
        let hop = match self.way.plan(&order.options).await {
            Ok(plan) => plan.first_hop().await,
            Err(_) => FirstHop::Unknown,
        };
        let (mut was_away, mut looks) = (false, 0);
        loop {
            if self.wait_for_look(looks).await == Woken::FromSleep
                || began.elapsed() > DESPITE_ALL.max(pause)
            {
                return Rest::Over;
            }
            looks += 1;
            match hop.look().await {
                Look::Server if was_away => return Rest::Back,
                Look::Nobody { why, .. } => {
                    was_away = true;
                    let why = format!("`{}` cannot be reached: {why}", self.way.target);
                    wait(why, Duration::ZERO);
                }
                // It is there and did not let us in: not before it is time.
                Look::Server | Look::Refused(_) | Look::Mute | Look::Blind => {
                    sleep_or_wake(pause.saturating_sub(began.elapsed())).await;
                    return Rest::Over;
                }
            }
        }
    }

    /// Waits until it is time to look: soon while a page is open or opens.
    async fn wait_for_look(&self, looks: u32) -> Woken {
        let watched = async {
            self.way.seen.watching.anybody().await;
            sleep_or_wake(retry::LOOKED_FOR).await
        };
        tokio::select! {
            woken = watched => woken,
            woken = sleep_or_wake(retry::pause(looks + 1)) => woken,
        }
    }
}

/// How a rest ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// The time is over.
    Over,
    /// Who was away is there again.
    Back,
}
