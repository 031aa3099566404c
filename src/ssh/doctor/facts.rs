//! What the probe found out, as it was printed: nothing is judged here.

use serde::Serialize;

/// How far the login shell let our command come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// The probe ran to its end.
    #[default]
    Whole,
    /// The shell had not run our command when we stopped waiting.
    Silent {
        /// How long we waited.
        seconds: u64,
    },
    /// The shell ended before our command ran.
    Ended {
        /// Its last line, empty for none.
        words: String,
    },
    /// The probe ran and then stood still.
    Stalled {
        /// What it was looking at: a path or a program's name.
        at: String,
        /// How long we waited.
        seconds: u64,
    },
}

/// Everything that is known of a remote; absent is what it did not tell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// How far the probe came.
    pub answer: Answer,
    /// From the exec to our command, less its two round trips.
    pub shell_ms: Option<u64>,
    /// The last line that startup files printed before our command ran.
    pub noise: Option<String>,
    /// The shortest of three echoes.
    pub round_trip_us: Option<u64>,
    /// By how much the remote's clock is ahead; it tells whole seconds.
    pub clock_ahead_ms: Option<i64>,
    /// Whether a second session may be opened beside the first.
    pub second_session: Option<bool>,
    /// Whether a forwarded connection reached the remote's own sshd.
    pub forwarding: Option<bool>,
    /// The login shell's path.
    pub shell: String,
    /// The user's number.
    pub uid: String,
    /// The user's name.
    pub user: String,
    /// The user's home.
    pub home: String,
    /// The machine's own name.
    pub host: String,
    /// OS and machine, `Linux-x86_64`.
    pub platform: String,
    /// Which boot of the machine it is.
    pub boot: String,
    /// The server's data directory.
    pub data: String,
    /// The batch job that the session belongs to, if any.
    pub job: String,
    /// `CLIENT PORT SERVER PORT`, as sshd sees the connection.
    pub connection: String,
    /// The candidate install roots in their order.
    pub roots: Vec<Root>,
    /// The candidate runtime directories in their order.
    pub runtimes: Vec<Place>,
    /// The instances that have a directory on this machine.
    pub instances: Vec<String>,
    /// The servers of this user that may live.
    pub servers: Vec<Server>,
    /// Instances whose server began since this machine's boot, wherever.
    pub logs: Vec<String>,
    /// Whether this user's own manager outlives logout; absent without logind.
    pub linger: Option<bool>,
    /// The `Kill…` lines of logind.conf(5), the last of each name wins.
    pub logind: Vec<(String, String)>,
    /// What control groups limit.
    pub limits: Vec<Limit>,
    /// What quota(1) prints.
    pub quota: Vec<String>,
    /// What the probe looked at last.
    #[serde(skip)]
    pub at: String,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing.
    Missing,
    /// A directory.
    There,
    /// A symbolic link, where none is followed.
    Link,
    /// Something else.
    File,
}

/// A directory's owner and mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The path.
    pub path: String,
    /// What stands there.
    pub kind: Kind,
    /// Whether it belongs to the login user.
    pub is_ours: bool,
    /// `drwx------`, or `-`.
    pub mode: String,
    /// The owner's name, or `-`.
    pub owner: String,
}

/// Whether a file could be written in a root and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trial {
    /// It was not tried: the place is not ours.
    NotTried,
    /// No file can be made: the permissions do not allow it.
    NotWritable,
    /// No file can be made: the file system is mounted read-only.
    ReadOnly,
    /// A file can be made and no byte written.
    Full,
    /// What was written does not run.
    NotRunnable,
    /// It ran.
    Ran,
}

/// An install root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Root {
    /// Where, and whose.
    #[serde(flatten)]
    pub place: Place,
    /// What could be done there; for a missing one, in the nearest directory.
    pub trial: Trial,
    /// Its file system.
    pub disk: Option<Disk>,
    /// How many percent of the file system's inodes are taken.
    pub inodes_percent: Option<u8>,
    /// The builds that are installed in it, by their files' names.
    pub builds: Vec<String>,
}

/// One line of `df -Pk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The device, or `server:/path`.
    pub device: String,
    /// Its size.
    pub total_kb: u64,
    /// What this user may still take.
    pub free_kb: u64,
    /// How full df calls it.
    pub percent: u8,
    /// Where it is mounted.
    pub mount: String,
}

/// A server's papers, without its token, and the process of that number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// The instance's directory name.
    pub instance: String,
    /// The process.
    pub pid: u32,
    /// When that process started, by the papers.
    pub start: String,
    /// When it started by the kernel; `-` where that does not say.
    pub start_now: String,
    /// The boot, by the papers.
    pub boot: String,
    /// When it began to listen, in milliseconds since 1970.
    pub started_at: u64,
    /// Its version.
    pub version: String,
    /// Its executable, where the kernel tells.
    pub executable: String,
}

/// One file of a control group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// `memory.max`, `pids.max`, `cpu.max`, or version 1's names of them.
    pub name: String,
    /// The file.
    pub file: String,
    /// Its first line; for `cpu.cfs_quota_us` the period follows.
    pub value: String,
}

impl Facts {
    /// The login shell's name, `bash`.
    pub fn shell_name(&self) -> &str {
        self.shell.rsplit('/').next().unwrap_or_default()
    }

    /// A path as a person writes it, `~/.cocalc-plus`.
    pub fn short<'a>(&self, path: &'a str) -> std::borrow::Cow<'a, str> {
        match path.strip_prefix(&self.home) {
            Some(rest) if self.home.len() > 1 && rest.starts_with('/') => format!("~{rest}").into(),
            _ => path.into(),
        }
    }
}

impl Server {
    /// Says whether the papers speak of the process that has this number now.
    pub fn is_alive(&self, boot: &str) -> bool {
        (self.boot == boot || boot.is_empty())
            && (self.start == self.start_now || self.start_now == "-")
    }
}
