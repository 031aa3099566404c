//! An open directory and what is done to its entries.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::stat;
use super::stat::Follow;
use super::stat::Kind;
use super::stat::Stat;

/// How many bytes of names the kernel is asked for at a time; a network file
/// system answers each question with a round trip.
#[cfg(target_os = "linux")]
const NAMES_BYTES: usize = 64 << 10;

/// Whether a rename may take the place of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It fails with [`io::ErrorKind::AlreadyExists`].
    No,
    /// As rename(2) does.
    Yes,
}

/// An open directory; its names are looked up in it, wherever it moves.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
}

impl Dir {
    /// Opens a directory to read its names.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::NotADirectory`] among it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let fd = rustix::fs::open(path, reading(), Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a directory to change its entries; it need not be readable.
    ///
    /// # Errors
    /// What the system says.
    pub fn locate(path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = reading();
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a directory in this one, through no symbolic link.
    ///
    /// # Errors
    /// What the system says.
    pub fn open_in(&self, name: &OsStr) -> io::Result<Self> {
        let flags = reading() | OFlags::NOFOLLOW;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Looks at the directory itself.
    ///
    /// # Errors
    /// What the system says.
    pub fn stat(&self) -> io::Result<Stat> {
        stat::at(&self.fd, Path::new("."), Follow::No).or_else(|_| {
            // A directory that may not be searched still tells of itself.
            Stat::of_file(&File::from(self.fd.try_clone()?))
        })
    }

    /// Looks at an entry.
    ///
    /// # Errors
    /// What the system says.
    pub fn stat_in(&self, name: &OsStr, follow: Follow) -> io::Result<Stat> {
        stat::at(&self.fd, Path::new(name), follow)
    }

    /// Visits the entries in the directory's own order, without `.` and `..`;
    /// the kind is what the directory says, a link's own.
    ///
    /// # Errors
    /// What the system says; what was visited until then was there.
    #[cfg(target_os = "linux")]
    pub fn visit(&self, mut visitor: impl FnMut(&OsStr, Kind)) -> io::Result<()> {
        let mut names = Vec::with_capacity(NAMES_BYTES);
        rustix::fs::seek(&self.fd, rustix::fs::SeekFrom::Start(0))?;
        let mut entries = rustix::fs::RawDir::new(&self.fd, names.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                visitor(OsStr::from_bytes(name), stat::kind(entry.file_type()));
            }
        }
        Ok(())
    }

    /// Visits the entries in the directory's own order, without `.` and `..`;
    /// the kind is what the directory says, a link's own.
    ///
    /// # Errors
    /// What the system says; what was visited until then was there.
    #[cfg(not(target_os = "linux"))]
    pub fn visit(&self, mut visitor: impl FnMut(&OsStr, Kind)) -> io::Result<()> {
        let mut entries = rustix::fs::Dir::read_from(&self.fd)?;
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                visitor(OsStr::from_bytes(name), stat::kind(entry.file_type()));
            }
        }
        Ok(())
    }

    /// Collects the entries' names.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.visit(|name, _| names.push(name.to_owned()))?;
        Ok(names)
    }

    /// Reads a symbolic link's text.
    ///
    /// # Errors
    /// What the system says.
    pub fn link_in(&self, name: &OsStr) -> io::Result<OsString> {
        let text = rustix::fs::readlinkat(&self.fd, name, Vec::new())?;
        Ok(OsString::from_vec(text.into_bytes()))
    }

    /// Says whether this user may read an entry (of a directory: list it).
    pub fn may_read(&self, name: &OsStr) -> bool {
        rustix::fs::accessat(&self.fd, name, Access::READ_OK, AtFlags::EACCESS).is_ok()
    }

    /// Opens a regular file in this directory to read it, through no symbolic
    /// link, and waits for no other side of a pipe.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when it is no regular file, else what
    /// the system says.
    pub fn file_in(&self, name: &OsStr) -> io::Result<(File, Stat)> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        regular(fd.into())
    }

    /// Makes a new file in this directory to write it; the umask applies.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::AlreadyExists`] among it.
    pub fn create_in(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(raw(mode));
        Ok(rustix::fs::openat(&self.fd, name, flags, mode)?.into())
    }

    /// Opens a regular file in this directory to read and write it, through no
    /// symbolic link.
    ///
    /// # Errors
    /// As [`Self::file_in`].
    pub fn reopen_in(&self, name: &OsStr) -> io::Result<(File, Stat)> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        regular(fd.into())
    }

    /// Makes a symbolic link in this directory.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::AlreadyExists`] among it.
    pub fn make_link_in(&self, name: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(to, &self.fd, name)?)
    }

    /// Makes a named pipe in this directory; the umask applies.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::AlreadyExists`] among it;
    /// [`io::ErrorKind::Unsupported`] where there is no call for it.
    #[cfg(target_os = "linux")]
    pub fn make_fifo_in(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        let mode = Mode::from_raw_mode(raw(mode));
        let kind = rustix::fs::FileType::Fifo;
        Ok(rustix::fs::mknodat(&self.fd, name, kind, mode, 0)?)
    }

    /// macOS has none that takes a directory before version 13.
    #[cfg(not(target_os = "linux"))]
    pub fn make_fifo_in(&self, _name: &OsStr, _mode: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes a directory in this one; the umask applies.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::AlreadyExists`] among it.
    pub fn make_dir_in(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        let mode = Mode::from_raw_mode(raw(mode));
        Ok(rustix::fs::mkdirat(&self.fd, name, mode)?)
    }

    /// Removes an entry that is no directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_in(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_dir_in(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// Renames an entry, also into another directory of the same file system.
    ///
    /// Where the file system cannot rename without replacing, a file is linked
    /// under its new name first; a directory's new name is looked at first,
    /// and only an empty directory that appears meanwhile can be replaced.
    ///
    /// # Errors
    /// What the system says; nothing has changed then.
    pub fn rename_in(
        &self,
        from: &OsStr,
        into: &Self,
        to: &OsStr,
        replace: Replace,
    ) -> io::Result<()> {
        if replace == Replace::Yes {
            return Ok(rustix::fs::renameat(&self.fd, from, &into.fd, to)?);
        }
        match rustix::fs::renameat_with(&self.fd, from, &into.fd, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                self.rename_without_help(from, into, to)
            }
            done => Ok(done?),
        }
    }

    fn rename_without_help(&self, from: &OsStr, into: &Self, to: &OsStr) -> io::Result<()> {
        let is_dir = self.stat_in(from, Follow::No)?.kind == Kind::Directory;
        if !is_dir {
            match rustix::fs::linkat(&self.fd, from, &into.fd, to, AtFlags::empty()) {
                Ok(()) => return self.remove_in(from),
                // Some file systems know no second name.
                Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if into.stat_in(to, Follow::No).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(rustix::fs::renameat(&self.fd, from, &into.fd, to)?)
    }

    /// Makes what happened to the entries last through a power cut, as far as
    /// the file system can do that.
    pub fn sync(&self) {
        if let Ok(readable) = rustix::fs::openat(&self.fd, ".", reading(), Mode::empty()) {
            // Some network file systems cannot, and need not.
            let _ = rustix::fs::fsync(readable);
        }
    }

    /// The directory as an open file, to set its mode and times.
    pub fn into_file(self) -> File {
        self.fd.into()
    }

    /// The descriptor, for the other files of this module.
    #[cfg(target_os = "linux")]
    pub(super) fn fd(&self) -> impl std::os::fd::AsFd + '_ {
        &self.fd
    }
}

/// Opens a regular file to read it, and waits for no other side of a pipe.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when it is no regular file,
/// [`io::ErrorKind::IsADirectory`] when it is a directory, else what the system
/// says.
pub fn open_regular(path: &Path) -> io::Result<(File, Stat)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    regular(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Checks that this user may write to what a path leads to.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`], [`io::ErrorKind::ReadOnlyFilesystem`],
/// else as the system says.
pub fn check_writable(path: &Path) -> io::Result<()> {
    let cwd = rustix::fs::CWD;
    rustix::fs::accessat(cwd, path, Access::WRITE_OK, AtFlags::EACCESS)?;
    Ok(())
}

fn regular(file: File) -> io::Result<(File, Stat)> {
    let stat = Stat::of_file(&file)?;
    match stat.kind {
        Kind::File => Ok((file, stat)),
        Kind::Directory => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a pipe, socket or device",
        )),
    }
}

fn reading() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK
}

/// Narrows permission bits to the system's own width: 16 bits on macOS.
pub(super) fn raw(mode: u32) -> rustix::fs::RawMode {
    rustix::fs::RawMode::try_from(mode & 0o7777).expect("twelve bits fit everywhere")
}
