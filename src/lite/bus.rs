//! The bus's doors: a unix socket, a loopback port, and `/conat`.
//!
//! | door | who comes in | as |
//! | --- | --- | --- |
//! | unix socket, loopback port | a program whose CONNECT shows the server's token | hub |
//! | `/conat` without Origin | the same | hub |
//! | `/conat` from a page, or from one behind a tunnel | who is signed in | the account |
//!
//! A program's CONNECT has two seconds; a page has shown cookie and key before
//! the WebSocket opens, like for every other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use futures::StreamExt;
use tokio::io::AsyncRead;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::net::UnixStream;

use super::carrier;
use super::identity::Identity;
use crate::messaging::broker::Broker;
use crate::messaging::broker::MAX_PAYLOAD_BYTES;
use crate::messaging::connect::Connect;
use crate::messaging::connection;
use crate::messaging::connection::Carrier;
use crate::messaging::connection::Entry;
use crate::protocol::auth;
use crate::sys::process;
use crate::sys::shutdown::Shutdown;
use crate::web::gate::Gate;

/// The largest WebSocket message, in bytes: a message of the bus with its line,
/// and what a client puts into the same one.
const MAX_FRAME_BYTES: usize = 2 * MAX_PAYLOAD_BYTES;

/// What a WebSocket reads at once, in bytes; the library's own 128 KiB would be
/// most of what an idle connection takes.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// The wait where a connection could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The bus and whoever may come in; clones are the same bus.
#[derive(Clone)]
pub struct Bus {
    broker: Arc<Broker>,
    account: Identity,
}

impl Bus {
    /// Makes the bus of a hub: programs show `gate`'s token, pages are
    /// `account`; `run` is a random name of this run.
    pub fn new(run: &str, gate: Arc<Gate>, account: Identity, shutdown: Shutdown) -> Self {
        let doorkeeper = move |connect: &Connect| {
            let token = connect.auth_token.as_ref()?;
            gate.is_token(token.reveal())
                .then(|| Identity::Hub.access())
        };
        Self {
            broker: Broker::new(run.to_owned(), Arc::new(doorkeeper), shutdown),
            account,
        }
    }

    /// Serves one loopback family until shutdown, and then until all have left.
    pub async fn serve_tcp(self, listener: TcpListener) {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted.map(|(stream, _)| stream),
                () = self.broker.shutdown().begun() => break,
            };
            let Some(stream) = usable(stream).await else {
                continue;
            };
            // A message must not wait for Nagle's algorithm.
            let _ = stream.set_nodelay(true);
            let (reader, writer) = stream.into_split();
            self.spawn(Entry::Stranger, reader, writer);
        }
        self.broker.left().await;
    }

    /// Serves a unix socket, to this user alone, until shutdown, and then until
    /// all have left.
    pub async fn serve_unix(self, listener: UnixListener) {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted.map(|(stream, _)| stream),
                () = self.broker.shutdown().begun() => break,
            };
            let is_ours = |stream: UnixStream| process::check_peer(&stream).map(|()| stream);
            let Some(stream) = usable(stream.and_then(is_ours)).await else {
                continue;
            };
            let (reader, writer) = stream.into_split();
            self.spawn(Entry::Stranger, reader, writer);
        }
        self.broker.left().await;
    }

    fn spawn<R, W>(&self, entry: Entry, reader: R, writer: W)
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: Carrier + Send + 'static,
    {
        let broker = Arc::clone(&self.broker);
        tokio::spawn(connection::serve(broker, entry, reader, writer));
    }

    /// Serves a WebSocket; `is_page` says that the door knows it as a page.
    pub(super) fn serve_websocket(&self, upgrade: WebSocketUpgrade, is_page: bool) -> Response {
        let broker = Arc::clone(&self.broker);
        let entry = if is_page {
            Entry::Known(self.account.access())
        } else {
            Entry::Stranger
        };
        upgrade
            .protocols([auth::WEBSOCKET_PROTOCOL])
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(MAX_FRAME_BYTES)
            .max_frame_size(MAX_FRAME_BYTES)
            .on_upgrade(async move |socket| {
                let (sink, stream) = socket.split();
                let (reader, writer) = (carrier::reader(stream), carrier::Writer::new(sink));
                connection::serve(broker, entry, reader, writer).await;
            })
    }
}

/// Passes an accepted connection on. Where this process has no descriptor left,
/// where a connection was given up and where it is somebody else's, it waits a
/// moment.
async fn usable<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::warn!(%error, "refused a connection to the bus");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}
