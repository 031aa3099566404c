//! What waits to be written to one connection.
//!
//! ```text
//!   push ──> pending ── take ──> (being written) ──> the carrier
//! ```
//!
//! Whoever publishes only appends here; the connection's own task writes. What
//! waits is bounded by bytes: one who reads too slowly loses all that waits, is
//! told so, and is cut off. While much waits for one who does read, publishers
//! wait a moment, so that a burst cuts nobody off; for one who does not read,
//! they never wait.

use std::mem;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::messaging::ending::Ending;

/// How many bytes may wait for one connection, those being written included; as
/// with `nats-server`. The buffers that hold them may be twice as large.
pub(super) const MAX_PENDING_BYTES: usize = 64 << 20;

/// One that took no byte for so long does not read.
const READS: Duration = Duration::from_secs(2);

/// A buffer that grew beyond this is given back when it has been written.
const KEPT_BYTES: usize = 64 << 10;

/// The bytes that wait for one connection.
#[derive(Debug)]
pub(super) struct Outbox {
    /// For short sections; never held over an await.
    waiting: Mutex<Waiting>,
    filled: Notify,
    drained: Notify,
    ended: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    pending: Vec<u8>,
    /// Taken, and not written yet.
    taken: usize,
    /// When bytes were written last.
    written_at: Option<Instant>,
    /// Whether the writer sleeps and must be woken.
    is_writer_idle: bool,
    /// Why the connection ends when what is pending has been written.
    ending: Option<Ending>,
}

/// What became of bytes that were pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// They wait; the writer is awake.
    Queued,
    /// The same, and more waits than should.
    Crowded,
    /// They wait; whoever pushed wakes the writer when he is done.
    Wake,
    /// Nobody takes them: the connection is ending.
    Refused,
    /// They were too many: all that waited is lost, and the connection ends.
    Overflowed,
}

/// What the writer is to do next.
pub(super) enum Next {
    /// Write these bytes.
    Write {
        /// Whole lines and messages.
        bytes: Vec<u8>,
        /// Why nothing follows; `None` when something may.
        ending: Option<Ending>,
    },
    /// Sleep until [`Outbox::filled`].
    Sleep,
}

impl Outbox {
    /// Makes an empty one that holds at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            ended: Notify::new(),
            limit,
        }
    }

    /// Appends what `write` writes: whole lines or messages.
    pub(super) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) -> Pushed {
        let mut waiting = self.lock();
        if waiting.ending.is_some() {
            return Pushed::Refused;
        }
        write(&mut waiting.pending);
        if waiting.pending.len() + waiting.taken > self.limit {
            waiting.pending = Ending::Slow.line().into_bytes();
            waiting.ending = Some(Ending::Slow);
            drop(waiting);
            self.ended.notify_one();
            self.wake();
            return Pushed::Overflowed;
        }
        if mem::take(&mut waiting.is_writer_idle) {
            Pushed::Wake
        } else if self.is_crowded(&waiting) {
            Pushed::Crowded
        } else {
            Pushed::Queued
        }
    }

    /// Appends the last words and ends the connection when they are written.
    pub(super) fn close(&self, ending: Ending) {
        let mut waiting = self.lock();
        if waiting.ending.is_none() {
            waiting.pending.extend_from_slice(ending.line().as_bytes());
            waiting.ending = Some(ending);
        }
        drop(waiting);
        self.ended.notify_one();
        self.wake();
    }

    /// Notes that so many of the bytes that were taken have been written.
    pub(super) fn wrote(&self, length: usize) {
        let mut waiting = self.lock();
        waiting.taken -= length;
        waiting.written_at = Some(Instant::now());
        if !self.is_crowded(&waiting) {
            drop(waiting);
            self.drained.notify_waiters();
        }
    }

    /// Waits until no longer half of what may wait does, or it is seen that the
    /// connection reads nothing.
    pub(super) async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            let waiting_at = {
                let waiting = self.lock();
                let is_over = !self.is_crowded(&waiting) || waiting.ending.is_some();
                waiting.written_at.filter(|_| !is_over)
            };
            match waiting_at.and_then(|at| READS.checked_sub(at.elapsed())) {
                Some(left) => drop(timeout(left, drained).await),
                None => return,
            }
        }
    }

    /// Says whether nothing more is taken.
    pub(super) fn is_ending(&self) -> bool {
        self.lock().ending.is_some()
    }

    /// Waits until nothing more is taken.
    pub(super) async fn ended(&self) {
        while !self.is_ending() {
            self.ended.notified().await;
        }
    }

    /// Lets go of all that waits; nothing is taken any more.
    pub(super) fn discard(&self) {
        let mut waiting = self.lock();
        waiting.pending = Vec::new();
        waiting.ending.get_or_insert(Ending::Gone);
        drop(waiting);
        self.drained.notify_waiters();
    }

    fn is_crowded(&self, waiting: &Waiting) -> bool {
        waiting.pending.len() + waiting.taken > self.limit / 2
    }

    /// Wakes the writer.
    pub(super) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Waits until the writer is woken.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes all that waits; `written` is the buffer of last time, done with.
    pub(super) fn take(&self, mut written: Vec<u8>) -> Next {
        let mut waiting = self.lock();
        if waiting.pending.is_empty() && waiting.ending.is_none() {
            waiting.taken = 0;
            waiting.is_writer_idle = true;
            return Next::Sleep;
        }
        written.clear();
        if written.capacity() > KEPT_BYTES {
            written = Vec::new();
        }
        let bytes = mem::replace(&mut waiting.pending, written);
        waiting.taken = bytes.len();
        Next::Write {
            bytes,
            ending: waiting.ending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outbox: &Outbox, text: &str) -> Pushed {
        outbox.push(|bytes| bytes.extend_from_slice(text.as_bytes()))
    }

    fn taken(outbox: &Outbox) -> Option<(String, Option<Ending>)> {
        match outbox.take(Vec::new()) {
            Next::Write { bytes, ending } => Some((String::from_utf8(bytes).unwrap(), ending)),
            Next::Sleep => None,
        }
    }

    #[test]
    fn what_is_pushed_is_taken_once_and_in_order() {
        let outbox = Outbox::new(100);
        assert_eq!(taken(&outbox), None);
        assert_eq!(push(&outbox, "a"), Pushed::Wake);
        assert_eq!(push(&outbox, "b"), Pushed::Queued);
        assert_eq!(taken(&outbox), Some(("ab".into(), None)));
        assert_eq!(taken(&outbox), None);
    }

    #[test]
    fn too_many_bytes_are_lost_and_the_slow_one_is_told() {
        let outbox = Outbox::new(4);
        push(&outbox, "abc");
        assert_eq!(taken(&outbox), Some(("abc".into(), None)));
        assert_eq!(push(&outbox, "d"), Pushed::Crowded);
        assert_eq!(push(&outbox, "e"), Pushed::Overflowed);
        assert_eq!(push(&outbox, "f"), Pushed::Refused);
        assert_eq!(
            taken(&outbox),
            Some(("-ERR 'Slow Consumer'\r\n".into(), Some(Ending::Slow)))
        );
    }

    #[test]
    fn last_words_come_behind_what_waits() {
        let outbox = Outbox::new(100);
        push(&outbox, "a");
        outbox.close(Ending::Stale);
        outbox.close(Ending::Gone);
        assert_eq!(push(&outbox, "b"), Pushed::Refused);
        assert_eq!(
            taken(&outbox),
            Some(("a-ERR 'Stale Connection'\r\n".into(), Some(Ending::Stale)))
        );
    }
}
