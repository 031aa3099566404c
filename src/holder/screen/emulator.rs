//! The state of one terminal: avt's grid, and what it lacks.

use avt::Color;
use avt::Line;
use avt::Observation;
use avt::Observer;
use avt::Operation;
use avt::ScreenKind;
use avt::Terminal;
use avt::parser::AnsiMode;
use avt::parser::DecMode;
use avt::parser::ElScope;
use avt::parser::Function;
use avt::parser::SgrOp;

use super::glyphs;
use super::glyphs::Cells;
use super::glyphs::Glyphs;
use super::history::History;
use super::modes::Modes;
use super::redraw;
use super::style::Style;
use super::style::Styles;
use crate::sys::pty::Size;

/// The longest operating system command that is understood, in bytes.
///
/// A longer one passes by: it may be a picture or a file for the clipboard.
pub(super) const MAX_COMMAND_BYTES: usize = 4096;

/// How many rows above the screen the grid keeps for a window that grows.
pub(super) const PULLED_ROWS: usize = 128;

/// What a cell's character and colour stand for.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) glyphs: Glyphs,
    pub(super) styles: Styles,
}

/// The state of one terminal.
pub(super) struct Emulator {
    pub(super) grid: Terminal,
    pub(super) tables: Tables,
    pub(super) modes: Modes,
    pub(super) history: History,
    /// How the next character will look.
    pub(super) style: Style,
    /// What was saved with the cursor of the primary and the alternate screen.
    saved: [Saved; 2],
    /// Modes that avt restores with the cursor, and xterm.js does not.
    pub(super) modes_beside: ModesBeside,
    /// The first and the last row that scroll, from 0, of both screens; avt
    /// has one pair for both.
    margins: [(usize, usize); 2],
    /// What a mark joins: the character before it, with the marks so far.
    pub(super) joint: Option<(String, Cells)>,
    is_inserting: bool,
    /// Whether margins, charsets or modes may be such that text is not printed
    /// plainly.
    pub(super) may_be_odd: bool,
    /// How many rows that the grid will give up are in the history already.
    known_rows: usize,
    /// Answers to queries, for whoever asks when nobody else is there.
    pub(super) answer: Vec<u8>,
    /// Whether the sequence that was under way has ended.
    pub(super) is_between: bool,
}

impl Emulator {
    /// Makes an empty screen with the history of another.
    pub(super) fn new(size: Size, history: History) -> Self {
        let (cols, rows) = (size.cols.max(1).into(), size.rows.max(1).into());
        let grid =
            Terminal::with_scrollback(cols, rows, Some(PULLED_ROWS)).expect("neither side is 0");
        Self {
            grid,
            tables: Tables::default(),
            modes: Modes::default(),
            history,
            style: Style::default(),
            saved: Default::default(),
            modes_beside: ModesBeside::default(),
            margins: [(0, rows - 1); 2],
            joint: None,
            is_inserting: false,
            may_be_odd: false,
            known_rows: 0,
            answer: Vec::new(),
            is_between: true,
        }
    }

    /// Changes the size; what falls off the top becomes history.
    pub(super) fn resize(&mut self, size: Size) {
        self.joint = None;
        let rows = self.grid.size().1;
        self.run(Operation::Resize {
            cols: size.cols.into(),
            rows: size.rows.into(),
        });
        if usize::from(size.rows) != rows {
            self.margins = [(0, self.grid.size().1 - 1); 2];
        }
    }

    /// Appends the grid's first rows to the history; the grid keeps them.
    pub(super) fn push_rows(&mut self, count: usize) {
        for line in self.grid.primary_screen().all_lines().take(count) {
            self.history
                .push(|above, out| redraw::history_row(line, above, &self.tables, out));
        }
    }

    /// Appends plain lines to the history, behind what the grid shows.
    ///
    /// The cursor is at the left of the bottom row, and so many rows follow
    /// that the grid gives up all that it shows now.
    pub(super) fn push_lines(&mut self, text: &[u8], lines: usize) {
        let (cols, rows) = self.grid.size();
        let shown = self.rows_above() + rows - 1;
        self.push_rows(shown);
        self.known_rows += shown;
        self.history.push_lines(text, lines, cols);
    }

    /// Whether text is printed as it is: in the default style, wrapped at the
    /// end of rows, on the whole primary screen.
    pub(super) fn is_plain(&mut self) -> bool {
        if self.is_alternate() || self.is_inserting || self.style != Style::default() {
            return false;
        }
        self.may_be_odd = self.may_be_odd && redraw::is_odd(&self.grid);
        !self.may_be_odd
    }

    /// How many rows the grid keeps above the screen.
    pub(super) fn rows_above(&self) -> usize {
        let rows = self.grid.size().1;
        let all = self.grid.primary_screen().all_lines().count();
        all.saturating_sub(rows)
    }

    /// Whether the alternate screen is shown.
    pub(super) fn is_alternate(&self) -> bool {
        self.grid.active_screen_kind() == ScreenKind::Alternate
    }

    pub(super) fn run(&mut self, operation: impl Into<Operation>) {
        let Self {
            grid,
            tables,
            history,
            known_rows,
            ..
        } = self;
        let evicted = Evicted {
            tables,
            history,
            known_rows,
        };
        grid.execute_with(operation.into(), evicted);
    }

    pub(super) fn do_function(&mut self, function: Function) {
        self.joint = None;
        self.run(function);
    }

    pub(super) fn set_style(&mut self, style: Style) {
        self.style = style;
        let op = match self.tables.styles.number(style) {
            0 => SgrOp::ResetForegroundColor,
            number => SgrOp::SetForegroundColor(color_of(number)),
        };
        self.do_function(Function::Sgr(vec![op].into()));
    }

    /// Notes what goes with the cursor that avt is about to save.
    pub(super) fn save_beside(&mut self) {
        self.saved[usize::from(self.is_alternate())] = Saved {
            style: self.style,
            modes: self.modes_beside,
        };
    }

    /// Takes back what goes with the cursor that avt has restored.
    pub(super) fn restore_beside(&mut self) {
        let saved = self.saved[usize::from(self.is_alternate())];
        self.style = saved.style;
        let modes = self.modes_beside;
        if modes.has_wrap != saved.modes.has_wrap {
            self.run(private_mode(DecMode::AutoWrap, modes.has_wrap));
        }
        if modes.has_origin != saved.modes.has_origin {
            self.run_in_place(private_mode(DecMode::Origin, modes.has_origin));
        }
    }

    /// The first and the last row that scroll, from 0.
    pub(super) fn margins(&self) -> (usize, usize) {
        self.margins[usize::from(self.is_alternate())]
    }

    /// Notes the margins of the screen that is shown.
    pub(super) fn set_margins(&mut self, top: usize, bottom: usize) {
        self.margins[usize::from(self.is_alternate())] = (top, bottom);
    }

    /// The primary screen's margins, if they are not the whole screen.
    pub(super) fn primary_margins(&self) -> Option<(usize, usize)> {
        let all = (0, self.grid.size().1 - 1);
        Some(self.margins[0]).filter(|&margins| margins != all)
    }

    /// Shows the alternate screen or the primary one.
    pub(super) fn switch(&mut self, how: Function) {
        let was_alternate = self.is_alternate();
        let before = self.margins();
        self.do_function(how);
        if self.is_alternate() && !was_alternate {
            self.set_margins(0, self.grid.size().1 - 1);
        }
        let (top, bottom) = self.margins();
        if (top, bottom) != before {
            self.run_in_place(Function::Decstbm(number(top + 1), number(bottom + 1)));
        }
    }

    /// Does what moves the cursor home, and moves it back.
    fn run_in_place(&mut self, function: Function) {
        let cursor = self.grid.cursor();
        self.run(function);
        let top = if self.modes_beside.has_origin {
            self.margins().0
        } else {
            0
        };
        let row = cursor.row.saturating_sub(top) + 1;
        self.run(Function::Cup(number(row), number(cursor.col + 1)));
    }

    /// Forgets what was saved on the screen that is shown.
    pub(super) fn forget_saved(&mut self) {
        self.saved[usize::from(self.is_alternate())] = Saved::default();
    }

    /// Prints again what was just printed.
    pub(super) fn repeat(&mut self, count: u16) {
        let Some((text, cells)) = self.joint.take() else {
            return;
        };
        let shown = self.tables.glyphs.of_cluster(&text, cells);
        for _ in 0..count.max(1) {
            self.print_shown(shown, cells);
        }
    }

    /// Prints what a cell holds.
    fn print_shown(&mut self, shown: char, cells: Cells) {
        let columns = self.grid.size().0;
        if cells == Cells::Two
            && self.grid.cursor().col + 1 == columns
            && self.modes_beside.has_wrap
        {
            // It goes to the next row, and what it leaves open is erased.
            self.run(Function::El(ElScope::ToRight));
        }
        self.run(Function::Print(shown));
    }

    /// Runs a function as if the next character were in the default style.
    pub(super) fn run_unstyled(&mut self, function: Function) {
        let style = self.style;
        self.set_style(Style::default());
        self.run(function);
        self.set_style(style);
    }

    /// Prints a character that begins a cell.
    pub(super) fn print_alone(&mut self, ch: char, cells: Cells) {
        let shown = self.tables.glyphs.of_char(ch, cells);
        self.print_shown(shown, cells);
        match &mut self.joint {
            Some((text, joined)) => {
                text.clear();
                text.push(ch);
                *joined = cells;
            }
            none => *none = Some((ch.into(), cells)),
        }
    }

    /// Adds a mark to the character that was printed last.
    pub(super) fn print_joined(&mut self, mark: char) {
        let Some((mut text, cells)) = self.joint.take() else {
            return self.print_alone(mark, Cells::One);
        };
        if glyphs::has_room(&text) {
            text.push(mark);
            let shown = self.tables.glyphs.of_cluster(&text, cells);
            self.print_again(shown, cells);
        }
        self.joint = Some((text, cells));
    }

    /// Replaces the character before the cursor, which stays where it is.
    fn print_again(&mut self, shown: char, cells: Cells) {
        let columns = u16::try_from(self.grid.size().0).unwrap_or(u16::MAX);
        let is_wrapping = self.grid.cursor().col >= columns.into();
        let back = if is_wrapping {
            Function::Cha((columns + 1).saturating_sub(cells.count()))
        } else {
            Function::Cub(cells.count())
        };
        let was_inserting = self.is_inserting;
        self.set_inserting(false);
        self.run(back);
        self.run(Function::Print(shown));
        self.set_inserting(was_inserting);
    }

    pub(super) fn set_inserting(&mut self, is_on: bool) {
        if self.is_inserting != is_on {
            self.is_inserting = is_on;
            let modes = vec![AnsiMode::Insert].into();
            self.run(if is_on {
                Function::Sm(modes)
            } else {
                Function::Rm(modes)
            });
        }
    }

    /// Forgets all that is above the screen.
    pub(super) fn forget_history(&mut self) {
        self.history.clear();
        if self.rows_above() > 0 {
            self.renew();
        }
    }

    /// Begins anew (RIS): nothing is left, the history neither.
    pub(super) fn hard_reset(&mut self) {
        self.history.clear();
        let history = std::mem::replace(&mut self.history, History::new(0));
        let answer = std::mem::take(&mut self.answer);
        *self = Self::new(self.size(), history);
        self.answer = answer;
    }

    fn size(&self) -> Size {
        let (cols, rows) = self.grid.size();
        Size {
            cols: u16::try_from(cols).unwrap_or(u16::MAX),
            rows: u16::try_from(rows).unwrap_or(u16::MAX),
        }
    }

    /// Moves the screen to a new grid with new tables.
    pub(super) fn renew(&mut self) {
        let size = self.size();
        let drawn = redraw::screen(self);
        let modes = std::mem::take(&mut self.modes);
        let history = std::mem::replace(&mut self.history, History::new(0));
        let answer = std::mem::take(&mut self.answer);
        let may_be_odd = self.may_be_odd;
        let mut renewed = Self::new(size, history);
        vte::Parser::<MAX_COMMAND_BYTES>::new_with_size().advance(&mut renewed, &drawn);
        (renewed.modes, renewed.answer) = (modes, answer);
        renewed.may_be_odd |= may_be_odd;
        *self = renewed;
    }
}

/// What xterm.js keeps with a saved cursor, and what avt does beyond.
#[derive(Clone, Copy, Debug, Default)]
struct Saved {
    style: Style,
    modes: ModesBeside,
}

/// Modes that belong to the screen, whatever cursor is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModesBeside {
    pub(super) has_origin: bool,
    pub(super) has_wrap: bool,
}

impl Default for ModesBeside {
    fn default() -> Self {
        Self {
            has_origin: false,
            has_wrap: true,
        }
    }
}

fn number(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Sets or resets a private mode.
pub(super) fn private_mode(mode: DecMode, is_on: bool) -> Function {
    if is_on {
        Function::Decset(vec![mode].into())
    } else {
        Function::Decrst(vec![mode].into())
    }
}

/// Takes the lines that the grid gives up.
struct Evicted<'a> {
    tables: &'a Tables,
    history: &'a mut History,
    known_rows: &'a mut usize,
}

impl Observer for Evicted<'_> {
    type Output = ();

    fn evicted(&mut self, _: &mut Observation<'_>, line: &Line) {
        if *self.known_rows > 0 {
            *self.known_rows -= 1;
            return;
        }
        let tables = self.tables;
        self.history
            .push(|above, out| redraw::history_row(line, above, tables, out));
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

/// A style's number, as the colour that avt keeps in each cell.
fn color_of(number: u32) -> Color {
    let [_, r, g, b] = number.to_be_bytes();
    Color::rgb(r, g, b)
}

/// The style's number that a colour is.
pub(super) fn number_of(color: Option<Color>) -> u32 {
    match color {
        Some(Color::RGB(rgb)) => u32::from_be_bytes([0, rgb.r, rgb.g, rgb.b]),
        _ => 0,
    }
}
