//! The lines that have left the screen, packed.
//!
//! A row is the bytes that draw it, from the default style back to it. Rows
//! that end a line end with CR and LF; one that went on in the next row does
//! not, so that a terminal of another width wraps it anew.

use std::collections::VecDeque;
use std::sync::Arc;

use super::row::RowEnd;

/// How many rows are kept unless somebody says otherwise.
pub(in crate::holder) const DEFAULT_ROWS: usize = 10_000;

/// The most bytes that packed rows take; then the oldest go, however few.
const MAX_PACKED_BYTES: usize = 8 << 20;

/// How much is packed at once; what a reader unpacks in one piece.
const BLOCK_BYTES: usize = 32 << 10;

/// The most rows in a block, so that short ones are forgotten in time too.
const BLOCK_ROWS: usize = 1000;

/// Rows that are drawn together, packed by LZ4.
#[derive(Debug)]
pub(in crate::holder) struct Block {
    packed: Vec<u8>,
    rows: usize,
}

impl Block {
    /// The bytes that draw its rows.
    pub(in crate::holder) fn unpack(&self) -> Vec<u8> {
        lz4_flex::decompress_size_prepended(&self.packed).unwrap_or_default()
    }
}

/// The newest rows that left the screen, at most a number of them.
#[derive(Debug)]
pub(in crate::holder) struct History {
    blocks: VecDeque<Arc<Block>>,
    packed_bytes: usize,
    packed_rows: usize,
    /// Rows that are not packed yet.
    fresh: Vec<u8>,
    fresh_rows: usize,
    /// How the newest row ends.
    end: RowEnd,
    max_rows: usize,
}

impl History {
    /// Makes one that keeps at most so many rows, and one block's more.
    pub(super) fn new(max_rows: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            packed_bytes: 0,
            packed_rows: 0,
            fresh: Vec::new(),
            fresh_rows: 0,
            end: RowEnd::default(),
            max_rows,
        }
    }

    /// Appends a row as `draw` writes it: told how the row above ends, it returns
    /// how this one does.
    pub(super) fn push(&mut self, draw: impl FnOnce(RowEnd, &mut Vec<u8>) -> RowEnd) {
        if self.max_rows == 0 {
            return;
        }
        self.end = draw(self.end, &mut self.fresh);
        self.count(1);
    }

    fn count(&mut self, rows: usize) {
        self.fresh_rows += rows;
        if self.fresh.len() >= BLOCK_BYTES || self.fresh_rows >= BLOCK_ROWS {
            self.pack();
        }
    }

    /// Appends so many plain lines, which a terminal of this width wraps;
    /// returns about how many rows they are.
    pub(super) fn push_lines(&mut self, text: &[u8], lines: usize, cols: usize) -> usize {
        if lines >= self.max_rows {
            self.clear();
        }
        if self.max_rows == 0 {
            return lines;
        }
        if std::mem::take(&mut self.end) != RowEnd::Line && text.starts_with(b"\r") {
            self.fresh.extend_from_slice(b"\r\n");
        }
        let unseen = lines.saturating_sub(self.max_rows);
        let mut all_rows = unseen;
        for line in text.split_inclusive(|&byte| byte == b'\n').skip(unseen) {
            let rows = line.len().saturating_sub(2).div_ceil(cols).max(1);
            self.fresh.extend_from_slice(line);
            self.count(rows);
            all_rows += rows;
        }
        all_rows
    }

    /// How the newest row ends.
    pub(super) fn end(&self) -> RowEnd {
        self.end
    }

    /// Ends the line that goes on in the grid; false when none does.
    pub(super) fn end_line(&mut self) -> bool {
        let is_open = std::mem::take(&mut self.end) != RowEnd::Line;
        if is_open {
            self.fresh.extend_from_slice(b"\r\n");
        }
        is_open
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_rows);
    }

    /// How many rows are kept.
    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.packed_rows + self.fresh_rows
    }

    /// What is kept, oldest first: packed rows, then the bytes of the others.
    pub(in crate::holder) fn parts(&self) -> (Vec<Arc<Block>>, &[u8]) {
        (self.blocks.iter().cloned().collect(), &self.fresh)
    }

    fn pack(&mut self) {
        let packed = lz4_flex::compress_prepend_size(&self.fresh);
        self.packed_bytes += packed.len();
        self.packed_rows += self.fresh_rows;
        self.blocks.push_back(Arc::new(Block {
            packed,
            rows: self.fresh_rows,
        }));
        self.fresh.clear();
        self.fresh_rows = 0;
        while let Some(oldest) = self.blocks.front()
            && (self.packed_rows - oldest.rows >= self.max_rows
                || self.packed_bytes > MAX_PACKED_BYTES)
        {
            self.packed_rows -= oldest.rows;
            self.packed_bytes -= oldest.packed.len();
            self.blocks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(history: &History) -> String {
        let (blocks, fresh) = history.parts();
        let mut bytes: Vec<u8> = blocks.iter().flat_map(|block| block.unpack()).collect();
        bytes.extend_from_slice(fresh);
        String::from_utf8(bytes).unwrap()
    }

    fn push(history: &mut History, row: &str) {
        history.push(|_, out| {
            out.extend_from_slice(row.as_bytes());
            RowEnd::Line
        });
    }

    #[test]
    fn the_newest_rows_are_kept_in_order() {
        let mut history = History::new(5000);
        for number in 0..20_000 {
            push(&mut history, &format!("line {number}\r\n"));
        }
        let text = all(&history);
        let numbers: Vec<u32> = text
            .lines()
            .map(|line| line["line ".len()..].parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), history.rows());
        assert!((5000..9000).contains(&numbers.len()), "{}", numbers.len());
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert_eq!(numbers.last(), Some(&19_999));
        history.clear();
        assert_eq!((history.rows(), all(&history).as_str()), (0, ""));
    }

    #[test]
    fn packed_bytes_are_bounded_however_long_the_rows() {
        let mut history = History::new(DEFAULT_ROWS);
        let mut noise = 1_u64;
        for _ in 0..20_000 {
            let row: String = (0..200)
                .map(|_| {
                    noise = noise
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    format!("{:08x}", noise >> 32)
                })
                .collect();
            push(&mut history, &row);
        }
        assert!(history.packed_bytes <= MAX_PACKED_BYTES);
        assert!(history.rows() > 1000);
    }

    #[test]
    fn no_rows_are_kept_where_none_are_wanted() {
        let mut history = History::new(0);
        push(&mut history, "x");
        assert_eq!(history.rows(), 0);
    }
}
