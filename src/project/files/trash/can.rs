//! Putting something into a trash, and bringing it back.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::info;
use crate::project::files::entry;
use crate::project::files::refusal::closed_directory;
use crate::project::files::refusal::refuse;
use crate::protocol::call::Refusal;
use crate::protocol::files::EXISTS;
use crate::protocol::files::NO_TRASH;
use crate::protocol::files::RestoredItem;
use crate::protocol::files::TrashedItem;
use crate::protocol::pathtext;
use crate::sys::disk::dir;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::dir::Replace;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;
use crate::sys::disk::stat::Stat;
use crate::sys::files;
use crate::sys::process;

/// The ending of a description.
const ENDING: &str = ".trashinfo";

/// What completes "cannot …".
const DOING: &str = "put into the trash";

/// How many names are tried for one thing.
const MAX_NAMES: u32 = 10_000;

/// A trash directory, with `files` and `info` in it.
#[derive(Debug)]
struct Trash {
    dir: PathBuf,
    /// Where its file system is mounted; paths in its descriptions begin
    /// there. The home's has absolute ones.
    top: Option<PathBuf>,
}

/// Puts something into the trash.
///
/// # Errors
/// 409 `no-trash` when none can take it, else as the system says; it is then
/// where it was.
pub(in crate::project::files) fn put(
    path: &Path,
    home: &Path,
    home_trash: &Path,
) -> Result<TrashedItem, Refusal> {
    let failed = |error: io::Error| refuse(DOING, path, &error);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(no_trash(path, "it is the root"));
    };
    let parent = fs::canonicalize(parent).map_err(failed)?;
    let real = parent.join(name);
    let found = Stat::of(&real, Follow::No).map_err(failed)?;
    if fs::canonicalize(home).is_ok_and(|home| home.starts_with(&real)) {
        return Err(no_trash(path, "it is the home directory, or above it"));
    }
    let mut last = None;
    for trash in candidates(&parent, &found, home_trash) {
        if real.starts_with(&trash.dir) || trash.dir.starts_with(&real) {
            return Err(no_trash(path, "it is in the trash, or the trash in it"));
        }
        match trash.make().and_then(|()| trash.take(&parent, name)) {
            Ok(info) => {
                return Ok(TrashedItem {
                    path: pathtext::encode(path),
                    id: pathtext::encode(info),
                });
            }
            Err(error) => last = Some(error),
        }
    }
    // It may not be moved by this user, whereto ever.
    if let Some(refusal) = closed_directory(DOING, &real) {
        return Err(refusal);
    }
    dir::check_writable(&parent).map_err(failed)?;
    Err(match last {
        Some(error) => without_trash(failed(error)),
        None => no_trash(path, "its file system has none"),
    })
}

/// Brings something back from a trash to where it was.
///
/// # Errors
/// 409 `exists` when something else is there, 404 when the trash does not have
/// it any more, 400 for an id that is none.
pub(in crate::project::files) fn restore(
    id: &str,
    home_trash: &Path,
) -> Result<RestoredItem, Refusal> {
    let info = PathBuf::from(pathtext::decode(id));
    let bad = || Refusal::new(400, "this is not something in a trash of yours");
    let trash = Trash::of_info(&info, home_trash).ok_or_else(bad)?;
    let name = info.file_name().unwrap_or_default().as_bytes();
    let name = name.strip_suffix(ENDING.as_bytes()).ok_or_else(bad)?;
    let name = OsStr::from_bytes(name);
    let failed = |error: io::Error| refuse("restore", &info, &error);
    let path = trash.origin(&info).map_err(failed)?.ok_or_else(bad)?;
    let (Some(parent), Some(to)) = (path.parent(), path.file_name()) else {
        return Err(bad());
    };
    crate::project::files::calls::make_parents(&path, parent)?;
    let target = Dir::locate(parent).map_err(failed)?;
    let files = Dir::locate(&trash.dir.join("files")).map_err(failed)?;
    let renamed = files.rename_in(name, &target, to, Replace::No);
    renamed.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
            refuse("restore", &path, &error).because(EXISTS)
        }
        _ => refuse("restore", &path, &error),
    })?;
    // A description alone is harmless; desktops sweep it.
    let _ = fs::remove_file(&info);
    Ok(RestoredItem {
        path: pathtext::encode(&path),
        entry: entry::of(&target, to).map_err(failed)?,
    })
}

fn no_trash(path: &Path, why: &str) -> Refusal {
    let error = io::Error::new(io::ErrorKind::InvalidInput, why);
    without_trash(refuse(DOING, path, &error))
}

/// Leaves it to the page whether to delete it instead.
fn without_trash(refusal: Refusal) -> Refusal {
    Refusal {
        code: 409,
        ..refusal
    }
    .because(NO_TRASH)
}

/// The trashes that may take something, the best first.
fn candidates(parent: &Path, found: &Stat, home_trash: &Path) -> Vec<Trash> {
    let uid = process::uid();
    let mut all = Vec::new();
    if device_of(home_trash) == Some(found.device) {
        all.push(Trash {
            dir: home_trash.to_owned(),
            top: None,
        });
    }
    let top = top_of(parent, found.device);
    let shared = top.join(".Trash");
    // "must have the sticky bit set, and must not be a symbolic link"
    let is_good = |stat: Stat| stat.kind == Kind::Directory && stat.mode & 0o1000 != 0;
    if Stat::of(&shared, Follow::No).is_ok_and(is_good) {
        all.push(Trash {
            dir: shared.join(uid.to_string()),
            top: Some(top.clone()),
        });
    }
    all.push(Trash {
        dir: top.join(format!(".Trash-{uid}")),
        top: Some(top),
    });
    all
}

/// The file system of a path that may not be there yet.
fn device_of(path: &Path) -> Option<u64> {
    let mut ancestors = path.ancestors();
    let found = ancestors.find_map(|path| Stat::of(path, Follow::Yes).ok());
    found.map(|stat| stat.device)
}

/// Where the file system of a directory is mounted.
fn top_of(dir: &Path, device: u64) -> PathBuf {
    let is_same = |path: &&Path| Stat::of(path, Follow::No).is_ok_and(|at| at.device == device);
    let top = dir.ancestors().take_while(is_same).last();
    top.unwrap_or(dir).to_owned()
}

impl Trash {
    /// Makes its directories, for this user alone, and checks whose they are.
    fn make(&self) -> io::Result<()> {
        if self.top.is_none() {
            files::make_dir(&self.dir)?;
        } else if let Err(error) = private(&self.dir)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        let found = Stat::of(&self.dir, Follow::No)?;
        // The home's may be a link of its user's.
        let is_dir = found.kind == Kind::Directory || self.top.is_none();
        if !is_dir || (self.top.is_some() && found.uid != process::uid()) {
            let text = format!("`{}` is not this user's own", pathtext::shown(&self.dir));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        for name in ["files", "info"] {
            match private(&self.dir.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Describes something and renames it into `files`; returns the
    /// description's path.
    fn take(&self, parent: &Path, name: &OsStr) -> io::Result<PathBuf> {
        let from = Dir::locate(parent)?;
        let files = Dir::locate(&self.dir.join("files"))?;
        let origin = parent.join(name);
        let told = match &self.top {
            Some(top) => origin.strip_prefix(top).unwrap_or(&origin),
            None => &origin,
        };
        let text = info::write(told);
        for number in 0..MAX_NAMES {
            let name_there = numbered(name, number);
            let mut described = name_there.clone();
            described.push(ENDING);
            let info = self.dir.join("info").join(described);
            // First the description: it is what reserves the name.
            let mut file = match fs::File::create_new(&info) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let taken = file
                .write_all(text.as_bytes())
                .and_then(|()| from.rename_in(name, &files, &name_there, Replace::No));
            match taken {
                Ok(()) => return Ok(info),
                Err(error) => {
                    let _ = fs::remove_file(&info);
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Finds the trash that a description lies in, if it is one of this user.
    fn of_info(info: &Path, home_trash: &Path) -> Option<Self> {
        let folder = info.parent()?;
        let dir = folder.parent()?;
        if folder.file_name()? != "info" || has_dots(info) {
            return None;
        }
        if dir == home_trash {
            return Some(Self {
                dir: dir.to_owned(),
                top: None,
            });
        }
        let uid = process::uid().to_string();
        let name = dir.file_name()?.to_str()?;
        let parent = dir.parent()?;
        let top = if name == format!(".Trash-{uid}") {
            parent
        } else if name == uid && parent.file_name()? == ".Trash" {
            parent.parent()?
        } else {
            return None;
        };
        Some(Self {
            dir: dir.to_owned(),
            top: Some(top.to_owned()),
        })
    }

    /// Reads where something was; `None` when that makes no sense.
    fn origin(&self, info: &Path) -> io::Result<Option<PathBuf>> {
        Ok(info::read(info)?.and_then(|path| match &self.top {
            _ if has_dots(&path) => None,
            Some(top) => Some(top.join(path)),
            None => path.is_absolute().then_some(path),
        }))
    }
}

fn private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(dir)
}

fn has_dots(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// Names something in the trash: `a.txt`, `a.txt.2`; short enough for its
/// description to have a name.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let word = match number {
        0 => String::new(),
        more => format!(".{}", more + 1),
    };
    let room = 255 - ENDING.len() - word.len();
    let kept = &name.as_bytes()[..name.len().min(room)];
    OsString::from_vec([kept, word.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        let trash = dir.path().join("Trash");
        (dir, home, trash)
    }

    #[test]
    fn what_is_trashed_twice_comes_back_one_by_one() {
        let (_dir, home, trash) = case();
        let path = home.join(OsStr::from_bytes(b"caf\xe9 %41\n"));
        let mut ids = Vec::new();
        for text in ["one", "two"] {
            fs::write(&path, text).unwrap();
            ids.push(put(&path, &home, &trash).unwrap().id);
            assert!(!path.exists());
        }
        assert!(restore(&ids[1], &trash).is_ok());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let taken = restore(&ids[0], &trash).unwrap_err();
        assert_eq!((taken.code, taken.reason.as_deref()), (409, Some(EXISTS)));
        fs::remove_file(&path).unwrap();
        restore(&ids[0], &trash).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(restore(&ids[0], &trash).unwrap_err().code, 404);
        for name in ["files", "info"] {
            assert_eq!(fs::read_dir(trash.join(name)).unwrap().count(), 0);
        }
    }

    #[test]
    fn the_trash_itself_and_the_home_are_not_trashed() {
        let (_dir, home, trash) = case();
        fs::write(home.join("f"), "").unwrap();
        let item = put(&home.join("f"), &home, &trash).unwrap();
        let inside = trash.join("files/f");
        for path in [&*home, &*trash, &*inside, Path::new("/")] {
            let refused = put(path, &home, &trash).unwrap_err();
            assert_eq!(refused.reason.as_deref(), Some(NO_TRASH), "{path:?}");
        }
        assert!(restore(&item.id, &trash).is_ok());
    }

    #[test]
    fn only_a_trash_of_this_user_is_restored_from() {
        let home_trash = Path::new("/home/u/.local/share/Trash");
        let uid = process::uid();
        let of = |path: &str| Trash::of_info(Path::new(path), home_trash).map(|trash| trash.top);
        assert_eq!(
            of("/home/u/.local/share/Trash/info/a.trashinfo"),
            Some(None)
        );
        let top = Some(Some(PathBuf::from("/mnt")));
        assert_eq!(of(&format!("/mnt/.Trash-{uid}/info/a.trashinfo")), top);
        assert_eq!(of(&format!("/mnt/.Trash/{uid}/info/a.trashinfo")), top);
        for path in [
            "/mnt/.Trash-99999/info/a",
            "/tmp/info/a",
            "/home/u/.local/share/Trash/a",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
