//! All names of a directory, as columns.

use std::io;
use std::path::Path;

use super::parts;
use super::parts::Sweeper;
use crate::protocol::files::Listing;
use crate::protocol::pathtext;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;

/// Lists a directory in its own order.
///
/// A name that goes while this looks is left out. Where the directory may be
/// read and not searched, names and kinds are all there is. What was never
/// completed here (see [`parts`]) is left to the sweeper.
///
/// # Errors
/// What the system says.
pub(super) fn list(path: &Path, sweeper: &Sweeper) -> io::Result<Listing> {
    let dir = Dir::open(path)?;
    let before = dir.stat()?;
    let (seconds, nanoseconds) = before.changed;
    let mut listing = Listing {
        path: pathtext::encode(path),
        generation: format!("{}.{seconds}.{nanoseconds}", before.inode),
        ..Listing::default()
    };
    let mut parts = Vec::new();
    dir.visit(|name, kind| {
        if parts::is_part(name) {
            parts.push(name.to_owned());
        }
        let (kind, size, mtime, mode) = match dir.stat_in(name, Follow::No) {
            Ok(found) => (found.kind, found.size, found.modified_ms(), found.mode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(_) => (kind, 0, 0, 0),
        };
        let leads_to_dir = kind == Kind::Symlink
            && dir
                .stat_in(name, Follow::Yes)
                .is_ok_and(|target| target.kind == Kind::Directory);
        listing.names.push(pathtext::encode(name));
        listing
            .kinds
            .push(if leads_to_dir { 'L' } else { letter(kind) });
        listing.sizes.push(size);
        listing.mtimes.push(mtime);
        listing.modes.push(mode);
    })?;
    sweeper.sweep(path, parts);
    Ok(listing)
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::File => 'f',
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::Fifo => 'p',
        Kind::Socket => 's',
        Kind::Char => 'c',
        Kind::Block => 'b',
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_listing_has_every_name_once_with_its_kind() {
        let dir = tempfile::tempdir().unwrap();
        for name in [&b"plain"[..], b"caf\xe9", b"new\nline", b"-rf"] {
            fs::write(dir.path().join(OsStr::from_bytes(name)), "12345").unwrap();
        }
        fs::create_dir(dir.path().join("sub")).unwrap();
        symlink("sub", dir.path().join("to-dir")).unwrap();
        symlink("gone", dir.path().join("broken")).unwrap();
        let sweeper = Sweeper::default();
        let listing = list(dir.path(), &sweeper).unwrap();
        let mut rows: Vec<(&str, char)> = listing
            .names
            .iter()
            .map(String::as_str)
            .zip(listing.kinds.chars())
            .collect();
        rows.sort_unstable();
        let expected = [
            ("-rf", 'f'),
            ("broken", 'l'),
            ("caf\u{10ffe9}", 'f'),
            ("new\nline", 'f'),
            ("plain", 'f'),
            ("sub", 'd'),
            ("to-dir", 'L'),
        ];
        assert_eq!(rows, expected);
        assert_eq!(
            list(dir.path(), &sweeper).unwrap().generation,
            listing.generation
        );
    }
}
