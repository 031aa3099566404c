//! Reading a file for an editor, with what a save needs to know.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::path::Path;

use axum::body::Body;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::Response;
use axum::http::header;

use crate::project::files::hash;
use crate::project::files::refusal::refuse;
use crate::protocol::call::Refusal;
use crate::sys::disk::dir;
use crate::sys::disk::stat::Stat;
use crate::web::bytes::built;
use crate::web::bytes::parted;
use crate::web::bytes::range;
use crate::web::bytes::stream;

/// A file that is open to be read.
pub(in crate::project::files) struct Content {
    file: File,
    stat: Stat,
    is_writable: bool,
    /// All of it and its hash, where it is small enough: what is sent is then
    /// what was hashed, whatever happens to the file meanwhile.
    whole: Option<(Bytes, String)>,
}

/// Opens a regular file; a pipe, socket or device is refused, not waited for.
///
/// # Errors
/// As the system says; 413 when it has more than `max` bytes.
pub(in crate::project::files) fn open(
    path: &Path,
    max: Option<u64>,
    is_ranged: bool,
) -> Result<Content, Refusal> {
    let failed = |error: io::Error| refuse("read", path, &error);
    let (mut file, stat) = dir::open_regular(path).map_err(failed)?;
    let limit = max.unwrap_or(u64::MAX);
    let whole = match is_ranged || stat.size > hash::MAX_TOLD_BYTES.min(limit) {
        true => None,
        false => read_whole(&mut file).map_err(failed)?,
    };
    // The files of `/proc` tell no size.
    let size = whole
        .as_ref()
        .map_or(stat.size, |(bytes, _)| bytes.len() as u64);
    if size > limit {
        let text = format!("it has {size} bytes, more than the {limit} asked for");
        let error = io::Error::new(io::ErrorKind::InvalidInput, text);
        return Err(Refusal {
            code: 413,
            ..failed(error)
        });
    }
    Ok(Content {
        file,
        stat,
        is_writable: dir::check_writable(path).is_ok(),
        whole,
    })
}

/// Reads to the end; `None` for a file that turns out to be too large.
fn read_whole(file: &mut File) -> io::Result<Option<(Bytes, String)>> {
    let mut bytes = Vec::new();
    let limit = hash::MAX_TOLD_BYTES + 1;
    file.by_ref().take(limit).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == limit {
        file.rewind()?;
        return Ok(None);
    }
    let hash = hash::of_bytes(&bytes);
    Ok(Some((bytes.into(), hash)))
}

impl Content {
    /// Answers a request for it, or for a part of it.
    ///
    /// # Errors
    /// 500 when the part cannot be found.
    pub(in crate::project::files) fn respond(
        mut self,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header("x-file-mode", format!("{:o}", self.stat.mode))
            .header("x-file-mtime", self.stat.modified_ms())
            .header("x-file-writable", u16::from(self.is_writable));
        if let Some((bytes, hash)) = self.whole {
            response = response
                .header(header::ETAG, format!("\"{hash}\""))
                .header("x-file-size", bytes.len());
            return built(response.body(Body::from(bytes)));
        }
        let size = self.stat.size;
        response = response.header("x-file-size", size);
        let wanted = range::wanted(headers, size, None);
        let (response, part) = parted(response, wanted, size);
        let Some((first, end)) = part else {
            return built(response.body(Body::empty()));
        };
        let body = stream::body(move |sender| {
            self.file.seek(io::SeekFrom::Start(first))?;
            stream::send_file(sender, &mut self.file, end - first)
        });
        built(response.body(body))
    }
}
