//! The newest output, as the program printed it.
//!
//! Positions count bytes since the terminal began. The ring holds the newest
//! [`RING_BYTES`], so a client that was away for less resumes with exactly the
//! bytes that it missed.

use std::collections::VecDeque;

/// The most output that is remembered; older bytes are forgotten.
///
/// It bounds a holder's memory, and how long a client can be away and resume.
pub(super) const RING_BYTES: usize = 2 << 20;

/// The most bytes of output in one frame; bounds what a key's echo waits for.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

/// The newest output, at most [`RING_BYTES`], grown as used.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    end: u64,
}

impl Ring {
    /// Appends output, forgetting the oldest beyond the bound.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(RING_BYTES)..];
        let excess = (self.bytes.len() + kept.len()).saturating_sub(RING_BYTES);
        self.bytes.drain(..excess);
        // Doubling, but never beyond the bound, as a plain `extend` might.
        let wanted = (self.bytes.len() + kept.len())
            .next_power_of_two()
            .min(RING_BYTES);
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

    /// Tells whether so many bytes can come without what follows `position`
    /// being forgotten.
    pub(super) fn has_room(&self, position: u64, length: usize) -> bool {
        self.end - position + length as u64 <= RING_BYTES as u64
    }

    /// What follows a position that is held.
    pub(super) fn slices(&self, from: u64) -> [&[u8]; 2] {
        debug_assert!(self.holds(from), "{from} is not held");
        let skip = usize::try_from(from.saturating_sub(self.start())).unwrap_or(usize::MAX);
        let (head, tail) = self.bytes.as_slices();
        [
            &head[skip.min(head.len())..],
            &tail[skip.saturating_sub(head.len()).min(tail.len())..],
        ]
    }

    /// Copies at most `limit` bytes from a position that is held.
    pub(super) fn copy(&self, from: u64, limit: usize) -> Vec<u8> {
        let [head_rest, tail_rest] = self.slices(from);
        let from_head = &head_rest[..limit.min(head_rest.len())];
        let from_tail = &tail_rest[..(limit - from_head.len()).min(tail_rest.len())];
        [from_head, from_tail].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_holds_the_newest_and_counts_all() {
        let mut ring = Ring::default();
        let mut all = Vec::new();
        for n in 0..40_u32 {
            let piece: Vec<u8> = (0..50_000).map(|i| (n * 7 + i) as u8).collect();
            ring.push(&piece);
            all.extend(piece);
            let start = all.len().saturating_sub(RING_BYTES);
            assert_eq!((ring.start(), ring.end()), (start as u64, all.len() as u64));
            let from = start + (all.len() - start) / 3;
            assert_eq!(
                ring.copy(from as u64, 70_000),
                all[from..all.len().min(from + 70_000)]
            );
        }
        ring.push(&vec![1; RING_BYTES * 2]);
        assert_eq!(ring.copy(ring.start(), usize::MAX), vec![1; RING_BYTES]);
        assert_eq!(ring.bytes.capacity(), RING_BYTES);
    }
}
