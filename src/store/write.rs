//! What the work of a write can do: change rows, and look at them.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use rusqlite::Connection;
use rusqlite::params_from_iter;
use tokio::sync::oneshot;

use super::error::Error;
use super::place::Place;
use super::read::Read;
use super::redo::record::MAX_WRITE_BYTES;
use super::redo::record::Recording;
use super::tables::changes::Change;
use super::value::Row;
use super::value::Value;

/// A write under way: its statements are recorded, and executed again where
/// the database must be made anew.
///
/// So a statement names everything that it depends on: times and random ids are
/// parameters. One that calls `random()` or asks for the time, changes the
/// schema or begins a transaction is refused.
#[derive(Debug)]
pub struct Write<'a> {
    connection: &'a Connection,
    recording: &'a mut Recording,
    notes: &'a mut Vec<Change>,
    place: &'a Place,
    begun_at: usize,
    failed: Option<Error>,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        recording: &'a mut Recording,
        notes: &'a mut Vec<Change>,
        place: &'a Place,
    ) -> Self {
        Self {
            connection,
            begun_at: recording.bytes(),
            recording,
            notes,
            place,
            failed: None,
        }
    }

    /// Executes a statement that changes rows; returns how many.
    ///
    /// # Errors
    /// Whatever befell it. The whole write is undone then, also if its work
    /// goes on: a statement that failed half-way must not be half kept.
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, Error> {
        self.refuse_more()?;
        self.try_execute(sql, values)
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    fn try_execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, Error> {
        let changed = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(values)))
            .map_err(|error| Error::sqlite(&self.place.database(), error))?;
        self.recording.add(sql, values);
        let bytes = self.recording.bytes() - self.begun_at;
        if bytes > MAX_WRITE_BYTES {
            return Err(Error::TooLarge { bytes });
        }
        Ok(changed)
    }

    /// Reads rows, those of this write among them.
    ///
    /// # Errors
    /// [`Error::Statement`] and what `read` says.
    pub fn query<T, E: From<Error>>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        query(self.connection, self.place, sql, values, read)
    }

    /// Reads the first row, if there is one.
    ///
    /// # Errors
    /// [`Error::Statement`] and what `read` says.
    pub fn query_first<T, E: From<Error>>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        Ok(self.query(sql, values, read)?.into_iter().next())
    }

    /// Tells a change to the feeds, once it is committed.
    pub(super) fn note(&mut self, change: Change) {
        self.notes.push(change);
    }

    /// The same rows for what only reads.
    pub(super) fn as_read(&self) -> Read<'_> {
        Read::new(self.connection, self.place)
    }

    /// Why it cannot be kept, if a statement of it failed.
    pub(super) fn into_failure(self) -> Option<Error> {
        self.failed
    }

    /// What befell one of its statements.
    fn refuse_more(&self) -> Result<(), Error> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}

/// Runs a query that changes nothing.
pub(super) fn query<T, E: From<Error>>(
    connection: &Connection,
    place: &Place,
    sql: &str,
    values: &[Value],
    mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
) -> Result<Vec<T>, E> {
    let failed = |error| Error::sqlite(&place.database(), error);
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    if !statement.readonly() {
        // Else a write would do what its record does not know.
        return Err(Error::Statement(std::sync::Arc::new(rusqlite::Error::InvalidQuery)).into());
    }
    let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
    let mut read_rows = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        read_rows.push(read(&Row::new(row))?);
    }
    Ok(read_rows)
}

/// A write in the queue.
pub(super) trait Job: Send {
    /// Does its work; an error undoes it.
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Undone>;

    /// Tells whoever waits how it ended; an error is that of the whole group.
    fn answer(self: Box<Self>, group: Result<(), Error>);
}

/// The mark of a write that does not count.
#[derive(Debug)]
pub(super) struct Undone;

/// A closure in the queue, and who waits for it.
pub(super) struct Task<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub(super) fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            reply,
        }
    }
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnOnce(&mut Write<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Undone> {
        let work = self.work.take().expect("a job runs once");
        let outcome = catch_unwind(AssertUnwindSafe(|| work(write)))
            .unwrap_or_else(|_| Err(Error::Panicked.into()))
            .and_then(|value| write.refuse_more().map(|()| value).map_err(E::from));
        let ended = outcome.as_ref().map(|_| ()).map_err(|_| Undone);
        self.outcome = Some(outcome);
        ended
    }

    fn answer(self: Box<Self>, group: Result<(), Error>) {
        let outcome = match (self.outcome, group) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.into()),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(Error::Closed.into()),
        };
        // Whoever asked may have gone; the write stands.
        let _ = self.reply.send(outcome);
    }
}
