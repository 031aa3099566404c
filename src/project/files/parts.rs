//! Hidden files and directories of ours that are not complete yet.
//!
//! `.NAME.ccp-part-WORD` beside what it becomes, NAME shortened where the whole
//! would be too long for a name. A kill leaves it behind. When a directory is
//! listed, a thread sees to those in it and removes what has rested for seven
//! days: a whole tree in which nothing has changed for so long, which no copy
//! under way is, on whatever machine.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::jobs::job::Progress;
use super::jobs::tree;
use super::jobs::tree::Spot;
use super::upload;
use crate::sys::clock;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::stat::Follow;
use crate::sys::disk::stat::Stat;
use crate::sys::process;
use crate::sys::secret;

/// What stands between the name and the word.
const MARK: &[u8] = b".ccp-part-";

/// How many letters the word has; an upload's is its id.
const WORD_LETTERS: usize = 12;

/// The longest name that common file systems take, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// How long an upload may rest before its part is swept.
const REST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a directory is left alone after its parts were seen to.
const PAUSE: Duration = Duration::from_secs(3600);

/// Returns a name for what becomes `name`, which nobody else has.
pub(super) fn fresh(name: &OsStr) -> OsString {
    named(name, &secret::word(WORD_LETTERS))
}

/// Returns the name of the part with this word.
pub(super) fn named(name: &OsStr, word: &str) -> OsString {
    let room = MAX_NAME_BYTES - 1 - MARK.len() - word.len();
    let kept = &name.as_bytes()[..name.len().min(room)];
    OsString::from_vec([b".", kept, MARK, word.as_bytes()].concat())
}

/// Says whether a name is one that [`named`] gives.
pub(super) fn is_part(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    // Nearly no name, so the rest is hardly ever looked at.
    if !bytes.starts_with(b".") {
        return false;
    }
    let mark = bytes.windows(MARK.len()).rposition(|window| window == MARK);
    // There is a name between the dot and the mark.
    mark.filter(|&at| at > 1).is_some_and(|at| {
        let word = &bytes[at + MARK.len()..];
        secret::is_word(word, WORD_LETTERS) || upload::is_id(word)
    })
}

/// Removes in the background what was never completed.
#[derive(Debug, Default)]
pub(super) struct Sweeper(Arc<Mutex<Sweeps>>);

/// Never held while anything is removed.
#[derive(Debug, Default)]
struct Sweeps {
    is_under_way: bool,
    /// When the parts of a directory were last seen to.
    seen: HashMap<PathBuf, Instant>,
}

impl Sweeper {
    /// Sees to these parts of a directory on a thread of its own, one directory
    /// at a time and once an hour each.
    pub(super) fn sweep(&self, path: &Path, parts: Vec<OsString>) {
        if parts.is_empty() || !self.may_begin(path) {
            return;
        }
        let (path, sweeps) = (path.to_owned(), Arc::clone(&self.0));
        let work = move || {
            // It may be gone, and nobody is told.
            if let Ok(dir) = Dir::open(&path) {
                sweep(&dir, &parts, clock::now_ms());
            }
            if let Ok(mut sweeps) = sweeps.lock() {
                sweeps.is_under_way = false;
            }
        };
        // It ends with the process, which waits for none.
        if thread::Builder::new()
            .name("sweep".to_owned())
            .spawn(work)
            .is_err()
            && let Ok(mut sweeps) = self.0.lock()
        {
            sweeps.is_under_way = false;
        }
    }

    fn may_begin(&self, path: &Path) -> bool {
        let Ok(mut sweeps) = self.0.lock() else {
            return false;
        };
        sweeps.seen.retain(|_, at| at.elapsed() < PAUSE);
        if sweeps.is_under_way || sweeps.seen.contains_key(path) {
            return false;
        }
        sweeps.seen.insert(path.to_owned(), Instant::now());
        sweeps.is_under_way = true;
        true
    }
}

/// Removes those of these parts in which nothing has changed for too long at
/// `now_ms`.
///
/// Only what is this user's; nobody is told what fails. What counts is when
/// anything last changed: the time of the content may be the original's.
fn sweep(dir: &Dir, parts: &[OsString], now_ms: u64) {
    let now = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let rest = i64::try_from(REST.as_millis()).unwrap_or(i64::MAX);
    let has_rested = |found: &Stat| now.saturating_sub(found.changed_ms()) > rest;
    for name in parts {
        let spot = Spot::of(dir, name, Path::new(name));
        let is_ours = dir
            .stat_in(name, Follow::No)
            .is_ok_and(|found| found.uid == process::uid());
        let is_left = is_ours && tree::is_all(spot, &has_rested).unwrap_or(false);
        if is_left && tree::delete(spot, &Progress::unheard()).is_ok() {
            tracing::info!(?name, "removed what was never completed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_part_fits_a_name_and_is_known_again() {
        let long = OsString::from_vec(vec![b'x'; 255]);
        for name in [OsStr::new("a.txt"), &long] {
            let upload = named(name, "0123456789abcdef01234567");
            for part in [fresh(name), upload] {
                assert!(part.len() <= MAX_NAME_BYTES && is_part(&part), "{part:?}");
            }
        }
        assert_eq!(named(OsStr::new("a"), "w"), ".a.ccp-part-w");
        for other in [
            "a.ccp-part-abcdefghijkm",
            ".a.ccp-part-w",
            ".a.ccp-part-abcdefghijkl",
            ".a.ccp-part-abcdefghijkm.txt",
            ".a.ccp-part-0123456789ABCDEF01234567",
            ".ccp-part-abcdefghijkm",
            ".",
        ] {
            assert!(!is_part(OsStr::new(other)), "{other}");
        }
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

    #[test]
    fn a_tree_that_is_written_in_its_depth_is_not_swept() {
        let dir = tempfile::tempdir().unwrap();
        let part = OsString::from(".tree.ccp-part-b");
        let depth = dir.path().join(&part).join("below");
        fs::create_dir_all(&depth).unwrap();
        let open = Dir::open(dir.path()).unwrap();
        let changed = |dir: &Dir, name: &OsStr| dir.stat_in(name, Follow::No).unwrap().changed_ms();
        let (root, below) = (changed(&open, &part), Dir::open(&depth).unwrap());
        let written = || {
            fs::write(depth.join("file"), "more").unwrap();
            changed(&below, OsStr::new("file"))
        };
        while written() <= root + 1 {}
        let rest = i64::try_from(REST.as_millis()).unwrap();
        let only_the_root_has_rested = u64::try_from(root + 1 + rest).unwrap();
        sweep(&open, &[part], only_the_root_has_rested);
        assert!(depth.join("file").exists());
    }

    #[test]
    fn a_directory_is_seen_to_once_and_nothing_waits_for_it() {
        let sweeper = Sweeper::default();
        assert!(sweeper.may_begin(Path::new("/a")));
        assert!(!sweeper.may_begin(Path::new("/b")), "one at a time");
        sweeper.0.lock().unwrap().is_under_way = false;
        assert!(!sweeper.may_begin(Path::new("/a")), "once an hour");
        assert!(sweeper.may_begin(Path::new("/b")));
    }
}
