//! What a program has set and the emulator does not keep.
//!
//! Mouse, paste, focus and keypad modes, the cursor's shape, the keyboard
//! flags, the title, the working directory and the colours: remembered as they
//! were asked for, and said again to a terminal that is redrawn.

use std::collections::BTreeMap;

use vte::Params;

use super::style::push;

/// The longest title or colour that is remembered, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// The deepest stack of keyboard flags; the oldest goes.
const MAX_KEYBOARD_FLAGS: usize = 16;

/// Private modes of which each is on or off for itself, and off at first.
///
/// 12 blinking cursor, 45 reverse wraparound, 1004 focus, 2004 bracketed paste,
/// 2031 reports of the colour scheme.
const SWITCHES: [u16; 5] = [12, 45, 1004, 2004, 2031];

/// Those of them that a soft reset (DECSTR) switches off.
const SOFT_SWITCHES: [u16; 3] = [45, 1004, 2004];

/// Private modes of which one at a time says what the mouse reports.
const MOUSE_PROTOCOLS: [u16; 4] = [9, 1000, 1002, 1003];

/// Private modes of which one at a time says how it is reported.
///
/// xterm.js knows no others, and keeps what it has when one is asked for.
const MOUSE_ENCODINGS: [u16; 2] = [1006, 1016];

/// One screen's keyboard flags, the present ones last.
type KeyboardFlags = Vec<u16>;

/// The modes of one terminal.
#[derive(Debug, Default)]
pub(super) struct Modes {
    switches: Vec<u16>,
    mouse_protocol: Option<u16>,
    mouse_encoding: Option<u16>,
    has_keypad: bool,
    cursor_shape: u16,
    /// For the primary and the alternate screen.
    keyboard: [KeyboardFlags; 2],
    title: Option<String>,
    cwd: Option<String>,
    /// Colours of the palette that differ from the theme, by number.
    palette: BTreeMap<u8, String>,
    /// Foreground, background and cursor: OSC 10, 11 and 12.
    colors: [Option<String>; 3],
}

impl Modes {
    /// Sets or resets a private mode; others than those kept here are ignored.
    pub(super) fn set(&mut self, mode: u16, is_on: bool) {
        if SWITCHES.contains(&mode) {
            self.switches.retain(|&on| on != mode);
            if is_on {
                self.switches.push(mode);
            }
        } else if MOUSE_PROTOCOLS.contains(&mode) {
            self.mouse_protocol = is_on.then_some(mode);
        } else if MOUSE_ENCODINGS.contains(&mode) {
            self.mouse_encoding = is_on.then_some(mode);
        } else if mode == 66 {
            self.has_keypad = is_on;
        }
    }

    /// Sets the keypad's mode, `ESC =` and `ESC >`.
    pub(super) fn set_keypad(&mut self, is_on: bool) {
        self.has_keypad = is_on;
    }

    /// Sets the cursor's shape, `CSI N SP q`; a number above 6 says only
    /// whether it blinks.
    pub(super) fn set_cursor_shape(&mut self, shape: u16) {
        self.cursor_shape = match (shape, self.cursor_shape) {
            (0..=6, _) => shape,
            (_, old @ 1..=6) => (old - 1) / 2 * 2 + 2 - shape % 2,
            _ => 8 - shape % 2,
        };
    }

    /// Says whether a mode is set; none for one that is not kept here.
    pub(super) fn is_set(&self, mode: u16) -> Option<bool> {
        if SWITCHES.contains(&mode) {
            Some(self.switches.contains(&mode))
        } else if MOUSE_PROTOCOLS.contains(&mode) {
            Some(self.mouse_protocol == Some(mode))
        } else if MOUSE_ENCODINGS.contains(&mode) {
            Some(self.mouse_encoding == Some(mode))
        } else {
            (mode == 66).then_some(self.has_keypad)
        }
    }

    /// Says whether a backspace at the left goes to the row before.
    pub(super) fn has_reverse_wrap(&self) -> bool {
        self.switches.contains(&45)
    }

    /// Changes the keyboard flags: `CSI > F u`, `CSI < N u`, `CSI = F ; M u`.
    pub(super) fn change_keyboard(&mut self, sign: u8, params: &Params, is_alternate: bool) {
        let stack = &mut self.keyboard[usize::from(is_alternate)];
        let mut numbers = params.iter().map(|param| param[0]);
        let first = numbers.next().unwrap_or(0);
        match (sign, stack.last_mut()) {
            (b'>', _) => {
                if stack.len() == MAX_KEYBOARD_FLAGS {
                    stack.remove(0);
                }
                stack.push(first);
            }
            (b'<', _) => stack.truncate(stack.len().saturating_sub(first.max(1).into())),
            (_, None) => stack.push(first),
            (_, Some(flags)) => match numbers.next() {
                Some(2) => *flags |= first,
                Some(3) => *flags &= !first,
                _ => *flags = first,
            },
        }
    }

    /// Takes an operating system command; true when it was one of these.
    pub(super) fn command(&mut self, params: &[&[u8]]) {
        match params {
            [b"0" | b"2", title @ ..] => self.title = text(title),
            [b"7", url] => self.cwd = text(&[url]).and_then(|url| path_of(&url)),
            [b"4", pairs @ ..] => self.set_palette(pairs),
            [b"104"] | [b"104", b""] => self.palette.clear(),
            [b"104", numbers @ ..] => {
                for number in numbers.iter().filter_map(|number| parse(number)) {
                    self.palette.remove(&number);
                }
            }
            [b"10", colors @ ..] => self.set_colors(0, colors),
            [b"11", colors @ ..] => self.set_colors(1, colors),
            [b"12", colors @ ..] => self.set_colors(2, colors),
            [b"110", ..] => self.colors[0] = None,
            [b"111", ..] => self.colors[1] = None,
            [b"112", ..] => self.colors[2] = None,
            _ => {}
        }
    }

    /// Resets what a soft reset resets (DECSTR).
    pub(super) fn soft_reset(&mut self) {
        self.has_keypad = false;
        self.cursor_shape = 0;
        self.switches.retain(|mode| !SOFT_SWITCHES.contains(mode));
    }

    /// What is left by a reset (RIS): title, directory, colours, blinking.
    pub(super) fn hard_reset(&mut self) -> Self {
        self.soft_reset();
        Self {
            keyboard: Default::default(),
            mouse_protocol: None,
            mouse_encoding: None,
            ..std::mem::take(self)
        }
    }

    /// What the program calls its terminal, if it does.
    pub(super) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Where the program says it works (OSC 7), if it does.
    pub(super) fn cwd(&self) -> Option<&str> {
        self.cwd.as_deref()
    }

    /// Says whether a colour differs from the theme.
    pub(super) fn has_colors(&self) -> bool {
        !self.palette.is_empty() || self.colors.iter().any(Option::is_some)
    }

    /// Appends what sets all this in a terminal that was just reset.
    pub(super) fn write(&self, is_alternate: bool, out: &mut Vec<u8>) {
        let set = self.switches.iter().chain(&self.mouse_protocol);
        for mode in set.chain(&self.mouse_encoding) {
            push(out, format_args!("\x1b[?{mode}h"));
        }
        if self.has_keypad {
            out.extend_from_slice(b"\x1b=");
        }
        if self.cursor_shape != 0 {
            push(out, format_args!("\x1b[{} q", self.cursor_shape));
        }
        for flags in &self.keyboard[usize::from(is_alternate)] {
            push(out, format_args!("\x1b[>{flags}u"));
        }
        for (number, color) in &self.palette {
            push(out, format_args!("\x1b]4;{number};{color}\x1b\\"));
        }
        for (number, color) in (10..).zip(&self.colors) {
            if let Some(color) = color {
                push(out, format_args!("\x1b]{number};{color}\x1b\\"));
            }
        }
        if let Some(title) = &self.title {
            push(out, format_args!("\x1b]2;{title}\x1b\\"));
        }
    }

    /// Appends the primary screen's keyboard flags, before the alternate begins.
    pub(super) fn write_primary_keyboard(&self, out: &mut Vec<u8>) {
        for flags in &self.keyboard[0] {
            push(out, format_args!("\x1b[>{flags}u"));
        }
    }

    fn set_palette(&mut self, pairs: &[&[u8]]) {
        for pair in pairs.chunks_exact(2) {
            let color = text(&pair[1..]).filter(|color| color != "?");
            if let (Some(number), Some(color)) = (parse(pair[0]), color) {
                self.palette.insert(number, color);
            }
        }
    }

    /// `OSC 10;FOREGROUND;BACKGROUND;CURSOR`, from any of the three on.
    fn set_colors(&mut self, first: usize, colors: &[&[u8]]) {
        for (kept, color) in self.colors[first..].iter_mut().zip(colors) {
            if *color != b"?" {
                *kept = text(&[color]);
            }
        }
    }
}

fn parse(number: &[u8]) -> Option<u8> {
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Joins what the parser split at `;`; none when it is too long or no text.
fn text(parts: &[&[u8]]) -> Option<String> {
    let joined = parts.join(&b';');
    let text = String::from_utf8(joined).ok()?;
    let is_plain = !text.chars().any(char::is_control);
    (is_plain && text.len() <= MAX_TEXT_BYTES).then_some(text)
}

/// The path in `file://host/path`, with its escapes undone.
fn path_of(url: &str) -> Option<String> {
    let place = url.strip_prefix("file://")?;
    let path = &place[place.find('/')?..];
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let code = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|path| !path.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(modes: &Modes) -> String {
        let mut out = Vec::new();
        modes.write(false, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_set_is_said_again_and_what_was_reset_is_not() {
        let mut modes = Modes::default();
        assert_eq!(written(&modes), "");
        for mode in [2004, 1000, 1002, 1006, 1004, 7] {
            modes.set(mode, true);
        }
        assert_eq!(
            written(&modes),
            "\x1b[?2004h\x1b[?1004h\x1b[?1002h\x1b[?1006h"
        );
        for mode in [2004, 1000, 1006] {
            modes.set(mode, false);
        }
        assert_eq!(
            written(&modes),
            "\x1b[?1004h",
            "any protocol's reset ends them all"
        );
    }

    #[test]
    fn titles_colours_and_directories_are_kept() {
        let mut modes = Modes::default();
        modes.command(&[b"2", b"a", b"b"]);
        modes.command(&[b"7", b"file://host/home/u%20v"]);
        modes.command(&[b"4", b"1", b"red", b"300", b"x", b"2", b"?"]);
        modes.command(&[b"10", b"#fff", b"#000"]);
        assert_eq!(modes.title(), Some("a;b"));
        assert_eq!(modes.cwd(), Some("/home/u v"));
        let all = "\x1b]4;1;red\x1b\\\x1b]10;#fff\x1b\\\x1b]11;#000\x1b\\\x1b]2;a;b\x1b\\";
        assert_eq!(written(&modes), all);
        modes.command(&[b"104"]);
        modes.command(&[b"110"]);
        modes.command(&[b"2", b"\x1b[31m"]);
        assert_eq!(written(&modes), "\x1b]11;#000\x1b\\");
    }

    #[test]
    fn keyboard_flags_are_a_stack_for_each_screen() {
        struct Asked(Modes);
        impl vte::Perform for Asked {
            fn csi_dispatch(&mut self, params: &Params, signs: &[u8], _: bool, _: char) {
                self.0.change_keyboard(signs[0], params, false);
            }
        }
        let mut modes = Asked(Modes::default());
        let mut parser = vte::Parser::<16>::new_with_size();
        parser.advance(&mut modes, b"\x1b[>1u\x1b[>5u\x1b[=2;2u\x1b[<u\x1b[=3u");
        assert_eq!(written(&modes.0), "\x1b[>3u");
        let mut alternate = Vec::new();
        modes.0.write(true, &mut alternate);
        assert!(alternate.is_empty());
    }
}
