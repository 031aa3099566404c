//! Which files a store is made of, and how they appear.
//!
//! | file | what |
//! | --- | --- |
//! | `hub.db` | the database, with `-wal` and `-shm` of SQLite |
//! | `hub.db-redo` | what was acknowledged since the backup |
//! | `hub.db-backup` | the last copy that was found good |
//! | `hub.db-before-N` | the copy that was made before version N |
//! | `hub.db.corrupt-TIME` | what was set aside, with a `-wal` of the same name |
//! | `hub.db-lock` | the lock of the process that has it open |
//!
//! Where another machine may have the same files, SQLite's shared memory does
//! not work, and only one connection is open. On a network file system `flock`
//! may hang besides: there the lock lies in the runtime directory, and the
//! directory must be this machine's alone.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use super::error::Error;
use crate::sys::clock;
use crate::sys::dirs;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::network;
use crate::sys::disk::network::Keeper;
use crate::sys::files;
use crate::sys::lock::Lock;

/// The name of the database.
const DATABASE: &str = "hub.db";

/// Whether several connections may have the database open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// One writes and others read at the same time.
    Shared,
    /// One does all: there is no shared memory.
    Exclusive,
}

/// The files of one store.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    dir: PathBuf,
    keeper: Keeper,
    /// How it is opened.
    pub(crate) sharing: Sharing,
}

impl Place {
    /// Makes the directory, and finds out how its file system is to be used.
    ///
    /// # Errors
    /// What the system says about the directory.
    pub(crate) fn make(dir: &Path) -> Result<Self, Error> {
        files::make_dir(dir).map_err(|source| Error::io(dir, source))?;
        let keeper = network::keeper(dir);
        let sharing = match keeper {
            Keeper::Kernel => Sharing::Shared,
            Keeper::Program | Keeper::Network => Sharing::Exclusive,
        };
        Ok(Self {
            dir: dir.to_owned(),
            keeper,
            sharing,
        })
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join(DATABASE)
    }

    /// A file beside it, by what follows its name: `-redo`.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.dir.join(format!("{DATABASE}{suffix}"))
    }

    /// The redo log.
    pub(crate) fn redo(&self) -> PathBuf {
        self.beside("-redo")
    }

    /// The last good copy.
    pub(crate) fn backup(&self) -> PathBuf {
        self.beside("-backup")
    }

    /// Takes the lock of the process that has the store open.
    ///
    /// # Errors
    /// [`Error::InUse`], or what the system says about the lock's file.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let path = self.lock_path()?;
        Lock::try_take(&path)
            .map_err(|source| Error::io(&path, source))?
            .ok_or_else(|| Error::InUse {
                path: self.database(),
            })
    }

    fn lock_path(&self) -> Result<PathBuf, Error> {
        if self.keeper != Keeper::Network {
            return Ok(self.beside("-lock"));
        }
        let digest = Sha256::digest(self.dir.as_os_str().as_encoded_bytes());
        let name: String = digest[..6].iter().map(|b| format!("{b:02x}")).collect();
        let runtime = dirs::runtime().map_err(|source| Error::io(&self.dir, source))?;
        Ok(runtime.join(format!("store-{name}.lock")))
    }

    /// Removes what a killed process was still writing.
    pub(crate) fn sweep(&self) {
        for path in [self.database(), self.redo(), self.backup()] {
            let temporary = temporary(&path);
            // One that cannot be removed is written over.
            let _ = fs::remove_file(with_suffix(&temporary, "-wal"));
            let _ = fs::remove_file(&temporary);
        }
    }

    /// Renames what is damaged, with what belongs to it; tells the new name.
    ///
    /// # Errors
    /// What the system says about the first; then nothing was renamed.
    pub(crate) fn set_aside(&self, path: &Path) -> Result<PathBuf, Error> {
        let aside = self.free_name(path);
        fs::rename(path, &aside).map_err(|source| Error::io(path, source))?;
        // SQLite would take them for those of the next database.
        let _ = fs::rename(with_suffix(path, "-wal"), with_suffix(&aside, "-wal"));
        let _ = fs::remove_file(with_suffix(path, "-shm"));
        self.sync();
        Ok(aside)
    }

    /// `hub.db.corrupt-20300102T030405Z`, with a number where that is taken.
    fn free_name(&self, path: &Path) -> PathBuf {
        let stem = with_suffix(path, &format!(".corrupt-{}", clock::utc_compact()));
        let numbered = (2..).map(|number| with_suffix(&stem, &format!(".{number}")));
        std::iter::once(stem.clone())
            .chain(numbered)
            .find(|name| fs::symlink_metadata(name).is_err())
            .expect("some number is free")
    }

    /// Makes renamed files last; a file system that cannot is left as it is.
    pub(crate) fn sync(&self) {
        sync_dir(&self.dir);
    }
}

/// Where a file is written before it takes its name.
pub(super) fn temporary(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// Appends to a file's name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Puts a file on the disk, and then at its place.
pub(super) fn publish(file: &File, temporary: &Path, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(temporary, path)?;
    if let Some(dir) = path.parent() {
        sync_dir(dir);
    }
    Ok(())
}

/// Makes an empty file that only this user can read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn sync_dir(dir: &Path) {
    if let Ok(dir) = Dir::open(dir) {
        dir.sync();
    }
}
