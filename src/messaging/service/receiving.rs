//! Receiving a question that is larger than one message.

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ServiceError;
use crate::messaging::chunks;
use crate::messaging::chunks::CHUNK_HEADER;
use crate::messaging::chunks::MAX_PAUSE;
use crate::messaging::chunks::REST_HEADER;
use crate::messaging::chunks::Torn;
use crate::messaging::client::Client;
use crate::messaging::client::ClientError;
use crate::messaging::client::inbox::Inbox;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::messaging::stream;

/// Returns a question when all of it is there; most are at once.
///
/// # Errors
/// 400 when a piece is missing, 408 when it does not come, 413 when the whole is
/// too large and 429 when too many come at the same time.
pub(super) async fn whole(
    client: &Client,
    question: Message,
    half_received: &Semaphore,
) -> Result<Message, ServiceError> {
    if question.headers.get(CHUNK_HEADER).is_none() {
        return Ok(question);
    }
    let id = chunks::asks_for_rest(&question).ok_or_else(|| torn(Torn::Gap))?;
    let Ok(_place) = half_received.try_acquire() else {
        return Err(torn(Torn::TooMany));
    };
    let reply = question.reply.clone().unwrap_or_default();
    let mut inbox = Inbox::new(client, stream::MAX_WAITING).map_err(failed)?;
    let mut whole = inbox.next_piece(Some(question)).await.map_err(failed)?;
    if whole.is_none() {
        let headers = Headers::default().with(REST_HEADER, &id);
        let told = client.publish(&reply, Some(&inbox.subject), &headers, b"");
        told.await.map_err(failed)?;
    }
    loop {
        match whole {
            Some(whole) if whole.headers.get(CHUNK_HEADER).is_some() => return Ok(whole),
            // The broker says that whoever asked is gone.
            Some(_) => return Err(torn(Torn::Gap)),
            None => {}
        }
        let piece = timeout(MAX_PAUSE, inbox.next_piece(None)).await;
        let piece = piece.map_err(|_| ServiceError::new(408, "the rest did not come"))?;
        whole = piece.map_err(failed)?;
    }
}

fn torn(torn: Torn) -> ServiceError {
    let code = match torn {
        Torn::Gap => 400,
        Torn::TooLarge => 413,
        Torn::TooMany => 429,
    };
    ServiceError::new(code, torn.to_string())
}

fn failed(error: ClientError) -> ServiceError {
    match error {
        ClientError::Torn(why) => torn(why),
        error => ServiceError::new(500, error.to_string()),
    }
}
