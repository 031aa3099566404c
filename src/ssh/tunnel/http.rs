//! What a tunnel serves to browsers: the page, its door, and the remote.

use std::sync::Arc;

use axum::Json;
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
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::orders::Command;
use super::orders::Seen;
use super::orders::Upstream;
use crate::protocol::attach::Purpose;
use crate::protocol::auth;
use crate::protocol::call::AWAY;
use crate::protocol::call::Refusal;
use crate::protocol::control::Url;
use crate::protocol::ending::RUN_HEADER;
use crate::protocol::session;
use crate::proxy::http::forward;
use crate::ssh::attach::STATE_HEADER;
use crate::web::assets;
use crate::web::denial;
use crate::web::gate;
use crate::web::gate::Gate;
use crate::web::session::watch as watch_session;
use crate::web::signin;
use crate::web::signin::Standing;

/// What pages are served from.
#[derive(Clone)]
pub struct Pages {
    gate: Arc<Gate>,
    seen: Seen,
    commands: mpsc::Sender<Command>,
}

impl Pages {
    /// Gathers what pages are served from.
    pub fn new(gate: Arc<Gate>, seen: Seen, commands: mpsc::Sender<Command>) -> Self {
        Self {
            gate,
            seen,
            commands,
        }
    }

    /// How many pages are being told where the connection stands.
    pub fn watching(&self) -> usize {
        self.seen.watching.count()
    }

    /// Whether somebody was given a URL that leads here and has not come yet.
    pub fn are_expected(&self) -> bool {
        self.gate.has_unspent_codes()
    }

    /// Returns the routes behind the door.
    pub fn router(&self) -> Router {
        let seen = self.seen.clone();
        let standing: Standing = Arc::new(move || {
            let mut status = seen.status.borrow().clone();
            status.phases = seen.phases.seen();
            status
        });
        Router::new()
            .route("/session", get(serve_session))
            .route("/auth/url", post(mint_url))
            .fallback(pass_on)
            .with_state(self.clone())
            .merge(signin::router(Arc::clone(&self.gate), standing))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&self.gate),
                gate::guard,
            ))
    }
}

async fn serve_session(
    Extracted(pages): Extracted<Pages>,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let Seen {
        status,
        phases,
        watching,
        ..
    } = pages.seen;
    let present = watching.enter();
    watch_session(upgrade, status.subscribe(), move |status| {
        let _present = &present;
        // A page that comes in the middle of a step sees how long it has taken.
        status.phases = phases.seen();
    })
}

/// Mints a URL for whoever is signed in already: a page for a second browser.
async fn mint_url(Extracted(pages): Extracted<Pages>) -> Response<Body> {
    let url = Url {
        url: pages.gate.mint_url(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(url)).into_response()
}

/// Serves the page's own files from here when the server's are the same, and
/// passes everything else on.
///
/// `localhost` only leads to the workspace, so it always gets our own page: a
/// page of the remote's has nothing to do there.
async fn pass_on(Extracted(pages): Extracted<Pages>, request: Request) -> Response<Body> {
    let upstream = pages.seen.upstream.borrow().clone();
    let path = request.uri().path();
    let is_same = upstream
        .as_ref()
        .is_none_or(|server| server.ui == assets::ui_hash());
    let is_ours = is_same || is_lead(request.headers());
    if is_ours
        && let Some(response) = assets::respond(
            request.method(),
            path,
            request.headers(),
            &pages.gate.connectable(),
        )
    {
        return response;
    }
    if is_ours && path.starts_with(assets::HASHED) {
        return denial::refuse(&Refusal::new(404, "there is nothing at this path"));
    }
    let Some(upstream) = upstream else {
        let refusal = Refusal::new(503, "the target is not connected");
        return denial::refuse(&refusal.because(AWAY));
    };
    match send(&upstream, request).await {
        Ok(mut response) => {
            let state = response.headers_mut().remove(STATE_HEADER);
            if state.is_some_and(|state| state == "stopped") {
                let _ = pages.commands.send(Command::ServerStopped).await;
            }
            let run = response.headers_mut().remove(RUN_HEADER);
            if run.is_some_and(|run| run != upstream.run) {
                // A full queue hears of it from the next response.
                let _ = pages.commands.try_send(Command::ServerRestarted);
            }
            restrain(response.headers_mut());
            assets::protect(response.headers_mut(), &pages.gate.connectable());
            response
        }
        Err(error) => {
            tracing::debug!(%error, "a request was not answered");
            denial::refuse(&Refusal::new(502, "the target did not answer").because(AWAY))
        }
    }
}

fn is_lead(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    host.to_ascii_lowercase().starts_with("localhost")
}

/// Takes away what a remote may not tell a browser on this machine: cookies
/// reach every port of `localhost`, and the rest would act beyond the response.
fn restrain(headers: &mut HeaderMap) {
    let beyond = [
        "clear-site-data",
        "service-worker-allowed",
        "refresh",
        "link",
    ];
    for name in [header::SET_COOKIE.as_str()].into_iter().chain(beyond) {
        headers.remove(name);
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
    headers.remove(auth::PAGE_HEADER);
    if headers.contains_key(header::ORIGIN) {
        headers.insert(auth::PAGE_HEADER, HeaderValue::from_static("1"));
    }
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
