//! A connection's driver while it runs, and how it ended.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ssh::exec::Driver;
use crate::sys::text;

/// A mux's driver in a task of its own, which ends with this.
pub(super) struct Running {
    task: JoinHandle<()>,
    /// Why it ended.
    ended: watch::Receiver<Option<String>>,
}

impl Running {
    /// Runs a driver.
    pub(super) fn start(driver: Driver) -> Self {
        let (tell, ended) = watch::channel(None);
        let task = tokio::spawn(async move {
            let why = match driver.await {
                Ok(()) => "the remote side ended".to_owned(),
                Err(error) => text::with_causes(&error),
            };
            tell.send_replace(Some(why));
        });
        Self { task, ended }
    }

    /// Waits until it ends; says why.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => "its task ended".to_owned(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
