//! A screen of another size, as xterm.js makes it (`Buffer.resize`).
//!
//! Rows that a line goes on in are joined or split anew, but for the line with
//! the cursor: the program draws that one again. The alternate screen is cut, and
//! so is what a page would hide: it is drawn again, and has it no more.

use std::ops::Range;

use super::buffer::Above;
use super::buffer::Buffer;
use super::buffer::int;
use super::cell::Cell;
use super::line::Line;

/// What nothing was written to.
const NULL: Cell = Cell::blank(0);

impl Buffer {
    /// Changes the size; rows beyond those kept above the screen are given to
    /// `lost`, each with the next one.
    ///
    /// Every page is drawn anew then, so that it has no rows above its screen.
    pub(in super::super) fn resize(
        &mut self,
        cols: usize,
        rows: usize,
        mut lost: impl FnMut(&Line, &Line),
    ) {
        self.saved.row += int(self.above) - int(self.page_rows);
        if cols > self.cols {
            self.widen(cols);
        }
        self.change_rows(rows);
        self.x = self.x.min(cols - 1);
        (self.top, self.bottom) = (0, rows - 1);
        if self.keeps == Above::Kept && cols > self.cols {
            self.join(cols, rows);
        } else if self.keeps == Above::Kept && cols < self.cols {
            self.split(cols, rows);
        }
        (self.cols, self.rows) = (cols, rows);
        self.cut();
        self.settle();
        self.saved.x = self.saved.x.min(cols - 1);
        self.saved.row = (self.saved.row - int(self.above)).clamp(0, int(rows) - 1);
        self.page_rows = 0;
        while self.lose_first(&mut lost).is_some() {}
        self.extend_tabs();
    }

    fn widen(&mut self, cols: usize) {
        for line in &mut self.lines {
            line.resize(cols, NULL);
        }
    }

    /// Pulls rows down from above, or pushes them up; empty ones at the bottom
    /// come and go first.
    fn change_rows(&mut self, rows: usize) {
        let mut pulled = 0;
        for _ in self.rows..rows {
            if self.above > 0 && self.lines.len() <= self.above + self.y + pulled + 1 {
                self.above -= 1;
                pulled += 1;
            } else {
                let cols = self
                    .lines
                    .back()
                    .map_or(self.cols, |line| line.cells().len());
                self.lines.push_back(Line::new(cols, NULL));
            }
        }
        for _ in rows..self.rows {
            if self.lines.len() > self.above + self.y + 1 {
                self.lines.pop_back();
            } else {
                self.above += 1;
            }
        }
        self.y = self.y.min(rows - 1) + pulled;
    }

    /// Cuts rows off at the right, and no wide character in two.
    fn cut(&mut self) {
        let cols = self.cols;
        for line in &mut self.lines {
            line.resize(cols, NULL);
            if line.width(cols - 1) == 2 {
                line.set(cols - 1, NULL);
            }
        }
    }

    /// Sees to it that there are as many rows as the screen has.
    fn settle(&mut self) {
        if self.keeps == Above::Lost {
            // The first rows are lost, as on a screen that scrolls.
            self.lines.drain(..self.above);
            self.above = 0;
        }
        while self.lines.len() < self.above + self.rows {
            self.lines.push_back(Line::new(self.cols, NULL));
        }
        self.above = self.lines.len() - self.rows;
        self.y = self.y.min(self.rows - 1);
    }

    /// Joins rows of a line, for a wider screen.
    fn join(&mut self, cols: usize, rows: usize) {
        let cursor = self.above + self.y;
        let mut kept: Vec<Line> = Vec::with_capacity(self.lines.len());
        let mut removed = 0;
        let mut y = 0;
        while y < self.lines.len() {
            let end = self.line_end(y);
            let mut line = self.take_rows(y..end);
            if end - y > 1 && !(y..end).contains(&cursor) {
                line = wrapped_anew(&line, self.cols, cols);
                while line.len() > 1 && line[line.len() - 1].written() == 0 {
                    line.pop();
                }
                removed += end - y - line.len();
            }
            kept.append(&mut line);
            y = end;
        }
        self.lines = kept.into();
        for _ in 0..removed {
            if self.above > 0 {
                self.above -= 1;
                continue;
            }
            self.y = self.y.saturating_sub(1);
            if self.lines.len() < rows {
                self.lines.push_back(Line::new(cols, NULL));
            }
        }
        self.saved.row -= int(removed);
    }

    /// Takes rows out, and leaves nothing in their places.
    fn take_rows(&mut self, rows: Range<usize>) -> Vec<Line> {
        let taken = self.lines.range_mut(rows);
        taken
            .map(|row| std::mem::replace(row, Line::new(0, NULL)))
            .collect()
    }

    /// Where the line ends that begins in a row.
    fn line_end(&self, y: usize) -> usize {
        let mut end = y + 1;
        while self.lines.get(end).is_some_and(|line| line.is_wrapped) {
            end += 1;
        }
        end
    }

    /// Splits lines over more rows, for a narrower screen.
    fn split(&mut self, cols: usize, rows: usize) {
        let mut added: Vec<(usize, Vec<Line>)> = Vec::new();
        let mut count = 0;
        let mut y = self.lines.len();
        while y > 0 {
            y -= 1;
            let end = (y + 1).min(self.lines.len());
            if y >= end || (!self.lines[y].is_wrapped && self.lines[y].written() <= cols) {
                continue;
            }
            while self.lines[y].is_wrapped && y > 0 {
                y -= 1;
            }
            if (y..end).contains(&(self.above + self.y)) {
                continue;
            }
            let line = self.take_rows(y..end);
            let mut rows_of_line = wrapped_anew(&line, self.cols, cols).into_iter();
            for at in y..end {
                self.lines[at] = rows_of_line.next().unwrap_or_else(|| {
                    let mut row = Line::new(cols, NULL);
                    row.is_wrapped = true;
                    row
                });
            }
            let more: Vec<Line> = rows_of_line.collect();
            let new = more.len();
            count += new;
            added.push((end, more));
            for _ in 0..new {
                self.push_down(rows, count);
            }
            let last_row = int(self.above + rows) - 1;
            self.saved.row = (self.saved.row + int(new)).min(last_row);
        }
        self.put_in(added);
    }

    /// Puts rows in, each behind so many of those that are there; the last come
    /// first.
    fn put_in(&mut self, mut added: Vec<(usize, Vec<Line>)>) {
        let old = std::mem::take(&mut self.lines);
        for (at, line) in old.into_iter().enumerate() {
            if let Some((_, new)) = added.pop_if(|(place, _)| *place == at) {
                self.lines.extend(new);
            }
            self.lines.push_back(line);
        }
        self.lines
            .extend(added.into_iter().rev().flat_map(|(_, new)| new));
    }

    /// Makes room for one of so many rows that are to be put in.
    fn push_down(&mut self, rows: usize, count: usize) {
        if self.above > 0 {
            self.above += usize::from(self.above + rows < self.lines.len() + count);
        } else if self.y + 1 < rows {
            self.y += 1;
            self.lines.pop_back();
        } else {
            self.above += 1;
        }
    }
}

/// Breaks one line anew, into rows of so many columns; one at least.
fn wrapped_anew(line: &[Line], old_cols: usize, cols: usize) -> Vec<Line> {
    let written = |at: usize| &line[at].cells()[..written_in(line, at, old_cols)];
    let cells = (0..line.len()).map(written).collect::<Vec<_>>().concat();
    let mut rest = &cells[..];
    let mut rows: Vec<Line> = Vec::new();
    while rows.is_empty() || !rest.is_empty() {
        let mut count = rest.len().min(cols);
        // A wide character is not cut in two.
        if count == cols && cols > 1 && rest[cols - 1].width() == 2 {
            count -= 1;
        }
        let mut row = Line::new(cols, NULL);
        row.cells_mut()[..count].copy_from_slice(&rest[..count]);
        row.is_wrapped = !rows.is_empty() || line[0].is_wrapped;
        rows.push(row);
        rest = &rest[count..];
    }
    rows
}

/// How many cells of a row belong to the line: all, but for one in which a wide
/// character did not fit, and those behind the line's end.
fn written_in(line: &[Line], at: usize, cols: usize) -> usize {
    let Some(next) = line.get(at + 1) else {
        return line[at].written().min(line[at].cells().len());
    };
    let last = line[at].cells()[cols - 1];
    let is_short = !last.has_glyph() && last.width() == 1 && next.width(0) == 2;
    cols - usize::from(is_short)
}
