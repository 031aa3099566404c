//! Messages that are larger than one may be: cut, numbered, put together.
//!
//! ```text
//! asker                                                     service
//!   first piece, reply R,
//!     Message-Chunk: k3f9 0 5, Message-Rest: ask     ──▶
//!                                                    ◀──  empty to R, reply S, Message-Rest: k3f9
//!   to S: Message-Chunk: k3f9 1 5 … k3f9 4 5         ──▶
//!                                                    ◀──  to R: Message-Chunk: x7a2 0 3 … x7a2 2 3
//! ```
//!
//! | header | says |
//! | --- | --- |
//! | `Message-Chunk: ID N COUNT` | piece N, from 0, of the COUNT pieces of ID |
//! | `Message-Rest: ask` | the reply shall say where the other pieces go |
//! | `Message-Rest: ID` | they go to the reply subject of this |
//! | `Message-Limit: BYTES` | of a question: so large an answer is taken, in pieces |
//!
//! Only the first piece has the message's own headers and reply subject. Of a
//! question it goes alone, because members of a queue group would each get some
//! of the others; the one who got it says where it wants those. An answer is cut
//! for those only who named a limit: others are told that it is too large.
//!
//! Pieces come in order. Where one is missing all of the message is dropped, and
//! whoever waits for it is told. Nothing is set aside for what was only announced.
//! At a service a message may stay half-received for [`MAX_PAUSE`] after each
//! piece, and [`MAX_HALF`] of them at a time.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use super::message::Headers;
use super::message::Message;
use crate::sys::secret;

/// The header of a piece.
pub const CHUNK_HEADER: &str = "Message-Chunk";

/// The header by which the place for the other pieces is asked and told.
pub const REST_HEADER: &str = "Message-Rest";

/// The header that says how large an answer may be, in bytes.
pub const LIMIT_HEADER: &str = "Message-Limit";

/// What stands in [`REST_HEADER`] of a question.
pub const ASK: &str = "ask";

/// The largest message of several pieces, in bytes. It fits twice into what may
/// wait for one connection before others are slowed down.
pub const MAX_WHOLE_BYTES: usize = 16 << 20;

/// How many questions of one service may be half-received; more are refused.
pub const MAX_HALF: usize = 16;

/// How long a service waits for the next piece.
pub const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The largest piece, in bytes: what is small passes between two of them.
const PIECE_BYTES: usize = 256 << 10;

/// How many messages may be half-received at one inbox, from as many senders.
const MAX_HALF_OF_INBOX: usize = 4;

/// How many letters a message's own name has.
const ID_LENGTH: usize = 12;

/// Why a message in pieces was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Torn {
    /// A piece is missing, or says what cannot be.
    #[error("a message came in pieces, and one is missing")]
    Gap,
    /// It is larger than may be.
    #[error("a message came in pieces, and is larger than {MAX_WHOLE_BYTES} bytes")]
    TooLarge,
    /// Too many come at the same time.
    #[error("too many messages come in pieces at the same time")]
    TooMany,
}

/// A message that is cut.
#[derive(Debug)]
pub(super) struct Cut<'a> {
    id: String,
    headers: &'a Headers,
    pieces: Vec<&'a [u8]>,
}

impl<'a> Cut<'a> {
    /// Cuts a message for a server that takes `max_payload` bytes; `None` when it
    /// is too large for that too.
    pub(super) fn new(headers: &'a Headers, payload: &'a [u8], max_payload: usize) -> Option<Self> {
        let words = [headers.encode().len(), ID_LENGTH, 100].iter().sum();
        let room = max_payload.checked_sub(words).filter(|room| *room > 0)?;
        (payload.len() <= MAX_WHOLE_BYTES).then(|| Self {
            id: secret::word(ID_LENGTH),
            headers,
            pieces: payload.chunks(room.min(PIECE_BYTES)).collect(),
        })
    }

    /// The pieces in order, with their headers.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Headers, &'a [u8])> {
        let count = self.pieces.len();
        let piece = move |(number, piece): (usize, &&'a [u8])| {
            let headers = match number {
                0 => self.headers.clone(),
                _ => Headers::default(),
            };
            let words = format!("{} {number} {count}", self.id);
            (headers.with(CHUNK_HEADER, &words), *piece)
        };
        self.pieces.iter().enumerate().map(piece)
    }
}

/// Puts messages together that come in pieces.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    half: HashMap<String, Half>,
}

/// A message of which pieces are missing.
#[derive(Debug)]
struct Half {
    first: Message,
    bytes: Vec<u8>,
    next: usize,
    count: usize,
}

impl Joiner {
    /// Takes a piece, or a whole message; returns what is whole.
    ///
    /// # Errors
    /// [`Torn`]; nothing is kept of that message then.
    pub(super) fn take(&mut self, message: Message) -> Result<Option<Message>, Torn> {
        let Some(words) = message.headers.get(CHUNK_HEADER) else {
            return Ok(Some(message));
        };
        let (id, number, count) = read(words).ok_or(Torn::Gap)?;
        if message.payload.is_empty() {
            return Err(Torn::Gap);
        }
        let half = match self.half.remove(&id) {
            Some(mut half) if half.next == number && half.count == count => {
                half.bytes.extend_from_slice(&message.payload);
                half.next += 1;
                half
            }
            None if number == 0 && self.half.len() == MAX_HALF_OF_INBOX => {
                return Err(Torn::TooMany);
            }
            None if number == 0 => Half {
                bytes: message.payload.to_vec(),
                first: message,
                next: 1,
                count,
            },
            _ => return Err(Torn::Gap),
        };
        if half.bytes.len() > MAX_WHOLE_BYTES {
            return Err(Torn::TooLarge);
        }
        if half.next == half.count {
            let payload = Bytes::from(half.bytes);
            return Ok(Some(Message {
                payload,
                ..half.first
            }));
        }
        self.half.insert(id, half);
        Ok(None)
    }
}

/// Returns the name of the message of which this is the first piece, if its
/// sender asks where the others shall go.
pub(super) fn asks_for_rest(message: &Message) -> Option<String> {
    let words = message.headers.get(CHUNK_HEADER)?;
    let is_asking = message.headers.get(REST_HEADER) == Some(ASK);
    is_asking.then(|| read(words).map(|(id, ..)| id)).flatten()
}

/// Reads how large an answer may be; `None` when it may not be cut.
pub(super) fn limit_of(headers: &Headers) -> Option<usize> {
    headers.get(LIMIT_HEADER)?.parse().ok()
}

fn read(words: &str) -> Option<(String, usize, usize)> {
    let mut words = words.split(' ');
    let (id, number, count) = (words.next()?, words.next()?, words.next()?);
    let (number, count) = (number.parse().ok()?, count.parse().ok()?);
    let is_good = number < count && !id.is_empty() && words.next().is_none();
    is_good.then(|| (id.to_owned(), number, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(payload: &[u8], max_payload: usize) -> Vec<Message> {
        let headers = Headers::default().with("Own", "1");
        let cut = Cut::new(&headers, payload, max_payload).unwrap();
        let message = |(headers, piece): (Headers, &[u8])| {
            assert!(headers.encode().len() + piece.len() <= max_payload);
            Message {
                subject: "s".into(),
                reply: None,
                headers,
                payload: Bytes::copy_from_slice(piece),
            }
        };
        cut.pieces().map(message).collect()
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect()
    }

    #[test]
    fn what_is_cut_is_put_together_also_when_it_comes_between_others() {
        let payloads = [bytes(1), bytes(5000), bytes(900), bytes(MAX_WHOLE_BYTES)];
        let mut queues: Vec<_> = payloads
            .iter()
            .map(|payload| pieces(payload, 1 << 20).into_iter())
            .collect();
        queues[1] = pieces(&payloads[1], 300).into_iter();
        let mut joiner = Joiner::default();
        let mut whole = Vec::new();
        while queues.iter().any(|queue| queue.len() > 0) {
            for queue in &mut queues {
                whole.extend(queue.next().and_then(|piece| joiner.take(piece).unwrap()));
            }
        }
        assert_eq!(whole.len(), payloads.len());
        for message in whole {
            assert!(payloads.iter().any(|payload| *payload == message.payload));
            assert_eq!(message.headers.get("own"), Some("1"));
        }
        assert!(joiner.half.is_empty());
    }

    #[test]
    fn what_is_missing_doubled_or_exchanged_drops_the_whole() {
        let all = pieces(&bytes(2000), 300);
        assert!(all.len() > 5);
        for (name, order) in [
            ("missing", vec![0, 2]),
            ("doubled", vec![0, 1, 1]),
            ("begun twice", vec![0, 0]),
            ("without its first", vec![1]),
        ] {
            let mut joiner = Joiner::default();
            let taken: Vec<_> = order
                .iter()
                .map(|&at| joiner.take(all[at].clone()))
                .collect();
            assert_eq!(taken.last(), Some(&Err(Torn::Gap)), "{name}");
            assert!(joiner.half.is_empty(), "{name}");
            assert_eq!(joiner.take(all[3].clone()), Err(Torn::Gap), "{name}");
        }
    }

    #[test]
    fn nothing_grows_beyond_its_bounds() {
        let piece = |words: &str, payload: Vec<u8>| Message {
            subject: "s".into(),
            reply: None,
            headers: Headers::default().with(CHUNK_HEADER, words),
            payload: payload.into(),
        };
        let mut joiner = Joiner::default();
        for number in 0..16 {
            let words = format!("id {number} 99999999");
            assert_eq!(joiner.take(piece(&words, bytes(1 << 20))), Ok(None));
        }
        let more = joiner.take(piece("id 16 99999999", bytes(1)));
        assert_eq!(more, Err(Torn::TooLarge));
        for other in ["a", "b", "c", "d"] {
            assert_eq!(
                joiner.take(piece(&format!("{other} 0 2"), bytes(1))),
                Ok(None)
            );
        }
        assert_eq!(joiner.take(piece("e 0 2", bytes(1))), Err(Torn::TooMany));
        for bad in [
            "",
            "x",
            "x 0",
            "x 2 2",
            "x -1 2",
            "x 0 2 3",
            " 0 2",
            "x 0 99999999999999999999",
        ] {
            assert_eq!(joiner.take(piece(bad, bytes(1))), Err(Torn::Gap), "{bad}");
        }
        assert_eq!(joiner.take(piece("f 0 2", Vec::new())), Err(Torn::Gap));
    }

    #[test]
    fn what_is_too_large_is_not_cut() {
        let none = Headers::default();
        assert!(Cut::new(&none, &bytes(MAX_WHOLE_BYTES + 1), 1 << 20).is_none());
        assert!(Cut::new(&none, b"x", 100).is_none());
    }
}
