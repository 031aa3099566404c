//! Where a connection may answer because it was asked.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How many places are kept for one connection; the oldest goes. An answer that
/// so many later questions have overtaken is refused.
const MAX_PLACES: usize = 1 << 16;

/// How long answers may be given, as many as wanted.
const LIFETIME: Duration = Duration::from_secs(600);

/// The places at which a connection may answer.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// Until when.
    ends: HashMap<Arc<[u8]>, Instant>,
    /// The same in the order in which they end.
    order: VecDeque<(Arc<[u8]>, Instant)>,
}

impl Replies {
    /// Allows answers at a place from now on.
    pub(super) fn expect(&mut self, place: &[u8]) {
        self.forget_old();
        if self.order.len() == MAX_PLACES {
            self.forget_first();
        }
        let (place, end) = (Arc::from(place), Instant::now() + LIFETIME);
        self.ends.insert(Arc::clone(&place), end);
        self.order.push_back((place, end));
    }

    /// Says whether answers are allowed at a place.
    pub(super) fn allow(&mut self, place: &[u8]) -> bool {
        self.forget_old();
        self.ends.contains_key(place)
    }

    fn forget_old(&mut self) {
        let now = Instant::now();
        while self.order.front().is_some_and(|(_, end)| *end <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        // A place that was named again since ends later.
        if let Some((place, end)) = self.order.pop_front()
            && self.ends.get(&place) == Some(&end)
        {
            self.ends.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_place_lasts_ten_minutes_since_it_was_named_last() {
        let mut replies = Replies::default();
        replies.expect(b"a");
        tokio::time::advance(LIFETIME / 2).await;
        replies.expect(b"a");
        replies.expect(b"b");
        tokio::time::advance(LIFETIME / 2).await;
        assert!(replies.allow(b"a") && replies.allow(b"b") && !replies.allow(b"c"));
        tokio::time::advance(LIFETIME / 2).await;
        assert!(!replies.allow(b"a") && !replies.allow(b"b"));
        assert!(replies.ends.is_empty() && replies.order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_place_goes_when_there_are_too_many() {
        let mut replies = Replies::default();
        for place in 0..=MAX_PLACES {
            replies.expect(place.to_string().as_bytes());
        }
        assert!(!replies.allow(b"0") && replies.allow(b"1"));
        assert_eq!(replies.ends.len(), MAX_PLACES);
    }
}
