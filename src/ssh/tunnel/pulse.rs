//! Asks whether a connection lives, and notices a machine that has slept.

use std::time::Duration;
use std::time::Instant;

use crate::proxy::mux;
use crate::sys::clock;

/// How often an idle connection is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long an answer may take until the connection is in doubt.
///
/// A person at a key has noticed by then; a loaded machine or a slow link has
/// answered.
pub const DOUBT: Duration = Duration::from_secs(3);

/// A clock that ran so much further than the timer means that we slept; also
/// how often that is looked at.
const SLEPT: Duration = Duration::from_secs(5);

/// Waits until a connection is in doubt; while it is idle, it is asked at
/// intervals, and at once after a sleep.
pub async fn doubt(opener: &mux::Opener) {
    let asking = async {
        loop {
            sleep_or_wake(PING_INTERVAL).await;
            // However long it takes: its silence is what is waited for. An
            // error is the mux's end, which its owner sees.
            if opener.ping().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = opener.silent_for(DOUBT) => {}
        () = asking => {}
    }
}

/// Why [`sleep_or_wake`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The time is over.
    ByTimer,
    /// The machine, or this process, slept meanwhile.
    FromSleep,
}

/// Waits so long, or until the machine has slept and is awake again.
///
/// Timers stand still while a machine sleeps and wall clocks do not; a process
/// that was stopped finds both ahead.
pub async fn sleep_or_wake(duration: Duration) -> Woken {
    let until = Instant::now() + duration;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Woken::ByTimer;
        }
        let (wall, nap) = (clock::now_ms(), left.min(SLEPT));
        tokio::time::sleep(nap).await;
        if has_slept(nap, wall, clock::now_ms()) {
            return Woken::FromSleep;
        }
    }
}

/// Whether wall clocks say that a nap was more than one. One that was set ahead
/// looks the same and costs a question; one that was set back says nothing.
fn has_slept(nap: Duration, before_ms: u64, after_ms: u64) -> bool {
    Duration::from_millis(after_ms.saturating_sub(before_ms)) > nap + SLEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_a_nap_and_from_a_clock_set_back() {
        let nap = Duration::from_secs(5);
        assert!(!has_slept(nap, 1_000_000, 1_006_000));
        assert!(has_slept(nap, 1_000_000, 1_000_000 + 3_600_000));
        assert!(!has_slept(nap, 3_600_000, 5_000));
    }
}
