//! Serving a hub's routes on TCP and a unix socket at once.

use axum::Router;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio_util::task::TaskTracker;

use crate::sys::process;
use crate::sys::shutdown::Shutdown;
use crate::web::peer::Arrival;
use crate::web::serve;
use crate::web::serve::Doorway;

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

    /// Serves a TCP listener until shutdown, and then until all have been
    /// answered.
    pub async fn serve_tcp(self, listener: TcpListener, doorway: Doorway) {
        serve::tcp(listener, doorway, self.routes, self.shutdown).await;
    }

    /// Serves a unix socket, to this user alone, until shutdown, and then until
    /// all have been answered.
    pub async fn serve_unix(self, listener: UnixListener) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.shutdown.begun() => break,
            };
            let ours =
                accepted.and_then(|(stream, _)| process::check_peer(&stream).map(|()| stream));
            if let Some(stream) = serve::usable(ours).await {
                let (routes, shutdown) = (self.routes.clone(), self.shutdown.clone());
                connections.spawn(serve::converse(stream, Arrival::OWNER, routes, shutdown));
            }
        }
        connections.close();
        connections.wait().await;
    }
}
