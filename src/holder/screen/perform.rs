//! What the parser found, as calls of the emulator.

use vte::Params;
use vte::Perform;

use super::charset::Charset;
use super::emulator::Emulator;
use super::emulator::MAX_COMMAND_BYTES;
use super::erase::Erase;

/// The most parameters that the parser keeps; further ones are dropped.
const MAX_PARAMS: usize = 32;

impl Perform for Emulator {
    fn print(&mut self, ch: char) {
        self.is_between = true;
        self.put(ch);
    }

    /// Stops behind a query, so that its place is known.
    fn terminated(&self) -> bool {
        !self.answer.is_empty()
    }

    fn execute(&mut self, byte: u8) {
        self.stop_printing();
        match byte {
            0x08 => self.backspace(),
            0x09 => self.tab(1),
            0x0a..=0x0c => self.line_feed(),
            0x0d => self.carriage_return(),
            0x0e => self.charsets.use_level(1),
            0x0f => self.charsets.use_level(0),
            // These two cancel a sequence.
            0x18 | 0x1a => self.is_between = true,
            0x84 => self.index(),
            0x85 => {
                self.carriage_return();
                self.index();
            }
            0x88 => self.buffer_mut().set_tab(true),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, signs: &[u8], is_cut: bool, action: char) {
        self.is_between = true;
        if is_cut && params.len() < MAX_PARAMS {
            return self.stop_printing();
        }
        let first = params.iter().next().map_or(0, |param| param[0]);
        match (signs, action) {
            ([], 'b') => self.repeat(first),
            ([], _) => self.control(params, action),
            (b"?", _) => self.private_control(params, action),
            (b"!", 'p') => self.soft_reset(),
            (b" ", 'q') => self.modes.set_cursor_shape(first),
            (b" ", '@') => self.delete_columns(0, count(first)),
            (b" ", 'A') => self.insert_columns(0, count(first)),
            (b"'", '}') => self.insert_columns(self.buffer().x, count(first)),
            (b"'", '~') => self.delete_columns(self.buffer().x, count(first)),
            (b"\"", 'q') => self.protect(first),
            (b">", 'c') if first == 0 => self.answer_version(),
            (b"$", 'p') => self.answer_mode(first),
            (b"?$", 'p') => self.answer_private_mode(first),
            (&[sign @ (b'<' | b'=' | b'>')], 'u') => {
                let is_alternate = self.is_alternate();
                self.modes.change_keyboard(sign, params, is_alternate);
            }
            _ => {}
        }
        self.stop_printing();
    }

    fn esc_dispatch(&mut self, signs: &[u8], is_cut: bool, byte: u8) {
        self.is_between = true;
        self.stop_printing();
        match (signs, byte) {
            _ if is_cut => {}
            ([], b'7') => self.save_cursor(),
            ([], b'8') => self.restore_cursor(),
            ([], b'D') => self.index(),
            ([], b'E') => {
                self.carriage_return();
                self.index();
            }
            ([], b'H') => self.buffer_mut().set_tab(true),
            ([], b'M') => self.reverse_index(),
            ([], b'c') => self.hard_reset(),
            ([], b'=') => self.modes.set_keypad(true),
            ([], b'>') => self.modes.set_keypad(false),
            ([], b'~') => self.charsets.use_level(1),
            ([], b'n' | b'}') => self.charsets.use_level(2),
            ([], b'o' | b'|') => self.charsets.use_level(3),
            (b"#", b'8') => self.fill_screen(),
            (b"%", b'@' | b'G') => {
                self.charsets.use_level(0);
                self.charsets.set(0, Charset::default());
            }
            (&[sign], name) => {
                if let Some(charset) = Charset::of(name) {
                    self.charsets.designate(sign, charset);
                }
            }
            _ => {}
        }
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, _: char) {
        self.stop_printing();
    }

    fn unhook(&mut self) {
        self.stop_printing();
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], ends_with_bell: bool) {
        // The other end is ESC, which begins the sequence that follows.
        self.is_between |= ends_with_bell;
        self.stop_printing();
        match params {
            [b"8", attributes, address @ ..] if !address.is_empty() => {
                self.set_link(attributes, address);
            }
            _ => self.modes.command(params),
        }
    }
}

impl Emulator {
    /// A control sequence without private sign or intermediate.
    fn control(&mut self, params: &Params, action: char) {
        let at = |n: usize| params.iter().nth(n).map_or(0, |param| param[0]);
        let first = at(0);
        let steps = i64::from(first.max(1));
        match action {
            '@' => self.insert_cells(count(first)),
            'A' => self.up(steps),
            'B' => self.down(steps),
            'C' | 'a' => self.step(steps, 0),
            'D' => self.step(-steps, 0),
            'E' | 'F' => {
                if action == 'E' {
                    self.down(steps);
                } else {
                    self.up(steps);
                }
                self.carriage_return();
            }
            'G' | '`' => self.go(steps - 1, row(self)),
            'H' | 'f' => self.go(i64::from(at(1).max(1)) - 1, steps - 1),
            'I' => self.tab(steps),
            'J' => self.erase_display(first, Erase::All),
            'K' => self.erase_line(first, Erase::All),
            'L' => self.insert_lines(count(first)),
            'M' => self.delete_lines(count(first)),
            'P' => self.delete_cells(count(first)),
            'S' => self.scroll_up(count(first)),
            'T' => self.scroll_down(count(first)),
            'X' => self.erase_chars(count(first)),
            'Z' => self.tab(-steps),
            'd' => self.go(column(self), steps - 1),
            'e' => self.step(0, steps),
            'm' => {
                let mut style = self.style();
                style.apply(params);
                self.set_style(style);
            }
            'r' => self.set_margins(first, at(1)),
            _ => self.set_or_ask(params, action, first),
        }
    }

    /// One of those that change no cell and do not move the cursor far.
    fn set_or_ask(&mut self, params: &Params, action: char, first: u16) {
        match action {
            'c' if first == 0 => self.answer_device(),
            'g' if first == 0 => self.buffer_mut().set_tab(false),
            'g' if first == 3 => self.buffer_mut().clear_tabs(),
            'h' | 'l' => {
                for param in params {
                    match param[0] {
                        4 => self.switches.is_inserting = action == 'h',
                        20 => self.switches.returns = action == 'h',
                        _ => {}
                    }
                }
            }
            'n' => self.answer_status(first, ""),
            's' => self.save_cursor(),
            't' if first == 18 => self.answer_size(),
            'u' => self.restore_cursor(),
            _ => {}
        }
    }

    /// A control sequence that begins with `?`.
    fn private_control(&mut self, params: &Params, action: char) {
        let first = params.iter().next().map_or(0, |param| param[0]);
        match action {
            'h' | 'l' => {
                for param in params {
                    self.set_private_mode(param[0], action == 'h');
                }
            }
            'J' => self.erase_display(first, Erase::Unprotected),
            'K' => self.erase_line(first, Erase::Unprotected),
            'n' => self.answer_status(first, "?"),
            _ => {}
        }
    }

    fn set_private_mode(&mut self, mode: u16, is_on: bool) {
        match mode {
            1 => self.switches.has_cursor_keys = is_on,
            2 if is_on => {
                for level in 0..4 {
                    self.charsets.set(level, Charset::default());
                }
            }
            6 => {
                self.switches.has_origin = is_on;
                self.go(0, 0);
            }
            7 => self.switches.has_wrap = is_on,
            25 => self.switches.is_cursor_hidden = !is_on,
            47 | 1047 => self.switch(is_on),
            1048 | 1049 if is_on => {
                self.save_cursor();
                if mode == 1049 {
                    self.switch(true);
                }
            }
            1048 | 1049 => {
                if mode == 1049 {
                    self.switch(false);
                }
                self.restore_cursor();
            }
            other => self.modes.set(other, is_on),
        }
    }

    /// Protects what is printed from `CSI ? J` and `CSI ? K`, or not (DECSCA).
    fn protect(&mut self, what: u16) {
        if what <= 2 {
            let style = self.style().with_protection(what == 1);
            self.set_style(style);
        }
    }

    /// Begins a link or ends it: `OSC 8 ; ATTRIBUTES ; ADDRESS`.
    fn set_link(&mut self, attributes: &[u8], address: &[&[u8]]) {
        let body = [&[attributes], address].concat().join(&b';');
        let is_whole = body.len() + 8 < MAX_COMMAND_BYTES;
        let link = if address.iter().all(|part| part.is_empty()) && address.len() == 1 {
            if !attributes.trim_ascii().is_empty() {
                return;
            }
            0
        } else if is_whole {
            self.tables.styles.link(&body)
        } else {
            0
        };
        self.set_style(self.style().with_link(link));
    }
}

/// A number of cells or rows, at least one.
fn count(param: u16) -> usize {
    param.max(1).into()
}

fn row(emulator: &Emulator) -> i64 {
    i64::try_from(emulator.buffer().y).unwrap_or(i64::MAX)
}

fn column(emulator: &Emulator) -> i64 {
    i64::try_from(emulator.buffer().x).unwrap_or(i64::MAX)
}
