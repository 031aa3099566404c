//! Copying, moving and deleting, as jobs.
//!
//! A copy is made under a hidden name and gets its own when it is complete;
//! one that fails or is ended leaves nothing. A move within a file system is a
//! rename; across two it is a copy, and then the original is deleted.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use super::job::Progress;
use super::tree;
use super::tree::Failed;
use super::tree::Spot;
use crate::project::files::parts;
use crate::project::files::refusal::refuse;
use crate::protocol::call::Refusal;
use crate::protocol::files::EXISTS;
use crate::sys::disk::copying::Owner;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::dir::Replace;
use crate::sys::disk::stat::Follow;

/// What is to be done with what is in a directory.
struct Source {
    dir: Dir,
    name: OsString,
    path: PathBuf,
}

impl Source {
    /// Finds the directory of a path.
    ///
    /// # Errors
    /// 400 for what may not be touched: the root, the home directory and what
    /// is above it.
    fn of(path: &Path, home: &Path, doing: &str) -> Result<Self, Refusal> {
        let failed = |error: io::Error| refuse(doing, path, &error);
        let protected = || {
            let text = "it is the home directory, or above it";
            failed(io::Error::new(io::ErrorKind::InvalidInput, text))
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(protected());
        };
        let parent = fs::canonicalize(parent).map_err(failed)?;
        let home = fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
        let path = parent.join(name);
        if home.starts_with(&path) {
            return Err(protected());
        }
        Ok(Self {
            dir: Dir::locate(&parent).map_err(failed)?,
            name: name.to_owned(),
            path,
        })
    }

    fn spot(&self) -> Spot<'_> {
        Spot::of(&self.dir, &self.name, &self.path)
    }
}

/// Checks and opens what a job is about, before it begins.
///
/// # Errors
/// As [`Source::of`].
fn sources(paths: &[PathBuf], home: &Path, doing: &str) -> Result<Vec<Source>, Refusal> {
    paths
        .iter()
        .map(|path| Source::of(path, home, doing))
        .collect()
}

/// Deletes for good.
///
/// # Errors
/// At the first that cannot be deleted.
pub(in crate::project::files) fn delete(
    paths: &[PathBuf],
    home: &Path,
    progress: &Progress,
) -> Result<(), Refusal> {
    let sources = sources(paths, home, "delete")?;
    let say = |failed: Failed| failed.removal();
    for source in &sources {
        let (entries, _) = tree::count(source.spot(), progress).map_err(say)?;
        progress.expect(entries);
    }
    for source in &sources {
        tree::delete(source.spot(), progress).map_err(say)?;
    }
    Ok(())
}

/// A directory that things are put into.
struct Target {
    dir: Dir,
    path: PathBuf,
}

impl Target {
    fn of(path: &Path) -> Result<Self, Refusal> {
        let failed = |error: io::Error| refuse("write into", path, &error);
        let path = fs::canonicalize(path).map_err(failed)?;
        Ok(Self {
            dir: Dir::locate(&path).map_err(failed)?,
            path,
        })
    }

    /// Refuses to put a directory into itself.
    fn check(&self, source: &Source, doing: &str) -> Result<(), Refusal> {
        if !self.path.starts_with(&source.path) {
            return Ok(());
        }
        let text = "it would be inside itself";
        let error = io::Error::new(io::ErrorKind::InvalidInput, text);
        Err(refuse(doing, &source.path, &error))
    }

    /// Copies under a hidden name; returns that.
    fn take_in(
        &self,
        source: &Source,
        owner: Owner,
        progress: &Progress,
    ) -> Result<OsString, Failed> {
        let hidden = parts::fresh(&source.name);
        let path = self.path.join(&source.name);
        let spot = Spot::of(&self.dir, &hidden, &path);
        let copied = tree::copy(source.spot(), spot, owner, progress);
        if copied.is_err() {
            self.sweep(&hidden);
        }
        copied.map(|()| hidden)
    }

    /// Removes what a copy has left; what cannot be removed stays hidden.
    fn sweep(&self, hidden: &OsStr) {
        let path = self.path.join(hidden);
        let spot = Spot::of(&self.dir, hidden, &path);
        // What the job was told to end for does not end this.
        let _ = tree::delete(spot, &Progress::unheard());
    }

    /// Gives a hidden copy its name, or tells that it is taken.
    fn show(&self, hidden: &OsStr, name: &OsStr) -> Result<PathBuf, Failed> {
        let path = self.path.join(name);
        let renamed = self.dir.rename_in(hidden, &self.dir, name, Replace::No);
        renamed.map_err(tree::at(&path))?;
        self.dir.sync();
        Ok(path)
    }
}

/// Copies into a directory, under a free name where one is taken.
///
/// # Errors
/// At the first that cannot be copied; the copies before it stay.
pub(in crate::project::files) fn copy(
    paths: &[PathBuf],
    to_dir: &Path,
    progress: &Progress,
) -> Result<(), Refusal> {
    let target = Target::of(to_dir)?;
    let say = |failed: Failed| failed.refusal("copy");
    // The home itself may be copied: nothing happens to it.
    let sources = sources(paths, Path::new("/"), "copy")?;
    for source in &sources {
        target.check(source, "copy")?;
        let (_, bytes) = tree::count(source.spot(), progress).map_err(say)?;
        progress.expect(bytes);
    }
    for source in &sources {
        let hidden = target.take_in(source, Owner::Mine, progress).map_err(say)?;
        let mut names = (0..).map(|number| numbered(&source.name, number));
        let made = loop {
            let name = names.next().expect("there is always another number");
            match target.show(&hidden, &name) {
                Err(failed) if failed.is_about_the_name() => {}
                shown => break shown,
            }
        };
        match made {
            Ok(path) => progress.made(&path),
            Err(failed) => {
                target.sweep(&hidden);
                return Err(say(failed));
            }
        }
    }
    Ok(())
}

/// Moves into a directory; a name that is taken ends the job.
///
/// # Errors
/// At the first that cannot be moved; what was moved before it is.
pub(in crate::project::files) fn move_to(
    paths: &[PathBuf],
    to_dir: &Path,
    home: &Path,
    progress: &Progress,
) -> Result<(), Refusal> {
    let target = Target::of(to_dir)?;
    let sources = sources(paths, home, "move")?;
    for source in &sources {
        target.check(source, "move")?;
        let moved = move_one(source, &target, progress);
        let path = moved.map_err(|failed| {
            let refusal = failed.refusal("move");
            match failed.is_about_the_name() {
                true => refusal.because(EXISTS),
                false => refusal,
            }
        })?;
        progress.made(&path);
    }
    Ok(())
}

fn move_one(source: &Source, target: &Target, progress: &Progress) -> Result<PathBuf, Failed> {
    let Source { dir, name, .. } = source;
    let path = target.path.join(name);
    if path == source.path {
        return Ok(path);
    }
    let renamed = dir.rename_in(name, &target.dir, name, Replace::No);
    match renamed.map_err(tree::at(&path)) {
        Err(failed) if failed.is_about_devices() => {}
        done => return done.map(|()| path),
    }
    if target.dir.stat_in(name, Follow::No).is_ok() {
        return Err(tree::at(&path)(io::ErrorKind::AlreadyExists.into()));
    }
    let (_, bytes) = tree::count(source.spot(), progress)?;
    progress.expect(bytes);
    let hidden = target.take_in(source, Owner::Same, progress)?;
    let shown = target.show(&hidden, name);
    if shown.is_err() {
        target.sweep(&hidden);
    }
    let path = shown?;
    tree::delete(source.spot(), &Progress::unheard())?;
    Ok(path)
}

/// Names the copy of a name: `a.txt`, `a copy.txt`, `a copy 2.txt`.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let word = match number {
        0 => return name.to_owned(),
        1 => " copy".to_owned(),
        more => format!(" copy {more}"),
    };
    let bytes = name.as_bytes();
    // A dot at the beginning hides a name and ends none.
    let dot = bytes.iter().rposition(|byte| *byte == b'.');
    let end = dot.filter(|at| *at > 0).unwrap_or(bytes.len());
    let (stem, ending) = bytes.split_at(end);
    OsString::from_vec([stem, word.as_bytes(), ending].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_name_of_its_own() {
        for (name, first, second) in [
            ("a.txt", "a copy.txt", "a copy 2.txt"),
            ("dir", "dir copy", "dir copy 2"),
            (".bashrc", ".bashrc copy", ".bashrc copy 2"),
        ] {
            let name = OsStr::new(name);
            assert_eq!(numbered(name, 0), name);
            assert_eq!(numbered(name, 1), first);
            assert_eq!(numbered(name, 2), second);
        }
    }

    #[test]
    fn the_home_and_what_is_above_are_not_touched() {
        let home = tempfile::tempdir().unwrap();
        let above = home.path().parent().unwrap();
        for path in [Path::new("/"), home.path(), above] {
            let refused = Source::of(path, home.path(), "delete");
            assert_eq!(
                refused.err().map(|refusal| refusal.code),
                Some(400),
                "{path:?}"
            );
        }
        assert!(Source::of(&home.path().join("f"), home.path(), "delete").is_ok());
    }
}
