//! Waiting for another process, bounded.

use std::thread;
use std::time::{Duration, Instant};

/// The longest pause between two looks; the first is 1 ms.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` finds something; panics after `deadline`, naming `what`.
///
/// For what another process does and no event tells: a file that appears, a
/// line in a log. Inside one process, wait for the event itself.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, deadline: Duration, look: impl FnMut() -> Option<T>) -> T {
    match found_within(deadline, look) {
        Some(found) => found,
        None => panic!("not within {deadline:?}: {what}"),
    }
}

/// Looks until `look` finds something; `None` after `deadline`.
pub(crate) fn found_within<T>(
    deadline: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Option<T> {
    let end = Instant::now() + deadline;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
