//! Asks a running hub of this user, over its unix socket.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use serde_json::json;
use tokio::net::UnixStream;

use crate::protocol::call::Call;
use crate::protocol::call::Refusal;
use crate::protocol::call::Reply;
use crate::protocol::connection::ConnectionInfo;
use crate::protocol::control::Url;
use crate::protocol::methods::Method;

/// How long a hub may take to mint a URL.
const MINT_DEADLINE: Duration = Duration::from_secs(5);

/// How long the hub's API may take.
const API_DEADLINE: Duration = Duration::from_secs(15);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody took the call, so nothing was done: no hub listens, or it is of
    /// an older build that takes calls from pages only.
    #[error("the server takes no calls")]
    NotTaken,
    /// It was taken and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was taken and not answered; whether it was done is not known.
    #[error("the server did not answer")]
    Silent,
}

/// Asks for a URL whose code works once; `None` when the hub mints none.
pub async fn mint_url(info: &ConnectionInfo) -> Option<String> {
    let minting = async {
        let response = post(info, "/auth/url", Body::empty()).await.ok()?;
        serde_json::from_slice::<Url>(&read(response).await?).ok()
    };
    let url = tokio::time::timeout(MINT_DEADLINE, minting).await.ok()??;
    Some(url.url)
}

/// Calls a method of a project, `call::<terminal::New>(&info, "local", &asked)`.
///
/// # Errors
/// [`CallError`], within the method's deadline.
pub async fn call<M: Method>(
    info: &ConnectionInfo,
    project: &str,
    request: &M::Request,
) -> Result<M::Reply, CallError> {
    let subject = format!("project.{project}.{}", M::ABOUT.name);
    let payload = serde_json::to_value(request).expect("a request serialises");
    let reply = ask(info, subject, payload, M::ABOUT.deadline).await?;
    serde_json::from_value(reply).map_err(|_| CallError::Silent)
}

/// Asks the hub's API for the account `account`.
///
/// # Errors
/// [`CallError`], after 15 s at the latest.
pub async fn ask_api(
    info: &ConnectionInfo,
    account: &str,
    name: &str,
    argument: Value,
) -> Result<Value, CallError> {
    let subject = format!("hub.account.{account}.api");
    let payload = json!({ "name": name, "args": [argument] });
    ask(info, subject, payload, API_DEADLINE).await
}

async fn ask(
    info: &ConnectionInfo,
    subject: String,
    payload: Value,
    deadline: Duration,
) -> Result<Value, CallError> {
    let id = 1;
    let call = Call {
        id,
        subject,
        payload,
    };
    let body = serde_json::to_vec(&call).expect("a call of JSON values serialises");
    let calling = async {
        let response = post(info, "/call", Body::from(body)).await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::NotTaken);
        }
        let body = read(response).await.ok_or(CallError::Silent)?;
        let reply: Reply = serde_json::from_slice(&body).map_err(|_| CallError::Silent)?;
        match (reply.payload, reply.error) {
            (_, Some(refusal)) => Err(refusal.into()),
            (payload, None) => Ok(payload.unwrap_or_default()),
        }
    };
    tokio::time::timeout(deadline, calling)
        .await
        .unwrap_or(Err(CallError::Silent))
}

async fn post(
    info: &ConnectionInfo,
    path: &str,
    body: Body,
) -> Result<Response<Incoming>, CallError> {
    let stream = UnixStream::connect(&info.socket)
        .await
        .map_err(|_| CallError::NotTaken)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|_| CallError::NotTaken)?;
    tokio::spawn(connection);
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {}", info.token))
        .body(body)
        .map_err(|_| CallError::NotTaken)?;
    let answered = sender.send_request(request).await;
    answered.map_err(|_| CallError::Silent)
}

async fn read(response: Response<Incoming>) -> Option<Bytes> {
    Some(response.into_body().collect().await.ok()?.to_bytes())
}
