//! Accounts of this system: ours, and the test users that root may create.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::finished::{self, Finished};
use super::{poll, skip};

/// How long to wait while other cases hold the lock of the account files.
const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// One line of the password database.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The login name.
    pub(crate) name: String,
    /// The user's number.
    pub(crate) uid: u32,
    /// The main group's number.
    pub(crate) gid: u32,
    /// The login shell.
    pub(crate) shell: PathBuf,
}

impl Account {
    /// Returns the account that runs the tests.
    pub(crate) fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let found = find(|account| account.uid == uid);
        found.expect("the user of the tests stands in `/etc/passwd`")
    }

    /// Returns a second real user; `None`, said aloud, when we are not root.
    #[track_caller]
    pub(crate) fn other() -> Option<Self> {
        Self::with_shell("other", Path::new("/bin/sh"))
    }

    /// Returns the user `ccp-test-NAME`, whom nobody can log in as but by a
    /// key; `None`, said aloud, when we are not root.
    ///
    /// It stays on the system: parallel runs share it, and it can do nothing.
    #[track_caller]
    pub(crate) fn with_shell(name: &str, shell: &Path) -> Option<Self> {
        let name = format!("ccp-test-{name}");
        if !is_root() {
            skip(&format!("only root can create the user `{name}`"));
            return None;
        }
        let account = create(&name, shell);
        assert_eq!(account.shell, shell, "`{name}` exists with another shell");
        Some(account)
    }

    /// Returns a command that runs as this account; only root may use it.
    ///
    /// The standard library drops the supplementary groups with the user.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.uid(self.uid).gid(self.gid).current_dir("/");
        command
    }

    /// Runs a line of `sh` as this account.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> Finished {
        let mut command = self.command("/bin/sh");
        finished::run(command.args(["-c", line]), Duration::from_secs(60))
    }

    /// Gives a file or directory to this account.
    pub(crate) fn own(&self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).expect("we own it or are root");
    }
}

/// A user with a password of its own, deleted on drop.
#[derive(Debug)]
pub(crate) struct PasswordAccount {
    /// The user.
    pub(crate) account: Account,
    /// Its password, which only this case knows.
    pub(crate) password: String,
}

impl PasswordAccount {
    /// Creates the user; `None`, said aloud, when we are not root.
    #[track_caller]
    pub(crate) fn create() -> Option<Self> {
        if !is_root() {
            skip("only root can create a user with a password");
            return None;
        }
        let password = random_word();
        let account = create(
            &format!("ccp-pw-{}", &password[..8]),
            Path::new("/bin/bash"),
        );
        let made = Self { account, password };
        let line = format!("{}:{}\n", made.account.name, made.password);
        let what = format!("`chpasswd` for `{}`", made.account.name);
        poll::eventually(&what, LOCK_DEADLINE, || chpasswd(&line));
        Some(made)
    }
}

impl Drop for PasswordAccount {
    fn drop(&mut self) {
        let name = self.account.name.clone();
        // A user that stays has a password which nobody knows any more.
        let _ = poll::found_within(LOCK_DEADLINE, || {
            let mut userdel = Command::new("userdel");
            let _ = userdel.args(["-f", &name]).output();
            find(|account| account.name == name).is_none().then_some(())
        });
    }
}

/// Tells whether the tests run as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Creates a user without a password, once; other processes may race.
///
/// `-p '*'`, because sshd without PAM refuses an account locked by `!`. The
/// home is `/`, which always exists: each sshd sets another by `SetEnv`.
fn create(name: &str, shell: &Path) -> Account {
    let what = format!("the user `{name}`");
    poll::eventually(&what, LOCK_DEADLINE, || {
        find(|account| account.name == name).or_else(|| {
            let mut useradd = Command::new("useradd");
            useradd.args(["-M", "-N", "-d", "/", "-p", "*", "-s"]);
            // A lock held by another process ends in the next look.
            let _ = useradd.arg(shell).arg(name).output();
            find(|account| account.name == name)
        })
    })
}

fn chpasswd(line: &str) -> Option<()> {
    let mut child = Command::new("chpasswd")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("`chpasswd` belongs to every Linux with `useradd`");
    let mut input = child.stdin.take().expect("stdin is piped");
    let written = input.write_all(line.as_bytes());
    drop(input);
    let status = child.wait().expect("a child of ours can be waited for");
    (written.is_ok() && status.success()).then_some(())
}

fn find(is_wanted: impl Fn(&Account) -> bool) -> Option<Account> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    text.lines().filter_map(parse).find(is_wanted)
}

/// Parses `name:x:uid:gid:comment:home:shell`.
fn parse(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.split(':').collect();
    Some(Account {
        name: (*fields.first()?).to_owned(),
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
        shell: PathBuf::from(fields.get(6)?),
    })
}

/// Returns 32 hexadecimal digits that nobody can guess.
fn random_word() -> String {
    let mut bytes = [0; 16];
    let mut source = fs::File::open("/dev/urandom").expect("a unix has `/dev/urandom`");
    source.read_exact(&mut bytes).expect("it never ends");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
