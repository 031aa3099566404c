//! Sending what a service answers.

use futures::StreamExt;
use tokio::time::Instant;
use tokio::time::sleep_until;

use super::ERROR;
use super::ERROR_CODE;
use super::ERROR_REASON;
use super::Parts;
use super::ServiceError;
use crate::messaging::client::Client;
use crate::messaging::client::ClientError;
use crate::messaging::client::inbox::Inbox;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::messaging::stream::KEEP_ALIVE;
use crate::messaging::stream::KEEP_ALIVE_HEADER;
use crate::messaging::stream::KEEP_ALIVE_PAYLOAD;
use crate::messaging::stream::OnTheWay;

/// How many acknowledgements of one asker may wait; one who sends more than
/// anybody needs loses his stream.
const MAX_SAID: usize = 64;

/// Whom an answer goes to.
#[derive(Debug)]
pub(super) struct To {
    /// Where he waits.
    pub(super) reply: String,
    /// How large a message in pieces he takes.
    pub(super) limit: Option<usize>,
}

/// Sends an answer of one message.
pub(super) async fn one(client: &Client, to: &To, payload: &[u8]) {
    let reply = &to.reply;
    let sent = match client.answer(reply, None, payload, to.limit).await {
        Err(ClientError::TooLarge(size)) => send_error(client, reply, &too_large(size)).await,
        sent => sent,
    };
    report(sent);
}

/// Sends why there is no answer, or no more of it.
pub(super) async fn refuse(client: &Client, to: &To, error: &ServiceError) {
    report(send_error(client, &to.reply, error).await);
}

/// Sends parts until there are no more, or nobody wants them.
pub(super) async fn many(client: &Client, to: &To, window: Option<usize>, parts: Parts) {
    let reply = &to.reply;
    let Ok(asker) = Inbox::new(client, MAX_SAID) else {
        return;
    };
    let mut stream = Stream {
        client,
        to,
        asker,
        way: OnTheWay::new(window),
    };
    let sent = match stream.send_all(parts).await {
        Ok(Over::Ended) => client.publish(reply, None, &Headers::default(), b"").await,
        Ok(Over::Failed(error)) => send_error(client, reply, &error).await,
        Err(ClientError::TooLarge(size)) => send_error(client, reply, &too_large(size)).await,
        Ok(Over::Gone) => Ok(()),
        Err(error) => Err(error),
    };
    report(sent);
}

/// A stream that is being sent.
struct Stream<'a> {
    client: &'a Client,
    to: &'a To,
    asker: Inbox,
    way: OnTheWay,
}

/// Why a stream is over.
enum Over {
    /// There is no more, or the asker wants no more.
    Ended,
    /// Its source failed.
    Failed(ServiceError),
    /// Nobody listens.
    Gone,
}

impl Stream<'_> {
    async fn send_all(&mut self, mut parts: Parts) -> Result<Over, ClientError> {
        let mut idle_at = Instant::now() + KEEP_ALIVE;
        loop {
            tokio::select! {
                // Who wants no more is heard before more is made.
                biased;
                said = self.asker.next() => if let Some(over) = self.hear(said.ok()) {
                    return Ok(over);
                },
                part = parts.next(), if self.way.has_room() => match part {
                    Some(Ok(part)) if part.is_empty() => {}
                    Some(Ok(part)) => {
                        self.way.sent(part.len());
                        let (client, to) = (self.client, self.to);
                        let service = Some(self.asker.subject.as_str());
                        client.answer(&to.reply, service, &part, to.limit).await?;
                        idle_at = Instant::now() + KEEP_ALIVE;
                    }
                    Some(Err(error)) => return Ok(Over::Failed(error)),
                    None => return Ok(Over::Ended),
                },
                () = sleep_until(idle_at) => {
                    self.keep_alive().await?;
                    idle_at = Instant::now() + KEEP_ALIVE;
                }
            }
        }
    }

    /// Takes what came from the asker, or from the broker about him.
    fn hear(&mut self, said: Option<Message>) -> Option<Over> {
        let Some(said) = said else {
            return Some(Over::Gone);
        };
        if said.headers.status().is_some() {
            return Some(Over::Gone);
        }
        if said.payload.is_empty() {
            return Some(Over::Ended);
        }
        let count = std::str::from_utf8(&said.payload)
            .ok()
            .and_then(|text| text.parse().ok());
        // What is no number acknowledges nothing.
        self.way.taken(count.unwrap_or_default());
        None
    }

    async fn keep_alive(&self) -> Result<(), ClientError> {
        let seconds = KEEP_ALIVE.as_secs().to_string();
        let headers = Headers::default().with(KEEP_ALIVE_HEADER, &seconds);
        let service = Some(self.asker.subject.as_str());
        self.client
            .publish(&self.to.reply, service, &headers, KEEP_ALIVE_PAYLOAD)
            .await
    }
}

fn too_large(size: usize) -> ServiceError {
    let message = format!("the answer has {size} bytes, too many for one message");
    ServiceError::new(413, message)
}

async fn send_error(client: &Client, reply: &str, error: &ServiceError) -> Result<(), ClientError> {
    // A header is one line.
    let message = error.message.replace(['\r', '\n'], " ");
    let headers = Headers::default()
        .with(ERROR_CODE, &error.code.to_string())
        .with(ERROR, &message);
    let headers = match &error.reason {
        Some(reason) => headers.with(ERROR_REASON, reason),
        None => headers,
    };
    client.publish(reply, None, &headers, b"").await
}

fn report(sent: Result<(), ClientError>) {
    if let Err(error) = sent {
        tracing::warn!(%error, "an answer was not sent");
    }
}
