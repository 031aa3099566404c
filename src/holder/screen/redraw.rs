//! The bytes that draw a screen again.

use super::emulator::Emulator;
use super::emulator::Switches;
use super::emulator::Tables;
use super::grid::Buffer;
use super::grid::Cell;
use super::grid::Line;
use super::row::Drawing;
use super::row::ERASE_REST;
use super::row::RowEnd;
use super::row::is_filled;
use super::row::written_cells;
use super::style::Style;
use super::style::push;

/// Draws the screens, cursor and modes in a terminal that was just reset.
pub(super) fn screen(emulator: &Emulator) -> Vec<u8> {
    let mut drawing = Drawing::new(&emulator.tables, emulator.cols);
    drawing.rows(emulator.primary().visible());
    rest(&mut drawing, emulator);
    drawing.out
}

/// Draws the screens below rows that were drawn already, the last as told.
pub(super) fn screen_below(emulator: &Emulator, above: RowEnd) -> Vec<u8> {
    let mut drawing = Drawing::new(&emulator.tables, emulator.cols);
    drawing.scroll_in(emulator.primary().visible(), above);
    rest(&mut drawing, emulator);
    drawing.out
}

/// Appends a row that has left the screen, above the next one and below one
/// that ends as told.
pub(super) fn history_row(
    (line, next): (&Line, &Line),
    above: RowEnd,
    tables: &Tables,
    out: &mut Vec<u8>,
) -> RowEnd {
    let mut pen = Style::default();
    let goes_on = above.goes_on_in(line);
    if above != RowEnd::Line && !goes_on {
        out.extend_from_slice(b"\r\n");
    }
    let written = written_cells(line.cells(), tables);
    let cells = &line.cells()[..written];
    for (at, &cell) in cells.iter().enumerate() {
        let is_wide = line.width(at) == 2;
        let has_second = || {
            line.cells()
                .get(at + 1)
                .is_some_and(|next| next.is_second())
        };
        if cell.is_second() && at > 0 && line.width(at - 1) == 2 {
            continue;
        }
        let style = shown(tables, cell);
        tables.styles.write_change(pen, style, out);
        pen = style;
        if is_wide && !has_second() {
            // Half of a character, over the other half of which is another.
            out.push(b' ');
        } else {
            write_cell(tables, cell, out);
        }
    }
    tables.styles.write_change(pen, Style::default(), out);
    let blank = line.cells().len() - written;
    if goes_on && is_filled(line, tables) && blank > 0 {
        out.extend_from_slice(ERASE_REST);
    }
    let wraps = next.is_wrapped && (blank == 0 || leaves_open(line, next, tables));
    if !wraps {
        out.extend_from_slice(b"\r\n");
        return RowEnd::Line;
    }
    // The wide character that did not fit wraps from the last cell.
    if blank > 1 {
        push(out, format_args!("\x1b[{}C", blank - 1));
    }
    RowEnd::Open {
        is_short: blank > 0,
    }
}

/// Whether a wide character that wraps by itself leaves the last cell as it is.
pub(super) fn leaves_open(line: &Line, next: &Line, tables: &Tables) -> bool {
    let (Some(&last), Some(&first)) = (line.cells().last(), next.cells().first()) else {
        return false;
    };
    first.width() == 2 && shown(tables, last) == tables.style(first).on_blank()
}

/// How a cell looks: what nothing was written to lacks most.
pub(super) fn shown(tables: &Tables, cell: Cell) -> Style {
    let style = tables.style(cell);
    if cell.has_glyph() {
        style
    } else {
        style.on_blank()
    }
}

/// Appends what a cell shows; a mark that stands for itself joins nothing.
pub(super) fn write_cell(tables: &Tables, cell: Cell, out: &mut Vec<u8>) {
    if cell.has_glyph() && cell.width() == 0 {
        out.push(0);
    }
    tables.glyphs.write(cell.glyph(), out);
}

/// Draws the alternate screen, and sets everything that is not a cell.
fn rest(drawing: &mut Drawing<'_>, emulator: &Emulator) {
    let is_alternate = emulator.is_alternate();
    beside_rows(drawing, emulator.primary());
    if !is_alternate && emulator.alternate().has_saved() {
        drawing.out.extend_from_slice(b"\x1b[?1047h");
        saved_cursor(drawing, emulator.alternate());
        drawing.out.extend_from_slice(b"\x1b[?1047l");
    }
    if is_alternate {
        drawing.change(Style::default());
        emulator.modes.write_primary_keyboard(&mut drawing.out);
        drawing.out.extend_from_slice(b"\x1b[?1047h\x1b[H");
        drawing.rows(emulator.buffer().visible());
        beside_rows(drawing, emulator.buffer());
    }
    let has_charsets = restored_charset(drawing, emulator);
    if emulator.switches.has_origin {
        drawing.out.extend_from_slice(b"\x1b[?6h");
    }
    cursor(drawing, emulator);
    drawing.change(emulator.style());
    if !has_charsets {
        emulator.charsets.settled().write(&mut drawing.out);
    }
    switches(emulator.switches, &mut drawing.out);
    emulator.modes.write(is_alternate, &mut drawing.out);
}

/// Sets the charsets, if the one in use came back with the cursor: so it does
/// here, where nothing is printed afterwards.
fn restored_charset(drawing: &mut Drawing<'_>, emulator: &Emulator) -> bool {
    let (charsets, buffer) = (emulator.charsets, emulator.buffer());
    let (saved, _) = buffer.saved();
    let can_be_restored =
        charsets.are_restored() && saved.charset == charsets.current && buffer.x < emulator.cols;
    if can_be_restored {
        charsets.write(&mut drawing.out);
        drawing.restore(saved.style);
    }
    can_be_restored
}

/// Sets what a screen has beside its rows: tab stops, margins, saved cursor.
fn beside_rows(drawing: &mut Drawing<'_>, buffer: &Buffer) {
    if let Some(tabs) = buffer.changed_tabs() {
        drawing.out.extend_from_slice(b"\x1b[3g");
        for x in tabs {
            push(&mut drawing.out, format_args!("\x1b[{}G\x1bH", x + 1));
        }
    }
    saved_cursor(drawing, buffer);
    if (buffer.top, buffer.bottom) != (0, buffer.rows() - 1) {
        push(
            &mut drawing.out,
            format_args!("\x1b[{};{}r", buffer.top + 1, buffer.bottom + 1),
        );
    }
}

/// Saves what was saved with the cursor.
fn saved_cursor(drawing: &mut Drawing<'_>, buffer: &Buffer) {
    if !buffer.has_saved() {
        return;
    }
    let (saved, y) = buffer.saved();
    let (row, column) = (y + 1, saved.x + 1);
    push(&mut drawing.out, format_args!("\x1b[{row};{column}H"));
    drawing.change(saved.style);
    if saved.charset.is_default() {
        return drawing.out.extend_from_slice(b"\x1b7");
    }
    drawing.out.extend_from_slice(b"\x1b(");
    drawing.out.push(saved.charset.name());
    drawing.out.extend_from_slice(b"\x1b7\x1b(B");
}

/// Puts the cursor where it is, also behind the last column.
fn cursor(drawing: &mut Drawing<'_>, emulator: &Emulator) {
    let buffer = emulator.buffer();
    let top = if emulator.switches.has_origin {
        buffer.top
    } else {
        0
    };
    let row = buffer.y.saturating_sub(top) + 1;
    let cells = &buffer.line(buffer.y).cells()[..emulator.cols];
    let x = buffer.x.min(emulator.cols);
    if x < emulator.cols {
        return push(&mut drawing.out, format_args!("\x1b[{row};{}H", x + 1));
    }
    // What stands in the last cells is printed again.
    let first = drawing.last_glyph(cells);
    push(&mut drawing.out, format_args!("\x1b[{row};{}H", first + 1));
    drawing.printed(&cells[first..], first);
    for _ in emulator.cols..buffer.x {
        // A mark that joined nothing, and was lost.
        drawing.out.extend_from_slice("\0\u{301}".as_bytes());
    }
}

fn switches(switches: Switches, out: &mut Vec<u8>) {
    let all: [(bool, &[u8]); 5] = [
        (switches.has_cursor_keys, b"\x1b[?1h"),
        (!switches.has_wrap, b"\x1b[?7l"),
        (switches.is_cursor_hidden, b"\x1b[?25l"),
        (switches.is_inserting, b"\x1b[4h"),
        (switches.returns, b"\x1b[20h"),
    ];
    for (_, sequence) in all.iter().filter(|(is_set, _)| *is_set) {
        out.extend_from_slice(sequence);
    }
}
