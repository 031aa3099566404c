//! Lines that come and go between two redraws, kept without being drawn.
//!
//! A program that prints faster than anybody looks scrolls most of its lines
//! through the screen unseen. Of many plain lines only the last ones, which
//! stay on the grid, are drawn; those before them become history as they are,
//! because plain lines are what the history's rows are made of.
//!
//! ```text
//! first lines ─ drawn, until the cursor is at the bottom
//! lines       ─ into the history, behind what the grid shows
//! last lines  ─ drawn; what they push off the grid is in the history already
//! ```

use super::emulator::Emulator;
use super::grid::PULLED_ROWS;

/// Fewer bytes are drawn.
pub(super) const MIN_BYTES: usize = 16 << 10;

/// Fewer lines between the first and the last ones are drawn.
const MIN_LINES: usize = 64;

/// What to do with some lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// How many bytes of lines become history at once.
    pub(super) kept: usize,
    /// How many lines these are.
    pub(super) lines: usize,
}

/// Finds the bytes that bring the cursor to the bottom, if they are lines.
pub(super) fn first_lines(emulator: &Emulator, text: &[u8]) -> usize {
    let rows_below = emulator.rows - emulator.buffer().y;
    let mut ends = line_ends(text);
    ends.nth(rows_below).map_or(0, |at| at + 1)
}

/// Plans for lines that begin at the left of the bottom row.
///
/// None when they are too few, not plain, or the terminal is not.
pub(super) fn plan(emulator: &Emulator, text: &[u8]) -> Option<Plan> {
    let (rows, buffer) = (emulator.rows, emulator.buffer());
    if buffer.y + 1 != rows || buffer.x != 0 || !emulator.is_plain() {
        return None;
    }
    let drawn_lines = rows + PULLED_ROWS;
    let kept = text
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(drawn_lines)
        .map(|(at, _)| at + 1)?;
    let lines = line_ends(&text[..kept]).count();
    (lines >= MIN_LINES && are_plain(&text[..kept])).then_some(Plan { kept, lines })
}

fn line_ends(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.iter().enumerate();
    bytes.filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at)
}

/// Whether these are lines of text that end with CR and LF, and no controls.
fn are_plain(lines: &[u8]) -> bool {
    let mut before = b'\n';
    for &byte in lines {
        let fits = match byte {
            b'\n' => before == b'\r',
            b'\r' | b'\t' => before != b'\r',
            0x7f => false,
            // A control of the upper half, in UTF-8.
            0x80..=0x9f if before == 0xc2 => false,
            _ => byte >= 0x20 && before != b'\r',
        };
        if !fits {
            return false;
        }
        before = byte;
    }
    std::str::from_utf8(lines).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_controls_are_not_plain() {
        for text in ["a\r\nb\tc\r\n", "\u{e9}\u{6f22}\r\n", ""] {
            assert!(are_plain(text.as_bytes()), "{text:?}");
        }
        let others: [&[u8]; 7] = [
            b"a\n",
            b"a\rb\r\n",
            b"\x07\r\n",
            b"\x1b[m\r\n",
            b"\x7f\r\n",
            b"\xc2\x9b\r\n",
            b"\xff\r\n",
        ];
        for text in others {
            assert!(!are_plain(text), "{text:?}");
        }
    }
}
