//! Starting a process that outlives this one, and what every child gets.
//!
//! A detached process has a session of its own, `/` as its directory, no
//! descriptor of ours but three: null on stdin, a *readiness pipe* on stdout,
//! a log file or null on stderr. It says on the pipe, in one line of its own
//! choosing, that it is ready or why it is not, by [`announce`], which then
//! points stdout at `/dev/null`. Whoever started it reads that line, or sees
//! the end of the pipe when it died first.
//!
//! ```text
//! caller ── fork ── setsid ── fork ── exec        the one that stays; its
//!              └────────── _exit(0), reaped here   parent is init, no zombie
//! ```
//!
//! The second fork costs a tenth of a millisecond. It leaves nobody to reap,
//! and a process that leads no session cannot get a controlling terminal by
//! opening one. Between fork and exec only async-signal-safe calls are made,
//! so the caller may have threads.

#![expect(
    unsafe_code,
    reason = "what happens between fork and exec has no safe interface"
)]
#![expect(clippy::disallowed_methods, reason = "starts detached processes")]

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::PipeReader;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use super::open_files;

/// The largest descriptor that the fallback of `close_range` looks at.
///
/// A limit of a million open files would cost 0.1 s a child on old kernels.
const HIGHEST_FALLBACK_FD: RawFd = 65_536;

/// The number of signals, plus one.
#[cfg(target_os = "linux")]
const SIGNALS_END: libc::c_int = 65;
/// The number of signals, plus one.
#[cfg(not(target_os = "linux"))]
const SIGNALS_END: libc::c_int = 32;

/// A process that runs on its own.
#[derive(Debug)]
pub struct Detached {
    /// Its process id; its parent is init, it is not ours to wait for.
    pub pid: u32,
    /// The read end of its readiness pipe, blocking and close-on-exec.
    pub readiness: PipeReader,
}

/// Starts `program` detached; returns when it has been executed.
///
/// `envs_removed` are names it does not inherit. `log` becomes its stderr.
///
/// # Errors
/// What fork or exec said, such as "not found"; nothing runs then.
pub fn spawn_detached(
    program: &Path,
    args: &[OsString],
    envs_removed: &[&str],
    log: Option<File>,
) -> io::Result<Detached> {
    let (readiness, stdout) = io::pipe()?;
    let (mut pid_reader, pid_writer) = io::pipe()?;
    let pid_fd = pid_writer.as_raw_fd();
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(stdout);
    command.stderr(log.map_or_else(Stdio::null, Stdio::from));
    for name in envs_removed {
        command.env_remove(name);
    }
    // SAFETY: `leave` makes async-signal-safe calls only and does not allocate;
    // `pid_writer` lives until after the spawn, so its number stays valid.
    unsafe { command.pre_exec(move || leave(pid_fd)) };
    let spawned = command.spawn();
    // The command still holds the write end of the readiness pipe.
    drop(command);
    drop(pid_writer);
    spawned?.wait()?;
    let mut pid = [0; 4];
    pid_reader.read_exact(&mut pid)?;
    Ok(Detached {
        pid: u32::from_ne_bytes(pid),
        readiness,
    })
}

/// Writes one line to the readiness pipe and lets go of it.
///
/// To be called once, in the detached process. A newline is appended.
///
/// # Errors
/// A broken pipe when the starter no longer waits; stdout is null all the same.
pub fn announce(line: &[u8]) -> io::Result<()> {
    let mut out = line.to_vec();
    out.push(b'\n');
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&out).and_then(|()| stdout.flush());
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    written
}

/// Gives a child between fork and exec clean signals, no descriptor of ours and
/// the limit of open files that we were given.
///
/// Every signal acts as by default, none is blocked, and what is open beyond
/// stderr closes at exec. Async-signal-safe.
pub(super) fn clean_child() {
    for signal in 1..SIGNALS_END {
        // SAFETY: signal() is async-signal-safe; numbers that cannot be set
        // are refused with EINVAL.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: an all-zero set is a valid place for sigemptyset to fill, and
    // both calls are async-signal-safe.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
    if !close_range_on_exec(3) {
        close_each_on_exec(3);
    }
    open_files::restore();
}

/// Leaves the caller's session and family; the middle process ends here.
fn leave(pid_fd: RawFd) -> io::Result<()> {
    rustix::process::setsid()?;
    // SAFETY: the child of a fork has one thread and glibc has reset its locks
    // there; both branches go on with async-signal-safe calls only.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        // SAFETY: _exit runs no handler and flushes no buffer of the caller.
        _ => unsafe { libc::_exit(0) },
    }
    clean_child();
    // SAFETY: `pid_fd` is open until exec, and getpid and write are safe here;
    // four bytes are always written at once to an empty pipe.
    let written = unsafe {
        let pid = libc::getpid().to_ne_bytes();
        libc::write(pid_fd, pid.as_ptr().cast(), pid.len())
    };
    if written == 4 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Marks all descriptors from `first` on in one call; Linux 5.11 and newer.
fn close_range_on_exec(first: RawFd) -> bool {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: only flags of descriptors change, at exec of this child.
        let rc = unsafe {
            libc::syscall(
                libc::SYS_close_range,
                first,
                libc::c_uint::MAX,
                CLOSE_RANGE_CLOEXEC,
            )
        };
        rc == 0
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = first;
        false
    }
}

/// Marks descriptors one by one, up to [`HIGHEST_FALLBACK_FD`].
fn close_each_on_exec(first: RawFd) {
    // SAFETY: getrlimit fills the structure that it is given; fcntl on a
    // number that is not open fails with EBADF and changes nothing.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        let end = RawFd::try_from(limit.rlim_cur).unwrap_or(RawFd::MAX);
        for fd in first..end.min(HIGHEST_FALLBACK_FD) {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::FromRawFd;
    use std::os::fd::OwnedFd;

    use super::*;

    #[cfg(target_os = "linux")]
    fn run(script: &str) -> String {
        let args = [OsString::from("-c"), OsString::from(script)];
        let mut detached = spawn_detached(Path::new("/bin/sh"), &args, &["CARGO"], None).unwrap();
        let mut said = String::new();
        detached.readiness.read_to_string(&mut said).unwrap();
        said.replace(&format!("{} ", detached.pid), "PID ")
    }

    /// Opens a descriptor that would be inherited.
    fn leaky() -> OwnedFd {
        let file = File::open("/dev/null").unwrap();
        // SAFETY: dup returns a new descriptor that nobody else owns.
        unsafe { OwnedFd::from_raw_fd(libc::dup(file.as_raw_fd())) }
    }

    fn closes_on_exec(fd: &OwnedFd) -> bool {
        // SAFETY: F_GETFD only reads.
        unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_detached_process_has_its_own_session_and_nothing_of_ours() {
        let _leaky = leaky();
        let said =
            run("echo $$ $(pwd) ${CARGO-none} $(cat <&0) end; ls /proc/$$/fd | tr '\\n' ' '");
        // The shell itself may keep a descriptor of its own at 10 or above.
        assert!(said.starts_with("PID / none end\n0 1 2 "), "{said}");
        assert!(
            !said[16..].contains(['3', '4', '5', '6', '7', '8', '9']),
            "{said}"
        );
        // Leads no session, so it cannot get a controlling terminal.
        let stat = run("cat /proc/$$/stat");
        let mut fields = stat.split(' ').skip(3);
        let (parent, group, session) = (fields.next(), fields.next(), fields.next());
        assert_eq!(group, session);
        assert_ne!(parent, Some(std::process::id().to_string().as_str()));
        assert!(!stat.starts_with(&format!("{} ", session.unwrap())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn signals_ignored_or_blocked_here_are_not_there() {
        let said = run("exec grep -E 'Sig(Blk|Ign)' /proc/self/status");
        let masks = said.lines().map(|line| line.split_once(":\t").unwrap().1);
        // glibc keeps signals 32 and 33 for itself and lets nobody reset them.
        let of_ours = |mask| u64::from_str_radix(mask, 16).unwrap() & !(3 << 31);
        assert_eq!(masks.map(of_ours).collect::<Vec<_>>(), [0, 0]);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_here() {
        let error = spawn_detached(Path::new("/nowhere/x"), &[], &[], None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_fallback_marks_what_close_range_marks() {
        // Far from other tests' descriptors; harmless, std marks them anyway.
        let by_each = leaky();
        close_each_on_exec(by_each.as_raw_fd());
        assert!(closes_on_exec(&by_each));
        let by_range = leaky();
        if close_range_on_exec(by_range.as_raw_fd()) {
            assert!(closes_on_exec(&by_range));
        }
    }
}
