//! The newest output, and what of it a client that attaches is shown.
//!
//! Positions count bytes since the terminal began. The ring holds the newest
//! [`REPLAY_BYTES`], so a client that was away for less resumes with exactly
//! the bytes that it missed. [`Replay`] is the one place that decides what
//! everybody else is shown: today the ring's newest lines, later a redraw of
//! the parsed screen.

use std::collections::VecDeque;

use crate::protocol::terminal::Frame;

/// The most output that is remembered; older bytes are forgotten.
///
/// It bounds a holder's memory, and how long a client can be away and resume.
pub(super) const REPLAY_BYTES: usize = 1 << 20;

/// The most that a client which fell behind is shown instead of its backlog.
///
/// Smaller than the ring: under a flood the answer to Ctrl-C waits until the
/// browser has drawn this much, at 2 to 3 MB/s.
pub(super) const CATCH_UP_BYTES: usize = 256 << 10;

/// The most bytes of output in one frame; bounds what a key's echo waits for.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

/// How far a replay looks for the beginning of a line.
const LINE_SEARCH_BYTES: usize = 64 << 10;

/// The newest output, at most [`REPLAY_BYTES`], grown as used.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    end: u64,
}

impl Ring {
    /// Appends output, forgetting the oldest beyond the bound.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(REPLAY_BYTES)..];
        let excess = (self.bytes.len() + kept.len()).saturating_sub(REPLAY_BYTES);
        self.bytes.drain(..excess);
        // Doubling, but never beyond the bound, as a plain `extend` might.
        let wanted = (self.bytes.len() + kept.len())
            .next_power_of_two()
            .min(REPLAY_BYTES);
        self.bytes.reserve_exact(wanted - self.bytes.len());
        self.bytes.extend(kept);
    }

    /// The position of the oldest byte that is held.
    pub(super) fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// The position after the newest byte.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Tells whether live output can continue at this position.
    pub(super) fn holds(&self, position: u64) -> bool {
        (self.start()..=self.end).contains(&position)
    }

    /// Copies at most `limit` bytes from a position that is held.
    pub(super) fn copy(&self, from: u64, limit: usize) -> Vec<u8> {
        debug_assert!(self.holds(from), "{from} is not held");
        let skip = usize::try_from(from.saturating_sub(self.start())).unwrap_or(usize::MAX);
        let (head, tail) = self.bytes.as_slices();
        let head_rest = &head[skip.min(head.len())..];
        let tail_rest = &tail[skip.saturating_sub(head.len()).min(tail.len())..];
        let from_head = &head_rest[..limit.min(head_rest.len())];
        let from_tail = &tail_rest[..(limit - from_head.len()).min(tail_rest.len())];
        [from_head, from_tail].concat()
    }
}

/// What is drawn before live output, sent in chunks.
#[derive(Debug)]
pub(super) struct Replay {
    bytes: Vec<u8>,
    sent: usize,
    seq: u64,
}

impl Replay {
    /// Shows the newest output, from the beginning of a line if it was cut.
    pub(super) fn newest(ring: &Ring, limit: usize) -> Self {
        let from = ring.start().max(ring.end().saturating_sub(limit as u64));
        let mut bytes = ring.copy(from, limit);
        if from > 0 {
            bytes.drain(..line_start(&bytes));
        }
        Self {
            bytes,
            sent: 0,
            seq: ring.end(),
        }
    }

    /// Where live output continues.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// How many bytes the client has to draw.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the next chunk; the flag tells whether it is the last.
    pub(super) fn next_chunk(&mut self) -> (Frame, bool) {
        let end = self.bytes.len().min(self.sent + CHUNK_BYTES);
        let clear = self.sent == 0;
        let last = end == self.bytes.len();
        let bytes = self.bytes[self.sent..end].to_vec();
        self.sent = end;
        (
            Frame::Replay {
                seq: self.seq,
                clear,
                last,
                bytes,
            },
            last,
        )
    }
}

/// Finds where the first whole line begins.
///
/// A screen program may print none for long; then the replay begins at a
/// whole character, and an escape sequence that was cut may show as text.
fn line_start(bytes: &[u8]) -> usize {
    let searched = &bytes[..bytes.len().min(LINE_SEARCH_BYTES)];
    let line_end = searched.iter().position(|&byte| byte == b'\n');
    let is_inside_character = |byte: &u8| byte & 0xc0 == 0x80;
    line_end.map_or_else(
        || {
            bytes
                .iter()
                .take(3)
                .take_while(|byte| is_inside_character(byte))
                .count()
        },
        |end| end + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(mut replay: Replay) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let (Frame::Replay { bytes, .. }, last) = replay.next_chunk() else {
                panic!()
            };
            all.extend(bytes);
            if last {
                return all;
            }
        }
    }

    #[test]
    fn the_ring_holds_the_newest_and_counts_all() {
        let mut ring = Ring::default();
        let mut all = Vec::new();
        for n in 0..40_u32 {
            let piece: Vec<u8> = (0..50_000).map(|i| (n * 7 + i) as u8).collect();
            ring.push(&piece);
            all.extend(piece);
            let start = all.len().saturating_sub(REPLAY_BYTES);
            assert_eq!((ring.start(), ring.end()), (start as u64, all.len() as u64));
            let from = start + (all.len() - start) / 3;
            assert_eq!(
                ring.copy(from as u64, 70_000),
                all[from..all.len().min(from + 70_000)]
            );
        }
        ring.push(&vec![1; REPLAY_BYTES * 2]);
        assert_eq!(ring.copy(ring.start(), usize::MAX), vec![1; REPLAY_BYTES]);
        assert_eq!(ring.bytes.capacity(), REPLAY_BYTES);
    }

    #[test]
    fn a_replay_of_everything_is_not_cut() {
        let mut ring = Ring::default();
        ring.push(b"half\nline");
        assert_eq!(drawn(Replay::newest(&ring, REPLAY_BYTES)), b"half\nline");
        assert_eq!(drawn(Replay::newest(&Ring::default(), REPLAY_BYTES)), b"");
    }

    #[test]
    fn a_cut_replay_begins_with_a_line_or_at_least_a_character() {
        let mut ring = Ring::default();
        ring.push(b"first\nsecond\nthird");
        assert_eq!(drawn(Replay::newest(&ring, 10)), b"third");
        let mut ring = Ring::default();
        ring.push("ab€€".as_bytes());
        assert_eq!(drawn(Replay::newest(&ring, 5)), "€".as_bytes());
    }

    #[test]
    fn a_replay_clears_once_and_ends_once() {
        let mut ring = Ring::default();
        ring.push(&vec![b'x'; CHUNK_BYTES * 2 + 1]);
        let mut replay = Replay::newest(&ring, REPLAY_BYTES);
        let mut flags = Vec::new();
        while flags.len() < 3 {
            let (
                Frame::Replay {
                    seq, clear, last, ..
                },
                _,
            ) = replay.next_chunk()
            else {
                panic!()
            };
            assert_eq!(seq, ring.end());
            flags.push((clear, last));
        }
        assert_eq!(flags, [(true, false), (false, false), (false, true)]);
    }
}
