//! What one client is sent next; decides, and does no IO.
//!
//! ```text
//!            resume is held                        acked, and still held
//! attach ──────────────────────▶ live ◀──────────────────────────┐
//!    │                            │  unacknowledged = WINDOW ──▶ waits
//!    │ else                       │                               │ acked, but the
//!    └──────▶ replay ──last──────▶│                               ▼ ring went on
//!                ▲                                             skip the backlog
//!                └─────────────────────────────────────────────────┘
//! ```
//!
//! A replay goes out whole, whatever the window: it is bounded itself, and the
//! client acknowledges it before anything live follows beyond the window.

use super::ring::CATCH_UP_BYTES;
use super::ring::CHUNK_BYTES;
use super::ring::REPLAY_BYTES;
use super::ring::Replay;
use super::ring::Ring;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::WINDOW_BYTES;

/// How far one client is.
#[derive(Debug)]
pub(super) struct Delivery {
    replay: Option<Replay>,
    /// Where live output continues.
    sent: u64,
    /// Acknowledged, or before a replay and so no longer on the way.
    settled: u64,
}

impl Delivery {
    /// Begins after what the client says it has drawn, or with a replay.
    pub(super) fn new(resume: Option<u64>, ring: &Ring) -> Self {
        match resume.filter(|&position| ring.holds(position)) {
            Some(position) => Self {
                replay: None,
                sent: position,
                settled: position,
            },
            None => Self::replaying(Replay::newest(ring, REPLAY_BYTES)),
        }
    }

    fn replaying(replay: Replay) -> Self {
        let sent = replay.seq();
        let settled = sent - replay.len() as u64;
        Self {
            replay: Some(replay),
            sent,
            settled,
        }
    }

    /// Notes that everything below `seq` is drawn; nonsense changes nothing.
    pub(super) fn acknowledge(&mut self, seq: u64) {
        self.settled = self.settled.max(seq.min(self.sent));
    }

    /// Takes what to send now; none when up to date or the window is full.
    pub(super) fn next(&mut self, ring: &Ring) -> Option<Frame> {
        if self.replay.is_none() && self.window() > 0 && !ring.holds(self.sent) {
            *self = Self::replaying(Replay::newest(ring, CATCH_UP_BYTES));
        }
        if let Some(replay) = &mut self.replay {
            let (frame, last) = replay.next_chunk();
            if last {
                self.replay = None;
            }
            return Some(frame);
        }
        let limit = self.window().min(CHUNK_BYTES);
        if limit == 0 || self.sent == ring.end() {
            return None;
        }
        let bytes = ring.copy(self.sent, limit);
        let seq = self.sent;
        self.sent += bytes.len() as u64;
        Some(Frame::Data { seq, bytes })
    }

    /// Tells whether everything was sent, acknowledged or not.
    pub(super) fn is_complete(&self, ring: &Ring) -> bool {
        self.replay.is_none() && self.sent == ring.end()
    }

    /// How many bytes may still go out before an acknowledgement.
    fn window(&self) -> usize {
        let on_the_way = self.sent - self.settled;
        usize::try_from(WINDOW_BYTES.saturating_sub(on_the_way)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(length: usize) -> Ring {
        let mut ring = Ring::default();
        ring.push(&b"0123456789abcde\n".repeat(length / 16));
        ring
    }

    /// Takes all frames and tells bytes of replay and of live output.
    fn take(delivery: &mut Delivery, ring: &Ring) -> (usize, usize) {
        let mut taken = (0, 0);
        while let Some(frame) = delivery.next(ring) {
            match frame {
                Frame::Replay { bytes, .. } => taken.0 += bytes.len(),
                Frame::Data { bytes, .. } => taken.1 += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        taken
    }

    #[test]
    fn a_held_position_resumes_without_a_replay() {
        let ring = ring(1600);
        let mut delivery = Delivery::new(Some(1590), &ring);
        assert_eq!(take(&mut delivery, &ring), (0, 10));
        assert!(delivery.is_complete(&ring));
        let mut delivery = Delivery::new(Some(1600), &ring);
        assert_eq!(delivery.next(&ring), None);
    }

    #[test]
    fn a_position_that_is_not_held_begins_with_a_replay() {
        let ring = ring(REPLAY_BYTES * 2);
        for resume in [None, Some(0), Some(ring.end() + 1)] {
            let mut delivery = Delivery::new(resume, &ring);
            // The first line may be half a line.
            assert_eq!(
                take(&mut delivery, &ring),
                (REPLAY_BYTES - 16, 0),
                "{resume:?}"
            );
        }
    }

    #[test]
    fn a_new_client_of_a_silent_terminal_gets_one_empty_replay() {
        let mut delivery = Delivery::new(None, &Ring::default());
        let replay = Frame::Replay {
            seq: 0,
            clear: true,
            last: true,
            bytes: Vec::new(),
        };
        assert_eq!(delivery.next(&Ring::default()), Some(replay));
        assert_eq!(delivery.next(&Ring::default()), None);
    }

    #[test]
    fn no_more_than_the_window_is_on_the_way() {
        let window = WINDOW_BYTES as usize;
        let ring = ring(REPLAY_BYTES);
        let mut delivery = Delivery::new(Some(0), &ring);
        assert_eq!(take(&mut delivery, &ring), (0, window));
        delivery.acknowledge(u64::MAX);
        delivery.acknowledge(0);
        assert_eq!(take(&mut delivery, &ring), (0, window));
    }

    #[test]
    fn a_client_that_falls_behind_skips_its_backlog() {
        let mut ring = ring(REPLAY_BYTES);
        let mut delivery = Delivery::new(Some(0), &ring);
        take(&mut delivery, &ring);
        ring.push(&vec![b'x'; REPLAY_BYTES * 3]);
        assert_eq!(delivery.next(&ring), None, "nothing before it acknowledges");
        delivery.acknowledge(1000);
        let (replayed, live) = take(&mut delivery, &ring);
        assert_eq!((replayed, live), (CATCH_UP_BYTES, 0));
        assert!(delivery.is_complete(&ring));
    }
}
