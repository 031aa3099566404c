//! Where a connection may answer because it was asked.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How many places are kept for one connection; the one that was used longest
/// ago goes. An answer that so many later ones have overtaken is refused.
const MAX_PLACES: usize = 1 << 16;

/// How long answers may be given after a question, or another answer that was
/// received: a stream goes on as long as somebody listens.
const LIFETIME: Duration = Duration::from_secs(600);

/// The places at which a connection may answer.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// Until when.
    ends: HashMap<Arc<[u8]>, Instant>,
    /// Each of them once, and until when when it came to its place here.
    order: VecDeque<(Arc<[u8]>, Instant)>,
}

impl Replies {
    /// Allows answers at a place from now on.
    pub(super) fn expect(&mut self, place: &[u8]) {
        self.forget_old();
        let end = Instant::now() + LIFETIME;
        if let Some(known) = self.ends.get_mut(place) {
            *known = end;
            return;
        }
        while self.ends.len() == MAX_PLACES {
            self.forget_first();
        }
        let place = Arc::from(place);
        self.ends.insert(Arc::clone(&place), end);
        self.order.push_back((place, end));
    }

    /// Says whether answers are allowed at a place.
    pub(super) fn allow(&mut self, place: &[u8]) -> bool {
        self.forget_old();
        let end = self.ends.get(place);
        end.is_some_and(|end| *end > Instant::now())
    }

    /// Notes that an answer at a place was received.
    pub(super) fn renew(&mut self, place: &[u8]) {
        if let Some(end) = self.ends.get_mut(place) {
            *end = Instant::now() + LIFETIME;
        }
    }

    fn forget_old(&mut self) {
        let now = Instant::now();
        while self.order.front().is_some_and(|(_, end)| *end <= now) {
            self.forget_first();
        }
    }

    /// Forgets the first place, or puts it last if it was used since it came to
    /// its place in the order.
    fn forget_first(&mut self) {
        let Some((place, noted)) = self.order.pop_front() else {
            return;
        };
        match self.ends.get(&place) {
            Some(end) if *end > noted => self.order.push_back((Arc::clone(&place), *end)),
            _ => drop(self.ends.remove(&place)),
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

    #[tokio::test(start_paused = true)]
    async fn a_place_lasts_while_it_is_used_and_takes_one_place() {
        let mut replies = Replies::default();
        replies.expect(b"stream");
        replies.expect(b"other");
        for _ in 0..1000 {
            tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
            assert!(replies.allow(b"stream"));
            replies.renew(b"stream");
            replies.renew(b"never asked");
        }
        assert!(!replies.allow(b"other") && !replies.allow(b"never asked"));
        assert_eq!((replies.ends.len(), replies.order.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_used_again_and_again_displaces_nothing() {
        let mut replies = Replies::default();
        replies.expect(b"kept");
        for _ in 0..2 * MAX_PLACES {
            replies.expect(b"busy");
        }
        assert!(replies.allow(b"kept"));
        // Among very many, what is used stays.
        for place in 0..3 * MAX_PLACES {
            tokio::time::advance(Duration::from_micros(1)).await;
            replies.expect(place.to_string().as_bytes());
            replies.renew(b"busy");
        }
        assert!(!replies.allow(b"kept") && replies.allow(b"busy"));
        assert_eq!(replies.order.len(), MAX_PLACES);
    }
}
