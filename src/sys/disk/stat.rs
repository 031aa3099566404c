//! What a name is: kind, size, times, owner.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::FileType;

/// What kind of thing a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A unix socket.
    Socket,
    /// A character device.
    Char,
    /// A block device.
    Block,
}

/// Whether a symbolic link is looked at, or through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// At the link itself.
    No,
    /// At what it leads to.
    Yes,
}

/// What the system knows of a file without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Its length in bytes; of a link, its text's.
    pub size: u64,
    /// When its content changed: seconds since 1970 and nanoseconds.
    pub modified: (i64, u32),
    /// When anything about it changed; nobody can set this back.
    pub changed: (i64, u32),
    /// Its permission bits, `0o7777` at most.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// How many names it has.
    pub links: u64,
    /// The file system that it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

impl Stat {
    /// Looks at a path.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(path: &Path, follow: Follow) -> io::Result<Self> {
        at(rustix::fs::CWD, path, follow)
    }

    /// Looks at an open file.
    ///
    /// # Errors
    /// What the system says.
    pub fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::from_stat(&rustix::fs::fstat(file)?))
    }

    /// When its content changed, in milliseconds since 1970.
    pub fn modified_ms(&self) -> i64 {
        milliseconds(self.modified)
    }

    /// When anything about it changed, in milliseconds since 1970.
    pub fn changed_ms(&self) -> i64 {
        milliseconds(self.changed)
    }

    /// Says whether both are one file.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    #[expect(
        clippy::unnecessary_cast,
        clippy::useless_conversion,
        reason = "the fields' widths differ between systems"
    )]
    fn from_stat(stat: &rustix::fs::Stat) -> Self {
        let nanoseconds = |value| u32::try_from(value).unwrap_or_default();
        Self {
            kind: kind(FileType::from_raw_mode(stat.st_mode.into())),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime as i64, nanoseconds(stat.st_mtime_nsec)),
            changed: (stat.st_ctime as i64, nanoseconds(stat.st_ctime_nsec)),
            mode: u32::from(stat.st_mode) & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            links: u64::from(stat.st_nlink),
            device: stat.st_dev as u64,
            inode: stat.st_ino,
        }
    }
}

fn milliseconds((seconds, nanoseconds): (i64, u32)) -> i64 {
    seconds.saturating_mul(1000) + i64::from(nanoseconds / 1_000_000)
}

/// Looks at a name in an open directory.
pub(super) fn at(dir: impl AsFd, name: &Path, follow: Follow) -> io::Result<Stat> {
    let flags = match follow {
        Follow::No => AtFlags::SYMLINK_NOFOLLOW,
        Follow::Yes => AtFlags::empty(),
    };
    Ok(Stat::from_stat(&rustix::fs::statat(dir, name, flags)?))
}

/// Translates the system's word; what it does not name counts as a file.
pub(super) fn kind(found: FileType) -> Kind {
    match found {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice => Kind::Char,
        FileType::BlockDevice => Kind::Block,
        _ => Kind::File,
    }
}
