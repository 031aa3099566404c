//! A connection that says nothing: it may answer yet, and is not given up
//! before there is another.
//!
//! TCP sends what was lost again after ever longer pauses, so a connection may
//! stay silent for as long again as the network was away; and an address may
//! have changed, then it stays silent for good. So the machine is looked for
//! meanwhile, and once it is seen a second login is made beside the first. Where
//! that would need a person, the silent connection is all there is: it is
//! waited for, as long as its master does.

use std::time::Duration;
use std::time::Instant;

use tokio::time::sleep;

use super::link::Link;
use super::orders::Order;
use super::retry;
use super::retry::Next;
use super::way::Sight;
use crate::protocol::control::Failure;
use crate::protocol::session::State;
use crate::proxy::mux;
use crate::ssh::exec::Attached;

/// How long a machine that is seen again may take to answer on the old
/// connection before there is another.
const OLD_FIRST: Duration = Duration::from_millis(300);

/// How long a connection through a proxy may be silent before another is tried:
/// nobody can be looked for there.
const BLIND: Duration = Duration::from_secs(20);

/// How long after a second login another may follow where nothing shows that
/// the machine was away: one that is too busy to answer is not kept busier.
const SPARED: Duration = Duration::from_secs(30);

/// How long a connection may be silent until it is given up.
///
/// Longer than masters of ours live without an answer; a borrowed one may live
/// for ever.
const GIVEN_UP: Duration = Duration::from_secs(15 * 60);

/// How a silence ended.
pub(super) enum Broken {
    /// The connection answered.
    Heard,
    /// There is another.
    Replaced(Box<(Attached, Order)>),
    /// It is given up.
    GivenUp,
}

impl Link {
    /// Waits through a silence; what the pages are told changes meanwhile.
    pub(super) async fn endure(&self, opener: &mux::Opener) -> Broken {
        let other = async {
            tracing::info!("no answer; looking for another way");
            self.say_silent();
            let Some(order) = &self.order else {
                return std::future::pending().await;
            };
            match self.second_way(order).await {
                Ok(found) => Broken::Replaced(Box::new(found)),
                Err(failure) => {
                    if retry::after(&failure, 1) == Next::Ask {
                        self.wait_for_person(failure);
                    }
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            biased;
            () = opener.heard_again() => Broken::Heard,
            found = other => found,
            () = sleep(GIVEN_UP) => Broken::GivenUp,
        }
    }

    /// Says that nothing is heard, and that it is waited for.
    pub(super) fn say_silent(&self) {
        self.say(State::Reconnecting {
            why: format!("`{}` does not answer", self.way.target),
            attempt: 0,
            retry_in_ms: 0,
        });
    }

    /// Looks for another way until there is one, or only a person finds it.
    async fn second_way(&self, order: &Order) -> Result<(Attached, Order), Failure> {
        let way = &self.way;
        let spared = || match self.replaced_at {
            Some(last) => SPARED.saturating_sub(last.elapsed()),
            None => Duration::ZERO,
        };
        let mut attempt = 0;
        loop {
            let hop = way.plan(&order.options).await?.first_hop().await;
            let pause = match way.server_seen(&hop).await {
                Sight::Server { was_away: true } => OLD_FIRST,
                Sight::Server { was_away: false } => OLD_FIRST.max(spared()),
                Sight::Blind => BLIND.max(spared()),
            };
            sleep(pause).await;
            attempt += 1;
            let failure = match way.attach_beside(order).await {
                Ok(found) => return Ok(found),
                Err(failure) => failure,
            };
            tracing::info!(attempt, why = failure.message, "no second way yet");
            match retry::after(&failure, attempt) {
                Next::Retry(pause) => sleep(pause).await,
                Next::Ask | Next::GiveUp => return Err(failure),
            }
        }
    }

    /// Takes a second connection over in place of the silent one.
    pub(super) fn replace(&mut self, attached: Attached, order: Order) {
        let silent = self.order.replace(order);
        self.drop_connection();
        self.take(attached);
        self.replaced_at = Some(Instant::now());
        self.end_spares(silent.map(|order| order.master));
    }
}
