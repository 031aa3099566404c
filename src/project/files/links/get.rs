//! `/files/get`: what a browser downloads or shows by its ticket.
//!
//! Whatever is shown is shown as nothing that could act as our page: its type
//! comes from a list by its ending, never from its content, and its policy
//! lets no script run and gives it an origin of its own.

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
use crate::project::files::refusal::refuse;
use crate::protocol::call::Refusal;
use crate::protocol::files::Purpose;
use crate::sys::disk::dir;
use crate::sys::disk::stat::Stat;
use crate::web::bytes::built;
use crate::web::bytes::kind;
use crate::web::bytes::parted;
use crate::web::bytes::range;
use crate::web::bytes::stream;

/// What a file that is shown may do: nothing, on an origin of its own. An SVG
/// draws itself with its styles and pictures in its text.
const SANDBOX: &str =
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'";

/// The same for a PDF: browsers refuse to show one in a sandbox, and show it
/// by a viewer of theirs, which is not our origin either.
const PDF: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";

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
        Purpose::Preview => (kind::of(name), "inline".to_owned()),
        Purpose::Download | Purpose::Archive => (
            "application/octet-stream",
            kind::attachment(&name.to_string_lossy()),
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
