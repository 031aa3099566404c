//! Whole trees by descriptor: counting, copying, deleting.
//!
//! Nothing here follows a symbolic link: a link is copied and deleted as one.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::job::Progress;
use super::job::cancelled;
use crate::project::files::refusal::refuse;
use crate::project::files::refusal::refuse_name;
use crate::protocol::call::Refusal;
use crate::sys::disk::copying;
use crate::sys::disk::copying::Owner;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;
use crate::sys::disk::stat::Stat;

/// How deep directories are followed; each holds a descriptor, a copy two.
const MAX_DEPTH: usize = 200;

/// What failed, and where.
#[derive(Debug)]
pub(in crate::project::files) struct Failed {
    path: PathBuf,
    error: io::Error,
}

impl Failed {
    /// Says it for a person; a job that shall end has its own word.
    pub(in crate::project::files) fn refusal(&self, doing: &str) -> Refusal {
        match self.error.kind() {
            io::ErrorKind::Interrupted => cancelled(),
            _ => refuse(doing, &self.path, &self.error),
        }
    }

    /// The same of a name that should have gone.
    pub(in crate::project::files) fn removal(&self) -> Refusal {
        match self.error.kind() {
            io::ErrorKind::Interrupted => cancelled(),
            _ => refuse_name("delete", &self.path, &self.error),
        }
    }

    /// Whether the other side is another file system.
    pub(in crate::project::files) fn is_about_devices(&self) -> bool {
        self.error.kind() == io::ErrorKind::CrossesDevices
    }

    /// Whether something of that name exists.
    pub(in crate::project::files) fn is_about_the_name(&self) -> bool {
        matches!(
            self.error.kind(),
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
        )
    }
}

/// Adds the place to what the system says.
pub(in crate::project::files) fn at(path: &Path) -> impl Fn(io::Error) -> Failed + '_ {
    |error| Failed {
        path: path.to_owned(),
        error,
    }
}

/// An entry of an open directory, and its path for a person.
#[derive(Clone, Copy, Debug)]
pub(in crate::project::files) struct Spot<'a> {
    /// Its directory.
    dir: &'a Dir,
    /// Its name there.
    name: &'a OsStr,
    /// Its path.
    path: &'a Path,
}

impl<'a> Spot<'a> {
    /// The entry of that name in `dir`, at `path`.
    pub(in crate::project::files) fn of(dir: &'a Dir, name: &'a OsStr, path: &'a Path) -> Self {
        Self { dir, name, path }
    }

    fn stat(&self) -> Result<Stat, Failed> {
        self.dir
            .stat_in(self.name, Follow::No)
            .map_err(at(self.path))
    }
}

/// Opens a directory's entry as a directory, and lists it.
fn enter(spot: Spot<'_>, depth: usize) -> Result<(Dir, Vec<std::ffi::OsString>), Failed> {
    if depth == MAX_DEPTH {
        let text = format!("more than {MAX_DEPTH} directories in each other");
        return Err(at(spot.path)(io::Error::new(
            io::ErrorKind::InvalidInput,
            text,
        )));
    }
    let below = spot.dir.open_in(spot.name).map_err(at(spot.path))?;
    let names = below.names().map_err(at(spot.path))?;
    Ok((below, names))
}

/// Counts a tree's entries and the bytes of its files.
///
/// # Errors
/// Where it cannot be looked at.
pub(in crate::project::files) fn count(
    spot: Spot<'_>,
    progress: &Progress,
) -> Result<(u64, u64), Failed> {
    count_from(spot, progress, 0)
}

fn count_from(spot: Spot<'_>, progress: &Progress, depth: usize) -> Result<(u64, u64), Failed> {
    progress.step(0).map_err(at(spot.path))?;
    let stat = spot.stat()?;
    if stat.kind != Kind::Directory {
        let is_file = stat.kind == Kind::File;
        return Ok((1, if is_file { stat.size } else { 0 }));
    }
    let (dir, names) = enter(spot, depth)?;
    let (mut entries, mut bytes) = (1, 0);
    for name in &names {
        let path = spot.path.join(name);
        let counted = count_from(Spot::of(&dir, name, &path), progress, depth + 1)?;
        entries += counted.0;
        bytes += counted.1;
    }
    Ok((entries, bytes))
}

/// Says whether something holds of all entries of a tree, itself included.
///
/// # Errors
/// Where it cannot be looked at.
pub(in crate::project::files) fn is_all(
    spot: Spot<'_>,
    holds: &impl Fn(&Stat) -> bool,
) -> Result<bool, Failed> {
    is_all_from(spot, holds, 0)
}

fn is_all_from(
    spot: Spot<'_>,
    holds: &impl Fn(&Stat) -> bool,
    depth: usize,
) -> Result<bool, Failed> {
    let stat = spot.stat()?;
    if !holds(&stat) || stat.kind != Kind::Directory {
        return Ok(holds(&stat));
    }
    let (dir, names) = enter(spot, depth)?;
    for name in &names {
        let path = spot.path.join(name);
        if !is_all_from(Spot::of(&dir, name, &path), holds, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes a tree for good.
///
/// # Errors
/// Where it cannot be deleted; what came before is gone.
pub(in crate::project::files) fn delete(spot: Spot<'_>, progress: &Progress) -> Result<(), Failed> {
    delete_from(spot, progress, 0)
}

fn delete_from(spot: Spot<'_>, progress: &Progress, depth: usize) -> Result<(), Failed> {
    if spot.stat()?.kind == Kind::Directory {
        let (dir, names) = enter(spot, depth)?;
        for name in &names {
            let path = spot.path.join(name);
            delete_from(Spot::of(&dir, name, &path), progress, depth + 1)?;
        }
        spot.dir.remove_dir_in(spot.name).map_err(at(spot.path))?;
    } else {
        spot.dir.remove_in(spot.name).map_err(at(spot.path))?;
    }
    progress.step(1).map_err(at(spot.path))
}

/// Copies a tree to a name that is not taken.
///
/// Modes and times are kept. Sockets are left out: they would be no socket of
/// anybody. Counts bytes.
///
/// # Errors
/// Where it cannot be copied; the copy is then incomplete.
pub(in crate::project::files) fn copy(
    from: Spot<'_>,
    to: Spot<'_>,
    owner: Owner,
    progress: &Progress,
) -> Result<(), Failed> {
    copy_from(from, to, owner, progress, 0)
}

fn copy_from(
    from: Spot<'_>,
    to: Spot<'_>,
    owner: Owner,
    progress: &Progress,
    depth: usize,
) -> Result<(), Failed> {
    progress.step(0).map_err(at(from.path))?;
    let stat = from.stat()?;
    match stat.kind {
        Kind::File => copy_file(from, to, owner, progress),
        Kind::Directory => copy_dir(from, to, (&stat, owner), progress, depth),
        Kind::Symlink => {
            let text = from.dir.link_in(from.name).map_err(at(from.path))?;
            to.dir.make_link_in(to.name, &text).map_err(at(to.path))
        }
        Kind::Fifo => to.dir.make_fifo_in(to.name, stat.mode).map_err(at(to.path)),
        Kind::Socket => Ok(()),
        Kind::Char | Kind::Block => {
            let text = "it is a device, which is not copied";
            Err(at(from.path)(io::Error::new(
                io::ErrorKind::InvalidInput,
                text,
            )))
        }
    }
}

fn copy_file(
    from: Spot<'_>,
    to: Spot<'_>,
    owner: Owner,
    progress: &Progress,
) -> Result<(), Failed> {
    let (mut original, stat) = from.dir.file_in(from.name).map_err(at(from.path))?;
    // Nobody else's until it has the original's mode.
    let mut copy = to.dir.create_in(to.name, 0o600).map_err(at(to.path))?;
    let step = |bytes| progress.step(bytes);
    let copied = copying::content(&mut original, &mut copy, stat.size, step);
    let finished = copied.and_then(|()| copying::finish(&copy, &stat, owner));
    finished.map_err(at(to.path))
}

fn copy_dir(
    from: Spot<'_>,
    to: Spot<'_>,
    (stat, owner): (&Stat, Owner),
    progress: &Progress,
    depth: usize,
) -> Result<(), Failed> {
    let (original, names) = enter(from, depth)?;
    to.dir.make_dir_in(to.name, 0o700).map_err(at(to.path))?;
    let copy = to.dir.open_in(to.name).map_err(at(to.path))?;
    for name in &names {
        let (old, new) = (from.path.join(name), to.path.join(name));
        let below = Spot::of(&original, name, &old);
        let made = Spot::of(&copy, name, &new);
        copy_from(below, made, owner, progress, depth + 1)?;
    }
    // Last: it may take the right to write, and each entry sets the time.
    let handle: File = copy.into_file();
    copying::finish(&handle, stat, owner).map_err(at(to.path))
}
