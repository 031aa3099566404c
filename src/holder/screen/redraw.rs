//! The bytes that draw a screen again.
//!
//! The rows come from the grid's cells. All else that the grid keeps (margins,
//! saved cursors, origin, insert and wrap modes, tab stops, a wrap that is
//! pending) comes from avt's own `dump`, read back as functions: its rows are
//! left out, because they say less than the cells do.

use avt::Cell;
use avt::Line;
use avt::Parser;
use avt::Terminal;
use avt::parser::AnsiMode;
use avt::parser::CtcOp;
use avt::parser::DecMode;
use avt::parser::Function;
use avt::parser::SgrOp;

use super::emulator::Emulator;
use super::emulator::Tables;
use super::emulator::number_of;
use super::style::Style;
use super::style::push;

/// Draws the screens, cursor and modes in a terminal that was just reset.
pub(super) fn screen(emulator: &Emulator) -> Vec<u8> {
    let mut drawing = Drawing::new(&emulator.tables);
    drawing.rows(emulator.grid.primary_screen().visible_lines());
    drawing.rest(emulator);
    drawing.out
}

/// Draws the screens below rows that were drawn already.
pub(super) fn screen_below(emulator: &Emulator) -> Vec<u8> {
    let mut drawing = Drawing::new(&emulator.tables);
    drawing.all_rows(emulator.grid.primary_screen().visible_lines());
    drawing.rest(emulator);
    drawing.out
}

/// Appends a row that has left the screen; returns how many rows that was.
pub(super) fn history_row(line: &Line, tables: &Tables, out: &mut Vec<u8>) -> usize {
    let mut pen = Style::default();
    for cell in &line.cells()[..written_cells(line, tables)] {
        if cell.width() == 0 {
            continue;
        }
        let mut style = tables.styles.get(number_of(cell.pen().foreground()));
        if is_blank(cell) {
            style = style.erased();
        }
        tables.styles.write_change(pen, style, out);
        pen = style;
        tables.glyphs.write(cell.char(), out);
    }
    tables.styles.write_change(pen, Style::default(), out);
    if !line.is_wrapped() {
        out.extend_from_slice(b"\r\n");
    }
    1
}

/// Whether margins, charsets or modes keep text from being printed plainly.
pub(super) fn is_odd(grid: &Terminal) -> bool {
    let is_ordinary = |function: &Function| match function {
        Function::Decset(modes) => modes.as_slice() == [DecMode::CursorKeys],
        Function::Decrst(modes) => modes.as_slice() == [DecMode::TextCursorEnable],
        Function::Cup(..) => true,
        _ => is_of_a_row(function),
    };
    !dumped(grid).iter().all(is_ordinary)
}

/// The functions of avt's own dump.
pub(super) fn dumped(grid: &Terminal) -> Vec<Function> {
    // The parser that they are read by is ours alone, so nothing is pending.
    let mut parser = Parser::new();
    let dump = grid.dump();
    dump.chars().filter_map(|ch| parser.feed(ch)).collect()
}

/// A screen in the drawing.
pub(super) struct Drawing<'a> {
    tables: &'a Tables,
    /// What was drawn.
    pub(super) out: Vec<u8>,
    pen: Style,
}

impl<'a> Drawing<'a> {
    /// Begins with nothing drawn and the default style.
    pub(super) fn new(tables: &'a Tables) -> Self {
        Self {
            tables,
            out: Vec::new(),
            pen: Style::default(),
        }
    }

    /// Draws rows from the top, as far as there is anything on them.
    fn rows<'l>(&mut self, lines: impl Iterator<Item = &'l Line>) {
        let lines: Vec<&Line> = lines.collect();
        let is_drawn = |line: &&Line| line.is_wrapped() || written_cells(line, self.tables) > 0;
        let count = lines.iter().rposition(is_drawn).map_or(0, |last| last + 1);
        // What follows a wrap stands on the next row, however blank it is.
        let count =
            count + usize::from(count > 0 && count < lines.len() && lines[count - 1].is_wrapped());
        self.all_rows(lines.into_iter().take(count));
    }

    fn all_rows<'l>(&mut self, lines: impl Iterator<Item = &'l Line>) {
        let mut lines = lines.peekable();
        while let Some(line) = lines.next() {
            let next = lines.peek();
            match next.and_then(|next| next.cells().first()) {
                // Only what is written wraps.
                Some(first) if line.is_wrapped() && !is_blank(first) => {
                    self.wrapped_row(line, first.width() == 2);
                }
                Some(_) => {
                    self.row(line);
                    // A row that is scrolled in is filled with the pen's background.
                    self.change(Style::default());
                    self.out.extend_from_slice(b"\r\n");
                }
                None => self.row(line),
            }
        }
    }

    /// Draws a row that ends here, with cells that were never written left so.
    fn row(&mut self, line: &Line) {
        self.cells(
            &line.cells()[..written_cells(line, self.tables)],
            line.len(),
        );
    }

    /// Draws a row up to its end, so that what follows wraps to the next.
    fn wrapped_row(&mut self, line: &Line, is_next_wide: bool) {
        let cells = line.cells();
        let blank = cells.iter().rev().take_while(|cell| is_blank(cell)).count();
        if is_next_wide && blank > 0 {
            // A wide character that does not fit wraps by itself.
            return self.cells(&cells[..cells.len() - 1], line.len());
        }
        self.cells(&cells[..cells.len() - blank], line.len());
        for cell in &cells[cells.len() - blank..] {
            self.change(self.style(cell).erased());
            self.out.push(b' ');
        }
    }

    /// Draws cells from the cursor on, in a row of this width.
    pub(super) fn cells(&mut self, cells: &[Cell], width: usize) {
        let mut at = 0;
        while let Some(cell) = cells.get(at) {
            if is_blank(cell) {
                let is_same = |other: &&Cell| is_blank(other) && other.pen() == cell.pen();
                let count = cells[at..].iter().take_while(is_same).count();
                at += count;
                self.blank(self.style(cell).erased(), count, at == width);
            } else {
                if cell.width() > 0 {
                    self.change(self.style(cell));
                    self.tables.glyphs.write(cell.char(), &mut self.out);
                }
                at += 1;
            }
        }
    }

    fn blank(&mut self, style: Style, count: usize, is_last: bool) {
        if style != Style::default() {
            self.change(style);
            push(&mut self.out, format_args!("\x1b[{count}X"));
        }
        if !is_last {
            push(&mut self.out, format_args!("\x1b[{count}C"));
        }
    }

    fn style(&self, cell: &Cell) -> Style {
        self.tables.styles.get(number_of(cell.pen().foreground()))
    }

    /// Changes the style of what follows.
    pub(super) fn change(&mut self, style: Style) {
        self.tables
            .styles
            .write_change(self.pen, style, &mut self.out);
        self.pen = style;
    }

    /// Draws the alternate screen, and sets everything that is not a cell.
    fn rest(&mut self, emulator: &Emulator) {
        let is_alternate = emulator.is_alternate();
        let mut is_row = true;
        let mut begins_alternate = false;
        if let Some((top, bottom)) = emulator.primary_margins().filter(|_| is_alternate) {
            push(
                &mut self.out,
                format_args!("\x1b[{};{}r", top + 1, bottom + 1),
            );
        }
        let functions = dumped(&emulator.grid);
        for (at, function) in functions.iter().enumerate() {
            if is_row && is_of_a_row(function) {
                continue;
            }
            is_row = false;
            if is_of_a_saved_cursor(function, &functions[at..]) {
                continue;
            }
            match function {
                Function::Decset(modes) if modes.as_slice() == [DecMode::AltScreenBuffer] => {
                    self.change(Style::default());
                    if is_alternate {
                        emulator.modes.write_primary_keyboard(&mut self.out);
                    }
                    begins_alternate = is_alternate;
                    self.out.extend_from_slice(b"\x1b[?1047h");
                }
                Function::Cup(1, 1) if begins_alternate => {
                    begins_alternate = false;
                    is_row = true;
                    self.out.extend_from_slice(b"\x1b[H");
                    self.rows(emulator.grid.screen().visible_lines());
                }
                _ => self.function(function),
            }
        }
        emulator.modes.write(is_alternate, &mut self.out);
    }

    fn function(&mut self, function: &Function) {
        match function {
            Function::Sgr(ops) => self.change(self.tables.styles.get(number_in(ops.as_slice()))),
            Function::Print(ch) => self.tables.glyphs.write(*ch, &mut self.out),
            Function::Ctc(CtcOp::ClearAll) => self.out.extend_from_slice(b"\x1b[3g"),
            Function::Ctc(_) => self.out.extend_from_slice(b"\x1bH"),
            Function::Cha(n) => push(&mut self.out, format_args!("\x1b[{n}G")),
            Function::Cup(row, col) => push(&mut self.out, format_args!("\x1b[{row};{col}H")),
            Function::Cub(n) => push(&mut self.out, format_args!("\x1b[{n}D")),
            Function::Cuf(n) => push(&mut self.out, format_args!("\x1b[{n}C")),
            Function::Cuu(n) => push(&mut self.out, format_args!("\x1b[{n}A")),
            Function::Cud(n) => push(&mut self.out, format_args!("\x1b[{n}B")),
            Function::Decstbm(top, bottom) => {
                push(&mut self.out, format_args!("\x1b[{top};{bottom}r"));
            }
            Function::Decsc => self.out.extend_from_slice(b"\x1b7"),
            Function::Scorc => self.out.extend_from_slice(b"\x1b8"),
            Function::Gzd4(_) => self.out.extend_from_slice(b"\x1b(0"),
            Function::G1d4(_) => self.out.extend_from_slice(b"\x1b)0"),
            Function::So => self.out.push(0x0e),
            Function::Sm(modes) => self.ansi_modes(modes.as_slice()),
            Function::Decset(modes) => self.private_modes(modes.as_slice(), 'h'),
            Function::Decrst(modes) => self.private_modes(modes.as_slice(), 'l'),
            // A dump holds no other.
            _ => {}
        }
    }

    fn ansi_modes(&mut self, modes: &[AnsiMode]) {
        for mode in modes {
            push(&mut self.out, format_args!("\x1b[{}h", *mode as u16));
        }
    }

    fn private_modes(&mut self, modes: &[DecMode], action: char) {
        for mode in modes {
            push(
                &mut self.out,
                format_args!("\x1b[?{}{action}", *mode as u16),
            );
        }
    }
}

/// How many cells of a row count: up to the last that is not empty.
pub(super) fn written_cells(line: &Line, tables: &Tables) -> usize {
    let is_seen = |cell: &Cell| {
        let style = tables.styles.get(number_of(cell.pen().foreground()));
        !is_blank(cell) || style.erased() != Style::default()
    };
    line.cells()
        .iter()
        .rposition(is_seen)
        .map_or(0, |last| last + 1)
}

/// Whether nothing was written to a cell since it was last erased.
///
/// A written space has a stand-in; the second half of a wide one is no blank.
fn is_blank(cell: &Cell) -> bool {
    cell.char() == ' ' && cell.width() == 1
}

/// Whether a function may be part of the rows at the beginning of a dump.
fn is_of_a_row(function: &Function) -> bool {
    matches!(
        function,
        Function::Print(_) | Function::Rep(_) | Function::Cr | Function::Lf | Function::Sgr(_)
    )
}

/// Whether a mode is set for a saved cursor only: it is undone later on.
///
/// avt saves these modes with the cursor, xterm.js does not.
fn is_of_a_saved_cursor(function: &Function, rest: &[Function]) -> bool {
    let is_after = |wanted: &Function| rest.contains(wanted);
    let origin = || vec![DecMode::Origin].into();
    let wrap = || vec![DecMode::AutoWrap].into();
    match function {
        Function::Decset(modes) if modes.as_slice() == [DecMode::Origin] => {
            is_after(&Function::Decrst(origin()))
        }
        Function::Decrst(modes) if modes.as_slice() == [DecMode::AutoWrap] => {
            is_after(&Function::Decset(wrap()))
        }
        Function::Decrst(modes) => modes.as_slice() == [DecMode::Origin],
        Function::Decset(modes) => modes.as_slice() == [DecMode::AutoWrap],
        _ => false,
    }
}

/// The style's number that an SGR of a dump leaves.
fn number_in(ops: &[SgrOp]) -> u32 {
    ops.iter().fold(0, |number, op| match op {
        SgrOp::SetForegroundColor(color) => number_of(Some(*color)),
        SgrOp::Reset | SgrOp::ResetForegroundColor => 0,
        _ => number,
    })
}
