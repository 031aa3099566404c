//! The stream mux: many streams over one byte channel, fair and never deep.
//!
//! The channel is whatever can be read and written: the stdio of an ssh exec,
//! a socket, a pipe in memory. One side opens streams, the other accepts
//! them; opening costs no round trip. HTTP/2 (crate `h2`) does the streams.
//! Below it stands a layer of ours, the carrier, which acknowledges bytes and
//! so keeps the queues below the mux short: a key is not behind seconds of
//! bulk, however slow the link.
//!
//! # Measured
//!
//! HTTP/2 against yamux 0.13 over one exec of OpenSSH 9.2 with a control
//! master, sshd on loopback behind a simulated link, 2 cores shared by all of
//! it; 60 or 100 MB remote to local; a key every 20 ms there and back meanwhile.
//! Bulk in MB/s with keys beside it, key echo in ms (p50 / p99).
//!
//! | round trip, link | `cat` | HTTP/2, cap | yamux, cap | HTTP/2, no cap | yamux, no cap |
//! | --- | --- | --- | --- | --- | --- |
//! | 0 ms, unlimited | 320 | 330: 4 / 8 | 378: 4 / 6 | 315: 1 / 8 | 327: 1 / 8 |
//! | 0 ms, 100 Mbit/s | 12.5 | 12.4: 29 / 39 | 12.3: 31 / 60 | 12.4: 173 / 183 | 12.4: 174 / 214 |
//! | 100 ms, unlimited | 19.2 | 18.9: 106 / 115 to 164 | 16.2: 106 / 225 | 19.3: 126 / 189 | 18.4: 126 / 192 |
//! | 100 ms, 100 Mbit/s | 12.2 | 12.2: 128 / 133 | 11.4: 127 / 139 | 12.0: 174 / 238 | 11.9: 174 / 194 |
//!
//! Most cells are one run with some hundred keys, so a p99 is a handful of
//! keys; HTTP/2 with the cap had three runs at 100 ms unlimited and four in
//! the first row. yamux without the cap was measured before frames were paced,
//! which does not touch uncapped runs. The first row is bound by the
//! processors and scatters by a third, `cat` too (250 to 465; HTTP/2 0.77 to
//! 1.03 of the `cat` beside it).
//!
//! The cap decides about keys, more than the mux. HTTP/2 was taken because it
//! keeps 0.9 of `cat` on the long paths (its streams start with a full
//! window), tells a reset from an end of file, and refuses one stream too many
//! where yamux ends the connection. Its price: windows are static, see
//! `CONNECTION_WINDOW`.
//!
//! # On the wire
//!
//! Each side begins with `ccpmux` and its version (u16); numbers are big
//! endian. It does not wait for the other's. Then frames follow:
//!
//! ```text
//! kind u8 | length u16 | payload
//!    0 data          1 to 16384 bytes of the HTTP/2 connection
//!    1 data, marked  the same; the receiver acknowledges at its end
//!    2 ack           u64: payload bytes of data received since the start
//!    3 ping          u64: any number
//!    4 pong          u64: that number
//! ```
//!
//! In HTTP/2 a stream is a `POST http://m/` whose body is one way and whose
//! response's body is the other. Acks, pings and pongs pass between any two
//! data frames, also when the cap holds data back.
//!
//! # The cap
//!
//! The sender marks about 32 frames per window, and one whenever none is
//! outstanding; it alone decides how often the receiver speaks, so there are
//! no delayed acknowledgements and no timers for them. From the times between
//! mark and ack `pace` derives the base round trip and the delivery rate, and
//! allows `rate × (base + 25 ms)` under way, between 16 KiB and just below
//! the 2 MiB window of an OpenSSH channel, paced. A timer runs only while
//! bytes wait for their pace: an idle mux never wakes.
//!
//! # Limits
//!
//! - The two sides' versions must be equal.
//! - Below about 3 Mbit/s one frame of 16 KiB alone takes 50 ms.
//! - The first bulk after the start searches for the rate: 0.85 to 0.96 of `cat`
//!   over 5 s at 100 ms; 0.43 once, when a hiccup of the machine looked like a
//!   queue and the search ended early.
//! - Once in 10 s of bulk the base is measured; keys of that moment wait up to
//!   about 65 ms longer at 100 ms (the likely cause of the 164 above).
//! - When a link becomes ten times slower, what is under way must drain first,
//!   and the queue is short again after some drains, 10 s apart.
//! - Nothing is resent and nothing outlives the transport.
//! - A peer that breaks the protocol ends the connection; the peer is trusted
//!   not to hold `CONNECTION_WINDOW` bytes of memory here on purpose.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

mod carrier;
mod pace;
mod side;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use carrier::Carrier;
use side::Side;
use stream::Receive;
pub use stream::Stream;

/// Version of everything below the streams, first on every connection.
///
/// Changes whenever two builds would not understand each other.
pub const VERSION: u16 = 1;

/// Streams that live at once; opening one more waits for one to end.
const STREAMS_MAX: u32 = 256;

/// Accepted streams that nobody took yet; one more is reset.
const INCOMING_MAX: usize = STREAMS_MAX as usize;

/// Bytes that one stream's sender may be ahead of its reader.
///
/// HTTP/2 returns credit when half of it was read, so that half must exceed
/// what the pacer ever allows under way; else streams would be slower alone.
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;

/// Bytes that all readers together may be behind.
///
/// Bounds the memory: when 32 streams of bulk are unread to the last byte of
/// their window, all wait until one is read or dropped.
const CONNECTION_WINDOW: u32 = 32 * STREAM_WINDOW;

/// Bytes that one stream's writer may be ahead of the driver.
const SEND_BUFFER: usize = 128 * 1024;

/// Largest frame of one stream; then the next stream has its turn.
const STREAM_FRAME_MAX: u32 = 16 * 1024;

/// What goes wrong with a mux.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other side speaks another version; nothing was transferred.
    ///
    /// The side with the lower number is the one to upgrade.
    #[error("this side speaks mux version {ours}, the other side version {theirs}")]
    Version {
        /// The version of this build.
        ours: u16,
        /// The version that the other side announced.
        theirs: u16,
    },
    /// The other side sent what no mux sends, such as a shell's greeting.
    #[error("the other side broke the mux protocol: {0}")]
    Protocol(&'static str),
    /// The transport failed, or ended inside a frame.
    ///
    /// What was written before may or may not have arrived.
    #[error("the connection below the mux failed")]
    Transport(#[source] io::Error),
    /// HTTP/2 refused what the other side sent, or was refused by it.
    #[error("the mux ended the connection")]
    Http2(#[source] h2::Error),
    /// The driver has ended or was dropped; its result says why.
    #[error("the mux is closed")]
    Closed,
    /// This side has the role [`Role::Accepts`].
    #[error("only the other side opens streams")]
    NotOpener,
    /// Too many pings wait for their answers: the link stands still.
    #[error("too many pings are unanswered")]
    TooManyPings,
}

/// Which side opens the streams: exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opens streams: the tunnel, on the laptop.
    Opens,
    /// Accepts streams: `attach`, on the remote.
    Accepts,
}

/// Starts one side of a mux over a transport.
///
/// Nothing is sent until the [`Driver`] is polled. The driver needs a tokio
/// runtime with time. The two halves need not be one object: stdin and stdout
/// of a process do.
pub fn start<R, W>(read: R, write: W, role: Role) -> (Opener, Incoming, Driver)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let side = Arc::new(Side::default());
    let closer = Closer(Arc::clone(&side));
    let carrier = Carrier::new(read, write, Arc::clone(&side));
    let (incoming, accepted) = mpsc::channel(INCOMING_MAX);
    let (requests, opens) = watch::channel(None);
    let ends: Pin<Box<dyn Future<Output = _> + Send>> = match role {
        Role::Opens => Box::pin(drive_opening(carrier, requests, closer)),
        Role::Accepts => Box::pin(drive_accepting(carrier, incoming, closer)),
    };
    let opener = Opener { opens, role, side };
    (opener, Incoming(accepted), Driver(ends))
}

/// Opens streams and measures round trips; clones share one mux.
#[derive(Clone)]
pub struct Opener {
    /// Filled by the driver's first poll, closed by its end.
    opens: watch::Receiver<Option<SendRequest<Bytes>>>,
    role: Role,
    side: Arc<Side>,
}

impl Opener {
    /// Opens a stream; the other side learns of it with the next bytes.
    ///
    /// Costs no round trip. Waits while [`STREAMS_MAX`] streams live.
    ///
    /// # Errors
    /// [`Error::Closed`] when the driver ends; [`Error::NotOpener`] on the
    /// side that accepts; [`Error::Http2`] when the numbers of streams are
    /// used up (2³⁰ of them).
    pub async fn open(&self) -> Result<Stream, Error> {
        if self.role == Role::Accepts {
            return Err(Error::NotOpener);
        }
        let mut opens = self.opens.clone();
        let requests = opens
            .wait_for(Option::is_some)
            .await
            .map_err(|_| Error::Closed)?
            .clone()
            .ok_or(Error::Closed)?;
        let mut requests = requests.ready().await.map_err(|e| self.refused(e))?;
        // A stream is a POST without a meaning; its body is the stream.
        let mut request = Request::new(());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static("http://m/");
        let (response, send) = requests
            .send_request(request, false)
            .map_err(|e| self.refused(e))?;
        Ok(Stream::new(Receive::Response(response), send))
    }

    /// Measures one round trip through the other side's driver.
    ///
    /// Not held back by the cap, but by what is under way already. Works in
    /// both roles. Has no deadline: a frozen link answers when it thaws.
    ///
    /// # Errors
    /// [`Error::Closed`] when the driver ends, [`Error::TooManyPings`].
    pub async fn ping(&self) -> Result<Duration, Error> {
        let asked = Instant::now();
        self.side.ask()?.await.map_err(|_| Error::Closed)?;
        Ok(asked.elapsed())
    }

    /// Waits until something has been under way for so long without any word
    /// from the other side: from then on the link, or the machine, is in doubt.
    ///
    /// An idle mux is never in doubt; whoever wants to know pings. Never
    /// returns after the driver's end.
    pub async fn silent_for(&self, limit: Duration) {
        self.side.silent_for(limit).await;
    }

    /// Waits until the other side has answered, or owes nothing.
    pub async fn heard_again(&self) {
        self.side.heard_again().await;
    }

    /// Tells whether the driver runs; says nothing of the network.
    pub fn is_live(&self) -> bool {
        self.side.is_live()
    }

    fn refused(&self, error: h2::Error) -> Error {
        if error.is_io() || error.is_go_away() || !self.is_live() {
            return Error::Closed;
        }
        Error::Http2(error)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("role", &self.role)
            .field("is_live", &self.is_live())
            .finish_non_exhaustive()
    }
}

/// The streams that the other side opened.
#[derive(Debug)]
pub struct Incoming(mpsc::Receiver<Stream>);

impl Incoming {
    /// Waits for the next stream; `None` when the driver has ended.
    ///
    /// Cancel safe. On the side that opens it is `None` at once.
    pub async fn accept(&mut self) -> Option<Stream> {
        self.0.recv().await
    }
}

/// Moves the bytes; spawned by its owner.
///
/// Ends with `Ok` when the transport ended between two frames. When it ends or
/// is dropped, every stream ends with an IO error and every wait with
/// [`Error::Closed`].
#[must_use = "nothing moves unless the driver is polled"]
pub struct Driver(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Future for Driver {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// Closes the shared state when the driver ends or is dropped.
struct Closer(Arc<Side>);

impl Closer {
    /// Why the driver ends, from what HTTP/2 and the carrier say.
    fn result(&self, http2: Result<(), h2::Error>) -> Result<(), Error> {
        match (self.0.take_fault(), http2) {
            // The carrier refuses to write after the transport's end.
            (Some(Error::Closed), _) | (None, Ok(())) => Ok(()),
            (Some(fault), _) => Err(fault),
            // No fault below: HTTP/2 only misses the streams that were open.
            (None, Err(error)) if error.is_io() => Ok(()),
            (None, Err(error)) => Err(Error::Http2(error)),
        }
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn drive_opening<R, W>(
    carrier: Carrier<R, W>,
    requests: watch::Sender<Option<SendRequest<Bytes>>>,
    closer: Closer,
) -> Result<(), Error>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let started = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(STREAMS_MAX as usize)
        .max_frame_size(STREAM_FRAME_MAX)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(None)
        .enable_push(false)
        .handshake(carrier)
        .await;
    match started {
        Ok((opens, connection)) => {
            // Kept in the channel until the end: HTTP/2 closes a connection
            // that nobody can open streams on.
            requests.send_replace(Some(opens));
            let ended = connection.await;
            closer.result(ended)
        }
        Err(error) => closer.result(Err(error)),
    }
}

async fn drive_accepting<R, W>(
    carrier: Carrier<R, W>,
    incoming: mpsc::Sender<Stream>,
    closer: Closer,
) -> Result<(), Error>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let started = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(INCOMING_MAX)
        .max_frame_size(STREAM_FRAME_MAX)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(None)
        .handshake(carrier)
        .await;
    let mut connection = match started {
        Ok(connection) => connection,
        Err(error) => return closer.result(Err(error)),
    };
    while let Some(opened) = connection.accept().await {
        let (request, mut respond) = match opened {
            Ok(opened) => opened,
            Err(error) => return closer.result(Err(error)),
        };
        // Fails when the other side has reset the stream already.
        let Ok(send) = respond.send_response(Response::new(()), false) else {
            continue;
        };
        let stream = Stream::new(Receive::Body(request.into_body()), send);
        // A full or closed queue drops the stream, which resets it.
        if incoming.try_send(stream).is_err() {
            tracing::debug!("a stream was reset: nobody accepts it");
        }
    }
    closer.result(Ok(()))
}
