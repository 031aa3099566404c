//! Running a command to its end, with a deadline.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::poll;

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// What was run, for the failure's text.
    pub(crate) command: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Finished {
    /// Asserts success and passes the result on.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(self.status.success(), "failed: {self:#?}");
        self
    }

    /// Asserts one exit code and passes the result on.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    /// Parses standard output, which must be one JSON value and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(cause) => panic!("no single JSON value: {cause}: {self:#?}"),
        }
    }
}

/// Runs a command without input; panics after `deadline` with all its output.
///
/// Output ends when nobody holds the pipes: a daemon that kept them open makes
/// this fail, as it would make a person's `$(…)` hang.
#[track_caller]
pub(crate) fn run(command: &mut Command, deadline: Duration) -> Finished {
    let begun = Instant::now();
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("cannot start {shown}: {cause}"));
    let (open, closed) = mpsc::channel();
    let stdout = Drain::of(child.stdout.take().expect("stdout is piped"), open.clone());
    let stderr = Drain::of(child.stderr.take().expect("stderr is piped"), open);
    let is_open = closed.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout);
    let left = deadline.saturating_sub(begun.elapsed());
    let ended = poll::found_within(left, || child.try_wait().ok().flatten());
    let ended = ended.filter(|_| !is_open);
    if ended.is_none() {
        // It may have ended and only its pipes live on; either is reported.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (stdout, stderr) = (stdout.text(), stderr.text());
    let Some(status) = ended else {
        panic!("not within {deadline:?}: {shown}\nstdout: {stdout}\nstderr: {stderr}");
    };
    Finished {
        command: shown,
        status,
        stdout,
        stderr,
        elapsed: begun.elapsed(),
    }
}

/// Reads a pipe to its end beside the case.
struct Drain(Arc<Mutex<Vec<u8>>>);

impl Drain {
    /// Drops `open` at the end, which tells the receiver.
    fn of(mut pipe: impl Read + Send + 'static, open: Sender<()>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                let mut kept = kept.lock().expect("nobody panics under this lock");
                kept.extend_from_slice(&buffer[..length]);
            }
            drop(open);
        });
        Self(bytes)
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().expect("nobody panics under this lock");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
