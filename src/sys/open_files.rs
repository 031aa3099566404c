//! How many files this process may have open; its children get what it got.
//!
//! Many systems let a login open 1024 files, because `select` knows no more,
//! and let whoever knows better have thousands. A server that talks to
//! thousands knows better; the programs that it starts may not.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::process::Resource;
use rustix::process::Rlimit;

/// What it was before it was raised; 0 when it was not.
static ORIGINAL: AtomicU64 = AtomicU64::new(0);

/// More than this is of no use, and macOS refuses what is unlimited.
const ENOUGH: u64 = 65_536;

/// Raises the limit as far as it may be, or is of use.
pub fn raise() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    let Some(current) = limit.current.filter(|current| *current < wanted) else {
        return;
    };
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    match rustix::process::setrlimit(Resource::Nofile, raised) {
        Ok(()) => ORIGINAL.store(current, Ordering::Relaxed),
        Err(error) => tracing::warn!(%error, "cannot open more than {current} files at once"),
    }
}

/// Gives a child between fork and exec the limit back. Async-signal-safe.
pub(super) fn restore() {
    let original = ORIGINAL.load(Ordering::Relaxed);
    if original != 0 {
        let limit = rustix::process::getrlimit(Resource::Nofile);
        let restored = Rlimit {
            current: Some(original),
            maximum: limit.maximum,
        };
        // A child with more is better than none.
        let _ = rustix::process::setrlimit(Resource::Nofile, restored);
    }
}
