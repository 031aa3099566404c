//! Being told what changes in directories: inotify(7) on Linux.
//!
//! Elsewhere [`Watches::new`] fails, and whoever watches looks again and again.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// One directory that is watched; the same directory has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchId(i32);

/// What the system told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A name in a directory came, went or changed.
    Name(WatchId, OsString),
    /// The directory itself was deleted, renamed or unmounted.
    Gone(WatchId),
    /// Events were lost.
    Lost,
}

/// Why inotify tells nothing more, from `/proc/sys/fs/inotify`:
/// `max_user_watches=8192`.
pub fn limit(error: &io::Error) -> Option<String> {
    let name = match error.raw_os_error()? {
        libc::ENOSPC => "max_user_watches",
        libc::EMFILE | libc::ENFILE => "max_user_instances",
        _ => return None,
    };
    let value = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}"));
    Some(format!("fs.inotify.{name}={}", value.ok()?.trim()))
}

/// The directories that one descriptor watches.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Watches(tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl Watches {
    /// Makes one that watches nothing yet; inside a tokio runtime.
    ///
    /// # Errors
    /// What the system says; see [`limit`].
    pub fn new() -> io::Result<Self> {
        use rustix::fs::inotify::CreateFlags;
        let fd = rustix::fs::inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // SAFETY: the `AsyncFd` owns the descriptor; nothing replaces or
        // closes it before the `AsyncFd` goes.
        #[expect(unsafe_code, reason = "registering a descriptor with the runtime")]
        let registered = unsafe { tokio::io::unix::AsyncFd::register(fd) };
        Ok(Self(registered.map_err(io::Error::from)?))
    }

    /// Watches a directory, but not what is below its directories.
    ///
    /// # Errors
    /// What the system says, [`io::ErrorKind::NotADirectory`] among it; see
    /// [`limit`].
    pub fn add(&self, dir: &Path) -> io::Result<WatchId> {
        use rustix::fs::inotify::WatchFlags as Flags;
        let names = Flags::CREATE | Flags::DELETE | Flags::MOVE;
        let contents = Flags::MODIFY | Flags::CLOSE_WRITE | Flags::ATTRIB;
        let itself = Flags::DELETE_SELF | Flags::MOVE_SELF;
        let flags = names | contents | itself | Flags::ONLYDIR | Flags::EXCL_UNLINK;
        let fd = self.0.get_ref();
        Ok(WatchId(rustix::fs::inotify::add_watch(fd, dir, flags)?))
    }

    /// Watches a directory no more.
    pub fn remove(&self, watch: WatchId) {
        // It fails when the directory is gone, and the watch with it.
        let _ = rustix::fs::inotify::remove_watch(self.0.get_ref(), watch.0);
    }

    /// Waits until something happened; tells all that did, which may be
    /// nothing that matters.
    ///
    /// # Errors
    /// What the system says.
    pub async fn next(&self) -> io::Result<Vec<Event>> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(events) = ready.try_io(|fd| read(fd.get_ref())) {
                return events;
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn read(fd: &std::os::fd::OwnedFd) -> io::Result<Vec<Event>> {
    use std::os::unix::ffi::OsStringExt;

    use rustix::fs::inotify::ReadFlags as Flags;
    /// How many bytes of events are read before they are told.
    const EVENTS_BYTES: usize = 16 << 10;
    let mut buffer = Vec::with_capacity(EVENTS_BYTES);
    let mut reader = rustix::fs::inotify::Reader::new(fd, buffer.spare_capacity_mut());
    let mut events = Vec::new();
    loop {
        let event = reader.next()?;
        let watch = WatchId(event.wd());
        let gone = Flags::DELETE_SELF | Flags::MOVE_SELF | Flags::UNMOUNT;
        if event.events().contains(Flags::QUEUE_OVERFLOW) {
            events.push(Event::Lost);
        } else if event.events().intersects(gone) {
            events.push(Event::Gone(watch));
        } else if let Some(name) = event.file_name() {
            let name = OsString::from_vec(name.to_bytes().to_vec());
            events.push(Event::Name(watch, name));
        }
        if reader.is_buffer_empty() {
            return Ok(events);
        }
    }
}

/// The directories that one descriptor watches; there is no such thing here.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Watches(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl Watches {
    /// Fails.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`].
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Cannot be called.
    ///
    /// # Errors
    /// None.
    pub fn add(&self, _: &Path) -> io::Result<WatchId> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn remove(&self, _: WatchId) {
        match self.0 {}
    }

    /// Cannot be called.
    ///
    /// # Errors
    /// None.
    pub async fn next(&self) -> io::Result<Vec<Event>> {
        match self.0 {}
    }
}

/// Says whether a path lies on a file system which other machines may change
/// without this one being told: its name, `NFS`.
#[cfg(target_os = "linux")]
pub fn shared_file_system(path: &Path) -> Option<&'static str> {
    // The magic numbers of statfs(2) and of the file systems' own headers.
    let names = [
        (0x6969, "NFS"),
        (0xff53_4d42, "SMB"),
        (0xfe53_4d42, "SMB"),
        (0x517b, "SMB"),
        (0x6573_5546, "FUSE"),
        (0x00c3_6400, "Ceph"),
        (0x0bd0_0bd0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x1983_0326, "BeeGFS"),
        (0x5346_414f, "AFS"),
        (0x0102_1997, "9P"),
    ];
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    // Signed and of another width on some machines.
    let kind = (kind as i64) & 0xffff_ffff;
    let is_it = |(magic, _): &&(i64, &str)| *magic == kind;
    names.iter().find(is_it).map(|(_, name)| *name)
}

/// Says whether a path lies on a file system which other machines may change
/// without this one being told.
#[cfg(not(target_os = "linux"))]
pub fn shared_file_system(_: &Path) -> Option<&'static str> {
    None
}
