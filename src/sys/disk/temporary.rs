//! A new file that appears whole, in place of the old.
//!
//! Where the system can (Linux, most file systems), the new file has no name
//! until it is complete, so that a killed process leaves nothing behind. Else
//! it has the hidden name that the caller chose.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::Gid;
use rustix::fs::Mode;
use rustix::fs::Uid;

use super::dir;
use super::dir::Dir;
use super::dir::Replace;
use super::stat::Stat;

/// The name under which Linux keeps a file's access control list.
const ACCESS_LIST: &str = "system.posix_acl_access";

/// The largest extended attribute, xattr(7).
const MAX_ATTRIBUTE_BYTES: usize = 64 << 10;

/// A file that is not there yet; drop leaves nothing of one that was made here.
#[derive(Debug)]
pub struct Temporary {
    dir: Dir,
    file: File,
    /// The hidden name, or the one that it will have for a moment.
    name: OsString,
    has_name: bool,
    /// Whether drop leaves what has a name.
    stays: bool,
}

impl Temporary {
    /// Makes an empty file in a directory, with mode 0666 under the umask.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(dir: &Path, hidden_name: &OsStr) -> io::Result<Self> {
        let dir = Dir::locate(dir)?;
        let (file, has_name) = match nameless(&dir) {
            Some(file) => (file, false),
            None => (dir.create_in(hidden_name, 0o666)?, true),
        };
        Ok(Self {
            dir,
            file,
            name: hidden_name.to_owned(),
            has_name,
            stays: false,
        })
    }

    /// Takes a file that has its hidden name already, and keeps it on drop.
    pub fn adopt(dir: Dir, file: File, hidden_name: &OsStr) -> Self {
        Self {
            dir,
            file,
            name: hidden_name.to_owned(),
            has_name: true,
            stays: true,
        }
    }

    /// The file, open to read and write.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Has the file appear in another directory of the same file system.
    ///
    /// # Errors
    /// What the system says; it is still to appear where it was then.
    pub fn move_to(&mut self, dir: Dir) -> io::Result<()> {
        if self.has_name {
            let name = &self.name;
            self.dir.rename_in(name, &dir, name, Replace::No)?;
        }
        self.dir = dir;
        Ok(())
    }

    /// Gives the file a name of its directory, and makes that last.
    ///
    /// What is written by then is on the disk before the name is. To be done
    /// once; after a failure it may be tried again.
    ///
    /// # Errors
    /// What the system says; nothing has changed then.
    pub fn publish(&mut self, name: &OsStr, replace: Replace) -> io::Result<()> {
        self.file.sync_all()?;
        if !self.has_name && replace == Replace::No {
            link(&self.file, &self.dir, name)?;
        } else {
            if !self.has_name {
                link(&self.file, &self.dir, &self.name)?;
                self.has_name = true;
            }
            let dir = &self.dir;
            dir.rename_in(&self.name, dir, name, replace)?;
            self.has_name = false;
        }
        self.dir.sync();
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.has_name && !self.stays {
            // Nobody can be told; the name is hidden, and swept some day.
            let _ = self.dir.remove_in(&self.name);
        }
    }
}

/// Whether a new file could be made the old one's like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Owner, group, mode and what else could be read are the same.
    Same,
    /// It would belong to somebody else than the old one.
    OtherOwner,
}

/// Gives a new file the owner, mode, access control list and extended
/// attributes of the old one.
///
/// Attributes that only a privileged process may set (such as file
/// capabilities) are left out.
///
/// # Errors
/// What the system says about the mode.
pub fn liken(new: &File, old: &File, stat: &Stat) -> io::Result<Likeness> {
    let mine = Stat::of_file(new)?;
    if (mine.uid, mine.gid) != (stat.uid, stat.gid) {
        let owner = (mine.uid != stat.uid).then(|| Uid::from_raw(stat.uid));
        let group = (mine.gid != stat.gid).then(|| Gid::from_raw(stat.gid));
        if rustix::fs::fchown(new, owner, group).is_err() {
            return Ok(Likeness::OtherOwner);
        }
    }
    // After the owner: changing that takes set-user-id away.
    rustix::fs::fchmod(new, Mode::from_raw_mode(dir::raw(stat.mode)))?;
    copy_attributes(new, old);
    Ok(Likeness::Same)
}

fn copy_attributes(new: &File, old: &File) {
    let mut names = vec![0; MAX_ATTRIBUTE_BYTES];
    let Ok(length) = rustix::fs::flistxattr(old, names.as_mut_slice()) else {
        return;
    };
    let names = names[..length].split(|byte| *byte == 0);
    let names: Vec<&[u8]> = names.filter(|name| !name.is_empty()).collect();
    if !names.contains(&ACCESS_LIST.as_bytes()) {
        // The directory may have given the new file a list.
        let _ = rustix::fs::fremovexattr(new, ACCESS_LIST);
    }
    let mut value = vec![0; MAX_ATTRIBUTE_BYTES];
    for name in names {
        if let Ok(length) = rustix::fs::fgetxattr(old, name, value.as_mut_slice()) {
            let flags = rustix::fs::XattrFlags::empty();
            let _ = rustix::fs::fsetxattr(new, name, &value[..length], flags);
        }
    }
}

/// Opens a file without a name, where there is such a thing.
#[cfg(target_os = "linux")]
fn nameless(dir: &Dir) -> Option<File> {
    use rustix::fs::OFlags;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    let file = File::from(rustix::fs::openat(dir.fd(), ".", flags, mode).ok()?);
    // Without `/proc` it could never be given one.
    Path::new(&descriptor_path(&file)).exists().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Dir) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn link(file: &File, dir: &Dir, name: &OsStr) -> io::Result<()> {
    use rustix::fs::AtFlags;
    let path = descriptor_path(file);
    let flags = AtFlags::SYMLINK_FOLLOW;
    let cwd = rustix::fs::CWD;
    Ok(rustix::fs::linkat(cwd, path, dir.fd(), name, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Dir, _: &OsStr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn descriptor_path(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let make = || Temporary::make(dir.path(), OsStr::new(".f.new")).unwrap();
        let mut first = make();
        first.file().write_all(b"one").unwrap();
        drop(first);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        for (text, replace) in [("two", Replace::No), ("three", Replace::Yes)] {
            let mut next = make();
            next.file().write_all(text.as_bytes()).unwrap();
            next.publish(OsStr::new("f"), replace).unwrap();
            assert_eq!(fs::read_to_string(dir.path().join("f")).unwrap(), text);
        }
        let refused = make().publish(OsStr::new("f"), Replace::No).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_is_made_the_old_ones_like() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
        let (old, stat) = dir::open_regular(&path).unwrap();
        let flags = rustix::fs::XattrFlags::empty();
        let has_attributes = rustix::fs::setxattr(&path, "user.ccp", b"x", flags).is_ok();
        let mut new = Temporary::make(dir.path(), OsStr::new(".new")).unwrap();
        assert_eq!(liken(new.file(), &old, &stat).unwrap(), Likeness::Same);
        new.publish(OsStr::new("new"), Replace::No).unwrap();
        let made = dir.path().join("new");
        assert_eq!(fs::metadata(&made).unwrap().mode_bits(), 0o4751);
        let mut value = [0; 8];
        let found = rustix::fs::getxattr(&made, "user.ccp", value.as_mut_slice());
        assert_eq!(found.is_ok(), has_attributes);
    }

    trait ModeBits {
        fn mode_bits(&self) -> u32;
    }

    impl ModeBits for fs::Metadata {
        fn mode_bits(&self) -> u32 {
            self.permissions().mode() & 0o7777
        }
    }
}
