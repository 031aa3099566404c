//! What a process says when a fault ends it.
#![expect(unsafe_code, reason = "signal handlers have no safe interface")]

use std::fs;
use std::io;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

use super::text;

/// Where a dying process writes; −1 for nowhere.
static DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);

/// The faults, and what is written for each.
const FAULTS: [(libc::c_int, &str); 5] = [
    (libc::SIGSEGV, "a segmentation fault (SIGSEGV)"),
    (libc::SIGBUS, "a bus error (SIGBUS)"),
    (libc::SIGILL, "an illegal instruction (SIGILL)"),
    (libc::SIGFPE, "an arithmetic fault (SIGFPE)"),
    (libc::SIGABRT, "it aborted (SIGABRT)"),
];

/// How much of last words is read.
const MOST_BYTES: usize = 1000;

/// The file for last words; it goes when the process ends well.
#[derive(Debug)]
pub struct LastWords {
    path: PathBuf,
    /// What the handlers write to.
    _file: fs::File,
}

impl LastWords {
    /// Makes the file: from now on a fault of this process leaves a line.
    ///
    /// Once in a process.
    ///
    /// # Errors
    /// Whatever making the file says.
    pub fn prepare(path: &Path) -> io::Result<Self> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        DESCRIPTOR.store(file.as_raw_fd(), Ordering::Relaxed);
        for (signal, _) in FAULTS {
            // SAFETY: the handler calls nothing but `write`, `signal` and
            // `raise`, which are safe in one; an all-zero mask is empty.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = last_act as extern "C" fn(libc::c_int) as libc::sighandler_t;
                action.sa_flags = libc::SA_ONSTACK;
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
        let (copy, default) = (file.try_clone()?, std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            // A panic of another thread ends a request, not the process.
            if std::thread::current().name() == Some("main") {
                let _ = writeln!(&copy, "{panic}");
            }
            default(panic);
        }));
        Ok(Self {
            path: path.to_owned(),
            _file: file,
        })
    }

    /// Removes the file: the process ends well.
    pub fn discard(self) {
        DESCRIPTOR.store(-1, Ordering::Relaxed);
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads what a process that is gone said last, as one printable line; empty
/// when that was nothing.
pub fn read(path: &Path) -> String {
    let said = fs::read(path).unwrap_or_default();
    let said = String::from_utf8_lossy(&said[..said.len().min(MOST_BYTES)]).into_owned();
    let words: Vec<&str> = said.split_whitespace().collect();
    text::printable(&words.join(" "))
}

/// Writes which fault it was, and lets it end the process.
extern "C" fn last_act(signal: libc::c_int) {
    let file = DESCRIPTOR.load(Ordering::Relaxed);
    for (fault, words) in FAULTS {
        if fault == signal && file >= 0 {
            // SAFETY: the bytes are static; a failure can be told to nobody.
            unsafe {
                libc::write(file, words.as_ptr().cast(), words.len());
            }
        }
    }
    // SAFETY: both may be called in a handler; the default ends the process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
