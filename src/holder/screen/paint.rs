//! The part of a screen that fits a window of another size.
//!
//! Unlike a redraw it may be painted over what was painted before, and what
//! the program prints meanwhile does not reach the window at all. Rows below
//! the cursor's are cut off first, columns at the right.

use super::emulator::Emulator;
use super::grid::Line;
use super::row::Drawing;
use super::row::written_cells;
use super::style::Style;
use super::style::push;
use crate::sys::pty::Size;

/// Paints the rows, and clears what is below them.
pub(super) fn rows(emulator: &Emulator, window: Size) -> Vec<u8> {
    let (rows, cols) = (usize::from(window.rows), usize::from(window.cols));
    let mut drawing = Drawing::new(&emulator.tables, cols);
    let lines = emulator.buffer().visible();
    let lines = lines.skip(hidden_rows(emulator, window)).take(rows);
    let mut painted = 0;
    for line in lines {
        painted += 1;
        push(&mut drawing.out, format_args!("\x1b[{painted};1H\x1b[2K"));
        let written = written_cells(line.cells(), &emulator.tables);
        let shown = written.min(cells_within(line, cols));
        drawing.cells(&line.cells()[..shown], cols);
        drawing.change(Style::default());
    }
    if painted < rows {
        push(
            &mut drawing.out,
            format_args!("\x1b[{};1H\x1b[J", painted + 1),
        );
    }
    drawing.out
}

/// Puts the cursor where it is, as far as the window reaches.
pub(super) fn cursor(emulator: &Emulator, window: Size) -> Vec<u8> {
    let buffer = emulator.buffer();
    let row = buffer.y - hidden_rows(emulator, window) + 1;
    let col = usize::from(window.cols).min(buffer.x + 1);
    let mut out = Vec::new();
    push(&mut out, format_args!("\x1b[{row};{col}H"));
    if !emulator.switches.is_cursor_hidden {
        out.extend_from_slice(b"\x1b[?25h");
    }
    out
}

/// Sets what the program set and no cell shows: what keys and the mouse say.
pub(super) fn modes(emulator: &Emulator) -> Vec<u8> {
    let mut out = Vec::new();
    if emulator.switches.has_cursor_keys {
        out.extend_from_slice(b"\x1b[?1h");
    }
    emulator.modes.write(emulator.is_alternate(), &mut out);
    out
}

/// How many rows are above the window, so that the cursor is in it.
fn hidden_rows(emulator: &Emulator, window: Size) -> usize {
    (emulator.buffer().y + 1).saturating_sub(window.rows.into())
}

/// How many of a row's cells fit, without half a wide character.
fn cells_within(line: &Line, cols: usize) -> usize {
    let cells = line.cells();
    let is_cut = cols < cells.len() && cols > 0 && cells[cols - 1].width() == 2;
    cells.len().min(cols) - usize::from(is_cut)
}
