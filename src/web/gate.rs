//! Who may pass: Host, Origin, then credentials, on every request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;

use super::assets;
use super::codes::Codes;
use super::credentials;
use super::credentials::Credentials;
use super::origins::Origins;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::sys::secret::Secret;

/// The door of one workspace on one port.
#[derive(Debug)]
pub struct Gate {
    origins: Origins,
    credentials: Credentials,
    challenge: Secret,
    has_bus: bool,
    codes: Codes,
}

impl Gate {
    /// Makes the door of the workspace `name` on `port`.
    pub fn new(name: &str, port: u16, credentials: Credentials) -> Self {
        Self {
            origins: Origins {
                name: name.to_owned(),
                port,
            },
            credentials,
            challenge: Secret::random(),
            has_bus: false,
            codes: Codes::default(),
        }
    }

    /// The workspace's slug.
    pub fn name(&self) -> &str {
        &self.origins.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.origins.port
    }

    /// The origin on which the workspace lives, `http://gpu1.localhost:17031`.
    pub fn workspace(&self) -> String {
        self.origins.workspace()
    }

    /// Mints a URL whose code works once, for ten minutes.
    pub fn mint_url(&self) -> String {
        let (entrance, code) = (self.origins.entrance(), self.codes.mint());
        let parameter = auth::CODE_PARAMETER;
        format!("{entrance}/?{parameter}={}", code.reveal())
    }

    /// Spends a code; the token works too, and stays.
    pub fn spend(&self, offered: &str) -> Option<&Credentials> {
        let is_right = self.is_token(offered) || self.codes.spend(offered);
        is_right.then_some(&self.credentials)
    }

    /// Says whether this is the token of programs.
    pub fn is_token(&self, offered: &str) -> bool {
        self.credentials.token.matches(offered)
    }

    /// Lets programs, who send no Origin, through to the bus without a
    /// credential: there they show it in the bus's own first words.
    #[must_use]
    pub fn with_bus(mut self) -> Self {
        self.has_bus = true;
        self
    }

    /// What a page signs to come back.
    pub fn challenge(&self) -> &str {
        self.challenge.reveal()
    }

    /// Takes the proof of a page that was signed in to a process before.
    pub fn resume(&self, headers: &HeaderMap, proof: &str) -> Option<&Credentials> {
        let origin = format!("http://{}", text(headers, &header::HOST)?);
        let message = auth::resume_message(&origin, self.challenge());
        let expected = self.credentials.resumption.sign(&message);
        expected.matches(proof).then_some(&self.credentials)
    }

    /// Says whether a URL was minted that nobody has used yet.
    pub fn has_unspent_codes(&self) -> bool {
        self.codes.wait()
    }

    /// Says whether a request comes from a signed-in page or program.
    pub fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        self.has_token(headers) || (self.has_cookie(headers) && self.credentials.have_key(headers))
    }

    fn decide(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        // A second one may be what the next reader believes.
        let is_ambiguous = |name| headers.get_all(name).iter().nth(1).is_some();
        if is_ambiguous(header::HOST) || is_ambiguous(header::ORIGIN) {
            return Err(Refusal::new(403, "a request has one Host and one Origin"));
        }
        let host = text(headers, &header::HOST)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_program = !headers.contains_key(header::ORIGIN);
        let is_to_bus = self.has_bus && path == auth::BUS_PATH && opens_websocket(method, headers);
        let brings_credential = is_program && (is_to_bus || self.has_token(headers));
        let is_ours = self.origins.have_name(&host)
            || (brings_credential && self.origins.have_address(&host));
        if !is_ours {
            return Err(Refusal::new(403, "this host name is not served here"));
        }
        let origin = text(headers, &header::ORIGIN);
        if headers.contains_key(header::ORIGIN)
            && origin.map(str::to_ascii_lowercase) != Some(format!("http://{host}"))
        {
            return Err(Refusal::new(
                403,
                "requests from another origin are refused",
            ));
        }
        let is_by_ticket = takes_ticket(method, path) && self.has_cookie(headers);
        let is_without = is_public(method, path) || is_to_bus && is_program;
        if is_without || self.is_signed_in(headers) || is_by_ticket {
            return Ok(());
        }
        Err(Refusal::new(
            401,
            "sign in first: open the URL that `cocalc-plus` printed",
        ))
    }

    /// Says whether a request comes from a program that shows the token.
    pub fn has_token(&self, headers: &HeaderMap) -> bool {
        credentials::bearer(headers).is_some_and(|token| self.is_token(token))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        self.credentials.have_cookie(headers, self.port())
    }
}

/// The middleware that stands before every route of a door.
pub async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response<Body> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    match gate.decide(method, uri.path(), headers) {
        Ok(()) => match gate.origins.lead_on(method, uri, headers) {
            Some(place) => see_other(&place),
            None => next.run(request).await,
        },
        Err(refusal) => {
            tracing::debug!(code = refusal.code, path = request.uri().path(), "refused");
            refuse(&refusal)
        }
    }
}

fn see_other(place: &str) -> Response<Body> {
    let headers = [
        (header::LOCATION, place),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Answers with a refusal: `{"error":{"code":401,"message":"…"}}`.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::Json(serde_json::json!({ "error": refusal }));
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// Files of the page are public, also those of another build's page, which a
/// tunnel passes on: their names hold their hashes and nothing else is there.
fn is_public(method: &Method, path: &str) -> bool {
    if matches!(
        path,
        "/healthz" | "/auth/me" | "/auth/code" | "/auth/resume"
    ) {
        return true;
    }
    let is_hashed = path.starts_with(assets::HASHED) && !path.contains("..");
    let only_reads = matches!(*method, Method::GET | Method::HEAD);
    only_reads && (is_hashed || assets::is_asset(path))
}

/// Whether the route asks for a ticket, which only a page with the key gets, or
/// for a name that only who has the content knows; the door leaves that to the
/// route, and so does a tunnel's.
fn takes_ticket(method: &Method, path: &str) -> bool {
    let is_route = path == auth::TICKET_PATH || path.starts_with(auth::BLOBS_PATH);
    is_route && matches!(*method, Method::GET | Method::HEAD)
}

fn opens_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let upgrade = text(headers, &header::UPGRADE);
    *method == Method::GET && upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
