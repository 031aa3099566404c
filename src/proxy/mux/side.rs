//! What the openers, the carrier and the driver of one end share.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Error;

/// Pings of this side that wait for an answer; more are refused.
const PINGS_MAX: usize = 64;

/// Shared state of one end of a mux.
#[derive(Debug, Default)]
pub(super) struct Side {
    // A std mutex for short sections, never held over an await.
    state: Mutex<State>,
    /// Told when the other side begins or ceases to owe a word.
    turned: Notify,
}

#[derive(Debug, Default)]
struct State {
    next_ping: u64,
    unsent: VecDeque<u64>,
    waiting: Vec<(u64, oneshot::Sender<()>)>,
    driver: Option<Waker>,
    is_closed: bool,
    /// Since when something that wants an answer is under way and nothing,
    /// not even another answer, has come.
    silent_since: Option<Instant>,
    /// Why the carrier failed; HTTP/2 keeps only the kind of an error.
    fault: Option<Error>,
}

impl Side {
    /// Queues a ping; the receiver resolves when its pong arrives.
    ///
    /// # Errors
    /// [`Error::Closed`] after the end, [`Error::TooManyPings`] when
    /// [`PINGS_MAX`] wait already.
    pub(super) fn ask(&self) -> Result<oneshot::Receiver<()>, Error> {
        let mut state = self.lock();
        state.waiting.retain(|(_, answer)| !answer.is_closed());
        if state.is_closed {
            return Err(Error::Closed);
        }
        if state.waiting.len() >= PINGS_MAX {
            return Err(Error::TooManyPings);
        }
        let (answer, answered) = oneshot::channel();
        let id = state.next_ping;
        state.next_ping += 1;
        // Pings whose asker gave up before they were sent fall out here.
        while state.unsent.len() >= PINGS_MAX {
            state.unsent.pop_front();
        }
        state.unsent.push_back(id);
        state.waiting.push((id, answer));
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
        Ok(answered)
    }

    /// Resolves the ping `id`.
    pub(super) fn answer(&self, id: u64) {
        let mut state = self.lock();
        if let Some(at) = state.waiting.iter().position(|(waiting, _)| *waiting == id) {
            // The asker may have given up; then nobody wants the answer.
            let _ = state.waiting.swap_remove(at).1.send(());
        }
    }

    /// Notes that something leaves which the other side will answer.
    pub(super) fn asked(&self, now: Instant) {
        self.begin_silence(&mut self.lock(), now);
    }

    /// Notes that the other side was heard.
    pub(super) fn heard(&self) {
        if self.lock().silent_since.take().is_some() {
            self.turned.notify_waiters();
        }
    }

    /// Waits until the other side has owed a word for so long.
    pub(super) async fn silent_for(&self, limit: Duration) {
        loop {
            let turned = self.turned.notified();
            let since = self.lock().silent_since;
            match since {
                Some(since) if since.elapsed() >= limit => return,
                Some(since) => sleep_until(since + limit).await,
                None => turned.await,
            }
        }
    }

    /// Waits until the other side owes nothing.
    pub(super) async fn heard_again(&self) {
        loop {
            let turned = self.turned.notified();
            if self.lock().silent_since.is_none() {
                return;
            }
            turned.await;
        }
    }

    /// Gives each unsent ping to `send`; wakes `cx` at the next one.
    pub(super) fn take_pings(&self, cx: &Context<'_>, mut send: impl FnMut(u64)) {
        let mut state = self.lock();
        while let Some(id) = state.unsent.pop_front() {
            send(id);
            self.begin_silence(&mut state, Instant::now());
        }
        match &mut state.driver {
            Some(driver) => driver.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    /// Keeps why the carrier failed and returns what HTTP/2 is told.
    pub(super) fn fail(&self, fault: Error) -> io::Error {
        let kind = match &fault {
            Error::Transport(error) => error.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        self.lock().fault.get_or_insert(fault);
        kind.into()
    }

    /// Takes the carrier's fault, if it had one.
    pub(super) fn take_fault(&self) -> Option<Error> {
        self.lock().fault.take()
    }

    /// Ends every waiting ping, and every later one.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.unsent.clear();
        state.waiting.clear();
        state.driver = None;
    }

    /// Tells whether the driver runs.
    pub(super) fn is_live(&self) -> bool {
        !self.lock().is_closed
    }

    fn begin_silence(&self, state: &mut State, now: Instant) {
        if state.silent_since.is_none() {
            state.silent_since = Some(now);
            self.turned.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
