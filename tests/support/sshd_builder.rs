//! What a private sshd shall be: its user, keys, port and configuration.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::login::Login;
use super::sshd::{self, Sshd};
use super::{finished, prepared, set_mode, temporary_directory};

/// How many ports to try: a free one may be taken before sshd binds it.
const PORT_TRIES: usize = 20;

/// What a namespace of mounts begins with.
const PRIVATE_MOUNTS: &str = "set -e\n\
    for d in /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777 none $d; done\n";

/// What a private sshd shall be.
#[derive(Debug)]
pub(crate) struct Builder {
    login: Login,
    address: &'static str,
    lines: Vec<String>,
    environment: Vec<(String, String)>,
    prepare: Option<String>,
}

impl Builder {
    /// Begins with the defaults: the user of the tests, a key, `127.0.0.1`.
    pub(super) fn new() -> Self {
        Self {
            login: Login::current(),
            address: "127.0.0.1",
            lines: Vec::new(),
            environment: Vec::new(),
            prepare: None,
        }
    }

    /// Begins with file systems of the remote side's own: lines of `sh` that
    /// mount, in which `$AT` is the sshd's directory. `None`, said aloud, when
    /// we are not root.
    ///
    /// `/var/tmp` and `/dev/shm` are empty there, so that no other case is met.
    #[track_caller]
    pub(super) fn mounting(lines: &str) -> Option<Self> {
        prepared::is_possible().then(|| Self::new().prepare(&format!("{PRIVATE_MOUNTS}{lines}")))
    }

    /// Chooses who logs in; by default the user of the tests, with a key.
    pub(crate) fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Chooses the loopback address; by default `127.0.0.1`.
    pub(crate) fn address(mut self, address: &'static str) -> Self {
        self.address = address;
        self
    }

    /// Adds a line of `sshd_config(5)`; it wins over the builder's own.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Adds a variable for the remote side; neither part has a space.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a line of `sh` in namespaces of its own before sshd; `$AT` is the
    /// sshd's directory. Only where [`prepared::is_possible`].
    pub(crate) fn prepare(mut self, line: &str) -> Self {
        self.prepare = Some(line.to_owned());
        self
    }

    /// Starts the sshd; it listens when this returns.
    #[track_caller]
    pub(crate) fn start(self) -> Sshd {
        let directory = temporary_directory();
        make_keys(directory.path());
        for name in ["home", "run"] {
            let path = directory.path().join(name);
            fs::create_dir(&path).expect("the directory is new");
            set_mode(&path, 0o700);
            self.login.account().own(&path);
        }
        if let Some(line) = &self.prepare {
            let line = format!("AT={}\n{line}\n", directory.path().display());
            fs::write(prepared::file(directory.path()), line).expect("the directory is ours");
        }
        for _ in 0..PORT_TRIES {
            let port = free_port(self.address);
            fs::write(
                directory.path().join("config"),
                self.config(directory.path(), port),
            )
            .expect("the directory is ours");
            if let Some(child) = sshd::spawn(directory.path()) {
                return Sshd {
                    child,
                    port,
                    address: self.address,
                    login: self.login,
                    directory,
                };
            }
        }
        panic!("no port of {PORT_TRIES} stayed free");
    }

    /// Writes the configuration; sshd obeys the first line of each keyword.
    fn config(&self, directory: &Path, port: u16) -> String {
        let at = directory.display();
        let account = self.login.account();
        let has_password = self.login.password().is_some();
        let yes_no = |is_on: bool| if is_on { "yes" } else { "no" };
        // sshd obeys the first of two values, so the case's stand first.
        let mut variables = String::new();
        for (name, value) in &self.environment {
            variables = format!("{variables}{name}={value} ");
        }
        variables = format!("{variables}HOME={at}/home COCALC_PLUS_RUNTIME={at}/run");
        let own = [
            format!("Port {port}"),
            format!("ListenAddress {}", self.address),
            format!("HostKey {at}/host_key"),
            format!("AuthorizedKeysFile {at}/authorized_keys"),
            format!("AllowUsers {}", account.name),
            format!("PasswordAuthentication {}", yes_no(has_password)),
            format!("PubkeyAuthentication {}", yes_no(!has_password)),
            format!("SetEnv {variables}"),
            "KbdInteractiveAuthentication no".to_owned(),
            "PermitRootLogin yes".to_owned(),
            "UsePAM no".to_owned(),
            // `/tmp` is writable by all, which strict modes refuse.
            "StrictModes no".to_owned(),
            // Many cases connect at once; by default sshd drops some of ten.
            "MaxStartups 200".to_owned(),
            "LogLevel VERBOSE".to_owned(),
            "PidFile none".to_owned(),
            "UseDNS no".to_owned(),
        ];
        // Before 9.5 the last `MaxStartups` counts, not the first.
        let keyword = |line: &str| line.split(' ').next().map(str::to_owned);
        let is_given = |line: &&String| {
            let mut given = self.lines.iter();
            given.any(|given| keyword(given) == keyword(line) && given.starts_with("MaxStartups"))
        };
        let own: Vec<&str> = own
            .iter()
            .filter(|line| !is_given(line))
            .map(String::as_str)
            .collect();
        format!("{}\n{}\n", self.lines.join("\n"), own.join("\n"))
    }
}

fn make_keys(directory: &Path) {
    for name in ["host_key", "client_key"] {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]);
        finished::run(keygen.arg(directory.join(name)), Duration::from_secs(60)).success();
    }
    let public = directory.join("client_key.pub");
    fs::copy(public, directory.join("authorized_keys")).expect("the key was just made");
    // sshd reads it as the login user.
    set_mode(&directory.join("authorized_keys"), 0o644);
}

fn free_port(address: &str) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
