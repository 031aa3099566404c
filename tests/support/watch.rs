//! What a page watches, over the bus.

use std::time::Duration;

use cocalc_plus::protocol::auth;
use serde_json::{Value, json};

use super::visitor::Visitor;
use super::websocket::{Said, WebSocket};

/// How long news may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Where the one account of a plain server is answered.
const INBOX: &str = "_INBOX.account-00000000-1000-4000-8000-000000000001.watch";

/// One watched path on a WebSocket of its own.
pub(crate) struct Watch {
    socket: WebSocket,
    heard: Vec<u8>,
    /// Where it is stopped, once something was told.
    service: Option<String>,
}

impl Watch {
    /// Asks for the news of a path.
    #[track_caller]
    pub(crate) fn open(visitor: &Visitor, path: &str) -> Self {
        let mut watch = Self {
            socket: visitor.websocket(auth::BUS_PATH),
            heard: Vec::new(),
            service: None,
        };
        watch.say(&format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {INBOX} 1\r\n"
        ));
        watch.ask(path);
        watch
    }

    /// Asks for the news of another path.
    pub(crate) fn ask(&mut self, path: &str) {
        let payload = json!({ "path": path }).to_string();
        let size = payload.len();
        self.say(&format!(
            "PUB project.local.files.watch {INBOX} {size}\r\n{payload}\r\n"
        ));
    }

    /// Wants no more news.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        let service = self.service.take().expect("something was told");
        self.say(&format!("PUB {service} 0\r\n\r\n"));
    }

    /// Waits for the next news; `null` is the end.
    #[track_caller]
    pub(crate) fn news(&mut self) -> Value {
        match self.news_within(DEADLINE) {
            Some(news) => news,
            None => panic!("no news for {DEADLINE:?}"),
        }
    }

    /// Waits for the next news at most so long.
    #[track_caller]
    pub(crate) fn news_within(&mut self, deadline: Duration) -> Option<Value> {
        loop {
            match self.take() {
                Some(Operation::Other) => {}
                Some(Operation::Message { reply, payload }) => {
                    self.service = reply;
                    let news = serde_json::from_slice(&payload);
                    return Some(news.unwrap_or(Value::Null));
                }
                None => match self.socket.next_within(deadline)? {
                    Said::Binary(bytes) => self.heard.extend(bytes),
                    other => panic!("no news: {other:?}"),
                },
            }
        }
    }

    /// Takes the first operation that came whole.
    fn take(&mut self) -> Option<Operation> {
        let end = self.heard.windows(2).position(|two| two == b"\r\n")? + 2;
        let line = String::from_utf8_lossy(&self.heard[..end]).into_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0] != "MSG" {
            self.heard.drain(..end);
            return Some(Operation::Other);
        }
        let size: usize = words[words.len() - 1].parse().expect("a size");
        let payload = self.heard.get(end..end + size)?.to_vec();
        if self.heard.len() < end + size + 2 {
            return None;
        }
        self.heard.drain(..end + size + 2);
        let reply = (words.len() == 5).then(|| words[3].to_owned());
        Some(Operation::Message { reply, payload })
    }

    fn say(&mut self, words: &str) {
        self.socket.send_binary(words.as_bytes().to_vec());
    }
}

/// What the broker says.
enum Operation {
    /// News, or their end.
    Message {
        /// Where they are stopped.
        reply: Option<String>,
        /// JSON.
        payload: Vec<u8>,
    },
    /// `INFO` or `PING`.
    Other,
}
