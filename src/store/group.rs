//! One group of writes: into the redo log, and then into the database.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::broadcast;

use super::connection::Guard;
use super::error::Error;
use super::place::Place;
use super::redo::log::RedoLog;
use super::redo::record::Record;
use super::redo::record::Recording;
use super::schema;
use super::tables::changes::Change;
use super::write::Job;
use super::write::Write;

/// The bytes of statements from which on a group takes no further write.
const GROUP_BYTES: usize = 1 << 20;

/// The connection that writes, with the log that comes before it.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) connection: Connection,
    pub(super) guard: Guard,
    pub(super) place: Place,
    pub(super) redo: RedoLog,
    /// The last group that is in both.
    pub(super) group: u64,
    /// The version of the schema.
    pub(super) schema: u32,
    /// Where changes are told that were committed, a group at a time.
    pub(super) news: broadcast::Sender<Arc<[Change]>>,
}

impl Ledger {
    /// Does the work of a group: of the jobs, as many as fit. All of it that
    /// succeeds is kept, or nothing.
    ///
    /// Returns how many jobs it were, and why nothing is kept:
    /// [`Error::DiskFull`], [`Error::Damaged`] and others.
    pub(super) fn run(&mut self, jobs: &mut [Box<dyn Job>]) -> (usize, Result<(), Error>) {
        let mut count = 0;
        let done = self
            .sql("BEGIN IMMEDIATE")
            .and_then(|()| self.run_in_transaction(jobs, &mut count));
        if !self.connection.is_autocommit() {
            // SQLite ends the transaction by itself where this cannot.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        match done {
            Ok(()) => (count, Ok(())),
            Err(error) => (count.max(1), Err(error)),
        }
    }

    fn run_in_transaction(
        &mut self,
        jobs: &mut [Box<dyn Job>],
        count: &mut usize,
    ) -> Result<(), Error> {
        let mut recording = Recording::default();
        let mut notes = Vec::new();
        for job in jobs {
            *count += 1;
            self.run_one(job.as_mut(), &mut recording, &mut notes)?;
            if recording.bytes() >= GROUP_BYTES {
                break;
            }
        }
        if recording.is_empty() {
            return Ok(());
        }
        let group = self.group + 1;
        schema::put_group(&self.connection, group).map_err(|error| self.failed(error))?;
        self.redo.append(group, self.schema, &recording)?;
        self.sql("COMMIT")
            .map_err(|error| self.redo.take_back(error))?;
        self.group = group;
        if !notes.is_empty() {
            // Nobody may listen.
            let _ = self.news.send(notes.into());
        }
        Ok(())
    }

    /// Writes the WAL back into the database, as far as that can be done now.
    pub(super) fn write_back(&self) {
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        let _ = self.connection.query_row(sql, [], |_| Ok(()));
    }

    /// Runs a job in a savepoint, so that its failure is its own.
    fn run_one(
        &self,
        job: &mut dyn Job,
        recording: &mut Recording,
        notes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        let before = (recording.len(), notes.len());
        self.sql("SAVEPOINT job")?;
        let mut write = Write::new(&self.connection, recording, notes, &self.place);
        let ended = self.guard.during(|| job.run(&mut write));
        if self.connection.is_autocommit() {
            // A full disk and the like end the whole transaction.
            let error = write.into_failure();
            return Err(error.unwrap_or(Error::Busy));
        }
        if ended.is_err() {
            self.sql("ROLLBACK TO job")?;
            recording.rewind(before.0);
            notes.truncate(before.1);
        }
        self.sql("RELEASE job")
    }

    fn sql(&self, sql: &str) -> Result<(), Error> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        Error::sqlite(&self.place.database(), error)
    }
}

/// Does again what a record says, in one transaction.
///
/// # Errors
/// What SQLite says; nothing of the record was done then.
pub(super) fn replay(connection: &mut Connection, record: &Record) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for statement in &record.statements {
        let values = rusqlite::params_from_iter(&statement.values);
        transaction
            .prepare_cached(&statement.sql)?
            .execute(values)?;
    }
    schema::put_group(&transaction, record.group)?;
    transaction.commit()
}
