//! What comes from the keyboard of a terminal: keys, pastes, replies.
//!
//! A terminal's own answers to what a program asked (`CSI 3;1 R`) arrive by
//! the same way as keys and are told from them by their form, as the page
//! tells them. One form has two meanings: F3 with a modifier is `CSI 1;2 R` too,
//! and is dropped where replies are.

use std::fmt;
use std::str::FromStr;

/// A longer command that does not end is none.
const MAX_COMMAND_BYTES: usize = 4096;

/// Begins and ends a paste, where the program asked for it (mode 2004).
const PASTE: [&[u8]; 2] = [b"\x1b[200~", b"\x1b[201~"];

/// The key that detaches: Ctrl with a letter or one of `@ \ ] ^ _`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetachKey(u8);

/// Why a word is no [`DetachKey`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a detach key is ctrl-a to ctrl-z, ctrl-@, ctrl-\\, ctrl-], ctrl-^ or ctrl-_")]
pub struct NoDetachKey;

/// What to do with typed bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// For the program.
    pub(super) bytes: Vec<u8>,
    /// Whether the detach key came after them; what follows it is dropped.
    pub(super) detaches: bool,
}

/// Whether a terminal's own answers are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replies {
    /// They answer the program.
    Pass,
    /// Another terminal answers.
    Drop,
}

/// Reads typed bytes.
#[derive(Debug)]
pub(super) struct Keys {
    detach: DetachKey,
    /// The beginning of a sequence whose end is still to come.
    partial: Vec<u8>,
    is_pasting: bool,
}

impl Keys {
    /// Begins with this key.
    pub(super) fn new(detach: DetachKey) -> Self {
        Self {
            detach,
            partial: Vec::new(),
            is_pasting: false,
        }
    }

    /// Takes typed bytes.
    ///
    /// While replies are dropped, a sequence that is not whole is held back:
    /// until the rest comes, or [`Self::give_up`].
    pub(super) fn feed(&mut self, bytes: &[u8], replies: Replies) -> Typed {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let mut typed = Typed::default();
        let mut rest = &all[..];
        while !rest.is_empty() {
            let length = token(rest);
            if length.is_none() && replies == Replies::Drop {
                self.partial = rest.to_vec();
                break;
            }
            let (token, after) = rest.split_at(length.unwrap_or(rest.len()));
            rest = after;
            if !self.is_pasting && self.detach.is_pressed(token) {
                typed.detaches = true;
                break;
            }
            if let Some(edge) = PASTE.iter().position(|edge| token == *edge) {
                self.is_pasting = edge == 0;
            }
            if self.is_pasting || replies == Replies::Pass || !is_reply(token) {
                typed.bytes.extend_from_slice(token);
            }
        }
        typed
    }

    /// Says whether something is held back.
    pub(super) fn is_waiting(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Takes what was held back, as a key: no rest came.
    pub(super) fn give_up(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }
}

impl DetachKey {
    /// Ctrl-\, which few programs use.
    pub const DEFAULT: Self = Self(0x1c);

    /// Says whether a token is this key, plainly or as keyboards say it where
    /// the program asked for more: `CSI 92;5 u`, `CSI 27;5;92 ~`.
    fn is_pressed(self, token: &[u8]) -> bool {
        let Some(sequence) = token.strip_prefix(b"\x1b[") else {
            return token == [self.0];
        };
        let code = u32::from(self.character());
        let text = String::from_utf8_lossy(sequence);
        let is_press = |modifiers: &str| {
            let (modifiers, event) = modifiers.split_once(':').unwrap_or((modifiers, "1"));
            // Ctrl, whatever Caps and Num Lock are.
            let held = modifiers.parse::<u32>().unwrap_or(1).wrapping_sub(1) & 0x3f;
            held == 4 && event == "1"
        };
        let is_code = |number: &str| number.split(':').next() == Some(&code.to_string());
        match text.split(';').collect::<Vec<_>>()[..] {
            [number, last] => is_code(number) && last.strip_suffix('u').is_some_and(is_press),
            ["27", modifiers, last] => {
                is_press(modifiers) && last.strip_suffix('~').is_some_and(is_code)
            }
            _ => false,
        }
    }

    /// The character that is pressed with Ctrl.
    fn character(self) -> char {
        char::from(self.0 + b'@').to_ascii_lowercase()
    }
}

impl FromStr for DetachKey {
    type Err = NoDetachKey;

    fn from_str(word: &str) -> Result<Self, NoDetachKey> {
        let lower = word.to_ascii_lowercase();
        let name = lower
            .strip_prefix("ctrl-")
            .or_else(|| lower.strip_prefix("c-"))
            .or_else(|| lower.strip_prefix('^'));
        match name.ok_or(NoDetachKey)?.as_bytes() {
            // Not `[`: that is Escape.
            [letter @ (b'a'..=b'z' | b'@' | b'\\' | b']' | b'^' | b'_')] => {
                Ok(Self(letter.to_ascii_uppercase() - b'@'))
            }
            _ => Err(NoDetachKey),
        }
    }
}

impl fmt::Display for DetachKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ctrl-{}", self.character())
    }
}

/// The length of the first key, reply or byte; none while it is not whole.
fn token(bytes: &[u8]) -> Option<usize> {
    let [0x1b, rest @ ..] = bytes else {
        return Some(1);
    };
    match rest.first()? {
        b'[' => {
            let is_inner = |byte: &u8| (0x20..0x40).contains(byte);
            let inner = rest[1..].iter().take_while(|byte| is_inner(byte)).count();
            rest.get(inner + 1).map(|_| inner + 3)
        }
        b'O' => rest.get(1).map(|_| 3),
        // A key with Alt, or a command, which has an end.
        b']' | b'P' | b'_' => {
            let end =
                (0..rest.len()).find(|&at| rest[at] == 7 || rest[at..].starts_with(b"\x1b\\"));
            match end {
                Some(at) if rest[at] == 7 => Some(at + 2),
                Some(at) => Some(at + 3),
                None if rest.len() > MAX_COMMAND_BYTES => Some(2),
                None => None,
            }
        }
        _ => Some(2),
    }
}

/// Whether a whole token is a terminal's answer, or says that its focus changed.
fn is_reply(token: &[u8]) -> bool {
    let [0x1b, kind, inner @ ..] = token else {
        return false;
    };
    if matches!(kind, b']' | b'P' | b'_') {
        return inner.len() > 1;
    }
    let (b'[', Some((last, parameters))) = (kind, inner.split_last()) else {
        return false;
    };
    let (sign, numbers) = match parameters {
        [sign @ b'<'..=b'?', numbers @ ..] => (Some(*sign), numbers),
        numbers => (None, numbers),
    };
    let (numbers, is_mode) = match numbers {
        [numbers @ .., b'$'] => (numbers, true),
        numbers => (numbers, false),
    };
    let are_numbers = numbers
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b';');
    let is_answer = match last {
        b'y' => is_mode,
        b'c' | b'n' | b'R' | b't' | b'x' => !is_mode && sign != Some(b'<'),
        b'u' => sign == Some(b'?'),
        b'I' | b'O' => sign.is_none() && numbers.is_empty(),
        _ => false,
    };
    is_answer && are_numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::new(DetachKey::DEFAULT)
    }

    fn typed(bytes: &[u8]) -> Typed {
        Typed {
            bytes: bytes.to_vec(),
            detaches: false,
        }
    }

    #[test]
    fn replies_are_dropped_and_keys_are_not() {
        let replies: [&[u8]; 9] = [
            b"\x1b[3;1R",
            b"\x1b[?62;4;9;22c",
            b"\x1b[>0;276;0c",
            b"\x1b[0n",
            b"\x1b[8;24;80t",
            b"\x1b[?2004;1$y",
            b"\x1b[?1u",
            b"\x1b[I",
            b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        ];
        for reply in replies {
            assert_eq!(keys().feed(reply, Replies::Drop), typed(b""), "{reply:?}");
            assert_eq!(keys().feed(reply, Replies::Pass), typed(reply));
        }
        let keys_pressed: [&[u8]; 9] = [
            b"ls\r",
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1bOP",
            b"\x1b[15~",
            b"\x1bx",
            b"\x1b[97;5u",
            b"\x1b[<0;3;4M",
            "ü".as_bytes(),
        ];
        for key in keys_pressed {
            assert_eq!(keys().feed(key, Replies::Drop), typed(key), "{key:?}");
        }
    }

    #[test]
    fn a_reply_may_come_in_pieces_and_escape_alone_is_a_key() {
        let mut keys = keys();
        assert_eq!(keys.feed(b"a\x1b[3;", Replies::Drop), typed(b"a"));
        assert!(keys.is_waiting());
        assert_eq!(keys.feed(b"1Rb", Replies::Drop), typed(b"b"));
        keys.feed(b"\x1b", Replies::Drop);
        assert_eq!(keys.give_up(), b"\x1b");
        assert_eq!(keys.feed(b"\x1b", Replies::Pass), typed(b"\x1b"));
        assert!(!keys.is_waiting());
    }

    #[test]
    fn the_detach_key_is_found_in_each_of_its_forms_but_not_in_a_paste() {
        let forms: [&[u8]; 4] = [b"\x1c", b"\x1b[92;5u", b"\x1b[92;69:1u", b"\x1b[27;5;92~"];
        for form in forms {
            let all = [b"x", form, b"y"].concat();
            let found = keys().feed(&all, Replies::Pass);
            assert!(found.detaches && found.bytes == b"x", "{form:?}");
        }
        for other in [&b"\x1d"[..], b"\x1b[92;5:3u", b"\x1b[92u", b"\x1b[93;5u"] {
            assert_eq!(keys().feed(other, Replies::Pass), typed(other));
        }
        let paste = b"\x1b[200~\x1c\x1b[201~";
        assert_eq!(keys().feed(paste, Replies::Pass), typed(paste));
    }

    #[test]
    fn detach_keys_have_names() {
        for (word, byte) in [("ctrl-\\", 0x1c), ("Ctrl-]", 0x1d), ("^a", 1), ("c-z", 26)] {
            assert_eq!(word.parse(), Ok(DetachKey(byte)));
        }
        for bad in ["", "a", "ctrl-", "ctrl-[", "ctrl-ab", "ctrl-1", "alt-a"] {
            assert_eq!(bad.parse::<DetachKey>(), Err(NoDetachKey), "{bad}");
        }
        assert_eq!(DetachKey::DEFAULT.to_string(), "ctrl-\\");
    }
}
