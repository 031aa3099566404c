//! Many answers to one question: what travels, and how much of it at once.
//!
//! ```text
//! asker                                               service
//!   question, reply R, Stream-Window: 262144    ──▶
//!                                               ◀──  part to R, reply S
//!                                               ◀──  part to R, reply S
//!   `2` to S: so many parts have been taken     ──▶
//!                                               ◀──  `{}` to R, reply S, Stream-Keep-Alive: 30
//!   `2` to S: still here                        ──▶
//!                                               ◀──  empty to R: the end; with an error's headers, why
//!
//!   empty to S, at any time: stop               ──▶
//!                                               ◀──  empty to R
//! ```
//!
//! What has a reply subject is a part, what has none is the last: a whole answer
//! of one message, or the end. No part is empty, so that clients which wait for
//! an empty message, as those of NATS can, need not know of reply subjects.
//!
//! **Keep-alive.** Where nothing else was sent for [`KEEP_ALIVE`], a message with
//! the header [`KEEP_ALIVE_HEADER`] is: its value is after how many seconds the
//! next thing comes at the latest. It is no part and is not counted. To a client
//! that does not look at headers it is a part of JSON that says nothing.
//!
//! **Who is gone.** Whatever a service sends names its own subject S, where the
//! broker says 503 when nobody listens at R any more: with the next part, or the
//! next keep-alive. An asker that hears nothing for longer than a keep-alive may
//! give up.
//!
//! **How much at once.** An asker that names a window acknowledges: it says at S
//! how many parts it has taken, at the latest when half of the window is taken.
//! A part counts as its bytes and [`PART_BYTES`]. While as much as the window is
//! on the way, the service sends no further part, and asks its source for none;
//! other streams do not notice. An asker that names none is sent everything at
//! once, and is cut off by its broker like everybody who reads too slowly.

use std::collections::VecDeque;
use std::time::Duration;

use super::message::Headers;

/// The header by which an asker promises to acknowledge, in bytes.
pub const WINDOW_HEADER: &str = "Stream-Window";

/// The header of a keep-alive, in seconds.
pub const KEEP_ALIVE_HEADER: &str = "Stream-Keep-Alive";

/// What a keep-alive carries.
pub const KEEP_ALIVE_PAYLOAD: &[u8] = b"{}";

/// How long a stream is silent at most. Those who have gone hold their place at
/// the service for so long.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long an asker waits who knows no better: a keep-alive, and a slow link.
pub const SILENCE: Duration = Duration::from_secs(45);

/// The window of our own askers: what fills 50 ms of a link of 5 MB/s.
pub const WINDOW: usize = 256 << 10;

/// The largest window; an asker that wants more is refused.
pub const MAX_WINDOW: usize = 1 << 20;

/// What a part takes besides its bytes, so that many small ones are bounded too.
pub const PART_BYTES: usize = 256;

/// How many parts of one stream may wait for whoever asked.
pub(super) const MAX_WAITING: usize = 2 * WINDOW / PART_BYTES;

/// Reads the window that a question names; `Some(None)` when it names none, and
/// `None` when it is no window.
pub(super) fn window_of(headers: &Headers) -> Option<Option<usize>> {
    let Some(text) = headers.get(WINDOW_HEADER) else {
        return Some(None);
    };
    let window = text.parse().ok();
    window
        .filter(|window| (1..=MAX_WINDOW).contains(window))
        .map(Some)
}

/// What of a stream is on its way, at the service.
#[derive(Debug)]
pub(super) struct OnTheWay {
    window: Option<usize>,
    /// The sizes of the parts that are not acknowledged.
    sizes: VecDeque<usize>,
    bytes: usize,
    acknowledged: u64,
}

impl OnTheWay {
    /// Begins with nothing; without a window there is always room.
    pub(super) fn new(window: Option<usize>) -> Self {
        Self {
            window,
            sizes: VecDeque::new(),
            bytes: 0,
            acknowledged: 0,
        }
    }

    /// Says whether another part may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.window.is_none_or(|window| self.bytes < window)
    }

    /// Notes a part of that many bytes.
    pub(super) fn sent(&mut self, bytes: usize) {
        if self.window.is_some() {
            self.sizes.push_back(bytes + PART_BYTES);
            self.bytes += bytes + PART_BYTES;
        }
    }

    /// Notes how many parts were taken, since the first; one who says more than
    /// he was sent has taken all.
    pub(super) fn taken(&mut self, count: u64) {
        while self.acknowledged < count
            && let Some(bytes) = self.sizes.pop_front()
        {
            self.bytes -= bytes;
            self.acknowledged += 1;
        }
    }
}

/// What of a stream was taken, at the asker.
#[derive(Debug, Default)]
pub(super) struct Taken {
    count: u64,
    /// Since the last acknowledgement.
    bytes: usize,
}

impl Taken {
    /// Notes a part of that many bytes.
    pub(super) fn part(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes + PART_BYTES;
    }

    /// Returns what is to be acknowledged, if it is time.
    pub(super) fn due(&self) -> Option<String> {
        (self.bytes >= WINDOW / 2).then(|| self.words())
    }

    /// Returns what an acknowledgement says.
    pub(super) fn words(&self) -> String {
        self.count.to_string()
    }

    /// Notes that it was said.
    pub(super) fn said(&mut self) {
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_number_within_bounds() {
        let named = |text: &str| window_of(&Headers::default().with(WINDOW_HEADER, text));
        assert_eq!(window_of(&Headers::default()), Some(None));
        assert_eq!(named("1"), Some(Some(1)));
        assert_eq!(named("1048576"), Some(Some(MAX_WINDOW)));
        for bad in ["", "0", "-1", "1048577", "99999999999999999999", "many"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }

    #[test]
    fn whoever_follows_the_rule_never_waits_for_the_other() {
        for sizes in [
            vec![1],
            vec![WINDOW / 2 - PART_BYTES - 1, WINDOW],
            vec![4 << 20, 1],
        ] {
            let (mut way, mut taken) = (OnTheWay::new(Some(WINDOW)), Taken::default());
            for bytes in sizes.iter().cycle().take(10_000) {
                assert!(way.has_room(), "{sizes:?}");
                way.sent(*bytes);
                taken.part(*bytes);
                if let Some(words) = taken.due() {
                    way.taken(words.parse().unwrap());
                    taken.said();
                }
            }
        }
    }

    #[test]
    fn nothing_more_is_sent_than_the_window_and_one_part() {
        let mut way = OnTheWay::new(Some(1000));
        let mut count = 0;
        while way.has_room() {
            way.sent(0);
            count += 1;
        }
        assert_eq!(count, 4);
        way.taken(1);
        assert!(way.has_room());
        way.taken(u64::MAX);
        assert_eq!((way.bytes, way.sizes.len()), (0, 0));
    }
}
