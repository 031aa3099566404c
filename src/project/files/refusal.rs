//! What the system says about a path, for a person.

use std::io;
use std::path::Path;

use crate::protocol::call::Refusal;
use crate::protocol::files::EXISTS;
use crate::protocol::pathtext::shown;
use crate::sys::disk::dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Stat;
use crate::sys::process;

/// Says why something could not be done to a path, and what to do next.
///
/// `doing` completes "cannot …": `read`, `save`.
pub(super) fn refuse(doing: &str, path: &Path, error: &io::Error) -> Refusal {
    use io::ErrorKind as Kind;
    let path = shown(path);
    let say = |code, text: String| Refusal::new(code, format!("cannot {doing} `{path}`: {text}"));
    let plain = |code, text: &str| say(code, text.to_owned());
    match error.kind() {
        Kind::NotFound => plain(404, "there is no such file or directory"),
        Kind::PermissionDenied => plain(
            403,
            "this user may not; `ls -ld` shows whose it is and who may",
        ),
        Kind::ReadOnlyFilesystem => plain(403, "its file system is mounted read-only"),
        Kind::AlreadyExists => plain(409, "something of this name exists").because(EXISTS),
        Kind::DirectoryNotEmpty => {
            plain(409, "a directory that is not empty is there").because(EXISTS)
        }
        Kind::NotADirectory => plain(400, "it, or a part of its path, is not a directory"),
        Kind::IsADirectory => plain(400, "it is a directory"),
        Kind::InvalidFilename => plain(400, "the name is too long, or not one for its file system"),
        Kind::StorageFull => plain(
            507,
            "the disk is full; `df -h` shows which, make room first",
        ),
        Kind::QuotaExceeded => plain(
            507,
            "your quota is used up; `quota` shows it, make room first",
        ),
        Kind::FileTooLarge => plain(507, "it would be larger than this system allows"),
        Kind::CrossesDevices => plain(409, "it lies on another file system: move it instead"),
        Kind::ResourceBusy | Kind::ExecutableFileBusy => {
            plain(409, "it is in use; end what uses it first")
        }
        Kind::StaleNetworkFileHandle => plain(503, "the file server has lost it; try again"),
        Kind::InvalidInput => say(400, error.to_string()),
        _ if is_out_of_descriptors(error) => {
            plain(503, "the server has too many files open; try again later")
        }
        _ => {
            tracing::warn!(%error, doing, path, "work on files failed");
            say(500, error.to_string())
        }
    }
}

/// The same of a name that is to come or go, which is up to its directory: where
/// that does not let this user, the words are about it.
pub(super) fn refuse_name(doing: &str, path: &Path, error: &io::Error) -> Refusal {
    let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
    let closed = is_denied.then(|| closed_directory(doing, path)).flatten();
    closed.unwrap_or_else(|| refuse(doing, path, error))
}

/// Refuses what the directory of a path forbids: to change it, or to take out
/// of it what is somebody else's. `None` where it lets this user.
pub(super) fn closed_directory(doing: &str, path: &Path) -> Option<Refusal> {
    let parent = path.parent()?;
    let is_denied = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    let why = if dir::check_writable(parent).is_err_and(is_denied) {
        let parent = shown(parent);
        format!(
            "this user may not change the directory `{parent}`; `ls -ld` of that shows whose it \
             is and who may"
        )
    } else if is_sticky_for(parent, path) {
        let parent = shown(parent);
        format!("from the directory `{parent}` everybody may take only what is their own")
    } else {
        return None;
    };
    let path = shown(path);
    Some(Refusal::new(403, format!("cannot {doing} `{path}`: {why}")))
}

/// Says whether a directory's sticky bit keeps an entry from this user.
fn is_sticky_for(parent: &Path, path: &Path) -> bool {
    let uid = process::uid();
    let is_foreign = |path, follow| Stat::of(path, follow).ok().filter(|found| found.uid != uid);
    uid != 0
        && is_foreign(parent, Follow::Yes).is_some_and(|parent| parent.mode & 0o1000 != 0)
        && is_foreign(path, Follow::No).is_some()
}

/// EMFILE and ENFILE, which are the same numbers everywhere.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_path_on_one_line_and_the_next_step() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let refusal = refuse("save", Path::new("/a\nb"), &full);
        assert_eq!(refusal.code, 507);
        assert_eq!(
            refusal.message,
            "cannot save `/a\\nb`: the disk is full; `df -h` shows which, make room first"
        );
        let there = io::Error::from(io::ErrorKind::AlreadyExists);
        let refusal = refuse("create", Path::new("/a"), &there);
        assert_eq!(
            (refusal.code, refusal.reason.as_deref()),
            (409, Some("exists"))
        );
    }
}
