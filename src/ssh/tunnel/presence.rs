//! Counts who is there: pages that look, commands that are connected.

use std::sync::Arc;

use tokio::sync::watch;

/// A count of those who are present; clones share it.
#[derive(Clone, Debug)]
pub struct Presence(Arc<watch::Sender<usize>>);

/// One who is present, until dropped.
#[derive(Debug)]
pub struct Present(Arc<watch::Sender<usize>>);

impl Default for Presence {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Presence {
    /// Counts one more, until what is returned is dropped.
    pub fn enter(&self) -> Present {
        self.0.send_modify(|count| *count += 1);
        Present(Arc::clone(&self.0))
    }

    /// How many are present.
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until somebody is present.
    pub async fn anybody(&self) {
        // The sender is ours, so the channel stays open.
        let _ = self.0.subscribe().wait_for(|count| *count > 0).await;
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
