//! The project's files, as a page and as programs use them.
//!
//! The shapes and their examples stand in [`crate::protocol::files`]. Whatever
//! touches a disk runs on a blocking thread; a listing, a walk and a removal
//! name entries in directories that are held open, through no symbolic link.
//!
//! | file | owns |
//! | --- | --- |
//! | [`calls`] | `project.<id>.files.…` |
//! | [`routes`] | `/files/…` |
//! | [`pathtext`] | paths as JSON strings, losslessly |
//! | [`refusal`] | what the system says, for a person |
//! | [`entry`], [`listing`] | one name, all names of a directory |
//! | [`content`] | reading a file for an editor |
//! | [`save`], [`incoming`], [`in_place`] | replacing one, never by halves |
//! | [`condition`], [`hash`] | what a save expects to replace |
//! | [`parts`] | hidden files that are not complete yet |
//! | [`range`], [`stream`] | parts of a file, bytes from and to requests |
//! | [`ticket`], [`get`] | URLs that a browser opens by itself |
//! | [`watch`] | what changes while somebody looks |

pub mod calls;
mod condition;
mod content;
mod entry;
mod get;
mod hash;
mod in_place;
mod incoming;
mod listing;
mod parts;
mod pathtext;
mod range;
mod refusal;
pub mod routes;
mod save;
mod stream;
mod ticket;
mod watch;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use crate::protocol::call::Refusal;
use in_place::Undo;
use ticket::Tickets;
use watch::watcher::Watcher;

/// The files that this user may reach.
#[derive(Debug)]
pub struct Files {
    home: PathBuf,
    undo: Undo,
    tickets: Tickets,
    watcher: Arc<Watcher>,
    /// Held from comparing to renaming, so that of two pages which save the
    /// same file one learns of the other; never held over an await.
    saving: Mutex<()>,
}

impl Files {
    /// Takes the home directory, which `~` means, and the directory of the
    /// server's data; completes what a killed server has left half written.
    pub fn new(home: PathBuf, data: &Path) -> Arc<Self> {
        let undo = Undo::new(data.join("saves"));
        undo.recover();
        Arc::new(Self {
            home,
            undo,
            tickets: Tickets::default(),
            watcher: Arc::default(),
            saving: Mutex::default(),
        })
    }

    /// Resolves path text of a request.
    fn path(&self, text: &str) -> Result<PathBuf, Refusal> {
        pathtext::absolute(text, &self.home)
    }
}

/// Does something that may wait for a disk, on a thread that may.
async fn blocking<T, F>(work: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Refusal> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "work on files panicked");
            Err(Refusal::new(500, "this failed inside the server"))
        })
}
