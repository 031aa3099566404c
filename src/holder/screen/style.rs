//! How a cell looks, as xterm.js keeps it, and the escape sequences for it.
//!
//! A cell has a style's number; [`Styles`](super::styles::Styles) holds what the
//! number means.

use std::fmt;
use std::io::Write;

use vte::Params;

/// A colour as it was asked for: the page's theme decides about the first two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Color {
    /// The theme's.
    #[default]
    Default,
    /// One of the sixteen.
    Basic(u8),
    /// One of the 256, by `38;5`.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// Attributes that are on or off, as bits of [`Style::attributes`].
mod attribute {
    pub(super) const BOLD: u16 = 1;
    pub(super) const DIM: u16 = 1 << 1;
    pub(super) const ITALIC: u16 = 1 << 2;
    pub(super) const BLINK: u16 = 1 << 3;
    pub(super) const INVERSE: u16 = 1 << 4;
    pub(super) const HIDDEN: u16 = 1 << 5;
    pub(super) const STRIKE: u16 = 1 << 6;
    pub(super) const OVERLINE: u16 = 1 << 7;
    pub(super) const UNDERLINE: u16 = 1 << 8;
    /// From `CSI ? J` and `CSI ? K`: `CSI 1 " q`. No colour shows it.
    pub(super) const PROTECTED: u16 = 1 << 9;

    /// Those that a cell shows to which nothing was written.
    pub(super) const ON_BLANKS: u16 = INVERSE | STRIKE | OVERLINE;
}

/// The attributes, and the SGR parameters that set them.
const ATTRIBUTES: [(u16, &str); 8] = [
    (attribute::BOLD, ";1"),
    (attribute::DIM, ";2"),
    (attribute::ITALIC, ";3"),
    (attribute::BLINK, ";5"),
    (attribute::INVERSE, ";7"),
    (attribute::HIDDEN, ";8"),
    (attribute::STRIKE, ";9"),
    (attribute::OVERLINE, ";53"),
];

/// How a cell looks, and how the next one will.
///
/// xterm.js keeps the lines' kind and colour and the link apart from all else:
/// they survive a restored cursor, and show only where the style says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Style {
    foreground: Color,
    background: Color,
    attributes: u16,
    /// 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed.
    line: u8,
    line_color: Color,
    /// The number of an OSC 8 link; 0 is none.
    link: u32,
    /// Whether the line's kind and colour and the link are shown.
    is_extended: bool,
}

impl Style {
    /// What an erased cell keeps: the background.
    pub(super) fn erased(self) -> Self {
        Self {
            background: self.background,
            ..Self::default()
        }
    }

    /// What a cell to which nothing was written shows.
    pub(super) fn on_blank(self) -> Self {
        if self.attributes & attribute::ON_BLANKS != 0 || self.shown_line() != 0 {
            return self;
        }
        self.erased()
    }

    /// Whether `CSI X` makes a cell look so.
    pub(super) fn is_erased(self) -> bool {
        self == self.erased()
    }

    /// What cells have that test the screen: no lines' kind, colour or link.
    pub(super) fn without_extension(self) -> Self {
        Self {
            line: 0,
            line_color: Color::Default,
            link: 0,
            ..self
        }
    }

    /// What a restored cursor makes of it.
    pub(super) fn restored(self, saved: Self) -> Self {
        Self {
            line: self.line,
            line_color: self.line_color,
            link: self.link,
            ..saved
        }
    }

    /// The same without what it does not show, as a page has it that was drawn
    /// anew.
    pub(super) fn settled(mut self) -> Self {
        self.link = self.shown_link();
        self.line_color = self.shown_line_color();
        self.set_line(self.shown_line());
        self
    }

    /// The same, with a link or without.
    pub(super) fn with_link(mut self, link: u32) -> Self {
        self.link = link;
        self.update_extended();
        self
    }

    /// The number of its link.
    pub(super) fn link(self) -> u32 {
        self.link
    }

    /// The same, if its link gets another number.
    pub(super) fn with_link_number(self, link: u32) -> Self {
        Self { link, ..self }
    }

    /// The same, protected from being erased or not.
    pub(super) fn with_protection(mut self, is_on: bool) -> Self {
        self.set(attribute::PROTECTED, is_on);
        self
    }

    /// Whether it is protected from being erased.
    pub(super) fn is_protected(self) -> bool {
        self.attributes & attribute::PROTECTED != 0
    }

    fn set(&mut self, attributes: u16, is_on: bool) {
        if is_on {
            self.attributes |= attributes;
        } else {
            self.attributes &= !attributes;
        }
    }

    fn update_extended(&mut self) {
        self.is_extended = self.line != 0 || self.link != 0;
    }

    fn set_line(&mut self, line: u8) {
        self.line = line;
        self.set(attribute::UNDERLINE, line != 0);
        self.update_extended();
    }

    /// The link that a cell shows.
    pub(super) fn shown_link(self) -> u32 {
        if self.is_extended { self.link } else { 0 }
    }

    /// The colour of the line that a cell shows.
    fn shown_line_color(self) -> Color {
        if self.is_extended {
            self.line_color
        } else {
            Color::Default
        }
    }

    /// The line that a cell shows.
    fn shown_line(self) -> u8 {
        let is_underlined = self.attributes & attribute::UNDERLINE != 0;
        match (self.is_extended, self.line) {
            _ if !is_underlined => 0,
            (false, _) => 1,
            // A link's own line.
            (true, 0) if self.link != 0 => 5,
            (true, line) => line,
        }
    }

    /// Applies an SGR sequence, as xterm.js does.
    pub(super) fn apply(&mut self, params: &Params) {
        if params.len() == 1 {
            return self.apply_one(params.iter().next().unwrap_or(&[0]));
        }
        let params: Vec<&[u16]> = params.iter().collect();
        let mut rest = &params[..];
        while let [first, ..] = rest {
            let taken = match first[0] {
                38 | 48 | 58 => self.apply_color(rest),
                _ => {
                    self.apply_one(first);
                    1
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    fn apply_one(&mut self, param: &[u16]) {
        let code = param[0];
        match code {
            0 => self.reset(),
            1 => self.attributes |= attribute::BOLD,
            2 => self.attributes |= attribute::DIM,
            3 => self.attributes |= attribute::ITALIC,
            4 => self.set_line(line_of(param.get(1).copied())),
            5 => self.attributes |= attribute::BLINK,
            7 => self.attributes |= attribute::INVERSE,
            8 => self.attributes |= attribute::HIDDEN,
            9 => self.attributes |= attribute::STRIKE,
            21 => self.set_line(2),
            22 => self.attributes &= !(attribute::BOLD | attribute::DIM),
            23 => self.attributes &= !attribute::ITALIC,
            24 => self.set_line(0),
            25 => self.attributes &= !attribute::BLINK,
            27 => self.attributes &= !attribute::INVERSE,
            28 => self.attributes &= !attribute::HIDDEN,
            29 => self.attributes &= !attribute::STRIKE,
            30..=37 => self.foreground = basic(code - 30),
            38 | 48 | 58 => {
                self.apply_color(&[param]);
            }
            39 => self.foreground = Color::Default,
            40..=47 => self.background = basic(code - 40),
            49 => self.background = Color::Default,
            53 => self.attributes |= attribute::OVERLINE,
            55 => self.attributes &= !attribute::OVERLINE,
            59 => {
                // Not the default: xterm.js takes its "no colour" for one.
                self.line_color = Color::Rgb(0xff, 0xff, 0xff);
                self.update_extended();
            }
            90..=97 => self.foreground = basic(code - 90 + 8),
            100..=107 => self.background = basic(code - 100 + 8),
            _ => {}
        }
    }

    fn reset(&mut self) {
        *self = Self::default().with_link(self.link);
    }

    /// Applies 38, 48 or 58; returns how many parameters belonged to it.
    fn apply_color(&mut self, params: &[&[u16]]) -> usize {
        let (color, taken) = color_of(params);
        let Some(color) = color else { return taken };
        match params[0][0] {
            38 => self.foreground = color,
            48 => self.background = color,
            _ => self.line_color = color,
        }
        taken
    }

    /// Appends the SGR sequence that sets this style from any other.
    pub(super) fn write_sgr(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for (bit, parameter) in ATTRIBUTES {
            if self.attributes & bit != 0 {
                out.extend_from_slice(parameter.as_bytes());
            }
        }
        match self.shown_line() {
            0 => {}
            1 => out.extend_from_slice(b";4"),
            kind => push(out, format_args!(";4:{kind}")),
        }
        write_color(out, self.foreground, 30);
        write_color(out, self.background, 40);
        match self.shown_line_color() {
            Color::Default => {}
            Color::Basic(color) | Color::Indexed(color) => push(out, format_args!(";58:5:{color}")),
            Color::Rgb(r, g, b) => push(out, format_args!(";58:2::{r}:{g}:{b}")),
        }
        out.push(b'm');
    }

    /// What the SGR sequence says, and nothing else.
    pub(super) fn without_link(self) -> Self {
        Self {
            link: 0,
            line: self.shown_line(),
            line_color: self.shown_line_color(),
            is_extended: false,
            ..self.with_protection(false)
        }
    }
}

fn line_of(part: Option<u16>) -> u8 {
    match part {
        None => 1,
        // What a terminal does not know is drawn as a single line.
        Some(kind) => u8::try_from(kind)
            .ok()
            .filter(|&kind| kind <= 5)
            .unwrap_or(1),
    }
}

fn basic(number: u16) -> Color {
    Color::Basic(byte(number))
}

fn byte(number: u16) -> u8 {
    u8::try_from(number & 0xff).unwrap_or_default()
}

/// `38;5;N`, `38;2;R;G;B`, or either with colons, after which a colour space may
/// stand: the colour, and how many parameters it took. As xterm.js reads them,
/// mixed ones too.
fn color_of(params: &[&[u16]]) -> (Option<Color>, usize) {
    // What, kind, space, and the three values.
    let mut read = [0_u16; 6];
    let (mut at, mut space) = (0, 0);
    loop {
        let param = params[at];
        read[at + space] = param[0];
        if param.len() > 1 {
            for (number, part) in param[1..].iter().enumerate() {
                if read[1] == 5 {
                    space = 1;
                }
                let Some(place) = read.get_mut(at + number + 1 + space) else {
                    break;
                };
                *place = *part;
            }
            break;
        }
        if (read[1] == 5 && at + space >= 2) || (read[1] == 2 && at + space >= 5) {
            break;
        }
        if read[1] != 0 {
            space = 1;
        }
        at += 1;
        if at >= params.len() || at + space >= read.len() {
            break;
        }
    }
    let color = match read[1] {
        2 => Some(Color::Rgb(byte(read[3]), byte(read[4]), byte(read[5]))),
        5 => Some(Color::Indexed(byte(read[3]))),
        _ => None,
    };
    (color, at + 1)
}

fn write_color(out: &mut Vec<u8>, color: Color, base: u8) {
    match color {
        Color::Default => {}
        Color::Basic(number) if number < 8 => push(out, format_args!(";{}", base + number)),
        Color::Basic(number) => push(out, format_args!(";{}", base + 52 + number)),
        Color::Indexed(number) => push(out, format_args!(";{};5;{number}", base + 8)),
        Color::Rgb(r, g, b) => push(out, format_args!(";{};2;{r};{g};{b}", base + 8)),
    }
}

/// Appends formatted text.
pub(super) fn push(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes all bytes");
}

#[cfg(test)]
mod tests {
    use super::super::styles::Styles;
    use super::*;

    struct Applied(Style);

    impl vte::Perform for Applied {
        fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, _: char) {
            self.0.apply(params);
        }
    }

    fn applied(sgr: &str) -> Style {
        let mut parser = vte::Parser::<16>::new_with_size();
        let mut style = Applied(Style::default());
        parser.advance(&mut style, sgr.as_bytes());
        style.0
    }

    fn written(style: Style) -> String {
        let mut out = Vec::new();
        Styles::default().write_change(Style::default(), style, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_style_survives_being_written() {
        let sequences = [
            ("\x1b[1;2;3;4;5;7;8;9;53m", "\x1b[0;1;2;3;5;7;8;9;53;4m"),
            ("\x1b[31;102m", "\x1b[0;31;102m"),
            ("\x1b[97;40m", "\x1b[0;97;40m"),
            ("\x1b[38;5;7;48;2;1;2;3m", "\x1b[0;38;5;7;48;2;1;2;3m"),
            ("\x1b[38:5:200;48:2::1:2:3m", "\x1b[0;38;5;200;48;2;1;2;3m"),
            ("\x1b[4:3;58:2::9:8:7m", "\x1b[0;4:3;58:2::9:8:7m"),
            ("\x1b[4:3;58;5;7;1m", "\x1b[0;1;4:3;58:5:7m"),
            ("\x1b[21m", "\x1b[0;4:2m"),
            ("\x1b[38;2;1;2m", "\x1b[0;38;2;1;2;0m"),
            ("\x1b[1;38;9;3m", "\x1b[0;1m"),
            ("\x1b[31;1;4:3m\x1b[39;22;24m", ""),
            ("\x1b[31mx\x1b[m", ""),
        ];
        for (sgr, expected) in sequences {
            let style = applied(sgr);
            assert_eq!(written(style), expected, "{sgr:?}");
            assert_eq!(applied(&written(style)), style, "{sgr:?}");
        }
    }
}
