//! What a file is called and taken for when it leaves.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

/// The type of what has no ending of [`TYPES`].
pub const TEXT: &str = "text/plain; charset=utf-8";

/// What is shown as something else than text, by the name's ending.
const TYPES: &[(&str, &str)] = &[
    ("apng", "image/apng"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("webp", "image/webp"),
    ("pdf", "application/pdf"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("m4v", "video/mp4"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp4", "video/mp4"),
    ("ogv", "video/ogg"),
    ("webm", "video/webm"),
];

/// Says what a file of that name is shown as: by its ending, never by its
/// content, and as nothing that could act as a page.
pub fn of(name: &OsStr) -> &'static str {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    let known = ending.and_then(|ending| {
        let is_it = |(known, _): &&(&str, &str)| ending.eq_ignore_ascii_case(known);
        TYPES.iter().find(is_it)
    });
    known.map_or(TEXT, |(_, kind)| kind)
}

/// Names a download, RFC 6266: plain for old programs, and as it is.
pub fn attachment(name: &str) -> String {
    let is_plain = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            '"' | '\\' | '%' => '_',
            letter if is_plain(letter) => letter,
            _ => '_',
        })
        .collect();
    let mut text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes all");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_is_named_as_the_file_and_ends_no_header() {
        assert_eq!(
            attachment("a\"b\r\nä.txt"),
            "attachment; filename=\"a_b___.txt\"; filename*=UTF-8''a%22b%0D%0A%C3%A4.txt"
        );
    }

    #[test]
    fn a_page_or_script_is_shown_as_text() {
        for (name, kind) in [
            ("a.PNG", "image/png"),
            ("a.svg", "image/svg+xml"),
            ("a.html", TEXT),
            ("a.xhtml", TEXT),
            ("a.js", TEXT),
            ("Makefile", TEXT),
        ] {
            assert_eq!(of(OsStr::new(name)), kind, "{name}");
        }
    }
}
