//! Replacing a file's content atomically.
//!
//! The new content is written beside the target, made like it (owner, mode,
//! access control list, attributes) and on the disk before it is renamed over
//! it: a reader, and whoever comes after a crash, finds the old content or the
//! new. The condition is looked at under a lock of the server, right before
//! the rename; another program can come in between only for as long as the
//! last look at the target's times takes.
//!
//! A symbolic link stays; what it leads to is replaced, or made. A file that a
//! rename would take away from its owner, from its other names or from its
//! mount is overwritten where it is, guarded by [`super::in_place`].

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use super::condition::Condition;
use super::in_place;
use super::in_place::Undo;
use crate::project::files::hash;
use crate::project::files::parts;
use crate::project::files::refusal::refuse;
use crate::project::files::refusal::refuse_name;
use crate::protocol::call::Refusal;
use crate::protocol::files::CHANGED;
use crate::protocol::files::EXISTS;
use crate::sys::disk::dir;
use crate::sys::disk::dir::Replace;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;
use crate::sys::disk::stat::Stat;
use crate::sys::disk::temporary;
use crate::sys::disk::temporary::Likeness;
use crate::sys::disk::temporary::Temporary;

/// How many symbolic links a path may lead through, as in Linux.
const MAX_LINKS: usize = 40;

/// How often a save looks again at a file that others replace meanwhile.
const MAX_LOOKS: usize = 3;

/// Why a save did not take place; the old content is intact.
#[derive(Debug)]
pub(in crate::project::files) enum Failure {
    /// It cannot be saved.
    Refused(Refusal),
    /// Other content is there than expected.
    Changed {
        /// 412.
        refusal: Refusal,
        /// The hash of what is there.
        hash: Option<String>,
    },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// New content on its way to a file; drop leaves nothing of it.
#[derive(Debug)]
pub(in crate::project::files) struct Draft {
    /// The file, links resolved.
    target: PathBuf,
    name: OsString,
    temporary: Temporary,
    is_beside: bool,
}

impl Draft {
    /// Begins to replace, or make, the file that a path leads to.
    ///
    /// `undo` has the room for what cannot be written beside its target.
    ///
    /// # Errors
    /// 400 for what is no regular file, 403 for a file that this user may not
    /// write, 404 without its directory, 507 when the disk is full.
    pub(in crate::project::files) fn begin(path: &Path, undo: &Undo) -> Result<Self, Refusal> {
        let failed = |error: io::Error| refuse("save", path, &error);
        let target = resolve(path).map_err(failed)?;
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        };
        let found = existing(&target).map_err(failed)?;
        if found.is_some() {
            dir::check_writable(&target).map_err(failed)?;
        }
        let made = Temporary::make(folder, &parts::fresh(name));
        let is_elsewhere = found.is_some() && made.as_ref().is_err_and(is_no_room_for_names);
        let temporary = match is_elsewhere {
            true => undo.draft(),
            false => made,
        };
        Ok(Self {
            name: name.to_owned(),
            temporary: temporary.map_err(|error| refuse_name("save", &target, &error))?,
            is_beside: !is_elsewhere,
            target,
        })
    }

    /// Takes new content that lies beside its target already.
    pub(in crate::project::files) fn of(target: PathBuf, temporary: Temporary) -> Self {
        Self {
            name: target.file_name().unwrap_or_default().to_owned(),
            target,
            temporary,
            is_beside: true,
        }
    }

    /// Where the new content is written to.
    pub(in crate::project::files) fn file(&mut self) -> &mut File {
        self.temporary.file()
    }

    /// Puts the new content into its place, if what is there is as expected.
    ///
    /// # Errors
    /// [`Failure::Changed`] when it is not, else as the system says; the old
    /// content is intact then.
    pub(in crate::project::files) fn commit(
        mut self,
        condition: &Condition,
        saving: &Mutex<()>,
        undo: &Undo,
    ) -> Result<Stat, Failure> {
        let path = self.target.clone();
        let failed = |error: io::Error| Failure::Refused(refuse("save", &path, &error));
        // Long before the lock: what waits for the disk waits alone.
        self.file().sync_data().map_err(failed)?;
        let _saving = saving.lock();
        for _ in 0..MAX_LOOKS {
            let found = Found::at(&path, condition).map_err(failed)?;
            let hash = found.as_ref().and_then(|found| found.hash.as_deref());
            let is_there = found.is_some().then(|| hash.unwrap_or_default());
            if !condition.allows(is_there) {
                return Err(unexpected(&path, condition, hash));
            }
            if let Some(saved) = self.put(found, undo).map_err(failed)? {
                return Ok(saved);
            }
        }
        Err(failed(io::ErrorKind::ResourceBusy.into()))
    }

    /// Renames over what was found, or overwrites it where it is; `None` when
    /// the file was changed at that moment, to be compared again.
    fn put(&mut self, found: Option<Found>, undo: &Undo) -> io::Result<Option<Stat>> {
        let Some(mut found) = found else {
            return match self.publish(Replace::No) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
                done => done.map(Some),
            };
        };
        let is_alone = self.is_beside && found.stat.links == 1;
        if !is_alone || self.liken(&found)? == Likeness::OtherOwner {
            return self.overwrite(&mut found, undo).map(Some);
        }
        let now = Stat::of(&self.target, Follow::No)?;
        if !now.is_same_file(&found.stat) || now.changed != found.stat.changed {
            return Ok(None);
        }
        match self.publish(Replace::Yes) {
            // It is mounted by itself, as containers do.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                self.overwrite(&mut found, undo).map(Some)
            }
            done => done.map(Some),
        }
    }

    fn liken(&mut self, found: &Found) -> io::Result<Likeness> {
        temporary::liken(self.temporary.file(), &found.file, &found.stat)
    }

    fn publish(&mut self, replace: Replace) -> io::Result<Stat> {
        self.temporary.publish(&self.name, replace)?;
        Stat::of(&self.target, Follow::No)
    }

    fn overwrite(&mut self, found: &mut Found, undo: &Undo) -> io::Result<Stat> {
        let new = self.temporary.file();
        in_place::overwrite(&self.target, &mut found.file, new, undo)?;
        Stat::of(&self.target, Follow::No)
    }
}

/// What is in the place of a save.
struct Found {
    file: File,
    stat: Stat,
    /// Its hash, where the condition asks for it.
    hash: Option<String>,
}

impl Found {
    fn at(path: &Path, condition: &Condition) -> io::Result<Option<Self>> {
        let (mut file, stat) = match dir::open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        let hash = match condition {
            Condition::None | Condition::Present => None,
            Condition::Absent | Condition::Hash(_) => Some(hash::of_file(&mut file)?),
        };
        Ok(Some(Self { file, stat, hash }))
    }
}

fn unexpected(path: &Path, condition: &Condition, hash: Option<&str>) -> Failure {
    let (text, reason) = match (condition, hash) {
        (Condition::Absent, _) => ("a file of this name exists", EXISTS),
        (_, None) => ("the file was deleted or renamed meanwhile", CHANGED),
        (_, Some(_)) => ("the file was changed meanwhile", CHANGED),
    };
    let error = io::Error::new(io::ErrorKind::InvalidInput, text);
    let refusal = refuse("save", path, &error).because(reason);
    Failure::Changed {
        refusal: Refusal {
            code: 412,
            ..refusal
        },
        hash: hash.map(str::to_owned),
    }
}

/// Follows the links of a path, also those that lead to nothing yet.
///
/// # Errors
/// For a circle of links, and as the system says about the directory.
pub(in crate::project::files) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("/")).join(to),
            Err(_) => {
                let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                    return fs::canonicalize(path);
                };
                return Ok(fs::canonicalize(folder)?.join(name));
            }
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "its symbolic links lead in a circle",
    ))
}

/// Looks at what a save would replace; only a regular file may be.
///
/// # Errors
/// When something else is there, and as the system says.
pub(in crate::project::files) fn existing(target: &Path) -> io::Result<Option<Stat>> {
    match Stat::of(target, Follow::No) {
        Ok(found) if found.kind == Kind::File => Ok(Some(found)),
        Ok(found) if found.kind == Kind::Directory => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a pipe, socket or device",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says whether a directory takes no new name from this user.
fn is_no_room_for_names(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    use super::*;

    struct Case {
        dir: tempfile::TempDir,
        undo: Undo,
        saving: Mutex<()>,
    }

    impl Case {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let undo = Undo::new(dir.path().join("saves"));
            fs::create_dir(dir.path().join("d")).unwrap();
            Self {
                dir,
                undo,
                saving: Mutex::default(),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join("d").join(name)
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).unwrap()
        }

        fn save(&self, name: &str, text: &str, condition: &Condition) -> Result<Stat, Failure> {
            let mut draft = Draft::begin(&self.path(name), &self.undo)?;
            draft.file().write_all(text.as_bytes()).unwrap();
            draft.commit(condition, &self.saving, &self.undo)
        }
    }

    #[test]
    fn only_what_the_editor_saw_is_replaced() {
        let case = Case::new();
        let first = Condition::Hash(hash::of_bytes(b"one"));
        assert!(matches!(
            case.save("f", "x", &first),
            Err(Failure::Changed { hash: None, .. })
        ));
        case.save("f", "one", &Condition::Absent).unwrap();
        case.save("f", "two", &first).unwrap();
        let Err(Failure::Changed { refusal, hash }) = case.save("f", "three", &first) else {
            panic!("a stale save was taken");
        };
        assert_eq!((refusal.code, hash), (412, Some(hash::of_bytes(b"two"))));
        assert_eq!(case.read("f"), "two");
        assert!(case.save("f", "x", &Condition::Absent).is_err());
        let names = fs::read_dir(case.path("")).unwrap().count();
        assert_eq!(names, 1, "no temporary stays");
    }

    #[test]
    fn mode_links_and_other_names_stay() {
        let case = Case::new();
        fs::write(case.path("f"), "old").unwrap();
        fs::set_permissions(case.path("f"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("f", case.path("link")).unwrap();
        symlink("new", case.path("dangling")).unwrap();
        case.save("link", "through", &Condition::None).unwrap();
        case.save("dangling", "made", &Condition::None).unwrap();
        assert_eq!(
            (case.read("f"), case.read("new")),
            ("through".into(), "made".into())
        );
        assert!(
            fs::symlink_metadata(case.path("link"))
                .unwrap()
                .is_symlink()
        );
        assert_eq!(fs::metadata(case.path("f")).unwrap().mode() & 0o7777, 0o640);
        fs::hard_link(case.path("f"), case.path("other")).unwrap();
        case.save("f", "both", &Condition::None).unwrap();
        assert_eq!(case.read("other"), "both");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let case = Case::new();
        symlink("circle", case.path("circle")).unwrap();
        let code = |name: &str| match case.save(name, "x", &Condition::None) {
            Err(Failure::Refused(refusal)) => refusal.code,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(code(""), 400);
        assert_eq!(code("circle"), 400);
        assert_eq!(code("no/such/f"), 404);
    }
}
