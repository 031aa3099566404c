//! The hub's routes, behind its door.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Response;
use axum::http::Uri;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;
use serde::Deserialize;
use tokio::sync::watch;

use super::bus::Bus;
use super::bus::Visitor;
use super::call;
use super::listen::Site;
use crate::protocol::auth;
use crate::protocol::call::Handler;
use crate::protocol::call::MAX_CALL_BYTES;
use crate::protocol::call::Refusal;
use crate::protocol::control::Stopped;
use crate::protocol::control::Url;
use crate::protocol::ending::RUN_HEADER;
use crate::protocol::session::Status;
use crate::sys::shutdown::Shutdown;
use crate::web::assets;
use crate::web::credentials;
use crate::web::denial;
use crate::web::gate;
use crate::web::gate::Gate;
use crate::web::gate::Shown;
use crate::web::peer::Arrival;
use crate::web::session;
use crate::web::signin;
use crate::web::signin::Standing;

/// What a product decides about its hub.
#[derive(Clone)]
pub struct Hub {
    /// The door.
    pub gate: Arc<Gate>,
    /// A random name of this run, which each response carries.
    pub run: String,
    /// Answers the pages' calls.
    pub handler: Handler,
    /// Carries messages.
    pub bus: Bus,
    /// What `/customize` tells a signed-in page.
    pub customize: Customize,
    /// What `/session` tells a page that came directly.
    pub status: watch::Sender<Status>,
    /// Ends what shall end with the server; then the server ends.
    pub stop: Stopper,
    /// Told when the server shall end.
    pub shutdown: Shutdown,
}

/// Says what `/customize` tells now.
pub type Customize = Arc<dyn Fn() -> serde_json::Value + Send + Sync>;

/// Ends a server's terminals, unless they are kept, and counts them.
pub type Stopper = Arc<dyn Fn(Fate) -> Counting + Send + Sync>;

/// How many terminals ended or live on, once it is known.
pub type Counting = Pin<Box<dyn Future<Output = usize> + Send>>;

/// What becomes of the terminals when a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They end too.
    End,
    /// They live on.
    LiveOn,
}

/// The body of `POST /stop`: `{"keep_terminals":false}`.
#[derive(Deserialize)]
struct StopRequest {
    #[serde(default)]
    keep_terminals: bool,
}

impl Hub {
    /// Puts the hub's routes, and `routes` of the product, behind the door.
    pub fn site(self, routes: Router) -> Site {
        let gate = Arc::clone(&self.gate);
        let shutdown = self.shutdown.clone();
        let status = self.status.clone();
        let run = HeaderValue::from_str(&self.run).ok();
        let standing: Standing = Arc::new(move || status.borrow().clone());
        let routes = Router::new()
            .route("/call", post(answer_call))
            .layer(DefaultBodyLimit::max(MAX_CALL_BYTES))
            .route(auth::BUS_PATH, get(serve_bus))
            .route("/session", get(serve_session))
            .route("/customize", get(serve_customize))
            .route("/auth/url", post(mint_url))
            .route("/stop", post(stop))
            .fallback(serve_asset)
            .with_state(self)
            .merge(routes)
            .merge(signin::router(Arc::clone(&gate), standing))
            .layer(middleware::from_fn_with_state(gate, gate::guard))
            .layer(middleware::map_response(
                move |mut response: Response<Body>| {
                    if let Some(run) = &run {
                        response.headers_mut().insert(RUN_HEADER, run.clone());
                    }
                    std::future::ready(response)
                },
            ));
        Site::new(routes, shutdown)
    }
}

async fn answer_call(State(hub): State<Hub>, text: String) -> Response<Body> {
    call::answer_posted(text, hub.handler).await.into_response()
}

async fn serve_bus(
    State(hub): State<Hub>,
    Extension(shown): Extension<Shown>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    // The door has looked at whoever sends an Origin; no page can leave it out.
    let is_page = headers.contains_key(header::ORIGIN) || headers.contains_key(auth::PAGE_HEADER);
    let visitor = match (shown, is_page) {
        (Shown::Page | Shown::Program, true) => Visitor::Page,
        (Shown::Program, false) => Visitor::Program,
        (Shown::Key(_), false) => {
            let shown = credentials::bearer(&headers);
            shown.map_or(Visitor::Stranger(arrival.peer), |key| {
                Visitor::Key(key.to_owned())
            })
        }
        _ => Visitor::Stranger(arrival.peer),
    };
    hub.bus.serve_websocket(upgrade, visitor)
}

async fn serve_session(State(hub): State<Hub>, upgrade: WebSocketUpgrade) -> Response<Body> {
    session::watch(upgrade, hub.status.subscribe(), |_| {})
}

async fn serve_customize(State(hub): State<Hub>) -> Response<Body> {
    Json((hub.customize)()).into_response()
}

/// Mints a URL for whoever is signed in already: another command, or a page
/// for a second browser.
async fn mint_url(State(hub): State<Hub>) -> Response<Body> {
    let url = Url {
        url: hub.gate.mint_url(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(url)).into_response()
}

/// Ends the terminals unless they are kept, answers, and ends the server.
async fn stop(State(hub): State<Hub>, Json(request): Json<StopRequest>) -> Response<Body> {
    let fate = if request.keep_terminals {
        Fate::LiveOn
    } else {
        Fate::End
    };
    let terminals = (hub.stop)(fate).await;
    hub.shutdown.begin();
    Json(Stopped { terminals }).into_response()
}

async fn serve_asset(
    State(hub): State<Hub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    assets::respond(&method, uri.path(), &headers, &hub.gate.connectable())
        .unwrap_or_else(|| denial::refuse(&Refusal::new(404, "there is nothing at this path")))
}
