//! The task of a file that a page has open.
//!
//! Its directory is watched, not the file: programs save by renaming over it.
//! Of a symbolic link, what it led to at the beginning is followed; a link
//! that is changed to lead elsewhere is noticed with the next change there.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::LOOK;
use super::news::Pen;
use super::source::Signal;
use super::source::Source;
use super::watcher::Watcher;
use crate::project::files::hash;
use crate::protocol::files::FileState;
use crate::protocol::files::WatchEvent;
use crate::sys::disk::dir;
use crate::sys::disk::stat::Stat;
use crate::web::bytes::stream::blocking;

/// How many times longer than it took to hash a file the next time waits.
const HASH_SHARE: u32 = 4;

/// A file as it was last looked at.
type Sight = Option<(Stat, FileState)>;

/// Tells of a file until a directory is in its place; the file may come and go.
pub(super) async fn follow(path: &Path, watcher: Arc<Watcher>, pen: &Pen) {
    let mut told: Option<Option<FileState>> = None;
    let mut sight: Sight = None;
    loop {
        let target = tokio::fs::canonicalize(path).await;
        let target = target.unwrap_or_else(|_| path.to_owned());
        let dir = target.parent().unwrap_or(Path::new("/"));
        let source = Source::of(&watcher, dir).await;
        let source = source.unwrap_or_else(|_| Source::by_time());
        if told.is_none()
            && let Some(why) = source.why()
        {
            let why = why.to_owned();
            pen.write(WatchEvent::Polling { polling: true, why }).await;
        }
        let name = target.file_name().unwrap_or_default().to_owned();
        let last_of_dir = loop {
            let begun = Instant::now();
            sight = look(path, sight).await;
            if sight.is_none() && path.is_dir() {
                return;
            }
            let state = sight.as_ref().map(|(_, state)| state.clone());
            if told.as_ref() != Some(&state) {
                told = Some(state.clone());
                pen.write(WatchEvent::File { file: state }).await;
            }
            let taken = begun.elapsed();
            tokio::time::sleep(taken * HASH_SHARE).await;
            if !wait(&source, &name, taken).await || (source.is_blind() && dir.is_dir()) {
                break source.is_blind();
            }
        };
        if !last_of_dir {
            // The directory is gone; it may come back.
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Waits until the file may be another; `false` when its directory is gone.
async fn wait(source: &Source, name: &OsString, last: Duration) -> bool {
    loop {
        match source.signal(last).await {
            Signal::News(news) if news.is_gone => return false,
            Signal::News(news) if news.is_incomplete || news.names.contains(name) => return true,
            Signal::News(_) => {}
            Signal::Look => return true,
        }
    }
}

/// Looks at a file; it is read only if it is not what it was.
async fn look(path: &Path, before: Sight) -> Sight {
    let path = path.to_owned();
    let looked = blocking(move || {
        let Ok((mut file, stat)) = dir::open_regular(&path) else {
            return Ok(unreadable(&path));
        };
        if let Some((known, _)) = &before
            && known == &stat
        {
            return Ok(before);
        }
        let is_small = stat.size <= hash::MAX_TOLD_BYTES;
        let hash = is_small.then(|| hash::of_file(&mut file).ok()).flatten();
        // As it was when it was read; another change is another event.
        Ok(Some((stat, state(&stat, hash))))
    });
    looked.await.ok().flatten()
}

/// A file that may be looked at and not read.
fn unreadable(path: &Path) -> Sight {
    use crate::sys::disk::stat::Follow;
    use crate::sys::disk::stat::Kind;
    let stat = Stat::of(path, Follow::Yes).ok();
    let stat = stat.filter(|stat| stat.kind == Kind::File)?;
    Some((stat, state(&stat, None)))
}

fn state(stat: &Stat, hash: Option<String>) -> FileState {
    FileState {
        hash,
        mtime: stat.modified_ms(),
        size: stat.size,
    }
}
