//! Whole processes, timed from their start to their end.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::laptop::Laptop;
use crate::support::{bin, find_program, processes};

/// How long a timed process may take; then it is killed, and the figure fails.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs a command and returns how many milliseconds it took.
///
/// Its output goes nowhere; its input is what the caller has set.
///
/// # Panics
/// When the command fails, with its stderr.
#[track_caller]
pub(crate) fn timed(command: &mut Command) -> f64 {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let pid = child.id();
    let (done, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
            processes::kill(pid);
        }
    });
    let status = child.wait().expect("a child of ours can be waited for");
    let taken = begun.elapsed();
    drop(done);
    if !status.success() {
        let mut words = String::new();
        let stderr = child.stderr.take().expect("stderr is piped");
        // A daemon of ours may hold it open: no more than the first words.
        let _ = stderr.take(1024).read_to_string(&mut words);
        panic!("{command:?}: {status}: {words}");
    }
    milliseconds(taken)
}

/// Returns a duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Returns `cocalc-plus ssh box --no-open --json` on a laptop.
pub(crate) fn ours(laptop: &Laptop) -> Command {
    let mut command = laptop.command(&bin());
    command.args(["ssh", "box", "--no-open", "--json"]);
    command.stdin(Stdio::null());
    command
}

/// Returns `ssh box …` on a laptop, which makes a connection of its own.
///
/// Through the laptop's wrapper, as our own ssh: both pay for its shell.
pub(crate) fn ssh(laptop: &Laptop, words: &[&str]) -> Command {
    let mut command = laptop.command(&laptop.file("bin/ssh"));
    command.arg("box").args(words).stdin(Stdio::null());
    command
}

/// Returns the path of a program that a system with ssh has.
pub(crate) fn program(name: &str) -> PathBuf {
    find_program(name).unwrap_or_else(|| panic!("no `{name}` on this system"))
}
