//! What a case does with a laptop and its targets, in its own words.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::finished::{self, Finished};
use super::laptop::Laptop;
use super::poll::eventually;
use super::processes;
use super::sshd::Sshd;
use super::visitor::Visitor;
use super::{bin, write_program};

/// How long a tunnel may take to notice what happened to it: an idle one pings
/// every 15 s and waits 3 s for the answer.
pub(crate) const NOTICE: Duration = Duration::from_secs(40);

/// How long something of one command may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Starts an sshd and a laptop that is connected to it as `box`.
#[track_caller]
pub(crate) fn connected() -> (Sshd, Laptop) {
    connected_to(Sshd::start())
}

/// Makes a laptop that is connected to `sshd` as `box`.
#[track_caller]
pub(crate) fn connected_to(sshd: Sshd) -> (Sshd, Laptop) {
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect("box");
    (sshd, laptop)
}

/// Starts an sshd and a laptop that is connected to it by a name of its own.
///
/// The name decides where the search for a port begins: a case that looks at
/// the port would else lose it to another case between two tunnels.
#[track_caller]
pub(crate) fn connected_as(target: &str) -> (Sshd, Laptop) {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target(target, &sshd);
    laptop.connect(target);
    (sshd, laptop)
}

impl Laptop {
    /// Connects a target; returns what `--json` says.
    #[track_caller]
    pub(crate) fn connect(&self, target: &str) -> Value {
        self.connect_with(target, &[])
    }

    /// Connects a target with further options; returns what `--json` says.
    #[track_caller]
    pub(crate) fn connect_with(&self, target: &str, options: &[&str]) -> Value {
        self.try_connect(target, options).success().json()
    }

    /// Connects a target, which may fail.
    #[track_caller]
    pub(crate) fn try_connect(&self, target: &str, options: &[&str]) -> Finished {
        self.run(&[&["ssh", target, "--no-open", "--json"], options].concat())
    }

    /// Connects a target and signs in with the URL.
    #[track_caller]
    pub(crate) fn visit(&self, target: &str) -> Visitor {
        let connected = self.connect(target);
        Visitor::sign_in(connected["url"].as_str().expect("a URL"))
    }

    /// Connects a target by another build of the program.
    #[track_caller]
    pub(crate) fn connect_build(&self, program: &Path, target: &str) -> Value {
        let mut command = self.command(program);
        command.args(["ssh", target, "--no-open", "--json"]);
        finished::run(&mut command, Duration::from_secs(60))
            .success()
            .json()
    }

    /// Makes another build: ELF tolerates bytes behind its end, and a build is
    /// named by its content.
    pub(crate) fn longer_build(&self, by: usize) -> PathBuf {
        let mut bytes = fs::read(bin()).expect("the binary can be read");
        bytes.resize(bytes.len() + by, 0);
        let path = self.file(&format!("cocalc-plus-{by}"));
        write_program(&path, &bytes);
        path
    }

    /// Returns a target's row, whatever its status.
    #[track_caller]
    pub(crate) fn row(&self, target: &str) -> Value {
        self.run(&["ssh", "status", target, "--json"]).json()
    }

    /// Returns all rows of `ssh list --json`.
    #[track_caller]
    pub(crate) fn rows(&self) -> Value {
        self.run(&["ssh", "list", "--json"]).success().json()
    }

    /// Waits until a target has a status; returns its row.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, target: &str, status: &str) -> Value {
        let what = format!("`{target}` is {status}");
        eventually(&what, NOTICE, || {
            let row = self.row(target);
            (row["status"] == status).then_some(row)
        })
    }

    /// Kills a target's tunnel and waits for its end.
    #[track_caller]
    pub(crate) fn kill_tunnel(&self, target: &str) {
        let row = self.row(target);
        let pid = row["tunnel_pid"]
            .as_u64()
            .unwrap_or_else(|| panic!("no tunnel: {row}"));
        kill_and_wait(u32::try_from(pid).expect("a pid"));
    }

    /// Lists the masters that this laptop's tunnels use.
    pub(crate) fn masters(&self) -> Vec<u32> {
        let is_master = |pid: &u32| {
            processes::name(*pid).as_deref() == Some("ssh")
                && processes::arguments(*pid).contains(&"-M".to_owned())
        };
        self.processes().into_iter().filter(is_master).collect()
    }

    /// Kills every master and waits for its end.
    #[track_caller]
    pub(crate) fn kill_masters(&self) {
        let masters = self.masters();
        assert!(!masters.is_empty(), "no master lives");
        masters.into_iter().for_each(kill_and_wait);
    }

    /// Waits until nothing runs for this laptop.
    #[track_caller]
    pub(crate) fn wait_until_idle(&self, deadline: Duration) {
        let arguments = || -> Vec<_> {
            self.processes()
                .into_iter()
                .map(processes::arguments)
                .collect()
        };
        let ended =
            super::poll::found_within(deadline, || self.processes().is_empty().then_some(()));
        assert!(
            ended.is_some(),
            "still there after {deadline:?}: {:#?}",
            arguments()
        );
    }

    /// Lists the registry's files, below `targets`.
    pub(crate) fn registry_files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state().join("targets"));
        let names = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Returns the directory of the registry and the logs.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".local/state/cocalc-plus")
    }
}

/// Kills a process and waits until it is gone.
#[track_caller]
pub(crate) fn kill_and_wait(pid: u32) {
    processes::kill(pid);
    let what = format!("process {pid} is gone");
    eventually(&what, SOON, || (!processes::is_running(pid)).then_some(()));
}
