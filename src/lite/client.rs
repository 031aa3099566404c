//! Asks a running hub of this user, over its unix socket.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::header;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::protocol::connection::ConnectionInfo;
use crate::protocol::control::Url;

/// How long a hub may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// Asks for a URL whose code works once; `None` when the hub mints none.
pub async fn mint_url(info: &ConnectionInfo) -> Option<String> {
    let asking = async {
        let stream = UnixStream::connect(&info.socket).await.ok()?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.ok()?;
        tokio::spawn(connection);
        let request = Request::post("/auth/url")
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {}", info.token))
            .body(Body::empty())
            .ok()?;
        let response = sender.send_request(request).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        serde_json::from_slice::<Url>(&body).ok()
    };
    tokio::time::timeout(DEADLINE, asking)
        .await
        .ok()?
        .map(|url| url.url)
}
