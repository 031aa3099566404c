//! Blobs: bytes under a name that follows from them, for ever or for a time.
//!
//! They are files of their own beside the database, so that a large one is
//! never in memory, is written once, and outlives a database that is lost:
//!
//! ```text
//! blobs/kept/1b/1b4f0e98-51f1-4f8a-8f2a-…       for ever
//! blobs/passing/1b4f0e98-51f1-4f8a-8f2a-…       until the file's modification time
//! ```
//!
//! A blob's file has no name before all of it is on the disk. What is sent twice
//! stays for as long as the longer of both wished; a file whose size is not that
//! of the new one is damaged, and is replaced.

use std::fs;
use std::fs::File;
use std::fs::FileTimes;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use sha1::Digest;
use sha1::Sha1;

use crate::sys::clock;
use crate::sys::disk::dir;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::dir::Replace;
use crate::sys::disk::temporary::Temporary;
use crate::sys::files;
use crate::sys::secret;

/// How many letters of a name its directory has.
const SHARD_LETTERS: usize = 2;

/// Where a name has its dashes.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// The length of a name.
const NAME_BYTES: usize = 36;

/// How long a file stays after its time: where a system cannot make one without
/// a name, one that is being written lies among those that pass.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// The blobs of one data directory; clones are the same.
#[derive(Clone, Debug)]
pub struct Blobs {
    kept: PathBuf,
    passing: PathBuf,
    /// Held while a time is looked at and what follows from it is done.
    times: Arc<Mutex<()>>,
}

/// The name of a blob, `1b4f0e98-51f1-4f8a-8f2a-0d51a8f2c1ee`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobName(String);

/// A blob that was found.
#[derive(Debug)]
pub struct Found {
    /// Its bytes, from the first.
    pub file: File,
    /// How many they are.
    pub size: u64,
    /// How long it stays; `None` is for ever.
    pub left: Option<Duration>,
}

/// A blob on its way to the disk; drop leaves nothing of it.
#[derive(Debug)]
pub struct Incoming {
    blobs: Blobs,
    file: Temporary,
    hasher: Sha1,
    size: u64,
}

impl Blobs {
    /// Names the place of blobs below a data directory; it is made with the
    /// first of them.
    pub fn below(data: &Path) -> Self {
        let root = data.join("blobs");
        Self {
            kept: root.join("kept"),
            passing: root.join("passing"),
            times: Arc::default(),
        }
    }

    /// Begins to take a blob.
    ///
    /// # Errors
    /// As the system says.
    pub fn begin(&self) -> io::Result<Incoming> {
        for dir in [&self.kept, &self.passing] {
            files::private_dir(dir)?;
        }
        let hidden = format!(".{}", secret::word(12));
        Ok(Incoming {
            blobs: self.clone(),
            file: Temporary::make(&self.passing, hidden.as_ref())?,
            hasher: Sha1::new(),
            size: 0,
        })
    }

    /// Finds a blob.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, or none any more.
    pub fn find(&self, name: &BlobName) -> io::Result<Found> {
        // Last where it may have been moved meanwhile.
        self.find_kept(name)
            .or_else(|_| self.find_passing(name))
            .or_else(|_| self.find_kept(name))
    }

    fn find_kept(&self, name: &BlobName) -> io::Result<Found> {
        let (file, stat) = dir::open_regular(&self.shard(name).join(&name.0))?;
        Ok(Found {
            file,
            size: stat.size,
            left: None,
        })
    }

    fn find_passing(&self, name: &BlobName) -> io::Result<Found> {
        let (file, stat) = dir::open_regular(&self.passing.join(&name.0))?;
        let left = file.metadata()?.modified()?.duration_since(now());
        let left = left.map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Found {
            file,
            size: stat.size,
            left: Some(left),
        })
    }

    /// Removes what has passed; returns how many blobs that were.
    ///
    /// # Errors
    /// As the system says; the rest stays until the next time.
    pub fn sweep(&self) -> io::Result<usize> {
        let listing = match fs::read_dir(&self.passing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            listing => listing?,
        };
        let mut removed = 0;
        for entry in listing {
            let entry = entry?;
            let _times = self.times();
            if entry.metadata()?.modified()? < now() - LEFT_BEHIND {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn shard(&self, name: &BlobName) -> PathBuf {
        self.kept.join(&name.0[..SHARD_LETTERS])
    }

    fn times(&self) -> MutexGuard<'_, ()> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Incoming {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.file().write(piece)?;
        self.hasher.update(&piece[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Incoming {
    /// Keeps the blob for ever, or as long as `lifetime` says; it is on the disk
    /// then.
    ///
    /// # Errors
    /// As the system says; there is no such blob then, unless there was before.
    pub fn finish(mut self, lifetime: Option<Duration>) -> io::Result<BlobName> {
        let name = BlobName::of(&self.hasher.finalize_reset().into());
        let shard = self.blobs.shard(&name);
        if has_size(&shard.join(&name.0), self.size)? {
            return Ok(name);
        }
        match lifetime {
            Some(lifetime) => self.pass(&name, now() + lifetime)?,
            None => self.keep(&name, &shard)?,
        }
        Ok(name)
    }

    fn keep(&mut self, name: &BlobName, shard: &Path) -> io::Result<()> {
        files::private_dir(shard)?;
        self.file.move_to(Dir::locate(shard)?)?;
        self.file.publish(name.0.as_ref(), Replace::Yes)?;
        // It is not needed any more, and passes if it stays.
        let _ = fs::remove_file(self.blobs.passing.join(&name.0));
        Ok(())
    }

    /// Publishes a blob for a time, or lengthens that of the one that is there.
    fn pass(&mut self, name: &BlobName, end: SystemTime) -> io::Result<()> {
        let passing = self.blobs.passing.join(&name.0);
        let _times = self.blobs.times();
        let lasts_until = |end| FileTimes::new().set_modified(end);
        if has_size(&passing, self.size)? {
            let there = File::open(&passing)?;
            let end = there.metadata()?.modified()?.max(end);
            return there.set_times(lasts_until(end));
        }
        let file = self.file.file();
        file.set_times(lasts_until(end))?;
        self.file.publish(name.0.as_ref(), Replace::Yes)
    }
}

impl BlobName {
    /// Reads a name as a person or program gives it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_dash = |at: usize| DASHES.contains(&at);
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = text.len() == NAME_BYTES
            && text.bytes().enumerate().all(|(at, byte)| {
                if is_dash(at) {
                    byte == b'-'
                } else {
                    is_hex(byte)
                }
            });
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names what has this SHA-1: its digits in the form of a random UUID, one of
    /// them left out, as the original system does.
    fn of(hash: &[u8; 20]) -> Self {
        let mut digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut name = String::with_capacity(NAME_BYTES);
        for at in 0..NAME_BYTES {
            let digit = match at {
                14 => 4,
                19 => digits.next().unwrap_or_default() & 3 | 8,
                at if DASHES.contains(&at) => {
                    name.push('-');
                    continue;
                }
                _ => digits.next().unwrap_or_default(),
            };
            name.extend(char::from_digit(digit.into(), 16));
        }
        Self(name)
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(clock::now_ms())
}

/// Whether a file is there and as large as it should be.
fn has_size(path: &Path, size: u64) -> io::Result<bool> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        found => Ok(found?.len() == size),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn put(blobs: &Blobs, content: &[u8], lifetime: Option<Duration>) -> BlobName {
        let mut incoming = blobs.begin().unwrap();
        incoming.write_all(content).unwrap();
        incoming.finish(lifetime).unwrap()
    }

    fn content(blobs: &Blobs, name: &BlobName) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        blobs.find(name).ok()?.file.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    fn let_pass(blobs: &Blobs, name: &BlobName, ago: Duration) {
        let file = File::open(blobs.passing.join(&name.0)).unwrap();
        let then = FileTimes::new().set_modified(now() - ago);
        file.set_times(then).unwrap();
    }

    #[test]
    fn a_name_follows_from_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(dir.path());
        // `sha1sum` says da39a3ee5e6b4b0d3255bfef95601890afd80709.
        let empty = put(&blobs, b"", None);
        assert_eq!(empty.as_str(), "da39a3ee-5e6b-44b0-9325-5bfef9560189");
        let one = put(&blobs, b"one", None);
        assert_eq!(put(&blobs, b"one", None), one);
        assert_eq!(content(&blobs, &one).unwrap(), b"one");
    }

    #[test]
    fn only_a_name_is_a_name() {
        let name = "da39a3ee-5e6b-44b0-9325-5bfef9560189";
        assert_eq!(BlobName::parse(name).unwrap().as_str(), name);
        for wrong in [
            "",
            "da39a3ee",
            "DA39A3EE-5e6b-44b0-9325-5bfef9560189",
            "../da39a3ee-5e6b-44b0-9325-5bfef95601",
            "da39a3ee05e6b-44b0-9325-5bfef9560189",
            "da39a3ee-5e6b-44b0-9325-5bfef956018\u{e9}",
        ] {
            assert_eq!(BlobName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(dir.path());
        let mut incoming = blobs.begin().unwrap();
        incoming.write_all(b"half").unwrap();
        drop(incoming);
        assert_eq!(fs::read_dir(&blobs.passing).unwrap().count(), 0);
    }

    #[test]
    fn a_blob_passes_and_one_that_is_sent_again_stays_longer() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(dir.path());
        let name = put(&blobs, b"one", Some(HOUR));
        assert!(blobs.find(&name).unwrap().left.unwrap() <= HOUR);
        assert_eq!(put(&blobs, b"one", Some(2 * HOUR)), name);
        assert_eq!(put(&blobs, b"one", Some(HOUR)), name);
        assert!(blobs.find(&name).unwrap().left.unwrap() > HOUR);
        let_pass(&blobs, &name, Duration::from_secs(1));
        assert_eq!(content(&blobs, &name), None);
        assert_eq!(put(&blobs, b"one", Some(HOUR)), name);
        assert_eq!(content(&blobs, &name).unwrap(), b"one");
        let_pass(&blobs, &name, 2 * HOUR);
        assert_eq!(blobs.sweep().unwrap(), 1);
        assert_eq!(fs::read_dir(&blobs.passing).unwrap().count(), 0);
    }

    #[test]
    fn a_blob_that_is_kept_passes_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(dir.path());
        let name = put(&blobs, b"one", Some(HOUR));
        assert_eq!(put(&blobs, b"one", None), name);
        assert!(blobs.find(&name).unwrap().left.is_none());
        assert_eq!(put(&blobs, b"one", Some(HOUR)), name);
        assert_eq!(fs::read_dir(&blobs.passing).unwrap().count(), 0);
        assert_eq!(blobs.sweep().unwrap(), 0);
        assert_eq!(content(&blobs, &name).unwrap(), b"one");
    }

    #[test]
    fn a_damaged_blob_is_mended_when_it_is_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(dir.path());
        let name = put(&blobs, b"one", None);
        fs::write(blobs.shard(&name).join(&name.0), b"o").unwrap();
        put(&blobs, b"one", None);
        assert_eq!(content(&blobs, &name).unwrap(), b"one");
    }

    #[test]
    fn nothing_is_swept_where_nothing_was_kept() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Blobs::below(dir.path()).sweep().unwrap(), 0);
    }
}
