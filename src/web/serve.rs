//! Serving HTTP to whoever connects, and for how long each may take.
//!
//! | what a client does | what happens |
//! | --- | --- |
//! | sends a head slowly, or none | closed after 15 s |
//! | sends a head that its 32 KiB of buffer do not hold, or 100 headers | 431 |
//! | sends what is not HTTP | 400, closed |
//! | begins TLS and does not go on | closed after 15 s |
//! | stops in the middle of a body | the request fails after 30 s without a byte |
//! | vanishes without a word | the kernel asks after a minute, and closes after two |
//!
//! What a client does not read is kept from being made, not dropped: a browser
//! may pause a download for hours.

use std::io;
use std::pin::Pin;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::outside::Scheme;
use super::peer::Arrival;
use super::peer::Entrance;
use super::peer::Peer;
use crate::sys::ports;
use crate::sys::shutdown::Shutdown;

/// How long a head may take, and a connection wait for the next one.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

/// How long a body may pause.
const BODY_PAUSE: Duration = Duration::from_secs(30);

/// The buffer of a head, in bytes; what arrives at once may be twice as much.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// The wait where a connection could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The first byte of a TLS connection: a handshake record, RFC 8446 section 5.1.
const HANDSHAKE: u8 = 0x16;

/// What a TCP listener is for.
#[derive(Clone)]
pub struct Doorway {
    /// Where its connections come in.
    pub entrance: Entrance,
    /// Accepts TLS beside plain HTTP, which is told by its first byte.
    pub tls: Option<TlsAcceptor>,
}

impl Doorway {
    /// One on a loopback address, without TLS.
    pub const INNER: Self = Self {
        entrance: Entrance::Inner,
        tls: None,
    };
}

/// Serves a TCP listener until shutdown, and then until all have been answered.
pub async fn tcp(listener: TcpListener, doorway: Doorway, routes: Router, shutdown: Shutdown) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => break,
        };
        let prepared = accepted.and_then(|(stream, address)| {
            prepare(&stream)?;
            Ok((stream, Peer::Address(address.ip())))
        });
        if let Some((stream, peer)) = usable(prepared).await {
            let (doorway, routes) = (doorway.clone(), routes.clone());
            connections.spawn(greet(stream, peer, doorway, routes, shutdown.clone()));
        }
    }
    connections.close();
    connections.wait().await;
}

/// Finds out whether a connection speaks TLS, and serves it.
async fn greet(
    stream: TcpStream,
    peer: Peer,
    doorway: Doorway,
    routes: Router,
    shutdown: Shutdown,
) {
    let arrival = |scheme| Arrival {
        peer,
        scheme,
        entrance: doorway.entrance,
    };
    let Some(tls) = &doorway.tls else {
        return converse(stream, arrival(Scheme::Http), routes, shutdown).await;
    };
    let mut first = [0];
    match timeout(HEAD_DEADLINE, stream.peek(&mut first)).await {
        Ok(Ok(1)) if first == [HANDSHAKE] => {}
        Ok(Ok(1)) => return converse(stream, arrival(Scheme::Http), routes, shutdown).await,
        _ => return,
    }
    match timeout(HEAD_DEADLINE, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, arrival(Scheme::Https), routes, shutdown).await,
        Ok(Err(error)) => tracing::debug!(%error, ?peer, "a TLS handshake failed"),
        Err(_) => tracing::debug!(?peer, "a TLS handshake took too long"),
    }
}

/// Passes an accepted connection on. Where this process has no descriptor left,
/// where a connection was given up and where it is somebody else's, it waits a
/// moment.
pub async fn usable<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(stream) => Some(stream),
        Err(error) => {
            // Whoever causes it can do so often, so it is not for every log.
            tracing::debug!(%error, "a connection was not accepted");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}

/// Serves one connection until either side ends it; after shutdown, until what
/// was asked is answered.
pub async fn converse<S>(stream: S, arrival: Arrival, routes: Router, shutdown: Shutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut routes = routes.clone();
        let mut request = request.map(|body| Body::new(Patient::new(body)));
        request.extensions_mut().insert(arrival);
        // A router is always ready.
        async move { routes.call(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, peer = ?arrival.peer, "a connection ended");
    }
}

/// Has a connection carry small messages at once, and be missed when its other
/// side is gone.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    // A key's echo must not wait for Nagle's algorithm.
    stream.set_nodelay(true)?;
    ports::keep_alive(stream)
}

/// A body that may pause for [`BODY_PAUSE`].
struct Patient {
    body: Incoming,
    /// Runs while a read waits.
    pause: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl Patient {
    fn new(body: Incoming) -> Self {
        Self {
            body,
            pause: Box::pin(tokio::time::sleep(BODY_PAUSE)),
            is_waiting: false,
        }
    }
}

impl hyper::body::Body for Patient {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.is_waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.pause.as_mut().reset(Instant::now() + BODY_PAUSE);
        }
        self.pause
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
