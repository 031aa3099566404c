//! What is found damaged, taken or out of date, provoked.

use std::fs::{self, FileTimes};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::aftermath::{assert_reads_well, names_in};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected, kill_and_wait};
use crate::support::{set_mode, temporary_directory};

#[test]
fn a_server_that_cannot_start_is_shown_with_the_end_of_its_log() {
    // Too long for a socket's path, which may have 107 bytes.
    let folder = temporary_directory();
    let runtime = folder.path().join("x".repeat(80));
    let sshd = Sshd::builder()
        .env("COCALC_PLUS_RUNTIME", &runtime.display().to_string())
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.fails(&sshd, 26);
    for word in ["the server on `box` does not start", "the end of its log:"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
}

#[test]
fn a_port_that_is_taken_there_is_named() {
    let sshd = Sshd::start();
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop
        .try_connect("box", &["--remote-port", &port])
        .failure(26);
    for word in [&format!("port {port}"), "taken", "--remote-port auto"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
    laptop.assert_nothing_left(&sshd);
    laptop.connects(&sshd);
}

#[test]
fn a_number_that_is_another_processs_now_is_not_taken_for_the_server() {
    let (sshd, laptop) = connected();
    let (path, mut papers) = papers(&sshd);
    laptop.kill_tunnel("box");
    kill_and_wait(u32::try_from(papers["pid"].as_u64().expect("a pid")).expect("a pid"));
    let bystander = std::process::id();
    papers["pid"] = json!(bystander);
    fs::write(&path, papers.to_string()).expect("it is ours");
    assert_eq!(laptop.connect("box")["server"], "started");
    assert!(processes::is_running(bystander));
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn a_damaged_connection_file_is_kept_aside_and_the_server_found_again() {
    let (sshd, laptop) = connected();
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line("echo $((6*7))").expect("42");
    let (path, before) = papers(&sshd);
    laptop.kill_tunnel("box");
    fs::write(&path, "{\"port\":").expect("it is ours");
    laptop.connect("box");
    assert_eq!(
        papers(&sshd).1["id"],
        before["id"],
        "another server was started"
    );
    let kept = fs::read_to_string(path.with_extension("json.broken"));
    assert_eq!(kept.expect("it was kept"), "{\"port\":");
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn a_damaged_entry_of_the_registry_is_kept_aside_and_named() {
    let (sshd, laptop) = connected();
    laptop.add_target("other", &sshd);
    laptop.connect("other");
    let path = laptop.state().join("targets/box.json");
    fs::write(&path, "{\"target\":\"box\",").expect("it is ours");
    let listed = laptop.run(&["ssh", "list", "--json"]).success();
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1));
    assert!(
        listed.stderr.contains("box.json` is damaged"),
        "{listed:#?}"
    );
    let kept = fs::read_to_string(path.with_extension("json.broken"));
    assert_eq!(kept.expect("it was kept"), "{\"target\":\"box\",");
    let again = laptop.try_connect("box", &[]).success();
    assert_eq!(again.json()["server"], "reused");
    assert!(!again.stderr.contains("damaged"), "{again:#?}");
    assert_eq!(laptop.rows().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_runtime_directory_here_that_others_may_enter_is_named() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    set_mode(&laptop.runtime(), 0o755);
    let finished = laptop.try_connect("box", &[]).failure(1);
    assert_reads_well(&finished);
    for word in ["chmod 700", "COCALC_PLUS_RUNTIME"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
    assert_eq!(sshd.counts().connections, 0);
}

#[test]
fn papers_and_secrets_that_are_damaged_on_this_machine_cost_nothing() {
    let (sshd, laptop) = connected();
    laptop.kill_tunnel("box");
    for name in ["box.secrets", "box.html"] {
        fs::write(laptop.state().join("targets").join(name), "\0").expect("it is ours");
    }
    let cache = laptop.home().join(".cache/cocalc-plus");
    for name in names_in(&cache) {
        fs::write(cache.join(name), "\0").expect("it is ours");
    }
    assert_eq!(laptop.connect("box")["server"], "reused");
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn clocks_that_differ_by_an_hour_change_nothing() {
    for shift in [Shift::Ahead, Shift::Behind] {
        let (sshd, laptop) = connected();
        let mut terminal = laptop.visit("box").open_terminal();
        terminal.line("echo $((6*7))").expect("42");
        let (path, mut before) = papers(&sshd);
        laptop.kill_tunnel("box");
        let started = before["startedAt"].as_u64().expect("milliseconds");
        before["startedAt"] = json!(shift.millis(started));
        fs::write(&path, before.to_string()).expect("it is ours");
        touch_all(&sshd.home().join(".cocalc-plus"), shift);
        touch_all(&sshd.runtime(), shift);
        let again = laptop.connect("box");
        assert_eq!(
            (&again["server"], &again["installed"]),
            (&json!("reused"), &json!(false))
        );
        laptop.connect_build(&laptop.longer_build(1), "box");
        assert!(!names_in(&sshd.home().join(".cocalc-plus/bin")).is_empty());
        assert_eq!(sshd.counts().authentications, 1);
    }
}

#[derive(Clone, Copy)]
enum Shift {
    Ahead,
    Behind,
}

const HOUR: Duration = Duration::from_secs(3600);

impl Shift {
    fn millis(self, at: u64) -> u64 {
        match self {
            Self::Ahead => at + 3_600_000,
            Self::Behind => at - 3_600_000,
        }
    }

    fn time(self) -> SystemTime {
        let now = fs::metadata("/proc/self").and_then(|found| found.modified());
        let now = now.expect("it was made just now");
        match self {
            Self::Ahead => now + HOUR,
            Self::Behind => now - HOUR,
        }
    }
}

/// Sets the times of everything below a directory, as the other clock would.
fn touch_all(folder: &Path, shift: Shift) {
    for name in names_in(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            touch_all(&path, shift);
        } else if path.is_file() {
            // Reading suffices, and a program that runs lets nobody write.
            let file = fs::File::open(&path).expect("it is ours");
            let times = FileTimes::new()
                .set_modified(shift.time())
                .set_accessed(shift.time());
            file.set_times(times).expect("it is ours");
        }
    }
}

/// Returns the connection file of the remote side's server, and what it says.
#[track_caller]
fn papers(sshd: &Sshd) -> (PathBuf, Value) {
    eventually("the server's papers are there", SOON, || {
        let instances = names_in(&sshd.runtime()).into_iter();
        let paths = instances.map(|name| sshd.runtime().join(name).join("connection.json"));
        paths
            .filter_map(|path| {
                let content = fs::read_to_string(&path).ok()?;
                Some((path, serde_json::from_str(&content).ok()?))
            })
            .next()
    })
}
