//! The cursor's moves, as in xterm.js's `InputHandler`.

use super::emulator::Emulator;

/// Farther than any screen reaches, and far from overflowing.
const FAR: i64 = 1 << 20;

impl Emulator {
    /// Keeps the cursor on the screen, and in origin mode within the margins.
    pub(super) fn restrict(&mut self) {
        self.restrict_to(self.cols - 1);
    }

    /// The same, up to a column.
    pub(super) fn restrict_to(&mut self, last_col: usize) {
        let (has_origin, rows) = (self.switches.has_origin, self.rows);
        let buffer = self.buffer_mut();
        buffer.x = buffer.x.min(last_col);
        buffer.y = if has_origin {
            buffer.y.clamp(buffer.top, buffer.bottom)
        } else {
            buffer.y.min(rows - 1)
        };
    }

    /// Goes to a place, in origin mode within the margins.
    pub(super) fn go(&mut self, x: i64, y: i64) {
        let has_origin = self.switches.has_origin;
        let buffer = self.buffer_mut();
        let top = if has_origin { buffer.top } else { 0 };
        buffer.x = place(x);
        buffer.y = place(y.clamp(-FAR, FAR) + int(top));
        self.restrict();
    }

    /// Moves from where the cursor is. In origin mode xterm.js counts the rows
    /// above the margins again.
    pub(super) fn step(&mut self, x: i64, y: i64) {
        self.restrict();
        let (at_x, at_y) = (int(self.buffer().x), int(self.buffer().y));
        self.go(at_x + x, at_y + y);
    }

    /// Moves up, not beyond the margin.
    pub(super) fn up(&mut self, count: i64) {
        let to_top = int(self.buffer().y) - int(self.buffer().top);
        let count = if to_top >= 0 {
            to_top.min(count)
        } else {
            count
        };
        self.step(0, -count);
    }

    /// Moves down, not beyond the margin.
    pub(super) fn down(&mut self, count: i64) {
        let to_bottom = int(self.buffer().bottom) - int(self.buffer().y);
        let count = if to_bottom >= 0 {
            to_bottom.min(count)
        } else {
            count
        };
        self.step(0, count);
    }

    /// Goes to the left of the row.
    pub(super) fn carriage_return(&mut self) {
        self.buffer_mut().x = 0;
    }

    /// Goes down one row, or scrolls (LF).
    pub(super) fn line_feed(&mut self) {
        let (rows, returns, cols) = (self.rows, self.switches.returns, self.cols);
        let buffer = self.buffer_mut();
        if returns {
            buffer.x = 0;
        }
        if buffer.y == buffer.bottom {
            self.scroll(false);
        } else if buffer.y + 1 < rows {
            buffer.y += 1;
            buffer.cursor_line().is_wrapped = false;
        }
        let buffer = self.buffer_mut();
        buffer.x -= usize::from(buffer.x >= cols);
    }

    /// Goes down one row, or scrolls (IND).
    pub(super) fn index(&mut self) {
        self.restrict();
        let rows = self.rows;
        let buffer = self.buffer_mut();
        if buffer.y == buffer.bottom {
            self.scroll(false);
        } else {
            buffer.y = (buffer.y + 1).min(rows - 1);
        }
        self.restrict();
    }

    /// Goes up one row, or scrolls down (RI).
    pub(super) fn reverse_index(&mut self) {
        self.restrict();
        let fill = self.erased();
        let buffer = self.buffer_mut();
        if buffer.y == buffer.top {
            buffer.insert_lines(buffer.y, 1, fill);
        } else {
            buffer.y = buffer.y.saturating_sub(1);
            self.restrict();
        }
    }

    /// Goes one to the left; with `CSI ? 45 h` also to the row before, if this
    /// one goes on with it.
    pub(super) fn backspace(&mut self) {
        if !self.modes.has_reverse_wrap() {
            self.restrict();
            let buffer = self.buffer_mut();
            buffer.x = buffer.x.saturating_sub(1);
            return;
        }
        self.restrict_to(self.cols);
        let cols = self.cols;
        let buffer = self.buffer_mut();
        if buffer.x > 0 {
            buffer.x -= 1;
        } else if buffer.y > buffer.top
            && buffer.y <= buffer.bottom
            && buffer.cursor_line().is_wrapped
        {
            buffer.cursor_line().is_wrapped = false;
            buffer.y -= 1;
            buffer.x = cols - 1;
            let last = buffer.cursor_line().cells()[cols - 1];
            // Where a wide character did not fit.
            if last.width() > 0 && !last.has_glyph() {
                buffer.x -= 1;
            }
        }
        self.restrict();
    }

    /// Goes to tab stops that follow, or with a negative number come before.
    pub(super) fn tab(&mut self, count: i64) {
        let cols = self.cols;
        let buffer = self.buffer_mut();
        if buffer.x >= cols {
            return;
        }
        for _ in 0..count.min(int(cols)) {
            buffer.tab();
        }
        for _ in 0..(-count).min(int(cols)) {
            buffer.tab_back();
        }
    }

    /// Sets the margins, from 1, and goes home; a bottom of 0 is the last row.
    pub(super) fn set_margins(&mut self, top: u16, bottom: u16) {
        let rows = self.rows;
        let top = usize::from(top.max(1));
        let bottom = match usize::from(bottom) {
            0 => rows,
            bottom => bottom.min(rows),
        };
        if bottom > top {
            let buffer = self.buffer_mut();
            (buffer.top, buffer.bottom) = (top - 1, bottom - 1);
            self.go(0, 0);
        }
    }
}

fn int(cells: usize) -> i64 {
    i64::try_from(cells).unwrap_or(FAR)
}

fn place(at: i64) -> usize {
    usize::try_from(at.min(FAR)).unwrap_or(0)
}
