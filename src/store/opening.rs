//! Opening: the lock, a look at what is there, and what it lacks.
//!
//! | found | done |
//! | --- | --- |
//! | nothing | an empty database |
//! | a good database with all groups, or all but the last | the last from the redo log |
//! | a good database that lacks more: power failed | made anew, [`super::recovery`] |
//! | a damaged or empty one, or none beside a log or backup | set aside, made anew |
//! | one of a newer build | refused; nothing is touched |
//!
//! A step of the schema is taken after a copy was made. In the end, the backup
//! and the redo log together make the database; where they do not, a backup is
//! made and the log begun anew before anything is written.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::broadcast;

use super::connection;
use super::connection::Finding;
use super::connection::Guard;
use super::connection::Patience;
use super::copy;
use super::error::Error;
use super::group::Ledger;
use super::place::Place;
use super::recovery;
use super::redo::Mark;
use super::redo::Title;
use super::redo::log::RedoLog;
use super::redo::records::Records;
use super::redo::records::Tail;
use super::schema;
use super::schema::Stamp;
use super::schema::Steps;
use super::wal;
use super::wal::Wal;
use crate::sys::lock::Lock;

/// How long a start looks through the database; what is not seen by then, the
/// next backup sees.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// How many groups of changes a feed may be behind before it reads the list of
/// changes instead; they are kept in memory once, for all feeds.
const NEWS: usize = 64;

/// Where a database file has its `user_version`, big-endian.
const VERSION_AT: usize = 60;

/// What was done because the database was damaged or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The name that the damaged file has now; `None`, when there was none.
    pub set_aside: Option<PathBuf>,
    /// What was wrong, for people.
    pub why: String,
    /// What it was made of.
    pub origin: Origin,
    /// Whether everything is there that was acknowledged.
    pub is_complete: bool,
}

/// What a database was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The last good backup, and the redo log as far as it goes.
    Backup,
    /// The redo log, which goes back to the beginning.
    Redo,
    /// Nothing: it is empty.
    Nothing,
}

/// A store that is open.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) ledger: Ledger,
    pub(super) lock: Lock,
    pub(super) restored: Option<Restored>,
    /// The group that the backup has.
    pub(super) backed_up: u64,
    /// The random id of the database.
    pub(super) database: String,
}

/// A redo log that was read through.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) title: Title,
    pub(super) end: Mark,
    pub(super) tail: Tail,
}

/// What stands at the database's name.
enum Found {
    Nothing,
    Wrong(String),
    Good(Box<Connection>, Stamp),
}

/// Opens the store in a directory; blocks the thread.
pub(super) fn open(place: Place, steps: Steps) -> Result<Opening, Error> {
    let lock = place.lock()?;
    refuse_newer(&place.database(), steps)?;
    refuse_newer(&place.backup(), steps)?;
    let log = read_log(&place.redo(), steps)?;
    let found = look(&place, steps)?;
    place.sweep();
    let (mut connection, mut stamp, restored) = settle(&place, steps, log.as_ref(), found)?;
    step(&place, steps, &mut connection, &mut stamp)?;
    let (redo, backed_up) = cover(&place, log, &connection, &mut stamp)?;
    let failed = |error| Error::sqlite(&place.database(), error);
    let guard = Guard::watch(&connection).map_err(failed)?;
    Ok(Opening {
        ledger: Ledger {
            connection,
            guard,
            redo,
            group: stamp.group,
            schema: stamp.version,
            news: broadcast::Sender::new(NEWS),
            place,
        },
        lock,
        restored,
        backed_up,
        database: stamp.database,
    })
}

/// Refuses a newer build's file without letting SQLite touch it.
fn refuse_newer(path: &Path, steps: Steps) -> Result<(), Error> {
    let mut header = [0; VERSION_AT + 4];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) if header.starts_with(b"SQLite format 3\0") => {}
        _ => return Ok(()),
    }
    let version = header[VERSION_AT..].try_into().expect("four bytes");
    refuse_version(path, u32::from_be_bytes(version), steps.newest())
}

fn refuse_version(path: &Path, found: u32, known: u32) -> Result<(), Error> {
    // The sign is SQLite's; a negative one is damage, and will be seen.
    if found <= known || found > i32::MAX as u32 {
        return Ok(());
    }
    Err(Error::Newer {
        path: path.to_owned(),
        found,
        known,
    })
}

/// Reads the log through, to know how it ends.
fn read_log(path: &Path, steps: Steps) -> Result<Option<Log>, Error> {
    let Some(mut records) = Records::open(path)? else {
        return Ok(None);
    };
    while let Some(record) = records.next()? {
        refuse_version(path, record.schema, steps.newest())?;
    }
    Ok(Some(Log {
        title: records.title().clone(),
        end: records.end(),
        tail: records.tail(),
    }))
}

fn look(place: &Place, steps: Steps) -> Result<Found, Error> {
    let path = place.database();
    match fs::metadata(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Error::io(&path, error)),
    }
    let wal = place.beside("-wal");
    if wal::examine(&wal).map_err(|source| Error::io(&wal, source))? == Wal::Damaged {
        return Ok(Found::Wrong("its write-ahead log is damaged".into()));
    }
    match look_inside(place, steps) {
        Err(Error::Damaged { source, .. } | Error::Statement(source)) => {
            Ok(Found::Wrong(source.to_string()))
        }
        found => found,
    }
}

fn look_inside(place: &Place, steps: Steps) -> Result<Found, Error> {
    let path = place.database();
    let failed = |error| Error::sqlite(&path, error);
    let connection = connection::writer(&path, place.sharing).map_err(failed)?;
    let version = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    refuse_version(&path, version, steps.newest())?;
    let finding = connection::check(&connection, &Patience::new(CHECK_LIMIT)).map_err(failed)?;
    if let Finding::Bad(words) = finding {
        return Ok(Found::Wrong(words));
    }
    let stamp = schema::stamp(&connection).map_err(failed)?;
    Ok(Found::Good(Box::new(connection), stamp))
}

/// Makes of what was found a database that has all that was acknowledged.
fn settle(
    place: &Place,
    steps: Steps,
    log: Option<&Log>,
    found: Found,
) -> Result<(Connection, Stamp, Option<Restored>), Error> {
    let why = match found {
        Found::Good(connection, stamp) if recovery::lacks(log, &stamp) <= 1 => {
            return own(place, steps, connection, stamp, None);
        }
        Found::Good(connection, _) => {
            drop(connection);
            if recovery::catch_up(place, steps, log)? {
                tracing::info!("the database was made anew, for it lacked several groups");
            }
            None
        }
        Found::Wrong(why) => Some(why),
        Found::Nothing if log.is_none() && !place.backup().exists() => {
            recovery::create(place, steps)?;
            None
        }
        Found::Nothing => Some("it is gone".to_owned()),
    };
    let restored = why
        .map(|why| recovery::restore(place, steps, log, why))
        .transpose()?;
    match look_inside(place, steps)? {
        Found::Good(connection, stamp) => own(place, steps, connection, stamp, restored),
        _ => Err(copy::damaged(&place.database(), "just made".into())),
    }
}

/// Takes a good database, and does what it lacks.
fn own(
    place: &Place,
    steps: Steps,
    mut connection: Box<Connection>,
    mut stamp: Stamp,
    restored: Option<Restored>,
) -> Result<(Connection, Stamp, Option<Restored>), Error> {
    connection::settle(&connection).map_err(|error| Error::sqlite(&place.database(), error))?;
    recovery::replay(place, steps, &mut connection, &mut stamp)?;
    Ok((*connection, stamp, restored))
}

/// Takes the steps of the schema that are missing, after a copy.
fn step(
    place: &Place,
    steps: Steps,
    connection: &mut Connection,
    stamp: &mut Stamp,
) -> Result<(), Error> {
    let newest = steps.newest();
    if stamp.version == newest {
        return Ok(());
    }
    let before = |version| place.beside(&format!("-before-{version}"));
    copy::make(connection, &before(newest), &copy::patience())?;
    steps.take(connection, newest, &place.database())?;
    tracing::info!(from = stamp.version, to = newest, copy = %before(newest).display(), "the database has a new version");
    stamp.version = newest;
    for older in 1..newest {
        let _ = fs::remove_file(before(older));
    }
    Ok(())
}

/// Goes on with the log, if the backup and it make this database; else makes a
/// backup and begins a log.
fn cover(
    place: &Place,
    log: Option<Log>,
    connection: &Connection,
    stamp: &mut Stamp,
) -> Result<(RedoLog, u64), Error> {
    let path = place.redo();
    let backup = copy::stamp(&place.backup());
    let backed_up = backup
        .filter(|backup| backup.database == stamp.database)
        .map_or(0, |backup| backup.group);
    let fit = log.as_ref().map(|log| (log, fit(log, stamp, backed_up)));
    match fit {
        Some((log, Fit::Whole)) => {
            let redo = RedoLog::go_on(&path, log.title.clone(), log.end)?;
            return Ok((redo, backed_up));
        }
        Some((_, Fit::Short)) | None => {}
        Some((_, fit)) => {
            let aside = place.set_aside(&path)?;
            tracing::error!(?fit, path = %aside.display(), "the redo log was set aside");
            if fit == Fit::Ahead {
                schema::rename(connection, stamp)
                    .map_err(|error| Error::sqlite(&place.database(), error))?;
            }
        }
    }
    let mut base = 0;
    if stamp.group > 0 {
        base = copy::make(connection, &place.backup(), &copy::patience())?.group;
    }
    let title = Title {
        database: stamp.database.clone(),
        base,
    };
    Ok((RedoLog::begin(&path, title)?, base))
}

/// How a log fits a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// With the backup it makes this database.
    Whole,
    /// The database has more.
    Short,
    /// It has, or may have had, what the database has not: that is lost.
    Ahead,
    /// It is another's, or damaged where that does not matter.
    Foreign,
}

fn fit(log: &Log, stamp: &Stamp, backed_up: u64) -> Fit {
    let is_damaged = log.tail == Tail::Damaged;
    if log.title.database != stamp.database {
        Fit::Foreign
    } else if stamp.group < log.end.group || (is_damaged && stamp.group == log.end.group) {
        Fit::Ahead
    } else if is_damaged {
        Fit::Foreign
    } else if stamp.group == log.end.group && log.title.base <= backed_up {
        Fit::Whole
    } else {
        Fit::Short
    }
}
