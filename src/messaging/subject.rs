//! Subjects and patterns: `project.local.terminal.list`, `project.*.>`.
//!
//! A subject is a row of tokens with dots between them. In a pattern the token
//! `*` stands for any one token, and `>`, as the last one, for one or more. A
//! token that merely contains `*` or `>` is an ordinary one, as with NATS.
//! Subjects are bytes; nothing asks for UTF-8.

/// Splits a subject into its tokens.
pub(super) fn tokens(subject: &[u8]) -> impl Iterator<Item = &[u8]> {
    subject.split(|byte| *byte == b'.')
}

/// Says whether it can be subscribed to: no token is empty, no byte is a blank
/// or a control character, and `>` stands last.
pub fn is_pattern(pattern: &[u8]) -> bool {
    let mut is_over = false;
    is_printable(pattern)
        && tokens(pattern).all(|token| {
            let is_good = !token.is_empty() && !is_over;
            is_over = token == b">";
            is_good
        })
}

/// Says whether it names one subject: a pattern without wildcards.
pub fn is_literal(subject: &[u8]) -> bool {
    is_printable(subject) && tokens(subject).all(|token| !matches!(token, b"" | b"*" | b">"))
}

/// Says whether no byte is a blank or a control character.
pub(super) fn is_printable(subject: &[u8]) -> bool {
    subject.iter().all(|byte| *byte > b' ' && *byte != 0x7f)
}

/// Says whether `pattern` matches all that `other` matches; `other` may be a
/// literal subject.
///
/// `a.*` covers `a.b` and `a.*`, not `a.>`; `a.>` covers them all.
pub fn covers(pattern: &[u8], other: &[u8]) -> bool {
    let mut others = tokens(other);
    for token in tokens(pattern) {
        let Some(wanted) = others.next() else {
            return false;
        };
        match token {
            b">" => return true,
            b"*" if wanted != b">" => {}
            _ if token == wanted => {}
            _ => return false,
        }
    }
    others.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_whole_tokens_and_its_rest_last() {
        for good in [
            "a", "a.b", "*", ">", "a.*.c", "a.>", "a*", "a.>b", "*.*", "é",
        ] {
            assert!(is_pattern(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ".", "a.", ".a", "a..b", ">.a", "a.>.b", "a b", "a\t", "a\0", "a\u{7f}",
        ] {
            assert!(!is_pattern(bad.as_bytes()), "{bad:?}");
        }
    }

    #[test]
    fn a_literal_has_no_wildcard_token() {
        for good in ["a", "a.b*", "a>.b"] {
            assert!(is_literal(good.as_bytes()), "{good}");
        }
        for bad in ["", "a.*", ">", "a..b", "a.>"] {
            assert!(!is_literal(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn one_pattern_covers_another_when_it_matches_all_of_it() {
        for (pattern, other, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "a.b", false),
            ("a.b", "a", false),
            ("*", "a", true),
            ("*", "*", true),
            ("*", ">", false),
            ("*", "a.b", false),
            (">", "a", true),
            (">", ">", true),
            (">", "*.a.>", true),
            ("a.>", "a", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a.*", true),
            ("a.*", "a.>", false),
            ("a.b", "a.*", false),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.*.c", true),
            ("a.*.c", "a.b.*", false),
        ] {
            let covered = covers(pattern.as_bytes(), other.as_bytes());
            assert_eq!(covered, expected, "{pattern} {other}");
        }
    }
}
