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
//! | [`refusal`] | what the system says, for a person |
//! | [`entry`], [`listing`] | one name, all names of a directory |
//! | [`content`] | reading a file for an editor, and replacing it |
//! | [`upload`] | files that arrive in pieces |
//! | [`links`] | what a browser opens by itself |
//! | [`jobs`] | copying, moving and deleting |
//! | [`trash`] | the trash that desktops share |
//! | [`watch`] | what changes while somebody looks |
//! | [`hash`], [`parts`], [`range`], [`stream`], [`turns`] | what several of these use |

pub mod calls;
mod content;
mod entry;
mod hash;
mod jobs;
mod links;
mod listing;
mod parts;
mod refusal;
pub mod routes;
mod trash;
mod turns;
mod upload;
mod watch;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use crate::protocol::call::Refusal;
use crate::protocol::pathtext;
use content::in_place::Undo;
use jobs::job::Jobs;
use links::ticket::Tickets;
use parts::Sweeper;
use upload::Uploads;
use watch::watcher::Watcher;

/// The files that this user may reach.
#[derive(Debug)]
pub struct Files {
    home: PathBuf,
    undo: Undo,
    trash: PathBuf,
    jobs: Jobs,
    tickets: Tickets,
    uploads: Uploads,
    watcher: Arc<Watcher>,
    sweeper: Sweeper,
    /// Held from comparing to renaming, so that of two pages which save the
    /// same file one learns of the other; never held over an await.
    saving: Mutex<()>,
}

impl Files {
    /// Takes the home directory, which `~` means, the user's trash and the
    /// directory of the server's data; completes what a killed server has left
    /// half written.
    pub fn new(home: PathBuf, trash: PathBuf, data: &Path) -> Arc<Self> {
        let undo = Undo::new(data.join("saves"));
        undo.recover();
        Arc::new(Self {
            home,
            undo,
            trash,
            jobs: Jobs::default(),
            tickets: Tickets::default(),
            uploads: Uploads::default(),
            watcher: Arc::default(),
            sweeper: Sweeper::default(),
            saving: Mutex::default(),
        })
    }

    /// Resolves path text of a request.
    fn path(&self, text: &str) -> Result<PathBuf, Refusal> {
        pathtext::absolute(text, &self.home)
    }

    /// Resolves several.
    fn paths(&self, texts: &[String]) -> Result<Vec<PathBuf>, Refusal> {
        texts.iter().map(|text| self.path(text)).collect()
    }
}
