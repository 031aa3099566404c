//! Rows of cells as the bytes that draw them.

use super::emulator::Tables;
use super::grid::Cell;
use super::grid::Line;
use super::redraw::shown;
use super::redraw::write_cell;
use super::style::Style;
use super::style::push;

/// Erases from the cursor to the end of its row.
pub(super) const ERASE_REST: &[u8] = b"\x1b[K";

/// How the row above was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RowEnd {
    /// With the line's end.
    #[default]
    Line,
    /// Without: what is printed next goes on in the next row.
    Open {
        /// Whether it lacks the last cell, where a wide character did not fit.
        is_short: bool,
    },
}

impl RowEnd {
    /// Whether a row is the other half of the line above. What was written there
    /// may have been erased since.
    pub(super) fn goes_on_in(self, line: &Line) -> bool {
        let Some(first) = line.cells().first() else {
            return false;
        };
        match self {
            Self::Line => false,
            Self::Open { is_short } => {
                first.has_glyph() && first.width() > 0 && (!is_short || first.width() == 2)
            }
        }
    }
}

/// A screen in the drawing.
pub(super) struct Drawing<'a> {
    tables: &'a Tables,
    cols: usize,
    /// What was drawn.
    pub(super) out: Vec<u8>,
    pen: Style,
    /// Whether rows scroll in at the bottom, filled with the background of what
    /// is printed then.
    scrolls: bool,
    /// Whether the row being drawn was filled so.
    is_filled: bool,
}

impl<'a> Drawing<'a> {
    /// Begins with nothing drawn and the default style.
    pub(super) fn new(tables: &'a Tables, cols: usize) -> Self {
        Self {
            tables,
            cols,
            out: Vec::new(),
            pen: Style::default(),
            scrolls: false,
            is_filled: false,
        }
    }

    /// Draws rows from the top, as far as there is anything on them.
    pub(super) fn rows<'l>(&mut self, lines: impl Iterator<Item = &'l Line>) {
        let lines: Vec<&Line> = lines.collect();
        let is_drawn =
            |line: &&Line| line.is_wrapped || written_cells(line.cells(), self.tables) > 0;
        let count = lines.iter().rposition(is_drawn).map_or(0, |last| last + 1);
        self.all_rows(lines.into_iter().take(count), RowEnd::Line);
    }

    /// Draws all rows below one that ends as told; they scroll in.
    pub(super) fn scroll_in<'l>(&mut self, lines: impl Iterator<Item = &'l Line>, above: RowEnd) {
        self.scrolls = true;
        self.all_rows(lines, above);
        self.scrolls = false;
    }

    fn all_rows<'l>(&mut self, lines: impl Iterator<Item = &'l Line>, above: RowEnd) {
        let mut lines = lines.peekable();
        let mut goes_on = lines.peek().is_some_and(|first| above.goes_on_in(first));
        if above != RowEnd::Line && !goes_on {
            self.out.extend_from_slice(b"\r\n");
        }
        while let Some(line) = lines.next() {
            self.is_filled = self.scrolls && goes_on && is_filled(line, self.tables);
            let cells = self.of_screen(line);
            match lines.peek() {
                // Only what is written wraps.
                Some(next) if next.is_wrapped && self.wraps(cells, next) => {
                    self.wrapped_row(cells, next.width(0) == 2);
                    goes_on = true;
                }
                Some(_) => {
                    self.row(cells);
                    // A row that is scrolled in is filled with the pen's background.
                    self.change(Style::default());
                    self.out.extend_from_slice(b"\r\n");
                    goes_on = false;
                }
                None => self.row(cells),
            }
        }
        self.is_filled = false;
    }

    /// A row's cells; on the alternate screen there may be more of them.
    fn of_screen<'l>(&self, line: &'l Line) -> &'l [Cell] {
        &line.cells()[..line.cells().len().min(self.cols)]
    }

    /// Whether a row can be drawn so that it goes on with the next one.
    ///
    /// A wide character that wraps by itself leaves its style behind.
    fn wraps(&self, cells: &[Cell], next: &Line) -> bool {
        let Some(&first) = next.cells().first() else {
            return false;
        };
        if !first.has_glyph() || first.width() == 0 {
            return false;
        }
        let last = cells
            .last()
            .filter(|last| !last.has_glyph() && last.width() == 1);
        let left = self.tables.style(first).on_blank();
        first.width() != 2 || last.is_none_or(|&last| shown(self.tables, last) == left)
    }

    /// Draws a row that ends here, with cells that were never written left so.
    fn row(&mut self, cells: &[Cell]) {
        let written = written_cells(cells, self.tables);
        self.cells(&cells[..written], cells.len());
        if written < cells.len() {
            self.erase_rest();
        }
    }

    /// Takes away what filled the rest of the row when it scrolled in.
    fn erase_rest(&mut self) {
        if self.is_filled {
            self.change(Style::default());
            self.out.extend_from_slice(ERASE_REST);
        }
    }

    /// Draws a row up to its end, so that what follows wraps to the next.
    fn wrapped_row(&mut self, cells: &[Cell], is_next_wide: bool) {
        let blank = cells
            .iter()
            .rev()
            .take_while(|cell| !cell.has_glyph() && cell.width() == 1);
        let blank = blank.count();
        if is_next_wide && blank > 0 {
            // A wide character that does not fit wraps by itself.
            self.cells(&cells[..cells.len() - 1], cells.len());
            return self.erase_rest();
        }
        let first = (cells.len() - blank).min(self.last_glyph(cells));
        self.cells(&cells[..first], cells.len());
        self.printed(&cells[first..], first);
    }

    /// Where the cells begin that are printed to stand behind the last column.
    pub(super) fn last_glyph(&self, cells: &[Cell]) -> usize {
        let last = cells.len() - 1;
        let has_first = cells[last - 1].width() == 2;
        last - usize::from(has_first)
    }

    /// Prints cells up to the last column, blank ones too; the first is in this
    /// column.
    pub(super) fn printed(&mut self, cells: &[Cell], column: usize) {
        let mut at = 0;
        while at < cells.len() {
            at += self.cell(cells, at, column + at);
        }
    }

    /// Draws cells from the cursor on, in a row of this width.
    pub(super) fn cells(&mut self, cells: &[Cell], width: usize) {
        let mut at = 0;
        while let Some(&cell) = cells.get(at) {
            if is_left_open(self.tables, cells, at) {
                let is_same = |other: &usize| {
                    is_left_open(self.tables, cells, *other)
                        && cells[*other].style() == cell.style()
                };
                let count = (at..cells.len()).take_while(is_same).count();
                let is_last = at + count == width;
                self.blank(self.tables.style(cell).erased(), count, is_last);
                at += count;
            } else {
                at += self.cell(cells, at, at);
            }
        }
    }

    /// Prints a cell, a space for nothing; returns how many were drawn.
    fn cell(&mut self, cells: &[Cell], at: usize, column: usize) -> usize {
        let cell = cells[at];
        let next = cells.get(at + 1);
        if cell.is_second() && at > 0 && cells[at - 1].width() == 2 {
            return 1;
        }
        self.change(shown(self.tables, cell));
        match next {
            _ if cell.width() < 2 => write_cell(self.tables, cell, &mut self.out),
            Some(next) if next.is_second() => write_cell(self.tables, cell, &mut self.out),
            Some(&next) if column + 2 == self.cols => {
                self.half(cell, next);
                return 2;
            }
            _ => self.out.push(b' '),
        }
        1
    }

    /// Prints a wide character that lost its second half in the last column.
    ///
    /// Without wrapping, what is printed behind the last column gets there; a
    /// wide character does not fit, and leaves it empty.
    fn half(&mut self, cell: Cell, next: Cell) {
        write_cell(self.tables, cell, &mut self.out);
        self.out.extend_from_slice(b"\x1b[?7l");
        self.change(self.tables.style(next));
        if next.has_glyph() {
            write_cell(self.tables, next, &mut self.out);
        } else {
            self.out.extend_from_slice("\u{3000}".as_bytes());
        }
        self.out.extend_from_slice(b"\x1b[?7h");
    }

    fn blank(&mut self, style: Style, count: usize, is_last: bool) {
        if style != Style::default() || self.is_filled {
            self.change(style);
            push(&mut self.out, format_args!("\x1b[{count}X"));
        }
        if !is_last {
            push(&mut self.out, format_args!("\x1b[{count}C"));
        }
    }

    /// Restores a saved cursor, whose style this is.
    pub(super) fn restore(&mut self, saved: Style) {
        // What is not saved would be hidden, not gone.
        self.change(Style::default());
        self.out.extend_from_slice(b"\x1b8");
        self.pen = self.pen.restored(saved);
    }

    /// Changes the style of what follows.
    pub(super) fn change(&mut self, style: Style) {
        self.tables
            .styles
            .write_change(self.pen, style, &mut self.out);
        self.pen = style;
    }
}

/// Whether a row's first character has a background: a row that it scrolls in
/// is filled with that.
pub(super) fn is_filled(line: &Line, tables: &Tables) -> bool {
    let first = line.cells().first();
    first.is_some_and(|&first| tables.style(first).erased() != Style::default())
}

/// How many cells of a row count: up to the last that is not empty.
pub(super) fn written_cells(cells: &[Cell], tables: &Tables) -> usize {
    let is_seen = |cell: &Cell| {
        cell.has_glyph() || (cell.style() != 0 && shown(tables, *cell) != Style::default())
    };
    let last = cells.iter().rposition(is_seen);
    last.map_or(0, |last| {
        (last + usize::from(cells[last].width().max(1))).min(cells.len())
    })
}

/// Whether a cell can be skipped, or erased: nothing was written to it, and it
/// shows nothing but a background.
fn is_left_open(tables: &Tables, cells: &[Cell], at: usize) -> bool {
    let cell = cells[at];
    let is_second = cell.is_second() && at > 0 && cells[at - 1].width() == 2;
    !cell.has_glyph() && !is_second && shown(tables, cell).is_erased()
}
