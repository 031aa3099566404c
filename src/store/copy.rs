//! Good copies of the database: made, looked through, and put in their place.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::backup::StepResult;

use super::connection;
use super::connection::Finding;
use super::connection::Patience;
use super::error::Error;
use super::place;
use super::schema;
use super::schema::Stamp;

/// How many pages are copied between two looks at the clock.
const PAGES_A_STEP: i32 = 256;

/// How long making and looking through a copy may take.
const COPY_LIMIT: Duration = Duration::from_secs(10 * 60);

/// As long as a copy may take when nobody asks for an end.
pub(super) fn patience() -> Patience {
    Patience::new(COPY_LIMIT)
}

/// Copies the database as `source` sees it to `path`, in place of what is
/// there, once the copy was found good.
///
/// # Errors
/// [`Error::Damaged`], when the copy is not good, so the database is not;
/// [`Error::Busy`], when the patience was over; or what SQLite or the system says.
/// What was at `path` is still there then.
pub(super) fn make(source: &Connection, path: &Path, patience: &Patience) -> Result<Stamp, Error> {
    let temporary = place::temporary(path);
    let made = make_at(source, &temporary, patience).and_then(|stamp| {
        let file = fs::File::open(&temporary).map_err(|source| Error::io(&temporary, source))?;
        place::publish(&file, &temporary, path)
            .map(|()| stamp)
            .map_err(|source| Error::io(path, source))
    });
    if made.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    made
}

fn make_at(source: &Connection, path: &Path, patience: &Patience) -> Result<Stamp, Error> {
    place::create_private(path).map_err(|source| Error::io(path, source))?;
    let failed = |error| Error::sqlite(path, error);
    let mut target = connection::private(path).map_err(failed)?;
    target
        .pragma_update(None, "journal_mode", "off")
        .map_err(failed)?;
    let backup = Backup::new(source, &mut target).map_err(failed)?;
    loop {
        match backup.step(PAGES_A_STEP).map_err(failed)? {
            StepResult::Done => break,
            StepResult::More if !patience.is_over() => {}
            _ => return Err(Error::Busy),
        }
    }
    drop(backup);
    finish(&target, path, patience)
}

/// Looks through a database that is to take its place, and makes it one file.
pub(super) fn finish(
    target: &Connection,
    path: &Path,
    patience: &Patience,
) -> Result<Stamp, Error> {
    let failed = |error| Error::sqlite(path, error);
    target
        .pragma_update(None, "journal_mode", "delete")
        .map_err(failed)?;
    match connection::check(target, patience).map_err(failed)? {
        Finding::Good => schema::stamp(target).map_err(failed),
        Finding::Unfinished => Err(Error::Busy),
        Finding::Bad(words) => Err(damaged(path, words)),
    }
}

/// What is wrong with a file, in SQLite's words.
pub(super) fn damaged(path: &Path, words: String) -> Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Error::sqlite(path, rusqlite::Error::SqliteFailure(code, Some(words)))
}

/// Reads which database a copy holds; `None` is none, or one that cannot be
/// read.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok()?;
    let connection = connection::private(path).ok()?;
    schema::stamp(&connection).ok()
}
