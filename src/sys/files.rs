//! Whole files that only their owner reads.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

/// Writes a whole file with mode 0600: a temporary name, fsync, then rename.
///
/// A reader finds the old content or the new, never a part.
///
/// # Errors
/// Whatever the file system says; the old content is then still there.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Makes a directory and its parents, the last with mode 0700.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] when it exists and belongs to someone
/// else, is a symbolic link, or lets others in.
pub fn private_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(path)?;
    let refuse = |why: &str| {
        let text = format!("{} {why}", path.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    };
    if !found.is_dir() {
        return refuse("is not a directory");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if found.mode() & 0o077 != 0 {
        return refuse("is open to other users (chmod 700 closes it)");
    }
    Ok(())
}

/// Which file a path names, whatever it is called later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    device: u64,
    inode: u64,
}

/// Marks the file that a path names now.
///
/// # Errors
/// When there is none.
pub fn mark(path: &Path) -> io::Result<Mark> {
    let found = fs::symlink_metadata(path)?;
    Ok(Mark {
        device: found.dev(),
        inode: found.ino(),
    })
}

/// Makes a directory and its parents, each that is new with mode 0700,
/// whatever the umask.
///
/// # Errors
/// Whatever the file system says.
pub fn make_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Says whether a directory can be written, or made and then written.
pub fn can_be_made(path: &Path) -> bool {
    let nearest = path.ancestors().find(|at| at.exists());
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    nearest.is_some_and(|at| at.is_dir() && rustix::fs::access(at, access).is_ok())
}

/// Reads a file that nobody but this user can have written.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] when it is not a regular file of this
/// user, or others may write to it; else whatever reading says.
pub fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let found = file.metadata()?;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_file() || !is_ours || found.mode() & 0o022 != 0 {
        let text = format!("{} can be written by other users", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Reads a file's last bytes as text, for showing the end of a log.
pub fn tail(path: &Path, limit_bytes: usize) -> String {
    let content = fs::read(path).unwrap_or_default();
    let from = content.len().saturating_sub(limit_bytes);
    let text = String::from_utf8_lossy(&content[from..]).into_owned();
    match text.split_once('\n') {
        Some((_, rest)) if from > 0 => rest.to_owned(),
        _ => text,
    }
}

/// A name beside `path` that no other writer uses.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", super::secret::word(8)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_whole_and_0600() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no temporary stays"
        );
    }

    #[test]
    fn a_directory_open_to_others_or_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            private_dir(&open)
                .unwrap_err()
                .to_string()
                .contains("chmod 700")
        );
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&open, &link).unwrap();
        assert!(
            private_dir(&link)
                .unwrap_err()
                .to_string()
                .contains("not a directory")
        );
        private_dir(&dir.path().join("a/b")).unwrap();
    }

    #[test]
    fn what_others_can_write_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_private(&path, b"mine").unwrap();
        assert_eq!(read_private(&path).unwrap(), b"mine");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(
            read_private(&path).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
        assert!(read_private(dir.path()).is_err(), "a directory");
    }

    #[test]
    fn a_directory_can_be_made_below_one_and_not_below_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        fs::write(&file, "").unwrap();
        assert!(can_be_made(&dir.path().join("a/b")));
        assert!(!can_be_made(&file.join("a/b")));
    }

    #[test]
    fn a_tail_begins_at_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "first\nsecond\nthird\n").unwrap();
        assert_eq!(tail(&path, 10), "third\n");
        assert_eq!(tail(&path, 100), "first\nsecond\nthird\n");
    }
}
