//! Room on a disk: how much there is, and keeping some.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::OFlags;

/// A flag of open(2): wait for no other side of a pipe, follow no link.
pub const NO_WAITING: i32 = OFlags::NONBLOCK
    .union(OFlags::NOFOLLOW)
    .bits()
    .cast_signed();

/// Reserves the blocks of a file up to `length` bytes, its length unchanged.
///
/// Where the file system or the system cannot, nothing happens.
///
/// # Errors
/// [`io::ErrorKind::StorageFull`] and the like; nothing has changed then.
pub fn reserve(file: &File, length: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::FallocateFlags;
        use rustix::io::Errno;
        if length == 0 {
            return Ok(());
        }
        match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, length) {
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {}
            done => return Ok(done?),
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, length);
    Ok(())
}

/// Returns how many bytes this user may still write where a path lies.
///
/// # Errors
/// What the system says.
pub fn available(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
