//! The terminal that a holder holds, as its connections see it.
//!
//! One task reads the pty into the ring ([`Terminal::read_output`]), one types
//! ([`Terminal::write_input`]), and one task a connection serves a client.
//! They share this; every change wakes every connection, and each decides for
//! itself what its client is sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::inputs::Inputs;
use super::ring::CHUNK_BYTES;
use super::ring::Ring;
use crate::protocol::call::TerminalRow;
use crate::protocol::terminal::Exit;
use crate::protocol::terminal::HolderHello;
use crate::sys::pty::Pty;
use crate::sys::pty::Size;

/// How many pieces of typed input wait for the pty.
///
/// When it is full, because the program does not read, the sockets of those
/// who type are not read on: they wait, nothing is lost.
pub(super) const TYPED_QUEUE: usize = 64;

/// The most bytes in one piece of typed input; 256 KiB wait at most.
pub(super) const TYPED_BYTES: usize = 4 << 10;

/// The widest and highest terminal; an emulator's memory grows with both.
const MAX_CELLS: u16 = 1000;

/// The most output that is read after the program's end.
///
/// What it left is in the kernel, a few KiB; a background job that goes on
/// printing must not keep the holder.
const LAST_BYTES: usize = 1 << 20;

/// A piece of typed input on its way to the pty.
#[derive(Debug)]
pub(super) struct Typed {
    /// Who typed.
    pub(super) client: Arc<str>,
    /// The client's position after the last byte.
    pub(super) end: u64,
    /// At most [`TYPED_BYTES`].
    pub(super) bytes: Vec<u8>,
}

/// What changes; see [`Terminal::state`].
#[derive(Debug)]
pub(super) struct State {
    /// The newest output.
    pub(super) ring: Ring,
    /// Who typed how much.
    pub(super) inputs: Inputs,
    /// The pty's size.
    pub(super) size: Size,
    /// How the program ended, once all its output is in the ring.
    pub(super) exit: Option<Exit>,
    /// Whether a client was there that does not only look.
    pub(super) was_attached: bool,
}

/// A program on a pty, and what its clients need to know of it.
#[derive(Debug)]
pub(super) struct Terminal {
    row: TerminalRow,
    pty: Pty,
    /// Held for short sections, never over an await.
    state: Mutex<State>,
    changed: watch::Sender<()>,
    typed: mpsc::Sender<Typed>,
    kill: Notify,
}

impl Terminal {
    /// Wraps a running program; the queue's other end is for [`Self::write_input`].
    pub(super) fn new(row: TerminalRow, pty: Pty, size: Size) -> (Self, mpsc::Receiver<Typed>) {
        let (typed, typed_receiver) = mpsc::channel(TYPED_QUEUE);
        let state = State {
            ring: Ring::default(),
            inputs: Inputs::default(),
            size,
            exit: None,
            was_attached: false,
        };
        let (changed, _) = watch::channel(());
        let kill = Notify::new();
        (
            Self {
                row,
                pty,
                state: Mutex::new(state),
                changed,
                typed,
                kill,
            },
            typed_receiver,
        )
    }

    /// The terminal's row in a listing.
    pub(super) fn row(&self) -> &TerminalRow {
        &self.row
    }

    /// Looks at the state, or changes what nobody waits for.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole values behind: each change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of every change of the state.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The queue of typed input.
    pub(super) fn typed(&self) -> &mpsc::Sender<Typed> {
        &self.typed
    }

    /// Asks for the end of the program and its session.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }

    /// Waits until somebody asks for the end.
    pub(super) async fn killed(&self) {
        self.kill.notified().await;
    }

    /// Answers a client's hello.
    pub(super) fn hello(&self, version: u16, client: &str) -> HolderHello {
        let state = self.state();
        HolderHello {
            version,
            id: self.row.id.clone(),
            pid: self.row.pid,
            title: self.row.title.clone(),
            cols: state.size.cols,
            rows: state.size.rows,
            output_seq: state.ring.end(),
            input_seq: state.inputs.accepted(client),
            started_at: self.row.started_at,
        }
    }

    /// Takes a client's size; a client with none only looks.
    pub(super) fn resize(&self, cols: u16, rows: u16) {
        let Some(size) = clamp(cols, rows) else {
            return;
        };
        let mut state = self.state();
        if state.size != size && self.pty.resize(size).is_ok() {
            state.size = size;
        }
    }

    /// Publishes how the program ended; its output is complete.
    pub(super) fn end(&self, exit: Exit) {
        self.state().exit = Some(exit);
        self.changed.send_replace(());
    }

    /// Reads output until nobody has the pty's other side.
    ///
    /// The first bytes are passed on at once; what is there already comes
    /// along, up to [`CHUNK_BYTES`]. May be cancelled: nothing read is lost.
    pub(super) async fn read_output(&self) {
        // Not zeroed: an idle terminal never touches most of its pages.
        let mut buffer = Vec::with_capacity(CHUNK_BYTES);
        while let Ok(1..) = self.pty.read(&mut buffer).await {
            self.read_more(&mut buffer);
            self.printed(&buffer);
            buffer.clear();
            // A flood must not keep the connections from being served.
            tokio::task::yield_now().await;
        }
    }

    /// Reads what the program left in the pty.
    pub(super) fn read_last_output(&self) {
        let mut buffer = Vec::with_capacity(CHUNK_BYTES);
        for _ in 0..LAST_BYTES / CHUNK_BYTES {
            self.read_more(&mut buffer);
            if buffer.is_empty() {
                return;
            }
            self.printed(&buffer);
            buffer.clear();
        }
    }

    /// Fills the buffer with what is there already.
    fn read_more(&self, buffer: &mut Vec<u8>) {
        while buffer.len() < buffer.capacity() {
            let Ok(1..) = self.pty.try_read(buffer) else {
                return;
            };
        }
    }

    fn printed(&self, bytes: &[u8]) {
        self.state().ring.push(bytes);
        self.changed.send_replace(());
    }

    /// Types what is queued, in order.
    pub(super) async fn write_input(&self, mut queue: mpsc::Receiver<Typed>) {
        while let Some(typed) = queue.recv().await {
            let mut rest = VecDeque::from(typed.bytes);
            while !rest.is_empty() {
                match self.pty.write(rest.as_slices().0).await {
                    Ok(length) => drop(rest.drain(..length)),
                    // Nobody has the other side: the program's end follows.
                    Err(_) => return,
                }
            }
            self.state().inputs.wrote(&typed.client, typed.end);
            self.changed.send_replace(());
        }
    }
}

/// Bounds a size to 1 to [`MAX_CELLS`]; none when either side is 0.
pub(super) fn clamp(cols: u16, rows: u16) -> Option<Size> {
    let size = Size {
        cols: cols.min(MAX_CELLS),
        rows: rows.min(MAX_CELLS),
    };
    (cols > 0 && rows > 0).then_some(size)
}
