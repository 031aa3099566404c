//! Passes one HTTP request, or one WebSocket, on over a stream.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::Request;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::header::HeaderName;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

use super::websocket;

/// Headers that belong to one hop, RFC 9110 section 7.6.1.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why a request could not be passed on.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The other side ended, or does not speak HTTP.
    #[error("the other side of the stream ended")]
    Upstream(#[source] hyper::Error),
}

/// Sends a request over `stream` and returns the response as it comes in.
///
/// The caller has set `Host` and whatever the other side shall believe; hop
/// headers are taken care of here. An upgrade is joined to the client's, and
/// `close_code` ends its WebSocket when the stream ends first.
///
/// # Errors
/// [`ForwardError::Upstream`] when no response came; the request may have
/// arrived all the same.
pub async fn forward<S>(
    mut request: Request<Body>,
    stream: S,
    close_code: u16,
) -> Result<Response<Body>, ForwardError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgrade = request.headers().get(header::UPGRADE).cloned();
    let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    remove_hop_headers(request.headers_mut());
    if let Some(protocol) = upgrade {
        request.headers_mut().insert(header::UPGRADE, protocol);
        request.headers_mut().insert(
            header::CONNECTION,
            "upgrade".parse().expect("it is a token"),
        );
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(ForwardError::Upstream)?;
    tokio::spawn(connection.with_upgrades());
    let mut response = sender
        .send_request(request)
        .await
        .map_err(ForwardError::Upstream)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        remove_hop_headers(response.headers_mut());
        return Ok(response.map(Body::new));
    }
    let server = hyper::upgrade::on(&mut response);
    if let Some(client) = client {
        tokio::spawn(async move {
            if let (Ok(client), Ok(server)) = (client.await, server.await) {
                websocket::join(TokioIo::new(client), TokioIo::new(server), close_code).await;
            }
        });
    }
    let (parts, _) = response.into_parts();
    Ok(Response::from_parts(parts, Body::empty()))
}

fn remove_hop_headers(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}
