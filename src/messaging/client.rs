//! A client of the bus, for the server's own services.
//!
//! It speaks the same protocol as every other client: over a pipe to the broker
//! of this process, which ends with it, or to the servers of a cluster, of which
//! another takes the place of one that is lost.
//!
//! ```text
//! connecting ── greeted: CONNECT, all SUBs ──> connected ── lost ──> connecting, another server
//!                                                  └── no client left ──> over
//! ```
//!
//! What was published just before a connection was lost may be lost with it, as
//! with every client of NATS; what is published while there is none waits. A
//! request whose connection is lost fails at once, another ends with its
//! deadline. A subscriber that takes too long loses messages, and nobody else
//! does. Other servers of a cluster than those named are not looked for.

pub mod answers;
mod asking;
pub mod dial;
pub(super) mod inbox;
mod link;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::answers::Answers;
use self::dial::Dial;
use self::dial::Pipe;
use self::dial::Servers;
use self::inbox::Inbox;
use self::shared::Shared;
use super::chunks::Torn;
use super::message::Headers;
use super::message::Message;
use super::stream;
use super::subject;
use crate::sys::secret::Secret;

/// How many messages may wait for one subscriber; further ones are lost to it.
const MAX_WAITING: usize = 4096;

/// How many writes may wait; who publishes more waits.
const MAX_WRITES: usize = 256;

/// The status of a request that nobody hears.
const NO_RESPONDERS: u16 = 503;

/// Why something was not published, or not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The connection has ended.
    #[error("the bus is out of reach")]
    Closed,
    /// The subject is none, or one that the protocol cannot carry.
    #[error("`{0}` is no subject")]
    Subject(String),
    /// A message of that many bytes is too large.
    #[error("{0} bytes are too many for one message")]
    TooLarge(usize),
    /// Nobody subscribed to the subject.
    #[error("nobody answers `{0}`")]
    NoResponders(String),
    /// A message that came in pieces was dropped.
    #[error(transparent)]
    Torn(#[from] Torn),
    /// Nobody answered in time.
    #[error("no answer from `{0}` in time")]
    Timeout(String),
}

/// A connection to the bus; clones share it, and it ends with the last.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// The messages of one subscription; dropping it ends that.
#[derive(Debug)]
pub struct Subscriber {
    sid: u64,
    client: Client,
    messages: mpsc::Receiver<Message>,
}

/// Who a client is.
#[derive(Clone, Debug)]
pub struct Login {
    /// The credential; `None` where the carrier says who it is.
    pub token: Option<Secret>,
    /// Below which subject it is answered, `_INBOX.project-local`.
    pub inbox: String,
}

impl Client {
    /// Joins a broker over a pipe; the client ends with that.
    pub fn join<R, W>(reader: R, writer: W, login: Login) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        Self::dial(login, Pipe(Some((reader, writer))))
    }

    /// Joins a cluster by one of its servers, `["127.0.0.1:4222"]`, and by
    /// another whenever that is lost; it tries for ever.
    pub fn connect(servers: Vec<String>, login: Login) -> Self {
        Self::dial(login, Servers { servers, tried: 0 })
    }

    /// Joins by whatever connections `dial` makes, one after the other.
    pub fn dial<D: Dial>(login: Login, dial: D) -> Self {
        let (writes, written) = mpsc::channel(MAX_WRITES);
        let shared = Arc::new(Shared::new(login, writes));
        tokio::spawn(link::run(Arc::downgrade(&shared), written, dial));
        Self { shared }
    }

    /// Publishes a message; it is sent in the order of the calls.
    ///
    /// # Errors
    /// [`ClientError`]; nothing was published then.
    pub async fn publish(
        &self,
        subject: &str,
        reply: Option<&str>,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<(), ClientError> {
        for place in [Some(subject), reply].into_iter().flatten() {
            if !subject::is_literal(place.as_bytes()) {
                return Err(ClientError::Subject(place.to_owned()));
            }
        }
        let block = if headers.is_empty() {
            Vec::new()
        } else {
            headers.encode()
        };
        let size = block.len() + payload.len();
        if size > self.shared.max_payload() {
            return Err(ClientError::TooLarge(size));
        }
        let reply = reply.map_or_else(String::new, |reply| format!(" {reply}"));
        let mut bytes = match block.len() {
            0 => format!("PUB {subject}{reply} {size}\r\n"),
            length => format!("HPUB {subject}{reply} {length} {size}\r\n"),
        }
        .into_bytes();
        bytes.extend_from_slice(&block);
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\n");
        self.send(bytes).await
    }

    /// Subscribes to a pattern, as one of a queue group if that is named.
    ///
    /// # Errors
    /// [`ClientError::Subject`] and [`ClientError::Closed`].
    pub async fn subscribe(
        &self,
        pattern: &str,
        queue: Option<&str>,
    ) -> Result<Subscriber, ClientError> {
        if !subject::is_pattern(pattern.as_bytes()) {
            return Err(ClientError::Subject(pattern.to_owned()));
        }
        let (sender, messages) = mpsc::channel(MAX_WAITING);
        let queue = queue.map_or_else(String::new, |queue| format!(" {queue}"));
        let words = format!("SUB {pattern}{queue}");
        let (sid, line) = self.shared.add(&words, sender).ok_or(ClientError::Closed)?;
        let subscriber = Subscriber {
            sid,
            client: self.clone(),
            messages,
        };
        self.send(line.into_bytes()).await?;
        Ok(subscriber)
    }

    /// Asks a question and waits for the first answer. Either may be larger than
    /// one message, up to
    /// [`MAX_WHOLE_BYTES`](super::chunks::MAX_WHOLE_BYTES).
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn request(
        &self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
        deadline: Duration,
    ) -> Result<Message, ClientError> {
        let mut inbox = Inbox::new(self, stream::MAX_WAITING)?;
        let asking = async {
            self.ask(subject, &mut inbox, headers, payload).await?;
            inbox.next().await
        };
        match timeout(deadline, asking).await {
            Ok(Ok(message)) if message.headers.status() == Some(NO_RESPONDERS) => {
                Err(ClientError::NoResponders(subject.to_owned()))
            }
            Ok(asked) => asked,
            Err(_) => Err(ClientError::Timeout(subject.to_owned())),
        }
    }

    /// Asks a question that has many answers, or one. Nothing may be heard of
    /// the service for `deadline_between`; where a stream may be idle, that is
    /// [`stream::SILENCE`].
    ///
    /// # Errors
    /// [`ClientError`]; what fails later, the answers tell.
    pub async fn request_many(
        &self,
        subject: &str,
        headers: &Headers,
        payload: &[u8],
        deadline_between: Duration,
    ) -> Result<Answers, ClientError> {
        let mut inbox = Inbox::new(self, stream::MAX_WAITING)?;
        let window = stream::WINDOW.to_string();
        let headers = headers.clone().with(stream::WINDOW_HEADER, &window);
        let asking = self.ask(subject, &mut inbox, &headers, payload);
        timeout(deadline_between, asking)
            .await
            .map_err(|_| ClientError::Timeout(subject.to_owned()))??;
        Ok(Answers::new(self, subject, inbox, deadline_between))
    }

    /// How many inboxes are open.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.shared.open().inboxes.len()
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), ClientError> {
        if self.shared.open().has_ended {
            return Err(ClientError::Closed);
        }
        let sent = self.shared.writes.send(bytes).await;
        sent.map_err(|_| ClientError::Closed)
    }
}

impl Subscriber {
    /// Waits for the next message; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let shared = &self.client.shared;
        shared.open().subscriptions.remove(&self.sid);
        shared.say(format!("UNSUB {}\r\n", self.sid).into_bytes());
    }
}
