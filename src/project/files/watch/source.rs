//! Where a task learns that it should look: from inotify, by time, or both.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::COLLECT;
use super::LOOK;
use super::LOOK_SHARE;
use super::inbox::News;
use super::watcher::Subscription;
use super::watcher::Watcher;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::watch;

/// What tells of one directory.
#[derive(Debug)]
pub(super) struct Source {
    subscription: Option<Subscription>,
    /// Why it is looked at by time, a sentence.
    why: Option<String>,
}

/// Why a task shall look.
#[derive(Debug)]
pub(super) enum Signal {
    /// This happened.
    News(News),
    /// It is time.
    Look,
}

impl Source {
    /// Finds the best there is for a directory.
    ///
    /// # Errors
    /// When it cannot be watched or looked at either, because it is not there,
    /// no directory, or not for this user.
    pub(super) async fn of(watcher: &Arc<Watcher>, dir: &Path) -> io::Result<Self> {
        let (watcher, dir) = (Arc::clone(watcher), dir.to_owned());
        tokio::task::spawn_blocking(move || Self::find(&watcher, &dir)).await?
    }

    fn find(watcher: &Arc<Watcher>, dir: &Path) -> io::Result<Self> {
        match watcher.subscribe(dir) {
            Ok(subscription) => Ok(Self {
                subscription: Some(subscription),
                why: watch::shared_file_system(dir)
                    .map(|name| format!("{name} does not tell what other machines change")),
            }),
            Err(error) if is_about_the_directory(&error) => Err(error),
            Err(error) => {
                // Nobody has looked yet whether it can be looked at.
                Dir::open(dir)?;
                Ok(Self {
                    subscription: None,
                    why: Some(sentence(&error)),
                })
            }
        }
    }

    /// Looks by time alone, without a word about it.
    pub(super) fn by_time() -> Self {
        Self {
            subscription: None,
            why: None,
        }
    }

    /// Why this looks by time, if it does.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Whether nothing but time tells.
    pub(super) fn is_blind(&self) -> bool {
        self.subscription.is_none()
    }

    /// Waits for a reason to look; `last` is how long the last look took.
    pub(super) async fn signal(&self, last: Duration) -> Signal {
        let looks = self.is_blind() || self.why.is_some();
        let news = async {
            let Some(subscription) = &self.subscription else {
                return std::future::pending().await;
            };
            subscription.inbox().arrived().await;
            tokio::time::sleep(COLLECT).await;
            subscription.inbox().take()
        };
        tokio::select! {
            news = news => Signal::News(news),
            () = tokio::time::sleep(LOOK.max(last * LOOK_SHARE)), if looks => Signal::Look,
        }
    }
}

fn is_about_the_directory(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound | Kind::NotADirectory | Kind::PermissionDenied | Kind::InvalidFilename
    )
}

fn sentence(error: &io::Error) -> String {
    match watch::limit(error) {
        Some(limit) => format!("inotify watches are used up ({limit})"),
        None if error.kind() == io::ErrorKind::Unsupported => {
            "this system does not tell what changes".to_owned()
        }
        None => format!("inotify does not work here ({error})"),
    }
}
