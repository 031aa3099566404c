//! Serving one connection, over whatever carries bytes.
//!
//! ```text
//!           INFO             CONNECT with a credential, within 2 s
//!  (opened) ────> a stranger ────────────────────────────────────> in
//!                     │ anything else, or nothing                   │ a violation, too slow, silent,
//!                     v                                             v the carrier or the server ends
//!                  -ERR, closed <──────────────────────────────── closed
//! ```
//!
//! One task reads, writes and keeps time. What was read is done at once, in
//! order; whoever receives something of it is woken when all of it is done, so
//! that many small messages are few writes.

use std::future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::DuplexStream;
use tokio::io::WriteHalf;
use tokio::time::sleep;
use tokio::time::timeout;

use super::Broker;
use super::outbox::Next;
use super::peer::Peer;
use super::session::Further;
use super::session::Session;
use crate::messaging::access::Admission;
use crate::messaging::ending::Ending;
use crate::messaging::wire::connect::Info;

/// How long a stranger may take to show a credential.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// How long a connection may be silent until it is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(120);

/// How many such questions may go without an answer.
const MAX_UNANSWERED: u32 = 2;

/// How long a carrier may take no byte of what waits.
const WRITE_STALL: Duration = Duration::from_secs(10);

/// How long a publisher waits, behind each of its reads, for those who read
/// more slowly than it writes.
const PUBLISHER_WAIT: Duration = Duration::from_millis(10);

/// How long last words may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long connections last that were told that the server leaves.
const LAME_DUCK: Duration = Duration::from_millis(500);

/// The buffer of a connection at rest, in bytes: there may be ten thousand.
const MIN_BUFFER_BYTES: usize = 512;

/// The buffer of a busy connection, in bytes.
const MAX_BUFFER_BYTES: usize = 64 << 10;

/// Who a connection is when it begins.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Nobody knows yet; its CONNECT must say. With where it comes from.
    Stranger(Option<IpAddr>),
    /// Its carrier has shown who it is.
    Known(Admission),
}

/// Where a connection's bytes are written.
pub trait Carrier: AsyncWrite + Unpin {
    /// Ends it when all is written; some can say why.
    fn end(&mut self, ending: Ending) -> impl Future<Output = io::Result<()>> + Send;
}

impl Carrier for tokio::net::tcp::OwnedWriteHalf {
    fn end(&mut self, _: Ending) -> impl Future<Output = io::Result<()>> + Send {
        self.shutdown()
    }
}

impl Carrier for tokio::net::unix::OwnedWriteHalf {
    fn end(&mut self, _: Ending) -> impl Future<Output = io::Result<()>> + Send {
        self.shutdown()
    }
}

/// A pipe within a process.
impl Carrier for WriteHalf<DuplexStream> {
    fn end(&mut self, _: Ending) -> impl Future<Output = io::Result<()>> + Send {
        self.shutdown()
    }
}

/// Serves a connection until either side ends it.
pub async fn serve<R, W>(broker: Arc<Broker>, entry: Entry, reader: R, mut writer: W)
where
    R: AsyncRead + Unpin,
    W: Carrier,
{
    let Some(peer) = broker.enter() else {
        let words = Ending::Connections.line();
        let _ = timeout(FAREWELL, writer.write_all(words.as_bytes())).await;
        let _ = timeout(FAREWELL, writer.end(Ending::Connections)).await;
        return;
    };
    let source = match entry {
        Entry::Known(admission) => {
            peer.let_in(admission);
            None
        }
        Entry::Stranger(source) => source,
    };
    let info = Info::new(&broker.id, peer.id);
    peer.say(info.line().as_bytes());
    let _entered = Entered(&broker, &peer);
    let mut session = Session::new(Arc::clone(&broker), Arc::clone(&peer), source);
    let reading = async {
        let ending = read(&mut session, reader).await;
        if ending != Ending::Gone {
            tracing::info!(
                connection = peer.id,
                ?ending,
                "ended a connection to the bus"
            );
        }
        peer.outbox.close(ending);
        future::pending().await
    };
    tokio::select! {
        () = write(&peer, writer) => {}
        () = reading => {}
        () = keep_time(&broker, &peer) => {}
    }
    session.leave().await;
}

/// A connection that is known to its broker, until this is dropped.
///
/// `Session::leave` takes the subscriptions away before, and lets others have
/// their turn meanwhile. What is taken away here is left over where the task
/// was dropped while it ran, as when the process ends: nobody must find a peer
/// that is gone.
struct Entered<'a>(&'a Broker, &'a Peer);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let Self(broker, peer) = self;
        for one in peer.take_subscriptions() {
            broker.interest.remove(&one);
        }
        // Idle publishers may know it for long.
        peer.discard();
        broker.leave(peer);
    }
}

/// Does what is read until it ends; returns why.
async fn read<R: AsyncRead + Unpin>(session: &mut Session, mut reader: R) -> Ending {
    let mut buffer = BytesMut::new();
    let mut size = MIN_BUFFER_BYTES;
    loop {
        let done = session.take_some(&buffer);
        session.wake_receivers();
        // Who is told to read on gets what he waits for meanwhile.
        let _ = timeout(PUBLISHER_WAIT, session.receivers_read()).await;
        let needed = match done {
            Ok((used, further)) => {
                buffer.advance(used);
                match further {
                    Further::Ready => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Further::Needs(needed) => needed,
                }
            }
            Err(ending) => return ending,
        };
        if buffer.is_empty() {
            // Nothing is kept for a connection at rest but what it may need.
            buffer = BytesMut::new();
        }
        buffer.reserve(needed.saturating_sub(buffer.len()).max(size));
        match reader.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Ending::Gone,
            Ok(length) if length >= size => size = (size * 2).min(MAX_BUFFER_BYTES),
            Ok(length) if length < size / 4 => size = (size / 2).max(MIN_BUFFER_BYTES),
            Ok(_) => {}
        }
    }
}

/// Writes what waits until the last of it is written, or cannot be.
async fn write<W: Carrier>(peer: &Peer, mut writer: W) {
    let mut written = Vec::new();
    loop {
        match peer.outbox.take(std::mem::take(&mut written)) {
            Next::Sleep => peer.outbox.filled().await,
            Next::Write { bytes, ending } => {
                let sent = write_all(peer, &mut writer, &bytes).await;
                if ending.is_some() || sent.is_err() {
                    let _ = timeout(FAREWELL, writer.end(ending.unwrap_or(Ending::Gone))).await;
                    return;
                }
                written = bytes;
            }
        }
    }
}

/// Writes all of it. Each part may take ten seconds, and once the connection
/// ends all that is left may take one.
async fn write_all<W: Carrier>(peer: &Peer, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
    let all = async {
        let mut left = bytes;
        while !left.is_empty() {
            let length = timeout(WRITE_STALL, writer.write(left)).await??;
            if length == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            left = &left[length..];
            peer.outbox.wrote(length);
        }
        timeout(WRITE_STALL, writer.flush()).await?
    };
    tokio::pin!(all);
    tokio::select! {
        sent = &mut all => sent,
        () = peer.outbox.ended() => timeout(FAREWELL, all).await?,
    }
}

/// Ends a stranger that says nothing and a peer that is gone, and tells it when
/// the server leaves; never returns.
async fn keep_time(broker: &Broker, peer: &Peer) {
    let mut silence = 0;
    let leaving = broker.shutdown.begun();
    tokio::pin!(leaving);
    let mut wait = if peer.is_in() {
        PING_EVERY
    } else {
        CONNECT_DEADLINE
    };
    loop {
        tokio::select! {
            () = sleep(wait) => {
                wait = PING_EVERY;
                if !peer.is_in() {
                    peer.outbox.close(Ending::ConnectTimeout);
                } else if peer.was_heard() {
                    silence = 0;
                } else if silence == MAX_UNANSWERED {
                    peer.outbox.close(Ending::Stale);
                } else {
                    silence += 1;
                    peer.say(b"PING\r\n");
                    peer.outbox.wake();
                }
            }
            () = &mut leaving => {
                let mut info = Info::new(&broker.id, peer.id);
                info.ldm = true;
                if peer.takes_info() {
                    peer.say(info.line().as_bytes());
                    peer.outbox.wake();
                    sleep(LAME_DUCK).await;
                }
                peer.outbox.close(Ending::Shutdown);
                return future::pending().await;
            }
        }
    }
}
