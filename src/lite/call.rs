//! `POST /call`: the HTTP form of a call.
//!
//! A command posts its one, and a page those that it makes before the bus is up:
//! a WebSocket of the bus costs two round trips before its first question.

use axum::Json;

use crate::protocol::call::Body;
use crate::protocol::call::Call;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::protocol::call::Reply;

/// Answers one call that was posted; the reply says whether it went well.
pub async fn answer_posted(text: String, handler: Handler) -> Json<Reply> {
    Json(reply_to(&text, handler).await)
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
