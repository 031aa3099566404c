//! One name: what it is, and where it leads.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use crate::protocol::files::Entry;
use crate::protocol::files::Kind;
use crate::protocol::files::Link;
use crate::protocol::pathtext;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Stat;

/// Describes a path; a link itself, not what it leads to.
///
/// # Errors
/// What the system says.
pub(super) fn at(path: &Path) -> io::Result<Entry> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => of(&Dir::locate(parent)?, name),
        _ => {
            let dir = Dir::locate(path)?;
            let mut entry = of(&dir, OsStr::new("."))?;
            entry.name = pathtext::encode(path);
            Ok(entry)
        }
    }
}

/// Describes an entry of an open directory.
///
/// # Errors
/// What the system says.
pub(super) fn of(dir: &Dir, name: &OsStr) -> io::Result<Entry> {
    let found = dir.stat_in(name, Follow::No)?;
    let link = match found.kind {
        stat::Kind::Symlink => Some(link(dir, name)?),
        _ => None,
    };
    Ok(Entry {
        readable: dir.may_read(name),
        ..from_stat(name, &found, link)
    })
}

/// Describes a file that was looked at already, and is readable.
pub(super) fn from_stat(name: &OsStr, found: &Stat, link: Option<Link>) -> Entry {
    Entry {
        name: pathtext::encode(name),
        kind: kind(found.kind),
        size: found.size,
        mtime: found.modified_ms(),
        mode: found.mode,
        link,
        readable: true,
    }
}

fn link(dir: &Dir, name: &OsStr) -> io::Result<Link> {
    let target = dir.stat_in(name, Follow::Yes).ok();
    Ok(Link {
        to: pathtext::encode(dir.link_in(name)?),
        kind: target.map(|target| kind(target.kind)),
    })
}

fn kind(found: stat::Kind) -> Kind {
    match found {
        stat::Kind::File => Kind::File,
        stat::Kind::Directory => Kind::Directory,
        stat::Kind::Symlink => Kind::Symlink,
        stat::Kind::Fifo => Kind::Fifo,
        stat::Kind::Socket => Kind::Socket,
        stat::Kind::Char => Kind::Char,
        stat::Kind::Block => Kind::Block,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_tells_where_it_leads_also_when_broken_or_a_circle() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        symlink("d", dir.path().join("good")).unwrap();
        symlink("nowhere", dir.path().join("broken")).unwrap();
        symlink("circle", dir.path().join("circle")).unwrap();
        for (name, to, kind) in [
            ("good", "d", Some(Kind::Directory)),
            ("broken", "nowhere", None),
            ("circle", "circle", None),
        ] {
            let entry = at(&dir.path().join(name)).unwrap();
            assert_eq!((entry.name.as_str(), entry.kind), (name, Kind::Symlink));
            let link = entry.link.unwrap();
            assert_eq!((link.to.as_str(), link.kind), (to, kind));
        }
    }

    #[test]
    fn the_root_has_a_name() {
        let root = at(Path::new("/")).unwrap();
        assert_eq!((root.name.as_str(), root.kind), ("/", Kind::Directory));
    }
}
