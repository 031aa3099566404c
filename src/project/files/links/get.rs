//! `/files/get`: what a browser downloads or shows by its ticket.
//!
//! Whatever is shown is shown as nothing that could act as our page: its type
//! comes from a list by its ending, never from its content, and its policy
//! lets no script run and gives it an origin of its own.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::io::Seek;
use std::path::Path;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Response;
use axum::http::header;

use super::ticket::Used;
use crate::project::files::content::read::built;
use crate::project::files::content::read::parted;
use crate::project::files::range;
use crate::project::files::refusal::refuse;
use crate::project::files::stream;
use crate::protocol::call::Refusal;
use crate::protocol::files::Purpose;
use crate::sys::disk::dir;
use crate::sys::disk::stat::Stat;

/// What a file that is shown may do: nothing, on an origin of its own. An SVG
/// draws itself with its styles and pictures in its text.
const SANDBOX: &str =
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'";

/// The same for a PDF: browsers refuse to show one in a sandbox, and show it
/// by a viewer of theirs, which is not our origin either.
const PDF: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";

/// The type of what has no ending of [`TYPES`].
const TEXT: &str = "text/plain; charset=utf-8";

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

/// A file that was opened for its ticket.
pub(in crate::project::files) struct Opened {
    file: File,
    stat: Stat,
    used: Used,
}

/// Opens the regular file of a ticket.
///
/// # Errors
/// As the system says; the ticket is then as good as before.
pub(in crate::project::files) fn open(used: Used) -> Result<Opened, Refusal> {
    let (file, stat) =
        dir::open_regular(&used.path).map_err(|error| refuse("read", &used.path, &error))?;
    Ok(Opened { file, stat, used })
}

impl Opened {
    /// Answers a GET or HEAD for it.
    ///
    /// # Errors
    /// 500 when that is not possible.
    pub(in crate::project::files) fn respond(
        mut self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        let size = self.stat.size;
        let (seconds, nanoseconds) = self.stat.changed;
        let tag = format!(
            "\"{:x}-{size:x}-{seconds:x}.{nanoseconds:x}\"",
            self.stat.inode
        );
        let wanted = range::wanted(headers, size, Some(&tag));
        let response = Response::builder().header(header::ETAG, tag);
        let (mut response, part) = parted(response, wanted, size);
        for (name, value) in described(&self.used.path, self.used.purpose) {
            response = response.header(name, value);
        }
        let Some((first, end)) = part.filter(|_| method != Method::HEAD) else {
            return built(response.body(Body::empty()));
        };
        built(response.body(stream::body(move |sender| {
            self.file.seek(io::SeekFrom::Start(first))?;
            stream::send_file(sender, &mut self.file, end - first)?;
            if end == size {
                self.used.spend();
            }
            Ok(())
        })))
    }
}

/// The headers that say what a file is and what it may do.
fn described(path: &Path, purpose: Purpose) -> Vec<(header::HeaderName, String)> {
    let name = path.file_name().unwrap_or_default();
    let (kind, disposition) = match purpose {
        Purpose::Preview => (kind_of(name), "inline".to_owned()),
        Purpose::Download | Purpose::Archive => (
            "application/octet-stream",
            attachment(&name.to_string_lossy()),
        ),
    };
    let policy = if kind == "application/pdf" {
        PDF
    } else {
        SANDBOX
    };
    let mut headers = guarded(kind, disposition);
    headers.push((header::CONTENT_SECURITY_POLICY, policy.to_owned()));
    headers
}

/// The headers of everything that leaves by a ticket.
pub(in crate::project::files) fn guarded(
    kind: &str,
    disposition: String,
) -> Vec<(header::HeaderName, String)> {
    vec![
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin".to_owned(),
        ),
    ]
}

fn kind_of(name: &OsStr) -> &'static str {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    let known = ending.and_then(|ending| {
        let is_it = |(known, _): &&(&str, &str)| ending.eq_ignore_ascii_case(known);
        TYPES.iter().find(is_it)
    });
    known.map_or(TEXT, |(_, kind)| kind)
}

/// Names a download, RFC 6266: plain for old programs, and as it is.
pub(in crate::project::files) fn attachment(name: &str) -> String {
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
            assert_eq!(kind_of(OsStr::new(name)), kind, "{name}");
        }
    }
}
