//! The redo log's file: begun anew, appended to, taken back.
//!
//! After a failed fsync the kernel forgets what it could not write, and the
//! next one succeeds. So a log whose last append could not be taken back is
//! [`RedoLog::is_suspect`], and the next write waits for a new one.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use super::Mark;
use super::Title;
use super::record::Recording;
use crate::store::error::Error;
use crate::store::place;

/// A redo log that is appended to.
#[derive(Debug)]
pub(crate) struct RedoLog {
    path: PathBuf,
    file: File,
    title: Title,
    end: Mark,
    /// The end before the last append.
    before: Mark,
    is_suspect: bool,
}

impl RedoLog {
    /// Begins a log in place of the one that is there.
    ///
    /// # Errors
    /// What the system says; the old one is then still there.
    pub(crate) fn begin(path: &Path, title: Title) -> Result<Self, Error> {
        Self::begin_with(path, title, &[]).map_err(|source| Error::io(path, source))
    }

    fn begin_with(path: &Path, title: Title, records: &[u8]) -> io::Result<Self> {
        let temporary = place::temporary(path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        let mut content = title.line().into_bytes();
        content.extend(records);
        file.write_all_at(&content, 0)?;
        place::publish(&file, &temporary, path)?;
        let end = Mark {
            group: title.base,
            offset: content.len() as u64,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            title,
            end,
            before: end,
            is_suspect: false,
        })
    }

    /// Opens a log to go on with it; what follows its last whole record is cut
    /// off.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn go_on(path: &Path, title: Title, end: Mark) -> Result<Self, Error> {
        let opened = || {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            if file.metadata()?.len() != end.offset {
                file.set_len(end.offset)?;
                file.sync_data()?;
            }
            Ok(file)
        };
        let file = opened().map_err(|source| Error::io(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            title,
            end,
            before: end,
            is_suspect: false,
        })
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.end.offset
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> Mark {
        self.end
    }

    /// Says whether it holds something that was not to be kept.
    pub(crate) fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    /// Puts a group on the disk.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or [`Error::File`], and the log is as before; or
    /// [`Error::Undecided`].
    pub(crate) fn append(
        &mut self,
        group: u64,
        schema: u32,
        recording: &Recording,
    ) -> Result<(), Error> {
        let record = recording.encode(group, schema);
        self.before = self.end;
        let appended = self
            .file
            .write_all_at(&record, self.end.offset)
            .and_then(|()| self.file.sync_data());
        self.end = Mark {
            group,
            offset: self.end.offset + record.len() as u64,
        };
        appended.map_err(|source| self.take_back(Error::io(&self.path, source)))
    }

    /// Takes back the last append because of an error, and returns that; or
    /// [`Error::Undecided`], when this fails too.
    pub(crate) fn take_back(&mut self, why: Error) -> Error {
        self.end = self.before;
        let cut = self
            .file
            .set_len(self.end.offset)
            .and_then(|()| self.file.sync_data());
        self.is_suspect = cut.is_err();
        if self.is_suspect {
            let path = self.path.clone();
            Error::Undecided { path }
        } else {
            why
        }
    }

    /// Begins anew with what was appended since `mark`, which a backup has.
    ///
    /// # Errors
    /// What the system says; the log goes on as it is then.
    pub(crate) fn begin_anew(&mut self, mark: Mark) -> Result<(), Error> {
        let begun = || {
            let length = usize::try_from(self.end.offset - mark.offset).unwrap_or(usize::MAX);
            let mut records = vec![0; length];
            self.file.read_exact_at(&mut records, mark.offset)?;
            let title = Title {
                database: self.title.database.clone(),
                base: mark.group,
            };
            Self::begin_with(&self.path, title, &records)
        };
        let mut fresh = begun().map_err(|source| Error::io(&self.path, source))?;
        fresh.end.group = self.end.group;
        *self = fresh;
        Ok(())
    }
}
