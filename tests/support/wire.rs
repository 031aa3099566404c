//! One connection to a message broker, heard an operation at a time.
//!
//! The same over TCP, over a unix socket and over a WebSocket, whose frames
//! mean nothing: what they carry is one stream.

use std::io::{ErrorKind, Read as _, Write as _};
use std::mem;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tungstenite::handshake::client::{Request, generate_key};
use tungstenite::{Error, Message};

use super::http::{Address, Connection};

/// How long an operation may take to come.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// How long one read waits before the deadline is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How a broker is reached.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    /// A TCP port of loopback.
    Tcp(u16),
    /// A unix socket.
    Unix(PathBuf),
    /// The WebSocket at a port of loopback and a path.
    WebSocket(u16, &'static str),
}

/// What a broker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It sent an operation: its line, and the payload if one belongs to it,
    /// without the last CRLF.
    Operation(Vec<u8>),
    /// It closed the connection; a WebSocket's code and reason.
    End(Option<(u16, String)>),
}

/// An open connection.
pub(crate) struct Wire {
    stream: Stream,
    /// What came and was not taken yet.
    pending: Vec<u8>,
    end: Option<Heard>,
}

enum Stream {
    Plain(Connection),
    WebSocket(Box<tungstenite::WebSocket<Connection>>),
}

impl Wire {
    /// Connects as a program does: without `Origin`, without cookie.
    #[track_caller]
    pub(crate) fn dial(carrier: &Carrier) -> Self {
        let stream = match carrier {
            Carrier::Tcp(port) => Stream::Plain(connect(&Address::Port(*port))),
            Carrier::Unix(path) => Stream::Plain(connect(&Address::Socket(path.clone()))),
            Carrier::WebSocket(port, path) => {
                let connection = connect(&Address::Port(*port));
                let opened = tungstenite::client(upgrade(*port, path), connection);
                let (socket, _) = opened.unwrap_or_else(|cause| panic!("no WebSocket: {cause}"));
                Stream::WebSocket(Box::new(socket))
            }
        };
        let connection = match &stream {
            Stream::Plain(connection) => connection,
            Stream::WebSocket(socket) => socket.get_ref(),
        };
        let set = connection.set_deadline(LOOK);
        set.expect("the deadline is not zero");
        Self {
            stream,
            pending: Vec::new(),
            end: None,
        }
    }

    /// Sends bytes, a WebSocket's in one frame.
    ///
    /// Nothing is said of a broker that no longer listens: what it answered
    /// before is still to be heard.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = match &mut self.stream {
            Stream::Plain(connection) => connection.write_all(bytes).map_err(Error::Io),
            Stream::WebSocket(socket) => socket.send(Message::binary(bytes.to_vec())),
        };
    }

    /// Sends bytes to a WebSocket in a text frame.
    pub(crate) fn send_text(&mut self, text: &str) {
        match &mut self.stream {
            Stream::Plain(_) => panic!("only a WebSocket has text frames"),
            Stream::WebSocket(socket) => socket.send(Message::text(text)).expect("it is open"),
        }
    }

    /// Waits for the next operation, or for the end.
    ///
    /// The broker's own `PING` is answered and not told: it comes when the
    /// broker likes.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Heard {
        match self.hear_within(DEADLINE) {
            Some(heard) => heard,
            None => panic!("nothing for {DEADLINE:?}; of it came {:?}", self.unread()),
        }
    }

    /// The same at most so long.
    pub(crate) fn hear_within(&mut self, deadline: Duration) -> Option<Heard> {
        let end = Instant::now() + deadline;
        loop {
            while let Some(operation) = self.take() {
                if operation != b"PING" {
                    return Some(Heard::Operation(operation));
                }
                self.send(b"PONG\r\n");
            }
            if let Some(end) = &self.end {
                assert!(self.pending.is_empty(), "cut short: {:?}", self.unread());
                return Some(end.clone());
            }
            if Instant::now() >= end {
                return None;
            }
            self.read();
        }
    }

    /// Reads once, for a moment.
    fn read(&mut self) {
        match &mut self.stream {
            Stream::Plain(connection) => {
                let mut buffer = [0; 64 * 1024];
                match connection.read(&mut buffer) {
                    Ok(0) => self.end = Some(Heard::End(None)),
                    Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                    Err(cause) if is_timeout(cause.kind()) => {}
                    // It closed before it had read all.
                    Err(_) => self.end = Some(Heard::End(None)),
                }
            }
            Stream::WebSocket(socket) => match socket.read() {
                Ok(Message::Close(frame)) => {
                    let told = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    self.end = Some(Heard::End(told));
                }
                Ok(Message::Text(text)) => panic!("a text frame: {text}"),
                Ok(Message::Binary(bytes)) => self.pending.extend_from_slice(&bytes),
                Ok(_) => {}
                Err(Error::Io(cause)) if is_timeout(cause.kind()) => {}
                Err(_) => self.end = Some(Heard::End(None)),
            },
        }
    }

    /// Takes the first operation that came whole.
    fn take(&mut self) -> Option<Vec<u8>> {
        let line_bytes = position(&self.pending, b"\r\n")?;
        let payload_bytes = payload_bytes(&self.pending[..line_bytes]);
        let bytes = line_bytes + payload_bytes.map_or(0, |count| 2 + count);
        if self.pending.len() < bytes + 2 {
            return None;
        }
        let rest = self.pending.split_off(bytes + 2);
        let mut operation = mem::replace(&mut self.pending, rest);
        assert!(operation.ends_with(b"\r\n"), "the size is wrong");
        operation.truncate(bytes);
        Some(operation)
    }

    /// The start of what came and is no operation yet.
    fn unread(&self) -> String {
        let shown = self.pending.len().min(200);
        String::from_utf8_lossy(&self.pending[..shown]).into_owned()
    }
}

#[track_caller]
fn connect(address: &Address) -> Connection {
    address.connect().expect("the broker listens")
}

/// The request of a program for a WebSocket.
fn upgrade(port: u16, path: &str) -> Request {
    let host = format!("127.0.0.1:{port}");
    Request::get(format!("ws://{host}{path}"))
        .header("host", host)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .body(())
        .expect("these are header values")
}

/// The size of the payload behind a line: the last word of `MSG` and `HMSG`.
fn payload_bytes(line: &[u8]) -> Option<usize> {
    let is_message = line.starts_with(b"MSG ") || line.starts_with(b"HMSG ");
    let line = is_message.then(|| String::from_utf8_lossy(line))?;
    let size = line.rsplit(' ').next()?.parse().ok();
    Some(size.unwrap_or_else(|| panic!("no size in `{line}`")))
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
