//! What one asker watches, and what is told of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;

use super::COLLECT;
use super::directory;
use super::file;
use super::source::Source;
use crate::project::files::Files;
use crate::project::files::refusal::refuse;
use crate::project::router::Replies;
use crate::protocol::call::Refusal;
use crate::protocol::files::WatchEvent;
use crate::protocol::files::WatchNews;

/// How much news waits for a slow asker; whoever looks waits with it, and
/// collects what happens meanwhile.
const MAX_WAITING: usize = 64;

/// Writes news of one path.
#[derive(Debug)]
pub(super) struct Pen {
    path: String,
    asker: mpsc::Sender<WatchNews>,
}

impl Pen {
    /// Waits until it is taken; one who is gone takes nothing.
    pub(super) async fn write(&self, event: WatchEvent) {
        let path = self.path.clone();
        let _ = self.asker.send(WatchNews { path, event }).await;
    }
}

/// Returns the news of a path, as a directory while it is one and as a file
/// otherwise: one that was removed may be made again. Whoever looks does so
/// while the news is asked for, and no longer when it is dropped.
pub(in crate::project::files) fn of(files: Arc<Files>, path: String) -> Replies<WatchNews> {
    let (asker, waiting) = mpsc::channel(MAX_WAITING);
    let following = stream::once(follow(files, Pen { path, asker }));
    let silent = following.filter_map(|()| std::future::ready(None));
    let next = async |mut waiting: mpsc::Receiver<WatchNews>| {
        let news = waiting.recv().await?;
        Some((Ok(news), waiting))
    };
    stream::select(stream::unfold(waiting, next), silent).boxed()
}

/// Tells of one path until it cannot be watched.
async fn follow(files: Arc<Files>, pen: Pen) {
    let told = match files.path(&pen.path) {
        Ok(path) => follow_path(path, &files, &pen).await,
        Err(refusal) => Err(refusal),
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
