//! How files leave and arrive by HTTP, whoever's they are.
//!
//! Disk and network run on threads of their own ([`stream`]), a part of a file
//! is what RFC 9110 calls one ([`range`]), and nothing is shown as a page or a
//! script ([`kind`]).

pub mod kind;
pub mod range;
pub mod stream;

use axum::body::Body;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;

use self::range::Wanted;
use crate::protocol::call::Refusal;

/// Gives a response the status and headers of the bytes wanted; returns which
/// they are, if there are any to send.
pub fn parted(
    response: axum::http::response::Builder,
    wanted: Wanted,
    size: u64,
) -> (axum::http::response::Builder, Option<(u64, u64)>) {
    let response = response.header(header::ACCEPT_RANGES, "bytes");
    match wanted {
        Wanted::Whole => (
            response.header(header::CONTENT_LENGTH, size),
            Some((0, size)),
        ),
        Wanted::Part(first, end) => {
            let range = format!("bytes {first}-{}/{size}", end - 1);
            let response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, range)
                .header(header::CONTENT_LENGTH, end - first);
            (response, Some((first, end)))
        }
        Wanted::Beyond => {
            let response = response
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"));
            (response, None)
        }
    }
}

/// Finishes a response whose headers are ours.
pub fn built(
    response: Result<Response<Body>, axum::http::Error>,
) -> Result<Response<Body>, Refusal> {
    response.map_err(|error| {
        tracing::error!(%error, "a response could not be made");
        Refusal::new(500, "this failed inside the server")
    })
}
