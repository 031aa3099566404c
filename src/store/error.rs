//! Why the store cannot do what it was asked.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::sys::disk::space;

/// By how much SQLite's shared memory grows at a time.
const SHARED_MEMORY_BYTES: u64 = 32 << 10;

/// What lies below an error; shared, because one failure answers many writes.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Why the store cannot do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A disk has no room left, or the user's quota is used up.
    ///
    /// Nothing of the write happened. Reads go on, and so do writes as soon as
    /// there is room.
    #[error("the disk is full: `{path}` cannot grow")]
    DiskFull {
        /// The file that could not be written.
        path: PathBuf,
        /// What the system or SQLite said.
        #[source]
        source: Cause,
    },
    /// A file could not be read or written, for another reason.
    #[error("cannot use `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system or SQLite said.
        #[source]
        source: Cause,
    },
    /// Another process has the database open.
    #[error("`{path}` is open in another process")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A newer build has written the file; nothing of it was touched.
    #[error("`{path}` is of version {found}, and this build knows versions up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that this build knows.
        known: u32,
    },
    /// The file was damaged while it was in use.
    ///
    /// The next start restores what was acknowledged.
    #[error("`{path}` is damaged; the next start restores it")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Cause,
    },
    /// A write may or may not have happened: taking it back failed.
    ///
    /// If the server is killed now, the next start does it; the next write that
    /// succeeds makes it never have been.
    #[error("nobody can tell yet whether `{path}` keeps a write")]
    Undecided {
        /// The redo log.
        path: PathBuf,
    },
    /// SQLite refused a statement.
    #[error("the database refuses a statement")]
    Statement(#[source] Cause),
    /// One write has more bytes than the redo log takes.
    #[error("one write has {bytes} bytes, too many at once")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// The work panicked; nothing of it happened.
    #[error("the work on the database panicked")]
    Panicked,
    /// More was asked than the store can do in time.
    #[error("the database has too much to do")]
    Busy,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Tells a full disk from whatever else befell a file.
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let is_full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        let (path, source) = (path.to_owned(), Arc::new(source));
        if is_full {
            Self::DiskFull { path, source }
        } else {
            Self::File { path, source }
        }
    }

    /// Tells apart what SQLite says about the file at `path`.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let code = source.sqlite_error_code();
        let is_damage = is_damage(&source);
        let (path, source) = (path.to_owned(), Arc::new(source));
        let is_full = code == Some(ErrorCode::DiskFull)
            || matches!(
                code,
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
            ) && has_no_room(&path);
        match code {
            _ if is_damage => Self::Damaged { path, source },
            _ if is_full => Self::DiskFull { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            Some(ErrorCode::OperationInterrupted) => Self::Busy,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::File { path, source },
            _ => Self::Statement(source),
        }
    }
}

/// Says whether a full disk explains what SQLite cannot name: its shared memory
/// is a file too.
fn has_no_room(path: &Path) -> bool {
    let dir = path.parent().unwrap_or(path);
    space::available(dir).is_ok_and(|bytes| bytes < SHARED_MEMORY_BYTES)
}

/// Says whether SQLite found a file's content wrong.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ) || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_told_from_other_failures() {
        let path = Path::new("/data/hub.db-redo");
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = Error::io(path, kind.into());
            assert!(matches!(error, Error::DiskFull { .. }), "{error}");
            assert_eq!(
                error.to_string(),
                "the disk is full: `/data/hub.db-redo` cannot grow"
            );
        }
        let other = Error::io(path, io::ErrorKind::PermissionDenied.into());
        assert!(matches!(other, Error::File { .. }));
    }
}
