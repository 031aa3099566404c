//! Ctrl-C, noticed between two measurements.
//!
//! What a figure starts is ended by drops, which a killed process never runs:
//! a signal only asks, and the next measurement unwinds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// Begins to watch for SIGINT, SIGTERM and SIGHUP.
pub(crate) fn watch() {
    thread::spawn(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime
            .expect("the system has descriptors")
            .block_on(async {
                let listen = |kind| signal(kind).expect("a handler can be set");
                let mut interrupt = listen(SignalKind::interrupt());
                let mut terminate = listen(SignalKind::terminate());
                let mut hangup = listen(SignalKind::hangup());
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                IS_ASKED.store(true, Ordering::Relaxed);
            });
    });
}

/// Tells whether the benchmark shall end.
pub(crate) fn is_asked() -> bool {
    IS_ASKED.load(Ordering::Relaxed)
}

/// Unwinds if the benchmark shall end.
pub(crate) fn check() {
    assert!(!is_asked(), "interrupted");
}
