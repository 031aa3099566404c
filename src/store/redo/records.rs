//! Reading a redo log from its beginning, and how it ends.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use super::MAGIC;
use super::Mark;
use super::Title;
use super::VERSION;
use super::record::HEADER_BYTES;
use super::record::Header;
use super::record::Record;
use crate::store::error::Error;

/// The longest first line, in bytes.
const MAX_TITLE_BYTES: u64 = 128;

/// A redo log that is read from its beginning.
#[derive(Debug)]
pub(crate) struct Records {
    path: PathBuf,
    reader: BufReader<File>,
    length: u64,
    title: Title,
    end: Mark,
    tail: Tail,
}

impl Records {
    /// Opens a log; `None` is no file, or one that is no log.
    ///
    /// # Errors
    /// [`Error::Newer`], when a newer build wrote it; or what the system says.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Error> {
        let failed = |source| Error::io(path, source);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let length = file.metadata().map_err(failed)?.len();
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        reader
            .by_ref()
            .take(MAX_TITLE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(failed)?;
        let offset = line.len() as u64;
        let Some((version, words)) = String::from_utf8(line).ok().and_then(versioned) else {
            return Ok(None);
        };
        if version > VERSION {
            return Err(Error::Newer {
                path: path.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        Ok(Title::parse(&words).map(|title| Self {
            path: path.to_owned(),
            reader,
            length,
            end: Mark {
                group: title.base,
                offset,
            },
            title,
            tail: Tail::Whole,
        }))
    }

    /// Which database it belongs to, and where it begins.
    pub(crate) fn title(&self) -> &Title {
        &self.title
    }

    /// Where what was read ends.
    pub(crate) fn end(&self) -> Mark {
        self.end
    }

    /// How the log ends, once there is no next record.
    pub(crate) fn tail(&self) -> Tail {
        self.tail
    }

    /// Reads the next record; after the last, [`Records::tail`] tells how the
    /// log ends.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        self.read_next()
            .map_err(|source| Error::io(&self.path, source))
    }

    fn read_next(&mut self) -> io::Result<Option<Record>> {
        let left = self.length - self.end.offset;
        if left == 0 || self.tail != Tail::Whole {
            return Ok(None);
        }
        self.tail = Tail::Torn;
        self.reader.seek(SeekFrom::Start(self.end.offset))?;
        let mut head = [0; HEADER_BYTES];
        if left < HEADER_BYTES as u64 {
            return Ok(None);
        }
        self.reader.read_exact(&mut head)?;
        let Some(header) = Header::read(&head) else {
            self.tail = if self.rest_is_zero()? {
                Tail::Torn
            } else {
                Tail::Damaged
            };
            return Ok(None);
        };
        let record_bytes = (HEADER_BYTES + header.body_bytes) as u64;
        if record_bytes > left {
            return Ok(None);
        }
        let mut body = vec![0; header.body_bytes];
        self.reader.read_exact(&mut body)?;
        let decoded = header.decode(&head, &body);
        match decoded.filter(|record| record.group == self.end.group + 1) {
            Some(record) => {
                self.tail = Tail::Whole;
                self.end.group = record.group;
                self.end.offset += record_bytes;
                Ok(Some(record))
            }
            None if record_bytes == left => Ok(None),
            None => {
                self.tail = Tail::Damaged;
                Ok(None)
            }
        }
    }

    /// A file system may have made the file longer without its content.
    fn rest_is_zero(&mut self) -> io::Result<bool> {
        self.reader.seek(SeekFrom::Start(self.end.offset))?;
        for byte in self.reader.by_ref().bytes() {
            if byte? != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Splits the version off the first line: `(1, "0f3a… 41\n")`.
fn versioned(line: String) -> Option<(u32, String)> {
    let (version, words) = line.strip_prefix(MAGIC)?.split_once(' ')?;
    Some((version.parse().ok()?, words.to_owned()))
}

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// With a whole record.
    Whole,
    /// With a part of one, which was never acknowledged.
    Torn,
    /// Something else stands where a record should, and more follows.
    Damaged,
}
