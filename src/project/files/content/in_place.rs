//! Overwriting a file where it is, with both contents kept until it is done.
//!
//! For a file with several names (a rename would leave the others with the old
//! content), of an owner that only root may give, in a directory that takes no
//! new name, or mounted by itself. Before the first byte is overwritten, the
//! old and the new content lie on the disk of the server's data:
//!
//! ```text
//! saves/k3f9a2/old saves/k3f9a2/new      both contents
//! saves/k3f9a2/target.json               {"path":"/srv/x","device":65024,"inode":12}
//! ```
//!
//! The room that the new content needs is reserved, then it is written from the
//! beginning, and what is too long is cut off last: a killed server leaves the
//! beginning of the new content before the rest of the old. The next server
//! finds that and completes it. It does so only when the file is exactly such
//! a mixture; whatever else it has become meanwhile stays.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::project::files::parts;
use crate::protocol::pathtext;
use crate::sys::disk::space;
use crate::sys::disk::stat::Stat;
use crate::sys::disk::temporary::Temporary;
use crate::sys::files;
use crate::sys::secret;

/// How much is compared or copied at a time.
const PIECE_BYTES: usize = 256 << 10;

/// Where both contents of a save in place are kept.
#[derive(Debug)]
pub(in crate::project::files) struct Undo {
    dir: PathBuf,
}

/// Which file is being overwritten.
#[derive(Deserialize, Serialize)]
struct Target {
    path: String,
    device: u64,
    inode: u64,
}

impl Undo {
    /// Takes the directory, which need not exist.
    pub(in crate::project::files) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Makes room for new content that cannot be written beside its target.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::project::files) fn draft(&self) -> io::Result<Temporary> {
        files::make_dir(&self.dir)?;
        Temporary::make(&self.dir, &parts::fresh("draft".as_ref()))
    }

    /// Completes what a killed server has left half written.
    pub(in crate::project::files) fn recover(&self) {
        let folders = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for folder in folders
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
        {
            match complete(&folder) {
                Ok(Some(path)) => tracing::warn!(path, "completed a save that was cut off"),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a save that was cut off stays as it is"),
            }
            let _ = fs::remove_dir_all(folder);
        }
    }

    /// Keeps both contents until [`Kept`] is dropped.
    fn keep(&self, path: &Path, old: &mut File, new: &mut File) -> io::Result<Kept> {
        files::make_dir(&self.dir)?;
        let kept = Kept(self.dir.join(secret::word(8)));
        files::make_dir(&kept.0)?;
        let stat = Stat::of_file(old)?;
        for (name, content) in [("old", old), ("new", new)] {
            let mut copy = File::create_new(kept.0.join(name))?;
            content.rewind()?;
            io::copy(content, &mut copy)?;
            copy.sync_all()?;
        }
        let target = Target {
            path: pathtext::encode(path),
            device: stat.device,
            inode: stat.inode,
        };
        let text = serde_json::to_vec(&target).map_err(io::Error::other)?;
        files::write_private(&kept.0.join("target.json"), &text)?;
        Ok(kept)
    }
}

/// Both contents of a save under way; drop forgets them.
struct Kept(PathBuf);

impl Drop for Kept {
    fn drop(&mut self) {
        // First what makes the rest count.
        let _ = fs::remove_file(self.0.join("target.json"));
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Overwrites the file at `path`, which is open as `old`, by all of `new`.
///
/// # Errors
/// What the system says; the old content is there again then.
pub(in crate::project::files) fn overwrite(
    path: &Path,
    old: &mut File,
    new: &mut File,
    undo: &Undo,
) -> io::Result<()> {
    let mut target = open_target(path)?;
    let before = Stat::of_file(old)?;
    if !Stat::of_file(&target)?.is_same_file(&before) {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    let _kept = undo.keep(path, old, new)?;
    space::reserve(&target, Stat::of_file(new)?.size)?;
    let Err(error) = pour(new, &mut target) else {
        return Ok(());
    };
    // Its blocks are still the file's, so this needs no room.
    let restored = pour(&mut File::open(_kept.0.join("old"))?, &mut target);
    if let Err(cause) = restored {
        tracing::error!(%cause, "a save in place failed and could not be undone");
    }
    Err(error)
}

/// Writes all of one file over another, and cuts off what is too long.
fn pour(from: &mut File, to: &mut File) -> io::Result<()> {
    from.rewind()?;
    to.rewind()?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut length = 0;
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            break;
        }
        to.write_all(&piece[..read])?;
        length += read as u64;
    }
    to.set_len(length)?;
    to.sync_all()
}

/// Opens a regular file to write it, without emptying it.
fn open_target(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(space::NO_WAITING)
        .open(path)
}

/// Completes one save; returns the file's path if there was something to do.
fn complete(folder: &Path) -> io::Result<Option<String>> {
    let Ok(text) = fs::read(folder.join("target.json")) else {
        return Ok(None);
    };
    let target: Target = serde_json::from_slice(&text).map_err(io::Error::other)?;
    let path = PathBuf::from(pathtext::decode(&target.path));
    let file = File::open(&path)?;
    let stat = Stat::of_file(&file)?;
    let is_same = (stat.device, stat.inode) == (target.device, target.inode);
    let old = File::open(folder.join("old"))?;
    let mut new = File::open(folder.join("new"))?;
    if !is_same || !is_mixture(&file, &old, &new)? {
        return Ok(None);
    }
    pour(&mut new, &mut open_target(&path)?)?;
    Ok(Some(target.path))
}

/// Says whether a file has the beginning of `new` and the rest of `old`, and
/// is neither as a whole.
fn is_mixture(file: &File, old: &File, new: &File) -> io::Result<bool> {
    let size = |file: &File| Stat::of_file(file).map(|stat| stat.size);
    let (length, old_length, new_length) = (size(file)?, size(old)?, size(new)?);
    let is_old = length == old_length && agree(file, old, 0)? == length;
    let written = agree(file, new, 0)?;
    let is_new = length == new_length && written == length;
    let rest_is_old = agree(file, old, written)? == length;
    let is_mixed = length == old_length.max(written) && (rest_is_old || written == length);
    Ok(is_mixed && !is_old && !is_new)
}

/// Returns up to where two files agree from `from` on.
fn agree(one: &File, other: &File, from: u64) -> io::Result<u64> {
    let (mut a, mut b) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    let mut at = from;
    loop {
        let (length_a, length_b) = (fill(one, &mut a, at)?, fill(other, &mut b, at)?);
        let both = length_a.min(length_b);
        let differs = |(x, y): (&u8, &u8)| x != y;
        let same = a[..both].iter().zip(&b[..both]).position(differs);
        at += same.unwrap_or(both) as u64;
        if same.is_some() || both < PIECE_BYTES {
            return Ok(at);
        }
    }
}

fn fill(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read_at(&mut piece[filled..], at + filled as u64)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        dir: tempfile::TempDir,
        undo: Undo,
    }

    impl Case {
        fn new(old: &[u8]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("f"), old).unwrap();
            let undo = Undo::new(dir.path().join("saves"));
            Self { dir, undo }
        }

        fn path(&self) -> PathBuf {
            self.dir.path().join("f")
        }

        fn draft(&self, new: &[u8]) -> Temporary {
            let mut draft = self.undo.draft().unwrap();
            draft.file().write_all(new).unwrap();
            draft
        }

        /// What a kill leaves after `written` bytes of the new content.
        fn cut_off(&self, new: &[u8], written: usize) {
            let mut old = File::open(self.path()).unwrap();
            let mut draft = self.draft(new);
            let kept = self.undo.keep(&self.path(), &mut old, draft.file());
            std::mem::forget(kept.unwrap());
            let target = open_target(&self.path()).unwrap();
            target.write_all_at(&new[..written], 0).unwrap();
        }
    }

    #[test]
    fn the_file_stays_the_same_and_nothing_is_kept() {
        for (old, new) in [
            ("short", "much longer"),
            ("much longer", "short"),
            ("a", ""),
        ] {
            let case = Case::new(old.as_bytes());
            fs::hard_link(case.path(), case.dir.path().join("other")).unwrap();
            let mut file = File::open(case.path()).unwrap();
            let mut draft = case.draft(new.as_bytes());
            overwrite(&case.path(), &mut file, draft.file(), &case.undo).unwrap();
            drop(draft);
            assert_eq!(
                fs::read_to_string(case.dir.path().join("other")).unwrap(),
                new
            );
            assert_eq!(fs::read_dir(&case.undo.dir).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_save_that_was_cut_off_is_completed() {
        for (old, new, written) in [
            ("0123456789", "abcdefghijklmnop", 4),
            ("0123456789", "abcdefghijklmnop", 12),
            ("0123456789", "abc", 3),
            ("0123456789", "abc", 1),
        ] {
            let case = Case::new(old.as_bytes());
            case.cut_off(new.as_bytes(), written);
            case.undo.recover();
            assert_eq!(fs::read_to_string(case.path()).unwrap(), new, "{written}");
            assert_eq!(fs::read_dir(&case.undo.dir).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_somebody_wrote_since_stays() {
        for since in ["somebody else's", "abcd456789!", "0123456789"] {
            let case = Case::new(b"0123456789");
            case.cut_off(b"abcdefghijkl", 4);
            fs::write(case.path(), since).unwrap();
            case.undo.recover();
            assert_eq!(fs::read_to_string(case.path()).unwrap(), since);
        }
    }
}
