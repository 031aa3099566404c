//! The state of one terminal, changed as xterm.js's `InputHandler` changes it.
//!
//! What is printed is in `print`, the cursor's moves in `cursor`, what erases
//! and moves cells in `erase`; here is what all of these need.

use super::charset::Charsets;
use super::glyphs::Glyphs;
use super::grid::Above;
use super::grid::Buffer;
use super::grid::Cell;
use super::grid::Line;
use super::history::History;
use super::modes::Modes;
use super::redraw;
use super::style::Style;
use super::styles::Styles;
use crate::sys::pty::Size;

/// The longest operating system command that is understood, in bytes.
///
/// A longer one passes by: it may be a picture or a file for the clipboard.
pub(super) const MAX_COMMAND_BYTES: usize = 4096;

/// The page's least number of columns: a wide character fits.
const MIN_COLS: u16 = 2;

/// What a cell's glyph and style stand for.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) glyphs: Glyphs,
    pub(super) styles: Styles,
}

impl Tables {
    /// The style of a cell.
    pub(super) fn style(&self, cell: Cell) -> Style {
        match cell.style() {
            0 => Style::default(),
            number => self.styles.get(number),
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.glyphs.count() + self.styles.count()
    }

    fn are_full(&self) -> bool {
        self.glyphs.are_full() || self.styles.are_full()
    }
}

/// The state of one terminal.
pub(super) struct Emulator {
    /// The primary screen and the alternate one.
    buffers: [Buffer; 2],
    is_alternate: bool,
    pub(super) cols: usize,
    pub(super) rows: usize,
    pub(super) tables: Tables,
    pub(super) modes: Modes,
    pub(super) history: History,
    pub(super) switches: Switches,
    pub(super) charsets: Charsets,
    /// How the next character will look, and the number of that.
    style: Style,
    pub(super) pen: u32,
    /// The number of what erased cells keep of it.
    erased: u32,
    /// The width of the character that a mark would join; 0 is none.
    pub(super) joint: u8,
    /// Whether what is printed follows what was printed.
    pub(super) is_printing: bool,
    /// How many rows that the grid will give up are in the history already.
    known_rows: usize,
    /// Answers to queries, for whoever asks when nobody else is there.
    pub(super) answer: Vec<u8>,
    /// Whether the sequence that was under way has ended.
    pub(super) is_between: bool,
}

/// What is on or off for the whole terminal, and changes how it draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) has_origin: bool,
    pub(super) has_wrap: bool,
    pub(super) is_inserting: bool,
    /// Whether a line feed returns the carriage too; outlives every reset.
    pub(super) returns: bool,
    pub(super) has_cursor_keys: bool,
    pub(super) is_cursor_hidden: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            has_origin: false,
            has_wrap: true,
            is_inserting: false,
            returns: false,
            has_cursor_keys: false,
            is_cursor_hidden: false,
        }
    }
}

impl Emulator {
    /// Makes an empty screen with the history of another.
    pub(super) fn new(size: Size, history: History) -> Self {
        let (cols, rows) = cells(size);
        Self {
            buffers: [Above::Kept, Above::Lost].map(|above| Buffer::new(cols, rows, above)),
            is_alternate: false,
            cols,
            rows,
            tables: Tables::default(),
            modes: Modes::default(),
            history,
            switches: Switches::default(),
            charsets: Charsets::default(),
            style: Style::default(),
            pen: 0,
            erased: 0,
            joint: 0,
            is_printing: false,
            known_rows: 0,
            answer: Vec::new(),
            is_between: true,
        }
    }

    /// The screen that is shown.
    pub(super) fn buffer(&self) -> &Buffer {
        &self.buffers[usize::from(self.is_alternate)]
    }

    /// The screen that is shown, to be changed.
    pub(super) fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.buffers[usize::from(self.is_alternate)]
    }

    /// The screen that is shown, and what its cells stand for.
    pub(super) fn parts(&mut self) -> (&mut Buffer, &mut Tables) {
        let buffer = &mut self.buffers[usize::from(self.is_alternate)];
        (buffer, &mut self.tables)
    }

    /// The primary screen.
    pub(super) fn primary(&self) -> &Buffer {
        &self.buffers[0]
    }

    /// The alternate screen.
    pub(super) fn alternate(&self) -> &Buffer {
        &self.buffers[1]
    }

    /// Whether the alternate screen is shown.
    pub(super) fn is_alternate(&self) -> bool {
        self.is_alternate
    }

    /// What an erased cell is now.
    pub(super) fn erased(&self) -> Cell {
        Cell::blank(self.erased)
    }

    /// What a cell is that is left open now.
    pub(super) fn blank(&self) -> Cell {
        Cell::blank(self.pen)
    }

    /// How the next character will look.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Changes how the next character will look.
    pub(super) fn set_style(&mut self, style: Style) {
        self.style = style;
        self.pen = self.tables.styles.number(style);
        self.erased = self.tables.styles.number(style.erased());
    }

    /// Changes the size; what falls off the top becomes history.
    pub(super) fn resize(&mut self, size: Size) {
        let (cols, rows) = cells(size);
        if (cols, rows) == (self.cols, self.rows) {
            return;
        }
        self.stop_printing();
        self.set_style(self.style.settled());
        // Another width wraps what left the grid elsewhere: the rest of that line
        // would not be where the grid has it.
        if cols != self.cols && self.history.end_line() {
            self.buffers[0].begin_first_line();
        }
        (self.cols, self.rows) = (cols, rows);
        let mut kept = Kept {
            tables: &self.tables,
            history: &mut self.history,
            known_rows: &mut self.known_rows,
        };
        for buffer in &mut self.buffers {
            buffer.resize(cols, rows, |line, next| kept.push(line, next));
        }
    }

    /// What follows is not joined to what was printed.
    pub(super) fn stop_printing(&mut self) {
        self.joint = 0;
        self.is_printing = false;
    }

    /// Scrolls up by one row, which becomes history.
    pub(super) fn scroll(&mut self, is_wrapped: bool) {
        let fill = self.erased();
        let mut kept = Kept {
            tables: &self.tables,
            history: &mut self.history,
            known_rows: &mut self.known_rows,
        };
        self.buffers[usize::from(self.is_alternate)].scroll(fill, is_wrapped, |line, next| {
            kept.push(line, next);
        });
    }

    /// Appends plain lines to the history, behind what the grid shows.
    ///
    /// The cursor is at the left of the bottom row, and so many rows follow
    /// that the grid gives up all that it shows now.
    pub(super) fn push_lines(&mut self, text: &[u8], lines: usize) {
        let shown = self.primary().rows_above() + self.rows - 1;
        for rows in self.buffers[0].first(shown) {
            self.history
                .push(|above, out| redraw::history_row(rows, above, &self.tables, out));
        }
        self.known_rows += shown;
        let rows = self.history.push_lines(text, lines, self.cols);
        self.buffers[0].skip_rows(rows);
    }

    /// Whether text is printed as it is: in the default style, wrapped at the
    /// end of rows, on the whole primary screen.
    pub(super) fn is_plain(&self) -> bool {
        let Switches {
            has_wrap,
            is_inserting,
            returns,
            ..
        } = self.switches;
        let buffer = self.primary();
        !self.is_alternate
            && self.style == Style::default()
            && (has_wrap && !is_inserting && !returns)
            && (buffer.top, buffer.bottom) == (0, self.rows - 1)
            && self.charsets.current.is_default()
            && buffer.changed_tabs().is_none()
    }

    /// Shows the alternate screen or the primary one.
    pub(super) fn switch(&mut self, to_alternate: bool) {
        if self.is_alternate == to_alternate {
            return;
        }
        let (x, y) = (self.buffer().x, self.buffer().y);
        let fill = self.erased();
        self.is_alternate = to_alternate;
        let buffer = self.buffer_mut();
        if to_alternate {
            buffer.clear(fill);
        }
        (buffer.x, buffer.y) = (x, y);
    }

    /// Saves the cursor, its style and the charset.
    pub(super) fn save_cursor(&mut self) {
        let (style, charset) = (self.style, self.charsets.current);
        self.buffer_mut().save(style, charset);
    }

    /// Takes back what was saved.
    pub(super) fn restore_cursor(&mut self) {
        let (saved, y) = self.buffer().saved();
        let buffer = self.buffer_mut();
        (buffer.x, buffer.y) = (saved.x, y);
        self.charsets.current = saved.charset;
        self.set_style(self.style.restored(saved.style));
        self.restrict();
    }

    /// Forgets all that is above the screen.
    pub(super) fn forget_above(&mut self) {
        if !self.is_alternate {
            self.history.clear();
            self.known_rows = 0;
            self.buffers[0].forget_above();
        }
    }

    /// Resets modes, margins and style (DECSTR).
    pub(super) fn soft_reset(&mut self) {
        let Switches { returns, .. } = self.switches;
        self.switches = Switches {
            returns,
            ..Switches::default()
        };
        let bottom = self.rows - 1;
        self.charsets = Charsets::default();
        self.modes.soft_reset();
        self.set_style(Style::default());
        let buffer = self.buffer_mut();
        (buffer.top, buffer.bottom) = (0, bottom);
        buffer.forget_saved();
    }

    /// Begins anew (RIS): nothing is left, the history neither.
    pub(super) fn hard_reset(&mut self) {
        self.history.clear();
        let history = std::mem::replace(&mut self.history, History::new(0));
        let answer = std::mem::take(&mut self.answer);
        let Switches {
            returns,
            is_cursor_hidden,
            ..
        } = self.switches;
        let modes = self.modes.hard_reset();
        *self = Self::new(self.size(), history);
        self.answer = answer;
        self.modes = modes;
        self.switches.returns = returns;
        self.switches.is_cursor_hidden = is_cursor_hidden;
    }

    /// Forgets the styles, links and clusters that no cell has, if they are many.
    pub(super) fn tidy(&mut self) {
        if !self.tables.are_full() {
            return;
        }
        let old = std::mem::take(&mut self.tables);
        let new = &mut self.tables;
        for buffer in &mut self.buffers {
            for line in buffer.lines_mut() {
                for cell in line.cells_mut() {
                    let glyph = old.glyphs.moved(cell.glyph(), &mut new.glyphs);
                    let style = old.styles.moved(old.style(*cell), &mut new.styles);
                    *cell = Cell::new(glyph, cell.width(), new.styles.number(style));
                }
            }
            let saved = &mut buffer.saved_mut().style;
            *saved = old.styles.moved(*saved, &mut new.styles);
        }
        let style = old.styles.moved(self.style, &mut new.styles);
        new.glyphs.make_room();
        new.styles.make_room();
        self.set_style(style);
    }

    fn size(&self) -> Size {
        let number = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        Size {
            cols: number(self.cols),
            rows: number(self.rows),
        }
    }
}

/// Takes the rows that the grid gives up.
struct Kept<'a> {
    tables: &'a Tables,
    history: &'a mut History,
    known_rows: &'a mut usize,
}

impl Kept<'_> {
    fn push(&mut self, line: &Line, next: &Line) {
        if *self.known_rows > 0 {
            *self.known_rows -= 1;
            return;
        }
        let tables = self.tables;
        self.history
            .push(|above, out| redraw::history_row((line, next), above, tables, out));
    }
}

fn cells(size: Size) -> (usize, usize) {
    (size.cols.max(MIN_COLS).into(), size.rows.max(1).into())
}
