//! Counts who is there: pages that look, commands that are connected.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// A count of those who are present; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<AtomicUsize>);

/// One who is present, until dropped.
#[derive(Debug)]
pub struct Present(Arc<AtomicUsize>);

impl Presence {
    /// Counts one more, until what is returned is dropped.
    pub fn enter(&self) -> Present {
        self.0.fetch_add(1, Ordering::Relaxed);
        Present(Arc::clone(&self.0))
    }

    /// How many are present.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
