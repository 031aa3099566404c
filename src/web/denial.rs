//! How a door turns somebody away, or leads elsewhere.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;

use crate::protocol::call::Refusal;

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It may not be answered.
    Refused(Refusal),
    /// Too many wrong credentials; so long nothing that is wrong is looked at.
    TooMany(Duration),
}

impl IntoResponse for Denial {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Refused(refusal) => refuse(&refusal),
            Self::TooMany(wait) => {
                let why = "too many wrong credentials came from your address; wait a little";
                let mut response = refuse(&Refusal::new(429, why));
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        }
    }
}

/// Refuses for good: 403.
pub(super) fn forbidden(why: &str) -> Denial {
    Denial::Refused(Refusal::new(403, why))
}

/// Leads what only reads to the name that is served by TLS.
pub(super) fn lead_to_tls(method: &Method, place: &str) -> Response<Body> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return lead(StatusCode::PERMANENT_REDIRECT, place);
    }
    let why = format!("this name is served by TLS alone: {place}");
    refuse(&Refusal::new(403, why))
}

/// Leads a browser to another place, which is not told where it comes from.
pub(super) fn lead(status: StatusCode, place: &str) -> Response<Body> {
    let headers = [
        (header::LOCATION, place),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers).into_response()
}

/// Answers with a refusal: `{"error":{"code":401,"message":"…"}}`.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::Json(serde_json::json!({ "error": refusal }));
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}
