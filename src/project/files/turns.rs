//! One at a time, and who must is not kept waiting by who was there before.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::watch;

/// How long one that is interrupted may take to stop: its disk may be slow.
const DEADLINE: Duration = Duration::from_secs(10);

/// Gives turns to those who work on one thing.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    free: Arc<Mutex<()>>,
    /// Counts the interruptions.
    interruptions: watch::Sender<u64>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    interruptions: watch::Receiver<u64>,
    /// How many there had been when it was asked for.
    known: u64,
    _guard: OwnedMutexGuard<()>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            free: Arc::default(),
            interruptions: watch::Sender::new(0),
        }
    }
}

impl Turns {
    /// Gives a turn if nobody has one or waits for one.
    pub(super) fn take_free(&self) -> Option<Turn> {
        // Looked at first: whoever interrupts from here on means this turn.
        let known = *self.interruptions.borrow();
        let guard = Arc::clone(&self.free).try_lock_owned().ok()?;
        Some(self.turn(known, guard))
    }

    /// Interrupts whose turn it is, and gives one when that is over; none
    /// after 10 s.
    pub(super) async fn interrupt(&self) -> Option<Turn> {
        let mut known = 0;
        self.interruptions.send_modify(|count| {
            *count += 1;
            known = *count;
        });
        let guard = Arc::clone(&self.free).lock_owned();
        let guard = tokio::time::timeout(DEADLINE, guard).await.ok()?;
        Some(self.turn(known, guard))
    }

    /// Says whether nobody has a turn.
    pub(super) fn are_free(&self) -> bool {
        self.free.try_lock().is_ok()
    }

    fn turn(&self, known: u64, guard: OwnedMutexGuard<()>) -> Turn {
        Turn {
            interruptions: self.interruptions.subscribe(),
            known,
            _guard: guard,
        }
    }
}

impl Turn {
    /// Waits until another wants the turn; whoever has it should stop then.
    pub(super) fn interrupted(&self) -> impl Future<Output = ()> + Send + 'static {
        let (mut interruptions, known) = (self.interruptions.clone(), self.known);
        async move {
            if interruptions
                .wait_for(|count| *count > known)
                .await
                .is_err()
            {
                // Nobody is left who could.
                std::future::pending().await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_turn_is_had_by_one_and_interrupted_by_the_next() {
        let turns = Turns::default();
        let first = turns.take_free().unwrap();
        assert!(turns.take_free().is_none() && !turns.are_free());
        assert!(first.interrupted().now_or_never().is_none());
        let mut second = Box::pin(turns.interrupt());
        assert!(second.as_mut().now_or_never().is_none(), "it is not over");
        first.interrupted().await;
        drop(first);
        let second = second.await.unwrap();
        assert!(second.interrupted().now_or_never().is_none());
        drop(second);
        assert!(turns.are_free());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_stop_is_not_waited_for_for_ever() {
        let turns = Turns::default();
        let _first = turns.take_free().unwrap();
        assert!(turns.interrupt().await.is_none());
    }
}
