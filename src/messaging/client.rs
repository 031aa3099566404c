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

mod dial;
mod link;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::dial::Dial;
use self::dial::Pipe;
use self::dial::Servers;
use super::broker::MAX_PAYLOAD_BYTES;
use super::message::Headers;
use super::message::Message;
use super::subject;
use super::wire::heard::Heard;
use crate::sys::secret;
use crate::sys::secret::Secret;

/// How many messages may wait for one subscriber; further ones are lost to it.
const MAX_WAITING: usize = 4096;

/// How many writes may wait; who publishes more waits.
const MAX_WRITES: usize = 256;

/// The subscription that receives the answers to all requests.
const INBOX_SID: u64 = 0;

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

#[derive(Debug)]
struct Shared {
    writes: mpsc::Sender<Vec<u8>>,
    inbox: String,
    token: Option<Secret>,
    /// For short sections; never held over an await.
    open: Mutex<Open>,
}

/// What is waited for.
#[derive(Debug, Default)]
struct Open {
    subscriptions: HashMap<u64, Subscribed>,
    requests: HashMap<String, oneshot::Sender<Message>>,
    last_sid: u64,
    has_ended: bool,
}

/// One subscription.
#[derive(Debug)]
struct Subscribed {
    /// `SUB a.* q 7`, said again to each server.
    line: String,
    messages: mpsc::Sender<Message>,
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
        Self::start(login, Pipe(Some((reader, writer))))
    }

    /// Joins a cluster by one of its servers, `["127.0.0.1:4222"]`, and by
    /// another whenever that is lost; it tries for ever.
    pub fn connect(servers: Vec<String>, login: Login) -> Self {
        Self::start(login, Servers { servers, tried: 0 })
    }

    fn start<D: Dial>(login: Login, dial: D) -> Self {
        let (writes, written) = mpsc::channel(MAX_WRITES);
        let shared = Arc::new(Shared {
            writes,
            inbox: format!("{}.{}", login.inbox, secret::word(12)),
            token: login.token,
            open: Mutex::default(),
        });
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
        if size > MAX_PAYLOAD_BYTES {
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

    /// Asks a question and waits for the first answer.
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
        let token = secret::word(12);
        let reply = format!("{}.{token}", self.shared.inbox);
        let (sender, answer) = oneshot::channel();
        let _waiting = self
            .shared
            .expect(token, sender)
            .ok_or(ClientError::Closed)?;
        let asking = async {
            self.publish(subject, Some(&reply), headers, payload)
                .await?;
            answer.await.map_err(|_| ClientError::Closed)
        };
        match timeout(deadline, asking).await {
            Ok(Ok(message)) if message.headers.status() == Some(NO_RESPONDERS) => {
                Err(ClientError::NoResponders(subject.to_owned()))
            }
            Ok(asked) => asked,
            Err(_) => Err(ClientError::Timeout(subject.to_owned())),
        }
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
        self.client.shared.open().subscriptions.remove(&self.sid);
        let gone = format!("UNSUB {}\r\n", self.sid).into_bytes();
        // A connection that is that busy goes on sending what nobody takes.
        let _ = self.client.shared.writes.try_send(gone);
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each server is told first.
    fn greeting(&self) -> Vec<u8> {
        let token = self.token.as_ref().map(Secret::reveal);
        let connect = serde_json::json!({
            "auth_token": token, "verbose": false, "pedantic": false, "echo": true,
            "headers": true, "no_responders": true, "protocol": 0,
            "lang": "rust", "version": env!("CARGO_PKG_VERSION"),
        });
        let mut words = format!("CONNECT {connect}\r\nSUB {}.* {INBOX_SID}\r\n", self.inbox);
        for subscribed in self.open().subscriptions.values() {
            words.push_str(&subscribed.line);
        }
        words.into_bytes()
    }

    /// Returns the number of a new subscription and the line that makes it.
    fn add(&self, words: &str, messages: mpsc::Sender<Message>) -> Option<(u64, String)> {
        let mut open = self.open();
        if open.has_ended {
            return None;
        }
        open.last_sid += 1;
        let sid = open.last_sid;
        let line = format!("{words} {sid}\r\n");
        let subscribed = Subscribed {
            line: line.clone(),
            messages,
        };
        open.subscriptions.insert(sid, subscribed);
        Some((sid, line))
    }

    fn expect(&self, token: String, sender: oneshot::Sender<Message>) -> Option<Waiting<'_>> {
        let mut open = self.open();
        (!open.has_ended).then(|| {
            open.requests.insert(token.clone(), sender);
            Waiting {
                shared: self,
                token,
            }
        })
    }

    /// Passes on what was heard.
    fn take(&self, heard: Heard) {
        match heard {
            Heard::Message(INBOX_SID, message) => {
                let token = message.subject.rsplit('.').next().unwrap_or_default();
                let asker = self.open().requests.remove(token);
                // Whoever asked may have stopped waiting.
                let _ = asker.map(|asker| asker.send(message));
            }
            Heard::Message(sid, message) => {
                let subscriber = self
                    .open()
                    .subscriptions
                    .get(&sid)
                    .map(|one| one.messages.clone());
                if let Some(Err(_)) = subscriber.map(|one| one.try_send(message)) {
                    tracing::warn!(sid, "a subscriber of ours is too slow and lost a message");
                }
            }
            Heard::Refusal(why) => tracing::warn!(why, "the bus refused something of ours"),
            // A server that hears so much else from us needs no answer.
            Heard::Ping => drop(self.writes.try_send(b"PONG\r\n".to_vec())),
            Heard::Pong | Heard::Nothing => {}
        }
    }

    fn end(&self) {
        let mut open = self.open();
        open.has_ended = true;
        open.subscriptions.clear();
        open.requests.clear();
    }
}

/// A request under way; nobody waits for its answer when it is dropped.
struct Waiting<'a> {
    shared: &'a Shared,
    token: String,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.open().requests.remove(&self.token);
    }
}
