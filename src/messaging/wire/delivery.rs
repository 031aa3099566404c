//! A message as a subscriber receives it.
//!
//! ```text
//! MSG subject 1 [reply] 5\r\nhello\r\n
//! HMSG subject 1 [reply] 12 17\r\nNATS/1.0\r\n\r\nhello\r\n
//! ```

use super::operation::Publish;

/// Appends a number.
pub(in crate::messaging) fn push_number(out: &mut Vec<u8>, number: usize) {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a message as a subscriber receives it; one that takes no headers
/// gets the payload alone.
pub(in crate::messaging) fn push_message(
    out: &mut Vec<u8>,
    sid: &[u8],
    takes_headers: bool,
    message: &Publish,
) {
    let headers = message
        .headers
        .filter(|headers| takes_headers && !headers.is_empty());
    out.reserve(message.subject.len() + message.payload.len() + 64);
    out.extend_from_slice(if headers.is_some() { b"HMSG " } else { b"MSG " });
    for word in [Some(message.subject), Some(sid), message.reply]
        .into_iter()
        .flatten()
    {
        out.extend_from_slice(word);
        out.push(b' ');
    }
    let (header_size, size) = message.sizes;
    match (headers, message.headers) {
        (Some(_), _) => {
            out.extend_from_slice(header_size);
            out.push(b' ');
            out.extend_from_slice(size);
        }
        (None, Some(left_out)) if !left_out.is_empty() => push_number(out, message.payload.len()),
        (None, _) => out.extend_from_slice(size),
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(headers.unwrap_or_default());
    out.extend_from_slice(message.payload);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_it_is_read() {
        let message = Publish {
            subject: b"a",
            reply: Some(b"r"),
            headers: Some(b"NATS/1.0\r\n\r\n"),
            payload: b"hi",
            sizes: (b"12", b"14"),
        };
        let mut out = Vec::new();
        push_message(&mut out, b"7", true, &message);
        push_message(&mut out, b"8", false, &message);
        let expected = "HMSG a 7 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nMSG a 8 r 2\r\nhi\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
