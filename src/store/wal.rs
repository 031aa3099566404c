//! Whether the WAL that a killed process left can be believed.
//!
//! SQLite itself stops at the first frame that is wrong, without a word. After
//! a kill that is the last one written. Where frames of the same generation
//! follow, the file was damaged, and pages that were written back already may
//! not fit those that were not: the database is made anew from the backup and
//! the redo log then.
//!
//! Source: the WAL's format in SQLite's file format documentation, section 4.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;

const FILE_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// What was found in a WAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wal {
    /// Nothing, or frames that end where a process was killed.
    Sound,
    /// A wrong header, or a wrong frame before others.
    Damaged,
}

/// Reads a WAL through.
///
/// # Errors
/// What the system says; no file is a sound one.
pub(super) fn examine(path: &Path) -> io::Result<Wal> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Wal::Sound),
        Err(error) => return Err(error),
    };
    examine_content(BufReader::new(file))
}

fn examine_content(mut content: impl Read) -> io::Result<Wal> {
    let header = read_up_to(&mut content, FILE_HEADER_BYTES)?;
    if header.is_empty() {
        return Ok(Wal::Sound);
    }
    let Some(mut frames) = Frames::begin(&header) else {
        return Ok(Wal::Damaged);
    };
    let mut was_wrong = false;
    loop {
        let frame = read_up_to(&mut content, FRAME_HEADER_BYTES + frames.page_bytes)?;
        if frame.len() < FRAME_HEADER_BYTES + frames.page_bytes {
            return Ok(Wal::Sound);
        }
        let is_of_this_generation = frame[8..16] == frames.salts;
        if was_wrong && is_of_this_generation {
            return Ok(Wal::Damaged);
        }
        was_wrong |= !frames.fits(&frame);
    }
}

/// The running checksum of a WAL, and what every frame of it shares.
struct Frames {
    page_bytes: usize,
    salts: [u8; 8],
    word: fn([u8; 4]) -> u32,
    sum: (u32, u32),
}

impl Frames {
    /// Reads the file's header; `None` is none.
    fn begin(header: &[u8]) -> Option<Self> {
        if header.len() < FILE_HEADER_BYTES {
            return None;
        }
        let word: fn([u8; 4]) -> u32 = match number(header, 0) {
            0x377f_0682 => u32::from_le_bytes,
            0x377f_0683 => u32::from_be_bytes,
            _ => return None,
        };
        let page_bytes = number(header, 8) as usize;
        if !page_bytes.is_power_of_two() || !(512..=65536).contains(&page_bytes) {
            return None;
        }
        let sum = checksum(word, (0, 0), &header[..24]);
        (sum == (number(header, 24), number(header, 28))).then_some(Self {
            page_bytes,
            salts: header[16..24].try_into().ok()?,
            word,
            sum,
        })
    }

    /// Goes on by a frame, if it is the next one.
    fn fits(&mut self, frame: &[u8]) -> bool {
        let sum = checksum(self.word, self.sum, &frame[..8]);
        let sum = checksum(self.word, sum, &frame[FRAME_HEADER_BYTES..]);
        let fits = frame[8..16] == self.salts && sum == (number(frame, 16), number(frame, 20));
        if fits {
            self.sum = sum;
        }
        fits
    }
}

fn checksum(word: fn([u8; 4]) -> u32, from: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let (mut first, mut second) = from;
    for pair in bytes.chunks_exact(8) {
        let [a, b, c, d, e, f, g, h] = *pair else {
            continue;
        };
        first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
        second = second.wrapping_add(word([e, f, g, h])).wrapping_add(first);
    }
    (first, second)
}

/// The big-endian number at a place of a header.
fn number(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[at..at + 4].try_into().expect("four bytes");
    u32::from_be_bytes(word)
}

fn read_up_to(content: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(count);
    content.by_ref().take(count as u64).read_to_end(&mut read)?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const PAGE_BYTES: usize = 4096;

    /// A WAL of several frames, as SQLite leaves it when it is killed.
    fn wal() -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection::open(dir.path().join("db")).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = wal; CREATE TABLE t (x)")
            .unwrap();
        for number in 0..5 {
            connection
                .execute("INSERT INTO t VALUES (?1)", [number])
                .unwrap();
        }
        std::fs::read(dir.path().join("db-wal")).unwrap()
    }

    fn frame(number: usize) -> usize {
        FILE_HEADER_BYTES + number * (FRAME_HEADER_BYTES + PAGE_BYTES)
    }

    #[test]
    fn a_wal_that_ends_anywhere_in_a_frame_is_sound() {
        let wal = wal();
        assert!(wal.len() >= frame(5));
        for length in [0, frame(0), frame(1), frame(1) + 9, frame(2) - 1, wal.len()] {
            assert_eq!(
                examine_content(&wal[..length]).unwrap(),
                Wal::Sound,
                "{length}"
            );
        }
        let mut torn = wal.clone();
        let last = torn.len() - 1;
        torn[last] ^= 1;
        assert_eq!(examine_content(&torn[..]).unwrap(), Wal::Sound);
    }

    #[test]
    fn frames_of_an_older_generation_after_the_last_are_sound() {
        let mut wal = wal();
        for number in 3..wal.len() / (FRAME_HEADER_BYTES + PAGE_BYTES) {
            wal[frame(number) + 8] ^= 1;
        }
        assert_eq!(examine_content(&wal[..]).unwrap(), Wal::Sound);
    }

    #[test]
    fn a_flaw_before_other_frames_is_damage() {
        let good = wal();
        for flaw in [0, 9, 20, 31, frame(0) + 1, frame(1) + 100, frame(2) + 20] {
            let mut bad = good.clone();
            bad[flaw] ^= 1;
            assert_eq!(examine_content(&bad[..]).unwrap(), Wal::Damaged, "{flaw}");
        }
        assert_eq!(examine_content(&good[..9]).unwrap(), Wal::Damaged);
        assert_eq!(examine_content(&[7; 5000][..]).unwrap(), Wal::Damaged);
    }
}
