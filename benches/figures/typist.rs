//! A page's side of one terminal that measures: keys, and a flood.
//!
//! It has keys under way while earlier ones still travel.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cocalc_plus::protocol::terminal::Frame;
use serde_json::json;

use crate::sample::Samples;
use crate::support::terminal;
use crate::support::visitor::Visitor;
use crate::timed::milliseconds;
use crate::wire::Wire;

/// How long an expected output may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two keys.
pub(crate) const PACE: Duration = Duration::from_millis(20);

/// Keys of one line, the return key included.
pub(crate) const LINE_KEYS: usize = 64;

/// A screen's redraw and the end of a flood fit into it.
const TAIL_BYTES: usize = 8192;

/// What came of one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flood {
    /// From the return key to the awaited text.
    pub(crate) taken: Duration,
    /// The bytes that came: those printed, or those of redraws instead.
    pub(crate) bytes: usize,
    /// How often the screen was drawn instead of what was printed.
    pub(crate) redraws: usize,
}

/// A new terminal, attached; drop ends it.
pub(crate) struct Typist {
    wire: Wire,
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
            wire: Wire::open(visitor, &id),
            visitor: visitor.clone(),
            id,
            typed: 0,
        };
        let name = format!("bench-{}", typist.id);
        let hello = terminal::hello(&name, None, None);
        typist.wire.send(&hello);
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
        self.wire.send(&Frame::Data { seq, bytes });
    }

    /// Returns the terminal's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Types the return key and reads until `text` is printed or drawn.
    pub(crate) fn run_until(&mut self, text: &str) -> Flood {
        let begun = Instant::now();
        self.type_bytes(b"\r");
        let mut flood = Flood::default();
        let mut tail = Vec::new();
        while begun.elapsed() < DEADLINE {
            let Some(frame) = self.wire.next_within(DEADLINE) else {
                continue;
            };
            let bytes = match frame {
                Frame::Replay { bytes, clear, .. } => {
                    flood.redraws += usize::from(clear);
                    bytes
                }
                Frame::Data { bytes, .. } => bytes,
                _ => continue,
            };
            flood.bytes += bytes.len();
            // Only the newest output can hold it: nothing follows.
            tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
            tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
            let wanted = text.as_bytes();
            if tail.windows(wanted.len()).any(|at| at == wanted) {
                flood.taken = begun.elapsed();
                return flood;
            }
        }
        panic!("no `{text}`: {}", String::from_utf8_lossy(&tail));
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
        match self.wire.next_within(limit) {
            Some(Frame::Replay { bytes, .. } | Frame::Data { bytes, .. }) => bytes,
            _ => Vec::new(),
        }
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
