//! A terminal shown inside another one: the client of `terminal attach`.
//!
//! ```text
//!             output, View                    bytes, or a painted screen
//! holder ─────────────────────▶ canvas ──────────────────────────────────▶ tty
//!    ◀──── Ack, Resize, Data ── outbox ◀──── keys ◀──── typed, replies ───────
//!
//! showing ── detach key, signal, tty gone ──▶ Detached
//!    └────── Exit ──▶ Ended        connection broke ──▶ Error::Vanished
//! ```
//!
//! Nothing waits for the other direction: what is written to a tty that takes
//! nothing, and what is typed into a program that does not read, are kept, and
//! the detach key is heard all the same until a mebibyte waits.
//! Nothing reconnects: the socket is this machine's, and breaks only with its
//! holder.

mod canvas;
mod keys;
mod outbox;

use std::path::Path;
use std::time::Duration;

use tokio::net::unix::OwnedReadHalf;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio::time::timeout;

use self::canvas::Canvas;
pub use self::keys::DetachKey;
use self::keys::Keys;
pub use self::keys::NoDetachKey;
use self::keys::Replies;
use self::outbox::Outbox;
use super::client;
use super::error::Error;
use super::wire::FrameReader;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Exit;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::VERSION;
use crate::sys::secret;
use crate::sys::shutdown::Shutdown;
use crate::sys::tty::Resizes;
use crate::sys::tty::Tty;

/// How much is read from the tty at once.
const READ_BYTES: usize = 4 << 10;

/// How long the rest of a reply may take; then its beginning was a key.
const PARTIAL_DEADLINE: Duration = Duration::from_millis(30);

/// The least time between two paintings of a window of another size.
const PAINT_PAUSE: Duration = Duration::from_millis(30);

/// How long after a replay of version 1 replies are not believed: it repeats
/// what was asked and answered long ago.
const ECHO_TIME: Duration = Duration::from_secs(1);

/// How long the tty may take to accept what is drawn last.
const LAST_DRAWING_DEADLINE: Duration = Duration::from_secs(1);

/// How a view of a terminal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The terminal lives on.
    Detached,
    /// Its program ended.
    Ended(Exit),
}

/// Shows a terminal in the one on stdin until either ends.
///
/// The mode of the terminal on stdin is restored on every way out.
///
/// # Errors
/// Those of [`client::connect`], before anything was drawn; [`Error::Broken`]
/// when stdin is no terminal; [`Error::Vanished`].
pub async fn show(dir: &Path, id: &str, detach: DetachKey) -> Result<Left, Error> {
    let socket = client::socket_path(dir, id)?;
    let (ended, mut resizes) = (Shutdown::default(), Resizes::listen()?);
    ended.on_signals()?;
    ended.on_hang_up()?;
    let tty = Tty::open()?;
    let window = tty.size();
    let hello = ClientHello {
        version: VERSION,
        client: secret::word(16),
        cols: window.cols,
        rows: window.rows,
        resume: None,
        layout: None,
    };
    let (hello, reader, writer) = client::connect(&socket, &hello).await?;
    let (canvas, out) = Canvas::new(id, window);
    tty.set_farewell(canvas.farewell());
    let mut viewer = Viewer {
        tty: &tty,
        reader,
        outbox: Outbox::new(writer, hello.input_seq),
        canvas,
        keys: Keys::new(detach),
        has_views: hello.version >= 2,
        leads: hello.version < 2,
        out,
        written: 0,
        painted_at: None,
        partial_since: None,
        believes_from: None,
    };
    if !viewer.has_views {
        viewer.outbox.resize(window);
    }
    let left = tokio::select! {
        left = viewer.run(&mut resizes) => left?,
        () = ended.begun() => Left::Detached,
    };
    viewer.leave().await;
    Ok(left)
}

struct Viewer<'a> {
    tty: &'a Tty,
    reader: FrameReader<OwnedReadHalf>,
    outbox: Outbox,
    canvas: Canvas,
    keys: Keys,
    /// Whether the holder says who leads; else everybody does (version 1).
    has_views: bool,
    leads: bool,
    /// For the tty, and how much of it is written.
    out: Vec<u8>,
    written: usize,
    painted_at: Option<Instant>,
    /// Since when a sequence from the tty is not whole.
    partial_since: Option<Instant>,
    /// Until when replies are answers to a replay.
    believes_from: Option<Instant>,
}

impl Viewer<'_> {
    async fn run(&mut self, resizes: &mut Resizes) -> Result<Left, Error> {
        let mut typed = Vec::with_capacity(READ_BYTES);
        loop {
            let paint_at = self.canvas.is_stale().then(|| self.paint_at());
            let partial_ends = self.partial_since.map(|since| since + PARTIAL_DEADLINE);
            // Each branch is cancel-safe, so that no byte is lost or doubled.
            tokio::select! {
                result = self.tty.write(&self.out[self.written..]), if !self.out.is_empty() => {
                    match result {
                        Ok(length) => self.wrote(length),
                        Err(_) => return Ok(Left::Detached),
                    }
                }
                frame = self.reader.next(), if self.out.is_empty() => {
                    if let Some(exit) = self.take(frame)? {
                        return Ok(Left::Ended(exit));
                    }
                }
                result = self.tty.read(&mut typed), if self.outbox.has_room() => {
                    if !matches!(result, Ok(1..)) || self.type_in(&typed) {
                        return Ok(Left::Detached);
                    }
                    typed.clear();
                }
                () = self.outbox.pass_on(), if !self.outbox.is_empty() => {}
                () = resizes.next() => self.resize(),
                () = sleep_until(paint_at.unwrap_or_else(Instant::now)),
                    if paint_at.is_some() && self.out.is_empty() => self.paint(),
                () = sleep_until(partial_ends.unwrap_or_else(Instant::now)),
                    if partial_ends.is_some() => {
                        self.partial_since = None;
                        self.outbox.type_in(&self.keys.give_up());
                    }
            }
        }
    }

    /// Takes a frame; returns how the program ended, if it says so.
    fn take(&mut self, frame: Result<Option<Frame>, Error>) -> Result<Option<Exit>, Error> {
        match frame {
            Ok(Some(Frame::View(view))) => {
                self.leads = view.leads;
                self.canvas.take_view(view);
            }
            Ok(Some(Frame::Replay {
                seq,
                clear,
                last,
                bytes,
                ..
            })) => {
                let out = self.canvas.replay(clear, &bytes);
                self.draw(out);
                if !self.has_views {
                    self.believes_from = Some(Instant::now() + ECHO_TIME);
                }
                if last {
                    self.outbox.acknowledge(seq);
                }
            }
            Ok(Some(Frame::Data { seq, bytes })) => {
                let out = self.canvas.print(&bytes);
                self.draw(out);
                self.outbox.acknowledge(seq + bytes.len() as u64);
            }
            Ok(Some(Frame::Exit(exit))) => {
                self.outbox.acknowledge_end();
                return Ok(Some(exit));
            }
            Ok(Some(Frame::Refused(refused))) => return Err(Error::Refused(refused)),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return Err(Error::Vanished),
        }
        Ok(None)
    }

    fn draw(&mut self, out: Vec<u8>) {
        self.out.extend(out);
        let answers = self.canvas.take_answers();
        if self.leads {
            self.outbox.type_in(&answers);
        }
    }

    /// Takes what the tty says; true when it is the detach key.
    fn type_in(&mut self, bytes: &[u8]) -> bool {
        let is_echo = self.believes_from.is_some_and(|from| from > Instant::now());
        let replies = if self.leads && !is_echo {
            Replies::Pass
        } else {
            Replies::Drop
        };
        let typed = self.keys.feed(bytes, replies);
        self.partial_since = self.keys.is_waiting().then(Instant::now);
        self.outbox.type_in(&typed.bytes);
        typed.detaches
    }

    fn resize(&mut self) {
        let window = self.tty.size();
        let out = self.canvas.resize(window);
        self.out.extend(out);
        // The holder's answer, which mostly makes it fit, comes before that.
        self.painted_at = Some(Instant::now());
        self.outbox.resize(window);
    }

    fn paint_at(&self) -> Instant {
        self.painted_at
            .map_or_else(Instant::now, |at| at + PAINT_PAUSE)
    }

    fn paint(&mut self) {
        self.painted_at = Some(Instant::now());
        self.out.extend(self.canvas.paint());
    }

    fn wrote(&mut self, length: usize) {
        self.written += length;
        if self.written == self.out.len() {
            self.written = 0;
            self.out.clear();
            self.tty.set_farewell(self.canvas.farewell());
        }
    }

    /// Sends what was typed before the end, and draws the last of it.
    async fn leave(mut self) {
        if self.canvas.is_stale() {
            self.paint();
        }
        self.out.extend_from_slice(self.canvas.leave().as_bytes());
        let drawing = async {
            while !self.out.is_empty() {
                match self.tty.write(&self.out[self.written..]).await {
                    Ok(length) => self.wrote(length),
                    Err(_) => return,
                }
            }
        };
        let _ = timeout(LAST_DRAWING_DEADLINE, drawing).await;
        self.outbox.close().await;
    }
}
