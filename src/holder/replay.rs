//! What draws a terminal before live output, in frames.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ring::CHUNK_BYTES;
use super::screen::Block;
use super::terminal::State;
use crate::protocol::terminal::Frame;

/// Swallows the rest of a sequence of which the ring has forgotten the
/// beginning: a command that no terminal knows, ended by what ends that one.
const SWALLOW: &[u8] = b"\x1b]7338;";

/// A redraw on its way to one client.
#[derive(Debug)]
pub(super) struct Replay {
    /// Rows above the screen that are still packed.
    blocks: VecDeque<Arc<Block>>,
    /// What follows them.
    rest: Option<Vec<u8>>,
    /// What is being sent, and how much of it was.
    piece: Vec<u8>,
    sent: usize,
    has_begun: bool,
    is_whole: bool,
    seq: u64,
}

impl Replay {
    /// Draws the screen as it is now.
    pub(super) fn of_screen(state: &mut State) -> Self {
        state.catch_up();
        let redraw = state.screen.redraw();
        Self::new(state, VecDeque::new(), redraw, false)
    }

    /// Draws everything that is remembered, the screen last.
    pub(super) fn of_all(state: &mut State) -> Self {
        state.catch_up();
        let whole = state.screen.redraw_whole();
        Self::new(state, whole.blocks.into(), whole.rest, true)
    }

    fn new(state: &State, blocks: VecDeque<Arc<Block>>, mut rest: Vec<u8>, is_whole: bool) -> Self {
        let position = state.screen.position();
        let seq = if state.ring.holds(position) {
            position
        } else {
            rest.extend_from_slice(SWALLOW);
            state.screen.fed()
        };
        Self {
            blocks,
            rest: Some(rest),
            piece: Vec::new(),
            sent: 0,
            has_begun: false,
            is_whole,
            seq,
        }
    }

    /// Where live output continues.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Takes the next chunk; the flag tells whether it is the last.
    pub(super) fn next_chunk(&mut self) -> (Frame, bool) {
        if self.sent == self.piece.len() {
            let block = self.blocks.pop_front().map(|block| block.unpack());
            self.piece = block.or_else(|| self.rest.take()).unwrap_or_default();
            self.sent = 0;
        }
        let end = self.piece.len().min(self.sent + CHUNK_BYTES);
        let bytes = self.piece[self.sent..end].to_vec();
        self.sent = end;
        let last = self.rest.is_none() && end == self.piece.len();
        let frame = Frame::Replay {
            seq: self.seq,
            clear: !self.has_begun,
            last,
            whole: self.is_whole,
            bytes,
        };
        self.has_begun = true;
        (frame, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::pty::Size;

    const SIZE: Size = Size { cols: 80, rows: 24 };

    /// What a replay draws, and the flags of its frames: clear, last, whole.
    fn frames(mut replay: Replay) -> (Vec<u8>, Vec<[bool; 3]>) {
        let (mut drawn, mut flags) = (Vec::new(), Vec::<[bool; 3]>::new());
        while !flags.last().is_some_and(|[_, last, _]| *last) {
            let (frame, is_last) = replay.next_chunk();
            let Frame::Replay {
                clear,
                last,
                whole,
                bytes,
                ..
            } = frame
            else {
                panic!("{frame:?}")
            };
            assert!(last == is_last && bytes.len() <= CHUNK_BYTES);
            drawn.extend(bytes);
            flags.push([clear, last, whole]);
        }
        (drawn, flags)
    }

    #[test]
    fn a_replay_clears_once_and_ends_once() {
        let mut state = State::new(SIZE, 10_000);
        let (drawn, flags) = frames(Replay::of_screen(&mut state));
        assert_eq!(
            (drawn.as_slice(), flags),
            (&b"\x1b[1;1H"[..], vec![[true, true, false]])
        );
        for line in 0..9000 {
            state.print(format!("a line with the number {line}\r\n").as_bytes());
        }
        let (drawn, flags) = frames(Replay::of_all(&mut state));
        assert!(flags.len() > 3);
        assert_eq!(flags.iter().filter(|[clear, ..]| *clear).count(), 1);
        assert!(flags[0][0] && flags.iter().all(|[.., whole]| *whole));
        let text = String::from_utf8(drawn).unwrap();
        let is_line = |line: &&str| line.starts_with("a line");
        assert_eq!(text.lines().filter(is_line).count(), 9000);
    }

    #[test]
    fn live_output_goes_on_where_the_sequence_began() {
        let mut state = State::new(SIZE, 100);
        state.print(b"abc\x1b[3");
        assert_eq!(Replay::of_screen(&mut state).seq(), 3);
        state.print(b"1mred");
        assert_eq!(Replay::of_screen(&mut state).seq(), 11);
        // A picture larger than the ring: its beginning is gone.
        state.print(b"\x1bPq");
        state.print(&vec![b'x'; 3 << 20]);
        let replay = Replay::of_screen(&mut state);
        assert_eq!(replay.seq(), state.ring.end());
        assert!(frames(replay).0.ends_with(SWALLOW));
    }
}
