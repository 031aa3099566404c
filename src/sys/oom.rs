//! Whether the kernel has killed for want of memory.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// How often the kernel has killed for want of memory, on this machine and in
/// one control group; compared with a later count.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Kills {
    /// On the whole machine, since its boot.
    machine: Option<u64>,
    /// The file that counts for a control group, and its count.
    group: Option<(PathBuf, u64)>,
}

impl Kills {
    /// Counts now, for the control group of this process.
    pub fn now() -> Self {
        let group = group_files()
            .into_iter()
            .find_map(|file| count_in(&file).map(|count| (file, count)));
        Self {
            machine: count_in(Path::new("/proc/vmstat")),
            group,
        }
    }

    /// Says whether there were more since, in the same control group or, where
    /// that is gone or was none, on the machine.
    pub fn have_grown(&self) -> bool {
        let in_group = self
            .group
            .as_ref()
            .and_then(|(file, before)| Some(count_in(file)? > *before));
        let on_machine = || Some(count_in(Path::new("/proc/vmstat"))? > self.machine?);
        in_group.or_else(on_machine).unwrap_or_default()
    }
}

/// Finds the count in `/proc/vmstat`, `memory.events` or `memory.oom_control`.
fn count_in(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut counts = text
        .lines()
        .filter_map(|line| line.strip_prefix("oom_kill "));
    counts.next()?.trim().parse().ok()
}

/// Where the kernel may count for this process's control group, cgroups(7).
fn group_files() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let file = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        let root = Path::new("/sys/fs/cgroup");
        match controllers {
            "" => Some(root.join(path).join("memory.events")),
            "memory" => Some(root.join("memory").join(path).join("memory.oom_control")),
            _ => None,
        }
    };
    text.lines().filter_map(file).collect()
}
