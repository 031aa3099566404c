//! Pseudo-terminals: open, run a program on one, read, write, resize, hang up.
//!
//! The program gets what a login on a real terminal gets: a session of its own
//! with this pty as controlling terminal, default signals, no descriptor but
//! the pty. Rules of the kernels that matter here:
//!
//! - Linux reports EIO on the master once nobody has the slave open; macOS
//!   reports an end of file. Both read as 0 bytes here.
//! - On Linux a read flushes what the slave wrote before it says "nothing
//!   there", so that after the program's end everything is read by reading
//!   until [`io::ErrorKind::WouldBlock`].
//! - Closing the master hangs up the foreground process group only, and a
//!   program may catch that. [`end_session`] is how to be sure.

#![expect(
    unsafe_code,
    reason = "what happens between fork and exec has no safe interface"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "starts the program of a terminal"
)]

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::io::FdFlags;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;
use tokio::process::Command;

/// How often [`end_session`] looks whether processes are still there.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How often [`end_session`] kills what was forked while it was killing.
const KILL_ROUNDS: usize = 50;

/// A terminal's size in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub cols: u16,
    /// Height.
    pub rows: u16,
}

/// What to run on a pty; nothing is inherited.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file to execute.
    pub path: PathBuf,
    /// What it is called: `-bash` makes a login shell of bash.
    pub argv0: OsString,
    /// The arguments after `argv[0]`.
    pub args: Vec<OsString>,
    /// The directory that it starts in; it must exist.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
}

/// The master side of a pty, for one reader and one writer at a time.
#[derive(Debug)]
pub struct Pty {
    master: AsyncFd<OwnedFd>,
}

impl Pty {
    /// Opens a pty and starts `program` on it.
    ///
    /// Needs a tokio runtime with IO. The child is not killed when dropped.
    ///
    /// # Errors
    /// No free pty, or what exec or the change of directory said.
    pub fn spawn(program: &Program, size: Size) -> io::Result<(Self, Child)> {
        let (master, slave) = open(size)?;
        let mut command = Command::new(&program.path);
        command
            .arg0(&program.argv0)
            .args(&program.args)
            .current_dir(&program.cwd);
        command
            .env_clear()
            .envs(program.env.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?));
        command.stderr(Stdio::from(slave));
        // SAFETY: only async-signal-safe calls are made and nothing allocates.
        unsafe { command.pre_exec(take_terminal) };
        let child = command.spawn()?;
        // SAFETY: the `AsyncFd` owns the descriptor; nothing replaces or
        // closes it before, and nothing takes it out.
        let master = unsafe { AsyncFd::register(master) }.map_err(io::Error::from)?;
        Ok((Self { master }, child))
    }

    /// Appends what the program printed; 0 when nobody has the slave any more.
    ///
    /// Fills the buffer's spare capacity at most, which must not be empty.
    /// Cancel-safe.
    ///
    /// # Errors
    /// What the kernel said; EIO is the end, not an error.
    pub async fn read(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let mut ready = self.master.readable().await?;
            if let Ok(result) = ready.try_io(|master| read_master(master.get_ref(), buffer)) {
                return result;
            }
        }
    }

    /// Appends what is there already, as [`Self::read`] does.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing is.
    pub fn try_read(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        read_master(self.master.get_ref(), buffer)
    }

    /// Types into the terminal; returns how many bytes it took.
    ///
    /// Waits while the program does not read. Cancel-safe.
    ///
    /// # Errors
    /// EIO when nobody has the slave any more.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.writable().await?;
            let write = |master: &AsyncFd<OwnedFd>| {
                retry(|| rustix::io::write(master.get_ref(), bytes)).map_err(io::Error::from)
            };
            if let Ok(result) = ready.try_io(write) {
                return result;
            }
        }
    }

    /// Changes the size; the foreground process group gets SIGWINCH.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        Ok(rustix::termios::tcsetwinsize(
            self.master.get_ref(),
            winsize(size),
        )?)
    }
}

/// Ends every process of a session: hang-up, `grace`, then kill.
///
/// `leader` is the process id that leads it. A process that was told to ignore
/// hang-ups (`nohup`) lives on unless it is the leader, on Linux; elsewhere
/// that cannot be seen and it ends too. A process that left the session
/// (`setsid`, a daemon) is not touched.
pub async fn end_session(leader: u32, grace: Duration) {
    for pid in members(leader) {
        signal(pid, Signal::HUP);
        // A stopped process acts on nothing but this.
        signal(pid, Signal::CONT);
    }
    let doomed = || {
        let mut pids = members(leader);
        pids.retain(|&pid| pid == leader || !ignores_hang_up(pid));
        pids
    };
    let looks = grace.as_millis() / LOOK_AGAIN.as_millis();
    for _ in 0..looks {
        if doomed().is_empty() {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    for _ in 0..KILL_ROUNDS {
        let pids = doomed();
        if pids.is_empty() {
            return;
        }
        pids.into_iter().for_each(|pid| signal(pid, Signal::KILL));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Opens both sides, the master non-blocking, both close-on-exec.
fn open(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::io::fcntl_setfd(&master, FdFlags::CLOEXEC)?;
    rustix::pty::grantpt(&master)?;
    rustix::pty::unlockpt(&master)?;
    let slave = open_slave(&master)?;
    rustix::termios::tcsetwinsize(&slave, winsize(size))?;
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        // So that erasing in a line editor of the kernel's erases a character,
        // not a byte.
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        modes.input_modes |= rustix::termios::InputModes::IUTF8;
        rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &modes)?;
    }
    let flags = rustix::fs::fcntl_getfl(&master)?;
    rustix::fs::fcntl_setfl(&master, flags | OFlags::NONBLOCK)?;
    Ok((master, slave))
}

fn open_slave(master: &OwnedFd) -> io::Result<OwnedFd> {
    // Linux 4.13 and newer; does not depend on what /dev/pts is in here.
    #[cfg(target_os = "linux")]
    {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        if let Ok(slave) = rustix::pty::ioctl_tiocgptpeer(master, flags) {
            return Ok(slave);
        }
    }
    open_slave_by_name(master)
}

fn open_slave_by_name(master: &OwnedFd) -> io::Result<OwnedFd> {
    let name = rustix::pty::ptsname(master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(name, flags, rustix::fs::Mode::empty())?)
}

/// Makes stdin the controlling terminal of a new session; in the child.
fn take_terminal() -> io::Result<()> {
    super::detach::clean_child();
    rustix::process::setsid()?;
    Ok(rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?)
}

fn read_master(master: &OwnedFd, buffer: &mut Vec<u8>) -> io::Result<usize> {
    match retry(|| rustix::io::read(master, spare_capacity(buffer))) {
        Err(Errno::IO) => Ok(0),
        other => Ok(other?),
    }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

fn winsize(size: Size) -> Winsize {
    Winsize {
        ws_col: size.cols,
        ws_row: size.rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Sends a signal; a process that is gone needs none.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Lists the living processes of a session.
#[cfg(target_os = "linux")]
fn members(leader: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| session_of(pid) == Some(leader))
        .collect()
}

/// Reads the session of a process that is not a zombie, from `proc(5)`.
///
/// `4711 (a name) S parent group session …`; the name may hold anything.
#[cfg(target_os = "linux")]
fn session_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let fields = String::from_utf8_lossy(&stat[name_end + 1..]).into_owned();
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let session = fields.nth(2)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(session)
}

/// Lists the processes of a session.
#[cfg(target_os = "macos")]
fn members(leader: u32) -> Vec<u32> {
    let mut pids = vec![0_i32; 16_384];
    let size = i32::try_from(pids.len() * size_of::<i32>()).unwrap_or(i32::MAX);
    // SAFETY: the buffer is as large as it is said to be.
    let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), size) };
    pids.truncate(usize::try_from(count).unwrap_or(0));
    let session = |pid| rustix::process::getsid(Pid::from_raw(pid)).ok();
    pids.retain(|&pid| {
        pid > 0 && session(pid).is_some_and(|sid| sid.as_raw_nonzero().get() as u32 == leader)
    });
    pids.into_iter()
        .filter_map(|pid| u32::try_from(pid).ok())
        .collect()
}

/// Tells whether a process ignores SIGHUP, from `SigIgn:` in `proc(5)`.
#[cfg(target_os = "linux")]
fn ignores_hang_up(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 != 0)
}

#[cfg(target_os = "macos")]
fn ignores_hang_up(_pid: u32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { cols: 80, rows: 24 };

    fn shell(script: &str) -> Program {
        Program {
            path: "/bin/sh".into(),
            argv0: "-sh".into(),
            args: vec!["-c".into(), script.into()],
            cwd: "/tmp".into(),
            env: crate::sys::env::all()
                .into_iter()
                .filter(|(name, _)| name == "PATH")
                .collect(),
        }
    }

    async fn read_to_end(pty: &Pty) -> String {
        let mut all = Vec::with_capacity(4096);
        while pty.read(&mut all).await.unwrap() > 0 {
            all.reserve(4096);
        }
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn a_program_gets_a_terminal_like_a_login() {
        let script = "echo $0; pwd; tty -s && echo tty; stty size; ps -o tpgid= -p $$ | \
                      grep -qw $$ && echo foreground; exec env";
        let (pty, mut child) = Pty::spawn(&shell(script), SIZE).unwrap();
        let said = read_to_end(&pty).await;
        let lines: Vec<_> = said.lines().filter(|line| !line.contains('=')).collect();
        assert_eq!(
            lines,
            ["-sh", "/tmp", "tty", "24 80", "foreground"],
            "{said}"
        );
        assert!(said.contains("PATH=") && !said.contains("CARGO"), "{said}");
        assert!(child.wait().await.unwrap().success());
    }

    #[tokio::test]
    async fn a_resize_arrives() {
        let script = "trap 'stty size; exit' WINCH; echo on; while :; do read x; done";
        let (pty, _child) = Pty::spawn(&shell(script), SIZE).unwrap();
        let mut buffer = Vec::with_capacity(100);
        assert!(pty.read(&mut buffer).await.unwrap() > 0);
        pty.resize(Size { cols: 33, rows: 7 }).unwrap();
        pty.write(b"\n").await.unwrap();
        assert!(read_to_end(&pty).await.contains("7 33"));
    }

    #[test]
    fn the_slave_opens_by_name_too() {
        let (master, _slave) = open(SIZE).unwrap();
        assert!(rustix::termios::isatty(
            open_slave_by_name(&master).unwrap()
        ));
    }
}
