//! What a cell shows, as one number.
//!
//! A character is its own number; 0 is nothing. A cluster, a character with the
//! marks that it joins, is a number behind the last character.

use std::collections::HashMap;

/// The number of the first cluster.
const FIRST: u32 = 0x11_0000;

/// How many clusters are remembered at least; then those that are no longer
/// shown are forgotten.
const MIN_CLUSTERS: usize = 0x4000;

/// The most bytes of a cluster; further marks are dropped.
const MAX_CLUSTER_BYTES: usize = 128;

/// The clusters of one terminal.
#[derive(Debug)]
pub(super) struct Glyphs {
    clusters: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    /// How many may be remembered.
    limit: usize,
}

impl Default for Glyphs {
    fn default() -> Self {
        Self {
            clusters: Vec::new(),
            numbers: HashMap::new(),
            limit: MIN_CLUSTERS,
        }
    }
}

impl Glyphs {
    /// The glyph of another one and a mark that it joins.
    pub(super) fn joined(&mut self, glyph: u32, mark: char) -> u32 {
        let mut text = String::new();
        self.push(glyph, &mut text);
        if text.len() >= MAX_CLUSTER_BYTES {
            return glyph;
        }
        text.push(mark);
        self.number(&text)
    }

    /// Appends what a glyph shows; a space for nothing.
    pub(super) fn push(&self, glyph: u32, out: &mut String) {
        match char::from_u32(glyph) {
            Some('\0') => out.push(' '),
            Some(ch) => out.push(ch),
            None => out.push_str(self.cluster(glyph)),
        }
    }

    /// Appends what a glyph shows; a space for nothing.
    pub(super) fn write(&self, glyph: u32, out: &mut Vec<u8>) {
        match char::from_u32(glyph) {
            Some('\0') => out.push(b' '),
            Some(ch) if ch.is_ascii() => out.push(ch as u8),
            Some(ch) => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.extend_from_slice(self.cluster(glyph).as_bytes()),
        }
    }

    /// How many clusters are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.clusters.len()
    }

    /// Says whether it is time to forget those that are no longer shown.
    pub(super) fn are_full(&self) -> bool {
        self.clusters.len() >= self.limit
    }

    /// The same glyph in other tables.
    pub(super) fn moved(&self, glyph: u32, to: &mut Self) -> u32 {
        if glyph < FIRST {
            glyph
        } else {
            to.number(self.cluster(glyph))
        }
    }

    /// Lets as many come again as there are.
    pub(super) fn make_room(&mut self) {
        self.limit = MIN_CLUSTERS.max(self.clusters.len() * 2);
    }

    fn cluster(&self, glyph: u32) -> &str {
        let at = glyph.wrapping_sub(FIRST) as usize;
        self.clusters.get(at).map_or(" ", |text| text)
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        let number = u32::try_from(self.clusters.len()).map_or(0, |at| FIRST.saturating_add(at));
        self.clusters.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(glyphs: &Glyphs, glyph: u32) -> String {
        let (mut text, mut out) = (String::new(), Vec::new());
        glyphs.push(glyph, &mut text);
        glyphs.write(glyph, &mut out);
        assert_eq!(text.as_bytes(), out);
        text
    }

    #[test]
    fn a_cluster_is_one_number() {
        let mut glyphs = Glyphs::default();
        let e = glyphs.joined('e'.into(), '\u{301}');
        assert_eq!(glyphs.joined('e'.into(), '\u{301}'), e);
        let family = glyphs.joined('\u{1f469}'.into(), '\u{200d}');
        assert_eq!(shown(&glyphs, e), "e\u{301}");
        assert_eq!(shown(&glyphs, family), "\u{1f469}\u{200d}");
        assert_eq!(shown(&glyphs, 'x'.into()), "x");
        assert_eq!(shown(&glyphs, 0), " ");
        let mut others = Glyphs::default();
        let moved = glyphs.moved(family, &mut others);
        assert_eq!(shown(&others, moved), "\u{1f469}\u{200d}");
        assert_eq!(glyphs.moved(u32::from('x'), &mut others), u32::from('x'));
    }

    #[test]
    fn a_cluster_takes_so_many_marks_and_no_more() {
        let mut glyphs = Glyphs::default();
        let mut glyph = u32::from('e');
        for _ in 0..1000 {
            glyph = glyphs.joined(glyph, '\u{301}');
        }
        assert!(shown(&glyphs, glyph).len() <= MAX_CLUSTER_BYTES + 4);
        assert!(glyphs.clusters.len() <= MAX_CLUSTER_BYTES);
    }
}
