//! The ssh master of a target: whether one lives, ending ours.

use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use openssh::Session;
use tokio::net::UnixStream;

use crate::sys::process;
use crate::sys::process::End;
use crate::sys::process::Identity;

/// A subsystem that no sshd has: the session opens and runs no process.
const NO_SUBSYSTEM: &str = "none@cocalc-plus";

/// How long a local master may take to answer on its socket.
const LOCAL_DEADLINE: Duration = Duration::from_secs(3);

/// How long a master may take to end after it said that it will.
const EXIT_GRACE: Duration = Duration::from_secs(1);

/// A master's control socket, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// The control socket.
    pub path: PathBuf,
    /// Whether it is the user's own, which we never end.
    pub is_borrowed: bool,
}

impl Master {
    /// Ends it, if it is ours; a borrowed one is left alone.
    pub async fn end(&self) {
        if !self.is_borrowed {
            end(&self.path).await;
        }
    }
}

/// An ssh that is logging in; one that nobody waits for any more is asked to end
/// and not killed, for only so does it end the proxy that it started.
pub(super) struct Unfinished(Option<Identity>);

impl Unfinished {
    /// Watches over an ssh that has just been started.
    pub(super) fn new(pid: Option<u32>) -> Self {
        Self(pid.and_then(Identity::of))
    }

    /// It has ended by itself.
    pub(super) fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(ssh) = self.0.take() else { return };
        ssh.signal(End::Politely);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if !process::wait_gone(&ssh, EXIT_GRACE).await {
                    ssh.signal(End::AtOnce);
                }
            });
        }
    }
}

/// Says whether a master answers on its control socket.
pub async fn is_alive(path: &Path) -> bool {
    if !path.exists() {
        return false;
    }
    let check = async {
        // A resumed session leaves its master alone when it is dropped.
        Session::resume_mux(path.into(), None).check().await.is_ok()
    };
    tokio::time::timeout(LOCAL_DEADLINE, check)
        .await
        .unwrap_or(false)
}

/// Says whether the machine behind a master opens another session; `None` when
/// it does not answer in time.
pub async fn opens_another(path: &Path, limit: Duration) -> Option<bool> {
    let session = Session::resume_mux(path.into(), None);
    let mut command = session.subsystem(NO_SUBSYSTEM);
    command
        .stdin(openssh::Stdio::null())
        .stdout(openssh::Stdio::null())
        .stderr(openssh::Stdio::null());
    let opened = tokio::time::timeout(limit, command.spawn())
        .await
        .ok()?
        .is_ok();
    // A lost master refuses too, and says nothing of the remote.
    (opened || is_alive(path).await).then_some(opened)
}

/// Ends the master that listens on a control socket of ours, if one does; the
/// socket goes too, for ssh would not replace that of a killed one.
///
/// One that does not listen to reason, stopped perhaps, is killed.
pub async fn end(path: &Path) {
    if UnixStream::connect(path).await.is_ok() {
        // The process that listens; the one that made the socket has left.
        let masters = process::with_arguments(|words| {
            let mut pairs = words.windows(2);
            pairs.find(|pair| *pair[0] == *"-S" && *pair[1] == *path)?;
            Some(())
        });
        let masters: Vec<_> = masters
            .into_iter()
            .filter_map(|(pid, ())| Identity::of(pid))
            .collect();
        ask_to_exit(path).await;
        for master in masters {
            if !process::wait_gone(&master, EXIT_GRACE).await {
                master.signal(End::AtOnce);
            }
        }
    }
    let _ = std::fs::remove_file(path);
}

async fn ask_to_exit(path: &Path) {
    let args = ["-O", "exit", "-S"].map(str::to_owned);
    let mut command = process::command("ssh");
    // The destination is not looked at for a control command.
    command
        .args(args)
        .arg(path)
        .arg("cocalc-plus")
        .stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = command.spawn() {
        let _ = tokio::time::timeout(LOCAL_DEADLINE, child.wait()).await;
    }
}
