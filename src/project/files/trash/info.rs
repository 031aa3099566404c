//! The descriptions in a trash.
//!
//! ```text
//! [Trash Info]
//! Path=/home/u/caf%E9.txt
//! DeletionDate=2026-11-21T12:00:00
//! ```

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use crate::sys::clock;
use crate::sys::disk::dir;

/// The largest description that is read, in bytes.
const MAX_INFO_BYTES: u64 = 64 << 10;

/// Writes the description of what was at a path until now.
pub(super) fn write(path: &Path) -> String {
    format!(
        "[Trash Info]\nPath={}\nDeletionDate={}\n",
        escape(path.as_os_str().as_bytes()),
        clock::local()
    )
}

/// Reads where something was; `None` when the description does not say.
///
/// # Errors
/// What the system says.
pub(super) fn read(info: &Path) -> io::Result<Option<PathBuf>> {
    let (file, _) = dir::open_regular(info)?;
    let mut text = String::new();
    file.take(MAX_INFO_BYTES).read_to_string(&mut text)?;
    let line = text.lines().find_map(|line| line.strip_prefix("Path="));
    Ok(line.and_then(unescape).map(PathBuf::from))
}

/// Escapes a path as in a URL, RFC 2396.
fn escape(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes all");
        }
    }
    text
}

fn unescape(text: &str) -> Option<OsString> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            bytes.push(*byte);
            rest = after;
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    Some(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back_as_it_was() {
        for path in [
            &b"/a/b c"[..],
            b"/caf\xe9",
            b"/new\nline",
            b"/100%41",
            b"rel/-x",
        ] {
            let escaped = escape(path);
            assert!(!escaped.contains(['\n', ' ']), "{escaped}");
            assert_eq!(unescape(&escaped).unwrap().as_bytes(), path);
        }
        assert_eq!(unescape("/%4"), None);
        assert_eq!(unescape("/%zz"), None);
    }
}
