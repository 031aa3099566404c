//! This user's terminals, for a command: with a server or without.

use std::io;
use std::path::PathBuf;

use super::serve::NAME;
use crate::daemon::instance::Instance;
use crate::lite::client;
use crate::lite::client::CallError;
use crate::project::terminal::Terminals;
use crate::protocol::call::NewTerminal;
use crate::protocol::call::Refusal;
use crate::protocol::call::TerminalRow;
use crate::protocol::methods::terminal;
use crate::sys::files;

/// Why a terminal was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Whoever was asked refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// No directory for the log.
    #[error("cannot make a directory for the log")]
    State(#[source] io::Error),
    /// The server was asked and did not answer: one may have been started.
    #[error("the server did not answer; it may have started a terminal")]
    Silent,
}

/// Starts a terminal: by the server, so that it has the server's environment;
/// by this process when none runs, or one that takes no calls from commands.
///
/// # Errors
/// [`StartError`].
pub async fn start(instance: &Instance, asked: NewTerminal) -> Result<TerminalRow, StartError> {
    if let Some(info) = instance.running() {
        match client::call::<terminal::New>(&info, NAME, &asked).await {
            Ok(row) => return Ok(row),
            Err(CallError::Refused(refusal)) => return Err(StartError::Refused(refusal)),
            Err(CallError::Silent) => return Err(StartError::Silent),
            Err(CallError::NotTaken) => {}
        }
    }
    // No server may ever have run here.
    let log_dir = instance.log();
    let log_dir = log_dir.parent().unwrap_or(&log_dir);
    files::make_dir(log_dir).map_err(StartError::State)?;
    let terminals = Terminals::new(instance.holders(), log(instance));
    terminals.start(asked).await.map_err(StartError::Refused)
}

/// Lists the terminals, oldest first, also those whose directory was deleted
/// and made anew.
pub async fn list(instance: &Instance) -> Vec<TerminalRow> {
    Terminals::new(instance.holders(), log(instance))
        .list()
        .await
}

/// Where the holders of an instance leave their last words.
pub fn log(instance: &Instance) -> PathBuf {
    instance.log().with_file_name("terminals.log")
}
