//! The hub's routes, and serving them on TCP and a unix socket at once.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::Response;
use axum::http::Uri;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::sync::watch;

use super::call;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::protocol::session::Status;
use crate::sys::process;
use crate::sys::shutdown::Shutdown;
use crate::web::assets;
use crate::web::gate;
use crate::web::gate::Gate;
use crate::web::session;
use crate::web::signin;

/// What a product decides about its hub.
pub struct Hub {
    /// The door.
    pub gate: Arc<Gate>,
    /// Answers the pages' calls.
    pub handler: Handler,
    /// What `/customize` tells a signed-in page.
    pub customize: serde_json::Value,
    /// What `/session` tells a page that came directly.
    pub status: watch::Receiver<Status>,
    /// Further routes, behind the door.
    pub routes: Router,
}

#[derive(Clone)]
struct Served {
    gate: Arc<Gate>,
    handler: Handler,
    customize: Arc<serde_json::Value>,
    status: watch::Receiver<Status>,
}

impl Hub {
    /// Returns the hub's routes behind its door.
    pub fn router(self) -> Router {
        let served = Served {
            gate: Arc::clone(&self.gate),
            handler: self.handler,
            customize: Arc::new(self.customize),
            status: self.status,
        };
        Router::new()
            .route("/call", get(serve_call))
            .route("/session", get(serve_session))
            .route("/customize", get(serve_customize))
            .fallback(serve_asset)
            .with_state(served)
            .merge(self.routes)
            .merge(signin::router(Arc::clone(&self.gate)))
            .layer(middleware::from_fn_with_state(self.gate, gate::guard))
    }
}

/// Serves a router on every TCP listener until shutdown.
///
/// # Errors
/// When accepting fails for good.
pub async fn serve_tcp(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
) -> io::Result<()> {
    // A key's echo must not wait for Nagle's algorithm.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.begun())
        .await
}

/// Serves a router on a unix socket, to this user alone, until shutdown.
///
/// # Errors
/// When accepting fails for good.
pub async fn serve_unix(
    listener: UnixListener,
    router: Router,
    shutdown: Shutdown,
) -> io::Result<()> {
    axum::serve(OwnersOnly(listener), router)
        .with_graceful_shutdown(shutdown.begun())
        .await
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

async fn serve_call(State(hub): State<Served>, upgrade: WebSocketUpgrade) -> Response<Body> {
    call::serve(upgrade, hub.handler)
}

async fn serve_session(State(hub): State<Served>, upgrade: WebSocketUpgrade) -> Response<Body> {
    session::watch(upgrade, hub.status, ())
}

async fn serve_customize(State(hub): State<Served>) -> Response<Body> {
    Json(&*hub.customize).into_response()
}

async fn serve_asset(
    State(hub): State<Served>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response<Body> {
    drop(request);
    assets::respond(uri.path(), &headers, hub.gate.port())
        .unwrap_or_else(|| gate::refuse(&Refusal::new(404, "there is nothing at this path")))
}
