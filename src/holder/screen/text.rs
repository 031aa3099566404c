//! The text of rows, without what colours them.

use vte::Parser;
use vte::Perform;

/// Reads rows as the history keeps them.
#[derive(Default)]
pub(super) struct Plain {
    parser: Parser,
    lines: Lines,
}

#[derive(Default)]
struct Lines {
    ended: Vec<String>,
    last: String,
}

impl Plain {
    /// Reads some rows.
    pub(super) fn read(&mut self, rows: &[u8]) {
        self.parser.advance(&mut self.lines, rows);
    }

    /// The lines, without the spaces at their ends.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        if !self.lines.last.is_empty() {
            self.lines.execute(b'\n');
        }
        self.lines.ended
    }
}

impl Perform for Lines {
    fn print(&mut self, ch: char) {
        self.last.push(ch);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                let line = self.last.trim_end().to_owned();
                self.last.clear();
                self.ended.push(line);
            }
            b'\t' => self.last.push('\t'),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_links_leave_the_text() {
        let mut text = Plain::default();
        text.read(b"\x1b[0;31mred\x1b[0m x  \r\n\x1b]8;;http://x/\x1b\\li");
        text.read("nk\tü".as_bytes());
        assert_eq!(text.into_lines(), ["red x", "link\tü"]);
    }
}
