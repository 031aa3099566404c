//! What a tunnel serves to browsers: the page, its door, and the remote.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State as Extracted;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Response;
use axum::http::header;
use axum::middleware;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::watch;

use super::link::Command;
use super::link::Upstream;
use super::phases::Phases;
use crate::protocol::attach::Purpose;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::protocol::session;
use crate::protocol::session::Status;
use crate::proxy::http::forward;
use crate::ssh::attach::STATE_HEADER;
use crate::sys::shutdown::Shutdown;
use crate::web::assets;
use crate::web::gate;
use crate::web::gate::Gate;
use crate::web::session::watch as watch_session;
use crate::web::signin;

/// What pages are served from.
#[derive(Clone)]
pub struct Pages {
    gate: Arc<Gate>,
    status: watch::Sender<Status>,
    phases: Phases,
    upstream: watch::Receiver<Option<Arc<Upstream>>>,
    commands: mpsc::Sender<Command>,
    watching: Arc<AtomicUsize>,
}

/// One page that is being told where the connection stands, while it lives.
struct Watching(Arc<AtomicUsize>);

impl Watching {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pages {
    /// Gathers what pages are served from.
    pub fn new(
        gate: Arc<Gate>,
        status: watch::Sender<Status>,
        phases: Phases,
        upstream: watch::Receiver<Option<Arc<Upstream>>>,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        Self {
            gate,
            status,
            phases,
            upstream,
            commands,
            watching: Arc::default(),
        }
    }

    /// How many pages are being told where the connection stands.
    pub fn watching(&self) -> usize {
        self.watching.load(Ordering::Relaxed)
    }

    /// Whether somebody was given a URL that leads here and has not come yet.
    pub fn are_expected(&self) -> bool {
        self.gate.has_unspent_codes()
    }

    /// Returns the routes behind the door.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/session", get(serve_session))
            .fallback(pass_on)
            .with_state(self.clone())
            .merge(signin::router(Arc::clone(&self.gate)))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&self.gate),
                gate::guard,
            ))
    }
}

/// Serves pages on one loopback family until shutdown.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    // A key's echo must not wait for Nagle's algorithm.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.begun());
    if let Err(error) = served.await {
        tracing::error!(%error, "cannot serve pages any more");
    }
}

async fn serve_session(
    Extracted(pages): Extracted<Pages>,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let (watching, phases) = (Watching::new(&pages.watching), pages.phases);
    watch_session(upgrade, pages.status.subscribe(), move |status| {
        let _present = &watching;
        // A page that comes in the middle of a step sees how long it has taken.
        status.phases = phases.seen();
    })
}

/// Serves the page's own files from here when the server's are the same,
/// and passes everything else on.
async fn pass_on(Extracted(pages): Extracted<Pages>, request: Request) -> Response<Body> {
    let upstream = pages.upstream.borrow().clone();
    let is_ours = upstream
        .as_ref()
        .is_none_or(|server| server.ui == assets::ui_hash());
    if is_ours
        && let Some(response) =
            assets::respond(request.uri().path(), request.headers(), pages.gate.port())
    {
        return response;
    }
    let Some(upstream) = upstream else {
        return gate::refuse(&Refusal::new(503, "the target is not connected"));
    };
    match send(&upstream, request).await {
        Ok(mut response) => {
            if response
                .headers()
                .get(STATE_HEADER)
                .is_some_and(|state| state == "stopped")
            {
                let _ = pages.commands.send(Command::ServerStopped).await;
            }
            // What comes from the remote is a page of ours too.
            assets::protect(response.headers_mut(), pages.gate.port());
            response
        }
        Err(error) => {
            tracing::debug!(%error, "a request was not answered");
            gate::refuse(&Refusal::new(502, "the target did not answer"))
        }
    }
}

/// Sends a request through the mux, with the server's credentials for ours.
///
/// # Errors
/// When no stream can be opened or no answer comes.
pub async fn send(
    upstream: &Upstream,
    mut request: Request,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    exchange_credentials(request.headers_mut(), upstream)?;
    let mut stream = upstream.opener.open().await?;
    stream.write_all(&[Purpose::Http.byte()]).await?;
    Ok(forward(request, stream, session::CLOSE_RECONNECTING).await?)
}

fn exchange_credentials(
    headers: &mut HeaderMap,
    upstream: &Upstream,
) -> Result<(), header::InvalidHeaderValue> {
    for name in [header::COOKIE, header::ORIGIN, header::REFERER] {
        headers.remove(name);
    }
    headers.remove(auth::KEY_HEADER);
    if headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        let protocol = HeaderValue::from_static(auth::WEBSOCKET_PROTOCOL);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", upstream.token.reveal()))?;
    bearer.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, bearer);
    Ok(())
}
