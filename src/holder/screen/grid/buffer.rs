//! One screen: rows, cursor, margins, tab stops, and what `ESC 7` saved.

use std::collections::VecDeque;

use super::cell::Cell;
use super::line::Line;
use crate::holder::screen::charset::Charset;
use crate::holder::screen::style::Style;

/// How many rows above the screen are kept for a window that grows.
pub(in super::super) const PULLED_ROWS: usize = 128;

/// How many rows the page keeps above its screen.
///
/// Once they are that many, a saved cursor no longer moves with the rows.
const PAGE_ROWS: usize = 10_000;

/// Between two tab stops.
const TAB_WIDTH: usize = 8;

/// Whether rows that scroll off the top stay above the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Above {
    Kept,
    Lost,
}

/// What `ESC 7` saves.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Saved {
    pub(in super::super) x: usize,
    /// The row, counted from the first that the page keeps.
    pub(super) row: i64,
    pub(in super::super) style: Style,
    pub(in super::super) charset: Charset,
}

/// A screen. The cursor's column may be one behind the last: the next character
/// goes to the next row.
#[derive(Debug)]
pub(in super::super) struct Buffer {
    /// The rows above the screen, then those of the screen.
    pub(super) lines: VecDeque<Line>,
    /// How many of them are above the screen.
    pub(super) above: usize,
    /// How many there would be in a page that was always there.
    pub(super) page_rows: usize,
    pub(super) cols: usize,
    pub(super) rows: usize,
    pub(in super::super) x: usize,
    pub(in super::super) y: usize,
    /// The first and the last row that scroll.
    pub(in super::super) top: usize,
    pub(in super::super) bottom: usize,
    pub(super) tabs: Vec<bool>,
    pub(super) saved: Saved,
    pub(super) keeps: Above,
}

impl Buffer {
    /// Makes an empty screen.
    pub(in super::super) fn new(cols: usize, rows: usize, keeps: Above) -> Self {
        Self {
            lines: vec![Line::new(cols, Cell::blank(0)); rows].into(),
            above: 0,
            page_rows: 0,
            cols,
            rows,
            x: 0,
            y: 0,
            top: 0,
            bottom: rows - 1,
            tabs: default_tabs(cols),
            saved: Saved::default(),
            keeps,
        }
    }

    /// Empties it, but for what was saved.
    pub(in super::super) fn clear(&mut self, fill: Cell) {
        let saved = self.saved;
        *self = Self::new(self.cols, self.rows, self.keeps);
        self.saved = saved;
        for line in &mut self.lines {
            line.fill(fill);
        }
    }

    /// A row of the screen.
    pub(in super::super) fn line(&self, y: usize) -> &Line {
        &self.lines[self.above + y]
    }

    /// A row of the screen, to be changed.
    pub(in super::super) fn line_mut(&mut self, y: usize) -> &mut Line {
        &mut self.lines[self.above + y]
    }

    /// The row with the cursor.
    pub(in super::super) fn cursor_line(&mut self) -> &mut Line {
        let y = self.y;
        self.line_mut(y)
    }

    /// How many rows the screen has.
    pub(in super::super) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows of the screen.
    pub(in super::super) fn visible(
        &self,
    ) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.range(self.above..)
    }

    /// The first rows, of those above the screen too, each with the next one.
    pub(in super::super) fn first(&self, count: usize) -> impl Iterator<Item = (&Line, &Line)> {
        let next = self.lines.iter().skip(1);
        self.lines.iter().zip(next).take(count)
    }

    /// How many rows are kept above the screen.
    pub(in super::super) fn rows_above(&self) -> usize {
        self.above
    }

    /// All rows, to be changed one for one.
    pub(in super::super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.lines.iter_mut()
    }

    /// Scrolls up by one row.
    ///
    /// What leaves the rows that are kept is given to `lost`, with the next row.
    pub(in super::super) fn scroll(
        &mut self,
        fill: Cell,
        is_wrapped: bool,
        lost: impl FnOnce(&Line, &Line),
    ) {
        let removed = if self.top > 0 {
            self.lines.remove(self.above + self.top)
        } else if self.keeps == Above::Lost {
            self.lines.pop_front()
        } else {
            self.page_rows = (self.page_rows + 1).min(PAGE_ROWS);
            self.above += 1;
            self.lose_first(lost)
        };
        let mut line = removed.unwrap_or_else(|| Line::new(0, fill));
        line.renew(self.cols, fill);
        line.is_wrapped = is_wrapped;
        let at = self.above + self.bottom;
        if at == self.lines.len() {
            self.lines.push_back(line);
        } else {
            self.lines.insert(at, line);
        }
    }

    /// Gives up the first row above the screen if they are too many.
    pub(super) fn lose_first(&mut self, lost: impl FnOnce(&Line, &Line)) -> Option<Line> {
        if self.above <= PULLED_ROWS {
            return None;
        }
        self.above -= 1;
        let first = self.lines.pop_front()?;
        lost(&first, self.lines.front()?);
        Some(first)
    }

    /// Moves rows down within the margins, from one on.
    pub(in super::super) fn insert_lines(&mut self, from: usize, count: usize, fill: Cell) {
        for _ in 0..count.min(self.bottom + 1 - from) {
            self.move_line(self.bottom, from, fill);
        }
    }

    /// Moves rows up within the margins, up to one.
    pub(in super::super) fn delete_lines(&mut self, from: usize, count: usize, fill: Cell) {
        for _ in 0..count.min(self.bottom + 1 - from) {
            self.move_line(from, self.bottom, fill);
        }
    }

    /// Takes a row out, and puts an empty one in elsewhere.
    fn move_line(&mut self, from: usize, to: usize, fill: Cell) {
        if let Some(mut line) = self.lines.remove(self.above + from) {
            line.renew(self.cols, fill);
            self.lines.insert(self.above + to, line);
        }
    }

    /// Begins a line with the first row that is kept.
    pub(in super::super) fn begin_first_line(&mut self) {
        self.lines[0].is_wrapped = false;
    }

    /// Forgets the rows above the screen.
    pub(in super::super) fn forget_above(&mut self) {
        self.lines.drain(..self.above);
        self.above = 0;
        if self.keeps == Above::Kept {
            self.page_rows = 0;
        }
    }

    /// Counts rows that went by without being on the screen.
    pub(in super::super) fn skip_rows(&mut self, count: usize) {
        self.page_rows = (self.page_rows + count).min(PAGE_ROWS);
    }

    /// Saves the cursor.
    pub(in super::super) fn save(&mut self, style: Style, charset: Charset) {
        self.saved = Saved {
            x: self.x,
            row: int(self.page_rows + self.y),
            style,
            charset,
        };
    }

    /// Saves the cursor at home (DECSTR); xterm.js leaves its links and lines.
    pub(in super::super) fn forget_saved(&mut self) {
        self.saved = Saved {
            row: int(self.page_rows),
            ..Saved::default()
        };
    }

    /// Whether anything was saved that is not where it begins.
    pub(in super::super) fn has_saved(&self) -> bool {
        let (saved, y) = self.saved();
        (saved.x, y) != (0, 0) || saved.style != Style::default() || !saved.charset.is_default()
    }

    /// What was saved, and its row on the screen.
    pub(in super::super) fn saved(&self) -> (Saved, usize) {
        let row = self.saved.row - int(self.page_rows);
        let y = usize::try_from(row).unwrap_or(0).min(self.rows - 1);
        (self.saved, y)
    }

    /// Takes the saved style and charset, to be changed.
    pub(in super::super) fn saved_mut(&mut self) -> &mut Saved {
        &mut self.saved
    }

    /// Sets a tab stop at the cursor, or takes it away.
    pub(in super::super) fn set_tab(&mut self, is_set: bool) {
        if self.tabs.len() <= self.x {
            self.tabs.resize(self.x + 1, false);
        }
        self.tabs[self.x] = is_set;
    }

    /// Takes all tab stops away.
    pub(in super::super) fn clear_tabs(&mut self) {
        self.tabs.clear();
    }

    /// The columns that are tab stops; none when they are where they begin.
    pub(in super::super) fn changed_tabs(&self) -> Option<Vec<usize>> {
        let set: Vec<usize> = (0..self.cols).filter(|&x| self.is_tab(x)).collect();
        (!set.iter().copied().eq((0..self.cols).step_by(TAB_WIDTH))).then_some(set)
    }

    fn is_tab(&self, x: usize) -> bool {
        self.tabs.get(x).copied().unwrap_or(false)
    }

    /// Goes to the next tab stop, or to the last column.
    pub(in super::super) fn tab(&mut self) {
        let next = (self.x + 1..self.cols).find(|&x| self.is_tab(x));
        self.x = next.unwrap_or(self.cols - 1);
    }

    /// Goes to the tab stop before, or to the first column.
    pub(in super::super) fn tab_back(&mut self) {
        self.x = self.tab_before(self.x).min(self.cols - 1);
    }

    pub(super) fn tab_before(&self, x: usize) -> usize {
        (0..x).rev().find(|&x| self.is_tab(x)).unwrap_or(0)
    }

    /// Sets tab stops in the columns that a wider screen has more.
    pub(super) fn extend_tabs(&mut self) {
        let cols = self.cols;
        let first = if self.is_tab(cols) {
            cols
        } else {
            self.tab_before(cols).min(cols - 1)
        };
        self.tabs.resize(self.tabs.len().max(cols), false);
        for x in (first..cols).step_by(TAB_WIDTH) {
            self.tabs[x] = true;
        }
    }
}

fn default_tabs(cols: usize) -> Vec<bool> {
    (0..cols).map(|x| x % TAB_WIDTH == 0).collect()
}

/// A number of rows, to be counted down too.
pub(super) fn int(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
