//! Answers `project.<id>.files.…`.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Files;
use super::entry;
use super::jobs::job::Progress;
use super::jobs::transfer;
use super::refusal::refuse;
use super::refusal::refuse_name;
use super::trash::can;
use super::watch;
use crate::project::router::Replies;
use crate::project::router::Router;
use crate::protocol::call::Refusal;
use crate::protocol::files::Create;
use crate::protocol::files::EXISTS;
use crate::protocol::files::Entry;
use crate::protocol::files::Ids;
use crate::protocol::files::Job;
use crate::protocol::files::JobRequest;
use crate::protocol::files::JobUnit;
use crate::protocol::files::Kind;
use crate::protocol::files::Paths;
use crate::protocol::files::Place;
use crate::protocol::files::Rename;
use crate::protocol::files::Restored;
use crate::protocol::files::Started;
use crate::protocol::files::Transfer;
use crate::protocol::files::Trashed;
use crate::protocol::files::WatchNews;
use crate::protocol::methods::Nothing;
use crate::protocol::methods::files as methods;
use crate::protocol::pathtext;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::dir::Replace;
use crate::web::bytes::stream::blocking;

/// Adds the methods of files.
pub(in crate::project) fn routes(router: Router, files: &Arc<Files>) -> Router {
    router
        .one::<methods::Home, _, _>(files, home)
        .one::<methods::Stat, _, _>(files, stat)
        .one::<methods::Create, _, _>(files, create)
        .one::<methods::Rename, _, _>(files, rename)
        .one::<methods::Copy, _, _>(files, begin_copy)
        .one::<methods::Move, _, _>(files, begin_move)
        .one::<methods::Delete, _, _>(files, begin_delete)
        .one::<methods::Trash, _, _>(files, trash)
        .one::<methods::Restore, _, _>(files, restore)
        .one::<methods::Job, _, _>(files, job)
        .many::<methods::Watch, _, _>(files, watch_path)
}

async fn home(files: Arc<Files>, _: Nothing) -> Result<Place, Refusal> {
    let path = pathtext::encode(&files.home);
    Ok(Place { path })
}

async fn stat(files: Arc<Files>, asked: Place) -> Result<Entry, Refusal> {
    let path = files.path(&asked.path)?;
    blocking(move || described(&path)).await
}

async fn create(files: Arc<Files>, asked: Create) -> Result<Entry, Refusal> {
    let path = files.path(&asked.path)?;
    blocking(move || create_at(&path, asked.kind)).await
}

async fn rename(files: Arc<Files>, asked: Rename) -> Result<Entry, Refusal> {
    let (from, to) = (files.path(&asked.from)?, files.path(&asked.to)?);
    let replace = match asked.overwrite {
        true => Replace::Yes,
        false => Replace::No,
    };
    blocking(move || rename_to(&from, &to, replace)).await
}

async fn begin_copy(files: Arc<Files>, asked: Transfer) -> Result<Started, Refusal> {
    let (from, to) = (files.paths(&asked.from)?, files.path(&asked.to_dir)?);
    let copy = move |progress: &Progress| transfer::copy(&from, &to, progress);
    let job = files.jobs.begin(JobUnit::Bytes, copy)?;
    Ok(Started { job })
}

async fn begin_move(files: Arc<Files>, asked: Transfer) -> Result<Started, Refusal> {
    let (from, to) = (files.paths(&asked.from)?, files.path(&asked.to_dir)?);
    let home = files.home.clone();
    let moving = move |progress: &Progress| transfer::move_to(&from, &to, &home, progress);
    let job = files.jobs.begin(JobUnit::Bytes, moving)?;
    Ok(Started { job })
}

async fn begin_delete(files: Arc<Files>, asked: Paths) -> Result<Started, Refusal> {
    let (paths, home) = (files.paths(&asked.paths)?, files.home.clone());
    let delete = move |progress: &Progress| transfer::delete(&paths, &home, progress);
    let job = files.jobs.begin(JobUnit::Entries, delete)?;
    Ok(Started { job })
}

async fn trash(files: Arc<Files>, asked: Paths) -> Result<Trashed, Refusal> {
    let paths = files.paths(&asked.paths)?;
    blocking(move || trash_all(&paths, &files)).await
}

async fn restore(files: Arc<Files>, asked: Ids) -> Result<Restored, Refusal> {
    blocking(move || restore_all(&asked.ids, &files)).await
}

async fn job(files: Arc<Files>, asked: JobRequest) -> Result<Job, Refusal> {
    match asked.cancel {
        true => files.jobs.cancel(&asked.id),
        false => files.jobs.look(&asked.id),
    }
}

async fn watch_path(files: Arc<Files>, asked: Place) -> Result<Replies<WatchNews>, Refusal> {
    Ok(watch::of(files, asked.path))
}

/// Puts one after the other into the trash, up to the first that does not go.
///
/// # Errors
/// When that is the very first.
fn trash_all(paths: &[PathBuf], files: &Files) -> Result<Trashed, Refusal> {
    let mut done = Trashed::default();
    for path in paths {
        match can::put(path, &files.home, &files.trash) {
            Ok(item) => done.trashed.push(item),
            Err(refusal) if done.trashed.is_empty() => return Err(refusal),
            Err(refusal) => {
                done.error = Some(refusal);
                break;
            }
        }
    }
    Ok(done)
}

fn restore_all(ids: &[String], files: &Files) -> Result<Restored, Refusal> {
    let restored = ids.iter().map(|id| can::restore(id, &files.trash));
    let restored = restored.collect::<Result<_, _>>()?;
    Ok(Restored { restored })
}

fn described(path: &Path) -> Result<Entry, Refusal> {
    entry::at(path).map_err(|error| refuse("look at", path, &error))
}

/// Makes an empty file or a directory, and its parents.
fn create_at(path: &Path, kind: Kind) -> Result<Entry, Refusal> {
    let failed = |error: io::Error| refuse_name("create", path, &error);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    };
    make_parents(path, parent)?;
    let dir = Dir::locate(parent).map_err(failed)?;
    let made = match kind {
        Kind::File => dir.create_in(name, 0o666).map(drop),
        Kind::Directory => dir.make_dir_in(name, 0o777),
        _ => return Err(Refusal::new(400, "only a file or directory can be created")),
    };
    made.and_then(|()| entry::of(&dir, name)).map_err(failed)
}

/// Makes the directories above a path that are missing.
///
/// # Errors
/// As the system says, about `path`.
pub(super) fn make_parents(path: &Path, parent: &Path) -> Result<(), Refusal> {
    let made = DirBuilder::new().recursive(true).create(parent);
    made.map_err(|error| match error.kind() {
        // One of them is a file.
        io::ErrorKind::AlreadyExists => {
            refuse("create", path, &io::ErrorKind::NotADirectory.into())
        }
        _ => refuse("create", path, &error),
    })
}

fn rename_to(from: &Path, to: &Path, replace: Replace) -> Result<Entry, Refusal> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
            refuse("rename to", to, &error).because(EXISTS)
        }
        _ => refuse_name("rename", from, &error),
    };
    let parts = |path: &Path| -> Result<_, Refusal> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refuse("rename", path, &io::ErrorKind::ResourceBusy.into()));
        };
        let dir = Dir::locate(parent).map_err(|error| refuse("rename", path, &error))?;
        Ok((dir, name.to_owned()))
    };
    let (old_dir, old_name) = parts(from)?;
    let (new_dir, new_name) = parts(to)?;
    let renamed = old_dir.rename_in(&old_name, &new_dir, &new_name, replace);
    renamed.map_err(failed)?;
    entry::of(&new_dir, &new_name).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_rename_replaces_nothing_unless_it_shall() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&a, "a").unwrap();
        fs::write(&b, "b").unwrap();
        let refused = rename_to(&a, &b, Replace::No).unwrap_err();
        assert_eq!(
            (refused.code, refused.reason.as_deref()),
            (409, Some(EXISTS))
        );
        assert!(refused.message.contains("/b`"), "{refused}");
        assert_eq!(rename_to(&a, &b, Replace::Yes).unwrap().name, "b");
        assert_eq!(fs::read_to_string(&b).unwrap(), "a");
    }

    #[test]
    fn creating_makes_parents_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x/y/-rf");
        assert_eq!(create_at(&path, Kind::File).unwrap().kind, Kind::File);
        assert_eq!(create_at(&path, Kind::Directory).unwrap_err().code, 409);
        assert_eq!(
            create_at(&path.join("z"), Kind::File).unwrap_err().code,
            400
        );
        assert_eq!(create_at(Path::new("/"), Kind::File).unwrap_err().code, 409);
    }
}
