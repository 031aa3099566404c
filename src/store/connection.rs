//! Connections to the database: how they are opened, and what they may do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;

use super::place::Sharing;
use super::schema::OWN_TABLE;

/// How long one connection waits for another's lock. Only recovery and a
/// closing connection take one; a second process is kept out before.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The pages that a connection keeps in memory, in KiB. The system keeps the
/// file's pages too, so more would only make an idle server larger.
const WRITER_CACHE_KIB: i64 = 1024;
const READER_CACHE_KIB: i64 = 256;

/// The length to which the WAL is cut once it was written back.
const WAL_LIMIT_BYTES: i64 = 4 << 20;

/// How many steps of SQLite's machine lie between two looks at the clock.
const STEPS_A_LOOK: i32 = 10_000;

/// What a statement may not call: its answer would be another at recovery.
const UNSTEADY: [&str; 15] = [
    "random",
    "randomblob",
    "date",
    "time",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "timediff",
    "current_date",
    "current_time",
    "current_timestamp",
    "last_insert_rowid",
    "changes",
    "total_changes",
];

/// Opens the one connection that writes, for a database that is there.
pub(super) fn writer(path: &Path, sharing: Sharing) -> rusqlite::Result<Connection> {
    let locking = match sharing {
        Sharing::Shared => Locking::Own,
        Sharing::Exclusive => Locking::None,
    };
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, locking)?;
    // Until the file was found to be ours and good, closing changes nothing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if sharing == Sharing::Exclusive {
        connection.pragma_update(None, "locking_mode", "exclusive")?;
    }
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // A page that is written before its transaction is over would look like
    // damage in the WAL once that has failed.
    connection.pragma_update(None, "cache_spill", false)?;
    // Finds a damaged page before it damages others.
    connection.pragma_update(None, "cell_size_check", true)?;
    // The redo log is what makes a commit last.
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}

/// Makes a connection the store's own: writes go to the WAL from now on.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES)?;
    // The first look makes the shared memory, which is a file: reads must go on
    // when the disk is full later.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Opens a connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, Locking::Own)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens a file that nobody else has open and that need not last yet: a copy
/// that is made or looked at.
pub(super) fn private(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, Locking::None)?;
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(connection)
}

/// Whether SQLite locks a file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locking {
    /// As it does: several connections share the file.
    Own,
    /// Not at all: the store's own lock suffices, and one on a network file
    /// system may hang.
    None,
}

fn open(path: &Path, access: OpenFlags, locking: Locking) -> rusqlite::Result<Connection> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match locking {
        Locking::Own => Connection::open_with_flags(path, flags)?,
        Locking::None => Connection::open_with_flags_and_vfs(path, flags, c"unix-none")?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// How long something may take: until a moment, or until somebody ends it.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    until: Instant,
    is_ended: Arc<AtomicBool>,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now() + limit,
            is_ended: Arc::default(),
        }
    }

    /// Ends it, for all clones.
    pub(super) fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
    }

    /// Says whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.is_ended.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    /// Interrupts a connection once it is over.
    pub(super) fn watch(&self, connection: &Connection) -> rusqlite::Result<()> {
        let patience = self.clone();
        connection.progress_handler(STEPS_A_LOOK, Some(move || patience.is_over()))
    }
}

/// Lets a connection work as long as it likes.
pub(super) fn unwatch(connection: &Connection) -> rusqlite::Result<()> {
    connection.progress_handler(0, None::<fn() -> bool>)
}

/// What a look through a database has found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is good.
    Good,
    /// It is good as far as was looked.
    Unfinished,
    /// It is not; in SQLite's words.
    Bad(String),
}

/// Looks through a whole database.
pub(super) fn check(connection: &Connection, patience: &Patience) -> rusqlite::Result<Finding> {
    patience.watch(connection)?;
    let word = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    unwatch(connection)?;
    match word {
        Ok(word) if word == "ok" => Ok(Finding::Good),
        Ok(word) => Ok(Finding::Bad(word)),
        Err(error) => match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => Ok(Finding::Unfinished),
            _ => Err(error),
        },
    }
}

/// Says whose statements a connection runs: the store's or a write's.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    is_work: Arc<AtomicBool>,
}

impl Guard {
    /// Watches over a connection.
    pub(super) fn watch(connection: &Connection) -> rusqlite::Result<Self> {
        let guard = Self::default();
        let is_work = Arc::clone(&guard.is_work);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if is_work.load(Ordering::Relaxed) {
                judge(&context.action)
            } else {
                Authorization::Allow
            }
        }))?;
        Ok(guard)
    }

    /// Runs work from outside, whose statements are looked at.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_work.store(true, Ordering::Relaxed);
        let done = work();
        self.is_work.store(false, Ordering::Relaxed);
        done
    }
}

/// A write reads and changes rows; the schema, transactions and the store's own
/// table are not its business.
fn judge(action: &AuthAction<'_>) -> Authorization {
    let may = match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => {
            *table_name != OWN_TABLE && !table_name.starts_with("sqlite_")
        }
        AuthAction::Function { function_name } => {
            !UNSTEADY.contains(&function_name.to_ascii_lowercase().as_str())
        }
        _ => false,
    };
    if may {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}
