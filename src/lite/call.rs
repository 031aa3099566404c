//! `/call`: the carrier of calls, until the bus carries them.
//!
//! A page opens a WebSocket for all of its calls; a command posts its one.

use std::sync::Arc;

use axum::Json;
use axum::extract::ws::Message;
use axum::extract::ws::Utf8Bytes;
use axum::extract::ws::WebSocket;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use futures::stream::FuturesUnordered;
use futures::stream::StreamExt;

use crate::protocol::auth;
use crate::protocol::call::Body;
use crate::protocol::call::Call;
use crate::protocol::call::Handler;
use crate::protocol::call::MAX_CALL_BYTES;
use crate::protocol::call::Refusal;
use crate::protocol::call::Reply;

/// How many calls of one page may be under way; further ones wait unread.
const MAX_UNDER_WAY: usize = 64;

/// Serves one page's calls.
pub fn serve(upgrade: WebSocketUpgrade, handler: Handler) -> Response {
    upgrade
        .protocols([auth::WEBSOCKET_PROTOCOL])
        .max_message_size(MAX_CALL_BYTES)
        .on_upgrade(|socket| answer_all(socket, handler))
}

/// Answers one call that was posted; the reply says whether it went well.
pub async fn answer_posted(text: String, handler: Handler) -> Json<Reply> {
    Json(reply_to(&text, handler).await)
}

async fn answer_all(mut socket: WebSocket, handler: Handler) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            message = socket.recv(), if under_way.len() < MAX_UNDER_WAY => match message {
                Some(Ok(Message::Text(text))) => under_way.push(answer(text, Arc::clone(&handler))),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            Some(reply) = under_way.next() => {
                let text: String = reply;
                if socket.send(Message::Text(Utf8Bytes::from(text))).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn answer(text: Utf8Bytes, handler: Handler) -> String {
    let reply = reply_to(&text, handler).await;
    serde_json::to_string(&reply).expect("a reply of JSON values serialises")
}

async fn reply_to(text: &str, handler: Handler) -> Reply {
    match serde_json::from_str::<Call>(text) {
        Err(_) => refusal(
            0,
            Refusal::new(
                400,
                "a call is `{\"id\":1,\"subject\":\"…\",\"payload\":{}}`",
            ),
        ),
        Ok(call) => match handler(call.subject, call.payload).await {
            Ok(Body::One(payload)) => Reply {
                id: call.id,
                payload: Some(payload),
                error: None,
            },
            Ok(Body::Many(_)) => refusal(
                call.id,
                Refusal::new(400, "this has many replies: ask for it on the bus"),
            ),
            Err(error) => refusal(call.id, error),
        },
    }
}

fn refusal(id: u64, error: Refusal) -> Reply {
    Reply {
        id,
        payload: None,
        error: Some(error),
    }
}
