//! What the parser found, as calls of the emulator.

use avt::Charset;
use avt::parser::AnsiMode;
use avt::parser::DecMode;
use avt::parser::EdScope;
use avt::parser::ElScope;
use avt::parser::Function;
use avt::parser::TbcScope;
use vte::Params;
use vte::Perform;

use super::emulator::Emulator;
use super::emulator::MAX_COMMAND_BYTES;
use super::emulator::private_mode;
use super::glyphs::Cells;
use super::style::Style;
use super::style::push;
use super::width;

/// How the page describes itself: a VT220 with pictures and colours.
const DEVICE: &[u8] = b"\x1b[?62;4;9;22c";

/// How xterm.js describes its version.
const DEVICE_VERSION: &[u8] = b"\x1b[>0;276;0c";
impl Perform for Emulator {
    fn print(&mut self, ch: char) {
        self.is_between = true;
        match if ch.is_ascii() { 1 } else { width::of(ch) } {
            0 => self.print_joined(ch),
            1 => self.print_alone(ch, Cells::One),
            _ => self.print_alone(ch, Cells::Two),
        }
    }

    /// Stops behind a query, so that its place is known.
    fn terminated(&self) -> bool {
        !self.answer.is_empty()
    }

    fn execute(&mut self, byte: u8) {
        self.joint = None;
        let function = match byte {
            0x08 => Function::Bs,
            0x09 if self.is_wrapping() => return,
            0x09 => Function::Ht,
            0x0a..=0x0c | 0x84 => {
                self.stop_wrapping();
                Function::Lf
            }
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
        if action != 'b' {
            self.joint = None;
        }
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
            (b">", 'c') if first == 0 => self.answer.extend_from_slice(DEVICE_VERSION),
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
            ([], b'D') => {
                self.stop_wrapping();
                self.run(Function::Lf);
            }
            ([], b'E') => self.run(Function::Nel),
            ([], b'H') => self.run(Function::Hts),
            ([], b'M') => {
                self.stop_wrapping();
                self.run(Function::Ri);
            }
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

impl Emulator {
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
            match param[0] {
                6 => self.modes_beside.has_origin = is_on,
                7 => self.modes_beside.has_wrap = is_on,
                _ => {}
            }
            self.may_be_odd |= matches!(param[0], 6 | 7);
            let has_cursor = matches!(param[0], 1048 | 1049);
            if is_on {
                if has_cursor {
                    self.save_beside();
                }
                self.switch(private_mode(mode, true));
            } else {
                self.switch(private_mode(mode, false));
                if has_cursor {
                    self.restore_beside();
                }
            }
        }
    }

    fn ask_for_margins(&mut self, top: u16, bottom: u16) {
        let rows = u16::try_from(self.grid.size().1).unwrap_or(u16::MAX);
        let bottom = if bottom == 0 { rows } else { bottom.min(rows) };
        // xterm.js leaves the cursor alone when they make no sense; avt does not.
        if top.max(1) < bottom {
            self.may_be_odd = true;
            self.set_margins(usize::from(top.max(1)) - 1, usize::from(bottom) - 1);
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
            5 => self.answer.extend_from_slice(b"\x1b[0n"),
            6 => {
                let (row, col) = (cursor.row + 1, cursor.col.min(cols - 1) + 1);
                push(&mut self.answer, format_args!("\x1b[{row};{col}R"));
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
        self.forget_saved();
        self.modes_beside.has_origin = false;
        self.set_margins(0, self.grid.size().1 - 1);
    }

    /// A control sequence without private sign or intermediate.
    fn control(&mut self, params: &Params, action: char) {
        let at = |n: usize| params.iter().nth(n).map_or(0, |param| param[0]);
        let first = at(0);
        if matches!(action, '@' | 'P' | 'X') {
            self.stop_wrapping();
        }
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
            'I' | 'Z' if self.is_wrapping() => return,
            'I' => Function::Cht(first),
            'J' => return self.erase_display(first),
            'K' => return self.erase_line(first),
            'L' => return self.shift_lines(Function::Il(first)),
            'M' => return self.shift_lines(Function::Dl(first)),
            'P' => Function::Dch(first),
            'S' => Function::Su(first),
            'T' => return self.run_unstyled(Function::Sd(first)),
            'X' => Function::Ech(first),
            'Z' => Function::Cbt(first),
            'b' => return self.repeat(first),
            'c' if first == 0 => return self.answer.extend_from_slice(DEVICE),
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
            'r' => return self.ask_for_margins(first, at(1)),
            's' => return self.save_cursor(Function::Scosc),
            'u' => return self.restore_cursor(Function::Scorc),
            _ => return,
        };
        self.do_function(function);
    }

    /// Inserts or deletes lines, from the left as xterm.js does.
    fn shift_lines(&mut self, how: Function) {
        let (top, bottom) = self.margins();
        if (top..=bottom).contains(&self.grid.cursor().row) {
            self.do_function(how);
            self.run(Function::Cr);
        }
    }

    /// Puts the cursor on the last character of the row, if it is behind it.
    fn stop_wrapping(&mut self) {
        if self.is_wrapping() {
            let cols = u16::try_from(self.grid.size().0).unwrap_or(u16::MAX);
            self.run(Function::Cha(cols));
        }
    }

    /// Whether the next character goes to the next row.
    fn is_wrapping(&self) -> bool {
        self.grid.cursor().col >= self.grid.size().0
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
        self.save_beside();
        self.do_function(how);
    }

    fn restore_cursor(&mut self, how: Function) {
        self.do_function(how);
        self.restore_beside();
    }
}

fn charset(name: u8) -> Charset {
    if name == b'0' {
        Charset::Drawing
    } else {
        Charset::Ascii
    }
}
