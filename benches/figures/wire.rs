//! One WebSocket of a terminal, as a page has it.
//!
//! Unlike the tests' page it sends without Nagle's delay, as browsers do.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cocalc_plus::protocol::terminal::Frame;
use tungstenite::{Error, Message, WebSocket};

use crate::support::terminal;
use crate::support::visitor::Visitor;
use crate::support::websocket::upgrade;
use crate::timed::milliseconds;

/// How long an expected output may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// An open WebSocket of a terminal.
pub(crate) struct Wire {
    socket: WebSocket<TcpStream>,
}

/// What a redraw took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redraw {
    /// Milliseconds to its last chunk.
    pub(crate) taken: f64,
    /// The bytes to draw.
    pub(crate) bytes: usize,
}

impl Wire {
    /// Opens a terminal's WebSocket and says nothing yet.
    pub(crate) fn open(visitor: &Visitor, id: &str) -> Self {
        Self {
            socket: open(visitor, &format!("/terminal/{id}")),
        }
    }

    /// Says hello and waits for the screen.
    pub(crate) fn attach(&mut self, name: &str) -> Redraw {
        self.redraw(&terminal::hello(name, None, None), false)
    }

    /// Asks for everything and waits for it.
    pub(crate) fn history(&mut self) -> Redraw {
        self.redraw(&Frame::History, true)
    }

    /// Returns the next frame, output acknowledged; none when none comes.
    pub(crate) fn next_within(&mut self, limit: Duration) -> Option<Frame> {
        let limit = limit.max(Duration::from_micros(1));
        let set = self.socket.get_ref().set_read_timeout(Some(limit));
        set.expect("it is not zero");
        let message = match self.socket.read() {
            Ok(Message::Binary(message)) => message,
            Ok(_) => return None,
            Err(Error::Io(cause)) if matches!(cause.kind(), WouldBlock | TimedOut) => {
                return None;
            }
            Err(cause) => panic!("the terminal's WebSocket ended: {cause}"),
        };
        let frame = Frame::decode(&message).expect("a frame");
        match &frame {
            Frame::Replay { seq, .. } => self.send(&Frame::Ack { seq: *seq }),
            Frame::Data { seq, bytes } => {
                let seq = seq + bytes.len() as u64;
                self.send(&Frame::Ack { seq });
            }
            _ => {}
        }
        Some(frame)
    }

    /// Sends a frame.
    pub(crate) fn send(&mut self, frame: &Frame) {
        let mut message = Vec::new();
        frame.encode(&mut message);
        let sent = self.socket.send(Message::binary(message));
        sent.expect("the terminal's WebSocket is open");
    }

    fn redraw(&mut self, question: &Frame, all: bool) -> Redraw {
        let begun = Instant::now();
        self.send(question);
        let mut count = 0;
        while begun.elapsed() < DEADLINE {
            if let Some(Frame::Replay {
                last, whole, bytes, ..
            }) = self.next_within(DEADLINE)
                && whole == all
            {
                count += bytes.len();
                if last {
                    let taken = milliseconds(begun.elapsed());
                    return Redraw {
                        taken,
                        bytes: count,
                    };
                }
            }
        }
        panic!("no redraw after {question:?}");
    }
}

/// Opens a WebSocket as a signed-in page does.
fn open(visitor: &Visitor, path: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", visitor.port)).expect("somebody listens");
    stream.set_nodelay(true).expect("it is TCP");
    let (socket, _) = tungstenite::client(upgrade(visitor, path), stream).expect("a WebSocket");
    socket
}
