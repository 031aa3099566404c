//! The record of a server's run, from which the next one knows how it ended.
//!
//! ```text
//! ~/.local/state/cocalc-plus/run-3f9a0c1b77d2.json    whose run, and what the kernel had counted
//! ~/.local/state/cocalc-plus/run-3f9a0c1b77d2.words   what a fault wrote, sys::last_words
//! ```
//!
//! A run that was stopped removes both. What is found at the start was left by
//! one that could not.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::protocol::ending::Ending;
use crate::protocol::ending::How;
use crate::sys::files;
use crate::sys::last_words;
use crate::sys::last_words::LastWords;
use crate::sys::oom::Kills;
use crate::sys::process::Identity;

/// What stands in the file.
#[derive(Deserialize, Serialize)]
struct Record {
    process: Identity,
    kills: Kills,
}

/// This process's run.
#[derive(Debug)]
pub struct Run {
    file: PathBuf,
    words: LastWords,
}

impl Run {
    /// Begins a run; the caller holds the instance's lock, so that the last one
    /// is over. `stem` is the files' path without an extension.
    ///
    /// # Errors
    /// Whatever writing says.
    pub fn begin(stem: &Path) -> io::Result<Self> {
        let file = stem.with_extension("json");
        let words = LastWords::prepare(&stem.with_extension("words"))?;
        let record = Record {
            process: Identity::of_self(),
            kills: Kills::now(),
        };
        let content = serde_json::to_vec(&record).expect("a record serialises");
        files::write_private(&file, &content)?;
        Ok(Self { file, words })
    }

    /// Ends it as somebody wished.
    pub fn end(self) {
        let _ = fs::remove_file(&self.file);
        self.words.discard();
    }
}

/// How the last run ended, if nobody stopped it and it is over.
pub fn ending(stem: &Path) -> Option<Ending> {
    let content = files::read_private(&stem.with_extension("json")).ok()?;
    let record: Record = serde_json::from_slice(&content).ok()?;
    if record.process.is_alive() {
        return None;
    }
    let words = last_words::read(&stem.with_extension("words"));
    let how = if record.process.boot_id != Identity::of_self().boot_id {
        How::Rebooted
    } else if !words.is_empty() {
        How::Crashed
    } else if record.kills.have_grown() {
        How::OutOfMemory
    } else {
        How::Killed
    };
    Some(Ending { how, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(stem: &Path, change: impl FnOnce(&mut Record)) {
        let mut record = Record {
            process: Identity::of_self(),
            kills: Kills::now(),
        };
        record.process.start = "0".into();
        change(&mut record);
        let content = serde_json::to_vec(&record).unwrap();
        files::write_private(&stem.with_extension("json"), &content).unwrap();
    }

    #[test]
    fn what_is_left_behind_tells_how_a_run_ended() {
        let dir = tempfile::tempdir().unwrap();
        let stem = dir.path().join("run");
        let how = || ending(&stem).map(|ending| ending.how);
        assert_eq!(how(), None);
        write(&stem, |_| ());
        assert_eq!(how(), Some(How::Killed));
        write(&stem, |record| record.process = Identity::of_self());
        assert_eq!(how(), None, "it runs");
        write(&stem, |record| record.process.boot_id = "another".into());
        assert_eq!(how(), Some(How::Rebooted));
        write(&stem, |_| ());
        fs::write(stem.with_extension("words"), "a fault\n").unwrap();
        assert_eq!(how(), Some(How::Crashed));
        assert_eq!(ending(&stem).unwrap().words, "a fault");
    }
}
