//! What a terminal shows, kept so that it can be drawn again exactly.
//!
//! ```text
//! bytes ─▶ vte (parser) ─▶ emulator ─┬─▶ grid: cells, cursor, margins, tabs, both screens
//!                                    ├─▶ glyphs, styles: what a cell's numbers stand for
//!                                    ├─▶ modes: mouse, paste, title, colours, …
//!                                    └─▶ history: rows that left the grid, packed
//! redraw ◀── rows from the cells, then what is beside them, then the modes
//! ```
//!
//! # Decisions
//!
//! - **The reader is xterm.js**, so it decides where terminals differ: emulator
//!   and [`grid`] do what its `InputHandler` and its buffers do. What a page
//!   shows that was always there, and what one shows that was drawn again, are
//!   the same; random sessions compare the two (`tests::random`). Invalid bytes
//!   are dropped as it drops them.
//! - **What `CSI 2 J` erases becomes history**, up to the last row that
//!   something was written to; the page does the same, with xterm.js's own
//!   scrolling (`src/web/app/src/view/terminal-erase.ts`).
//! - **A saved cursor stays with its text** when rows scroll off the top, as in
//!   xterm.js, until the page keeps no more of them.
//! - **A new size draws every page anew**, so that what a page would hide then
//!   (cells that were cut off, rows above its screen) is gone here too.
//! - **Blank is not space.** A cell that was never written, or was erased, is
//!   skipped with the cursor, so that copied text has no trailing spaces and a
//!   narrower window reflows well.
//! - **A redraw ends between sequences.** [`Screen::position`] is the last
//!   place where no escape sequence and no character was under way; live bytes
//!   go on from there, and the half that was known comes again.
//! - **Rows above the screen** leave the grid for the packed history, but for
//!   the newest 128, which a window that grows pulls down again.
//!
//! # Limits
//!
//! Not redrawn: pictures (sixel, iTerm); synchronized output (`CSI ? 2026 h`),
//! so that a page shows at once what there is; what a mark would join, or be
//! repeated, that comes as the first byte after a redraw. A charset that was
//! restored with the cursor, once another cursor was saved, becomes its place's.
//! The second half of a wide character that stands alone, and blanks that show
//! an attribute, become spaces; the first half is drawn in the last columns of
//! the screen only.
//!
//! Not kept: links of more than 4 KiB, more than 128 bytes of marks in one cell,
//! rows that a character repeated more than 4096 times scrolls by. Not read as
//! xterm.js reads them: controls of the upper half that begin a sequence (U+009B),
//! and sequences that are not well formed. A line of which rows have left the grid
//! becomes two when the width changes. With wrapping off, a joiner behind a wide
//! character that did not fit widens the cell before it in the page alone. A first
//! row that goes on a line of the history is drawn as the beginning of one, unless
//! the history is drawn too.

mod answers;
mod charset;
mod cursor;
mod emulator;
mod erase;
mod flood;
mod glyphs;
mod grid;
mod history;
mod modes;
mod paint;
mod perform;
mod print;
mod redraw;
mod row;
mod style;
mod styles;
mod text;
mod width;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::RangeBounds;
use std::sync::Arc;

use self::emulator::Emulator;
use self::emulator::MAX_COMMAND_BYTES;
use self::grid::Line;
pub(super) use self::history::Block;
pub(super) use self::history::DEFAULT_ROWS;
use self::history::History;
use self::row::RowEnd;
use super::capture::Capture;
use super::capture::Extent;
use crate::sys::pty::Size;

/// Begins every escape sequence.
const ESC: u8 = 0x1b;

/// How many answers are kept, the newest ones.
const MAX_ANSWERS: usize = 64;

/// A terminal's screens, modes and history.
pub(super) struct Screen {
    parser: vte::Parser<MAX_COMMAND_BYTES>,
    emulator: Emulator,
    /// How many bytes were fed.
    fed: u64,
    /// Where the sequence began that is under way.
    open: Option<u64>,
    /// The beginning of a character whose other bytes are still to come.
    partial: Vec<u8>,
    /// What it would answer to what was asked.
    answers: VecDeque<Answer>,
}

/// The answer to one query of the program.
#[derive(Debug)]
struct Answer {
    /// The position behind the query.
    asked: u64,
    bytes: Vec<u8>,
}

/// A whole terminal, oldest row first: packed rows, then bytes as they are.
pub(super) struct Whole {
    pub(super) blocks: Vec<Arc<Block>>,
    pub(super) rest: Vec<u8>,
}

impl Screen {
    /// Makes an empty screen that remembers so many rows above it.
    pub(super) fn new(size: Size, history_rows: usize) -> Self {
        Self {
            parser: vte::Parser::new_with_size(),
            emulator: Emulator::new(size, History::new(history_rows)),
            fed: 0,
            open: None,
            partial: Vec::new(),
            answers: VecDeque::new(),
        }
    }

    /// Draws what the program printed.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !self.partial.is_empty() && !rest.is_empty() {
            self.partial.push(rest[0]);
            rest = &rest[1..];
            self.feed_partial();
        }
        while !rest.is_empty() {
            let (text, invalid) = match std::str::from_utf8(rest) {
                Ok(text) => (text.len(), 0),
                Err(error) => {
                    let text = error.valid_up_to();
                    // Unfinished, if it is not invalid.
                    let invalid = error.error_len().unwrap_or(0);
                    (text, invalid)
                }
            };
            self.feed_text(&rest[..text]);
            if invalid == 0 {
                self.partial.extend_from_slice(&rest[text..]);
                self.fed += self.partial.len() as u64;
                return;
            }
            self.fed += invalid as u64;
            rest = &rest[text + invalid..];
        }
    }

    /// Draws the character that was cut in two, once it is whole.
    ///
    /// Of bytes that are none, the first is dropped, as the page drops it.
    fn feed_partial(&mut self) {
        self.fed += 1;
        let character = std::mem::take(&mut self.partial);
        match std::str::from_utf8(&character) {
            Ok(_) => {
                self.fed -= character.len() as u64;
                self.feed_text(&character);
            }
            Err(error) if error.error_len().is_none() => self.partial = character,
            Err(error) => {
                let dropped = error.error_len().unwrap_or(1);
                let again = character[dropped..].to_vec();
                self.fed -= again.len() as u64;
                self.feed(&again);
            }
        }
    }

    /// Draws text that is whole.
    fn feed_text(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(&first) = rest.first() {
            let length = next_escape(&rest[1..]).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(length);
            if first == ESC && self.open.is_none() {
                self.open = Some(self.fed);
            }
            self.emulator.is_between = false;
            if self.open.is_none() && length >= flood::MIN_BYTES {
                self.feed_flood(piece);
            } else {
                self.feed_piece(piece);
            }
            if self.emulator.is_between {
                self.open = None;
            }
            self.emulator.tidy();
            self.fed += length as u64;
            rest = after;
        }
    }

    /// Draws at most one escape sequence and text; notes where queries end.
    fn feed_piece(&mut self, piece: &[u8]) {
        let mut done = 0;
        while done < piece.len() {
            let rest = &piece[done..];
            done += self
                .parser
                .advance_until_terminated(&mut self.emulator, rest);
            let bytes = std::mem::take(&mut self.emulator.answer);
            if bytes.is_empty() {
                continue;
            }
            if self.answers.len() == MAX_ANSWERS {
                self.answers.pop_front();
            }
            let asked = self.fed + done as u64;
            self.answers.push_back(Answer { asked, bytes });
        }
    }

    /// Draws text without escape sequences, as far as it will be seen.
    fn feed_flood(&mut self, text: &[u8]) {
        let (first, rest) = text.split_at(flood::first_lines(&self.emulator, text));
        self.parser.advance(&mut self.emulator, first);
        let rest = match flood::plan(&self.emulator, rest) {
            Some(plan) => {
                let (kept, drawn) = rest.split_at(plan.kept);
                self.emulator.push_lines(kept, plan.lines);
                drawn
            }
            None => rest,
        };
        self.parser.advance(&mut self.emulator, rest);
    }

    /// How many bytes were fed.
    pub(super) fn fed(&self) -> u64 {
        self.fed
    }

    /// Where live output goes on after a redraw.
    pub(super) fn position(&self) -> u64 {
        let partial = self.partial.len() as u64;
        self.open.unwrap_or(self.fed - partial)
    }

    /// Changes the size.
    pub(super) fn resize(&mut self, size: Size) {
        self.emulator.resize(size);
    }

    /// The bytes that draw it in a terminal of its size that was just reset.
    pub(super) fn redraw(&self) -> Vec<u8> {
        redraw::screen(&self.emulator)
    }

    /// The same with everything above the screen, as far as it is remembered.
    pub(super) fn redraw_whole(&self) -> Whole {
        let (blocks, fresh) = self.emulator.history.parts();
        let mut rest = fresh.to_vec();
        let end = self.draw_rows_above(&mut rest);
        if blocks.is_empty() && rest.is_empty() {
            rest = redraw::screen(&self.emulator);
        } else {
            rest.extend(redraw::screen_below(&self.emulator, end));
        }
        Whole { blocks, rest }
    }

    /// The bytes that paint it in a window of another size, over what is there.
    pub(super) fn paint_rows(&self, window: Size) -> Vec<u8> {
        paint::rows(&self.emulator, window)
    }

    /// The bytes that put the cursor there, after [`Self::paint_rows`].
    pub(super) fn paint_cursor(&self, window: Size) -> Vec<u8> {
        paint::cursor(&self.emulator, window)
    }

    /// The bytes that set, where nothing is set, what keys and mouse say.
    pub(super) fn paint_modes(&self) -> Vec<u8> {
        paint::modes(&self.emulator)
    }

    /// Says whether the program has changed the terminal's colours.
    pub(super) fn has_colors(&self) -> bool {
        self.emulator.modes.has_colors()
    }

    /// Says whether it shows the alternate screen.
    pub(super) fn is_alternate(&self) -> bool {
        self.emulator.is_alternate()
    }

    /// What the program calls its terminal (OSC 0 or 2).
    pub(super) fn title(&self) -> Option<&str> {
        self.emulator.modes.title()
    }

    /// Where the program says it works (OSC 7).
    pub(super) fn cwd(&self) -> Option<&str> {
        self.emulator.modes.cwd()
    }

    /// Takes the answers to what the program asked its terminal, if the query
    /// ends at one of these positions.
    pub(super) fn take_answers(&mut self, asked: impl RangeBounds<u64>) -> Vec<u8> {
        let mut taken = Vec::new();
        self.answers.retain(|answer| {
            let is_taken = asked.contains(&answer.asked);
            if is_taken {
                taken.extend_from_slice(&answer.bytes);
            }
            !is_taken
        });
        taken
    }

    /// What it shows, as text.
    pub(super) fn capture(&self, extent: Extent) -> Capture {
        let mut lines = match extent {
            Extent::Screen => Vec::new(),
            Extent::Everything => self.lines_above(),
        };
        let buffer = self.emulator.buffer();
        lines.extend(buffer.visible().map(|line| self.row(line)));
        let Emulator { cols, rows, .. } = self.emulator;
        let number = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        Capture {
            lines,
            cols: number(cols),
            rows: number(rows),
            cursor: (number(buffer.x.min(cols - 1)), number(buffer.y)),
        }
    }

    fn lines_above(&self) -> Vec<String> {
        let Whole { blocks, .. } = self.redraw_whole();
        let mut text = text::Plain::default();
        for block in blocks {
            text.read(&block.unpack());
        }
        text.read(self.emulator.history.parts().1);
        let mut above = Vec::new();
        self.draw_rows_above(&mut above);
        text.read(&above);
        text.into_lines()
    }

    /// Draws the rows that the grid keeps above the screen, below the history.
    fn draw_rows_above(&self, out: &mut Vec<u8>) -> RowEnd {
        let Emulator {
            tables, history, ..
        } = &self.emulator;
        let primary = self.emulator.primary();
        let lines = primary.first(primary.rows_above());
        lines.fold(history.end(), |end, rows| {
            redraw::history_row(rows, end, tables, out)
        })
    }

    fn row(&self, line: &Line) -> String {
        let mut row = String::new();
        let cells = line.cells().iter().take(self.emulator.cols);
        for (at, cell) in cells.enumerate() {
            if !(cell.is_second() && at > 0 && line.width(at - 1) == 2) {
                self.emulator.tables.glyphs.push(cell.glyph(), &mut row);
            }
        }
        row.trim_end().to_owned()
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("fed", &self.fed)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

fn next_escape(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == ESC)
}
