//! What a cell shows, as the one `char` that the emulator keeps for it.
//!
//! The emulator's cell holds one `char` and takes its width from a newer
//! Unicode than the page's emulator. So whatever does not fit (a space that was
//! written, clusters with combining marks, characters of another width) is kept
//! here, and the emulator gets a *stand-in*: a private-use character for one
//! cell, an unassigned ideograph for two. A cell that holds a real space was
//! never written, or was erased.

use std::collections::HashMap;

use unicode_width::UnicodeWidthChar;

/// The first stand-in of one cell, in planes 15 and 16.
const NARROW: u32 = 0xf_0000;

/// The first stand-in of two cells, behind the ideographs of plane 3.
const WIDE: u32 = 0x3_3000;

/// The most stand-ins of one kind; then the screen is drawn into new tables.
const MAX_STAND_INS: usize = 0x4000;

/// The most bytes of a cluster; further marks are dropped.
const MAX_CLUSTER_BYTES: usize = 128;

/// A written space, the first stand-in of every table.
const SPACE: &str = " ";

/// The table of one screen.
#[derive(Debug)]
pub(super) struct Glyphs {
    narrow: Vec<Box<str>>,
    wide: Vec<Box<str>>,
    stand_ins: HashMap<(Box<str>, Cells), char>,
}

/// How many cells a glyph takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cells {
    One,
    Two,
}

impl Cells {
    /// As a number.
    pub(super) fn count(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl Default for Glyphs {
    fn default() -> Self {
        let mut glyphs = Self {
            narrow: Vec::new(),
            wide: Vec::new(),
            stand_ins: HashMap::new(),
        };
        glyphs.stand_in(SPACE, Cells::One);
        glyphs
    }
}

impl Glyphs {
    /// The emulator's character for a character that takes these cells.
    pub(super) fn of_char(&mut self, ch: char, cells: Cells) -> char {
        match ch {
            ' ' => char::from_u32(NARROW).unwrap_or(' '),
            '!'..='~' => ch,
            _ if !is_stand_in(ch) && ch.width() == Some(cells.count().into()) => ch,
            _ => self.stand_in(ch.encode_utf8(&mut [0; 4]), cells),
        }
    }

    /// The emulator's character for what a cell shows.
    pub(super) fn of_cluster(&mut self, text: &str, cells: Cells) -> char {
        self.stand_in(text, cells)
    }

    /// Appends what a character of the emulator shows.
    pub(super) fn write(&self, ch: char, out: &mut Vec<u8>) {
        let code = u32::from(ch);
        let kept = if code >= NARROW {
            self.narrow.get((code - NARROW) as usize)
        } else if code >= WIDE {
            self.wide.get((code - WIDE) as usize)
        } else {
            None
        };
        match kept {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    /// Tells whether the tables are to be made anew.
    pub(super) fn are_full(&self) -> bool {
        self.narrow.len().max(self.wide.len()) >= MAX_STAND_INS
    }

    fn stand_in(&mut self, text: &str, cells: Cells) -> char {
        let key = (Box::from(text), cells);
        if let Some(&known) = self.stand_ins.get(&key) {
            return known;
        }
        let (table, first) = match cells {
            Cells::One => (&mut self.narrow, NARROW),
            Cells::Two => (&mut self.wide, WIDE),
        };
        // Beyond the bound only until the present piece of output is drawn.
        let code = u32::try_from(table.len()).map_or(u32::MAX, |at| first.saturating_add(at));
        let Some(ch) = char::from_u32(code).filter(|&ch| is_stand_in(ch)) else {
            return '?';
        };
        table.push(key.0.clone());
        self.stand_ins.insert(key, ch);
        ch
    }
}

/// Whether a cluster may grow by another character.
pub(super) fn has_room(cluster: &str) -> bool {
    cluster.len() < MAX_CLUSTER_BYTES
}

fn is_stand_in(ch: char) -> bool {
    let code = u32::from(ch);
    code >= NARROW || (WIDE..=0x3_fffd).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(glyphs: &Glyphs, ch: char) -> String {
        let mut out = Vec::new();
        glyphs.write(ch, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_text_comes_back_and_takes_its_cells() {
        let mut glyphs = Glyphs::default();
        let texts = [
            ("e\u{301}", Cells::One),
            ("\u{1f469}\u{200d}\u{1f467}", Cells::Two),
            ("\u{f0001}", Cells::One),
            ("\u{33001}", Cells::Two),
            (" ", Cells::One),
            ("x", Cells::One),
        ];
        for (text, cells) in texts {
            let ch = glyphs.of_cluster(text, cells);
            assert_eq!(shown(&glyphs, ch), text);
            assert_eq!(ch.width(), Some(cells.count().into()), "{text}");
            assert_eq!(glyphs.of_cluster(text, cells), ch, "once only");
        }
    }

    #[test]
    fn a_character_of_another_width_gets_a_stand_in() {
        let mut glyphs = Glyphs::default();
        assert_eq!(glyphs.of_char('a', Cells::One), 'a');
        assert_eq!(glyphs.of_char('\u{6f22}', Cells::Two), '\u{6f22}');
        assert_ne!(glyphs.of_char(' ', Cells::One), ' ');
        let newer = glyphs.of_char('\u{1f972}', Cells::One);
        assert_eq!(newer.width(), Some(1));
        assert_eq!(shown(&glyphs, newer), "\u{1f972}");
        let font_icon = glyphs.of_char('\u{f0001}', Cells::One);
        assert_eq!(shown(&glyphs, font_icon), "\u{f0001}");
    }

    #[test]
    fn all_stand_ins_have_their_width() {
        for at in 0..MAX_STAND_INS as u32 {
            let narrow = char::from_u32(NARROW + at).unwrap();
            let wide = char::from_u32(WIDE + at).unwrap();
            assert_eq!((narrow.width(), wide.width()), (Some(1), Some(2)), "{at:x}");
            assert!(is_stand_in(narrow) && is_stand_in(wide));
        }
    }
}
