//! Why starting, holding or reaching a terminal fails.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::protocol::terminal::Exit;
use crate::protocol::terminal::FrameError;
use crate::protocol::terminal::Refused;

/// Why starting, holding or reaching a terminal fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory of the sockets is not a directory of ours, mode 0700.
    ///
    /// Somebody else could put sockets there; nothing was made in it.
    #[error("`{dir}` is not a directory that only this user can enter")]
    Insecure {
        /// The directory.
        dir: PathBuf,
    },
    /// A terminal of this id already runs.
    #[error("a terminal `{id}` already runs")]
    Taken {
        /// The id that was asked for.
        id: String,
    },
    /// The id is not of the form `[a-z0-9]`, 1 to 16.
    #[error("`{id}` is no terminal id")]
    Id {
        /// The id that was asked for.
        id: String,
    },
    /// Nobody listens there: the terminal is gone, and so is its socket now.
    #[error("no terminal listens on `{path}`")]
    Gone {
        /// The socket.
        path: PathBuf,
    },
    /// A file or socket could not be used.
    #[error("cannot use `{path}`")]
    File {
        /// The file, socket or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program could not be started on a pty.
    #[error("cannot start `{path}` in a terminal")]
    Program {
        /// The program.
        path: PathBuf,
        /// What the system said; which of pty, directory or exec, it does not.
        #[source]
        source: io::Error,
    },
    /// The holder process said why it does not hold; it is gone.
    #[error("the terminal's process did not start: {message}")]
    NotReady {
        /// Its words, with their causes.
        message: String,
    },
    /// The holder process ended without a word; its log may say why.
    #[error("the terminal's process ended before it was ready")]
    Died,
    /// No answer in time; whether it was done is not known.
    #[error("the terminal's process did not answer within {0:?}")]
    Late(Duration),
    /// The other side refused the connection.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// A holder went without saying how its program ended: it was killed, and
    /// the program with it.
    #[error(
        "the process that kept the terminal was killed, and its programs with it; \
         their exit status is not known"
    )]
    Vanished,
    /// The program in the terminal has ended.
    #[error("the program in the terminal {0}")]
    Ended(Exit),
    /// The program in the terminal does not read what is typed.
    #[error("the program in the terminal does not read: {taken} bytes were taken")]
    Stalled {
        /// How many bytes reached the pty.
        taken: u64,
    },
    /// A frame is longer than `MAX_FRAME_BYTES`; the connection is of no use.
    #[error("a terminal frame of {0} bytes is too long")]
    TooLong(usize),
    /// A frame does not decode; the connection is of no use.
    #[error("the other side does not speak the terminal protocol")]
    Frame(#[from] FrameError),
    /// The first answer is not a hello.
    #[error("the terminal's process did not begin with a hello")]
    NoHello,
    /// The connection broke, possibly in the middle of a frame.
    #[error("the connection to the terminal's process broke")]
    Broken(#[from] io::Error),
}

impl Error {
    /// Gives an IO error its file.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
