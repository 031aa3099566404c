//! Finding and ending the processes of one case, by `/proc`.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::poll;

/// Lists the descendants of a process, itself not among them.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = all().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        let children = parents.iter().filter(|(_, parent)| *parent == above);
        found.extend(children.map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Lists the processes of a directory: executable or environment lies there.
///
/// What a case starts has a home in the case's temporary directory, so this
/// finds daemons too that left every process group.
pub(crate) fn of_directory(directory: &Path) -> Vec<u32> {
    let wanted = directory.as_os_str().as_bytes();
    let belongs = |pid: &u32| {
        let folder = format!("/proc/{pid}");
        let environment = fs::read(format!("{folder}/environ")).unwrap_or_default();
        let executable = fs::read_link(format!("{folder}/exe"));
        contains(&environment, wanted) || executable.is_ok_and(|path| path.starts_with(directory))
    };
    all().filter(belongs).collect()
}

/// Returns a process's name, as `/proc/PID/comm` has it.
pub(crate) fn name(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(text.trim_end().to_owned())
}

/// Returns a process's arguments.
pub(crate) fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let words = text.split_terminator('\0');
    words.map(str::to_owned).collect()
}

/// Tells whether a process exists and is no zombie.
pub(crate) fn is_running(pid: u32) -> bool {
    stat_fields(pid).is_some_and(|fields| fields[0] != "Z")
}

/// Kills one process; a process that is gone is no error.
pub(crate) fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Sends a signal; a process that is gone is no error.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // The process may end between the look and the signal.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

/// Kills what `list` finds until it finds nothing, for at most 10 s.
///
/// A process that was just forked is found by the next look.
pub(crate) fn kill_all(list: impl Fn() -> Vec<u32>) {
    // In a drop: the next case notices what is left, a panic would abort.
    let _ = poll::found_within(Duration::from_secs(10), || {
        let running: Vec<u32> = list().into_iter().filter(|pid| is_running(*pid)).collect();
        running.iter().copied().for_each(kill);
        running.is_empty().then_some(())
    });
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != process::id())
}

/// Returns the process that started a process, or has taken it over.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    stat_fields(pid)?.get(1)?.parse().ok()
}

/// Reads `/proc/PID/stat` behind the name, which may hold anything: the state,
/// the parent and what follows.
fn stat_fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
