//! What a server says to a client, read.

use memchr::memchr;
use serde_json::Value;

use crate::messaging::message::Headers;
use crate::messaging::message::Message;

/// The largest message that a server passes on, in bytes; `nats-server` may be
/// told to take more than by default.
const MAX_BYTES: usize = 64 << 20;

/// What stands at the start of the received bytes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::messaging) enum Heard {
    /// A message for the subscription of that number.
    Message(u64, Message),
    /// `PING`, to be answered.
    Ping,
    /// `PONG`: all that was sent before has been done.
    Pong,
    /// `-ERR '…'`: what stands between the quotes.
    Refusal(String),
    /// `INFO {"max_payload":1048576,…}`: the largest message, in bytes.
    MaxPayload(usize),
    /// `+OK`, or an `INFO` that says nothing new.
    Nothing,
}

/// Reads one thing that a server says and how many bytes it was; `None` when
/// more must come.
///
/// # Errors
/// The line that no server of ours, and no `nats-server`, says.
pub(in crate::messaging) fn parse(received: &[u8]) -> Result<Option<(Heard, usize)>, String> {
    let Some(newline) = memchr(b'\n', received) else {
        return Ok(None);
    };
    let line = String::from_utf8_lossy(&received[..newline]);
    let line = line.trim_end();
    let used = newline + 1;
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let heard = match verb {
        "MSG" | "HMSG" => {
            return message(received, used, verb, rest).ok_or_else(|| line.to_owned());
        }
        "PING" => Heard::Ping,
        "PONG" => Heard::Pong,
        "-ERR" => Heard::Refusal(rest.trim_matches('\'').to_owned()),
        "INFO" => info(rest),
        "+OK" => Heard::Nothing,
        _ => return Err(line.to_owned()),
    };
    Ok(Some((heard, used)))
}

fn info(json: &str) -> Heard {
    let info: Option<Value> = serde_json::from_str(json).ok();
    let bytes = info.and_then(|info| info["max_payload"].as_u64());
    match bytes.and_then(|bytes| usize::try_from(bytes).ok()) {
        Some(bytes) => Heard::MaxPayload(bytes),
        None => Heard::Nothing,
    }
}

/// Reads a message behind its line; the outer `None` is a line that is none.
fn message(
    received: &[u8],
    start: usize,
    verb: &str,
    rest: &str,
) -> Option<Option<(Heard, usize)>> {
    let mut words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let total: usize = words.pop()?.parse().ok()?;
    if total > MAX_BYTES {
        return None;
    }
    let headers: usize = match verb {
        "HMSG" => words
            .pop()?
            .parse()
            .ok()
            .filter(|headers| *headers <= total)?,
        _ => 0,
    };
    let (subject, sid, reply) = match *words.as_slice() {
        [subject, sid] => (subject, sid, None),
        [subject, sid, reply] => (subject, sid, Some(reply)),
        _ => return None,
    };
    let sid = sid.parse().ok()?;
    let Some(body) = received.get(start..start + total + 2) else {
        return Some(None);
    };
    let message = Message {
        subject: subject.to_owned(),
        reply: reply.map(str::to_owned),
        headers: Headers::decode(&body[..headers]),
        payload: bytes::Bytes::copy_from_slice(&body[headers..total]),
    };
    Some(Some((Heard::Message(sid, message), start + total + 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_when_it_is_whole() {
        let text = b"HMSG a.b 7 r 20 22\r\nNATS/1.0\r\nA: 1\r\n\r\n\r\nhi\r\nPING\r\n";
        for end in 0..text.len() - "PING\r\n".len() {
            assert_eq!(parse(&text[..end]), Ok(None), "{end}");
        }
        let Ok(Some((Heard::Message(7, message), used))) = parse(text) else {
            panic!("no message");
        };
        assert_eq!(
            (message.subject.as_str(), message.reply.as_deref()),
            ("a.b", Some("r"))
        );
        assert_eq!(
            (message.headers.get("A"), &message.payload[..]),
            (Some("1"), &b"hi"[..])
        );
        assert_eq!(parse(&text[used..]), Ok(Some((Heard::Ping, 6))));
    }

    #[test]
    fn what_no_server_says_is_an_error() {
        for line in [
            "MSG a 1\r\n",
            "MSG a x 0\r\n",
            "HMSG a 1 3 2\r\n",
            "HELLO\r\n",
            "\r\n",
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line:?}");
        }
    }
}
