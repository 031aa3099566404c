//! The task of a directory that a page shows.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::REST;
use super::news::Pen;
use super::source::Signal;
use super::source::Source;
use super::watcher::Watcher;
use crate::project::files::entry;
use crate::project::files::refusal::refuse;
use crate::protocol::call::Refusal;
use crate::protocol::files::WatchEvent;
use crate::protocol::pathtext;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::web::bytes::stream::blocking;

/// The most names in one message; more make the page list again.
const MAX_TOLD: usize = 512;

/// What is compared by time: file and time of its last change of any kind.
type Sights = HashMap<OsString, (u64, (i64, u32))>;

/// Tells of a directory until it is gone or the page is.
///
/// # Errors
/// When it cannot be watched at all, or not any more.
pub(super) async fn follow(
    path: &Path,
    mut source: Source,
    watcher: Arc<Watcher>,
    pen: &Pen,
) -> Result<(), Refusal> {
    let mut sights = Sights::new();
    let mut last = Duration::ZERO;
    if source.why().is_some() {
        (sights, last) = look(path).await?;
    }
    // Not before: what the page lists from now on is compared with this look.
    announce(&source, pen).await;
    loop {
        let names = match source.signal(last).await {
            Signal::News(news) if news.is_gone => break,
            Signal::News(news) if news.is_incomplete => None,
            Signal::News(news) => Some(news.names.into_iter().collect()),
            Signal::Look => {
                let Ok(seen) = look(path).await else { break };
                let names = differing(&sights, &seen.0);
                (sights, last) = seen;
                if source.is_blind()
                    && let Ok(better) = Source::of(&watcher, path).await
                    && !better.is_blind()
                {
                    // What happens from now on is told; what did, was not.
                    source = better;
                    announce(&source, pen).await;
                    None
                } else {
                    Some(names)
                }
            }
        };
        if !tell(path, names, pen).await? {
            break;
        }
    }
    pen.write(WatchEvent::Gone { gone: true }).await;
    Ok(())
}

async fn announce(source: &Source, pen: &Pen) {
    pen.write(match source.why() {
        Some(why) => WatchEvent::Polling {
            polling: true,
            why: why.to_owned(),
        },
        None => WatchEvent::Watching { watching: true },
    })
    .await;
}

/// Tells what these names are now; `None` are too many. Says whether the
/// directory is still there.
async fn tell(path: &Path, names: Option<Vec<OsString>>, pen: &Pen) -> Result<bool, Refusal> {
    let Some(names) = names.filter(|names| names.len() <= MAX_TOLD) else {
        pen.write(WatchEvent::Again { again: true }).await;
        tokio::time::sleep(REST).await;
        return Ok(true);
    };
    if names.is_empty() {
        return Ok(true);
    }
    let at = path.to_owned();
    let told = blocking(move || Ok(describe(&at, names))).await?;
    match told {
        Some(told) => pen.write(told).await,
        None => return Ok(false),
    }
    Ok(true)
}

/// Describes names as they are now; `None` without their directory.
fn describe(path: &Path, names: Vec<OsString>) -> Option<WatchEvent> {
    let dir = Dir::locate(path).ok()?;
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    for name in names {
        match entry::of(&dir, &name) {
            Ok(entry) => changed.push(entry),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                removed.push(pathtext::encode(&name));
            }
            Err(error) => tracing::debug!(%error, "a name that changed cannot be looked at"),
        }
    }
    Some(WatchEvent::Names { changed, removed })
}

/// Looks at every name; says how long that took.
async fn look(path: &Path) -> Result<(Sights, Duration), Refusal> {
    let path = path.to_owned();
    blocking(move || {
        let begun = Instant::now();
        let mut sights = Sights::new();
        let seen = Dir::open(&path).and_then(|dir| {
            dir.visit(|name, _| {
                if let Ok(found) = dir.stat_in(name, Follow::No) {
                    sights.insert(name.to_owned(), (found.inode, found.changed));
                }
            })
        });
        seen.map_err(|error| refuse("watch", &path, &error))?;
        Ok((sights, begun.elapsed()))
    })
    .await
}

fn differing(before: &Sights, now: &Sights) -> Vec<OsString> {
    let is_new = |(name, sight): &(&OsString, _)| before.get(*name) != Some(*sight);
    let is_gone = |name: &&OsString| !now.contains_key(*name);
    let changed = now.iter().filter(is_new).map(|(name, _)| name);
    let gone = before.keys().filter(is_gone);
    changed.chain(gone).cloned().collect()
}
