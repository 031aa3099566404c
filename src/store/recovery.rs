//! Making the database anew from the last good backup and the redo log.
//!
//! It is made beside the old one, looked through, put on the disk and renamed;
//! a process that is killed meanwhile, or a full disk, leaves everything as it
//! was. Where something may have been lost, the database has another id, so
//! that nobody takes its sequence numbers for those he has seen.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::connection;
use super::copy;
use super::error::Error;
use super::group;
use super::opening::Log;
use super::opening::Origin;
use super::opening::Restored;
use super::place;
use super::place::Place;
use super::redo::records::Records;
use super::redo::records::Tail;
use super::schema;
use super::schema::Stamp;
use super::schema::Steps;
use crate::sys::secret;

/// What a new database is made of, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recipe {
    /// The backup, and what the log has after it.
    BackupAndRedo,
    /// The log, which goes back to the beginning.
    Redo,
    /// The backup; what came after it is lost.
    Backup,
    /// Nothing.
    Nothing,
}

/// A database beside the old one.
struct Made {
    recipe: Recipe,
    /// Whether the whole log is in it.
    is_complete: bool,
}

/// How many groups a database lacks that its log has.
pub(super) fn lacks(log: Option<&Log>, stamp: &Stamp) -> u64 {
    log.filter(|log| log.title.database == stamp.database && log.title.base <= stamp.group)
        .map_or(0, |log| log.end.group.saturating_sub(stamp.group))
}

/// Makes an empty database where there is none.
pub(super) fn create(place: &Place, steps: Steps) -> Result<(), Error> {
    make(place, steps, None, Recipe::Nothing)?;
    publish(place)
}

/// Makes a good database anew that lacks several groups; tells whether it
/// could.
pub(super) fn catch_up(place: &Place, steps: Steps, log: Option<&Log>) -> Result<bool, Error> {
    for recipe in [Recipe::BackupAndRedo, Recipe::Redo] {
        match attempt(place, steps, log, recipe)? {
            Some(made) if made.is_complete => {
                return publish(place).map(|()| true);
            }
            _ => {}
        }
    }
    Ok(false)
}

/// Sets a damaged database aside, and makes one of what there is.
pub(super) fn restore(
    place: &Place,
    steps: Steps,
    log: Option<&Log>,
    why: String,
) -> Result<Restored, Error> {
    let made = best(place, steps, log)?;
    let path = place.database();
    let set_aside = match path.exists() {
        true => Some(place.set_aside(&path)?),
        false => None,
    };
    publish(place)?;
    let restored = Restored {
        set_aside,
        why,
        origin: match made.recipe {
            Recipe::BackupAndRedo | Recipe::Backup => Origin::Backup,
            Recipe::Redo => Origin::Redo,
            Recipe::Nothing => Origin::Nothing,
        },
        is_complete: made.is_complete,
    };
    tracing::error!(path = %path.display(), ?restored, "the database was damaged, and was restored");
    Ok(restored)
}

/// Makes the best database that can be made.
fn best(place: &Place, steps: Steps, log: Option<&Log>) -> Result<Made, Error> {
    let recipes = [Recipe::BackupAndRedo, Recipe::Redo, Recipe::Backup];
    for recipe in recipes {
        if let Some(made) = attempt(place, steps, log, recipe)? {
            return Ok(made);
        }
    }
    make(place, steps, log, Recipe::Nothing)
}

/// Follows a recipe; `None`, when what it needs is not there or not good.
fn attempt(
    place: &Place,
    steps: Steps,
    log: Option<&Log>,
    recipe: Recipe,
) -> Result<Option<Made>, Error> {
    let backup = copy::stamp(&place.backup());
    let is_possible = match recipe {
        Recipe::BackupAndRedo => backup.zip(log).is_some_and(|(backup, log)| {
            log.title.database == backup.database && log.title.base <= backup.group
        }),
        Recipe::Redo => log.is_some_and(|log| log.title.base == 0),
        Recipe::Backup => backup.is_some(),
        Recipe::Nothing => true,
    };
    if !is_possible {
        return Ok(None);
    }
    match make(place, steps, log, recipe) {
        Ok(made) => Ok(Some(made)),
        Err(error @ (Error::Damaged { .. } | Error::Statement(_))) => {
            tracing::error!(%error, ?recipe, "a backup cannot be used");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Follows a recipe to a database beside the old one.
fn make(place: &Place, steps: Steps, log: Option<&Log>, recipe: Recipe) -> Result<Made, Error> {
    let path = place::temporary(&place.database());
    let failed = |error| Error::sqlite(&path, error);
    begin(place, &path, recipe)?;
    let mut connection = connection::private(&path).map_err(failed)?;
    connection
        .pragma_update(None, "journal_mode", "memory")
        .map_err(failed)?;
    if matches!(recipe, Recipe::Redo | Recipe::Nothing) {
        // The log's records say where the further steps were taken.
        let first = if recipe == Recipe::Redo {
            1
        } else {
            steps.newest()
        };
        steps.take(&mut connection, first, &path)?;
        let database = match log.filter(|_| recipe == Recipe::Redo) {
            Some(log) => log.title.database.clone(),
            None => secret::word(32),
        };
        schema::begin(&connection, &database).map_err(failed)?;
    }
    let mut stamp = schema::stamp(&connection).map_err(failed)?;
    let is_complete = match recipe {
        Recipe::BackupAndRedo | Recipe::Redo => {
            replay(place, steps, &mut connection, &mut stamp)?;
            log.is_some_and(|log| log.tail != Tail::Damaged && stamp.group == log.end.group)
        }
        Recipe::Backup | Recipe::Nothing => false,
    };
    if !is_complete && recipe != Recipe::Nothing {
        schema::rename(&connection, &mut stamp).map_err(failed)?;
    }
    copy::finish(&connection, &path, &copy::patience())?;
    Ok(Made {
        recipe,
        is_complete,
    })
}

/// Puts the file there that a recipe begins with.
fn begin(place: &Place, path: &Path, recipe: Recipe) -> Result<(), Error> {
    place::create_private(path).map_err(|source| Error::io(path, source))?;
    if matches!(recipe, Recipe::BackupAndRedo | Recipe::Backup) {
        let backup = place.backup();
        fs::copy(&backup, path).map_err(|source| Error::io(path, source))?;
    }
    Ok(())
}

/// Does again what the log has after a database's last group, as far as that
/// can be done; the stamp then says how far.
pub(super) fn replay(
    place: &Place,
    steps: Steps,
    connection: &mut Connection,
    stamp: &mut Stamp,
) -> Result<(), Error> {
    let path = place.database();
    let Some(mut records) = Records::open(&place.redo())? else {
        return Ok(());
    };
    let title = records.title();
    if title.database != stamp.database || title.base > stamp.group {
        return Ok(());
    }
    while let Some(record) = records.next()? {
        if record.group <= stamp.group {
            continue;
        }
        if record.schema > stamp.version {
            steps.take(connection, record.schema, &path)?;
            stamp.version = record.schema;
        }
        match group::replay(connection, &record).map_err(|error| Error::sqlite(&path, error)) {
            Ok(()) => stamp.group = record.group,
            Err(error @ (Error::Statement(_) | Error::Damaged { .. })) => {
                tracing::error!(%error, group = record.group, "the redo log cannot be done again");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Gives the new database its name, once nothing of the old one is left that
/// SQLite would take for its own.
fn publish(place: &Place) -> Result<(), Error> {
    let path = place.database();
    for suffix in ["-wal", "-shm"] {
        let beside = place.beside(suffix);
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io(&beside, error));
            }
            _ => {}
        }
    }
    place.sync();
    let temporary = place::temporary(&path);
    File::open(&temporary)
        .and_then(|file| place::publish(&file, &temporary, &path))
        .map_err(|source| Error::io(&path, source))
}
