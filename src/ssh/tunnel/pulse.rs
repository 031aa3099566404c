//! Notices a connection that has died, and a machine that has slept.

use std::time::Duration;
use std::time::Instant;

use crate::proxy::mux;
use crate::sys::clock;

/// How often an idle connection is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long it may take to answer before it counts as lost.
const PING_DEADLINE: Duration = Duration::from_secs(10);

/// How long it may take when there is reason to doubt: this machine slept, or
/// a person asks.
pub const DOUBT_DEADLINE: Duration = Duration::from_secs(3);

/// A clock that ran so much further than the timer means that we slept; also
/// how often that is looked at.
const SLEPT: Duration = Duration::from_secs(5);

/// Pings at intervals, and at once after a sleep; returns when there is no
/// answer in time, and why.
pub async fn watch(opener: mux::Opener) -> String {
    loop {
        let deadline = match sleep_or_wake(PING_INTERVAL).await {
            Woken::ByTimer => PING_DEADLINE,
            Woken::FromSleep => DOUBT_DEADLINE,
        };
        match tokio::time::timeout(deadline, opener.ping()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return format!("no answer for {} s", deadline.as_secs()),
        }
    }
}

/// Why [`sleep_or_wake`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The time is over.
    ByTimer,
    /// The machine slept meanwhile.
    FromSleep,
}

/// Waits so long, or until the machine has slept and is awake again.
///
/// Timers stand still while a machine sleeps and wall clocks do not.
pub async fn sleep_or_wake(duration: Duration) -> Woken {
    let until = Instant::now() + duration;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Woken::ByTimer;
        }
        let (wall, timer) = (clock::now_ms(), Instant::now());
        tokio::time::sleep(left.min(SLEPT)).await;
        let passed = Duration::from_millis(clock::now_ms().saturating_sub(wall));
        if passed > timer.elapsed() + SLEPT {
            return Woken::FromSleep;
        }
    }
}
