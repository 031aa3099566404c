//! What to do about a connection that was lost: when to try again, and when
//! only a person can help.

use std::time::Duration;

use crate::protocol::control::Cause;
use crate::protocol::control::Failure;

/// How often somebody who is away is looked for while a page is open.
pub const LOOKED_FOR: Duration = Duration::from_millis(500);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after so long.
    Retry(Duration),
    /// Wait for a person to authenticate or decide.
    Ask,
    /// Wait for a person to mend the server.
    GiveUp,
}

/// Decides what follows the `attempt`th failure in a row, counted from 1.
pub fn after(failure: &Failure, attempt: u32) -> Next {
    match failure.cause {
        Cause::Auth | Cause::HostKey | Cause::Platform | Cause::NotInstalled | Cause::Version => {
            Next::Ask
        }
        // It was reached and cannot run: more attempts would not help it.
        Cause::Server | Cause::NoRoot | Cause::NoExec | Cause::NoSpace => Next::GiveUp,
        _ => Next::Retry(pause(attempt)),
    }
}

/// 1, 2, 4 … 30 s, a little less each time at random.
///
/// Many tunnels that lost one machine together must not come back together:
/// sshd refuses connections beyond `MaxStartups`.
pub fn pause(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(5);
    let whole = Duration::from_secs(1 << doublings).min(LONGEST_PAUSE);
    whole.mul_f64(1.0 - 0.2 * crate::sys::secret::fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_of_attempts_is_bounded() {
        for (attempt, seconds) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (u32::MAX, 30)] {
            let pause = pause(attempt);
            let whole = Duration::from_secs(seconds);
            assert!(
                pause <= whole && pause >= whole.mul_f64(0.8),
                "{attempt}: {pause:?}"
            );
        }
    }

    #[test]
    fn only_a_person_mends_authentication() {
        let failure = |cause| Failure {
            cause,
            message: String::new(),
            hint: String::new(),
        };
        assert_eq!(after(&failure(Cause::Auth), 3), Next::Ask);
        assert_eq!(after(&failure(Cause::HostKey), 1), Next::Ask);
        assert_eq!(after(&failure(Cause::Server), 1), Next::GiveUp);
        assert!(matches!(
            after(&failure(Cause::Unreachable), 2),
            Next::Retry(_)
        ));
        assert!(matches!(after(&failure(Cause::Lost), 1), Next::Retry(_)));
    }
}
