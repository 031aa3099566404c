//! A page's side of one terminal: hello, replay, data, acknowledgements.
//!
//! Whatever arrives is checked: output must continue exactly where the last
//! byte ended, so a byte that is missing or comes twice fails every case.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cocalc_plus::protocol::session::CLOSE_GONE;
use cocalc_plus::protocol::terminal::{
    ClientHello, Exit, Frame, HolderHello, Refused, VERSION, View,
};

use super::poll::eventually;
use super::targets::SOON;
use super::visitor::Visitor;
use super::websocket::{Said, WebSocket};

/// How long an awaited text may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// How a terminal's WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The program ended.
    Exit(Exit),
    /// The connection was refused, and then closed with a code.
    Refused(Refused, Option<u16>),
    /// The connection ended with a code, if with any.
    Closed(Option<u16>),
}

/// What a page keeps of a terminal, whether or not it is connected.
pub(crate) struct Terminal {
    /// The terminal's id.
    pub(crate) id: String,
    /// What the holder said of itself last.
    pub(crate) hello: HolderHello,
    /// What it was told of the size, and of its part in it.
    pub(crate) view: Option<View>,
    /// Everything that was drawn since the last clear.
    pub(crate) output: Vec<u8>,
    socket: WebSocket,
    client: String,
    /// The position of the next byte of output.
    drawn: u64,
    /// The position of the next byte of input.
    typed: u64,
    /// Where [`Self::expect`] found what it waited for.
    seen: usize,
    /// How far it has looked since, in vain.
    looked: usize,
}

impl Terminal {
    /// Attaches to a terminal for the first time.
    #[track_caller]
    pub(crate) fn attach(visitor: &Visitor, id: &str) -> Self {
        Self::attach_as(visitor, id, "case")
    }

    /// The same under another name than the first page's, to type too.
    #[track_caller]
    pub(crate) fn attach_as(visitor: &Visitor, id: &str, page: &str) -> Self {
        let client = format!("{page}-{id}");
        let mut socket = visitor.websocket(&format!("/terminal/{id}"));
        send(&mut socket, &hello(&client, None, None));
        let hello = match receive(&mut socket) {
            Ok(Frame::Hello(json)) => serde_json::from_slice(&json).expect("a hello"),
            other => panic!("no hello: {other:?}"),
        };
        Self {
            id: id.to_owned(),
            hello,
            view: None,
            output: Vec::new(),
            socket,
            client,
            drawn: 0,
            typed: 0,
            seen: 0,
            looked: 0,
        }
    }

    /// Attaches again where it stopped, as a page does; through another
    /// visitor, if the first one's door is gone.
    #[track_caller]
    pub(crate) fn resume(&mut self, visitor: &Visitor) {
        // As a page does: what dies may still take a connection and say nothing,
        // but a word of refusal is the last one.
        let resumed = || match self.try_resume(visitor) {
            Err(End::Closed(_)) => None,
            resumed => Some(resumed),
        };
        let resumed = eventually("the terminal's WebSocket opens again", SOON, resumed);
        resumed.unwrap_or_else(|end| panic!("no hello: {end:?}"));
        assert_eq!(
            self.hello.input_seq, self.typed,
            "input was lost or repeated"
        );
    }

    /// Attaches again where it stopped, if somebody answers.
    fn try_resume(&mut self, visitor: &Visitor) -> Result<(), End> {
        let opened = WebSocket::open(visitor, &format!("/terminal/{}", self.id));
        self.socket = opened.map_err(|_| End::Closed(None))?;
        let layout = self.view.map(|view| view.layout);
        let hello = hello(&self.client, Some(self.drawn), layout);
        send(&mut self.socket, &hello);
        match receive(&mut self.socket)? {
            Frame::Hello(json) => self.hello = serde_json::from_slice(&json).expect("a hello"),
            other => panic!("no hello: {other:?}"),
        }
        Ok(())
    }

    /// Types a line and the return key.
    #[track_caller]
    pub(crate) fn line(&mut self, text: &str) -> &mut Self {
        self.keys(&format!("{text}\r"))
    }

    /// Types these keys and nothing else.
    #[track_caller]
    pub(crate) fn keys(&mut self, text: &str) -> &mut Self {
        let bytes = text.as_bytes().to_vec();
        let seq = self.typed;
        self.typed += bytes.len() as u64;
        let is_sent = self.send(&Frame::Data { seq, bytes });
        assert!(is_sent, "the terminal's WebSocket is closed");
        self
    }

    /// Tells a new size.
    #[track_caller]
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) -> &mut Self {
        assert!(self.send(&Frame::Resize { cols, rows }));
        self
    }

    /// Waits until `text` appears behind what was waited for before.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + DEADLINE;
        let wanted = text.as_bytes();
        self.looked = self.seen;
        loop {
            let fresh = &self.output[self.looked..];
            if let Some(at) = fresh
                .windows(wanted.len())
                .position(|window| window == wanted)
            {
                self.seen = self.looked + at + wanted.len();
                return self;
            }
            // Else a flood would be searched again and again.
            let cut_short = self.output.len().saturating_sub(wanted.len() - 1);
            self.looked = self.looked.max(cut_short);
            assert!(
                Instant::now() < end,
                "`{text}` did not appear: {}",
                self.tail()
            );
            if let Err(end) = self.step() {
                panic!("`{text}` did not appear before {end:?}: {}", self.tail());
            }
        }
    }

    /// Reads to the end of the connection.
    #[track_caller]
    pub(crate) fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.step() {
                return end;
            }
        }
    }

    /// Returns the lines that hold a number and nothing else.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let text = String::from_utf8_lossy(&self.output);
        // A shell may move its cursor to the first column before a line.
        let lines = text
            .lines()
            .map(|line| line.rsplit('\r').next().unwrap_or(line));
        lines.filter_map(|line| line.parse().ok()).collect()
    }

    fn tail(&self) -> String {
        let from = self.output.len().saturating_sub(2000);
        String::from_utf8_lossy(&self.output[from..]).into_owned()
    }

    fn send(&mut self, frame: &Frame) -> bool {
        send(&mut self.socket, frame)
    }

    /// Takes one frame: draws it and acknowledges it.
    #[track_caller]
    fn step(&mut self) -> Result<(), End> {
        match receive(&mut self.socket)? {
            Frame::View(view) => self.view = Some(view),
            Frame::Replay {
                seq,
                clear,
                last,
                bytes,
                ..
            } => {
                if clear {
                    self.output.clear();
                    (self.seen, self.looked) = (0, 0);
                }
                self.output.extend(bytes);
                self.drawn = seq;
                if last {
                    self.send(&Frame::Ack { seq });
                }
            }
            Frame::Data { seq, bytes } => {
                assert_eq!(seq, self.drawn, "output is missing or comes twice");
                self.drawn += bytes.len() as u64;
                self.output.extend(bytes);
                let ack = Frame::Ack { seq: self.drawn };
                self.send(&ack);
            }
            Frame::Exit(exit) => {
                let seq = self.drawn + 1;
                self.send(&Frame::Ack { seq });
                return Err(End::Exit(exit));
            }
            Frame::Ack { .. } => {}
            other => panic!("a page gets no {other:?}"),
        }
        Ok(())
    }
}

/// Sends `first` to a terminal's WebSocket and returns how that ends.
#[track_caller]
pub(crate) fn refusal(visitor: &Visitor, id: &str, first: &Frame) -> End {
    let mut socket = visitor.websocket(&format!("/terminal/{id}"));
    send(&mut socket, first);
    match receive(&mut socket) {
        Err(end) => end,
        Ok(frame) => panic!("not refused: {frame:?}"),
    }
}

/// Returns the hello of a page that has drawn nothing, or up to `resume` in a
/// layout.
pub(crate) fn hello(client: &str, resume: Option<u64>, layout: Option<u64>) -> Frame {
    Frame::hello(&ClientHello {
        version: VERSION,
        client: client.to_owned(),
        cols: 80,
        rows: 24,
        resume,
        layout,
    })
}

/// Attaches as the page does: the hello stands in the URL, and comes again as
/// a frame. Returns what is said first, and the WebSocket.
#[track_caller]
pub(crate) fn greet_early(
    visitor: &Visitor,
    id: &str,
    first: First,
) -> (Result<Frame, End>, WebSocket) {
    let Frame::Hello(json) = hello(&format!("early-{id}"), None, None) else {
        unreachable!("a hello is a hello");
    };
    let mut path = format!("/terminal/{id}?hello=");
    for byte in &json {
        write!(path, "%{byte:02x}").expect("a string takes all");
    }
    if first == First::Yes {
        path.push_str("&first=true");
    }
    let mut socket = visitor.websocket(&path);
    let said = receive(&mut socket);
    send(&mut socket, &Frame::Hello(json));
    (said, socket)
}

/// Whether a terminal is to be started if there is none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// It is.
    Yes,
    /// It exists.
    No,
}

/// Returns how a terminal that does not exist is refused.
pub(crate) fn is_gone(end: &End) -> bool {
    matches!(end, End::Refused(refused, Some(CLOSE_GONE)) if refused.code == "gone")
}

fn send(socket: &mut WebSocket, frame: &Frame) -> bool {
    let mut message = Vec::new();
    frame.encode(&mut message);
    socket.send_binary(message)
}

#[track_caller]
fn receive(socket: &mut WebSocket) -> Result<Frame, End> {
    match socket.next() {
        Said::Binary(message) => match Frame::decode(&message).expect("a frame") {
            Frame::Refused(refused) => Err(End::Refused(refused, socket.end())),
            frame => Ok(frame),
        },
        Said::Closed(code) => Err(End::Closed(code)),
        Said::Text(text) => panic!("a terminal says no text: {text}"),
    }
}
