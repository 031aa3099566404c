//! What a client's clones and its connection share: who waits for what.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::Login;
use crate::messaging::broker::MAX_PAYLOAD_BYTES;
use crate::messaging::message::Message;
use crate::messaging::stream;
use crate::messaging::wire::heard::Heard;
use crate::sys::secret;
use crate::sys::secret::Secret;

/// The subscription that receives what is sent to all inboxes.
const INBOX_SID: u64 = 0;

/// What the clones of a client share with its connection.
#[derive(Debug)]
pub(super) struct Shared {
    /// What is to be written, in order.
    pub(super) writes: mpsc::Sender<Vec<u8>>,
    /// Below which subject its inboxes are, `_INBOX.hub.k3f9…`.
    pub(super) inbox: String,
    token: Option<Secret>,
    /// What the server takes, in bytes; it says so first.
    max_payload: AtomicUsize,
    /// For short sections; never held over an await.
    open: Mutex<Open>,
}

/// What is waited for.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// By their numbers.
    pub(super) subscriptions: HashMap<u64, Subscribed>,
    /// By the last words of their subjects.
    pub(super) inboxes: HashMap<String, mpsc::Sender<Message>>,
    /// What found no room among the writes and goes with the next of them; at
    /// most a line for each thing that was dropped.
    pub(super) overflow: Vec<u8>,
    /// Whether no connection follows.
    pub(super) has_ended: bool,
    last_sid: u64,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Subscribed {
    /// `SUB a.* q 7`, said again to each server.
    line: String,
    messages: mpsc::Sender<Message>,
}

impl Shared {
    /// Begins with nothing.
    pub(super) fn new(login: Login, writes: mpsc::Sender<Vec<u8>>) -> Self {
        Self {
            writes,
            inbox: format!("{}.{}", login.inbox, secret::word(12)),
            token: login.token,
            max_payload: AtomicUsize::new(MAX_PAYLOAD_BYTES),
            open: Mutex::default(),
        }
    }

    /// What is waited for.
    pub(super) fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The largest message, headers and payload together, in bytes.
    pub(super) fn max_payload(&self) -> usize {
        self.max_payload.load(Ordering::Relaxed)
    }

    /// What each server is told first.
    pub(super) fn greeting(&self) -> Vec<u8> {
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
    pub(super) fn add(
        &self,
        words: &str,
        messages: mpsc::Sender<Message>,
    ) -> Option<(u64, String)> {
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

    /// Says something that must not wait and must not be lost: where so much is
    /// being written that there is no room for it, it goes behind that.
    pub(super) fn say(&self, line: Vec<u8>) {
        // Locked meanwhile, else the writer could have gone to sleep in between.
        let mut open = self.open();
        if let Err(TrySendError::Full(line)) = self.writes.try_send(line) {
            open.overflow.extend_from_slice(&line);
        }
    }

    /// Tells a service to send no more.
    pub(super) fn stop(&self, service: &str) {
        self.say(format!("PUB {service} 0\r\n\r\n").into_bytes());
    }

    /// Passes on what was heard.
    pub(super) fn take(&self, heard: Heard) {
        match heard {
            Heard::Message(INBOX_SID, message) => self.take_answer(message),
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
            Heard::MaxPayload(bytes) => self.max_payload.store(bytes, Ordering::Relaxed),
            Heard::Pong | Heard::Nothing => {}
        }
    }

    fn take_answer(&self, message: Message) {
        let token = message.subject.rsplit('.').next().unwrap_or_default();
        let token = token.to_owned();
        let Some(inbox) = self.open().inboxes.get(&token).cloned() else {
            // Whoever asked waits no longer; a stream need not go on.
            return message.reply.iter().for_each(|service| self.stop(service));
        };
        // Who has something to take knows that the other side lives.
        let is_spare = is_keep_alive(&message) && inbox.capacity() < inbox.max_capacity();
        if !is_spare && inbox.try_send(message).is_err() {
            // Better no more than some of it.
            self.open().inboxes.remove(&token);
        }
    }

    /// Ends all that is waited for; nothing follows.
    pub(super) fn end(&self) {
        let mut open = self.open();
        open.has_ended = true;
        open.subscriptions.clear();
        open.inboxes.clear();
    }
}

fn is_keep_alive(message: &Message) -> bool {
    message.headers.get(stream::KEEP_ALIVE_HEADER).is_some()
}
