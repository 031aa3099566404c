//! The thread that writes: it takes what waits as one group, and keeps a good
//! backup.
//!
//! While a backup is made, writes go on: it is made of the moment at which it
//! began, by a connection and a thread of its own. Only then does the redo log
//! begin anew, with what came after that moment. Where there can be only one
//! connection ([`Sharing::Exclusive`]), writes wait for the backup.

use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::connection;
use super::connection::Patience;
use super::copy;
use super::error::Error;
use super::group::Ledger;
use super::opening::Opening;
use super::place::Sharing;
use super::redo::Mark;
use super::write::Job;
use crate::sys::lock::Lock;
use crate::sys::text;

/// How many orders may wait; whoever comes then waits for a place.
pub(super) const QUEUE: usize = 1024;

/// The most writes in one group; each group costs one wait for the disk, and
/// the first of it waits for all.
const GROUP: usize = 512;

/// The length of the redo log at which a backup is made. It bounds how long
/// recovery takes.
const REDO_LIMIT_BYTES: u64 = if cfg!(test) { 16 << 10 } else { 16 << 20 };

/// How long the last backup may take while everybody waits for the end.
const LAST_COPY_LIMIT: Duration = Duration::from_secs(2);

/// What the thread is asked to do.
pub(super) enum Order {
    /// A write.
    Write(Box<dyn Job>),
    /// A read on the only connection.
    Look(Box<dyn FnOnce(&Connection) + Send>),
    /// To make a last backup, and end.
    Close(oneshot::Sender<()>),
}

/// The thread's belongings.
pub(super) struct Writer {
    ledger: Ledger,
    /// Held as long as the database is open.
    lock: Lock,
    orders: mpsc::Receiver<Order>,
    /// The backup that is being made.
    backup: Option<Copying>,
    /// The group that the last good backup has.
    backed_up: u64,
    /// The redo log's length at which the next backup is made.
    next_backup_bytes: u64,
}

impl Writer {
    pub(super) fn new(opening: Opening, orders: mpsc::Receiver<Order>) -> Self {
        Self {
            ledger: opening.ledger,
            lock: opening.lock,
            orders,
            backup: None,
            backed_up: opening.backed_up,
            next_backup_bytes: REDO_LIMIT_BYTES,
        }
    }

    /// Does what it is asked until it is told to end, or nobody is left to ask.
    pub(super) fn run(mut self) {
        let mut next = None;
        let mut told = None;
        while let Some(order) = next.take().or_else(|| self.orders.blocking_recv()) {
            match order {
                Order::Write(job) => next = self.write_group(job),
                Order::Look(look) => look(&self.ledger.connection),
                Order::Close(reply) => {
                    told = Some(reply);
                    self.orders.close();
                }
            }
        }
        self.end(told.is_some());
        if let Some(reply) = told {
            let _ = reply.send(());
        }
    }

    /// Does a write with those that wait behind it; returns the first order
    /// that is no write.
    fn write_group(&mut self, first: Box<dyn Job>) -> Option<Order> {
        let mut jobs = vec![first];
        let mut next = None;
        while jobs.len() < GROUP {
            match self.orders.try_recv() {
                Ok(Order::Write(job)) => jobs.push(job),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        while !jobs.is_empty() {
            let (count, done) = match self.with_sound_log() {
                Ok(()) => self.ledger.run(&mut jobs),
                Err(error) => (jobs.len(), Err(error)),
            };
            if let Err(error) = &done {
                tracing::error!(error = text::with_causes(error), "writes failed");
                if let Error::DiskFull { .. } = error {
                    // What is written back can be written over.
                    self.ledger.write_back();
                }
            }
            for job in jobs.drain(..count) {
                job.answer(done.clone());
            }
        }
        self.back_up();
        next
    }

    /// Begins a backup when it is time for one, and ends one that was made.
    fn back_up(&mut self) {
        if self
            .backup
            .as_ref()
            .is_some_and(|copying| copying.thread.is_finished())
        {
            let ended = self.join_backup();
            self.note(ended);
        }
        if self.ledger.redo.len() >= self.next_backup_bytes && self.backup.is_none() {
            let begun = match self.ledger.place.sharing {
                Sharing::Shared => self.begin_copying(),
                Sharing::Exclusive => {
                    let ended = self.back_up_here(&copy::patience());
                    return self.note(ended);
                }
            };
            if begun.is_err() {
                self.note(begun);
            }
        }
    }

    /// Begins a new log where the last append could not be taken back.
    fn with_sound_log(&mut self) -> Result<(), Error> {
        if !self.ledger.redo.is_suspect() {
            return Ok(());
        }
        // What it was to begin anew is not to be kept.
        let _ = self.join_backup();
        self.back_up_here(&copy::patience())
    }

    /// Starts the thread that copies this moment.
    fn begin_copying(&mut self) -> Result<(), Error> {
        let place = self.ledger.place.clone();
        let database = place.database();
        let failed = |error| Error::sqlite(&database, error);
        let source = connection::reader(&database).map_err(failed)?;
        // From its first look on it sees this moment only, and no writer waits
        // for it.
        source
            .execute_batch("BEGIN; SELECT written FROM store")
            .map_err(failed)?;
        let mark = self.ledger.redo.end();
        let patience = copy::patience();
        let own_patience = patience.clone();
        let copying = move || copy::make(&source, &place.backup(), &own_patience).map(|_| mark);
        let thread = thread::Builder::new()
            .name("store-backup".into())
            .spawn(copying)
            .map_err(|source| Error::io(&self.ledger.place.backup(), source))?;
        self.backup = Some(Copying { thread, patience });
        Ok(())
    }

    /// Waits for the backup that is being made, and begins the log anew.
    fn join_backup(&mut self) -> Result<(), Error> {
        let Some(copying) = self.backup.take() else {
            return Ok(());
        };
        let mark = copying.thread.join().map_err(|_| Error::Panicked)??;
        self.begin_log_anew(mark)
    }

    /// Makes a backup on the connection that writes.
    fn back_up_here(&mut self, patience: &Patience) -> Result<(), Error> {
        let mark = self.ledger.redo.end();
        copy::make(
            &self.ledger.connection,
            &self.ledger.place.backup(),
            patience,
        )?;
        self.begin_log_anew(mark)
    }

    fn begin_log_anew(&mut self, mark: Mark) -> Result<(), Error> {
        self.backed_up = mark.group;
        self.ledger.redo.begin_anew(mark)
    }

    /// Says when the next backup is to be made; one that failed is tried again
    /// when the log has grown by half of what a backup waits for.
    fn note(&mut self, ended: Result<(), Error>) {
        self.next_backup_bytes = match ended {
            Ok(()) => self.ledger.redo.len() + REDO_LIMIT_BYTES,
            Err(error) => {
                tracing::error!(error = text::with_causes(&error), "no backup was made");
                self.ledger.redo.len() + REDO_LIMIT_BYTES / 2
            }
        };
    }

    /// Ends: with a last backup, when there is time for one.
    fn end(mut self, is_told: bool) {
        if let Some(copying) = &self.backup {
            copying.patience.end();
        }
        let _ = self.join_backup();
        if is_told && self.backed_up != self.ledger.group {
            let ended = self.back_up_here(&Patience::new(LAST_COPY_LIMIT));
            self.note(ended);
        }
        drop(self.ledger);
        drop(self.lock);
    }
}

/// A backup that is being made.
#[derive(Debug)]
struct Copying {
    thread: JoinHandle<Result<Mark, Error>>,
    patience: Patience,
}
