//! What the server does with holders: start, list, connect, kill.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::unix::pipe;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::Error;
use super::process::KILL_GRACE;
use super::process::Readiness;
use super::socket::is_id;
use super::wire::FrameReader;
use super::wire::FrameWriter;
use crate::protocol::call::TerminalRow;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::HolderHello;
use crate::protocol::terminal::VERSION;
use crate::sys::detach;
use crate::sys::login;
use crate::sys::process;

/// How long a holder may take from exec to its readiness line.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// How long a holder may take to answer a hello.
const HELLO_DEADLINE: Duration = Duration::from_secs(2);

/// How long a kill may take beyond the program's grace.
const KILL_DEADLINE: Duration = KILL_GRACE.saturating_add(Duration::from_secs(3));

/// How many holders are asked at once in a listing.
const LIST_PARALLEL: usize = 64;

/// The longest readiness line; a title or an error is short.
const MAX_READINESS_BYTES: u64 = 64 << 10;

/// The name under which a client that only looks says hello; it types nothing.
const LOOKER: &str = "looker";

/// The hidden subcommand of this binary that runs [`super::hold`].
pub const SUBCOMMAND: &str = "__holder";

/// What terminal to start, and as what.
#[derive(Clone, Debug)]
pub struct SpawnOptions {
    /// This binary, or what took its place.
    pub exe: PathBuf,
    /// Where its socket is to be.
    pub dir: PathBuf,
    /// Its id: `[a-z0-9]`, at most 16.
    pub id: String,
    /// Width in cells, 1 to 1000.
    pub cols: u16,
    /// Height in cells, 1 to 1000.
    pub rows: u16,
    /// The directory to start in; without it the home.
    pub cwd: Option<PathBuf>,
    /// Where a panic of the holder would be found; appended to.
    pub log: Option<PathBuf>,
}

/// A connection to a terminal, after both hellos.
///
/// What the hello says, frames from the holder, frames to it.
pub type Connected = (
    HolderHello,
    FrameReader<OwnedReadHalf>,
    FrameWriter<OwnedWriteHalf>,
);

/// Starts a terminal: `EXE __holder --dir DIR --id ID --cols N --rows N`, and
/// `--cwd DIR` where one is asked for.
///
/// Returns when its socket listens. It inherits this process's environment
/// without secrets, of which the login shell in it gets all but names that are the server's.
///
/// # Errors
/// [`Error::NotReady`] in the holder's words, [`Error::Died`],
/// [`Error::Late`], or [`Error::File`] when it cannot be executed. No terminal
/// is left behind: a holder whose starter does not wait any more ends.
pub async fn spawn(options: SpawnOptions) -> Result<TerminalRow, Error> {
    let log = options.log.as_deref().map(open_log).transpose()?;
    let exe = options.exe.clone();
    let start = move || {
        let secrets = &login::SECRETS;
        detach::spawn_detached(&options.exe, &arguments(&options), secrets, log)
    };
    // Fork and exec take a millisecond in which nothing else would be served.
    let started = tokio::task::spawn_blocking(start)
        .await
        .map_err(io::Error::other)?;
    let detached = started.map_err(Error::file(exe))?;
    let pipe = pipe::Receiver::from_owned_fd(OwnedFd::from(detached.readiness))?;
    let mut line = String::new();
    let mut reader = BufReader::new(pipe).take(MAX_READINESS_BYTES);
    let read = timeout(START_DEADLINE, reader.read_line(&mut line)).await;
    read.map_err(|_| Error::Late(START_DEADLINE))??;
    match serde_json::from_str(&line) {
        Ok(Readiness::Ready(row)) => Ok(row),
        Ok(Readiness::Failed(message)) => Err(Error::NotReady { message }),
        Err(_) => Err(Error::Died),
    }
}

/// Connects to a holder's socket and exchanges hellos.
///
/// # Errors
/// [`Error::Gone`] when nobody listens (the socket file is removed then),
/// [`Error::Refused`], [`Error::Late`] after 2 s, or [`Error::NoHello`].
pub async fn connect(socket: &Path, hello: &ClientHello) -> Result<Connected, Error> {
    let greet = async {
        let stream = UnixStream::connect(socket)
            .await
            .map_err(|error| missing(socket, error))?;
        let (reader, writer) = stream.into_split();
        let (mut reader, mut writer) = (FrameReader::new(reader), FrameWriter::new(writer));
        // A holder that refuses may close before it has read the hello; its
        // refusal is there to be read all the same.
        let sent = writer.send(&Frame::hello(hello)).await;
        match reader.next().await {
            Ok(Some(Frame::Hello(json))) => {
                let answer = serde_json::from_slice(&json).map_err(|_| Error::NoHello)?;
                Ok((answer, reader, writer))
            }
            Ok(Some(Frame::Refused(refused))) => Err(Error::Refused(refused)),
            Ok(_) => sent.and(Err(Error::NoHello)),
            Err(error) => Err(error),
        }
    };
    timeout(HELLO_DEADLINE, greet)
        .await
        .map_err(|_| Error::Late(HELLO_DEADLINE))?
}

/// Lists the terminals whose sockets are in `dir`, oldest first.
///
/// Sockets that nobody listens on are removed. One that does not answer, or
/// answers in a way that this build does not understand, is left out and left
/// alone. An absent directory holds no terminal.
pub async fn list(dir: &Path) -> Vec<TerminalRow> {
    let mut rows = Vec::new();
    let mut asked = JoinSet::new();
    for socket in sockets(dir) {
        if asked.len() == LIST_PARALLEL {
            rows.extend(asked.join_next().await.and_then(Result::ok).flatten());
        }
        asked.spawn(async move { look(&socket).await.ok().map(|(hello, ..)| row(hello)) });
    }
    rows.extend(asked.join_all().await.into_iter().flatten());
    rows.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
    rows
}

/// Ends a terminal's program and its session; returns when they are gone.
///
/// See [`crate::sys::pty::end_session`] for what lives on.
///
/// # Errors
/// Those of [`connect`], or [`Error::Late`] when it is not gone after 5 s.
pub async fn kill(dir: &Path, id: &str) -> Result<(), Error> {
    let socket = socket_path(dir, id)?;
    let (_, mut reader, mut writer) = look(&socket).await?;
    let killed = async {
        // A holder that is gone meanwhile needs no word, and ends the loop.
        let _ = writer.send(&Frame::Kill).await;
        let mut seq = 0;
        while let Ok(Some(frame)) = reader.next().await {
            seq = match frame {
                Frame::Replay { seq, .. } => seq,
                Frame::Data { seq, bytes } => seq + bytes.len() as u64,
                Frame::Exit(_) => seq + 1,
                _ => continue,
            };
            let _ = writer.send(&Frame::Ack { seq }).await;
        }
    };
    timeout(KILL_DEADLINE, killed)
        .await
        .map_err(|_| Error::Late(KILL_DEADLINE))
}

/// Tells the holders of this directory whose sockets are gone to make them
/// again; returns their ids, before they have.
pub fn call_back(dir: &Path) -> Vec<String> {
    let lost = process::with_arguments(|words| {
        let is_holder = words.get(1).is_some_and(|word| word == SUBCOMMAND);
        let value = |name: &str| {
            let pair = words.windows(2).find(|pair| pair[0] == name)?;
            Some(&pair[1])
        };
        let id = value("--id")?.to_str()?;
        let is_lost = is_holder && value("--dir")? == dir && !socket_path(dir, id).ok()?.exists();
        is_lost.then(|| id.to_owned())
    });
    let told = lost.into_iter().map(|(pid, id)| {
        process::hang_up(pid);
        id
    });
    told.collect()
}

/// Names the socket of a terminal.
///
/// # Errors
/// [`Error::Id`] for an id that could lead out of the directory.
pub fn socket_path(dir: &Path, id: &str) -> Result<PathBuf, Error> {
    if is_id(id) {
        Ok(dir.join(format!("{id}.sock")))
    } else {
        Err(Error::Id { id: id.to_owned() })
    }
}

fn arguments(options: &SpawnOptions) -> Vec<OsString> {
    let pairs: [(&str, OsString); 4] = [
        ("--dir", options.dir.clone().into()),
        ("--id", options.id.clone().into()),
        ("--cols", options.cols.to_string().into()),
        ("--rows", options.rows.to_string().into()),
    ];
    let cwd = options.cwd.as_ref().map(|cwd| ("--cwd", cwd.into()));
    let flags = pairs
        .into_iter()
        .chain(cwd)
        .flat_map(|(name, value)| [name.into(), value]);
    std::iter::once(SUBCOMMAND.into()).chain(flags).collect()
}

fn open_log(path: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::file(path))
}

pub(super) async fn look(socket: &Path) -> Result<Connected, Error> {
    let client = LOOKER.to_owned();
    let hello = ClientHello {
        version: VERSION,
        client,
        cols: 0,
        rows: 0,
        resume: None,
        layout: None,
    };
    connect(socket, &hello).await
}

fn sockets(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let is_ours = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        path.extension().is_some_and(|end| end == "sock") && stem.is_some_and(is_id)
    };
    entries.map(|entry| entry.path()).filter(is_ours).collect()
}

/// Says that a terminal is gone, and removes what a killed holder left.
fn missing(socket: &Path, error: io::Error) -> Error {
    match error.kind() {
        // A socket has its name only once it listens, so nobody ever will.
        io::ErrorKind::ConnectionRefused => {
            let _ = std::fs::remove_file(socket);
            Error::Gone {
                path: socket.to_owned(),
            }
        }
        io::ErrorKind::NotFound => Error::Gone {
            path: socket.to_owned(),
        },
        _ => Error::File {
            path: socket.to_owned(),
            source: error,
        },
    }
}

fn row(hello: HolderHello) -> TerminalRow {
    let HolderHello {
        id,
        title,
        pid,
        started_at,
        label,
        cwd,
        cols,
        rows,
        clients,
        exit,
        ..
    } = hello;
    TerminalRow {
        id,
        title,
        pid,
        started_at,
        label,
        cwd,
        cols,
        rows,
        clients,
        exit,
    }
}
