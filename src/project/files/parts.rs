//! Hidden files and directories of ours that are not complete yet.
//!
//! `.NAME.ccp-part-WORD` beside what it becomes, NAME shortened where the whole
//! would be too long for a name. A kill leaves it behind; what is older than
//! seven days is swept when its directory is listed.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use super::jobs::job::Progress;
use super::jobs::tree;
use super::jobs::tree::Spot;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::process;
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

/// Removes those of these parts that have rested for too long at `now_ms`.
///
/// Only what is this user's; nobody is told what fails. What counts is when
/// anything last changed: the time of the content may be the original's.
pub(super) fn sweep(dir: &Dir, parts: &[OsString], now_ms: u64) {
    let now = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    let rest = i64::try_from(REST.as_secs()).unwrap_or(i64::MAX);
    for name in parts {
        let Ok(found) = dir.stat_in(name, Follow::No) else {
            continue;
        };
        let is_ours = found.uid == process::uid();
        if !is_ours || now.saturating_sub(found.changed.0) <= rest {
            continue;
        }
        let spot = Spot {
            dir,
            name,
            path: Path::new(name),
        };
        if tree::delete(spot, &Progress::unheard()).is_ok() {
            tracing::info!(?name, "removed what was never completed");
        }
    }
}

/// Says whether a name is that of a part.
pub(super) fn is_part(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    // Nearly no name, so the rest is hardly ever looked at.
    bytes.starts_with(b".") && bytes.windows(MARK.len()).any(|window| window == MARK)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sys::clock;

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
    fn only_parts_that_rested_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let parts = [".file.ccp-part-a", ".tree.ccp-part-b"].map(OsString::from);
        fs::write(dir.path().join(&parts[0]), "").unwrap();
        fs::create_dir_all(dir.path().join(&parts[1]).join("below")).unwrap();
        fs::write(dir.path().join("other"), "").unwrap();
        let open = Dir::open(dir.path()).unwrap();
        let now = clock::now_ms();
        sweep(&open, &parts, now);
        assert_eq!(open.names().unwrap().len(), 3);
        let later = now + u64::try_from(REST.as_millis()).unwrap() + 10_000;
        sweep(&open, &parts, later);
        assert_eq!(open.names().unwrap(), ["other"]);
    }
}
