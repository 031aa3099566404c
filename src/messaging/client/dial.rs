//! Making a client's connections.

use std::io;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::sleep;
use tokio::time::timeout;

/// How long a server of a cluster may take to be connected.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// The wait before the next server is tried.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// How long a server of a cluster may be silent until it is asked whether it
/// lives, and how long it may then take.
const SILENCE: Duration = Duration::from_secs(20);

/// What came of making a connection.
pub enum Dialled<R, W> {
    /// It is there.
    Connected(R, W),
    /// The next may be.
    Failed,
    /// There are no more.
    NoMore,
}

/// Makes connections, one after the other.
pub trait Dial: Send + 'static {
    /// How long a connection may be silent until the other side is asked whether
    /// it lives, and how long that may take; `None` where it cannot be lost
    /// without a word.
    const SILENCE: Option<Duration>;
    /// What is read from one.
    type Reader: AsyncRead + Unpin + Send;
    /// What is written to it.
    type Writer: AsyncWrite + Unpin + Send;

    /// Makes one; it fails where another may follow.
    fn dial(&mut self) -> impl Future<Output = Dialled<Self::Reader, Self::Writer>> + Send;
}

/// The one connection within a process.
pub(super) struct Pipe<R, W>(pub(super) Option<(R, W)>);

impl<R, W> Dial for Pipe<R, W>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    const SILENCE: Option<Duration> = None;
    type Reader = R;
    type Writer = W;

    async fn dial(&mut self) -> Dialled<R, W> {
        match self.0.take() {
            Some((reader, writer)) => Dialled::Connected(reader, writer),
            None => Dialled::NoMore,
        }
    }
}

/// The servers of a cluster.
pub(super) struct Servers {
    /// Where they listen, `127.0.0.1:4222`.
    pub(super) servers: Vec<String>,
    /// How many connections were tried, 0 at first.
    pub(super) tried: usize,
}

impl Dial for Servers {
    const SILENCE: Option<Duration> = Some(SILENCE);
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    async fn dial(&mut self) -> Dialled<OwnedReadHalf, OwnedWriteHalf> {
        if self.tried > 0 {
            sleep(TRY_AGAIN).await;
        }
        let Some(server) = self.servers.get(self.tried % self.servers.len().max(1)) else {
            return Dialled::NoMore;
        };
        self.tried += 1;
        let connected = timeout(CONNECT_DEADLINE, TcpStream::connect(server)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                let (reader, writer) = stream.into_split();
                Dialled::Connected(reader, writer)
            }
            Err(error) => {
                tracing::info!(server, %error, "no server of the bus there");
                Dialled::Failed
            }
        }
    }
}
