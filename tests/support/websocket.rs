//! A WebSocket as a signed-in page opens it, with deadlines.

use std::time::{Duration, Instant};

use cocalc_plus::protocol::auth;
use serde_json::Value;
use tungstenite::handshake::client::{Request, generate_key};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

use super::http::Connection;
use super::targets::NOTICE;
use super::visitor::Visitor;

/// How long a message may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long one read waits before the deadline is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// An open WebSocket.
pub(crate) struct WebSocket {
    inner: tungstenite::WebSocket<Connection>,
}

/// What a WebSocket said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The end, with its code if there was one.
    Closed(Option<u16>),
}

impl WebSocket {
    /// Opens `path` with the visitor's cookie and key.
    ///
    /// # Errors
    /// What was answered instead.
    pub(crate) fn open(visitor: &Visitor, path: &str) -> Result<Self, String> {
        let connection = visitor.address().connect();
        let connection = connection.map_err(|cause| cause.to_string())?;
        let (inner, answer) = tungstenite::client(upgrade(visitor, path), connection)
            .map_err(|cause| cause.to_string())?;
        let chosen = answer.headers().get("sec-websocket-protocol");
        if chosen.is_none_or(|chosen| chosen != auth::WEBSOCKET_PROTOCOL) {
            return Err(format!("the server chose the protocol {chosen:?}"));
        }
        let set = inner.get_ref().set_deadline(LOOK);
        set.map_err(|cause| cause.to_string())?;
        Ok(Self { inner })
    }

    /// Sends a text message.
    #[track_caller]
    pub(crate) fn send_text(&mut self, text: &str) {
        let sent = self.inner.send(Message::text(text));
        sent.expect("the WebSocket is open");
    }

    /// Sends a binary message; says whether the other side still takes any.
    pub(crate) fn send_binary(&mut self, bytes: Vec<u8>) -> bool {
        self.inner.send(Message::binary(bytes)).is_ok()
    }

    /// Waits for a text message.
    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        match self.next() {
            Said::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    /// Waits for the next message, or the end.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Said {
        match self.next_within(DEADLINE) {
            Some(said) => said,
            None => panic!("the WebSocket said nothing for {DEADLINE:?}"),
        }
    }

    /// Waits for the next message at most so long.
    pub(crate) fn next_within(&mut self, deadline: Duration) -> Option<Said> {
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            match self.inner.read() {
                Ok(Message::Text(text)) => return Some(Said::Text(text.to_string())),
                Ok(Message::Binary(bytes)) => return Some(Said::Binary(bytes.to_vec())),
                Ok(Message::Close(frame)) => {
                    let code = frame.map(|frame| CloseCode::into(frame.code));
                    return Some(Said::Closed(code));
                }
                Ok(_) => {}
                Err(Error::Io(cause)) if is_timeout(&cause) => {}
                Err(_) => return Some(Said::Closed(None)),
            }
        }
        None
    }

    /// Waits for the end, whatever is said before; returns its code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<u16> {
        loop {
            if let Said::Closed(code) = self.next() {
                return code;
            }
        }
    }
}

/// The request of a signed-in page for the WebSocket at `path`.
pub(crate) fn upgrade(visitor: &Visitor, path: &str) -> Request {
    let host = format!("localhost:{}", visitor.port);
    let protocols = format!(
        "{}, {}{}",
        auth::WEBSOCKET_PROTOCOL,
        auth::WEBSOCKET_KEY_PREFIX,
        visitor.key
    );
    Request::get(format!("ws://{host}{path}"))
        .header("host", &host)
        .header("origin", format!("http://{host}"))
        .header("cookie", visitor.cookie_header())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .header("sec-websocket-protocol", protocols)
        .body(())
        .expect("these are header values")
}

fn is_timeout(cause: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(cause.kind(), WouldBlock | TimedOut)
}

/// Reads what a tunnel says until it is in a state; returns that.
#[track_caller]
pub(crate) fn wait_for(session: &mut WebSocket, state: &str) -> Value {
    wait_until(session, |status| status["state"] == state)
}

/// Reads what a tunnel says until this holds; returns that.
#[track_caller]
pub(crate) fn wait_until(session: &mut WebSocket, holds: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + NOTICE;
    let mut last = Value::Null;
    while Instant::now() < end {
        match session.next_within(NOTICE) {
            Some(Said::Text(text)) => last = serde_json::from_str(&text).expect("JSON"),
            Some(other) => panic!("the session ended: {other:?}, last {last}"),
            None => break,
        }
        if holds(&last) {
            return last;
        }
    }
    panic!("not within {NOTICE:?}; last {last}");
}
