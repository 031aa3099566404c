//! The styles and links that a terminal's cells have, by number.

use std::collections::HashMap;

use super::style::Style;

/// How many styles are remembered at least; then those that no cell has are
/// forgotten.
const MIN_STYLES: usize = 0x8000;

/// How many links are remembered at least; likewise.
const MIN_LINKS: usize = 0x1000;

/// The styles and links of one screen, by number.
#[derive(Debug)]
pub(super) struct Styles {
    styles: Vec<Style>,
    numbers: HashMap<Style, u32>,
    /// The bodies of OSC 8: `params;uri`.
    links: Vec<Box<[u8]>>,
    link_numbers: HashMap<Box<[u8]>, u32>,
    /// How many of both may be remembered.
    style_limit: usize,
    link_limit: usize,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            styles: vec![Style::default()],
            numbers: HashMap::from([(Style::default(), 0)]),
            links: vec![Box::default()],
            link_numbers: HashMap::new(),
            style_limit: MIN_STYLES,
            link_limit: MIN_LINKS,
        }
    }
}

impl Styles {
    /// The number of a style; 0 is the default one.
    pub(super) fn number(&mut self, style: Style) -> u32 {
        if style == Style::default() {
            return 0;
        }
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

    /// The number of a link, `id=1;https://…`.
    pub(super) fn link(&mut self, body: &[u8]) -> u32 {
        if let Some(&known) = self.link_numbers.get(body) {
            return known;
        }
        let number = u32::try_from(self.links.len()).unwrap_or(0);
        self.links.push(body.into());
        self.link_numbers.insert(body.into(), number);
        number
    }

    /// How many styles and links are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.styles.len() + self.links.len()
    }

    /// Says whether it is time to forget those that no cell has.
    pub(super) fn are_full(&self) -> bool {
        self.styles.len() >= self.style_limit || self.links.len() >= self.link_limit
    }

    /// The same style in other tables.
    pub(super) fn moved(&self, style: Style, to: &mut Self) -> Style {
        match self.links.get(style.link() as usize) {
            Some(body) if style.link() != 0 => style.with_link_number(to.link(body)),
            _ => style,
        }
    }

    /// Lets as many come again as there are.
    pub(super) fn make_room(&mut self) {
        self.style_limit = MIN_STYLES.max(self.styles.len() * 2);
        self.link_limit = MIN_LINKS.max(self.links.len() * 2);
    }

    /// Appends what leads from one style to another; nothing when they agree.
    pub(super) fn write_change(&self, from: Style, to: Style, out: &mut Vec<u8>) {
        if from == to {
            return;
        }
        if from.shown_link() != to.shown_link() {
            out.extend_from_slice(b"\x1b]8;");
            match self.links.get(to.shown_link() as usize) {
                Some(link) if to.shown_link() != 0 => out.extend_from_slice(link),
                _ => out.push(b';'),
            }
            out.extend_from_slice(b"\x1b\\");
        }
        if from.without_link() != to.without_link() {
            to.write_sgr(out);
        }
        // SGR 0 takes protection away too.
        if to.is_protected() {
            out.extend_from_slice(b"\x1b[1\"q");
        } else if from.is_protected() && from.without_link() == to.without_link() {
            out.extend_from_slice(b"\x1b[0\"q");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
