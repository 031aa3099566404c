//! The signal to stop, for every task.

use std::future::Future;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;

/// Tells tasks to stop; clones tell the same tasks.
#[derive(Clone, Debug)]
pub struct Shutdown {
    sender: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(false),
        }
    }
}

impl Shutdown {
    /// Tells every task to stop; a second time changes nothing.
    pub fn begin(&self) {
        self.sender.send_replace(true);
    }

    /// Waits until somebody told the tasks to stop.
    pub fn begun(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.sender.subscribe();
        async move {
            // The sender lives in `self`'s clones; when all are gone there is
            // nothing left to run for either.
            let _ = receiver.wait_for(|begun| *begun).await;
        }
    }

    /// Begins at SIGHUP too: the terminal that this process needs is gone.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn on_hang_up(&self) -> std::io::Result<()> {
        let mut hang_up = signal(SignalKind::hangup())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            hang_up.recv().await;
            shutdown.begin();
        });
        Ok(())
    }

    /// Begins at SIGTERM or SIGINT, from now on.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            shutdown.begin();
        });
        Ok(())
    }
}
