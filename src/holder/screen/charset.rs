//! Character sets that replace some ASCII: line drawing and the national ones.
//!
//! xterm.js's tables, by the byte that designates each: `ESC ( 0`.

/// A character set; the default one replaces nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charset(Option<&'static Table>);

/// A table of replacements.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    /// The byte that designates it.
    name: u8,
    from: &'static str,
    to: &'static str,
}

/// The sets that are designated, and which of them is in use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charsets {
    sets: [Charset; 4],
    level: usize,
    /// The one in use. Not always that of the level: a saved one may have been
    /// restored.
    pub(super) current: Charset,
}

impl Charset {
    /// The set that a byte designates; none for a byte that designates none.
    pub(super) fn of(name: u8) -> Option<Self> {
        let name = match name {
            b'5' => b'C',
            b'6' => b'E',
            b'7' => b'H',
            other => other,
        };
        let table = TABLES.iter().find(|table| table.name == name);
        (name == b'B' || table.is_some()).then_some(Self(table))
    }

    /// The byte that designates it.
    pub(super) fn name(self) -> u8 {
        self.0.map_or(b'B', |table| table.name)
    }

    /// Whether it replaces nothing.
    pub(super) fn is_default(self) -> bool {
        self.0.is_none()
    }

    /// The character that is shown for another.
    pub(super) fn map(self, ch: char) -> char {
        let Some(table) = self.0.filter(|_| ch < '\x7f') else {
            return ch;
        };
        let at = table.from.chars().position(|from| from == ch);
        at.and_then(|at| table.to.chars().nth(at)).unwrap_or(ch)
    }
}

impl Charsets {
    /// Designates a set by the sign that names its place: `(`, `)`, `*`, `+`.
    pub(super) fn designate(&mut self, sign: u8, charset: Charset) {
        let level = match sign {
            b'(' => 0,
            b')' | b'-' => 1,
            b'*' | b'.' => 2,
            b'+' => 3,
            _ => return,
        };
        self.set(level, charset);
    }

    /// Designates a set for one of the four places.
    pub(super) fn set(&mut self, level: usize, charset: Charset) {
        self.sets[level] = charset;
        if level == self.level {
            self.current = charset;
        }
    }

    /// Uses one of the four places.
    pub(super) fn use_level(&mut self, level: usize) {
        self.level = level;
        self.current = self.sets[level];
    }

    /// Whether the one in use was restored, and is not that of the level.
    pub(super) fn are_restored(&self) -> bool {
        self.current != self.sets[self.level]
    }

    /// The same with the one in use designated for the level.
    pub(super) fn settled(mut self) -> Self {
        self.sets[self.level] = self.current;
        self
    }

    /// Appends what designates the same, where nothing is designated.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (set, sign) in self.sets.iter().zip(*b"()*+") {
            if !set.is_default() {
                out.extend_from_slice(&[0x1b, sign, set.name()]);
            }
        }
        match self.level {
            0 => {}
            1 => out.push(0x0e),
            2 => out.extend_from_slice(b"\x1bn"),
            _ => out.extend_from_slice(b"\x1bo"),
        }
    }
}

const TABLES: [Table; 12] = [
    Table {
        name: b'0',
        from: "`abcdefghijklmnopqrstuvwxyz{|}~",
        to: "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
    },
    Table {
        name: b'A',
        from: "#",
        to: "£",
    },
    Table {
        name: b'4',
        from: "#@[\\]{|}~",
        to: "£¾i½|¨f¼´",
    },
    Table {
        name: b'C',
        from: "[\\]^`{|}~",
        to: "ÄÖÅÜéäöåü",
    },
    Table {
        name: b'R',
        from: "#@[\\]{|}~",
        to: "£à°ç§éùè¨",
    },
    Table {
        name: b'Q',
        from: "@[\\]^`{|}~",
        to: "àâçêîôéùèû",
    },
    Table {
        name: b'K',
        from: "@[\\]{|}~",
        to: "§ÄÖÜäöüß",
    },
    Table {
        name: b'Y',
        from: "#@[\\]`{|}~",
        to: "£§°çéùàòèì",
    },
    Table {
        name: b'E',
        from: "@[\\]^`{|}~",
        to: "ÄÆØÅÜäæøåü",
    },
    Table {
        name: b'Z',
        from: "#@[\\]{|}",
        to: "£§¡Ñ¿°ñç",
    },
    Table {
        name: b'H',
        from: "@[\\]^`{|}~",
        to: "ÉÄÖÅÜéäöåü",
    },
    Table {
        name: b'=',
        from: "#@[\\]^_`{|}~",
        to: "ùàéçêîèôäöüû",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_as_many_characters_as_it_replaces() {
        for table in &TABLES {
            assert_eq!(table.from.len(), table.to.chars().count(), "{table:?}");
            assert_eq!(Charset::of(table.name).map(Charset::name), Some(table.name));
        }
        assert_eq!(Charset::of(b'0').map(|set| set.map('q')), Some('─'));
        assert_eq!(Charset::of(b'B').map(|set| set.map('q')), Some('q'));
        assert_eq!(Charset::of(b'x'), None);
    }

    #[test]
    fn what_is_designated_is_written() {
        let drawing = Charset::of(b'0').unwrap();
        let mut charsets = Charsets::default();
        charsets.designate(b')', drawing);
        charsets.use_level(1);
        assert_eq!(charsets.current, drawing);
        let mut out = Vec::new();
        charsets.write(&mut out);
        assert_eq!(out, b"\x1b)0\x0e");
    }
}
