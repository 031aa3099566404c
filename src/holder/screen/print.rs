//! Characters on the screen, as xterm.js's `InputHandler.print` puts them there.

use super::emulator::Emulator;
use super::grid::Cell;
use super::width;

/// So many repetitions of a character are printed; of more, at least as many as
/// fill the screen and lead to the same column.
const MIN_REPEATS: usize = 4096;

impl Emulator {
    /// Prints a character, in the charset that is in use.
    pub(super) fn put(&mut self, ch: char) {
        if ch == '\x7f' {
            self.is_printing = false;
            return;
        }
        let ch = if self.charsets.current.is_default() {
            ch
        } else {
            self.charsets.current.map(ch)
        };
        if !self.is_printing {
            self.is_printing = true;
            let blank = self.blank();
            let buffer = self.buffer_mut();
            let x = buffer.x;
            buffer.cursor_line().erase_first_half(x, blank);
        }
        match if ch.is_ascii() { 1 } else { width::of(ch) } {
            0 if self.joint > 0 => self.join(ch),
            width => {
                self.joint = width;
                self.put_cells(ch.into(), width);
            }
        }
        self.erase_second_half();
    }

    /// Writes a glyph where the cursor is, or to the next row.
    fn put_cells(&mut self, glyph: u32, width: u8) {
        let (cols, pen) = (self.cols, self.pen);
        if self.buffer().x + usize::from(width) > cols {
            if self.switches.has_wrap {
                self.wrap();
            } else {
                self.buffer_mut().x = cols - 1;
                if width == 2 {
                    return;
                }
            }
        }
        let is_inserting = self.switches.is_inserting;
        let buffer = self.buffer_mut();
        let x = buffer.x;
        buffer.x += usize::from(width.max(1));
        let line = buffer.cursor_line();
        if is_inserting {
            line.insert(x, width.into(), Cell::blank(pen));
            if line.width(cols - 1) == 2 {
                line.set(cols - 1, Cell::blank(pen));
            }
        }
        line.set(x, Cell::new(glyph, width, pen));
        if width == 2 {
            line.set(x + 1, Cell::second(pen));
        }
    }

    /// Goes to the next row, and leaves open what did not fit.
    fn wrap(&mut self) {
        let (cols, rows, blank) = (self.cols, self.rows, self.blank());
        // Of one row, xterm.js makes the next one before it leaves the rest open.
        let is_only_row = rows == 1 && self.is_alternate();
        let buffer = self.buffer_mut();
        let x = buffer.x.min(cols);
        buffer.cursor_line().cells_mut()[x..cols].fill(blank);
        buffer.x = 0;
        if buffer.y == buffer.bottom {
            self.scroll(true);
            if is_only_row {
                self.buffer_mut().cursor_line().cells_mut()[x..cols].fill(blank);
            }
        } else {
            buffer.y = (buffer.y + 1).min(rows - 1);
            buffer.cursor_line().is_wrapped = true;
        }
    }

    /// Adds a mark to the character before the cursor.
    fn join(&mut self, mark: char) {
        let width = self.joint;
        let (buffer, tables) = self.parts();
        let x = buffer.x;
        if x == 0 {
            return self.put_cells(mark.into(), width);
        }
        let line = buffer.cursor_line();
        // Behind a wide character's second cell, it is the one before.
        let at = x.saturating_sub(if line.width(x - 1) == 0 { 2 } else { 1 });
        if let Some(&cell) = line.cells().get(at) {
            let glyph = match cell.glyph() {
                0 => mark.into(),
                glyph => tables.glyphs.joined(glyph, mark),
            };
            line.set(at, Cell::new(glyph, width, cell.style()));
        }
    }

    /// Erases what is left of a wide character behind the cursor.
    fn erase_second_half(&mut self) {
        let (cols, pen) = (self.cols, self.pen);
        let buffer = self.buffer_mut();
        let x = buffer.x;
        if x < cols {
            let cell = &mut buffer.cursor_line().cells_mut()[x];
            if cell.is_second() {
                *cell = Cell::blank(pen);
            }
        }
    }

    /// Prints again what was just printed (REP).
    pub(super) fn repeat(&mut self, count: u16) {
        let width = usize::from(std::mem::take(&mut self.joint));
        if width == 0 {
            return;
        }
        let buffer = self.buffer_mut();
        let at = buffer.x.checked_sub(width);
        let cell = at.and_then(|at| buffer.cursor_line().cells().get(at).copied());
        let mut text = String::new();
        if let Some(cell) = cell.filter(|cell| cell.has_glyph()) {
            self.tables.glyphs.push(cell.glyph(), &mut text);
        }
        self.is_printing = false;
        for _ in 0..self.shown_repeats(count.max(1).into(), width) {
            for ch in text.chars() {
                self.put(ch);
            }
        }
        self.stop_printing();
    }

    /// How many of so many repetitions make the same screen.
    fn shown_repeats(&self, count: usize, width: usize) -> usize {
        let in_row = self.cols / width;
        let enough = MIN_REPEATS.max(in_row * (self.rows + 1));
        if count > enough {
            enough + (count - enough) % in_row
        } else {
            count
        }
    }
}
