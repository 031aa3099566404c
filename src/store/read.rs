//! Reading: connections beside the one that writes.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection;
use super::connection::Patience;
use super::error::Error;
use super::place::Place;
use super::value::Row;
use super::value::Value;
use super::write;

/// How many reads run at a time; further ones wait.
const READERS: usize = 3;

/// How long a read may take, waiting for its turn apart: one that goes on keeps
/// the WAL from being written back.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// A look at the database as one moment left it.
#[derive(Debug)]
pub struct Read<'a> {
    connection: &'a Connection,
    place: &'a Place,
}

impl<'a> Read<'a> {
    pub(super) fn new(connection: &'a Connection, place: &'a Place) -> Self {
        Self { connection, place }
    }

    /// Reads rows.
    ///
    /// # Errors
    /// [`Error::Statement`] and what `read` says.
    pub fn query<T, E: From<Error>>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        write::query(self.connection, self.place, sql, values, read)
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
}

/// The connections that read.
#[derive(Debug)]
pub(super) struct Readers {
    place: Place,
    turns: Arc<Semaphore>,
    /// Held for moments, never over `.await`.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            turns: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::default(),
        }
    }

    /// Waits for a turn; it is given back when the permit is dropped.
    pub(super) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    /// Reads on a connection of its own; blocks the thread.
    pub(super) fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().expect("nobody panics with it").pop();
        let failed = |error| Error::sqlite(&self.place.database(), error);
        let connection = match idle {
            Some(connection) => connection,
            None => connection::reader(&self.place.database()).map_err(failed)?,
        };
        let done = read_on(&connection, &self.place, work)?;
        // One that failed itself is not used again.
        let mut idle = self.idle.lock().expect("nobody panics with it");
        idle.push(connection);
        done
    }

    /// Closes those that are idle; who reads closes his own.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().expect("nobody panics with it").clear();
    }
}

/// Reads in one transaction, so that all queries see the same moment; the outer
/// error is the connection's own.
pub(super) fn read_on<T, E>(
    connection: &Connection,
    place: &Place,
    work: impl FnOnce(&Read<'_>) -> Result<T, E>,
) -> Result<Result<T, E>, Error> {
    let failed = |error| Error::sqlite(&place.database(), error);
    Patience::new(READ_LIMIT)
        .watch(connection)
        .map_err(failed)?;
    connection.execute_batch("BEGIN").map_err(failed)?;
    let done = work(&Read { connection, place });
    connection::unwatch(connection).map_err(failed)?;
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(failed)?;
    }
    Ok(done)
}
