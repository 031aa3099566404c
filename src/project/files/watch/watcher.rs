//! The descriptor that watches, and who waits for which directory.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;

use super::inbox::Inbox;
use crate::sys::disk::watch::Event;
use crate::sys::disk::watch::WatchId;
use crate::sys::disk::watch::Watches;

/// Watches directories for many; its descriptor is made when first needed.
#[derive(Debug, Default)]
pub(in crate::project::files) struct Watcher(Mutex<State>);

/// Never held over an await.
#[derive(Debug, Default)]
struct State {
    watches: Option<Arc<Watches>>,
    waiting: HashMap<WatchId, Vec<Arc<Inbox>>>,
}

/// Somebody waits for a directory; drop ends that.
#[derive(Debug)]
pub(super) struct Subscription {
    watcher: Arc<Watcher>,
    watch: WatchId,
    inbox: Arc<Inbox>,
}

impl Watcher {
    /// Begins to watch a directory, not what is below its directories.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn subscribe(self: &Arc<Self>, dir: &Path) -> io::Result<Subscription> {
        let mut state = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
        let watches = match &state.watches {
            Some(watches) => Arc::clone(watches),
            None => {
                let watches = Arc::new(Watches::new()?);
                state.watches = Some(Arc::clone(&watches));
                tokio::spawn(deliver(Arc::downgrade(self), Arc::clone(&watches)));
                watches
            }
        };
        let watch = watches.add(dir)?;
        let inbox = Arc::<Inbox>::default();
        let waiting = state.waiting.entry(watch).or_default();
        waiting.push(Arc::clone(&inbox));
        Ok(Subscription {
            watcher: Arc::clone(self),
            watch,
            inbox,
        })
    }

    fn hand_out(&self, event: Event) {
        let Ok(state) = self.0.lock() else { return };
        let of = |watch| state.waiting.get(&watch).into_iter().flatten();
        match event {
            Event::Name(watch, name) => of(watch).for_each(|inbox| inbox.put_name(name.clone())),
            Event::Gone(watch) => of(watch).for_each(|inbox| inbox.put_end()),
            Event::Lost => state
                .waiting
                .values()
                .flatten()
                .for_each(|inbox| inbox.put_loss()),
        }
    }
}

impl Subscription {
    /// Where what happens is collected.
    pub(super) fn inbox(&self) -> &Inbox {
        &self.inbox
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Ok(mut state) = self.watcher.0.lock() else {
            return;
        };
        let waiting = state.waiting.entry(self.watch).or_default();
        waiting.retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
        if waiting.is_empty() {
            state.waiting.remove(&self.watch);
            if let Some(watches) = &state.watches {
                watches.remove(self.watch);
            }
        }
    }
}

/// Hands out what happens, as long as there is a watcher.
async fn deliver(watcher: Weak<Watcher>, watches: Arc<Watches>) {
    loop {
        let events = watches.next().await;
        let Some(watcher) = watcher.upgrade() else {
            return;
        };
        match events {
            Ok(events) => events.into_iter().for_each(|event| watcher.hand_out(event)),
            Err(error) => {
                tracing::error!(%error, "inotify tells nothing any more");
                return watcher.hand_out(Event::Lost);
            }
        }
    }
}
