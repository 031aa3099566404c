//! The environment of programs that the server starts.
//!
//! sshd gives a command a bare one: no `~/.local/bin`, no modules, no conda. So
//! a server that `ssh T` started runs the user's login shell once, after it is
//! ready, and takes what that ends up with. One started by hand keeps its own:
//! whoever typed the command has the environment that they want.
//!
//! ```text
//!            for_programs                     a startup file changed,
//! unknown ────────────────▶ capturing ──┐     or a failure is RETRY old
//!                              ▲        ├──▶ known ──┐
//!                              │        └──▶ failed ─┤ for_programs
//!                              └─────────────────────┘
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `login_shell` | running that shell, and what to say when it hangs |
//! | `startup_files` | which files it reads, and whether they changed |
//! | `variables` | what is kept of what it says |
//!
//! # Decisions
//!
//! - **Nobody waits but who starts a program.** The server is ready before, and
//!   all other requests are served meanwhile. Whoever asks for the environment
//!   waits for the capture under way: a program with the wrong `PATH` would be
//!   worse than one that starts a moment later.
//! - **Idle is idle.** Startup files are looked at when somebody asks, not
//!   watched. Files that they read in turn are not known, unless the shell reads
//!   them by itself too.
//! - **Terminals are not concerned.** Their shells read these files themselves
//!   and begin with the server's environment; what a startup file puts in front
//!   of `PATH` would be there twice.
//! - **Each directory of `PATH` is there once.** Some shells read some of these
//!   files for `ssh host command` too, and so the server's own has them already.
//! - **A batch job's variables win**, as the job's own server has them: a
//!   startup file may not undo which GPU this job was given.

mod login_shell;
mod startup_files;
mod variables;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::Mutex;

use crate::protocol::call::AskEnvironment;
use crate::protocol::call::EnvironmentSource;
use crate::protocol::call::ProgramEnvironment;
use crate::protocol::pathtext;
use crate::sys::login;
use crate::sys::process;
use crate::sys::pty::Program;
use crate::sys::shutdown::Shutdown;

use login_shell::Captured;
use startup_files::Stamps;

/// How long a failed capture counts while no startup file changes: the machine
/// may have been busy, and whoever asks waits for the next one.
const RETRY: Duration = Duration::from_secs(600);

/// Variables, in no order.
type Variables = Vec<(OsString, OsString)>;

/// Where the environment of programs comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// It is the server's own.
    #[default]
    Server,
    /// The user's login shell says it.
    LoginShell,
}

/// The environment of programs that the server starts.
#[derive(Debug)]
pub struct Environment {
    own: Variables,
    source: Source,
    /// Held while it is captured: who asks meanwhile waits.
    known: Mutex<Option<Known>>,
    shutdown: Shutdown,
}

/// What the last capture said.
#[derive(Debug)]
struct Known {
    captured: Arc<Captured>,
    stamps: Stamps,
    since: Instant,
}

impl Environment {
    /// Takes the server's own environment; `shutdown` ends a capture.
    pub fn new(own: Variables, source: Source, shutdown: Shutdown) -> Arc<Self> {
        Arc::new(Self {
            own,
            source,
            known: Mutex::new(None),
            shutdown,
        })
    }

    /// Captures it, so that nobody has to wait later.
    pub async fn prepare(self: Arc<Self>) {
        self.for_programs().await;
    }

    /// Waits until nothing is being captured.
    pub async fn settled(&self) {
        drop(self.known.lock().await);
    }

    /// Answers a call.
    pub async fn answer(self: &Arc<Self>, asked: &AskEnvironment) -> ProgramEnvironment {
        let captured = self.for_programs().await;
        let encoded = captured
            .variables
            .iter()
            .map(|(name, value)| (pathtext::encode(name), pathtext::encode(value)));
        let is_asked = |name: &String| asked.names.as_ref().is_none_or(|all| all.contains(name));
        ProgramEnvironment {
            source: match captured.shell {
                Some(_) => EnvironmentSource::LoginShell,
                None => EnvironmentSource::Server,
            },
            shell: captured.shell.as_ref().map(pathtext::encode),
            warning: captured.warning.clone(),
            variables: encoded.filter(|(name, _)| is_asked(name)).collect(),
        }
    }

    /// Returns what a program that starts now shall have; waits for a capture,
    /// which takes 8 s at the longest.
    async fn for_programs(self: &Arc<Self>) -> Arc<Captured> {
        if self.source == Source::Server {
            return Arc::new(Captured::of_server(&self.own));
        }
        let this = Arc::clone(self);
        // Who asked may go; a capture that was begun comes to its end.
        let looking = tokio::spawn(async move { this.captured().await });
        let looked = looking.await;
        looked.unwrap_or_else(|_| Arc::new(Captured::of_server(&self.own)))
    }

    async fn captured(&self) -> Arc<Captured> {
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && known.holds().await
        {
            return Arc::clone(&known.captured);
        }
        let shell = self.shell().await;
        // Before: a file that changes meanwhile is looked at again.
        let before = Stamps::of_shell(&shell, &shell.env).await;
        let captured = login_shell::capture(&shell, &self.own, &self.shutdown).await;
        // The shell may have said where further files are.
        let further = Stamps::of_shell(&shell, &captured.variables).await;
        let captured = Arc::new(captured);
        *known = Some(Known {
            captured: Arc::clone(&captured),
            stamps: before.and(further),
            since: Instant::now(),
        });
        captured
    }

    async fn shell(&self) -> Program {
        let own = self.own.clone();
        let finding = tokio::task::spawn_blocking(move || {
            let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            login::shell(own, &passwd, process::uid())
        });
        finding.await.expect("looking for a shell does not panic")
    }
}

impl Known {
    async fn holds(&self) -> bool {
        let is_old = self.captured.warning.is_some() && self.since.elapsed() > RETRY;
        !is_old && self.stamps.hold().await
    }
}
