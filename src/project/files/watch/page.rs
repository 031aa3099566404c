//! The WebSocket of one page: what it watches, and what it is told.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::Message;
use axum::extract::ws::Utf8Bytes;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Response;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::task::JoinSet;

use super::COLLECT;
use super::directory;
use super::file;
use super::source::Source;
use crate::project::files::Files;
use crate::project::files::refusal::refuse;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::protocol::files::WatchEvent;
use crate::protocol::files::WatchNews;
use crate::protocol::files::WatchRequest;

/// The largest message of a page, in bytes.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// How much may a page watch at a time.
const MAX_WATCHES: usize = 1024;

/// How many messages wait for a slow page; the tasks wait with them, and
/// collect what happens meanwhile.
const MAX_WAITING: usize = 64;

/// Serves what a page watches.
pub(in crate::project::files) fn serve(
    upgrade: WebSocketUpgrade,
    files: Arc<Files>,
) -> Response<Body> {
    upgrade
        .protocols([auth::WEBSOCKET_PROTOCOL])
        .max_message_size(MAX_MESSAGE_BYTES)
        .on_upgrade(|socket| converse(socket, files))
}

/// Writes news of one path to a page.
#[derive(Debug)]
pub(super) struct Pen {
    path: String,
    page: mpsc::Sender<WatchNews>,
}

impl Pen {
    /// Waits until the page takes it; a page that is gone takes nothing.
    pub(super) async fn write(&self, event: WatchEvent) {
        let path = self.path.clone();
        let _ = self.page.send(WatchNews { path, event }).await;
    }
}

async fn converse(mut socket: WebSocket, files: Arc<Files>) {
    let (page, mut news) = mpsc::channel(MAX_WAITING);
    let mut tasks = JoinSet::new();
    let mut watched: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let asked: WatchRequest = serde_json::from_str(&text).unwrap_or_default();
                    if let Some(task) = asked.unwatch.and_then(|path| watched.remove(&path)) {
                        task.abort();
                    }
                    watched.retain(|_, task| !task.is_finished());
                    if let Some(path) = asked.watch
                        && !watched.contains_key(&path)
                    {
                        let pen = Pen { path: path.clone(), page: page.clone() };
                        let is_full = watched.len() == MAX_WATCHES;
                        let task = tasks.spawn(follow(Arc::clone(&files), pen, is_full));
                        watched.insert(path, task);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            Some(news) = news.recv() => {
                let Ok(text) = serde_json::to_string(&news) else { return };
                if socket.send(Message::Text(Utf8Bytes::from(text))).await.is_err() {
                    return;
                }
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Tells of one path until the page is gone, as a directory while it is one and
/// as a file otherwise: one that was removed may be made again.
async fn follow(files: Arc<Files>, pen: Pen, is_full: bool) {
    let told = if is_full {
        let text = format!("a page watches at most {MAX_WATCHES} paths");
        Err(Refusal::new(429, text))
    } else {
        match files.path(&pen.path) {
            Ok(path) => follow_path(path, &files, &pen).await,
            Err(refusal) => Err(refusal),
        }
    };
    if let Err(error) = told {
        pen.write(WatchEvent::Error { error }).await;
    }
}

async fn follow_path(path: PathBuf, files: &Files, pen: &Pen) -> Result<(), Refusal> {
    let watcher = Arc::clone(&files.watcher);
    loop {
        let watcher = Arc::clone(&watcher);
        match Source::of(&watcher, &path).await {
            Ok(source) => {
                directory::follow(&path, source, watcher, pen).await?;
                // One that was made again at once is told of a little later.
                tokio::time::sleep(COLLECT).await;
            }
            Err(error) if is_for_a_file(&error) => file::follow(&path, watcher, pen).await,
            Err(error) => return Err(refuse("watch", &path, &error)),
        }
    }
}

/// Says whether a path that is no directory may be, or become, a file.
fn is_for_a_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory | io::ErrorKind::NotFound
    )
}
