//! What erases and moves cells, as in xterm.js's `InputHandler`.

use super::emulator::Emulator;
use super::grid::Cell;
use super::grid::Line;

/// Whether what is protected is erased too (DECSED, DECSEL).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erase {
    All,
    Unprotected,
}

impl Emulator {
    /// Erases the screen from the cursor on, up to it, all of it, or the rows
    /// above it: `CSI J`, `CSI 1 J`, `CSI 2 J`, `CSI 3 J`.
    pub(super) fn erase_display(&mut self, what: u16, how: Erase) {
        self.restrict_to(self.cols);
        let (x, y) = (self.buffer().x, self.buffer().y);
        match what {
            0 => {
                self.erase_cells(y, x, self.cols, how);
                self.begin_line(y, x == 0);
                (y + 1..self.rows).for_each(|y| self.erase_row(y, how));
            }
            1 => {
                self.erase_cells(y, 0, x + 1, how);
                self.begin_line(y, true);
                if x + 1 >= self.cols && y + 1 < self.rows {
                    self.begin_line(y + 1, true);
                }
                (0..y).for_each(|y| self.erase_row(y, how));
            }
            2 => {
                if how == Erase::All && !self.is_alternate() {
                    self.scroll_away();
                }
                (0..self.rows).for_each(|y| self.erase_row(y, how));
            }
            3 => self.forget_above(),
            _ => {}
        }
    }

    /// Makes history of the rows that something was written to, as the page
    /// does before it erases its screen.
    fn scroll_away(&mut self) {
        let last = self.buffer().visible().rposition(|line| line.written() > 0);
        for _ in 0..last.map_or(0, |last| last + 1) {
            self.scroll(false);
        }
    }

    /// Erases the row from the cursor on, up to it, or all of it.
    pub(super) fn erase_line(&mut self, what: u16, how: Erase) {
        self.restrict_to(self.cols);
        let (x, y) = (self.buffer().x, self.buffer().y);
        match what {
            0 => {
                self.erase_cells(y, x, self.cols, how);
                self.begin_line(y, x == 0);
            }
            1 => self.erase_cells(y, 0, x + 1, how),
            2 => {
                self.erase_cells(y, 0, self.cols, how);
                self.begin_line(y, true);
            }
            _ => {}
        }
    }

    fn erase_cells(&mut self, y: usize, start: usize, end: usize, how: Erase) {
        let fill = self.erased();
        if how == Erase::All {
            return self.buffer_mut().line_mut(y).replace(start, end, fill);
        }
        let (buffer, tables) = self.parts();
        let is_protected = |cell: Cell| tables.style(cell).is_protected();
        let line = buffer.line_mut(y);
        line.replace_unprotected(start, end, fill, is_protected);
    }

    fn erase_row(&mut self, y: usize, how: Erase) {
        let fill = self.erased();
        let (buffer, tables) = self.parts();
        let line = buffer.line_mut(y);
        line.is_wrapped = false;
        for cell in line.cells_mut() {
            if how == Erase::All || !tables.style(*cell).is_protected() {
                *cell = fill;
            }
        }
    }

    fn begin_line(&mut self, y: usize, is_begun: bool) {
        self.buffer_mut().line_mut(y).is_wrapped &= !is_begun;
    }

    /// Inserts empty cells where the cursor is (ICH).
    pub(super) fn insert_cells(&mut self, count: usize) {
        self.change_row(|line, x, fill| line.insert(x, count, fill));
    }

    /// Deletes cells where the cursor is (DCH).
    pub(super) fn delete_cells(&mut self, count: usize) {
        self.change_row(|line, x, fill| line.delete(x, count, fill));
    }

    /// Erases cells from the cursor on (ECH).
    pub(super) fn erase_chars(&mut self, count: usize) {
        self.change_row(|line, x, fill| line.replace(x, x + count, fill));
    }

    /// Changes the cursor's row, given its column and an empty cell.
    fn change_row(&mut self, change: impl FnOnce(&mut Line, usize, Cell)) {
        self.restrict();
        let fill = self.erased();
        let buffer = self.buffer_mut();
        let x = buffer.x;
        change(buffer.cursor_line(), x, fill);
    }

    /// Inserts rows where the cursor is, if that is within the margins (IL).
    pub(super) fn insert_lines(&mut self, count: usize) {
        self.restrict();
        let fill = self.erased();
        let buffer = self.buffer_mut();
        if (buffer.top..=buffer.bottom).contains(&buffer.y) {
            buffer.insert_lines(buffer.y, count, fill);
            buffer.x = 0;
        }
    }

    /// Deletes rows where the cursor is, if that is within the margins (DL).
    pub(super) fn delete_lines(&mut self, count: usize) {
        self.restrict();
        let fill = self.erased();
        let buffer = self.buffer_mut();
        if (buffer.top..=buffer.bottom).contains(&buffer.y) {
            buffer.delete_lines(buffer.y, count, fill);
            buffer.x = 0;
        }
    }

    /// Scrolls up within the margins; nothing becomes history (SU).
    pub(super) fn scroll_up(&mut self, count: usize) {
        let fill = self.erased();
        let buffer = self.buffer_mut();
        buffer.delete_lines(buffer.top, count, fill);
    }

    /// Scrolls down within the margins, in the default background (SD).
    pub(super) fn scroll_down(&mut self, count: usize) {
        let buffer = self.buffer_mut();
        buffer.insert_lines(buffer.top, count, Cell::blank(0));
    }

    /// Inserts empty columns within the margins (SR, DECIC).
    pub(super) fn insert_columns(&mut self, at: usize, count: usize) {
        self.change_columns(|line, fill| line.insert(at, count, fill));
    }

    /// Deletes columns within the margins (SL, DECDC).
    pub(super) fn delete_columns(&mut self, at: usize, count: usize) {
        self.change_columns(|line, fill| line.delete(at, count, fill));
    }

    fn change_columns(&mut self, change: impl Fn(&mut Line, Cell)) {
        let fill = self.erased();
        let buffer = self.buffer_mut();
        let (top, bottom) = (buffer.top, buffer.bottom);
        if !(top..=bottom).contains(&buffer.y) {
            return;
        }
        for y in top..=bottom {
            let line = buffer.line_mut(y);
            change(line, fill);
            line.is_wrapped = false;
        }
    }

    /// Fills the screen with `E` (DECALN).
    pub(super) fn fill_screen(&mut self) {
        let style = self.style().without_extension();
        let cell = Cell::new('E'.into(), 1, self.tables.styles.number(style));
        self.go(0, 0);
        for y in self.buffer().y..self.rows {
            let line = self.buffer_mut().line_mut(y);
            line.fill(cell);
            line.is_wrapped = false;
        }
        self.go(0, 0);
    }
}
