//! A message as programs have it: subject, headers, payload.

use bytes::Bytes;

/// What headers begin with.
const VERSION: &str = "NATS/1.0";

/// Names and values, in their order: `[("Nats-Msg-Id", "7")]`.
///
/// A name is compared without regard to its case. A name or a value with a line
/// end in it is not passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    status: Option<u16>,
    list: Vec<(String, String)>,
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To where it was published.
    pub subject: String,
    /// Where answers go.
    pub reply: Option<String>,
    /// What it says about itself.
    pub headers: Headers,
    /// What it carries.
    pub payload: Bytes,
}

impl Headers {
    /// Adds one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.list.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Finds the first of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = |(own, _): &&(String, String)| own.eq_ignore_ascii_case(name);
        self.list.iter().find(named).map(|(_, value)| &**value)
    }

    /// What a server says instead of a message: 503 when nobody hears.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Says whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Writes them as they are sent.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut block = format!("{VERSION}\r\n");
        for (name, value) in &self.list {
            let is_line = |text: &str| !text.contains(['\r', '\n']);
            if is_line(name) && is_line(value) && !name.contains(':') {
                block.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        block.push_str("\r\n");
        block.into_bytes()
    }

    /// Reads what was received; what is no header is left out.
    pub(super) fn decode(block: &[u8]) -> Self {
        let text = String::from_utf8_lossy(block);
        let mut lines = text.split("\r\n");
        let first = lines.next().and_then(|line| line.strip_prefix(VERSION));
        let status = first.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let pair = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        Self {
            status,
            list: lines.filter_map(pair).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_are_written() {
        let headers = Headers::default().with("One", "1").with("two", "a: b");
        let block = headers.encode();
        assert_eq!(block, b"NATS/1.0\r\nOne: 1\r\ntwo: a: b\r\n\r\n");
        let read = Headers::decode(&block);
        assert_eq!(read, headers);
        assert_eq!(
            (read.get("TWO"), read.get("three"), read.status()),
            (Some("a: b"), None, None)
        );
    }

    #[test]
    fn a_status_stands_in_the_first_line() {
        assert_eq!(Headers::decode(b"NATS/1.0 503\r\n\r\n").status(), Some(503));
        assert_eq!(
            Headers::decode(b"NATS/1.0 100 Idle\r\n\r\n").status(),
            Some(100)
        );
        assert_eq!(Headers::decode(b"\xff").status(), None);
    }

    #[test]
    fn no_value_makes_a_line_of_its_own() {
        let headers = Headers::default()
            .with("A", "1\r\nB: 2")
            .with("C\r\nD", "3")
            .with("E:", "4");
        assert_eq!(headers.encode(), b"NATS/1.0\r\n\r\n");
    }
}
