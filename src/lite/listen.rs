//! Serving a hub's routes on TCP and a unix socket at once.

use std::io;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::net::UnixStream;

use crate::sys::process;
use crate::sys::shutdown::Shutdown;

/// A hub's routes behind its door, ready to be served; clones are the same.
#[derive(Clone)]
pub struct Site {
    routes: Router,
    shutdown: Shutdown,
}

impl Site {
    /// Takes routes that stand behind a door already.
    pub(super) fn new(routes: Router, shutdown: Shutdown) -> Self {
        Self { routes, shutdown }
    }

    /// Serves one loopback family until shutdown.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn serve_tcp(self, listener: TcpListener) -> io::Result<()> {
        // A key's echo must not wait for Nagle's algorithm.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, self.routes)
            .with_graceful_shutdown(self.shutdown.begun())
            .await
    }

    /// Serves a unix socket, to this user alone, until shutdown.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn serve_unix(self, listener: UnixListener) -> io::Result<()> {
        axum::serve(OwnersOnly(listener), self.routes)
            .with_graceful_shutdown(self.shutdown.begun())
            .await
    }
}

/// Accepts connections of this user and closes every other.
struct OwnersOnly(UnixListener);

impl axum::serve::Listener for OwnersOnly {
    type Io = UnixStream;
    type Addr = tokio::net::unix::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
            match process::check_peer(&stream) {
                Ok(()) => return (stream, address),
                Err(error) => tracing::warn!(%error, "refused a connection on the unix socket"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
