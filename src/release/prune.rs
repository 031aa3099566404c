//! Removing installed builds that nobody needs.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use crate::sys::process;

/// How many builds that no process uses stay: this one and the one before.
const KEPT: usize = 2;

/// An installer that has not written for so long was killed.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Removes all but the newest two builds of a platform that are not in use.
///
/// Builds of other platforms stay: in a shared home they belong to other
/// machines. In use is what runs on this machine.
pub fn prune(bin: &Path, platform: &str) {
    let in_use: HashSet<PathBuf> = process::running_executables().into_iter().collect();
    for path in superfluous(installed(bin, platform), &in_use) {
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "removed an old build"),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot remove an old build")
            }
        }
    }
    for path in abandoned(bin) {
        let _ = fs::remove_file(path);
    }
}

/// What installers that were killed left behind.
fn abandoned(bin: &Path) -> Vec<PathBuf> {
    let is_old = |entry: &fs::DirEntry| {
        let changed = entry.metadata().and_then(|found| found.modified()).ok();
        let age = changed.and_then(|changed| changed.elapsed().ok());
        age.is_some_and(|age| age > ABANDONED)
    };
    fs::read_dir(bin)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".new-") && is_old(entry))
        .map(|entry| entry.path())
        .collect()
}

fn installed(bin: &Path, platform: &str) -> Vec<(PathBuf, SystemTime)> {
    let part = format!("-{platform}-");
    fs::read_dir(bin)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains(&part))
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?)))
        .collect()
}

fn superfluous(mut builds: Vec<(PathBuf, SystemTime)>, in_use: &HashSet<PathBuf>) -> Vec<PathBuf> {
    builds.retain(|(path, _)| !in_use.contains(path));
    builds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
    builds
        .into_iter()
        .skip(KEPT)
        .map(|(path, _)| path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_two_not_in_use_stay() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let builds: Vec<_> = (1..=5)
            .map(|n| (PathBuf::from(format!("/bin/{n}")), at(n)))
            .collect();
        let in_use = HashSet::from([PathBuf::from("/bin/1"), PathBuf::from("/bin/5")]);
        assert_eq!(superfluous(builds, &in_use), [PathBuf::from("/bin/2")]);
    }
}
