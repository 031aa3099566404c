//! Who runs: users, pids that cannot be mistaken, boots, peers, signals.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use serde::Deserialize;
use serde::Serialize;

use super::login;

/// How often [`wait_gone`] looks.
const LOOK: Duration = Duration::from_millis(10);

/// A process that cannot be mistaken for a later one of the same number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The process id.
    pub pid: u32,
    /// When it started, as the kernel counts it; compared, never computed with.
    pub start: String,
    /// The boot that it belongs to.
    pub boot_id: String,
}

impl Identity {
    /// Returns the identity of this process.
    pub fn of_self() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            start: start_of(pid).unwrap_or_default(),
            boot_id: boot_id(),
        }
    }

    /// Returns the identity of a process that runs.
    pub fn of(pid: u32) -> Option<Self> {
        Some(Self {
            pid,
            start: start_of(pid)?,
            boot_id: boot_id(),
        })
    }

    /// Says whether that very process still runs; a zombie does not.
    pub fn is_alive(&self) -> bool {
        self.boot_id == boot_id() && start_of(self.pid).is_some_and(|start| start == self.start)
    }

    /// Sends a signal, if that very process still runs.
    pub fn signal(&self, signal: End) {
        if let (true, Some(pid)) = (
            self.is_alive(),
            i32::try_from(self.pid).ok().and_then(Pid::from_raw),
        ) {
            // It may have ended since; then there is nothing to signal.
            let _ = rustix::process::kill_process(pid, signal.number());
        }
    }
}

/// Kills a process that this one has just started, by its number.
pub fn end(pid: u32) {
    if let Some(start) = start_of(pid) {
        Identity {
            pid,
            start,
            boot_id: boot_id(),
        }
        .signal(End::AtOnce);
    }
}

/// How to ask a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGTERM: it may tidy up.
    Politely,
    /// SIGKILL: it may not.
    AtOnce,
}

impl End {
    fn number(self) -> Signal {
        match self {
            Self::Politely => Signal::TERM,
            Self::AtOnce => Signal::KILL,
        }
    }
}

/// Waits until a process is gone; tells whether it is.
pub async fn wait_gone(process: &Identity, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    while process.is_alive() {
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

/// Returns this user's number.
pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns the machine's name, `gpu1`.
pub fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Returns OS and architecture as `uname -s` and `uname -m` say, `Linux-x86_64`.
pub fn platform() -> String {
    let names = rustix::system::uname();
    format!(
        "{}-{}",
        names.sysname().to_string_lossy(),
        names.machine().to_string_lossy()
    )
}

/// Returns what identifies this boot of the machine, or an empty string.
pub fn boot_id() -> String {
    #[cfg(target_os = "linux")]
    let found = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    #[cfg(not(target_os = "linux"))]
    let found = run("sysctl", &["-n", "kern.bootsessionuuid"]);
    found.unwrap_or_default().trim().to_owned()
}

/// Returns when a process started, or `None` when it does not run (any more).
#[cfg(target_os = "linux")]
pub fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // Field 22 of proc(5), `starttime`; the state is field 3.
    fields.nth(18).map(str::to_owned)
}

/// Returns when a process started, or `None` when it does not run (any more).
#[cfg(not(target_os = "linux"))]
pub fn start_of(pid: u32) -> Option<String> {
    run("ps", &["-o", "lstart=", "-p", &pid.to_string()])
}

/// Runs a program and returns what it printed, trimmed; `None` when that is
/// nothing, no text, or there is no such program.
pub fn run(program: &str, args: &[&str]) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one owner of subprocesses")]
    let output = std::process::Command::new(program)
        .args(args)
        .stdin(std::process::Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Returns the executables that this user's processes run from, as far as the
/// system tells.
pub fn running_executables() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path().join("exe")).ok())
        .collect()
}

/// Finds this user's processes by what `read` makes of their arguments, the
/// program's name first.
///
/// A process may say of itself what it likes: only harmless things may follow.
#[cfg(target_os = "linux")]
pub fn with_arguments<T>(read: impl Fn(&[OsString]) -> Option<T>) -> Vec<(u32, T)> {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let is_ours = entry.metadata().is_ok_and(|meta| meta.uid() == uid());
        let line = is_ours.then(|| fs::read(entry.path().join("cmdline")).ok())??;
        let line = line.strip_suffix(b"\0")?;
        let words: Vec<OsString> = line
            .split(|&byte| byte == 0)
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect();
        Some((pid, read(&words)?))
    });
    found.collect()
}

/// Finds this user's processes by what `read` makes of their arguments, the
/// program's name first.
///
/// Arguments that hold spaces are not found: `ps` does not tell them apart.
#[cfg(not(target_os = "linux"))]
pub fn with_arguments<T>(read: impl Fn(&[OsString]) -> Option<T>) -> Vec<(u32, T)> {
    let user = uid().to_string();
    let listing = run("/bin/ps", &["-ww", "-U", &user, "-o", "pid=,args="]).unwrap_or_default();
    let found = listing.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let pid = words.next()?.parse().ok()?;
        let words: Vec<OsString> = words.map(OsString::from).collect();
        Some((pid, read(&words)?))
    });
    found.collect()
}

/// Finds this user's processes whose environment at their start had this
/// `NAME=value`; nobody tells but on Linux.
pub fn with_variable(wanted: &[u8]) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // Another user's cannot be read.
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let mut variables = environment.split(|&byte| byte == 0);
        variables.any(|variable| variable == wanted).then_some(pid)
    });
    found.collect()
}

/// Sends a hang-up, which daemons take as "look again"; a gone process is fine.
///
/// One that has only just begun, and does not listen for it yet, would die of
/// it and gets none.
pub fn hang_up(pid: u32) {
    if !catches_hang_up(pid) {
        return;
    }
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, Signal::HUP);
    }
}

/// Says whether a process has a handler for hang-ups, by proc(5).
#[cfg(target_os = "linux")]
fn catches_hang_up(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1, the hang-up.
    caught.is_some_and(|mask| mask & 1 == 1)
}

/// Nobody tells here, so it is always sent.
#[cfg(not(target_os = "linux"))]
fn catches_hang_up(_pid: u32) -> bool {
    true
}

/// Refuses a peer on a unix socket that is another user.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] for another user's process (root too,
/// unless we are root), or what the system says.
pub fn check_peer(socket: &tokio::net::UnixStream) -> io::Result<()> {
    let peer = socket.peer_cred()?.uid();
    if peer == uid() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("user {peer} is not the owner"),
    ))
}

/// Says whether a descriptor is a terminal.
pub fn is_terminal<F: AsFd>(descriptor: F) -> bool {
    rustix::termios::isatty(descriptor)
}

/// Lets a child end when this process does, however that comes to pass; only
/// Linux can. What the child leaves behind as a daemon of its own stays.
///
/// To be called from the thread that will live as long as this process: the
/// kernel means the thread that starts the child.
pub fn ends_with_us(command: &mut tokio::process::Command) {
    #[cfg(target_os = "linux")]
    {
        let us = rustix::process::getpid();
        let ask = move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            // We may have ended before the kernel was asked.
            if rustix::process::getppid() == Some(us) {
                Ok(())
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        };
        // SAFETY: two system calls that are async-signal-safe, no allocation.
        #[expect(unsafe_code, reason = "between fork and exec there is no safe way")]
        unsafe {
            command.pre_exec(ask)
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Prepares a command in the caller's environment, without its secrets; the one
/// way to run others.
pub fn command(program: &str) -> tokio::process::Command {
    #[expect(clippy::disallowed_methods, reason = "the one owner of subprocesses")]
    let mut command = tokio::process::Command::new(program);
    command.kill_on_drop(true);
    for name in login::SECRETS {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_has_no_handler_yet_is_not_hung_up() {
        use std::os::unix::process::ExitStatusExt;
        let mut sleeper = command("sleep").arg("60").spawn().unwrap();
        hang_up(sleeper.id().unwrap());
        sleeper.start_kill().unwrap();
        assert_eq!(sleeper.wait().await.unwrap().signal(), Some(9));
    }

    #[test]
    fn this_process_is_alive_and_a_reused_number_is_not() {
        let me = Identity::of_self();
        assert!(me.is_alive());
        let mut other = me.clone();
        other.start = "1".into();
        assert!(!other.is_alive());
        let mut rebooted = me;
        rebooted.boot_id = "another".into();
        assert!(!rebooted.is_alive());
    }

    #[test]
    fn the_platform_names_system_and_machine() {
        let platform = platform();
        assert!(platform.contains('-'), "{platform}");
    }
}
