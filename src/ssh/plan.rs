//! What is needed to find a target's master, or to make one.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::diagnosis;
use super::diagnosis::Evidence;
use super::master;
use super::master::Master;
use super::master::Unfinished;
use super::master::is_alive;
use super::quoting::shell_line;
use super::reach::FirstHop;
use super::registry::Registry;
use super::settings::Settings;
use super::target::Target;
use super::words;
use crate::protocol::control::Cause;
use crate::protocol::control::ConnectOptions;
use crate::protocol::control::Failure;
use crate::sys::process;

/// How long ssh may take to log in where nobody is asked anything: ssh itself
/// waits for ever for a machine that accepts and then says nothing.
const UNATTENDED_DEADLINE: Duration = Duration::from_secs(60);

/// The exit code with which ssh says that it failed itself.
const SSH_FAILED: i32 = 255;

/// How much of ssh's last words is kept.
const WORDS_BYTES: usize = 8 << 10;

/// What our own masters are started with.
///
/// Forwards and commands of the user's configuration belong to the user's own
/// connections: a second one that binds the same port would fail. The master
/// ends by itself after 10 min of silence: the tunnel has looked for another
/// way since 3 s, and where that needs a password, nobody has to type it
/// because the network was away for a while.
const OPTIONS: [&str; 9] = [
    "ControlPersist=no",
    "ClearAllForwardings=yes",
    "ExitOnForwardFailure=no",
    "PermitLocalCommand=no",
    "Tunnel=no",
    "ForwardX11=no",
    "RemoteCommand=none",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=40",
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

/// Everything that is needed to make a master of a target.
#[derive(Clone, Debug)]
pub struct Plan {
    target: String,
    destination: String,
    words: Vec<String>,
    /// Two places for a master of ours: while one falls silent, another is
    /// made beside it.
    ours: [PathBuf; 2],
    settings: Settings,
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
            ours: [PathBuf::new(), PathBuf::new()],
            settings: Settings::default(),
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
        plan.settings = Settings::of(String::from_utf8_lossy(&output.stdout).into_owned());
        let resolved = plan.settings.text();
        let digest = Sha256::digest(format!("{name}\0{resolved}\0{}", OPTIONS.join("\0")));
        let mark: String = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        plan.ours = ["", "b"].map(|place| registry.master_socket(&format!("{mark}{place}")));
        Ok(plan)
    }

    /// Finds a master that lives: ours, or the user's when it persists.
    pub async fn find(&self) -> Option<Master> {
        let ours = self.ours.iter().map(|path| (path.clone(), false));
        let theirs = self.settings.persistent_path().map(|path| (path, true));
        for (path, is_borrowed) in ours.chain(theirs) {
            if is_alive(&path).await {
                return Some(Master { path, is_borrowed });
            }
        }
        None
    }

    /// The machine that ssh connects to first.
    pub async fn first_hop(&self) -> FirstHop {
        let at = self.words.iter().position(|word| word.starts_with("-F"));
        let config = match at {
            // `-F FILE`, or `-FFILE`.
            Some(at) if self.words[at] == "-F" => self.words.get(at..at + 2).unwrap_or_default(),
            Some(at) => &self.words[at..=at],
            None => &[],
        };
        FirstHop::of(&self.settings).resolved(config).await
    }

    /// Makes a master of ours; with a person there, ssh asks on the terminal.
    ///
    /// # Errors
    /// What ssh's exit and last words say, as a [`Failure`].
    pub async fn make(&self, asking: Asking) -> Result<Master, Failure> {
        let mut place = &self.ours[0];
        if is_alive(place).await {
            place = &self.ours[1];
        }
        master::end(place).await;
        self.make_at(place, asking).await
    }

    /// Makes another master of ours beside one that may be dead, and asks
    /// nobody.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub async fn make_beside(&self, old: &Master) -> Result<Master, Failure> {
        let is_free = |path: &&PathBuf| **path != old.path;
        let free = self.ours.iter().find(is_free).unwrap_or(&self.ours[0]);
        // Left by an attempt that was given up.
        master::end(free).await;
        self.make_at(free, Asking::Nobody).await
    }

    async fn make_at(&self, path: &Path, asking: Asking) -> Result<Master, Failure> {
        let mut command = self.ssh(&self.master_args(path, asking), asking);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        if asking == Asking::Person {
            // Or it would go on asking on a terminal that is the shell's again.
            process::ends_with_us(&mut command);
            command.stdin(Stdio::inherit());
        } else {
            command.stdin(Stdio::null());
        }
        let mut child = command.kill_on_drop(false).spawn().map_err(no_ssh)?;
        let unfinished = Unfinished::new(child.id());
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
        unfinished.finish();
        // What is already in the pipe; a daemon may hold its other end open.
        let rest = listen(&mut stderr, &mut words, relay);
        let _ = tokio::time::timeout(Duration::from_millis(50), rest).await;
        match status {
            Ok(status) if status.success() => Ok(Master {
                path: path.to_owned(),
                is_borrowed: false,
            }),
            Ok(status) => Err(self.why(status, &words, asking).await),
            Err(error) => Err(no_ssh(error)),
        }
    }

    /// Why ssh did not log in.
    async fn why(&self, status: ExitStatus, words: &[u8], asking: Asking) -> Failure {
        let words = String::from_utf8_lossy(words);
        let explain =
            |seen: &Evidence| words::explain(&words, seen, &self.target, self.plain_command());
        if status.code() != Some(SSH_FAILED) {
            let mut failure = explain(&Evidence::Nothing);
            failure.message = format!("{} (ssh ended: {status})", failure.message);
            return failure;
        }
        // One that is out of reach is tried again and again: once is enough.
        if asking == Asking::Nobody && words::tell_of_reach(&words) {
            return explain(&Evidence::Nothing);
        }
        explain(&diagnosis::look(&self.settings).await)
    }

    fn no_answer(&self) -> Failure {
        let seconds = UNATTENDED_DEADLINE.as_secs();
        Failure {
            cause: Cause::Unreachable,
            message: format!("`{}` did not let us in within {seconds} s", self.target),
            hint: self.plain_command(),
        }
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

    /// The control paths of our own masters, alive or not.
    pub fn ours(&self) -> &[PathBuf; 2] {
        &self.ours
    }

    /// Ends every master of ours.
    pub async fn end_ours(&self) {
        for path in &self.ours {
            master::end(path).await;
        }
    }

    fn master_args(&self, path: &Path, asking: Asking) -> Vec<String> {
        let mut args: Vec<String> = ["-M", "-N", "-f", "-S"].map(str::to_owned).to_vec();
        args.push(path.display().to_string());
        let ignored = match self.settings.get("ignoreunknown") {
            None => NEWER_OPTIONS.to_owned(),
            Some(theirs) => format!("{theirs},{NEWER_OPTIONS}"),
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
        words.extend_from_slice(&buffer[..length]);
        words.drain(..words.len().saturating_sub(WORDS_BYTES));
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
