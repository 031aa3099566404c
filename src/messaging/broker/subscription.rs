//! One subscription: a pattern, and the connection that has it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::peer::Peer;

/// One subscription of one connection.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Which subjects.
    pub(super) pattern: Box<[u8]>,
    /// The group, of whose members one receives each message.
    pub(super) queue: Option<Box<[u8]>>,
    /// What its connection calls it.
    pub(super) sid: Box<[u8]>,
    /// Whose it is.
    pub(super) peer: Arc<Peer>,
    /// How many messages were meant for it.
    delivered: AtomicU64,
    /// After how many messages it ends; 0 is never.
    max: AtomicU64,
}

/// Whether a subscription takes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// It does.
    Yes,
    /// It does, and this is its last.
    Last,
    /// It had all that it wanted.
    No,
}

impl Subscription {
    /// Makes one that wants every message.
    pub(super) fn new(pattern: &[u8], queue: Option<&[u8]>, sid: &[u8], peer: Arc<Peer>) -> Self {
        Self {
            pattern: pattern.into(),
            queue: queue.map(Into::into),
            sid: sid.into(),
            peer,
            delivered: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    /// Counts one message.
    pub(super) fn take(&self) -> Take {
        let count = self.delivered.fetch_add(1, Ordering::SeqCst) + 1;
        match self.max.load(Ordering::SeqCst) {
            0 => Take::Yes,
            max if count < max => Take::Yes,
            max if count == max => Take::Last,
            _ => Take::No,
        }
    }

    /// Ends it after `max` messages in all; says whether it had them already.
    pub(super) fn end_after(&self, max: u64) -> bool {
        self.max.store(max, Ordering::SeqCst);
        self.delivered.load(Ordering::SeqCst) >= max
    }

    /// A subscription of nobody.
    #[cfg(test)]
    pub(super) fn for_tests(pattern: &[u8], queue: Option<Box<[u8]>>) -> Self {
        let peer = Arc::new(Peer::new(1));
        Self::new(pattern, queue.as_deref(), b"1", peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_the_last() {
        let one = Subscription::for_tests(b"a", None);
        assert_eq!(one.take(), Take::Yes);
        assert!(!one.end_after(3));
        let rest = [one.take(), one.take(), one.take()];
        assert_eq!(rest, [Take::Yes, Take::Last, Take::No]);
        assert!(one.end_after(3));
    }
}
