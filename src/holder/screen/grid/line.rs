//! One row of cells, changed as xterm.js changes its rows (`BufferLine`).
//!
//! What is done at the edge of a wide character is done in the same order
//! there: a difference would stay on the screen.

use super::cell::Cell;

/// A row.
#[derive(Clone, Debug)]
pub(in super::super) struct Line {
    cells: Vec<Cell>,
    /// Whether it goes on with what the row above it began.
    pub(in super::super) is_wrapped: bool,
}

impl Line {
    /// Makes a row of equal cells.
    pub(in super::super) fn new(cols: usize, cell: Cell) -> Self {
        Self {
            cells: vec![cell; cols],
            is_wrapped: false,
        }
    }

    /// Makes it a row of equal cells that begins a line.
    pub(super) fn renew(&mut self, cols: usize, cell: Cell) {
        self.cells.clear();
        self.cells.resize(cols, cell);
        self.is_wrapped = false;
    }

    /// Its cells, from the left.
    pub(in super::super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Its cells, to be changed one for one.
    pub(in super::super) fn cells_mut(&mut self) -> &mut [Cell] {
        &mut self.cells
    }

    /// The width of a cell; 0 where there is none.
    pub(in super::super) fn width(&self, at: usize) -> u8 {
        self.cells.get(at).map_or(0, |cell| cell.width())
    }

    /// Replaces a cell, if there is one.
    pub(in super::super) fn set(&mut self, at: usize, cell: Cell) {
        if let Some(place) = self.cells.get_mut(at) {
            *place = cell;
        }
    }

    /// Makes all cells alike.
    pub(in super::super) fn fill(&mut self, cell: Cell) {
        self.cells.fill(cell);
    }

    /// Moves cells to the right, from a place on; the last ones are lost.
    pub(in super::super) fn insert(&mut self, at: usize, count: usize, fill: Cell) {
        let length = self.cells.len();
        let at = at % length;
        self.erase_first_half(at, fill);
        let count = count.min(length - at);
        self.cells.copy_within(at..length - count, at + count);
        self.cells[at..at + count].fill(fill);
        if self.width(length - 1) == 2 {
            self.cells[length - 1] = fill;
        }
    }

    /// Moves cells to the left, up to a place.
    pub(in super::super) fn delete(&mut self, at: usize, count: usize, fill: Cell) {
        let length = self.cells.len();
        let at = at % length;
        let count = count.min(length - at);
        self.cells.copy_within(at + count.., at);
        self.cells[length - count..].fill(fill);
        self.erase_first_half(at, fill);
        if self.cells[at].is_second() {
            self.cells[at] = fill;
        }
    }

    /// Replaces cells, and what they leave of a wide character at either end.
    pub(in super::super) fn replace(&mut self, start: usize, end: usize, fill: Cell) {
        self.erase_first_half(start, fill);
        if end > 0 && end < self.cells.len() && self.width(end - 1) == 2 {
            self.cells[end] = fill;
        }
        let end = end.min(self.cells.len());
        if start < end {
            self.cells[start..end].fill(fill);
        }
    }

    /// The same, but for cells that are protected.
    pub(in super::super) fn replace_unprotected(
        &mut self,
        start: usize,
        end: usize,
        fill: Cell,
        is_protected: impl Fn(Cell) -> bool,
    ) {
        if start > 0
            && !self
                .cells
                .get(start - 1)
                .is_some_and(|&cell| is_protected(cell))
        {
            self.erase_first_half(start, fill);
        }
        if end > 0
            && end < self.cells.len()
            && self.width(end - 1) == 2
            && !is_protected(self.cells[end])
        {
            self.cells[end] = fill;
        }
        let end = end.min(self.cells.len());
        for cell in self.cells.iter_mut().take(end).skip(start) {
            if !is_protected(*cell) {
                *cell = fill;
            }
        }
    }

    /// Erases the first half of a wide character whose second half is here.
    pub(in super::super) fn erase_first_half(&mut self, at: usize, fill: Cell) {
        if at > 0 && self.width(at - 1) == 2 {
            self.cells[at - 1] = fill;
        }
    }

    /// Changes how many cells there are.
    pub(super) fn resize(&mut self, cols: usize, fill: Cell) {
        self.cells.resize(cols, fill);
    }

    /// How many cells there are up to the last that was written to.
    pub(in super::super) fn written(&self) -> usize {
        let last = self.cells.iter().rposition(|cell| cell.has_glyph());
        last.map_or(0, |at| at + usize::from(self.cells[at].width()))
    }
}
