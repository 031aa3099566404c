//! A directory as a zip archive, made while it is sent, in constant memory
//! but for one small record an entry.
//!
//! Symbolic links are stored as links and never followed. A name that is not
//! UTF-8 is stored byte by byte, which unzip on Linux gives back. What cannot
//! be read, and pipes, sockets and devices, are left out and named in a text
//! at the end: an archive that breaks off at the first would be worth less.

use std::ffi::OsStr;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use axum::body::Body;
use axum::http::Method;
use axum::http::Response;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::CompressionMethod;

use rawzip::ZipArchiveWriter;
use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;

use super::get;
use super::ticket::Used;
use crate::protocol::call::Refusal;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;
use crate::sys::disk::stat::Stat;
use crate::web::bytes::built;
use crate::web::bytes::kind;
use crate::web::bytes::stream;
use crate::web::bytes::stream::Sender;

/// How much is sent at a time.
const PIECE_BYTES: usize = 256 << 10;

/// How deep directories are followed; each holds a descriptor.
const MAX_DEPTH: usize = 256;

/// The name of the text about what is missing.
const MISSING: &str = "not-in-this-archive.txt";

/// Endings of files that do not become smaller.
const PACKED: &[&str] = &[
    "7z", "avif", "br", "bz2", "gif", "gz", "jpeg", "jpg", "m4a", "m4v", "mkv", "mov", "mp3",
    "mp4", "ogg", "opus", "pdf", "png", "webm", "webp", "whl", "xz", "zip", "zst",
];

/// Bits of a mode that say what kind a file is, stat(2).
const LINK_BITS: u32 = 0o120_000;
const FILE_BITS: u32 = 0o100_000;
const DIRECTORY_BITS: u32 = 0o040_000;

/// Answers with the archive of a ticket's file or directory.
///
/// # Errors
/// 500 when that is not possible.
pub(in crate::project::files) fn respond(
    used: Used,
    method: &Method,
) -> Result<Response<Body>, Refusal> {
    let name = used.path.file_name().unwrap_or_else(|| OsStr::new("root"));
    let disposition = kind::attachment(&format!("{}.zip", name.to_string_lossy()));
    let mut response = Response::builder();
    for (name, value) in get::guarded("application/zip", disposition) {
        response = response.header(name, value);
    }
    if method == Method::HEAD {
        return built(response.body(Body::empty()));
    }
    built(response.body(stream::body(move |sender| {
        let pieces = Pieces {
            sender,
            waiting: Vec::with_capacity(PIECE_BYTES),
        };
        write(&used.path, pieces)?.flush()?;
        used.spend();
        Ok(())
    })))
}

/// Collects small writes.
struct Pieces<'a> {
    sender: &'a Sender,
    waiting: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE_BYTES));
        match piece.is_empty() {
            true => Ok(()),
            false => self.sender.send(piece.into()),
        }
    }
}

/// Writes the archive of a path, its own name as the first part of each name.
fn write<W: Write>(path: &Path, to: W) -> io::Result<W> {
    let mut archive = Archive {
        zip: ZipArchiveWriter::new(to),
        missing: String::new(),
    };
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            archive.add(&Dir::locate(parent)?, name, name.as_bytes(), 0)?;
        }
        _ => archive.add_entries(&Dir::open(path)?, b"", 0)?,
    }
    archive.finish()
}

/// An archive that is being written.
struct Archive<W> {
    zip: ZipArchiveWriter<W>,
    /// What is left out and why, a line each.
    missing: String,
}

impl<W: Write> Archive<W> {
    /// Adds an entry of a directory; errors are those of sending.
    fn add(&mut self, dir: &Dir, name: &OsStr, path: &[u8], depth: usize) -> io::Result<()> {
        let added = match dir.stat_in(name, Follow::No) {
            Ok(stat) if stat.kind == Kind::Directory => {
                return self.add_dir(dir, name, path, &stat, depth);
            }
            Ok(stat) if stat.kind == Kind::Symlink => dir
                .link_in(name)
                .map(|to| self.add_bytes(path, to.as_bytes(), LINK_BITS | 0o777, &stat)),
            Ok(stat) if stat.kind == Kind::File => dir
                .file_in(name)
                .map(|(mut file, stat)| self.add_file(path, &mut file, &stat)),
            Ok(_) => Err(io::Error::other("a pipe, socket or device")),
            Err(error) => Err(error),
        };
        added.unwrap_or_else(|why| {
            self.leave_out(path, &why);
            Ok(())
        })
    }

    fn add_dir(
        &mut self,
        dir: &Dir,
        name: &OsStr,
        path: &[u8],
        stat: &Stat,
        depth: usize,
    ) -> io::Result<()> {
        let mut entry = path.to_vec();
        entry.push(b'/');
        let made = self.zip.new_dir(entry_path(&entry));
        let made = made.unix_permissions(DIRECTORY_BITS | stat.mode);
        let made = made.last_modified(time(stat));
        made.create().map_err(io::Error::other)?;
        let opened = match depth < MAX_DEPTH {
            true => dir.open_in(name),
            false => Err(io::Error::other("too many directories in each other")),
        };
        match opened {
            Ok(below) => self.add_entries(&below, &entry, depth + 1),
            Err(why) => {
                self.leave_out(path, &why);
                Ok(())
            }
        }
    }

    fn add_entries(&mut self, dir: &Dir, prefix: &[u8], depth: usize) -> io::Result<()> {
        let names = match dir.names() {
            Ok(names) => names,
            Err(why) => {
                self.leave_out(prefix, &why);
                return Ok(());
            }
        };
        for name in names {
            self.add(dir, &name, &[prefix, name.as_bytes()].concat(), depth)?;
        }
        Ok(())
    }

    fn add_file(&mut self, path: &[u8], file: &mut impl Read, stat: &Stat) -> io::Result<()> {
        let is_packed = Path::new(OsStr::from_bytes(path))
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|ending| {
                PACKED
                    .iter()
                    .any(|known| ending.eq_ignore_ascii_case(known))
            });
        let method = match is_packed {
            true => CompressionMethod::STORE,
            false => CompressionMethod::DEFLATE,
        };
        let entry = self.zip.new_file(entry_path(path));
        let entry = entry.compression_method(method).last_modified(time(stat));
        let entry = entry.unix_permissions(FILE_BITS | stat.mode);
        let (mut entry, config) = entry.start().map_err(io::Error::other)?;
        // What is appended meanwhile would never end.
        let mut content = file.take(stat.size);
        let written = if is_packed {
            let mut data = config.wrap(&mut entry);
            copy(&mut content, &mut data)?;
            data.finish().map_err(io::Error::other)?.1
        } else {
            let encoder = DeflateEncoder::new(&mut entry, Compression::fast());
            let mut data = config.wrap(encoder);
            copy(&mut content, &mut data)?;
            let (encoder, written) = data.finish().map_err(io::Error::other)?;
            encoder.finish()?;
            written
        };
        entry.finish(written).map_err(io::Error::other)?;
        Ok(())
    }

    fn add_bytes(&mut self, path: &[u8], bytes: &[u8], mode: u32, stat: &Stat) -> io::Result<()> {
        let entry = self.zip.new_file(entry_path(path));
        let entry = entry.last_modified(time(stat)).unix_permissions(mode);
        let (mut entry, config) = entry.start().map_err(io::Error::other)?;
        let mut data = config.wrap(&mut entry);
        data.write_all(bytes)?;
        let (_, written) = data.finish().map_err(io::Error::other)?;
        entry.finish(written).map_err(io::Error::other)?;
        Ok(())
    }

    fn leave_out(&mut self, path: &[u8], why: &io::Error) {
        use std::fmt::Write as _;
        let path = String::from_utf8_lossy(path);
        // A string takes all.
        let _ = writeln!(self.missing, "{path}: {why}");
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.missing.is_empty() {
            let text = std::mem::take(&mut self.missing);
            let entry = self.zip.new_file(EntryPath::conformant(MISSING));
            let (mut entry, config) = entry.start().map_err(io::Error::other)?;
            let mut data = config.wrap(&mut entry);
            data.write_all(text.as_bytes())?;
            let (_, written) = data.finish().map_err(io::Error::other)?;
            entry.finish(written).map_err(io::Error::other)?;
        }
        self.zip.finish().map_err(io::Error::other)
    }
}

/// Copies a file; one that fails in the middle is as long as it got.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&piece[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, "a file of an archive could not be read to its end");
                return Err(error);
            }
        }
    }
}

/// A name as a zip archive has it: marked as UTF-8 where it is, else as it is,
/// as is one with a backslash, which would count as a slash.
fn entry_path(path: &[u8]) -> EntryPath<'_> {
    match std::str::from_utf8(path) {
        Ok(text) if !text.contains('\\') => EntryPath::conformant(text),
        _ => EntryPath::verbatim(path),
    }
}

fn time(stat: &Stat) -> UtcDateTime {
    UtcDateTime::from_unix(stat.modified.0)
}
