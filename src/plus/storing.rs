//! Where the server's database lies, and what is done when it cannot be opened.
//!
//! Without it the terminals work all the same, so that somebody can make room
//! on a full disk. Everything else that keeps the database shut needs a person
//! who looks, and keeps the server from starting.

use std::io;
use std::path::PathBuf;

use crate::store::database::Store;
use crate::store::error::Error;
use crate::sys::dirs;
use crate::sys::disk::network;
use crate::sys::disk::network::Keeper;
use crate::sys::files;
use crate::sys::process;
use crate::sys::text;

/// The database, or why there is none; whoever needs it says so.
pub(super) type Storing = Result<Store, Error>;

/// Opens the database.
///
/// # Errors
/// What keeps the server from starting: a newer build's file, or one that this
/// user may not use in a directory where he may.
pub(super) async fn open() -> Result<Storing, Error> {
    let dir = dir();
    match Store::open(&dir).await {
        Ok(opened) => {
            let restored = opened.restored.is_some();
            tracing::info!(path = %opened.path.display(), restored, "the database is open");
            Ok(Ok(opened.store))
        }
        Err(error) if can_wait(&error) => {
            let why = text::with_causes(&error);
            tracing::error!(why, "there is no database; terminals work without");
            Ok(Err(error))
        }
        Err(error) => Err(error),
    }
}

/// What to type when the database keeps the server from starting.
pub fn hint(error: &Error) -> Option<String> {
    let dir = dir().display().to_string();
    match error {
        Error::Newer { .. } => Some(format!(
            "start the newer cocalc-plus again, or begin anew: mkdir {dir}/newer && mv {dir}/hub.db* {dir}/newer"
        )),
        Error::File { path, .. } => Some(format!("ls -l {}", path.display())),
        _ => None,
    }
}

/// The data directory; below it one for this machine, where other machines have
/// the same.
fn dir() -> PathBuf {
    let data = dirs::data();
    let found = data.ancestors().find(|at| at.exists());
    match found.map(network::keeper) {
        Some(Keeper::Network) => data.join(process::hostname()),
        _ => data,
    }
}

/// Says whether somebody may first want a terminal: the disk is full or
/// read-only, or another job's server on this machine has the database.
fn can_wait(error: &Error) -> bool {
    match error {
        Error::DiskFull { .. } | Error::InUse { .. } => true,
        Error::File { source, .. } => {
            let said = source.downcast_ref::<io::Error>().map(io::Error::kind);
            said == Some(io::ErrorKind::ReadOnlyFilesystem) || !files::can_be_made(&dir())
        }
        _ => false,
    }
}
