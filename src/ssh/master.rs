//! The ssh master of a target: finding one, making one, ending ours.

use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use openssh::Session;
use sha2::Digest;
use sha2::Sha256;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::registry::Registry;
use super::target::Target;
use super::words;
use crate::protocol::control::Cause;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Failure;
use crate::sys::process;

/// How long a local master may take to answer on its socket.
const LOCAL_DEADLINE: Duration = Duration::from_secs(3);

/// How long ssh may take to log in where nobody is asked anything: ssh itself
/// waits for ever for a machine that accepts and then says nothing.
const UNATTENDED_DEADLINE: Duration = Duration::from_secs(60);

/// How much of ssh's last words is kept.
const WORDS_BYTES: usize = 8 << 10;

/// What our own masters are started with.
///
/// Forwards and commands of the user's configuration belong to the user's own
/// connections: a second one that binds the same port would fail. The master
/// ends by itself after 45 s of silence, so that a dead link is noticed.
const OPTIONS: [&str; 9] = [
    "ControlPersist=no",
    "ClearAllForwardings=yes",
    "ExitOnForwardFailure=no",
    "PermitLocalCommand=no",
    "Tunnel=no",
    "ForwardX11=no",
    "RemoteCommand=none",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
];

/// Options that an older ssh does not know; it is told to ignore them.
const NEWER_OPTIONS: &str = "RemoteCommand";

/// Who is there to answer a question of ssh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A person at this terminal.
    Person,
    /// Nobody: ssh must not ask.
    Nobody,
}

/// A master's control socket, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// The control socket.
    pub path: PathBuf,
    /// Whether it is the user's own, which we never end.
    pub is_borrowed: bool,
}

/// Everything that is needed to make a master of a target.
#[derive(Clone, Debug)]
pub struct Plan {
    target: String,
    destination: String,
    words: Vec<String>,
    ours: PathBuf,
    theirs: Option<PathBuf>,
    ignored: String,
    show: Option<fn(&str)>,
}

impl Plan {
    /// Asks `ssh -G` what it would do; no connection is made.
    ///
    /// `name` is the target's slug: two spellings of one machine have a master
    /// each, so that stopping one leaves the other. `show` prints each ssh
    /// command on stderr before it runs.
    ///
    /// # Errors
    /// [`Cause::Ssh`] with ssh's words when the configuration or an option is
    /// wrong, [`Cause::Local`] when there is no ssh.
    pub async fn resolve(
        target: &Target,
        name: &str,
        options: &ConnectOptions,
        registry: &Registry,
        show: Option<fn(&str)>,
    ) -> Result<Self, Failure> {
        let words = words(target, options);
        let destination = target.destination().to_owned();
        let mut plan = Self {
            target: target.spelling().to_owned(),
            destination,
            words,
            ours: PathBuf::new(),
            theirs: None,
            ignored: String::new(),
            show,
        };
        let mut args = vec!["-G".to_owned()];
        args.extend(plan.words.iter().cloned());
        args.push(plan.destination.clone());
        let output = plan
            .ssh(&args, Asking::Nobody)
            .output()
            .await
            .map_err(no_ssh)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let hint = format!("ssh -G {}", plan.destination);
            return Err(Failure {
                cause: Cause::Ssh,
                message: format!("ssh refuses its options: {words}"),
                hint,
            });
        }
        let resolved = String::from_utf8_lossy(&output.stdout).into_owned();
        let digest = Sha256::digest(format!("{name}\0{resolved}\0{}", OPTIONS.join("\0")));
        let mark: String = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        plan.ours = registry.master_socket(&mark);
        plan.theirs = persistent_path(&resolved);
        plan.ignored = setting(&resolved, "ignoreunknown")
            .unwrap_or_default()
            .to_owned();
        Ok(plan)
    }

    /// Finds a master that lives: ours, or the user's when it persists.
    pub async fn find(&self) -> Option<Master> {
        for (path, is_borrowed) in [(Some(&self.ours), false), (self.theirs.as_ref(), true)] {
            if let Some(path) = path
                && is_alive(path).await
            {
                return Some(Master {
                    path: path.clone(),
                    is_borrowed,
                });
            }
        }
        None
    }

    /// Makes a master of ours; with a person there, ssh asks on the terminal.
    ///
    /// # Errors
    /// What ssh's exit and last words say, as a [`Failure`].
    pub async fn make(&self, asking: Asking) -> Result<Master, Failure> {
        // A killed master leaves its socket, and ssh would not replace it.
        let _ = std::fs::remove_file(&self.ours);
        let mut child = self
            .ssh(&self.master_args(asking), asking)
            .stdin(if asking == Asking::Person {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(no_ssh)?;
        let mut stderr = child.stderr.take();
        let relay = asking == Asking::Person;
        let mut words = Vec::new();
        let ending = async {
            tokio::select! {
                status = child.wait() => status,
                () = listen(&mut stderr, &mut words, relay) => child.wait().await,
            }
        };
        // No deadline runs while a person is typing a password.
        let status = match asking {
            Asking::Person => ending.await,
            Asking::Nobody => match timeout(UNATTENDED_DEADLINE, ending).await {
                Ok(status) => status,
                Err(_) => return Err(self.no_answer()),
            },
        };
        // What is already in the pipe; a daemon may hold its other end open.
        let rest = listen(&mut stderr, &mut words, relay);
        let _ = tokio::time::timeout(Duration::from_millis(50), rest).await;
        match status {
            Ok(status) if status.success() => Ok(Master {
                path: self.ours.clone(),
                is_borrowed: false,
            }),
            _ => {
                let words = String::from_utf8_lossy(&words);
                Err(words::explain(&words, &self.target, self.plain_command()))
            }
        }
    }

    fn no_answer(&self) -> Failure {
        let seconds = UNATTENDED_DEADLINE.as_secs();
        Failure {
            cause: Cause::Unreachable,
            message: format!("`{}` did not let us in within {seconds} s", self.target),
            hint: self.plain_command(),
        }
    }

    /// Ends a master of ours; a borrowed one is left alone.
    pub async fn end(&self, master: &Master) {
        if master.is_borrowed {
            return;
        }
        end(&master.path).await;
    }

    /// Shows the exec through a master as a command that does the same.
    pub fn show_exec(&self, master: &Master, line: &str) {
        if let Some(show) = self.show {
            let path = master.path.display().to_string();
            show(&shell_line(&[
                "-S".to_owned(),
                path,
                self.destination.clone(),
                line.to_owned(),
            ]));
        }
    }

    /// What a person types to reach the target by ssh alone.
    pub fn plain_command(&self) -> String {
        let mut args = self.words.clone();
        args.push(self.destination.clone());
        shell_line(&args)
    }

    /// The control path of our own master, alive or not.
    pub fn ours(&self) -> Master {
        Master {
            path: self.ours.clone(),
            is_borrowed: false,
        }
    }

    fn master_args(&self, asking: Asking) -> Vec<String> {
        let mut args: Vec<String> = ["-M", "-N", "-f", "-S"].map(str::to_owned).to_vec();
        args.push(self.ours.display().to_string());
        let ignored = match self.ignored.as_str() {
            "" => NEWER_OPTIONS.to_owned(),
            theirs => format!("{theirs},{NEWER_OPTIONS}"),
        };
        let batch = (asking == Asking::Nobody).then_some("BatchMode=yes");
        for option in OPTIONS.into_iter().chain(batch) {
            // Before RemoteCommand, or an old ssh has refused it already.
            if option.starts_with(NEWER_OPTIONS) {
                args.extend(["-o".to_owned(), format!("IgnoreUnknown={ignored}")]);
            }
            args.extend(["-o".to_owned(), option.to_owned()]);
        }
        args.extend(self.words.iter().cloned());
        args.push(self.destination.clone());
        args
    }

    fn ssh(&self, args: &[String], asking: Asking) -> tokio::process::Command {
        if let Some(show) = self.show {
            show(&shell_line(args));
        }
        let mut command = process::command("ssh");
        command.args(args);
        // Only ssh's own words; no session is opened, so nothing is sent on.
        command.env("LC_ALL", "C");
        if asking == Asking::Nobody {
            command
                .env_remove("SSH_ASKPASS")
                .env("SSH_ASKPASS_REQUIRE", "never");
        }
        command
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

/// Ends the master that listens on a control socket of ours.
pub async fn end(path: &Path) {
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
    let _ = std::fs::remove_file(path);
}

fn words(target: &Target, options: &ConnectOptions) -> Vec<String> {
    let mut words = options.ssh_args.clone();
    if let Some(identity) = &options.identity {
        words.extend(["-i".to_owned(), identity.clone()]);
    }
    if let Some(jump) = &options.proxy_jump {
        words.extend(["-J".to_owned(), jump.clone()]);
    }
    if let Some(port) = target.port() {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    words
}

/// Finds one setting in what `ssh -G` printed.
fn setting<'a>(resolved: &'a str, name: &str) -> Option<&'a str> {
    resolved
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// The user's own control path, if a master there outlives its first session.
fn persistent_path(resolved: &str) -> Option<PathBuf> {
    let persists =
        setting(resolved, "controlpersist").is_some_and(|value| !matches!(value, "no" | "false"));
    let path = setting(resolved, "controlpath").filter(|path| *path != "none")?;
    persists.then(|| PathBuf::from(path))
}

/// Reads ssh's words to their end, and passes them on to the person.
async fn listen(
    stderr: &mut Option<tokio::process::ChildStderr>,
    words: &mut Vec<u8>,
    relay: bool,
) {
    let Some(stderr) = stderr else { return };
    let mut terminal = tokio::io::stderr();
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        if words.len() < WORDS_BYTES {
            words.extend_from_slice(&buffer[..length]);
        }
        if relay {
            let _ = terminal.write_all(&buffer[..length]).await;
            let _ = terminal.flush().await;
        }
    }
}

fn no_ssh(error: std::io::Error) -> Failure {
    Failure {
        cause: Cause::Local,
        message: format!("cannot run `ssh`: {error}"),
        hint: "install the OpenSSH client with your system's packages".into(),
    }
}

/// One line that a person can paste into a shell.
fn shell_line(args: &[String]) -> String {
    let quoted = args.iter().map(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@,+%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    std::iter::once("ssh".to_owned())
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_is_borrowed_only_when_it_persists() {
        for (persist, path, borrowed) in [
            ("yes", "/tmp/x", true),
            ("600", "/tmp/x", true),
            ("no", "/tmp/x", false),
            ("yes", "none", false),
        ] {
            let resolved = format!("host a\ncontrolpersist {persist}\ncontrolpath {path}\n");
            assert_eq!(
                persistent_path(&resolved).is_some(),
                borrowed,
                "{persist} {path}"
            );
        }
    }

    #[test]
    fn a_shown_command_can_be_pasted() {
        let args = [
            "-o".to_owned(),
            "ProxyCommand=nc %h %p".to_owned(),
            "it's".to_owned(),
        ];
        assert_eq!(
            shell_line(&args),
            r"ssh -o 'ProxyCommand=nc %h %p' 'it'\''s'"
        );
    }
}
