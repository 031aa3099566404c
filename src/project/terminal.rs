//! The project's terminals: starting them, and carrying their bytes to pages.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::ws::CloseFrame;
use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Response;
use axum::routing::get;
use futures::SinkExt;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::sync::OnceCell;

use crate::holder;
use crate::holder::SpawnOptions;
use crate::protocol::auth;
use crate::protocol::call::NewTerminal;
use crate::protocol::call::Refusal;
use crate::protocol::call::TerminalRow;
use crate::protocol::pathtext;
use crate::protocol::session::CLOSE_GONE;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::MAX_FRAME_BYTES;
use crate::protocol::terminal::Refused;
use crate::sys::dirs;
use crate::sys::files;
use crate::sys::secret;

/// How many terminals a project may have: each is a process and a pty.
const MAX_TERMINALS: usize = 256;

/// The widest and highest terminal, in cells.
const MAX_CELLS: u16 = 1000;

/// The columns and rows of a first terminal that nobody sees yet.
const UNSEEN: (u16, u16) = (80, 24);

/// The WebSocket close code of a normal end, RFC 6455 section 7.4.1.
const CLOSE_NORMAL: u16 = 1000;

/// How long a page may take to close after it was told to.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// How often it is looked whether lost sockets came back, and how long between.
const COMEBACK_TRIES: usize = 50;
const COMEBACK_PAUSE: Duration = Duration::from_millis(20);

/// How long a terminal's id is.
const ID_LETTERS: usize = 8;

/// Lets the shells of terminals, of which `dir` has the sockets, find the
/// commands of this build.
pub fn offer_commands(dir: &std::path::Path) {
    // Without it they find those of the build before.
    let _ = holder::offer_commands(dir);
}

/// The terminals whose holders listen in one directory.
#[derive(Debug)]
pub struct Terminals {
    dir: PathBuf,
    log: PathBuf,
    /// Those that were here when they were listed last, and those started since.
    known: std::sync::Mutex<HashSet<String>>,
    /// The first search for those that nobody can reach.
    searched: OnceCell<()>,
    /// Held while a first terminal is started: whoever asks meanwhile gets it.
    first: Mutex<()>,
}

impl Terminals {
    /// Takes the holders' directory and the file for their last words.
    pub fn new(dir: PathBuf, log: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            dir,
            log,
            known: std::sync::Mutex::default(),
            searched: OnceCell::new(),
            first: Mutex::new(()),
        })
    }

    /// Says whether a terminal that was here has no socket any more: it ended,
    /// or a cleaner took that.
    pub fn misses_any(&self) -> bool {
        !self.known().iter().all(|id| self.has_socket(id))
    }

    fn has_socket(&self, id: &str) -> bool {
        holder::socket_path(&self.dir, id).is_ok_and(|at| at.exists())
    }

    /// Looks for terminals that live and have no socket, and waits until they do.
    pub async fn search(&self) {
        // Without the directory they cannot come back; listing says so.
        let _ = files::private_dir(&self.dir);
        let dir = self.dir.clone();
        // Looks at every process of the machine.
        let searching = tokio::task::spawn_blocking(move || holder::call_back(&dir));
        let found = searching.await.unwrap_or_default();
        for _ in 0..COMEBACK_TRIES {
            if found.iter().all(|id| self.has_socket(id)) {
                break;
            }
            tokio::time::sleep(COMEBACK_PAUSE).await;
        }
    }

    /// Lists the terminals that live, oldest first. One that was here and is
    /// not is searched for; so is every one that the processes before this one
    /// may have lost, once, while all who ask wait.
    pub async fn list(&self) -> Vec<TerminalRow> {
        self.searched.get_or_init(|| self.search()).await;
        let rows = holder::list(&self.dir).await;
        let is_missing = |id: &String| !rows.iter().any(|row| row.id == *id);
        let missing: HashSet<String> = self
            .known()
            .iter()
            .filter(|id| is_missing(id))
            .cloned()
            .collect();
        let rows = if missing.is_empty() {
            rows
        } else {
            self.search().await;
            holder::list(&self.dir).await
        };
        // One that was started meanwhile stays known.
        let mut known = self.known();
        known.retain(|id| !missing.contains(id));
        known.extend(rows.iter().map(|row| row.id.clone()));
        drop(known);
        rows
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the terminal `id`, sized for its first page, if there is none at
    /// all; of two pages that come at once, the second sees the first one's.
    async fn start_first(&self, id: &str, page: &ClientHello) -> Result<(), Refused> {
        let _first = self.first.lock().await;
        let rows = self.list().await;
        if rows.iter().any(|row| row.id == id) {
            return Ok(());
        }
        if !rows.is_empty() {
            return Err(refused("others", "there are terminals already"));
        }
        let is_seen = page.cols > 0 && page.rows > 0;
        let (cols, rows) = if is_seen {
            (page.cols, page.rows)
        } else {
            UNSEEN
        };
        let asked = NewTerminal {
            cols,
            rows,
            cwd: None,
        };
        match self.start_as(id.to_owned(), asked).await {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refused("failed", &refusal.message)),
        }
    }

    /// Starts a terminal with a login shell.
    ///
    /// # Errors
    /// 400 for an impossible size or directory, 429 when there are 256 already, 500 when the
    /// holder does not start.
    pub async fn start(&self, asked: NewTerminal) -> Result<TerminalRow, Refusal> {
        self.start_as(secret::word(ID_LETTERS), asked).await
    }

    async fn start_as(&self, id: String, asked: NewTerminal) -> Result<TerminalRow, Refusal> {
        let NewTerminal { cols, rows, cwd } = asked;
        if ![cols, rows]
            .iter()
            .all(|cells| (1..=MAX_CELLS).contains(cells))
        {
            return Err(Refusal::new(
                400,
                format!("a terminal has 1 to {MAX_CELLS} columns and rows"),
            ));
        }
        let cwd = cwd.map(|text| PathBuf::from(pathtext::decode(&text)));
        if let Some(cwd) = cwd.as_deref()
            && !(cwd.is_absolute() && cwd.is_dir())
        {
            let text = format!("`{}` is no directory", pathtext::shown(cwd));
            return Err(Refusal::new(400, text));
        }
        self.make_room().await?;
        let options = SpawnOptions {
            exe: dirs::executable()
                .map_err(|error| failed("its program cannot be found", &error))?,
            dir: self.dir.clone(),
            id,
            cols,
            rows,
            cwd,
            log: Some(self.log.clone()),
        };
        let started = holder::spawn(options).await;
        let row = started.map_err(|error| failed("it does not start", &error))?;
        self.known().insert(row.id.clone());
        Ok(row)
    }

    /// Lets go of the oldest one that has ended if there is room for no more.
    async fn make_room(&self) -> Result<(), Refusal> {
        let rows = self.list().await;
        if rows.len() < MAX_TERMINALS {
            return Ok(());
        }
        let Some(ended) = rows.iter().find(|row| row.exit.is_some()) else {
            let text = format!("{MAX_TERMINALS} terminals are open: close one first");
            return Err(Refusal::new(429, text));
        };
        self.kill(&ended.id).await
    }

    /// Ends a terminal and what runs in its session.
    ///
    /// # Errors
    /// 404 when there is none, 500 when it does not end.
    pub async fn kill(&self, id: &str) -> Result<(), Refusal> {
        match holder::kill(&self.dir, id).await {
            Ok(()) => {
                self.known().remove(id);
                Ok(())
            }
            Err(holder::Error::Gone { .. } | holder::Error::Id { .. }) => {
                Err(Refusal::new(404, format!("no terminal `{id}`")))
            }
            Err(error) => Err(failed("it does not end", &error)),
        }
    }

    /// Ends every terminal; returns how many there were.
    pub async fn kill_all(self: &Arc<Self>) -> usize {
        let rows = self.list().await;
        let mut ends = tokio::task::JoinSet::new();
        for row in &rows {
            let (terminals, id) = (Arc::clone(self), row.id.clone());
            ends.spawn(async move { terminals.kill(&id).await });
        }
        ends.join_all().await;
        rows.len()
    }
}

/// Returns `/terminal/{id}`, the WebSocket of terminal frames.
pub fn router(terminals: Arc<Terminals>) -> Router {
    Router::new()
        .route("/terminal/{id}", get(open))
        .with_state(terminals)
}

/// The query of a terminal's WebSocket.
#[derive(Deserialize)]
struct Opening {
    /// The page's hello, so that the answer need not wait for a frame.
    hello: Option<String>,
    /// Whether the terminal is to be started, if there is none at all.
    #[serde(default)]
    first: bool,
}

async fn open(
    State(terminals): State<Arc<Terminals>>,
    Path(id): Path<String>,
    Query(opening): Query<Opening>,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    upgrade
        .protocols([auth::WEBSOCKET_PROTOCOL])
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| async move {
            let mut socket = socket;
            let close = match carry(&mut socket, &terminals, &id, &opening).await {
                Ok(()) => CloseFrame {
                    code: CLOSE_NORMAL,
                    reason: "".into(),
                },
                Err(refused) => {
                    let mut message = Vec::new();
                    Frame::Refused(refused).encode(&mut message);
                    let _ = socket.send(Message::Binary(message.into())).await;
                    CloseFrame {
                        code: CLOSE_GONE,
                        reason: "gone".into(),
                    }
                }
            };
            let _ = socket.send(Message::Close(Some(close))).await;
            // The page closes once it has read everything up to here.
            let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
            let _ = tokio::time::timeout(DRAIN_DEADLINE, drained).await;
        })
}

/// Carries frames between a page and a holder until either goes.
///
/// The page's hello is read here, to connect with; everything else passes as
/// it is, but for a kill, which is the server's alone. Each direction waits
/// for itself: a program that does not read what is typed does not stop its
/// output, nor a slow page its keys.
async fn carry(
    page: &mut WebSocket,
    terminals: &Terminals,
    id: &str,
    opening: &Opening,
) -> Result<(), Refused> {
    let hello = match &opening.hello {
        Some(json) => serde_json::from_str(json).ok(),
        None => first_hello(page).await,
    };
    let Some(hello) = hello else {
        return Err(refused(
            "protocol",
            "a terminal's WebSocket begins with a hello",
        ));
    };
    let gone = |_| refused("gone", &format!("the terminal `{id}` is gone"));
    let socket = holder::socket_path(&terminals.dir, id).map_err(gone)?;
    if opening.first {
        terminals.start_first(id, &hello).await?;
    }
    let (theirs, mut from_holder, mut to_holder) = match reach(terminals, &socket, &hello).await {
        Ok(connected) => connected,
        Err(holder::Error::Refused(theirs)) => return Err(theirs),
        Err(error) => return Err(gone(error)),
    };
    let (mut to_page, mut from_page) = page.split();
    let down = async {
        let mut frame = Frame::hello(&theirs);
        loop {
            let is_last = matches!(frame, Frame::Exit(_) | Frame::Refused(_));
            let mut message = Vec::new();
            frame.encode(&mut message);
            if to_page.send(Message::Binary(message.into())).await.is_err() {
                return Ok(());
            }
            frame = match from_holder.next().await {
                Ok(Some(frame)) => frame,
                Ok(None) if is_last => return Ok(()),
                Ok(None) | Err(_) => return whether_killed(&socket, &hello).await,
            };
        }
    };
    let up = async {
        while let Some(Ok(message)) = from_page.next().await {
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Close(_) => return Ok(()),
                _ => continue,
            };
            match Frame::decode(&bytes) {
                // The hello was taken from the URL, or came already.
                Ok(Frame::Hello(_) | Frame::Kill | Frame::Unknown(_)) => {}
                Ok(frame) => {
                    if to_holder.send(&frame).await.is_err() {
                        // What the holder said last is on its way down.
                        return std::future::pending().await;
                    }
                }
                Err(error) => return Err(refused("protocol", &error.to_string())),
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = down => ended,
        ended = up => ended,
    }
}

/// Tells of a holder that broke off whether it was killed: it lives no more,
/// but left its socket. Else the page comes again, and hears what there is.
async fn whether_killed(socket: &std::path::Path, hello: &ClientHello) -> Result<(), Refused> {
    let is_left = socket.exists();
    for _ in 0..COMEBACK_TRIES {
        match holder::connect(socket, hello).await {
            Err(holder::Error::Gone { .. }) if is_left => {
                tracing::info!(?socket, "a terminal's process was killed");
                return Err(refused("killed", &holder::Error::Vanished.to_string()));
            }
            Ok(_)
            | Err(
                holder::Error::Gone { .. } | holder::Error::Refused(_) | holder::Error::Late(_),
            ) => return Ok(()),
            // One that is dying takes connections until its last file is closed.
            Err(_) => tokio::time::sleep(COMEBACK_PAUSE).await,
        }
    }
    Ok(())
}

/// Connects to a holder, once it has been looked for.
async fn reach(
    terminals: &Terminals,
    socket: &std::path::Path,
    hello: &ClientHello,
) -> Result<holder::Connected, holder::Error> {
    match holder::connect(socket, hello).await {
        Err(holder::Error::Gone { .. }) => {
            terminals.list().await;
            holder::connect(socket, hello).await
        }
        connected => connected,
    }
}

async fn first_hello(page: &mut WebSocket) -> Option<ClientHello> {
    loop {
        match page.recv().await?.ok()? {
            Message::Binary(bytes) => match Frame::decode(&bytes).ok()? {
                Frame::Hello(json) => return serde_json::from_slice(&json).ok(),
                _ => return None,
            },
            Message::Ping(_) | Message::Pong(_) => {}
            _ => return None,
        }
    }
}

fn refused(code: &str, message: &str) -> Refused {
    Refused {
        code: code.into(),
        message: message.into(),
    }
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, what, "a terminal failed");
    Refusal::new(500, format!("the terminal: {what} ({error})"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_terminal_that_ended() {
        let dir = tempfile::tempdir().unwrap();
        let terminals = Terminals::new(dir.path().join("t"), dir.path().join("log"));
        assert_eq!(terminals.list().await, []);
        terminals.known().insert("abcdefgh".to_owned());
        assert!(terminals.misses_any());
        let begun = Instant::now();
        assert_eq!(terminals.list().await, []);
        assert!(begun.elapsed() < COMEBACK_PAUSE * 25, "it was waited for");
        assert!(!terminals.misses_any());
    }
}
