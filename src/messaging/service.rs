//! Services: who answers requests on a pattern.
//!
//! A request is a message with a reply subject. Whatever answers it gives bytes,
//! or a code and a sentence; those travel in the headers that NATS services use
//! (`Nats-Service-Error-Code: 404`, `Nats-Service-Error: no terminal …`), with an
//! empty payload. A message without a reply subject is nobody's question, and is
//! passed over.
//!
//! Several servers of one service share the requests, as a queue group.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::client::Client;
use super::client::ClientError;
use super::client::Subscriber;
use super::message::Headers;
use super::message::Message;

/// The header with an error's code, an HTTP status.
pub const ERROR_CODE: &str = "Nats-Service-Error-Code";

/// The header with an error's sentence.
pub const ERROR: &str = "Nats-Service-Error";

/// The queue group of all services, as NATS services name it.
const QUEUE: &str = "q";

/// How many requests of one service may be under way; further ones wait.
const MAX_UNDER_WAY: usize = 256;

/// Answers one request.
pub type Answerer =
    Arc<dyn Fn(Message) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// What a request is answered with.
pub type Answer = Result<Vec<u8>, ServiceError>;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ServiceError {
    /// An HTTP status.
    pub code: u16,
    /// A sentence.
    pub message: String,
}

/// Begins to answer what is asked on a pattern; the returned future does it,
/// until the connection ends.
///
/// # Errors
/// [`ClientError`], when the pattern is none or the connection has ended.
pub async fn serve(
    client: &Client,
    pattern: &str,
    answerer: Answerer,
) -> Result<impl Future<Output = ()> + Send + use<>, ClientError> {
    let subscriber = client.subscribe(pattern, Some(QUEUE)).await?;
    Ok(answer_all(client.clone(), subscriber, answerer))
}

async fn answer_all(client: Client, mut subscriber: Subscriber, answerer: Answerer) {
    let places = Arc::new(Semaphore::new(MAX_UNDER_WAY));
    while let Some(request) = subscriber.next().await {
        let Some(reply) = request.reply.clone() else {
            continue;
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (client, answering) = (client.clone(), answerer(request));
        tokio::spawn(async move {
            send(&client, &reply, answering.await).await;
            drop(place);
        });
    }
}

async fn send(client: &Client, reply: &str, answer: Answer) {
    let sent = match answer {
        Ok(payload) => {
            client
                .publish(reply, None, &Headers::default(), &payload)
                .await
        }
        Err(error) => send_error(client, reply, &error).await,
    };
    let sent = match sent {
        Err(ClientError::TooLarge(size)) => {
            let message = format!("the answer has {size} bytes, too many for one message");
            send_error(client, reply, &ServiceError { code: 413, message }).await
        }
        sent => sent,
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "an answer was not sent");
    }
}

async fn send_error(client: &Client, reply: &str, error: &ServiceError) -> Result<(), ClientError> {
    // A header is one line.
    let message = error.message.replace(['\r', '\n'], " ");
    let headers = Headers::default()
        .with(ERROR_CODE, &error.code.to_string())
        .with(ERROR, &message);
    client.publish(reply, None, &headers, b"").await
}

/// Reads an answer: its payload, or the error in its headers.
///
/// # Errors
/// The [`ServiceError`] that the service sent.
pub fn read(answer: Message) -> Result<bytes::Bytes, ServiceError> {
    match answer.headers.get(ERROR_CODE) {
        None => Ok(answer.payload),
        Some(code) => Err(ServiceError {
            code: code.parse().unwrap_or(500),
            message: answer.headers.get(ERROR).unwrap_or_default().to_owned(),
        }),
    }
}
