//! The routes that sign a browser in, and `/healthz`.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Response;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;

use super::credentials::Credentials;
use super::denial::Denial;
use super::gate::Gate;
use super::gate::Shown;
use super::outside::Scheme;
use super::peer::Arrival;
use crate::protocol::auth;
use crate::protocol::auth::CodeAnswer;
use crate::protocol::auth::CodeRequest;
use crate::protocol::auth::Me;
use crate::protocol::auth::ResumeRequest;
use crate::protocol::session::Status;

/// The largest body of a sign-in, in bytes.
const MAX_BODY_BYTES: usize = 4096;

/// How long a browser keeps the cookie, in seconds: 90 days, unless the tunnel
/// or server ends before, which gave it.
const COOKIE_SECONDS: u32 = 90 * 24 * 3600;

/// Says where the connection stands now.
pub type Standing = Arc<dyn Fn() -> Status + Send + Sync>;

/// What the routes work with.
#[derive(Clone)]
struct Entrance {
    gate: Arc<Gate>,
    standing: Standing,
}

/// Returns `/healthz`, `/auth/me`, `/auth/code` and `/auth/resume`.
pub fn router(gate: Arc<Gate>, standing: Standing) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/auth/me", get(me))
        .route("/auth/code", post(code))
        .route("/auth/resume", post(resume))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Entrance { gate, standing })
}

/// Alive, and reachable by a page on `localhost` that asks whether this
/// browser resolves our workspace's name.
async fn healthz() -> Response<Body> {
    let headers = [
        (header::CACHE_CONTROL.as_str(), "no-store"),
        ("cross-origin-resource-policy", "cross-origin"),
    ];
    (headers, Json(serde_json::json!({ "ok": true }))).into_response()
}

async fn me(
    State(entrance): State<Entrance>,
    Extension(shown): Extension<Shown>,
) -> Response<Body> {
    let Entrance { gate, standing } = entrance;
    let signed_in = shown.is_signed_in();
    let me = Me {
        signed_in,
        name: gate.name().to_owned(),
        workspace: gate.workspace(),
        challenge: gate.challenge().to_owned(),
        status: signed_in.then(|| standing()),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(me)).into_response()
}

async fn code(
    State(entrance): State<Entrance>,
    Extension(arrival): Extension<Arrival>,
    Json(request): Json<CodeRequest>,
) -> Result<Response<Body>, Denial> {
    let credentials = entrance.gate.spend(arrival.peer, &request.code)?;
    Ok(entrance.let_in(arrival, credentials))
}

async fn resume(
    State(entrance): State<Entrance>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    Json(request): Json<ResumeRequest>,
) -> Result<Response<Body>, Denial> {
    let credentials = entrance.gate.resume(arrival, &headers, &request.proof)?;
    Ok(entrance.let_in(arrival, credentials))
}

impl Entrance {
    fn let_in(&self, arrival: Arrival, credentials: &Credentials) -> Response<Body> {
        let secure = match arrival.scheme {
            Scheme::Http => "",
            Scheme::Https => "; Secure",
        };
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_SECONDS}{secure}",
            auth::cookie_name(self.gate.port()),
            credentials.cookie.reveal()
        );
        let headers = [
            (header::SET_COOKIE, cookie),
            (header::CACHE_CONTROL, "no-store".into()),
        ];
        let answer = CodeAnswer {
            key: credentials.key.reveal().to_owned(),
            resumption: credentials.resumption.reveal().to_owned(),
            status: Some((self.standing)()),
        };
        (headers, Json(answer)).into_response()
    }
}
