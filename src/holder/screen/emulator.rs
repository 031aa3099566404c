//! Carries out what the parser found: on avt's grid, and in what it lacks.

use avt::Charset;
use avt::Color;
use avt::Line;
use avt::Observation;
use avt::Observer;
use avt::Operation;
use avt::ScreenKind;
use avt::Terminal;
use avt::parser::AnsiMode;
use avt::parser::DecMode;
use avt::parser::EdScope;
use avt::parser::ElScope;
use avt::parser::Function;
use avt::parser::SgrOp;
use avt::parser::TbcScope;
use vte::Params;
use vte::Perform;

use super::glyphs;
use super::glyphs::Cells;
use super::glyphs::Glyphs;
use super::history::History;
use super::modes::Modes;
use super::redraw;
use super::style::Style;
use super::style::Styles;
use super::style::push;
use super::width;
use crate::sys::pty::Size;

/// The longest operating system command that is understood, in bytes.
///
/// A longer one passes by: it may be a picture or a file for the clipboard.
pub(super) const MAX_COMMAND_BYTES: usize = 4096;

/// How many rows above the screen the grid keeps for a window that grows.
pub(super) const PULLED_ROWS: usize = 128;

/// How the page describes itself: a VT220 with pictures and colours.
const DEVICE: &[u8] = b"\x1b[?62;4;9;22c";

/// How xterm.js describes its version.
const DEVICE_VERSION: &[u8] = b"\x1b[>0;276;0c";

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
    style: Style,
    /// The saved cursor's style, of the primary and the alternate screen.
    saved: [Style; 2],
    /// What a mark joins: the character before it, with the marks so far.
    joint: Option<(String, Cells)>,
    is_inserting: bool,
    /// Whether margins, charsets or modes may be such that text is not printed
    /// plainly.
    may_be_odd: bool,
    /// How many rows that the grid will give up are in the history already.
    known_rows: usize,
    /// Answers to queries, for whoever asks when nobody else is there.
    pub(super) answers: Vec<u8>,
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
            joint: None,
            is_inserting: false,
            may_be_odd: false,
            known_rows: 0,
            answers: Vec::new(),
            is_between: true,
        }
    }

    /// Changes the size; what falls off the top becomes history.
    pub(super) fn resize(&mut self, size: Size) {
        self.joint = None;
        self.run(Operation::Resize {
            cols: size.cols.into(),
            rows: size.rows.into(),
        });
    }

    /// Appends the grid's first rows to the history; the grid keeps them.
    pub(super) fn push_rows(&mut self, count: usize) {
        for line in self.grid.primary_screen().all_lines().take(count) {
            self.history
                .push(|out| redraw::history_row(line, &self.tables, out));
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

    fn run(&mut self, operation: impl Into<Operation>) {
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

    fn do_function(&mut self, function: Function) {
        self.joint = None;
        self.run(function);
    }

    fn set_style(&mut self, style: Style) {
        self.style = style;
        let op = match self.tables.styles.number(style) {
            0 => SgrOp::ResetForegroundColor,
            number => SgrOp::SetForegroundColor(color_of(number)),
        };
        self.do_function(Function::Sgr(vec![op].into()));
    }

    fn save_style(&mut self) {
        self.saved[usize::from(self.is_alternate())] = self.style;
    }

    fn restore_style(&mut self) {
        self.style = self.saved[usize::from(self.is_alternate())];
    }

    /// Prints a character that begins a cell.
    fn print_alone(&mut self, ch: char, cells: Cells) {
        let shown = self.tables.glyphs.of_char(ch, cells);
        self.run(Function::Print(shown));
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
    fn print_joined(&mut self, mark: char) {
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

    fn set_inserting(&mut self, is_on: bool) {
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

    fn set_ansi_modes(&mut self, params: &Params, is_on: bool) {
        for param in params {
            match param[0] {
                4 => self.set_inserting(is_on),
                20 => {
                    self.may_be_odd = true;
                    let modes = vec![AnsiMode::NewLine].into();
                    self.run(if is_on {
                        Function::Sm(modes)
                    } else {
                        Function::Rm(modes)
                    });
                }
                _ => {}
            }
        }
    }

    fn set_private_modes(&mut self, params: &Params, is_on: bool) {
        for param in params {
            let mode = match param[0] {
                1 => DecMode::CursorKeys,
                6 => DecMode::Origin,
                7 => DecMode::AutoWrap,
                25 => DecMode::TextCursorEnable,
                47 | 1047 => DecMode::AltScreenBuffer,
                1048 => DecMode::SaveCursor,
                1049 => DecMode::SaveCursorAltScreenBuffer,
                other => {
                    self.modes.set(other, is_on);
                    continue;
                }
            };
            self.may_be_odd |= matches!(param[0], 6 | 7);
            let has_cursor = matches!(param[0], 1048 | 1049);
            if is_on {
                if has_cursor {
                    self.save_style();
                }
                self.do_function(Function::Decset(vec![mode].into()));
            } else {
                self.do_function(Function::Decrst(vec![mode].into()));
                if has_cursor {
                    self.restore_style();
                }
            }
        }
    }

    fn set_margins(&mut self, top: u16, bottom: u16) {
        let rows = u16::try_from(self.grid.size().1).unwrap_or(u16::MAX);
        let bottom = if bottom == 0 { rows } else { bottom.min(rows) };
        // xterm.js leaves the cursor alone when they make no sense; avt does not.
        if top.max(1) < bottom {
            self.may_be_odd = true;
            self.do_function(Function::Decstbm(top, bottom));
        }
    }

    fn erase_display(&mut self, scope: u16) {
        match scope {
            0 => self.do_function(Function::Ed(EdScope::Below)),
            1 => self.do_function(Function::Ed(EdScope::Above)),
            2 => self.do_function(Function::Ed(EdScope::All)),
            3 if !self.is_alternate() => self.forget_history(),
            _ => {}
        }
    }

    /// Forgets all that is above the screen.
    fn forget_history(&mut self) {
        self.history.clear();
        if self.rows_above() > 0 {
            self.renew();
        }
    }

    /// Moves the screen to a new grid with new tables.
    pub(super) fn renew(&mut self) {
        let (cols, rows) = self.grid.size();
        let size = Size {
            cols: u16::try_from(cols).unwrap_or(u16::MAX),
            rows: u16::try_from(rows).unwrap_or(u16::MAX),
        };
        let drawn = redraw::screen(self);
        let modes = std::mem::take(&mut self.modes);
        let history = std::mem::replace(&mut self.history, History::new(0));
        let answers = std::mem::take(&mut self.answers);
        let may_be_odd = self.may_be_odd;
        let mut renewed = Self::new(size, history);
        vte::Parser::<MAX_COMMAND_BYTES>::new_with_size().advance(&mut renewed, &drawn);
        (renewed.modes, renewed.answers) = (modes, answers);
        renewed.may_be_odd |= may_be_odd;
        *self = renewed;
    }

    fn set_link(&mut self, params: &[&[u8]]) {
        let body = params[1..].join(&b';');
        let is_whole = body.len() + 8 < MAX_COMMAND_BYTES;
        let has_address = params.len() > 2 && params[2..].iter().any(|part| !part.is_empty());
        let link = if is_whole && has_address {
            self.tables.styles.link(&body)
        } else {
            0
        };
        self.set_style(self.style.with_link(link));
    }

    fn report(&mut self, about: u16) {
        let cursor = self.grid.cursor();
        let (cols, _) = self.grid.size();
        match about {
            5 => self.answers.extend_from_slice(b"\x1b[0n"),
            6 => {
                let (row, col) = (cursor.row + 1, cursor.col.min(cols - 1) + 1);
                push(&mut self.answers, format_args!("\x1b[{row};{col}R"));
            }
            _ => {}
        }
    }

    fn soft_reset(&mut self) {
        self.set_inserting(false);
        self.do_function(Function::Decstr);
        self.do_function(Function::Decrst(vec![DecMode::CursorKeys].into()));
        self.modes.soft_reset();
        self.set_style(Style::default());
        self.saved[usize::from(self.is_alternate())] = Style::default();
    }

    fn hard_reset(&mut self) {
        let (cols, rows) = self.grid.size();
        let size = Size {
            cols: u16::try_from(cols).unwrap_or(u16::MAX),
            rows: u16::try_from(rows).unwrap_or(u16::MAX),
        };
        self.history.clear();
        let history = std::mem::replace(&mut self.history, History::new(0));
        let answers = std::mem::take(&mut self.answers);
        *self = Self::new(size, history);
        self.answers = answers;
    }

    /// A control sequence without private sign or intermediate.
    fn control(&mut self, params: &Params, action: char) {
        let at = |n: usize| params.iter().nth(n).map_or(0, |param| param[0]);
        let first = at(0);
        let function = match action {
            '@' => Function::Ich(first),
            'A' => Function::Cuu(first),
            'B' => Function::Cud(first),
            'C' | 'a' => Function::Cuf(first),
            'D' => Function::Cub(first),
            'E' => Function::Cnl(first),
            'F' => Function::Cpl(first),
            'G' | '`' => Function::Cha(first),
            'H' | 'f' => Function::Cup(first, at(1)),
            'I' => Function::Cht(first),
            'J' => return self.erase_display(first),
            'K' => return self.erase_line(first),
            'L' => Function::Il(first),
            'M' => Function::Dl(first),
            'P' => Function::Dch(first),
            'S' => Function::Su(first),
            'T' => Function::Sd(first),
            'X' => Function::Ech(first),
            'Z' => Function::Cbt(first),
            'b' => Function::Rep(first),
            'c' if first == 0 => return self.answers.extend_from_slice(DEVICE),
            'd' => Function::Vpa(first),
            'e' => Function::Vpr(first),
            'g' if first == 0 => Function::Tbc(TbcScope::CurrentColumn),
            'g' if first == 3 => Function::Tbc(TbcScope::All),
            'h' => return self.set_ansi_modes(params, true),
            'l' => return self.set_ansi_modes(params, false),
            'm' => {
                let mut style = self.style;
                style.apply(params);
                return self.set_style(style);
            }
            'n' => return self.report(first),
            'r' => return self.set_margins(first, at(1)),
            's' => return self.save_cursor(Function::Scosc),
            'u' => return self.restore_cursor(Function::Scorc),
            _ => return,
        };
        self.do_function(function);
    }

    fn erase_line(&mut self, scope: u16) {
        match scope {
            0 => self.do_function(Function::El(ElScope::ToRight)),
            1 => self.do_function(Function::El(ElScope::ToLeft)),
            2 => self.do_function(Function::El(ElScope::All)),
            _ => {}
        }
    }

    fn save_cursor(&mut self, how: Function) {
        self.save_style();
        self.do_function(how);
    }

    fn restore_cursor(&mut self, how: Function) {
        self.do_function(how);
        self.restore_style();
    }
}

impl Perform for Emulator {
    fn print(&mut self, ch: char) {
        self.is_between = true;
        match if ch.is_ascii() { 1 } else { width::of(ch) } {
            0 => self.print_joined(ch),
            1 => self.print_alone(ch, Cells::One),
            _ => self.print_alone(ch, Cells::Two),
        }
    }

    fn execute(&mut self, byte: u8) {
        self.joint = None;
        let function = match byte {
            0x08 => Function::Bs,
            0x09 => Function::Ht,
            0x0a..=0x0c | 0x84 => Function::Lf,
            0x0d => Function::Cr,
            0x0e => {
                self.may_be_odd = true;
                Function::So
            }
            0x0f => Function::Si,
            0x85 => Function::Nel,
            0x88 => Function::Hts,
            0x8d => Function::Ri,
            // These two cancel a sequence.
            0x18 | 0x1a => return self.is_between = true,
            _ => return,
        };
        self.run(function);
    }

    fn csi_dispatch(&mut self, params: &Params, signs: &[u8], is_cut: bool, action: char) {
        self.is_between = true;
        self.joint = None;
        let first = params.iter().next().map_or(0, |param| param[0]);
        match (signs, action) {
            _ if is_cut => {}
            ([], _) => self.control(params, action),
            (b"?", 'h') => self.set_private_modes(params, true),
            (b"?", 'l') => self.set_private_modes(params, false),
            (b"?", 'J') if first < 3 => self.erase_display(first),
            (b"?", 'K') => self.erase_line(first),
            (b"!", 'p') => self.soft_reset(),
            (b" ", 'q') => self.modes.set_cursor_shape(first),
            (b">", 'c') if first == 0 => self.answers.extend_from_slice(DEVICE_VERSION),
            (&[sign @ (b'<' | b'=' | b'>')], 'u') => {
                self.modes
                    .change_keyboard(sign, params, self.is_alternate());
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, signs: &[u8], is_cut: bool, byte: u8) {
        self.is_between = true;
        self.joint = None;
        match (signs, byte) {
            _ if is_cut => {}
            ([], b'7') => self.save_cursor(Function::Decsc),
            ([], b'8') => self.restore_cursor(Function::Decrc),
            ([], b'D') => self.run(Function::Lf),
            ([], b'E') => self.run(Function::Nel),
            ([], b'H') => self.run(Function::Hts),
            ([], b'M') => self.run(Function::Ri),
            ([], b'c') => self.hard_reset(),
            ([], b'=') => self.modes.set_keypad(true),
            ([], b'>') => self.modes.set_keypad(false),
            (b"(", name) => {
                self.may_be_odd = true;
                self.run(Function::Gzd4(charset(name)));
            }
            (b")", name) => {
                self.may_be_odd = true;
                self.run(Function::G1d4(charset(name)));
            }
            (b"#", b'8') => self.run(Function::Decaln),
            (b"%", b'@' | b'G') => {
                self.run(Function::Gzd4(Charset::Ascii));
                self.run(Function::G1d4(Charset::Ascii));
            }
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], ends_with_bell: bool) {
        // The other end is ESC, which begins the sequence that follows.
        self.is_between |= ends_with_bell;
        self.joint = None;
        match params {
            [b"8", _, ..] => self.set_link(params),
            _ => self.modes.command(params),
        }
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
            .push(|out| redraw::history_row(line, tables, out));
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

fn charset(name: u8) -> Charset {
    if name == b'0' {
        Charset::Drawing
    } else {
        Charset::Ascii
    }
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
