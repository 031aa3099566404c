//! Text for people, from errors and from elsewhere.

use std::error::Error;
use std::fmt::Write;

/// Joins an error and its causes: `cannot write `/x`: No space left on device`.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

/// Shows control characters instead of obeying them: what a remote says may
/// not move the cursor of the person who reads it.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            control if control.is_control() => shown.extend(control.escape_default()),
            plain => shown.push(plain),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(printable("a\x1b]0;x\x07b\n"), "a\\u{1b}]0;x\\u{7}b\n");
        assert_eq!(printable("größe 5 µm"), "größe 5 µm");
    }
}
