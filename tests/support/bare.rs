//! A program on a bare pty that this process reads and writes itself.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{self, Command, Pty};

use super::laptop::Laptop;

/// The most that an awaited text's own write can lie behind it.
const TAIL_BYTES: usize = 4096;

/// A pty whose program nobody stands between; drop ends it.
pub(crate) struct BarePty {
    child: Child,
    terminal: Pty,
}

impl BarePty {
    /// Starts a program whose echo nobody but the kernel makes.
    pub(crate) fn echoing() -> Self {
        Self::spawn(Command::new("/bin/cat").stdout(Stdio::null()))
    }

    /// Starts a program with a laptop's environment.
    pub(crate) fn start(laptop: &Laptop, program: &Path, arguments: &[&str]) -> Self {
        let known = laptop.command(program);
        let variables = known
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let command = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .current_dir(laptop.home());
        Self::spawn(command)
    }

    fn spawn(command: Command) -> Self {
        let (terminal, side) = blocking::open().expect("the system has a free pty");
        terminal
            .resize(Size::new(24, 80))
            .expect("a new pty has a size");
        let child = command.spawn(side).expect("the program starts");
        Self { child, terminal }
    }

    /// Types bytes.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        self.terminal
            .write_all(bytes)
            .expect("the terminal is open");
    }

    /// Reads as many bytes as the buffer takes.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) {
        self.terminal.read_exact(buffer).expect("it prints");
    }

    /// Reads until `text` appeared; returns how many bytes it was.
    ///
    /// # Panics
    /// When the program ends before.
    pub(crate) fn read_until(&mut self, text: &str) -> usize {
        let mut kept = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        let mut count = 0;
        loop {
            let length = self.terminal.read(&mut buffer).expect("it says the text");
            count += length;
            kept.extend_from_slice(&buffer[..length]);
            let wanted = text.as_bytes();
            let from = kept.len().saturating_sub(length + wanted.len());
            if kept[from..].windows(wanted.len()).any(|at| at == wanted) {
                return count;
            }
            kept.drain(..kept.len().saturating_sub(TAIL_BYTES));
        }
    }

    /// Reads what comes for so long, while something comes.
    pub(crate) fn read_for(&mut self, length: Duration) {
        let end = Instant::now() + length;
        let mut buffer = vec![0; 64 << 10];
        while Instant::now() < end {
            let length = self.terminal.read(&mut buffer).expect("it prints");
            assert!(length > 0, "the program ended");
        }
    }
}

impl Drop for BarePty {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
