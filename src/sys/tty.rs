//! The terminal that a person sits at: its bytes, its size, raw mode.
//!
//! ```text
//! cooked ── open ──▶ raw ── drop ──▶ farewell written, cooked as before
//! ```
//!
//! It is opened anew by its name: not blocking is then a matter of this
//! descriptor alone, and not of the shell's, which would have to live with it.
//! Not undone: SIGKILL and SIGSTOP leave the terminal raw.

#![expect(unsafe_code, reason = "registering a descriptor with the runtime")]

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::termios::OptionalActions;
use rustix::termios::QueueSelector;
use rustix::termios::Termios;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use super::pty::Size;

/// How long a terminal may take to accept the farewell.
const FAREWELL_DEADLINE: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// The terminal on stdin in raw mode, for one reader and one writer at a time.
///
/// Dropping it says farewell and restores its mode, also in a panic.
#[derive(Debug)]
pub struct Tty {
    stream: AsyncFd<OwnedFd>,
    saved: Termios,
    farewell: RefCell<String>,
}

/// Hears when the terminal's size has changed.
#[derive(Debug)]
pub struct Resizes(Signal);

impl Tty {
    /// Opens the terminal on stdin and makes it raw.
    ///
    /// Needs a tokio runtime with IO.
    ///
    /// # Errors
    /// ENOTTY when stdin is no terminal; nothing has changed then.
    pub fn open() -> io::Result<Self> {
        let saved = rustix::termios::tcgetattr(rustix::stdio::stdin())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let named = rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new())
            .and_then(|name| rustix::fs::open(name, flags, Mode::empty()));
        // In a container its name may lead nowhere.
        let descriptor = named.or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()))?;
        // SAFETY: the `AsyncFd` owns the descriptor; nothing replaces or
        // closes it before, and nothing takes it out.
        let stream = unsafe { AsyncFd::register(descriptor) }.map_err(io::Error::from)?;
        let tty = Self {
            stream,
            saved,
            farewell: RefCell::default(),
        };
        let mut raw = tty.saved.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(tty.stream.get_ref(), OptionalActions::Now, &raw)?;
        Ok(tty)
    }

    /// Says what is written at the end; nothing, before the first time.
    pub fn set_farewell(&self, farewell: String) {
        self.farewell.replace(farewell);
    }

    /// The terminal's size; 80 × 24 where it does not know.
    pub fn size(&self) -> Size {
        let found = rustix::termios::tcgetwinsize(self.stream.get_ref()).ok();
        let known = found.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        known.map_or(Size { cols: 80, rows: 24 }, |size| Size {
            cols: size.ws_col,
            rows: size.ws_row,
        })
    }

    /// Appends what was typed; 0 when the terminal is gone.
    ///
    /// Fills the buffer's spare capacity at most, which must not be empty.
    /// Cancel-safe.
    ///
    /// # Errors
    /// What the kernel said.
    pub async fn read(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let mut ready = self.stream.readable().await?;
            let read = |stream: &AsyncFd<OwnedFd>| {
                Ok(rustix::io::read(stream.get_ref(), spare_capacity(buffer))?)
            };
            if let Ok(result) = ready.try_io(read) {
                return result;
            }
        }
    }

    /// Writes some of the bytes; returns how many.
    ///
    /// Waits while the terminal takes none. Cancel-safe.
    ///
    /// # Errors
    /// What the kernel said.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.stream.writable().await?;
            let write = |stream: &AsyncFd<OwnedFd>| Ok(rustix::io::write(stream.get_ref(), bytes)?);
            if let Ok(result) = ready.try_io(write) {
                return result;
            }
        }
    }

    /// Writes to a descriptor that does not block, without the runtime.
    fn write_at_once(&self, mut rest: &[u8]) -> rustix::io::Result<()> {
        let stream = self.stream.get_ref();
        while !rest.is_empty() {
            let mut watched = [PollFd::new(stream, PollFlags::OUT)];
            if rustix::event::poll(&mut watched, Some(&FAREWELL_DEADLINE))? == 0 {
                return Err(rustix::io::Errno::TIMEDOUT);
            }
            let length = rustix::io::write(stream, rest)?;
            rest = &rest[length..];
        }
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // A terminal that is gone needs neither.
        let farewell = self.farewell.take();
        let _ = self.write_at_once(farewell.as_bytes());
        let stream = self.stream.get_ref();
        // Answers of its emulator that are still to be read are for nobody.
        let _ = rustix::termios::tcflush(stream, QueueSelector::IFlush);
        let _ = rustix::termios::tcsetattr(stream, OptionalActions::Now, &self.saved);
    }
}

impl Resizes {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::window_change()).map(Self)
    }

    /// Waits for the next change. Cancel-safe.
    pub async fn next(&mut self) {
        // No end of the signals while this process runs.
        let _ = self.0.recv().await;
    }
}

/// Says whether a person can use stdin and stdout as a terminal.
pub fn is_here() -> bool {
    rustix::termios::isatty(rustix::stdio::stdin())
        && rustix::termios::isatty(rustix::stdio::stdout())
}
