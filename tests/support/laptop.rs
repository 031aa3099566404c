//! A sealed laptop: the binary under test with a home of its own.
//!
//! ```text
//! /tmp/ccp-XXXXXX/
//!   home/ run/              HOME, COCALC_PLUS_RUNTIME
//!   bin/ssh                 adds `-F ssh_config`, notes its arguments
//!   bin/xdg-open            notes what would be opened; also BROWSER
//!   ssh_config known_hosts ssh.log opened.log
//! ```
//!
//! ssh finds its configuration by the password database, not by `HOME`: hence
//! the wrapper, first in `PATH`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::finished::{self, Finished};
use super::pty::Pty;
use super::sshd::Sshd;
use super::{bin, find_program, processes, say, set_mode, temporary_directory, write_program};

/// How long a command may take unless the case says otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between the arguments of one ssh and between two of them, in `ssh.log`.
const ARGUMENT_END: char = '\u{1f}';
const CALL_END: char = '\u{1e}';

/// A sealed laptop; drop kills everything that runs for it.
#[derive(Debug)]
pub(crate) struct Laptop {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Laptop {
    /// Makes a laptop that knows no target.
    pub(crate) fn new() -> Self {
        let directory = temporary_directory();
        let at = directory.path();
        for name in ["home", "home/.ssh", "run", "bin"] {
            fs::create_dir(at.join(name)).expect("the directory is new");
            set_mode(&at.join(name), 0o700);
        }
        // In the file and not in the wrapper: a ProxyJump gets only the file.
        let hosts = format!("UserKnownHostsFile {}/known_hosts", at.display());
        let config = format!("{hosts}\nGlobalKnownHostsFile /dev/null\n");
        fs::write(at.join("ssh_config"), config).expect("the directory is ours");
        for name in ["known_hosts", "ssh.log", "opened.log"] {
            fs::write(at.join(name), "").expect("the directory is ours");
        }
        script(&at.join("bin/ssh"), &ssh_wrapper(at));
        let opened = at.join("opened.log");
        let opener = format!("printf '%s\\n' \"$@\" >> {}\n", opened.display());
        script(&at.join("bin/xdg-open"), &opener);
        symlink("xdg-open", at.join("bin/open")).expect("the directory is ours");
        let environment = environment(at);
        Self {
            directory,
            environment,
        }
    }

    /// Makes a laptop that reaches `sshd` as `alias`.
    pub(crate) fn with_target(alias: &str, sshd: &Sshd) -> Self {
        let laptop = Self::new();
        laptop.add_target(alias, sshd);
        laptop
    }

    /// Lets `alias` lead to `sshd`, whose host key is known.
    pub(crate) fn add_target(&self, alias: &str, sshd: &Sshd) {
        self.add_target_at(alias, sshd, sshd.port());
    }

    /// The same through a link that listens on `port`.
    pub(crate) fn add_target_at(&self, alias: &str, sshd: &Sshd, port: u16) {
        self.append("known_hosts", &sshd.known_host());
        self.append("ssh_config", &sshd.host_block(alias, port));
    }

    /// Lets what led to one port lead to another: an address has changed.
    pub(crate) fn move_target(&self, from: u16, to: u16) {
        let text = self.read("ssh_config");
        let moved = text.replace(&format!("Port {from}\n"), &format!("Port {to}\n"));
        assert_ne!(text, moved, "no target is at port {from}");
        std::fs::write(self.ssh_config(), moved).expect("it is ours");
    }

    /// Appends lines of `ssh_config(5)`; after a target they belong to it.
    pub(crate) fn add_ssh_config(&self, lines: &str) {
        self.append("ssh_config", &format!("{lines}\n"));
    }

    /// Lets ssh speak a language that nobody knows, with its own exit codes.
    pub(crate) fn garble_ssh(&self) {
        let path = self.file("bin/ssh");
        let wrapper = fs::read_to_string(&path).expect("the laptop made it");
        let words = self.file("words");
        let garbled = format!(
            "{}2> {words}-$$\ncode=$?\ntr a-zA-Z n-za-mN-ZA-M < {words}-$$ >&2\nexit $code\n",
            wrapper
                .replace("\nexec ", "\n")
                .trim_end_matches('\n')
                .to_owned()
                + " ",
            words = words.display(),
        );
        fs::write(&path, garbled).expect("the laptop made it");
    }

    /// Sets a variable for everything that runs here.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the home.
    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Returns `COCALC_PLUS_RUNTIME`.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    /// Returns the path of a file of this laptop, outside the home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the ssh configuration, for `--ssh-arg -F`.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.directory.path().join("ssh_config")
    }

    /// Runs `cocalc-plus` with these arguments, for at most 60 s.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_within(DEADLINE, arguments)
    }

    /// Runs `cocalc-plus` with these arguments and another deadline.
    #[track_caller]
    pub(crate) fn run_within(&self, deadline: Duration, arguments: &[&str]) -> Finished {
        let mut command = self.command(&bin());
        finished::run(command.args(arguments), deadline)
    }

    /// Starts `cocalc-plus` and leaves it running, its output thrown away.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(&bin());
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary starts")
    }

    /// Starts `cocalc-plus` on a terminal, where ssh can ask.
    pub(crate) fn on_terminal(&self, arguments: &[&str]) -> Pty {
        Pty::spawn(&bin(), arguments, &self.environment)
    }

    /// Runs plain ssh as a person on this laptop would.
    #[track_caller]
    pub(crate) fn ssh(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(&self.directory.path().join("bin/ssh"));
        finished::run(command.args(arguments), DEADLINE)
    }

    /// Starts plain ssh on a terminal.
    pub(crate) fn ssh_on_terminal(&self, arguments: &[&str]) -> Pty {
        let ssh = self.directory.path().join("bin/ssh");
        Pty::spawn(&ssh, arguments, &self.environment)
    }

    /// Returns a command with this laptop's environment and nothing else.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(variables).current_dir(self.home());
        command
    }

    /// Lists the arguments of every ssh begun so far; the inner ssh of a
    /// ProxyJump is not among them.
    pub(crate) fn ssh_calls(&self) -> Vec<Vec<String>> {
        let log = self.read("ssh.log");
        let calls = log.split_terminator(CALL_END);
        let split = |call: &str| {
            let words = call.split_terminator(ARGUMENT_END);
            words.map(str::to_owned).collect()
        };
        calls.map(split).collect()
    }

    /// Lists what the browser was asked to open: URLs, or files.
    pub(crate) fn opened(&self) -> Vec<String> {
        let log = self.read("opened.log");
        log.lines().map(str::to_owned).collect()
    }

    /// Lists what runs for this laptop: tunnels, masters, servers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes::of_directory(self.directory.path())
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        let file = OpenOptions::new().append(true).open(path);
        let mut file = file.expect("the laptop made it");
        file.write_all(text.as_bytes()).expect("`/tmp` has room");
    }

    /// Reads one of its files; one that is not there is empty.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Laptop {
    fn drop(&mut self) {
        processes::kill_all(|| self.processes());
        if thread::panicking() {
            let calls = self.ssh_calls().into_iter().map(|call| call.join(" "));
            say(&format!(
                "ssh was called with\n{}",
                calls.collect::<Vec<_>>().join("\n")
            ));
        }
    }
}

fn environment(at: &Path) -> Vec<(String, String)> {
    let at = at.display();
    [
        ("HOME", format!("{at}/home")),
        ("COCALC_PLUS_RUNTIME", format!("{at}/run")),
        ("PATH", format!("{at}/bin:/usr/bin:/bin")),
        ("BROWSER", format!("{at}/bin/xdg-open")),
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("TERM", "xterm-256color".to_owned()),
        ("SHELL", "/bin/sh".to_owned()),
        ("USER", super::account::Account::current().name),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// One `printf` is one write, so that simultaneous calls do not mix.
fn ssh_wrapper(at: &Path) -> String {
    let ssh = find_program("ssh").unwrap_or_else(|| PathBuf::from("/usr/bin/ssh"));
    let at = at.display();
    format!(
        "end=$(printf '\\036')\n\
         calls=$(printf '%s\\037' \"$@\")\n\
         printf '%s' \"$calls$end\" >> {at}/ssh.log\n\
         exec {ssh} -F {at}/ssh_config \"$@\"\n",
        ssh = ssh.display(),
    )
}

fn script(path: &Path, body: &str) {
    write_program(path, format!("#!/bin/sh\n{body}").as_bytes());
}
