//! What a terminal shows, kept so that it can be drawn again exactly.
//!
//! ```text
//! bytes ─▶ vte (parser) ─▶ emulator ─┬─▶ avt's grid: cells, cursor, margins, wrap, both screens
//!                                    ├─▶ glyphs, styles: what a cell's char and colour stand for
//!                                    ├─▶ modes: mouse, paste, title, colours, … that avt drops
//!                                    └─▶ history: rows that left the grid, packed
//! redraw ◀── rows from the cells, the rest from avt's dump, then the modes
//! ```
//!
//! # Decisions
//!
//! - **avt is the grid and no more.** It moves, scrolls, wraps and reflows
//!   cells. What a cell shows is ours: its `char` may be a stand-in for a
//!   cluster ([`glyphs`]), its foreground is the number of a style with every
//!   attribute that xterm.js knows ([`style`]). So nothing that a program can
//!   set is lost to a smaller model.
//! - **The reader is xterm.js**, so its rules decide where terminals differ:
//!   the widths of Unicode 11, erased cells that keep only the background, a
//!   colon colour with a colour space.
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
//! Pictures (sixel, iTerm) are not redrawn: they pass by. Not kept: saved
//! charsets beside a saved cursor, charsets other than line drawing, protected
//! cells, the title stack, and what a mark would join that comes as the first
//! byte after a redraw. A first row that goes on a line of the history is drawn
//! as the beginning of one, unless the history is drawn too.

mod emulator;
mod flood;
mod glyphs;
mod history;
mod modes;
mod paint;
mod perform;
mod redraw;
mod style;
mod text;
mod width;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::RangeBounds;
use std::sync::Arc;

use self::emulator::Emulator;
use self::emulator::MAX_COMMAND_BYTES;
pub(super) use self::history::Block;
pub(super) use self::history::DEFAULT_ROWS;
use self::history::History;
use self::redraw::RowEnd;
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
        let mut tail = std::mem::take(&mut self.partial);
        let mut is_between = tail.is_empty();
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            let length = next_escape(&rest[1..]).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(length);
            if first == ESC && self.open.is_none() {
                self.open = Some(self.fed);
            }
            self.emulator.is_between = false;
            if is_between && self.open.is_none() && length >= flood::MIN_BYTES {
                self.feed_flood(piece);
            } else {
                self.feed_piece(piece);
            }
            if self.emulator.is_between {
                self.open = None;
            }
            is_between = true;
            self.fed += length as u64;
            rest = after;
        }
        tail.extend_from_slice(&bytes[bytes.len().saturating_sub(4)..]);
        self.partial = incomplete(&tail).to_vec();
        let tables = &self.emulator.tables;
        if self.open.is_none() && (tables.glyphs.are_full() || tables.styles.are_full()) {
            self.emulator.push_rows(self.emulator.rows_above());
            self.emulator.renew();
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
        let rest = match flood::plan(&mut self.emulator, rest) {
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
        self.open.unwrap_or(self.fed.saturating_sub(partial))
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
        let screen = self.emulator.grid.screen();
        lines.extend(screen.visible_lines().map(|line| self.row(line)));
        let (cols, rows) = self.emulator.grid.size();
        let cursor = self.emulator.grid.cursor();
        let number = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        Capture {
            lines,
            cols: number(cols),
            rows: number(rows),
            cursor: (number(cursor.col.min(cols - 1)), number(cursor.row)),
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
            grid,
            tables,
            history,
            ..
        } = &self.emulator;
        let lines = grid.primary_screen().all_lines();
        let draw = |above, line| redraw::history_row(line, above, tables, out);
        lines
            .take(self.emulator.rows_above())
            .fold(history.end(), draw)
    }

    fn row(&self, line: &avt::Line) -> String {
        let mut row = Vec::new();
        for cell in line.cells().iter().filter(|cell| cell.width() > 0) {
            self.emulator.tables.glyphs.write(cell.char(), &mut row);
        }
        String::from_utf8_lossy(&row).trim_end().to_owned()
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

/// The beginning of a UTF-8 character at the end of some bytes.
fn incomplete(bytes: &[u8]) -> &[u8] {
    for length in 1..=bytes.len().min(3) {
        let tail = &bytes[bytes.len() - length..];
        let wanted = match tail[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 0,
        };
        return if wanted > length { tail } else { &[] };
    }
    &[]
}
