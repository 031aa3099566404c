//! A command on a terminal of its own, for what asks a person.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{self, Command};

use super::poll;

/// How long a text may take to appear, and the command to end.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command whose controlling terminal is ours; drop kills it.
pub(crate) struct Pty {
    child: Child,
    terminal: Arc<blocking::Pty>,
    written: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    seen: usize,
}

impl Pty {
    /// Starts a program on a terminal of 24 × 80 with only this environment.
    pub(crate) fn spawn(
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let (terminal, side) = blocking::open().expect("the system has a free pty");
        terminal
            .resize(Size::new(24, 80))
            .expect("a new pty has a size");
        let variables = environment.iter().map(|(name, value)| (name, value));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .spawn(side)
            .expect("the program starts");
        let terminal = Arc::new(terminal);
        let written = Arc::new(Mutex::new(Vec::new()));
        let reader = read_all(Arc::clone(&terminal), Arc::clone(&written));
        Self {
            child,
            terminal,
            written,
            reader: Some(reader),
            seen: 0,
        }
    }

    /// Waits until `text` appears behind what was waited for before.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let seen = self.seen;
        let end = poll::found_within(DEADLINE, || {
            let output = self.output_bytes();
            let found = find(&output[seen..], text.as_bytes())?;
            Some(seen + found + text.len())
        });
        let Some(end) = end else {
            panic!("`{text}` did not appear:\n{}", self.output());
        };
        self.seen = end;
        self
    }

    /// Types `text` and the return key.
    pub(crate) fn answer(&mut self, text: &str) -> &mut Self {
        self.keys(&format!("{text}\r"))
    }

    /// Types these keys and nothing else.
    pub(crate) fn keys(&mut self, text: &str) -> &mut Self {
        let mut terminal: &blocking::Pty = &self.terminal;
        terminal
            .write_all(text.as_bytes())
            .expect("the terminal is open");
        self
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) -> &mut Self {
        let size = Size::new(rows, cols);
        self.terminal.resize(size).expect("the terminal is open");
        self
    }

    /// Returns the modes that a program sets with `stty`, as text.
    pub(crate) fn modes(&self) -> String {
        let modes = rustix::termios::tcgetattr(&*self.terminal);
        format!("{:?}", modes.expect("a pty has modes"))
    }

    /// Returns the command's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns everything that appeared so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output_bytes()).into_owned()
    }

    /// Waits for the command's end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let ended = poll::found_within(DEADLINE, || self.child.try_wait().ok().flatten());
        let Some(status) = ended else {
            panic!("the command did not end:\n{}", self.output());
        };
        status
    }

    fn output_bytes(&self) -> Vec<u8> {
        let written = self.written.lock();
        written.expect("nobody panics under this lock").clone()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Both fail only when the command has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The reader ends with the last process on the terminal; a daemon may
        // keep it open, and then the thread ends with the tests.
        drop(self.reader.take());
    }
}

fn read_all(terminal: Arc<blocking::Pty>, written: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut terminal: &blocking::Pty = &terminal;
        // Linux says EIO when the last process has closed the terminal.
        while let Ok(length @ 1..) = terminal.read(&mut buffer) {
            let mut written = written.lock().expect("nobody panics under this lock");
            written.extend_from_slice(&buffer[..length]);
        }
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
