//! Paths as JSON strings, losslessly; [`super::files`] has the rule.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use super::call::Refusal;

/// The character that stands for the byte 0.
const BYTES: u32 = 0x10_ff00;

/// Writes a name or path as path text.
pub fn encode(name: impl AsRef<OsStr>) -> String {
    let bytes = name.as_ref().as_bytes();
    // Nearly every name.
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains(is_escape)
    {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_escape(letter) {
                let mut utf8 = [0; 4];
                text.extend(letter.encode_utf8(&mut utf8).bytes().map(escape));
            } else {
                text.push(letter);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(escape));
    }
    text
}

/// Reads a name or path from path text.
pub fn decode(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u32::from(letter).checked_sub(BYTES) {
            Some(byte) => bytes.push(u8::try_from(byte).expect("U+10FFFF is the last character")),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    OsString::from_vec(bytes)
}

/// Reads a path from a request; `~` and `~/…` mean the home directory.
///
/// # Errors
/// 400 for one that is not absolute, or holds a NUL.
pub fn absolute(text: &str, home: &Path) -> Result<PathBuf, Refusal> {
    let path = match text.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(decode(rest.trim_start_matches('/'))),
        _ => PathBuf::from(decode(text)),
    };
    if !path.is_absolute() || path.as_os_str().as_bytes().contains(&0) {
        return Err(Refusal::new(
            400,
            format!("`{}` is not an absolute path", shown(&path)),
        ));
    }
    Ok(path)
}

/// Shows a path in a sentence, on one line.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for letter in path.to_string_lossy().chars() {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

fn is_escape(letter: char) -> bool {
    u32::from(letter) >= BYTES
}

fn escape(byte: u8) -> char {
    char::from_u32(BYTES + u32::from(byte)).expect("256 characters begin there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_it_was() {
        let names: [&[u8]; 8] = [
            b"plain",
            "größe 文".as_bytes(),
            b"caf\xe9",
            b"\xff\xfe\x80",
            b"new\nline\ttab",
            "\u{10ff41}\u{10ffff}".as_bytes(),
            "a\u{10ff00}".as_bytes(),
            b"\xf4\x8f\xbd",
        ];
        for name in names {
            let text = encode(OsStr::from_bytes(name));
            assert_eq!(decode(&text).as_bytes(), name, "{text:?}");
        }
        assert_eq!(encode(OsStr::from_bytes(b"a\xe9")), "a\u{10ffe9}");
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        for pair in 0..=u16::MAX {
            let name = pair.to_be_bytes();
            let text = encode(OsStr::from_bytes(&name));
            assert_eq!(decode(&text).as_bytes(), name);
        }
    }

    #[test]
    fn a_request_names_an_absolute_path_or_the_home() {
        let home = Path::new("/home/u");
        for (text, path) in [
            ("~", "/home/u"),
            ("~/a", "/home/u/a"),
            ("~//a", "/home/u/a"),
            ("/a/-rf", "/a/-rf"),
        ] {
            assert_eq!(absolute(text, home), Ok(PathBuf::from(path)), "{text}");
        }
        for text in ["", "a", "~u", "./a", "/a\0b", "/a\u{10ff00}b"] {
            assert_eq!(absolute(text, home).unwrap_err().code, 400, "{text:?}");
        }
    }
}
