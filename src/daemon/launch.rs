//! Starting a process of ours that stays, and hearing whether it did.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::net::unix::pipe;
use tokio::time::timeout;

use crate::sys::detach;
use crate::sys::detach::Detached;
use crate::sys::dirs;
use crate::sys::files;
use crate::sys::process;

/// How long a started process may take until it says that it is ready.
///
/// A server starts in tens of milliseconds; a home on a slow network file
/// system may take seconds.
const READY_DEADLINE: Duration = Duration::from_secs(20);

/// How much of its log is shown when it could not start.
pub const SHOWN_LOG_BYTES: usize = 2 << 10;

/// Variables of the starter that mean nothing to a process that stays.
const FORGOTTEN: [&str; 4] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "OLDPWD"];

/// What a started process says once, on its readiness pipe.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Announcement<T> {
    /// It listens; with what it tells its starter.
    Ready(T),
    /// It cannot, and why.
    Failed(String),
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It could not be executed.
    #[error("cannot execute `{program}`")]
    Execute {
        /// Which.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It said why it cannot go on.
    #[error("{why}")]
    Refused {
        /// Its words.
        why: String,
        /// The end of its log.
        log: String,
    },
    /// It ended, or said nothing for 20 s.
    #[error("it ended or said nothing for 20 s")]
    Silent {
        /// The end of its log.
        log: String,
    },
}

impl LaunchError {
    /// The end of the process's log, if it has one.
    pub fn log(&self) -> &str {
        match self {
            Self::Execute { .. } => "",
            Self::Refused { log, .. } | Self::Silent { log } => log,
        }
    }
}

/// Starts this program detached and waits until it is ready.
///
/// `log` gets what it writes to stderr before its own log is open, such as a
/// panic's words.
///
/// # Errors
/// [`LaunchError`]; a process that said nothing was killed.
pub async fn launch<T: DeserializeOwned>(
    args: Vec<OsString>,
    log: &Path,
) -> Result<T, LaunchError> {
    let program = dirs::executable().unwrap_or_else(|_| PathBuf::from("cocalc-plus"));
    let failed = |source| LaunchError::Execute {
        program: program.clone(),
        source,
    };
    let (path, log_path) = (program.clone(), log.to_owned());
    let starting = tokio::task::spawn_blocking(move || start(&path, &args, &log_path));
    let started = starting
        .await
        .map_err(io::Error::other)
        .and_then(|started| started)
        .map_err(failed)?;
    let tail = || files::tail(log, SHOWN_LOG_BYTES);
    let Some(line) = timeout(READY_DEADLINE, first_line(started.readiness))
        .await
        .ok()
        .flatten()
    else {
        // Whatever it waits for, nobody waits for it any more.
        process::end(started.pid);
        return Err(LaunchError::Silent { log: tail() });
    };
    match serde_json::from_str(&line) {
        Ok(Announcement::Ready(ready)) => Ok(ready),
        Ok(Announcement::Failed(why)) => Err(LaunchError::Refused { why, log: tail() }),
        Err(_) => Err(LaunchError::Silent { log: tail() }),
    }
}

fn start(program: &Path, args: &[OsString], log: &Path) -> io::Result<Detached> {
    // A full disk takes the words of a process, not the process.
    detach::spawn_detached(program, args, &FORGOTTEN, open_log(log).ok())
}

fn open_log(log: &Path) -> io::Result<fs::File> {
    if let Some(dir) = log.parent() {
        files::make_dir(dir)?;
    }
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(log)
}

async fn first_line(readiness: io::PipeReader) -> Option<String> {
    let pipe = pipe::Receiver::from_owned_fd(OwnedFd::from(readiness)).ok()?;
    let mut line = String::new();
    BufReader::new(pipe).read_line(&mut line).await.ok()?;
    Some(line)
}

/// Tells the starter that this process is ready.
///
/// # Errors
/// When the starter is gone; the process may go on.
pub fn announce_ready<T: Serialize>(ready: &T) -> io::Result<()> {
    announce(&Announcement::Ready(ready))
}

/// Tells the starter why this process cannot go on.
///
/// # Errors
/// When the starter is gone.
pub fn announce_failure(why: &str) -> io::Result<()> {
    announce(&Announcement::<()>::Failed(why.to_owned()))
}

fn announce<T: Serialize>(announcement: &Announcement<T>) -> io::Result<()> {
    let line = serde_json::to_vec(announcement).expect("an announcement serialises");
    detach::announce(&line)
}
