//! Content from file to file, as the file system does it best.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use rustix::fs::Gid;
use rustix::fs::Mode;
use rustix::fs::Timespec;
use rustix::fs::Timestamps;
use rustix::fs::Uid;

use super::dir;
use super::stat::Stat;

/// How much is copied between two looks at whether it shall go on.
const STEP_BYTES: usize = 8 << 20;

/// How much is read at a time where the system cannot copy by itself.
const PIECE_BYTES: usize = 256 << 10;

/// Whose a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This user's, as every new file.
    Mine,
    /// The original's, as far as this user may give it away.
    Same,
}

/// Copies a file's first `size` bytes into an empty file.
///
/// Shares the blocks where the file system can (btrfs, XFS), else the kernel
/// copies; holes stay holes. `step` hears how many bytes were done since, and
/// may end it.
///
/// # Errors
/// What the system says, and what `step` says.
pub fn content(
    from: &mut File,
    to: &mut File,
    size: u64,
    mut step: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<()> {
    if size > 0 && shares(from, to) {
        return step(size);
    }
    let mut at = 0;
    while at < size {
        let (data, end) = segment(from, at, size)?;
        step(data - at)?;
        at = data;
        while at < end {
            let wanted = usize::try_from(end - at).unwrap_or(STEP_BYTES);
            let copied = range(from, to, at, wanted.min(STEP_BYTES))?;
            if copied == 0 {
                // It became shorter meanwhile.
                return to.set_len(at);
            }
            at += copied;
            step(copied)?;
        }
    }
    if size == 0 {
        // The files of `/proc` tell no size.
        step(io::copy(from, to)?)?;
        return Ok(());
    }
    to.set_len(size)
}

/// Gives a copy its original's mode, times and, where asked, owner.
///
/// # Errors
/// What the system says about mode and times.
pub fn finish(copy: &File, original: &Stat, owner: Owner) -> io::Result<()> {
    let mut mode = original.mode;
    let is_given = owner == Owner::Same && {
        let (uid, gid) = (Uid::from_raw(original.uid), Gid::from_raw(original.gid));
        rustix::fs::fchown(copy, Some(uid), Some(gid)).is_ok()
    };
    if !is_given {
        // Whoever runs it would become this user instead.
        mode &= 0o1777;
    }
    rustix::fs::fchmod(copy, Mode::from_raw_mode(dir::raw(mode)))?;
    let (seconds, nanoseconds) = original.modified;
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    Ok(rustix::fs::futimens(copy, &times)?)
}

#[cfg(target_os = "linux")]
fn shares(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn shares(_: &File, _: &File) -> bool {
    false
}

/// Finds the next bytes that are no hole: where they begin and end.
fn segment(file: &File, at: u64, size: u64) -> io::Result<(u64, u64)> {
    use rustix::fs::SeekFrom as Place;
    use rustix::io::Errno;
    let data = match rustix::fs::seek(file, Place::Data(at)) {
        Ok(data) => data.min(size),
        // A hole up to the end.
        Err(Errno::NXIO) => return Ok((size, size)),
        // A file system without holes.
        Err(_) => return Ok((at, size)),
    };
    let end = rustix::fs::seek(file, Place::Hole(data)).unwrap_or(size);
    Ok((data, end.min(size)))
}

#[cfg(target_os = "linux")]
fn range(from: &mut File, to: &mut File, at: u64, length: usize) -> io::Result<u64> {
    let (mut here, mut there) = (at, at);
    match rustix::fs::copy_file_range(&from, Some(&mut here), &to, Some(&mut there), length) {
        Ok(copied) if copied > 0 => Ok(copied as u64),
        // Nothing: the end, or a file system that only seems to copy.
        Ok(_) => piece(from, to, at, length),
        Err(error) => match io::Error::from(error) {
            full if full.kind() == io::ErrorKind::StorageFull => Err(full),
            _ => piece(from, to, at, length),
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn range(from: &mut File, to: &mut File, at: u64, length: usize) -> io::Result<u64> {
    piece(from, to, at, length)
}

fn piece(from: &mut File, to: &mut File, at: u64, length: usize) -> io::Result<u64> {
    from.seek(SeekFrom::Start(at))?;
    to.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length.min(PIECE_BYTES)];
    let read = from.read(&mut bytes)?;
    to.write_all(&bytes[..read])?;
    Ok(read as u64)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_copy_has_the_same_bytes_and_holes() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name| {
            let mut options = std::fs::OpenOptions::new();
            let options = options.read(true).write(true).create_new(true);
            options.open(dir.path().join(name)).unwrap()
        };
        let (mut from, mut to) = (open("from"), open("to"));
        let size = 64 << 20;
        from.set_len(size).unwrap();
        from.write_at(b"begin", 0).unwrap();
        from.write_at(b"middle", 40 << 20).unwrap();
        let mut told = 0;
        let step = |bytes| {
            told += bytes;
            Ok(())
        };
        content(&mut from, &mut to, size, step).unwrap();
        assert_eq!(told, size);
        let mut middle = [0; 6];
        to.read_exact_at(&mut middle, 40 << 20).unwrap();
        assert_eq!(&middle, b"middle");
        let metadata = to.metadata().unwrap();
        assert_eq!(metadata.len(), size);
        let is_sparse = from.metadata().unwrap().blocks() * 512 < size / 2;
        assert!(!is_sparse || metadata.blocks() * 512 < size / 2);
    }

    #[test]
    fn a_copy_that_shall_end_ends() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("from"), "12345").unwrap();
        let mut from = File::open(dir.path().join("from")).unwrap();
        let mut to = File::create(dir.path().join("to")).unwrap();
        let ended = content(&mut from, &mut to, 5, |_| Err(io::ErrorKind::Other.into()));
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::Other);
    }
}
