//! What a client asks for, read: lines, and messages with a stated size.
//!
//! ```text
//! PUB subject [reply] 5\r\nhello\r\n
//! HPUB subject [reply] 12 17\r\nNATS/1.0\r\n\r\nhello\r\n
//! SUB subject [queue] 1\r\n
//! ```
//!
//! Verbs are read in any case, with any number of blanks and tabs between the
//! words. The source is the reference of the client protocol in the NATS
//! documentation, and what `nats-server` does.

use memchr::memchr;

use crate::messaging::ending::Ending;

/// The most bytes behind a verb and its blanks.
pub(in crate::messaging) const MAX_ARGUMENT_BYTES: usize = 4096;

/// The longest line, with all the blanks behind its verb.
const MAX_LINE_BYTES: usize = 64 << 10;

/// The most words that a line of ours has.
const MAX_WORDS: usize = 4;

/// What a client asks for; slices are parts of what was received.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::messaging) enum Op<'a> {
    /// `CONNECT {…}`
    Connect(&'a [u8]),
    /// `PUB` or `HPUB`
    Publish(Publish<'a>),
    /// `SUB subject [queue] sid`
    Subscribe {
        /// The pattern.
        pattern: &'a [u8],
        /// The queue group.
        queue: Option<&'a [u8]>,
        /// What the client calls it.
        sid: &'a [u8],
    },
    /// `UNSUB sid [max]`
    Unsubscribe {
        /// Which.
        sid: &'a [u8],
        /// After how many messages, counted from the subscription on; 0 is now.
        max: u64,
    },
    /// `PING`
    Ping,
    /// `PONG`
    Pong,
    /// `+OK` or `INFO {…}`, which servers say.
    Ignored,
}

/// A message that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::messaging) struct Publish<'a> {
    /// To where.
    pub(in crate::messaging) subject: &'a [u8],
    /// Where answers go.
    pub(in crate::messaging) reply: Option<&'a [u8]>,
    /// `NATS/1.0\r\nName: value\r\n\r\n`; `None` with `PUB`.
    pub(in crate::messaging) headers: Option<&'a [u8]>,
    /// The rest.
    pub(in crate::messaging) payload: &'a [u8],
    /// The sizes as they were written, that of the headers and that of both;
    /// they are passed on so, as by the reference.
    pub(in crate::messaging) sizes: (&'a [u8], &'a [u8]),
}

/// What stands at the start of the received bytes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::messaging) enum Parsed<'a> {
    /// A whole operation of that many bytes.
    Op(Op<'a>, usize),
    /// The start of one; at least that many bytes in all are needed.
    Incomplete(usize),
}

/// Reads one operation; `max_payload` bounds headers and payload together.
///
/// # Errors
/// Why the connection ends: nothing that follows has a meaning.
pub(in crate::messaging) fn parse(
    received: &[u8],
    max_payload: usize,
) -> Result<Parsed<'_>, Ending> {
    let within = &received[..received.len().min(MAX_LINE_BYTES + 2)];
    let Some(newline) = memchr(b'\n', within) else {
        could_begin(received)?;
        check_length(received)?;
        return Ok(Parsed::Incomplete(received.len() + 1));
    };
    let line = received[..newline]
        .strip_suffix(b"\r")
        .unwrap_or(&received[..newline]);
    let used = newline + 1;
    let (verb, rest) = Verb::split(line).ok_or(Ending::Unknown)?;
    check_length(line)?;
    let done = |op| Ok(Parsed::Op(op, used));
    match verb {
        Verb::Publish => publish(received, used, words(rest)?, false, max_payload),
        Verb::PublishWithHeaders => publish(received, used, words(rest)?, true, max_payload),
        Verb::Subscribe => done(subscribe(words(rest)?)?),
        Verb::Unsubscribe => done(unsubscribe(words(rest)?)?),
        Verb::Connect => done(Op::Connect(rest.trim_ascii())),
        Verb::Ping => done(Op::Ping),
        Verb::Pong => done(Op::Pong),
        Verb::Greeting if rest.trim_ascii().first() != Some(&b'{') => Err(Ending::Malformed),
        Verb::Refusal => Err(Ending::Malformed),
        Verb::Ignored | Verb::Greeting => done(Op::Ignored),
    }
}

/// The first words of lines.
#[derive(Clone, Copy)]
enum Verb {
    Publish,
    PublishWithHeaders,
    Subscribe,
    Unsubscribe,
    Connect,
    Ping,
    Pong,
    Ignored,
    Greeting,
    Refusal,
}

const VERBS: [(&[u8], Verb); 10] = [
    (b"PUB", Verb::Publish),
    (b"HPUB", Verb::PublishWithHeaders),
    (b"SUB", Verb::Subscribe),
    (b"UNSUB", Verb::Unsubscribe),
    (b"CONNECT", Verb::Connect),
    (b"PING", Verb::Ping),
    (b"PONG", Verb::Pong),
    (b"+OK", Verb::Ignored),
    (b"INFO", Verb::Greeting),
    (b"-ERR", Verb::Refusal),
];

impl Verb {
    /// Splits a line into its verb and the rest.
    fn split(line: &[u8]) -> Option<(Self, &[u8])> {
        let (name, verb) = VERBS.iter().find(|(name, _)| {
            line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name)
        })?;
        let rest = &line[name.len()..];
        let needs_blank = matches!(
            verb,
            Self::Publish | Self::PublishWithHeaders | Self::Subscribe | Self::Unsubscribe
        );
        let has_blank = rest.first().is_some_and(|byte| is_blank(*byte));
        (has_blank || !needs_blank).then_some((*verb, rest))
    }
}

/// Refuses at once what no longer can become a line of ours.
fn could_begin(received: &[u8]) -> Result<(), Ending> {
    let is_start = |name: &[u8]| {
        let length = name.len().min(received.len());
        name[..length].eq_ignore_ascii_case(&received[..length])
    };
    if VERBS.iter().any(|(name, _)| is_start(name)) {
        return Ok(());
    }
    Err(Ending::Unknown)
}

/// Refuses a line that is too long, or the start of one.
fn check_length(line: &[u8]) -> Result<(), Ending> {
    if line.len() <= MAX_ARGUMENT_BYTES {
        return Ok(());
    }
    let is_too_long = match Verb::split(line) {
        Some((Verb::Ping | Verb::Pong | Verb::Ignored, _)) => false,
        Some((_, rest)) => rest.trim_ascii_start().len() > MAX_ARGUMENT_BYTES,
        None => true,
    };
    if is_too_long || line.len() > MAX_LINE_BYTES {
        return Err(Ending::Line);
    }
    Ok(())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// The words of a line, `["subject", "5"]`.
struct Words<'a> {
    list: [&'a [u8]; MAX_WORDS],
    count: usize,
}

impl<'a> Words<'a> {
    fn get(&self) -> &[&'a [u8]] {
        &self.list[..self.count]
    }
}

fn words(rest: &[u8]) -> Result<Words<'_>, Ending> {
    let mut words = Words {
        list: [&[]; MAX_WORDS],
        count: 0,
    };
    for word in rest
        .split(|byte| is_blank(*byte))
        .filter(|word| !word.is_empty())
    {
        if words.count == MAX_WORDS {
            return Err(Ending::Malformed);
        }
        words.list[words.count] = word;
        words.count += 1;
    }
    Ok(words)
}

fn publish<'a>(
    received: &'a [u8],
    start: usize,
    words: Words<'a>,
    has_headers: bool,
    max_payload: usize,
) -> Result<Parsed<'a>, Ending> {
    let (subject, reply, sizes) = match (words.get(), has_headers) {
        ([subject, size], false) => (*subject, None, (None, *size)),
        ([subject, reply, size], false) => (*subject, Some(*reply), (None, *size)),
        ([subject, headers, size], true) => (*subject, None, (Some(*headers), *size)),
        ([subject, reply, headers, size], true) => {
            (*subject, Some(*reply), (Some(*headers), *size))
        }
        _ => return Err(Ending::Malformed),
    };
    let total = number(sizes.1)?;
    let headers = sizes.0.map_or(Ok(0), number)?;
    if headers > total {
        return Err(Ending::Malformed);
    }
    let total = usize::try_from(total).map_err(|_| Ending::Payload)?;
    if total > max_payload {
        return Err(Ending::Payload);
    }
    let end = start + total;
    let tail = &received[end.min(received.len())..received.len().min(end + 2)];
    if !b"\r\n".starts_with(tail) {
        return Err(Ending::Unknown);
    }
    if tail.len() < 2 {
        return Ok(Parsed::Incomplete(end + 2));
    }
    let (headers, payload) =
        received[start..end].split_at(usize::try_from(headers).expect("not more than the total"));
    let publish = Publish {
        subject,
        reply,
        headers: has_headers.then_some(headers),
        payload,
        sizes: (sizes.0.unwrap_or_default(), sizes.1),
    };
    Ok(Parsed::Op(Op::Publish(publish), end + 2))
}

fn subscribe(words: Words<'_>) -> Result<Op<'_>, Ending> {
    match *words.get() {
        [pattern, sid] => Ok(Op::Subscribe {
            pattern,
            queue: None,
            sid,
        }),
        [pattern, queue, sid] => Ok(Op::Subscribe {
            pattern,
            queue: Some(queue),
            sid,
        }),
        _ => Err(Ending::Malformed),
    }
}

fn unsubscribe(words: Words<'_>) -> Result<Op<'_>, Ending> {
    match *words.get() {
        [sid] => Ok(Op::Unsubscribe { sid, max: 0 }),
        // What is no number ends it now, as with the reference.
        [sid, max] => Ok(Op::Unsubscribe {
            sid,
            max: number(max).unwrap_or(0),
        }),
        _ => Err(Ending::Malformed),
    }
}

/// Reads a number of at most nine digits.
fn number(word: &[u8]) -> Result<u64, Ending> {
    if word.is_empty() || word.len() > 9 {
        return Err(Ending::Malformed);
    }
    word.iter().try_fold(0, |sum, byte| match byte {
        b'0'..=b'9' => Ok(sum * 10 + u64::from(byte - b'0')),
        _ => Err(Ending::Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::chance::Chance;

    fn parsed(text: &str) -> Result<Parsed<'_>, Ending> {
        parse(text.as_bytes(), 16)
    }

    #[test]
    fn a_message_is_read_with_its_size() {
        let publish = Publish {
            subject: b"a.b",
            reply: Some(b"r"),
            headers: None,
            payload: b"he\r\nl",
            sizes: (b"", b"5"),
        };
        let text = "pUb \t a.b r  5\r\nhe\r\nl\r\nPING";
        assert_eq!(
            parsed(text),
            Ok(Parsed::Op(Op::Publish(publish), text.len() - 4))
        );
    }

    #[test]
    fn headers_are_told_from_the_payload() {
        let text = "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
        let Ok(Parsed::Op(Op::Publish(publish), _)) = parsed(text) else {
            panic!("{text}");
        };
        assert_eq!(publish.headers, Some(&b"NATS/1.0\r\n\r\n"[..]));
        assert_eq!(publish.payload, b"hi");
    }

    #[test]
    fn a_part_says_how_much_is_missing() {
        for (part, needed) in [
            ("", 1),
            ("P", 2),
            ("PUB a 3", 8),
            ("CONNECT{", 9),
            ("PUB a 3\r\n", 14),
        ] {
            assert_eq!(parsed(part), Ok(Parsed::Incomplete(needed)), "{part}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (text, expected) in [
            ("GET / HTTP/1.1\r\n", Ending::Unknown),
            ("X", Ending::Unknown),
            ("PUB\r\n", Ending::Unknown),
            ("PUB a\r\n", Ending::Malformed),
            ("PUB a -1\r\n", Ending::Malformed),
            ("PUB a 1x\r\n", Ending::Malformed),
            ("PUB a b c 1\r\n", Ending::Malformed),
            ("PUB a 1234567890\r\n", Ending::Malformed),
            ("-ERR 'x'\r\n", Ending::Malformed),
            ("INFO x\r\n", Ending::Malformed),
            ("PUB a 17\r\n", Ending::Payload),
            ("PUB a 999999999\r\n", Ending::Payload),
            ("HPUB a 3 2\r\nab\r\n", Ending::Malformed),
            ("PUB a 1\r\nabc", Ending::Unknown),
            ("PUB a 1\r\na\n", Ending::Unknown),
            ("SUB a\r\n", Ending::Malformed),
            ("UNSUB\r\n", Ending::Unknown),
            ("UNSUB 1 2 3\r\n", Ending::Malformed),
        ] {
            assert_eq!(parsed(text), Err(expected), "{text:?}");
        }
        let long = format!("SUB {} 1\r\n", "a".repeat(MAX_ARGUMENT_BYTES));
        assert_eq!(parsed(&long), Err(Ending::Line));
    }

    /// What a connection would do with these bytes, and how it would end.
    fn read_all(bytes: &[u8], mut next: impl FnMut() -> usize) -> (Vec<String>, Option<Ending>) {
        let (mut done, mut used, mut end, mut needed) = (Vec::new(), 0, 0, 0);
        loop {
            while end < bytes.len() && end - used < needed {
                end = bytes.len().min(end + next());
            }
            match parse(&bytes[used..end], 16) {
                Ok(Parsed::Op(op, length)) => {
                    done.push(format!("{op:?}"));
                    used += length;
                    needed = 0;
                }
                Ok(Parsed::Incomplete(_)) if end == bytes.len() => return (done, None),
                Ok(Parsed::Incomplete(more)) => {
                    assert!(more > end - used, "{more} of {}", end - used);
                    needed = more;
                }
                Err(ending) => return (done, Some(ending)),
            }
        }
    }

    #[test]
    fn bytes_mean_the_same_however_they_arrive() {
        let pieces: [&[u8]; 24] = [
            b"PUB a 2\r\nhi\r\n",
            b"PUB a r 0\r\n\r\n",
            b"SUB a.* 1\r\n",
            b"SUB a q 2\n",
            b"UNSUB 1 5\r\n",
            b"PING\r\n",
            b"pong\r\n",
            b"HPUB a 12 13\r\nNATS/1.0\r\n\r\nx\r\n",
            b"CONNECT {}\r\n",
            b"+OK\r\n",
            b"INFO {}\r\n",
            b"PUB",
            b" ",
            b"\r",
            b"\n",
            b"\r\n",
            b"17",
            b"a",
            b"\0",
            b"\xff",
            b"-ERR",
            b"\t",
            b"HPUB a 3 2\r\n",
            b"PUB a 99\r\n",
        ];
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
        let mut endings = 0;
        for _ in 0..20_000 {
            let count = 1 + chance.below(8);
            let bytes: Vec<u8> = (0..count)
                .flat_map(|_| pieces[chance.below(pieces.len())].to_vec())
                .collect();
            let whole = read_all(&bytes, || usize::MAX / 2);
            let cut = read_all(&bytes, || 1 + chance.below(4));
            let single = read_all(&bytes, || 1);
            assert_eq!(whole, cut, "{}", bytes.escape_ascii());
            assert_eq!(whole, single, "{}", bytes.escape_ascii());
            endings += usize::from(whole.1.is_some());
        }
        assert!((1000..19_000).contains(&endings), "{endings}");
    }
}
