//! A log file of bounded size, for daemons.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

/// A log keeps at most this much, twice: the file and its predecessor `.1`.
const LIMIT_BYTES: u64 = 1 << 20;

/// Appends to a file; at the limit the file becomes `.1` and begins anew.
#[derive(Clone, Debug)]
pub struct BoundedLog {
    /// Never held over an await; writes are short.
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    written: u64,
}

impl BoundedLog {
    /// Opens or continues a log file with mode 0600.
    ///
    /// # Errors
    /// Whatever opening it says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = append(path)?;
        let written = file.metadata()?.len();
        let inner = Inner {
            path: path.to_owned(),
            file,
            written,
        };
        Ok(Self {
            inner: Arc::new(Mutex::new(inner)),
        })
    }
}

impl Write for BoundedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Ok(mut inner) = self.inner.lock() else {
            return Ok(bytes.len());
        };
        // A pipe or device is not ours to rename.
        let is_file = || fs::symlink_metadata(&inner.path).is_ok_and(|found| found.is_file());
        if inner.written + bytes.len() as u64 > LIMIT_BYTES && is_file() {
            let mut older = inner.path.clone().into_os_string();
            older.push(".1");
            fs::rename(&inner.path, older)?;
            inner.file = append(&inner.path)?;
            inner.written = 0;
        }
        inner.file.write_all(bytes)?;
        inner.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_never_grows_past_twice_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = BoundedLog::open(&path).unwrap();
        for _ in 0..40 {
            log.write_all(&[b'x'; 100_000]).unwrap();
        }
        let sizes: u64 = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(sizes <= 2 * LIMIT_BYTES, "{sizes}");
    }
}
