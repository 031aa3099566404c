//! Hidden files of ours that are not complete yet.
//!
//! `.NAME.ccp-part-WORD` beside what it becomes, NAME shortened where the whole
//! would be too long for a name. A kill leaves it behind; what is older than
//! seven days is swept when its directory is written to.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use crate::sys::clock;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Kind;
use crate::sys::secret;

/// What stands between the name and the word.
const MARK: &[u8] = b".ccp-part-";

/// The longest name that common file systems take, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// How long an upload may rest before its part is swept.
const REST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Returns a name for what becomes `name`, which nobody else has.
pub(super) fn fresh(name: &OsStr) -> OsString {
    named(name, &secret::word(12))
}

/// Returns the name of the part with this word.
pub(super) fn named(name: &OsStr, word: &str) -> OsString {
    let room = MAX_NAME_BYTES - 1 - MARK.len() - word.len();
    let kept = &name.as_bytes()[..name.len().min(room)];
    OsString::from_vec([b".", kept, MARK, word.as_bytes()].concat())
}

/// Removes the files of ours in a directory that rest for too long.
///
/// Only files of this user with one name; nobody is told what fails.
pub(super) fn sweep(dir: &Dir, uid: u32) {
    let now = i64::try_from(clock::now_ms()).unwrap_or(i64::MAX);
    let rest = i64::try_from(REST.as_millis()).unwrap_or(i64::MAX);
    let is_old = |name: &OsStr| {
        dir.stat_in(name, Follow::No).is_ok_and(|found| {
            let is_ours = found.kind == Kind::File && found.uid == uid && found.links == 1;
            is_ours && now.saturating_sub(found.modified_ms()) > rest
        })
    };
    let mut parts = Vec::new();
    // What cannot be read now is swept another day.
    let _ = dir.visit(|name, _| {
        if is_part(name) {
            parts.push(name.to_owned());
        }
    });
    for name in parts.iter().filter(|name| is_old(name)) {
        let _ = dir.remove_in(name);
    }
}

fn is_part(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let has_mark = bytes.windows(MARK.len()).any(|window| window == MARK);
    bytes.starts_with(b".") && has_mark
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_part_fits_a_name_and_is_known_again() {
        let long = OsString::from_vec(vec![b'x'; 255]);
        for name in [OsStr::new("a.txt"), &long] {
            let part = fresh(name);
            assert!(part.len() <= MAX_NAME_BYTES && is_part(&part), "{part:?}");
        }
        assert_eq!(named(OsStr::new("a"), "w"), ".a.ccp-part-w");
        assert!(!is_part(OsStr::new("a.ccp-part-w")));
    }

    #[test]
    fn only_old_parts_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let uid = crate::sys::process::uid();
        for name in [".old.ccp-part-a", ".new.ccp-part-b", ".old"] {
            let file = fs::File::create(dir.path().join(name)).unwrap();
            if name.starts_with(".old") {
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
            }
        }
        sweep(&Dir::open(dir.path()).unwrap(), uid);
        let mut left = Dir::open(dir.path()).unwrap().names().unwrap();
        left.sort_unstable();
        assert_eq!(left, [".new.ccp-part-b", ".old"]);
    }
}
