//! What happened since a task last looked.

use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::Mutex;

use tokio::sync::Notify;

/// How many names are collected; more make the page list again.
const MAX_NAMES: usize = 512;

/// Collects names; never held over an await.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    news: Mutex<News>,
    arrived: Notify,
}

/// What was collected.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// The names that came, went or changed.
    pub(super) names: HashSet<OsString>,
    /// Whether names are missing here.
    pub(super) is_incomplete: bool,
    /// Whether the directory is gone.
    pub(super) is_gone: bool,
}

impl Inbox {
    /// Notes a name.
    pub(super) fn put_name(&self, name: OsString) {
        self.put(|news| {
            if news.names.len() < MAX_NAMES {
                news.names.insert(name);
            } else if !news.names.contains(&name) {
                news.is_incomplete = true;
            }
        });
    }

    /// Notes that events were lost.
    pub(super) fn put_loss(&self) {
        self.put(|news| news.is_incomplete = true);
    }

    /// Notes that the directory is gone.
    pub(super) fn put_end(&self) {
        self.put(|news| news.is_gone = true);
    }

    /// Waits until there is something.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Takes what there is.
    pub(super) fn take(&self) -> News {
        self.news
            .lock()
            .map(|mut news| std::mem::take(&mut *news))
            .unwrap_or_default()
    }

    fn put(&self, note: impl FnOnce(&mut News)) {
        if let Ok(mut news) = self.news.lock() {
            note(&mut news);
        }
        self.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_bounded_and_said_to_be() {
        let inbox = Inbox::default();
        for number in 0..MAX_NAMES {
            inbox.put_name(number.to_string().into());
            inbox.put_name("0".into());
        }
        inbox.arrived().await;
        assert!(!inbox.take().is_incomplete);
        assert_eq!(inbox.take(), News::default());
        for number in 0..=MAX_NAMES {
            inbox.put_name(number.to_string().into());
        }
        let news = inbox.take();
        assert!(news.is_incomplete && news.names.len() == MAX_NAMES);
    }
}
