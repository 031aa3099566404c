//! The socket that a terminal is reached on.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use tokio::net::UnixListener;

use super::error::Error;
use crate::sys::files;
use crate::sys::process;

/// A listening socket; the file goes when it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Which file it is: another may stand under its name by now.
    mark: files::Mark,
}

impl Socket {
    /// Listens on `dir/id.sock`, mode 0600, in a directory of ours alone.
    ///
    /// The socket appears under its name only when it listens, so that whoever
    /// sees it can connect, and whoever cannot may remove it.
    pub(super) fn bind(dir: &Path, id: &str) -> Result<Self, Error> {
        if !is_id(id) {
            return Err(Error::Id { id: id.to_owned() });
        }
        secure(dir)?;
        let path = dir.join(format!("{id}.sock"));
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(Error::Taken { id: id.to_owned() });
        }
        let new = dir.join(format!(".{id}.new"));
        let _ = fs::remove_file(&new);
        let listener = UnixListener::bind(&new).map_err(Error::file(&new))?;
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&new, mode).map_err(Error::file(&new))?;
        let mark = files::mark(&new).map_err(Error::file(&new))?;
        fs::rename(&new, &path).map_err(Error::file(&path))?;
        Ok(Self {
            listener,
            path,
            mark,
        })
    }

    /// Listens again where it did, if its file is gone or another's.
    ///
    /// Those who are connected stay so.
    ///
    /// # Errors
    /// Those of [`Self::bind`]; then it listens as before.
    pub(super) fn renew(&mut self) -> Result<(), Error> {
        if files::mark(&self.path).is_ok_and(|mark| mark == self.mark) {
            return Ok(());
        }
        let dir = self.dir();
        let id = self.path.file_stem().and_then(|stem| stem.to_str());
        let renewed = Self::bind(dir, id.unwrap_or_default())?;
        *self = renewed;
        Ok(())
    }

    /// Where it was made.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Where clients come in.
    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Removes its file, so that nobody else finds it.
    pub(super) fn hide(&self) {
        if files::mark(&self.path).is_ok_and(|mark| mark == self.mark) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.hide();
    }
}

/// Tells whether this is a terminal's id, and so a safe part of a path.
pub(super) fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=16).contains(&id.len()) && id.bytes().all(is_allowed)
}

fn secure(dir: &Path) -> Result<(), Error> {
    // Its parent is the instance's, which has checked it.
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::file(dir)(error));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(dir).map_err(Error::file(dir))?;
    let is_ours = meta.uid() == process::uid();
    if meta.is_dir() && is_ours && meta.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::Insecure {
        dir: dir.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_we_can_reach_the_socket() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("t");
        let socket = Socket::bind(&dir, "t1").unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        assert_eq!(
            fs::metadata(dir.join("t1.sock")).unwrap().mode() & 0o777,
            0o600
        );
        assert!(matches!(Socket::bind(&dir, "t1"), Err(Error::Taken { .. })));
        drop(socket);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(
            Socket::bind(&dir, "t1"),
            Err(Error::Insecure { .. })
        ));
    }

    #[tokio::test]
    async fn a_socket_whose_file_is_gone_listens_again() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("t");
        let mut socket = Socket::bind(&dir, "t1").unwrap();
        let is_heard = || std::os::unix::net::UnixStream::connect(dir.join("t1.sock")).is_ok();
        socket.renew().unwrap();
        assert!(is_heard());
        fs::remove_dir_all(&dir).unwrap();
        socket.renew().unwrap();
        assert!(is_heard());
        fs::remove_file(dir.join("t1.sock")).unwrap();
        let other = Socket::bind(&dir, "t1").unwrap();
        assert!(matches!(socket.renew(), Err(Error::Taken { .. })));
        drop(socket);
        assert!(is_heard(), "the other's file stays");
        drop(other);
    }

    #[tokio::test]
    async fn a_socket_that_a_dead_holder_left_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        drop(std::os::unix::net::UnixListener::bind(home.path().join("t1.sock")).unwrap());
        assert!(Socket::bind(home.path(), "t1").is_ok());
    }

    #[test]
    fn an_id_is_a_safe_part_of_a_path() {
        assert!(is_id("t7f3a") && is_id("0123456789abcdef"));
        for bad in ["", "..", "a/b", "T1", "a b", "0123456789abcdefg"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
