//! Who logs in to a private sshd, and with which shell.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::account::{self, Account, PasswordAccount};
use super::{find_program, skip};

/// Where the link `ash` to busybox lies; only root writes there.
const LINKS: &str = "/var/lib/ccp-test";

/// The login shells that cases try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// GNU bash.
    Bash,
    /// Debian's `/bin/sh`.
    Dash,
    /// The Z shell.
    Zsh,
    /// fish, whose syntax is no POSIX.
    Fish,
    /// tcsh, whose quoting is its own.
    Tcsh,
    /// The MirBSD Korn shell.
    Mksh,
    /// The ash inside busybox.
    Ash,
}

impl Shell {
    /// Every shell, for cases that walk through them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Bash,
        Self::Dash,
        Self::Zsh,
        Self::Fish,
        Self::Tcsh,
        Self::Mksh,
        Self::Ash,
    ];

    /// Returns the program's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Dash => "dash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Tcsh => "tcsh",
            Self::Mksh => "mksh",
            Self::Ash => "ash",
        }
    }

    /// Returns the file, below the home, that this shell reads for `ssh host
    /// command`, if it reads any.
    ///
    /// bash does so only when built with `SSH_SOURCE_BASHRC`, as Debian's is.
    pub(crate) fn rc_file(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some(".bashrc"),
            Self::Zsh => Some(".zshenv"),
            Self::Fish => Some(".config/fish/config.fish"),
            Self::Tcsh => Some(".tcshrc"),
            Self::Dash | Self::Mksh | Self::Ash => None,
        }
    }

    fn path(self) -> Option<PathBuf> {
        match find_program(self.name()) {
            Some(path) => Some(path),
            None if self == Self::Ash => link_to_busybox(),
            None => None,
        }
    }
}

/// The account behind a private sshd.
#[derive(Debug)]
pub(crate) struct Login {
    account: Account,
    secret: Option<PasswordAccount>,
}

impl Login {
    /// Logs in as the user of the tests, with a key.
    pub(crate) fn current() -> Self {
        Self {
            account: Account::current(),
            secret: None,
        }
    }

    /// Logs in with a key and this login shell; `None`, said aloud, when the
    /// shell is missing or we are not root.
    #[track_caller]
    pub(crate) fn with_shell(shell: Shell) -> Option<Self> {
        // Root first: only root makes the link to busybox.
        let path = if account::is_root() {
            shell.path()
        } else {
            None
        };
        let Some(path) = path else {
            let name = shell.name();
            skip(&format!("the login shell `{name}` needs root and `{name}`"));
            return None;
        };
        Some(Self {
            account: Account::with_shell(shell.name(), &path)?,
            secret: None,
        })
    }

    /// Logs in with a password only; `None`, said aloud, when we are not root.
    #[track_caller]
    pub(crate) fn with_password() -> Option<Self> {
        let secret = PasswordAccount::create()?;
        Some(Self {
            account: secret.account.clone(),
            secret: Some(secret),
        })
    }

    /// Returns the account.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the password, where one opens the door.
    pub(crate) fn password(&self) -> Option<&str> {
        let secret = self.secret.as_ref()?;
        Some(&secret.password)
    }
}

/// busybox takes its applet from argv[0], and sshd starts a shell by its name.
fn link_to_busybox() -> Option<PathBuf> {
    let busybox = find_program("busybox")?;
    let link = Path::new(LINKS).join("ash");
    fs::create_dir_all(LINKS).ok()?;
    // Another case may have made it; what counts is that it is there.
    let _ = symlink(busybox, &link);
    link.is_file().then_some(link)
}
