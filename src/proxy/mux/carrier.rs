//! The layer below the mux: frames, acknowledgements and the cap.
//!
//! `Carrier` looks like one byte stream to the mux above it and writes frames
//! to the transport below. It is polled by one task only, the driver's, and
//! moves both directions in every call, because an acknowledgement must be
//! read to write, and written after a read.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;

use super::Error;
use super::pace::{Mark, Pacer, Permit};
use super::side::Side;
use super::wire::{self, Control, FRAME_MAX, Frame, HEADER_LEN};

/// Bytes asked of the transport in one read: what a pipe holds.
const READ_LEN: usize = 64 * 1024;

/// Received bytes that wait for the mux.
///
/// Twice what an honest sender has under way. When it is full the transport
/// is left unread, and acknowledgements with it, until the mux reads.
const INBOUND_MAX: usize = 4 * 1024 * 1024;

/// Pongs that wait to be written; a ping beyond stays unanswered.
const PONGS_MAX: usize = 64;

/// What happens to the data frame of a carrier.
///
/// `Filling` → `Sealed` when full or flushed → `Sending` → `Filling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameState {
    /// Takes bytes of the mux.
    Filling,
    /// Waits for the frames before it.
    Sealed,
    /// Has its header; this many of its bytes are written.
    Sending { written: usize },
}

/// A byte stream in acknowledged frames; see the file's doc.
pub(super) struct Carrier<R, W> {
    read: R,
    write: W,
    pacer: Pacer,
    /// Armed only while the mux wants to write and the pace forbids it.
    timer: Option<Pin<Box<Sleep>>>,
    side: Arc<Side>,
    /// Received, not yet parsed; at most one frame and one read.
    raw: BytesMut,
    has_hello: bool,
    is_eof: bool,
    /// Parsed payload for the mux, `inbound_len` bytes.
    inbound: VecDeque<Bytes>,
    inbound_len: usize,
    /// Payload bytes received since the start.
    received: u64,
    /// An acknowledgement to write; a newer one replaces it.
    ack_due: Option<u64>,
    pongs_due: VecDeque<u64>,
    /// Whole control frames that go before the data frame.
    controls: BytesMut,
    /// The one data frame: room for its header, then payload.
    frame: Vec<u8>,
    frame_state: FrameState,
    is_flushed: bool,
}

impl<R, W> Carrier<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Wraps a transport; the hello goes out with the first poll.
    pub(super) fn new(read: R, write: W, side: Arc<Side>) -> Self {
        let mut controls = BytesMut::with_capacity(256);
        wire::put_hello(&mut controls);
        let mut frame = Vec::with_capacity(HEADER_LEN + FRAME_MAX);
        frame.resize(HEADER_LEN, 0);
        Self {
            read,
            write,
            pacer: Pacer::new(),
            timer: None,
            side,
            raw: BytesMut::new(),
            has_hello: false,
            is_eof: false,
            inbound: VecDeque::new(),
            inbound_len: 0,
            received: 0,
            ack_due: None,
            pongs_due: VecDeque::new(),
            controls,
            frame,
            frame_state: FrameState::Filling,
            is_flushed: false,
        }
    }

    /// Reads the transport once and takes in what came.
    ///
    /// Ready means progress (or the end, then `is_eof`).
    fn pull(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_eof {
            return Poll::Ready(Ok(()));
        }
        if self.inbound_len >= INBOUND_MAX {
            // What is not read here cannot be missed there.
            self.side.heard();
            return Poll::Pending;
        }
        self.raw.reserve(READ_LEN);
        let read = ready!(poll_read_buf(Pin::new(&mut self.read), cx, &mut self.raw));
        let length = read.map_err(Error::Transport)?;
        if length > 0 {
            self.side.heard();
        } else {
            self.is_eof = true;
            if !self.raw.is_empty() {
                let torn = io::ErrorKind::UnexpectedEof.into();
                return Poll::Ready(Err(Error::Transport(torn)));
            }
        }
        Poll::Ready(self.parse())
    }

    fn parse(&mut self) -> Result<(), Error> {
        if !self.has_hello {
            self.has_hello = wire::take_hello(&mut self.raw)?;
        }
        if !self.has_hello {
            return Ok(());
        }
        let now = Instant::now();
        while let Some(frame) = wire::take_frame(&mut self.raw)? {
            match frame {
                Frame::Data { payload, is_marked } => self.take_data(payload, is_marked),
                Frame::Ack(upto) => self.pacer.on_ack(upto, now)?,
                Frame::Ping(id) if self.pongs_due.len() < PONGS_MAX => self.pongs_due.push_back(id),
                Frame::Ping(_) => {}
                Frame::Pong(id) => self.side.answer(id),
            }
        }
        Ok(())
    }

    fn take_data(&mut self, payload: Bytes, is_marked: bool) {
        self.received += payload.len() as u64;
        if is_marked {
            self.ack_due = Some(self.received);
        }
        self.inbound_len += payload.len();
        self.inbound.push_back(payload);
    }

    /// Writes what is due, controls first, until done or the transport is full.
    fn push(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let written = match self.frame_state {
                FrameState::Sending { written } => written,
                FrameState::Filling | FrameState::Sealed => 0,
            };
            // Controls may stand between two frames, not inside one.
            if written == 0 {
                self.collect_controls(cx);
                if !self.controls.is_empty() {
                    let count = ready!(self.write_some(cx, Source::Controls))?;
                    self.controls.advance(count);
                    continue;
                }
            }
            match self.frame_state {
                FrameState::Filling => break,
                FrameState::Sealed => self.head_frame(),
                FrameState::Sending { written } => {
                    let count = ready!(self.write_some(cx, Source::Frame { written }))?;
                    self.note_written(written + count);
                }
            }
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.write).poll_flush(cx)).map_err(Error::Transport)?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn write_some(&mut self, cx: &mut Context<'_>, source: Source) -> Poll<Result<usize, Error>> {
        let bytes = match source {
            Source::Controls => &self.controls[..],
            Source::Frame { written } => &self.frame[written..],
        };
        let written = ready!(Pin::new(&mut self.write).poll_write(cx, bytes));
        self.is_flushed = false;
        Poll::Ready(match written {
            Ok(0) => Err(Error::Transport(io::ErrorKind::WriteZero.into())),
            other => other.map_err(Error::Transport),
        })
    }

    fn note_written(&mut self, written: usize) {
        if written < self.frame.len() {
            self.frame_state = FrameState::Sending { written };
        } else {
            self.frame.truncate(HEADER_LEN);
            self.frame_state = FrameState::Filling;
        }
    }

    fn collect_controls(&mut self, cx: &Context<'_>) {
        let controls = &mut self.controls;
        if let Some(upto) = self.ack_due.take() {
            wire::put_control(controls, Control::Ack(upto));
        }
        for id in self.pongs_due.drain(..) {
            wire::put_control(controls, Control::Pong(id));
        }
        self.side
            .take_pings(cx, |id| wire::put_control(controls, Control::Ping(id)));
    }

    /// Writes the header of the sealed frame, which starts on its way now.
    fn head_frame(&mut self) {
        let len = (self.frame.len() - HEADER_LEN) as u64;
        let now = Instant::now();
        let mark = self.pacer.on_send(len, now);
        // An unmarked frame leaves while a mark before it waits for its ack.
        self.side.asked(now);
        wire::head_data(&mut self.frame, mark == Mark::Yes);
        self.frame_state = FrameState::Sending { written: 0 };
    }

    /// Seals the frame if there is anything in it.
    fn seal(&mut self) {
        if self.frame_state == FrameState::Filling && self.frame.len() > HEADER_LEN {
            self.frame_state = FrameState::Sealed;
        }
    }

    /// Waits until the pacer lets a frame go, reading acknowledgements.
    fn poll_permit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match self.pacer.permit(Instant::now()) {
                Permit::Now => {
                    self.timer = None;
                    return Poll::Ready(Ok(()));
                }
                Permit::At(at) => {
                    let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
                    if timer.deadline() != at {
                        timer.as_mut().reset(at);
                    }
                    if timer.as_mut().poll(cx).is_ready() {
                        continue;
                    }
                }
                Permit::AfterAck => self.timer = None,
            }
            let pulled = self.pull(cx)?;
            self.push_along(cx)?;
            if self.is_eof {
                return Poll::Ready(Err(Error::Closed));
            }
            ready!(pulled);
        }
    }

    /// Writes what can be written now.
    fn push_along(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.push(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Waits until something was received, or the end.
    fn poll_inbound(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Before the first read: the hello must go out even if theirs is wrong.
        self.push_along(cx)?;
        while self.inbound.is_empty() && !self.is_eof {
            let pulled = self.pull(cx)?;
            self.push_along(cx)?;
            ready!(pulled);
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until the frame takes bytes of the mux.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.frame_state != FrameState::Filling {
            ready!(self.push(cx))?;
        }
        if self.frame.len() == HEADER_LEN {
            ready!(self.poll_permit(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<R, W> AsyncRead for Carrier<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_inbound(cx)).map_err(|fault| this.side.fail(fault))?;
        while let Some(first) = this.inbound.front_mut() {
            let count = first.len().min(buf.remaining());
            buf.put_slice(&first[..count]);
            first.advance(count);
            this.inbound_len -= count;
            if !first.is_empty() {
                break;
            }
            this.inbound.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

impl<R, W> AsyncWrite for Carrier<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_room(cx)).map_err(|fault| this.side.fail(fault))?;
        let count = buf.len().min(HEADER_LEN + FRAME_MAX - this.frame.len());
        this.frame.extend_from_slice(&buf[..count]);
        if this.frame.len() == HEADER_LEN + FRAME_MAX {
            this.seal();
            this.push_along(cx).map_err(|fault| this.side.fail(fault))?;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.seal();
        this.push(cx).map_err(|fault| this.side.fail(fault))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.get_mut().write).poll_shutdown(cx)
    }
}

/// Which bytes a write takes.
#[derive(Debug, Clone, Copy)]
enum Source {
    Controls,
    Frame { written: usize },
}
