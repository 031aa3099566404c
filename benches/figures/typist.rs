//! A page's side of one terminal that measures: keys, and a flood.
//!
//! Unlike the tests' page it sends without Nagle's delay, as browsers do, and
//! has keys under way while earlier ones still travel.

use std::collections::VecDeque;
use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cocalc_plus::protocol::auth;
use cocalc_plus::protocol::terminal::Frame;
use serde_json::json;
use tungstenite::handshake::client::generate_key;
use tungstenite::{Error, Message, WebSocket};

use crate::sample::Samples;
use crate::support::terminal;
use crate::support::visitor::Visitor;
use crate::timed::milliseconds;

/// How long an expected output may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two keys.
pub(crate) const PACE: Duration = Duration::from_millis(20);

/// Keys of one line, the return key included.
pub(crate) const LINE_KEYS: usize = 64;

/// A new terminal, attached; drop ends it.
pub(crate) struct Typist {
    socket: WebSocket<TcpStream>,
    visitor: Visitor,
    id: String,
    /// The position of the next byte of input.
    typed: u64,
}

impl Typist {
    /// Starts a terminal and runs `program` in place of its shell.
    pub(crate) fn start(visitor: &Visitor, program: &str) -> Self {
        let id = visitor.new_terminal()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let mut typist = Self {
            socket: open(visitor, &format!("/terminal/{id}")),
            visitor: visitor.clone(),
            id,
            typed: 0,
        };
        let name = format!("bench-{}", typist.id);
        typist.send(&terminal::hello(&name, None, None));
        // The terminal echoes the line too, but not as these letters.
        typist.type_bytes(format!("printf 're''ady\\n'; exec {program}\r").as_bytes());
        typist.wait_for("ready\r\n");
        // Between the word and the program's start no event tells anything.
        typist.read_for(Duration::from_millis(300));
        typist
    }

    /// Starts a terminal whose kernel side alone echoes each key.
    pub(crate) fn echoing(visitor: &Visitor) -> Self {
        Self::start(visitor, "cat >/dev/null")
    }

    /// Types keys 20 ms apart for so long; returns each one's way there and
    /// back in milliseconds.
    pub(crate) fn echo(&mut self, length: Duration) -> Samples {
        let begun = Instant::now();
        let mut next = begun;
        let mut pressed = 0;
        let mut under_way = VecDeque::new();
        let mut taken = Vec::new();
        loop {
            let now = Instant::now();
            let is_over = now - begun >= length;
            if is_over && under_way.is_empty() {
                return Samples(taken);
            }
            assert!(
                now - begun < length + DEADLINE,
                "{} keys were lost",
                under_way.len()
            );
            if now >= next && !is_over {
                // The kernel keeps at most 4095 bytes of a line.
                if pressed % LINE_KEYS == LINE_KEYS - 1 {
                    self.type_bytes(b"\r");
                } else {
                    self.type_bytes(b"k");
                    under_way.push_back(now);
                }
                pressed += 1;
                next += PACE;
            }
            let echoed = self.read_within(next.saturating_duration_since(Instant::now()));
            let at = Instant::now();
            let keys = echoed.iter().filter(|byte| **byte == b'k').count();
            let times = under_way.drain(..keys.min(under_way.len()));
            taken.extend(times.map(|sent| milliseconds(at - sent)));
        }
    }

    /// Reads what comes for so long; returns how many bytes it was.
    pub(crate) fn read_for(&mut self, length: Duration) -> usize {
        let end = Instant::now() + length;
        let mut count = 0;
        while Instant::now() < end {
            count += self
                .read_within(end.saturating_duration_since(Instant::now()))
                .len();
        }
        count
    }

    /// Types bytes.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        let seq = self.typed;
        self.typed += bytes.len() as u64;
        let bytes = bytes.to_vec();
        self.send(&Frame::Data { seq, bytes });
    }

    fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + DEADLINE;
        let mut output = Vec::new();
        while !String::from_utf8_lossy(&output).contains(text) {
            assert!(Instant::now() < end, "no `{text}`: {output:?}");
            output.extend(self.read_within(PACE));
        }
    }

    /// Returns the next output, acknowledged; nothing when none comes.
    fn read_within(&mut self, limit: Duration) -> Vec<u8> {
        let limit = limit.max(Duration::from_micros(1));
        let set = self.socket.get_ref().set_read_timeout(Some(limit));
        set.expect("it is not zero");
        let message = match self.socket.read() {
            Ok(Message::Binary(message)) => message,
            Ok(_) => return Vec::new(),
            Err(Error::Io(cause)) if matches!(cause.kind(), WouldBlock | TimedOut) => {
                return Vec::new();
            }
            Err(cause) => panic!("the terminal's WebSocket ended: {cause}"),
        };
        let (seq, bytes) = match Frame::decode(&message).expect("a frame") {
            Frame::Replay { seq, bytes, .. } => (seq, bytes),
            Frame::Data { seq, bytes } => (seq + bytes.len() as u64, bytes),
            _ => return Vec::new(),
        };
        self.send(&Frame::Ack { seq });
        bytes
    }

    fn send(&mut self, frame: &Frame) {
        let mut message = Vec::new();
        frame.encode(&mut message);
        let sent = self.socket.send(Message::binary(message));
        sent.expect("the terminal's WebSocket is open");
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        // The laptop's drop kills what this does not end.
        if !std::thread::panicking() {
            self.visitor
                .call("terminal.kill", &json!({ "id": self.id }));
        }
    }
}

/// Opens a WebSocket as a signed-in page does.
fn open(visitor: &Visitor, path: &str) -> WebSocket<TcpStream> {
    let host = format!("localhost:{}", visitor.port);
    let (protocol, prefix) = (auth::WEBSOCKET_PROTOCOL, auth::WEBSOCKET_KEY_PREFIX);
    let request = tungstenite::http::Request::get(format!("ws://{host}{path}"))
        .header("host", &host)
        .header("origin", format!("http://{host}"))
        .header("cookie", visitor.cookie_header())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .header(
            "sec-websocket-protocol",
            format!("{protocol}, {prefix}{}", visitor.key),
        )
        .body(())
        .expect("these are header values");
    let stream = TcpStream::connect(("127.0.0.1", visitor.port)).expect("somebody listens");
    stream.set_nodelay(true).expect("it is TCP");
    let (socket, _) = tungstenite::client(request, stream).expect("a WebSocket");
    socket
}
