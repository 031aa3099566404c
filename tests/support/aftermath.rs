//! What must hold after every connect, however it ended.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::finished::Finished;
use super::laptop::Laptop;
use super::poll::{eventually, found_within};
use super::processes;
use super::sshd::Sshd;
use super::targets::SOON;

impl Laptop {
    /// Fails to connect `box` with this exit code, and asserts what holds for
    /// every failure: one error, a hint, no output, nothing left behind.
    #[track_caller]
    pub(crate) fn fails(&self, sshd: &Sshd, code: i32) -> Finished {
        let finished = self.try_connect("box", &[]).failure(code);
        assert_reads_well(&finished);
        self.assert_nothing_left(sshd);
        finished
    }

    /// Asserts that a failed connect left no process and no part of a binary,
    /// here or there, and no entry of the target.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self, sshd: &Sshd) {
        self.wait_until_idle(SOON);
        assert_nothing_runs(sshd);
        assert_nothing_half_installed(sshd);
        assert_eq!(self.rows(), serde_json::json!([]));
    }

    /// Connects `box` with exactly one authentication and one exec; asserts
    /// that nothing is left but what the connection needs.
    #[track_caller]
    pub(crate) fn connects(&self, sshd: &Sshd) -> Value {
        let before = sshd.counts();
        let connected = self.connect("box");
        let cost = sshd.counts() - before;
        assert_eq!(
            (cost.authentications, cost.execs, cost.shells),
            (1, 1, 0),
            "authentications, execs, shells"
        );
        assert_nothing_half_installed(sshd);
        connected
    }
}

/// Asserts one `error:` with a `hint:` behind it, and an empty stdout.
#[track_caller]
pub(crate) fn assert_reads_well(finished: &Finished) {
    let errors = finished.stderr.matches("error: ").count();
    let has_hint = finished.stderr.contains("\nhint: ");
    assert_eq!(
        (errors, has_hint, finished.stdout.as_str()),
        (1, true, ""),
        "{finished:#?}"
    );
}

/// Asserts that soon nothing runs for the remote side.
#[track_caller]
pub(crate) fn assert_nothing_runs(sshd: &Sshd) {
    let running = || -> Vec<Vec<String>> {
        let pids = sshd.remote_processes().into_iter();
        let ours = pids.map(processes::arguments).filter(|words| {
            // The listener itself has its directory in its environment.
            !words.is_empty() && !words[0].starts_with("sshd") && !words[0].ends_with("/sshd")
        });
        ours.collect()
    };
    let ended = found_within(SOON, || running().is_empty().then_some(()));
    assert!(ended.is_some(), "still runs: {:#?}", running());
}

/// Asserts that soon no part of a binary lies where binaries are installed.
#[track_caller]
pub(crate) fn assert_nothing_half_installed(sshd: &Sshd) {
    let is_clean = || {
        let names = roots(sshd).into_iter().flat_map(|root| names_in(&root));
        let mut parts = names.filter(|name| name.starts_with(".new-"));
        parts.next().is_none().then_some(())
    };
    eventually("no part of a binary is left", SOON, is_clean);
}

/// Lists what is installed below the remote home.
pub(crate) fn installed(sshd: &Sshd) -> Vec<String> {
    names_in(&sshd.inside(sshd.home()).join(".cocalc-plus/bin"))
}

/// Lists a directory's names; one that is not there has none.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The directories where binaries may be.
fn roots(sshd: &Sshd) -> Vec<PathBuf> {
    let uid = sshd.login().account().uid;
    let fallbacks = ["/var/tmp", "/dev/shm"].map(|at| format!("{at}/ccp-{uid}/bin"));
    let home = sshd.home().join(".cocalc-plus/bin");
    let roots = fallbacks.map(PathBuf::from).into_iter().chain([home]);
    roots.map(|root| sshd.inside(root)).collect()
}
