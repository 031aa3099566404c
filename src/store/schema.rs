//! The versions of the database, each a step from the one before.
//!
//! A step that was released is never changed: others are added after it. The
//! version is SQLite's `user_version`, the number of steps taken. Each record
//! of the redo log names the version that its statements are for, so that
//! recovery takes a step where the running store took it.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite_migration::M;
use rusqlite_migration::Migrations;

use super::error::Error;
use crate::sys::secret;

/// The table of the store itself; writes from outside may not touch it.
pub(super) const OWN_TABLE: &str = "store";

/// The steps of this build.
pub(crate) const STEPS: Steps = Steps(&[FIRST, TABLES, API_KEYS]);

/// Which database this is, and the last group of writes that it has.
pub(super) const FIRST: M<'static> =
    M::up("CREATE TABLE store (id TEXT NOT NULL, written INTEGER NOT NULL) STRICT");

/// Generic tables: rows of JSON, and a numbered list of what changed in them;
/// `total` counts the bytes of all changes until this one.
pub(super) const TABLES: M<'static> = M::up(
    "CREATE TABLE rows (
        table_name TEXT NOT NULL, pk TEXT NOT NULL, row TEXT NOT NULL,
        PRIMARY KEY (table_name, pk)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE changes (
        seq INTEGER PRIMARY KEY, table_name TEXT NOT NULL,
        old TEXT, new TEXT, total INTEGER NOT NULL
    ) STRICT;",
);

/// What programs sign in by: the SHA-256 of each key, never the key.
const API_KEYS: M<'static> = M::up(
    "CREATE TABLE api_keys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, hash BLOB NOT NULL,
        created INTEGER NOT NULL, expires INTEGER, used INTEGER
    ) STRICT, WITHOUT ROWID",
);

/// The steps that a build knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps(pub(crate) &'static [M<'static>]);

/// Which database a file holds, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The random id of the database.
    pub(crate) database: String,
    /// The last group of writes that it has.
    pub(crate) group: u64,
    /// The version of its schema.
    pub(crate) version: u32,
}

impl Steps {
    /// The newest version.
    pub(crate) fn newest(self) -> u32 {
        u32::try_from(self.0.len()).expect("there are few steps")
    }

    /// Takes the steps up to a version; each is a transaction. `path` is for
    /// the error.
    pub(crate) fn take(
        self,
        connection: &mut Connection,
        version: u32,
        path: &Path,
    ) -> Result<(), Error> {
        Migrations::from_slice(self.0)
            .to_version(connection, version as usize)
            .map_err(|error| match error {
                rusqlite_migration::Error::RusqliteError { err, .. } => Error::sqlite(path, err),
                other => Error::Statement(Arc::new(other)),
            })
    }
}

/// Reads which database this is.
pub(crate) fn stamp(connection: &Connection) -> rusqlite::Result<Stamp> {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let sql = "SELECT id, written FROM store";
    connection.query_row(sql, [], |row| {
        Ok(Stamp {
            database: row.get(0)?,
            group: row.get::<_, i64>(1)?.cast_unsigned(),
            version,
        })
    })
}

/// Makes it another database, whose past nobody has seen.
pub(crate) fn rename(connection: &Connection, stamp: &mut Stamp) -> rusqlite::Result<()> {
    stamp.database = secret::word(32);
    connection
        .execute("UPDATE store SET id = ?1", [&stamp.database])
        .map(|_| ())
}

/// Begins an empty database.
pub(crate) fn begin(connection: &Connection, database: &str) -> rusqlite::Result<()> {
    connection
        .execute("INSERT INTO store VALUES (?1, 0)", [database])
        .map(|_| ())
}

/// Notes the last group.
pub(crate) fn put_group(connection: &Connection, group: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE store SET written = ?1")?
        .execute([group.cast_signed()])
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_taken() {
        let mut connection = Connection::open_in_memory().unwrap();
        for version in 1..=STEPS.newest() {
            STEPS.take(&mut connection, version, Path::new("")).unwrap();
        }
        begin(&connection, "abc").unwrap();
        put_group(&connection, 5).unwrap();
        let stamp = stamp(&connection).unwrap();
        assert_eq!((stamp.database.as_str(), stamp.group), ("abc", 5));
        assert_eq!(stamp.version, STEPS.newest());
    }
}
