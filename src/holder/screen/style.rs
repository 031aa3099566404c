//! How a cell looks, as xterm.js keeps it, and the escape sequences for it.
//!
//! The emulator knows fewer attributes, so it gets only a style's number, as a
//! foreground colour; [`Styles`] holds what the number means.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;

use vte::Params;

/// The most styles that are remembered; then the screen is drawn into new tables.
const MAX_STYLES: usize = 0x8000;

/// The most links that are remembered; likewise.
const MAX_LINKS: usize = 0x1000;

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
    pub(super) const BOLD: u8 = 1;
    pub(super) const DIM: u8 = 1 << 1;
    pub(super) const ITALIC: u8 = 1 << 2;
    pub(super) const BLINK: u8 = 1 << 3;
    pub(super) const INVERSE: u8 = 1 << 4;
    pub(super) const HIDDEN: u8 = 1 << 5;
    pub(super) const STRIKE: u8 = 1 << 6;
    pub(super) const OVERLINE: u8 = 1 << 7;
}

/// The attributes, and the SGR parameters that set them.
const ATTRIBUTES: [(u8, &str); 8] = [
    (attribute::BOLD, ";1"),
    (attribute::DIM, ";2"),
    (attribute::ITALIC, ";3"),
    (attribute::BLINK, ";5"),
    (attribute::INVERSE, ";7"),
    (attribute::HIDDEN, ";8"),
    (attribute::STRIKE, ";9"),
    (attribute::OVERLINE, ";53"),
];

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Style {
    foreground: Color,
    background: Color,
    attributes: u8,
    /// 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed.
    underline: u8,
    underline_color: Color,
    /// The number of an OSC 8 link; 0 is none.
    link: u16,
}

impl Style {
    /// What an erased cell keeps: the background.
    pub(super) fn erased(self) -> Self {
        Self {
            background: self.background,
            ..Self::default()
        }
    }

    /// The same, with a link or without.
    pub(super) fn with_link(self, link: u16) -> Self {
        Self { link, ..self }
    }

    /// Applies an SGR sequence, as xterm.js does.
    pub(super) fn apply(&mut self, params: &Params) {
        let params: Vec<&[u16]> = params.iter().collect();
        let mut rest = &params[..];
        while let [first, ..] = rest {
            rest = match first[0] {
                38 | 48 | 58 => &rest[self.apply_color(rest)..],
                _ => {
                    self.apply_one(first);
                    &rest[1..]
                }
            };
        }
    }

    fn apply_one(&mut self, param: &[u16]) {
        let code = param[0];
        match code {
            0 => *self = Self::default().with_link(self.link),
            1 => self.attributes |= attribute::BOLD,
            2 => self.attributes |= attribute::DIM,
            3 => self.attributes |= attribute::ITALIC,
            4 => self.underline = underline_of(param.get(1).copied()),
            5 | 6 => self.attributes |= attribute::BLINK,
            7 => self.attributes |= attribute::INVERSE,
            8 => self.attributes |= attribute::HIDDEN,
            9 => self.attributes |= attribute::STRIKE,
            21 => self.underline = 2,
            22 => self.attributes &= !(attribute::BOLD | attribute::DIM),
            23 => self.attributes &= !attribute::ITALIC,
            24 => self.underline = 0,
            25 => self.attributes &= !attribute::BLINK,
            27 => self.attributes &= !attribute::INVERSE,
            28 => self.attributes &= !attribute::HIDDEN,
            29 => self.attributes &= !attribute::STRIKE,
            30..=37 => self.foreground = basic(code - 30),
            39 => self.foreground = Color::Default,
            40..=47 => self.background = basic(code - 40),
            49 => self.background = Color::Default,
            53 => self.attributes |= attribute::OVERLINE,
            55 => self.attributes &= !attribute::OVERLINE,
            59 => self.underline_color = Color::Default,
            90..=97 => self.foreground = basic(code - 90 + 8),
            100..=107 => self.background = basic(code - 100 + 8),
            _ => {}
        }
    }

    /// Applies 38, 48 or 58; returns how many parameters belonged to it.
    fn apply_color(&mut self, params: &[&[u16]]) -> usize {
        let (color, taken) = match params[0] {
            [_] => color_of_parameters(&params[1..]),
            [_, parts @ ..] => (color_of_parts(parts), 1),
            [] => (None, 1),
        };
        if let Some(color) = color {
            match params[0][0] {
                38 => self.foreground = color,
                48 => self.background = color,
                _ => self.underline_color = color,
            }
        }
        taken
    }

    /// Appends the SGR sequence that sets this style from any other.
    fn write_sgr(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for (bit, parameter) in ATTRIBUTES {
            if self.attributes & bit != 0 {
                out.extend_from_slice(parameter.as_bytes());
            }
        }
        match self.underline {
            0 => {}
            1 => out.extend_from_slice(b";4"),
            kind => push(out, format_args!(";4:{kind}")),
        }
        write_color(out, self.foreground, 30);
        write_color(out, self.background, 40);
        match self.underline_color {
            Color::Default => {}
            Color::Basic(color) | Color::Indexed(color) => push(out, format_args!(";58:5:{color}")),
            Color::Rgb(r, g, b) => push(out, format_args!(";58:2::{r}:{g}:{b}")),
        }
        out.push(b'm');
    }
}

/// The styles and links of one screen, by number.
#[derive(Debug)]
pub(super) struct Styles {
    styles: Vec<Style>,
    numbers: HashMap<Style, u32>,
    /// The bodies of OSC 8: `params;uri`.
    links: Vec<Box<[u8]>>,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            styles: vec![Style::default()],
            numbers: HashMap::from([(Style::default(), 0)]),
            links: vec![Box::default()],
        }
    }
}

impl Styles {
    /// The number of a style; 0 is the default one.
    pub(super) fn number(&mut self, style: Style) -> u32 {
        if let Some(&known) = self.numbers.get(&style) {
            return known;
        }
        let number = u32::try_from(self.styles.len()).unwrap_or(0);
        self.styles.push(style);
        self.numbers.insert(style, number);
        number
    }

    /// The style of a number; the default one for a number that is none.
    pub(super) fn get(&self, number: u32) -> Style {
        self.styles
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The number of a link, `id=1;https://…`; 0 when there are too many.
    pub(super) fn link(&mut self, body: &[u8]) -> u16 {
        // A link is mostly the last one again, for its next line.
        let known = self.links.iter().rposition(|link| **link == *body);
        let at = known.unwrap_or_else(|| {
            self.links.push(body.into());
            self.links.len() - 1
        });
        u16::try_from(at).unwrap_or(0)
    }

    /// Tells whether the tables are to be made anew.
    pub(super) fn are_full(&self) -> bool {
        self.styles.len() >= MAX_STYLES || self.links.len() >= MAX_LINKS
    }

    /// Appends what leads from one style to another; nothing when they agree.
    pub(super) fn write_change(&self, from: Style, to: Style, out: &mut Vec<u8>) {
        if from.link != to.link {
            out.extend_from_slice(b"\x1b]8;");
            match self.links.get(to.link as usize) {
                Some(link) if to.link != 0 => out.extend_from_slice(link),
                _ => out.push(b';'),
            }
            out.extend_from_slice(b"\x1b\\");
        }
        if from.with_link(0) != to.with_link(0) {
            to.write_sgr(out);
        }
    }
}

fn underline_of(part: Option<u16>) -> u8 {
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

/// `38;5;N` or `38;2;R;G;B`: the colour, and how many parameters it took.
fn color_of_parameters(params: &[&[u16]]) -> (Option<Color>, usize) {
    let at = |n: usize| params.get(n).map_or(0, |param| param[0]);
    match at(0) {
        5 => (Some(Color::Indexed(byte(at(1)))), params.len().min(2) + 1),
        2 => {
            let color = Color::Rgb(byte(at(1)), byte(at(2)), byte(at(3)));
            (Some(color), params.len().min(4) + 1)
        }
        // xterm.js takes as many as a colour could have.
        _ => (None, params.len().min(5) + 1),
    }
}

/// `38:5:N` or `38:2:SPACE:R:G:B`; without a space too, xterm.js takes R for it.
fn color_of_parts(parts: &[u16]) -> Option<Color> {
    let at = |n: usize| byte(parts.get(n).copied().unwrap_or(0));
    match parts.first()? {
        5 => Some(Color::Indexed(at(1))),
        2 => Some(Color::Rgb(at(2), at(3), at(4))),
        _ => None,
    }
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

    #[test]
    fn links_change_apart_from_colours() {
        let mut styles = Styles::default();
        let link = styles.link(b";http://x/");
        assert_eq!(styles.link(b";http://x/"), link);
        let linked = Style::default().with_link(link);
        let mut out = Vec::new();
        styles.write_change(Style::default(), linked, &mut out);
        styles.write_change(linked, Style::default(), &mut out);
        assert_eq!(out, b"\x1b]8;;http://x/\x1b\\\x1b]8;;\x1b\\");
    }
}
