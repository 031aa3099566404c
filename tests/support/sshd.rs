//! A private sshd on loopback: own keys, own home, own log.
//!
//! ```text
//! /tmp/ccp-XXXXXX/          0755, so that a login user may pass
//!   host_key client_key     ed25519, made for this sshd
//!   authorized_keys log config
//!   home/ run/              0700 of the login user: HOME, COCALC_PLUS_RUNTIME
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::account::is_root;
use super::counts::Counts;
use super::login::Login;
use super::sshd_builder::Builder;
use super::{find_program, finished, poll, prepared, processes, say};

/// How long sshd may take to listen; it takes about 20 ms.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// A running private sshd; drop kills it and everything that it began.
#[derive(Debug)]
pub(crate) struct Sshd {
    pub(super) child: Child,
    pub(super) port: u16,
    pub(super) address: &'static str,
    pub(super) login: Login,
    pub(super) directory: TempDir,
}

impl Sshd {
    /// Begins with the defaults: the user of the tests, a key, `127.0.0.1`.
    pub(crate) fn builder() -> Builder {
        Builder::new()
    }

    /// Begins one with file systems of its own, see [`Builder::mounting`].
    #[track_caller]
    pub(crate) fn mounting(lines: &str) -> Option<Builder> {
        Builder::mounting(lines)
    }

    /// Starts one with the defaults.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    /// Returns the port it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the loopback address it listens on.
    pub(crate) fn address(&self) -> &'static str {
        self.address
    }

    /// Returns who logs in.
    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// Returns the home of the remote side.
    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Returns `COCALC_PLUS_RUNTIME` of the remote side.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    /// Returns a path of the remote side as it is reached from here, through
    /// file systems that only the remote side has.
    pub(crate) fn inside(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let root = format!("/proc/{}/root", self.child.id());
        Path::new(&root).join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns the private key that opens the door.
    pub(crate) fn client_key(&self) -> PathBuf {
        self.directory.path().join("client_key")
    }

    /// Returns the public host key, `ssh-ed25519 AAAA…`.
    pub(crate) fn host_key(&self) -> String {
        let text = fs::read_to_string(self.directory.path().join("host_key.pub"));
        text.expect("the builder made it").trim_end().to_owned()
    }

    /// Writes a file below the remote home, such as `.bashrc`.
    pub(crate) fn write_home(&self, name: &str, text: &str) {
        let account = self.login.account();
        let home = self.home();
        let path = home.join(name);
        let parent = path.parent().expect("a file has a directory");
        fs::create_dir_all(parent).expect("the home is writable");
        fs::write(&path, text).expect("the home is writable");
        for made in path.ancestors().take_while(|made| *made != home) {
            account.own(made);
        }
    }

    /// Writes the `Host` block by which a laptop reaches this sshd.
    ///
    /// `port` may be a link's that leads here; `HostKeyAlias` keeps the host
    /// key's name apart from both.
    pub(crate) fn host_block(&self, alias: &str, port: u16) -> String {
        let lines = [
            format!("Host {alias}"),
            format!("HostName {}", self.address),
            format!("Port {port}"),
            format!("User {}", self.login.account().name),
            format!("HostKeyAlias {}", self.host_key_alias()),
            format!("IdentityFile {}", self.client_key().display()),
            "IdentitiesOnly yes".to_owned(),
            "IdentityAgent none".to_owned(),
        ];
        format!("{}\n", lines.join("\n  "))
    }

    /// Returns the line of `known_hosts` for [`Self::host_block`].
    pub(crate) fn known_host(&self) -> String {
        format!("{} {}\n", self.host_key_alias(), self.host_key())
    }

    /// Returns the name under which laptops know the host key.
    pub(crate) fn host_key_alias(&self) -> String {
        let name = self.directory.path().file_name();
        name.expect("it has one").to_string_lossy().into_owned()
    }

    /// Replaces what `authorized_keys` says, which sshd reads at each login.
    pub(crate) fn authorize(&self, keys: &str) {
        let path = self.directory.path().join("authorized_keys");
        fs::write(path, keys).expect("the directory is ours");
    }

    /// Gives the private key a passphrase.
    #[track_caller]
    pub(crate) fn protect_client_key(&self, passphrase: &str) {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-p", "-P", "", "-N", passphrase, "-f"]);
        finished::run(keygen.arg(self.client_key()), START_DEADLINE).success();
    }

    /// Returns the public half of [`Self::client_key`].
    pub(crate) fn client_public_key(&self) -> String {
        let text = fs::read_to_string(self.directory.path().join("client_key.pub"));
        text.expect("the builder made it")
    }

    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Counts what happened so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts::of_log(&self.log())
    }

    /// Lists what runs for the remote side: daemons, holders, shells.
    pub(crate) fn remote_processes(&self) -> Vec<u32> {
        processes::of_directory(self.directory.path())
    }

    /// Ends sshd and its connections; the remote side's daemons live on.
    pub(crate) fn stop(&mut self) {
        let listener = self.child.id();
        let is_sshd =
            |pid: &u32| processes::name(*pid).is_some_and(|name| name.starts_with("sshd"));
        let connections: Vec<u32> = processes::descendants(listener)
            .into_iter()
            .filter(is_sshd)
            .collect();
        processes::kill(listener);
        // A child that was waited for already is what we want.
        let _ = self.child.wait();
        processes::kill_all(|| connections.clone());
    }

    /// Starts again after [`Self::stop`], on the same port.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        let directory = self.directory.path();
        let child = poll::eventually("the sshd's port is free again", START_DEADLINE, || {
            spawn(directory)
        });
        self.child = child;
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let sessions = processes::descendants(self.child.id());
        self.stop();
        processes::kill_all(|| sessions.clone());
        processes::kill_all(|| self.remote_processes());
        if thread::panicking() {
            say(&format!(
                "log of sshd on port {}:\n{}",
                self.port,
                self.log()
            ));
        }
    }
}

/// Starts sshd and waits until it listens; `None` when the port was taken.
///
/// Its own log says so: a connection could reach a stranger on that port, and
/// would be counted.
#[track_caller]
pub(super) fn spawn(directory: &Path) -> Option<Child> {
    let log = directory.join("log");
    let before = fs::read_to_string(&log).unwrap_or_default().len();
    let mut child = sshd_command(directory)
        .args(["-D", "-f"])
        .arg(directory.join("config"))
        .arg("-E")
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sshd starts");
    let written = || {
        fs::read_to_string(&log)
            .unwrap_or_default()
            .split_off(before)
    };
    let is_listening = poll::eventually("sshd listens", START_DEADLINE, || {
        if written().contains("Server listening on ") {
            return Some(true);
        }
        let has_ended = child.try_wait().expect("a child of ours can be waited for");
        has_ended.map(|_| false)
    });
    if is_listening {
        return Some(child);
    }
    let words = written();
    assert!(
        words.contains("Address already in use"),
        "sshd refused to start:\n{words}"
    );
    None
}

/// sshd wants an absolute path and, as root, an empty directory of its own.
#[track_caller]
fn sshd_command(directory: &Path) -> Command {
    let Some(sshd) = find_program("sshd") else {
        panic!("no sshd: type `install/dependencies.sh test`");
    };
    if is_root() && Path::new("/run").is_dir() {
        fs::create_dir_all("/run/sshd").expect("root may create it");
    }
    let mut command = prepared::command(directory, &sshd);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("AT", directory)
        .current_dir("/");
    command
}
