//! Services: who answers requests on a pattern.
//!
//! A request is a message with a reply subject. Whatever answers it gives bytes,
//! or a code and a sentence; those travel in the headers that NATS services use
//! (`Nats-Service-Error-Code: 404`, `Nats-Service-Error: no terminal …`), with an
//! empty payload. A message without a reply subject is nobody's question, and is
//! passed over.
//!
//! A request may have many answers ([`super::stream`]); errors end them.
//!
//! Several servers of one service share the requests, as a queue group.

pub mod discovery;
mod receiving;
mod sending;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures::stream::BoxStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use self::discovery::Description;
use self::discovery::Presence;
use self::sending::To;
use super::chunks;
use super::chunks::MAX_HALF;
use super::client::Client;
use super::client::ClientError;
use super::client::Subscriber;
use super::message::Message;
use super::stream;

/// The header with an error's code, an HTTP status.
pub const ERROR_CODE: &str = "Nats-Service-Error-Code";

/// The header with an error's sentence.
pub const ERROR: &str = "Nats-Service-Error";

/// The header with an error's reason, a word; ours.
pub const ERROR_REASON: &str = "Nats-Service-Error-Reason";

/// The queue group of all services, as NATS services name it.
const QUEUE: &str = "q";

/// How many requests of one service may be under way; further ones wait.
const MAX_UNDER_WAY: usize = 256;

/// How many streams of one service there may be besides; further ones are
/// refused. Each may have [`stream::MAX_WINDOW`] on its way.
const MAX_STREAMS: usize = 4096;

/// Answers one request.
pub type Answerer =
    Arc<dyn Fn(Message) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// What a request is answered with.
pub type Answer = Result<Body, ServiceError>;

/// What an answer is made of.
pub enum Body {
    /// One message.
    One(Vec<u8>),
    /// Any number of them.
    Many(Parts),
}

/// The parts of an answer. The next one is asked for when there is room on the
/// way to whoever asked, and all is dropped when he is gone; an empty part is
/// not sent.
pub type Parts = BoxStream<'static, Result<Vec<u8>, ServiceError>>;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ServiceError {
    /// An HTTP status.
    pub code: u16,
    /// A sentence.
    pub message: String,
    /// A word by which an asker decides, where the code does not suffice.
    pub reason: Option<String>,
}

impl ServiceError {
    /// Makes one.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reason: None,
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(payload: Vec<u8>) -> Self {
        Self::One(payload)
    }
}

/// Does as [`serve`], and answers whoever looks for the service.
///
/// # Errors
/// [`ClientError`], when the pattern is none or the connection has ended.
pub async fn offer(
    client: &Client,
    description: Description,
    pattern: &str,
    answerer: Answerer,
) -> Result<impl Future<Output = ()> + Send + use<>, ClientError> {
    let presence = Arc::new(Presence::new(description));
    let asked = Arc::clone(&presence);
    let counted: Answerer = Arc::new(move |request| {
        let (presence, subject) = (Arc::clone(&presence), request.subject.clone());
        let (begun, answering) = (Instant::now(), answerer(request));
        Box::pin(async move {
            let answer = answering.await;
            presence.count(&subject, begun.elapsed(), answer.as_ref().err());
            answer
        })
    });
    let serving = serve(client, pattern, counted).await?;
    let client = client.clone();
    Ok(async move {
        let (answered, ()) = tokio::join!(asked.answer(&client), serving);
        if let Err(error) = answered {
            tracing::warn!(%error, "nobody finds a service");
        }
    })
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
    let server = Arc::new(Server {
        client,
        answerer,
        under_way: Arc::new(Semaphore::new(MAX_UNDER_WAY)),
        streams: Semaphore::new(MAX_STREAMS),
        half_received: Semaphore::new(MAX_HALF),
    });
    while let Some(request) = subscriber.next().await {
        let Some(reply) = request.reply.clone() else {
            continue;
        };
        let Ok(place) = Arc::clone(&server.under_way).acquire_owned().await else {
            return;
        };
        tokio::spawn(Arc::clone(&server).answer(request, reply, place));
    }
}

/// What the tasks that answer share.
struct Server {
    client: Client,
    answerer: Answerer,
    under_way: Arc<Semaphore>,
    streams: Semaphore,
    half_received: Semaphore,
}

impl Server {
    async fn answer(self: Arc<Self>, request: Message, reply: String, place: OwnedSemaphorePermit) {
        let client = &self.client;
        let limit = chunks::limit_of(&request.headers);
        let window = stream::window_of(&request.headers).ok_or_else(no_window);
        let to = To { reply, limit };
        let answer = async {
            let window = window?;
            let request = receiving::whole(client, request, &self.half_received).await?;
            Ok((window, (self.answerer)(request).await?))
        };
        match answer.await {
            Err(error) => sending::refuse(client, &to, &error).await,
            Ok((_, Body::One(payload))) => sending::one(client, &to, &payload).await,
            Ok((window, Body::Many(parts))) => {
                // A stream lasts; who asks something else does not wait for it.
                drop(place);
                match self.streams.try_acquire() {
                    Ok(_stream) => sending::many(client, &to, window, parts).await,
                    Err(_) => sending::refuse(client, &to, &too_many()).await,
                }
            }
        }
    }
}

fn no_window() -> ServiceError {
    let (name, most) = (stream::WINDOW_HEADER, stream::MAX_WINDOW);
    ServiceError::new(400, format!("`{name}` is a number from 1 to {most}"))
}

fn too_many() -> ServiceError {
    ServiceError::new(429, format!("there are {MAX_STREAMS} streams already"))
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
            reason: answer.headers.get(ERROR_REASON).map(str::to_owned),
        }),
    }
}
