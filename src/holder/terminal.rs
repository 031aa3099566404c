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

use super::audience::Audience;
use super::audience::Seat;
use super::audience::clamp;
use super::inputs::Inputs;
use super::ring::CHUNK_BYTES;
use super::ring::RING_BYTES;
use super::ring::Ring;
use super::screen::Screen;
use crate::protocol::call::TerminalRow;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Exit;
use crate::protocol::terminal::HolderHello;
use crate::protocol::terminal::View;
use crate::sys::pty::Pty;
use crate::sys::pty::Size;

/// How many pieces of typed input wait for the pty.
///
/// When it is full, because the program does not read, the sockets of those
/// who type are not read on: they wait, nothing is lost.
pub(super) const TYPED_QUEUE: usize = 64;

/// The most bytes in one piece of typed input; 256 KiB wait at most.
pub(super) const TYPED_BYTES: usize = 4 << 10;

/// The most output that is read after the program's end.
///
/// What it left is in the kernel, a few KiB; a background job that goes on
/// printing must not keep the holder.
const LAST_BYTES: usize = 1 << 20;

/// How much of a flood is parsed together; well below what the ring holds.
const UNPARSED_BYTES: u64 = RING_BYTES as u64 / 2;

/// The name under which the holder types answers; no page has it.
const ANSWERER: &str = "";

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
    /// What it shows, as far as it was parsed.
    pub(super) screen: Screen,
    /// Who typed how much.
    pub(super) inputs: Inputs,
    /// Who shows it.
    pub(super) audience: Audience,
    /// The pty's size.
    pub(super) size: Size,
    /// Counts the changes of the size.
    pub(super) layout: u64,
    /// How the program ended, once all its output is in the ring.
    pub(super) exit: Option<Exit>,
    /// Whether a client knows how the program ended.
    pub(super) is_end_known: bool,
    /// Up to where a client was there to answer what the program asks.
    led: u64,
    /// Answers in place of a client, to be typed.
    answers: Vec<u8>,
}

impl State {
    /// Begins with an empty screen that remembers so many rows above it.
    pub(super) fn new(size: Size, history_rows: usize) -> Self {
        Self {
            ring: Ring::default(),
            screen: Screen::new(size, history_rows),
            inputs: Inputs::default(),
            audience: Audience::default(),
            size,
            layout: 0,
            exit: None,
            is_end_known: false,
            led: 0,
            answers: Vec::new(),
        }
    }

    /// Takes output; it is sent before it is parsed.
    pub(super) fn print(&mut self, bytes: &[u8]) {
        // What the ring is about to forget must have been parsed.
        for piece in bytes.chunks(RING_BYTES) {
            if !self.ring.has_room(self.screen.fed(), piece.len()) {
                self.catch_up();
            }
            self.ring.push(piece);
        }
    }

    /// How many bytes were printed and not parsed.
    fn unparsed(&self) -> u64 {
        self.ring.end() - self.screen.fed()
    }

    /// Parses what was printed since.
    pub(super) fn catch_up(&mut self) {
        let [head, tail] = self.ring.slices(self.screen.fed());
        self.screen.feed(head);
        self.screen.feed(tail);
    }

    /// Answers what was asked from the first position to the second, which the
    /// client that leads is never sent.
    pub(super) fn answer_skipped(&mut self, from: u64, to: u64) {
        let answers = self.screen.take_answers(from + 1..=to);
        self.answers.extend(answers);
    }

    /// What one client should know of the size and its part in it.
    pub(super) fn view(&self, seat: Seat) -> View {
        let part = self.audience.part(seat);
        View {
            cols: self.size.cols,
            rows: self.size.rows,
            layout: self.layout,
            clients: part.clients,
            leads: part.leads,
            sized_by: part.sized_by,
        }
    }
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
    pub(super) fn new(
        row: TerminalRow,
        pty: Pty,
        size: Size,
        history_rows: usize,
    ) -> (Self, mpsc::Receiver<Typed>) {
        let (typed, typed_receiver) = mpsc::channel(TYPED_QUEUE);
        let state = State::new(size, history_rows);
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
            label: state.screen.title().map(str::to_owned),
            cwd: state.screen.cwd().map(str::to_owned),
            clients: u32::try_from(state.audience.count()).unwrap_or(u32::MAX),
            exit: state.exit,
        }
    }

    /// Takes a client in; a client without a size only looks.
    pub(super) fn enter(&self, version: u16, hello: &ClientHello) -> Seat {
        let size = clamp(hello.cols, hello.rows);
        let mut state = self.state();
        self.answer_until_now(&mut state);
        let seat = state.audience.enter(size, version < 2);
        drop(state);
        self.audience_changed();
        seat
    }

    /// Lets a client go.
    pub(super) fn leave(&self, seat: Seat) {
        self.state().audience.leave(seat);
        self.audience_changed();
    }

    /// Takes a client's size; none while it is not to be seen.
    pub(super) fn resize(&self, seat: Seat, cols: u16, rows: u16) {
        let mut state = self.state();
        self.answer_until_now(&mut state);
        state.audience.resize(seat, clamp(cols, rows));
        drop(state);
        self.audience_changed();
    }

    /// Takes whether a client asks for its own size.
    pub(super) fn claim_size(&self, seat: Seat, is_mine: bool) {
        self.state().audience.claim(seat, is_mine);
        self.audience_changed();
    }

    /// Notes who typed last.
    pub(super) fn typed_by(&self, seat: Seat) {
        let mut state = self.state();
        let led = state.audience.part(seat).leads;
        state.audience.typed(seat);
        let leads = state.audience.part(seat).leads;
        drop(state);
        if leads != led {
            self.changed.send_replace(());
        }
    }

    /// Gives the pty and the screen the size that the audience has.
    fn audience_changed(&self) {
        let mut state = self.state();
        let wanted = state.audience.size().filter(|&size| size != state.size);
        if let Some(size) = wanted
            && self.pty.resize(size).is_ok()
        {
            state.catch_up();
            state.screen.resize(size);
            state.size = size;
            state.layout += 1;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// Notes that a client knows how the program ended.
    pub(super) fn end_is_known(&self) {
        self.state().is_end_known = true;
        self.changed.send_replace(());
    }

    /// Publishes how the program ended; its output is complete.
    pub(super) fn end(&self, exit: Exit) {
        self.state().exit = Some(exit);
        self.changed.send_replace(());
    }

    /// Reads output until nobody has the pty's other side.
    ///
    /// The first bytes are passed on at once; what is there already comes
    /// along, up to [`CHUNK_BYTES`]. It is parsed once the program pauses, or
    /// much has come together: of a flood most lines need not be drawn. May be
    /// cancelled: nothing read is lost.
    pub(super) async fn read_output(&self) {
        // Not zeroed: an idle terminal never touches most of its pages.
        let mut buffer = Vec::with_capacity(CHUNK_BYTES);
        loop {
            if buffer.is_empty() && !matches!(self.pty.read(&mut buffer).await, Ok(1..)) {
                return;
            }
            self.read_more(&mut buffer);
            self.printed(&buffer);
            buffer.clear();
            // The connections send it before it is parsed.
            tokio::task::yield_now().await;
            self.read_more(&mut buffer);
            if buffer.is_empty() || self.state().unparsed() >= UNPARSED_BYTES {
                self.parse();
            }
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
            self.parse();
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
        self.state().print(bytes);
        self.changed.send_replace(());
    }

    /// Parses what was printed.
    fn parse(&self) {
        let mut state = self.state();
        state.catch_up();
        self.answer_until_now(&mut state);
    }

    /// Answers what was asked so far if nobody else was there to do it.
    fn answer_until_now(&self, state: &mut State) {
        if state.audience.count() == 0 {
            state.catch_up();
            state.answer_skipped(state.led, state.screen.fed());
            self.type_answers(state);
        }
        state.led = state.screen.fed();
    }

    /// Types the answers that the holder gives.
    pub(super) fn type_answers(&self, state: &mut State) {
        let bytes = std::mem::take(&mut state.answers);
        if !bytes.is_empty() {
            let (client, end) = (Arc::from(ANSWERER), 0);
            // A program that does not read gets no answer.
            let _ = self.typed.try_send(Typed { client, end, bytes });
        }
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
