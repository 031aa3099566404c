//! One client's connection to the terminal.
//!
//! ```text
//!             hello in time                program ended, all sent
//! accepted ─────────────────▶ serving ─────────────────────────────▶ Exit, closed
//!     │                          │ no frame, a gap in what was typed
//!     └──────────────────────────┴─────────────────────────────────▶ Refused, closed
//! ```
//!
//! One task serves: it writes while it reads, and neither direction waits for
//! the other, except that a client whose input waits for the pty is not read.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc::Permit;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio::time::timeout;

use super::audience::Seat;
use super::delivery::Delivery;
use super::delivery::Next;
use super::error::Error;
use super::terminal::TYPED_BYTES;
use super::terminal::Terminal;
use super::terminal::Typed;
use super::wire::FrameReader;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::Refused;
use crate::protocol::terminal::agree_on_version;

/// How long a client may take to say hello.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// How long a client may take to read its last frame.
const GOODBYE_DEADLINE: Duration = Duration::from_secs(1);

/// How long a client may take to acknowledge the program's end.
const EXIT_ACK_DEADLINE: Duration = Duration::from_secs(5);

/// The longest name of a client, in bytes.
const MAX_CLIENT_BYTES: usize = 64;

/// A write buffer that grew beyond this is given back when it is empty.
const KEPT_BYTES: usize = 16 << 10;

/// Serves a client until either side ends.
pub(super) async fn serve(stream: UnixStream, terminal: Arc<Terminal>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = FrameReader::new(reader);
    let hello = match timeout(HELLO_DEADLINE, reader.next()).await {
        Ok(Ok(Some(frame))) => read_hello(&frame),
        Ok(Err(Error::TooLong(_) | Error::Frame(_))) => Err(protocol("no hello")),
        Ok(Ok(None) | Err(_)) | Err(_) => return,
    };
    match hello {
        Ok((version, hello)) => {
            let mut connection = Connection::new(reader, writer, terminal, version, &hello);
            let last = connection.run().await;
            connection.terminal.leave(connection.seat);
            if let Some(last) = last {
                connection.say_last(&last).await;
            }
        }
        Err(refused) => {
            let mut out = Vec::new();
            Frame::Refused(refused).encode_with_length(&mut out);
            let _ = timeout(GOODBYE_DEADLINE, writer.write_all(&out)).await;
        }
    }
}

/// Refuses a connection without waiting for its hello.
pub(super) fn refuse(stream: &UnixStream, refused: Refused) {
    let mut out = Vec::new();
    Frame::Refused(refused).encode_with_length(&mut out);
    // An empty socket takes it whole; a client that is gone needs none.
    let _ = stream.try_write(&out);
}

struct Connection {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    terminal: Arc<Terminal>,
    changes: watch::Receiver<()>,
    client: Arc<str>,
    seat: Seat,
    delivery: Delivery,
    /// When there is something to send again, if it must wait.
    due: Option<Instant>,
    exit: ExitWord,
    /// Whether the client speaks version 1.
    has_old_client: bool,
    /// Encoded frames, and how much of them is written.
    out: Vec<u8>,
    written: usize,
    /// Typed bytes that wait for the queue; the socket is not read meanwhile.
    pending: Option<Pending>,
    /// The acknowledgement that the client has.
    acked: u64,
    /// Whether the client resent what it need not: say again what was taken.
    owes_ack: bool,
}

/// Whether the client was told how the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExitWord {
    Unsaid,
    /// It acknowledges it until then; in version 1 it cannot.
    Said(Instant),
    Acknowledged,
}

struct Pending {
    seq: u64,
    bytes: Vec<u8>,
}

impl Connection {
    fn new(
        reader: FrameReader<OwnedReadHalf>,
        writer: OwnedWriteHalf,
        terminal: Arc<Terminal>,
        version: u16,
        hello: &ClientHello,
    ) -> Self {
        let seat = terminal.enter(version, hello);
        let answer = terminal.hello(version, &hello.client);
        let mut out = Vec::new();
        Frame::hello(&answer).encode_with_length(&mut out);
        let changes = terminal.changes();
        let delivery = {
            let mut state = terminal.state();
            Delivery::new(hello, version, &mut state)
        };
        let (client, acked) = (Arc::from(hello.client.as_str()), answer.input_seq);
        let (written, pending, owes_ack) = (0, None, false);
        Self {
            reader,
            writer,
            terminal,
            changes,
            client,
            seat,
            delivery,
            due: None,
            exit: ExitWord::Unsaid,
            has_old_client: version < 2,
            out,
            written,
            pending,
            acked,
            owes_ack,
        }
    }

    /// Serves; returns why the client is refused from here on, if it is.
    async fn run(&mut self) -> Option<Frame> {
        let terminal = Arc::clone(&self.terminal);
        loop {
            if self.out.is_empty() {
                self.fill();
            }
            let said_until = match self.exit {
                ExitWord::Unsaid => None,
                ExitWord::Said(_) if self.has_old_client && self.out.is_empty() => {
                    self.terminal.end_is_known();
                    return None;
                }
                ExitWord::Said(until) => Some(until),
                ExitWord::Acknowledged => return None,
            };
            // Each branch is cancel-safe, so that no byte is lost or doubled.
            tokio::select! {
                result = self.writer.write(&self.out[self.written..]), if !self.out.is_empty() => {
                    self.wrote(result.ok()?);
                }
                _ = self.changes.changed(), if self.out.is_empty() => {}
                () = sleep_until(self.due.unwrap_or_else(Instant::now)),
                    if self.out.is_empty() && self.due.is_some() => {}
                () = sleep_until(said_until.unwrap_or_else(Instant::now)),
                    if said_until.is_some() => return None,
                permit = terminal.typed().reserve(), if self.pending.is_some() => {
                    let Ok(permit) = permit else { self.pending = None; continue };
                    if let Some(pending) = self.pending.take() {
                        match type_some(&terminal, &self.client, pending, permit) {
                            Ok((rest, was_new)) => {
                                self.pending = rest;
                                self.owes_ack |= !was_new;
                            }
                            Err(refused) => return Some(Frame::Refused(refused)),
                        }
                    }
                }
                frame = self.reader.next(), if self.pending.is_none() => match frame {
                    Ok(Some(frame)) => self.take(frame),
                    Ok(None) | Err(Error::Broken(_)) => return None,
                    Err(_) => return Some(Frame::Refused(protocol("no frame"))),
                }
            }
        }
    }

    /// Encodes what the client needs now.
    fn fill(&mut self) {
        self.changes.borrow_and_update();
        let mut state = self.terminal.state();
        let written = state.inputs.written(&self.client);
        if written > self.acked || self.owes_ack {
            self.acked = self.acked.max(written);
            self.owes_ack = false;
            Frame::Ack { seq: written }.encode_with_length(&mut self.out);
        }
        let view = state.view(self.seat);
        self.due = None;
        match self.delivery.next(&mut state, view, Instant::now()) {
            Next::Frame(frame) => frame.encode_with_length(&mut self.out),
            Next::Later(due) => self.due = Some(due),
            Next::Nothing => {}
        }
        self.terminal.type_answers(&mut state);
        if let Some(exit) = state.exit
            && self.exit == ExitWord::Unsaid
            && self.out.is_empty()
            && self.delivery.is_complete(&state)
        {
            Frame::Exit(exit).encode_with_length(&mut self.out);
            self.exit = ExitWord::Said(Instant::now() + EXIT_ACK_DEADLINE);
        }
    }

    fn wrote(&mut self, length: usize) {
        self.written += length;
        if self.written == self.out.len() {
            self.written = 0;
            self.out.clear();
            self.out.shrink_to(KEPT_BYTES);
        }
    }

    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Data { seq, bytes } => {
                self.terminal.typed_by(self.seat);
                self.delivery.hurry();
                self.pending = Some(Pending { seq, bytes });
            }
            Frame::Ack { seq } => self.acknowledged(seq),
            Frame::Resize { cols, rows } => self.terminal.resize(self.seat, cols, rows),
            Frame::Size { mine } => self.terminal.claim_size(self.seat, mine),
            Frame::History => self.delivery.ask_for_all(),
            Frame::Kill => self.terminal.kill(),
            // What a newer client says beyond this is not for us.
            _ => {}
        }
    }

    fn acknowledged(&mut self, seq: u64) {
        let is_end = seq > self.terminal.state().ring.end();
        if is_end && matches!(self.exit, ExitWord::Said(_)) {
            self.exit = ExitWord::Acknowledged;
            self.terminal.end_is_known();
        }
        self.delivery.acknowledge(seq);
    }

    async fn say_last(&mut self, last: &Frame) {
        last.encode_with_length(&mut self.out);
        let rest = &self.out[self.written..];
        let _ = timeout(GOODBYE_DEADLINE, self.writer.write_all(rest)).await;
    }
}

/// Queues the first piece of what was typed, without what came before.
///
/// Returns the rest, and whether the piece held anything new. The place in the
/// queue comes first, so that accepting and queueing are one step.
fn type_some(
    terminal: &Terminal,
    client: &Arc<str>,
    mut pending: Pending,
    permit: Permit<'_, Typed>,
) -> Result<(Option<Pending>, bool), Refused> {
    let rest = pending
        .bytes
        .split_off(pending.bytes.len().min(TYPED_BYTES));
    let length = pending.bytes.len();
    let accepted = terminal.state().inputs.accept(client, pending.seq, length);
    let known = accepted.map_err(|gap| protocol(&format!("input goes on at {}", gap.expected)))?;
    let end = pending.seq.saturating_add(length as u64);
    let was_new = known < length;
    if was_new {
        pending.bytes.drain(..known);
        permit.send(Typed {
            client: Arc::clone(client),
            end,
            bytes: pending.bytes,
        });
    }
    let rest = (!rest.is_empty()).then_some(Pending {
        seq: end,
        bytes: rest,
    });
    Ok((rest, was_new))
}

fn read_hello(frame: &Frame) -> Result<(u16, ClientHello), Refused> {
    let Frame::Hello(json) = frame else {
        return Err(protocol("no hello"));
    };
    let hello: ClientHello = serde_json::from_slice(json).map_err(|_| protocol("no hello"))?;
    if hello.client.len() > MAX_CLIENT_BYTES {
        return Err(protocol("a client's name of more than 64 bytes"));
    }
    Ok((agree_on_version(hello.version)?, hello))
}

fn protocol(what: &str) -> Refused {
    Refused {
        code: "protocol".into(),
        message: format!("not the terminal protocol: {what}"),
    }
}
