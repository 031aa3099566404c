//! `serve` without ssh: one server an instance, and its papers.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::http::{Address, Request};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::served::{Served, find_papers, papers};
use crate::support::targets::{NOTICE, kill_and_wait};
use crate::support::visitor::{Visitor, port_of};

#[test]
fn a_plain_serve_prints_a_url_and_answers_on_port_and_socket() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    assert_eq!(port_of(&served.url), served.info.port);
    for address in [
        served.address(),
        Address::socket(served.info.socket.as_ref()),
    ] {
        let health = served.health(&address);
        assert_eq!(
            (health.status, health.json()),
            (200, json!({ "ok": true })),
            "{address:?}"
        );
    }
    assert_eq!(Visitor::sign_in(&served.url).get("/customize").status, 200);
}

#[test]
fn a_serve_listens_on_both_loopback_families() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    if TcpListener::bind("[::1]:0").is_ok() {
        assert_eq!(served.health(&Address::Port6(served.info.port)).status, 200);
    }
}

#[test]
fn a_serve_takes_the_port_it_is_given_or_says_that_it_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let laptop = Laptop::new();
    let refused = laptop
        .run(&["serve", "--no-open", "--port", &port])
        .failure(26);
    assert!(
        refused.stderr.contains(&format!("port {port} is taken")),
        "{refused:#?}"
    );
    drop(taken);
    let served = Served::start(&laptop, &["--port", &port]);
    assert_eq!(served.info.port.to_string(), port);
}

#[test]
fn a_second_serve_prints_the_running_one_and_ends() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let second = laptop.run(&["serve", "--no-open"]).success();
    let url = second.stdout.trim_end();
    assert_eq!(port_of(url), served.info.port);
    assert_eq!(Visitor::sign_in(url).get("/customize").status, 200);
}

#[test]
fn a_term_signal_ends_a_serve_and_its_papers() {
    let laptop = Laptop::new();
    let mut served = Served::start(&laptop, &[]);
    processes::signal(served.pid(), Signal::TERM);
    assert_eq!(served.end(), Some(0));
    assert!(find_papers(&laptop.runtime()).is_none());
    assert!(!Path::new(&served.info.socket).exists());
}

#[test]
fn a_daemon_returns_when_it_listens_and_has_left_the_terminal() {
    let laptop = Laptop::new();
    let started = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    let pid = pid_of(&started);
    let port = u16::try_from(started["port"].as_u64().expect("a port")).expect("a port");
    assert_eq!(
        Request::get("/healthz").send(&Address::Port(port)).status,
        200
    );
    assert_ne!(session(pid), session(std::process::id()));
    assert_eq!(terminal_of(pid), "0", "it has a controlling terminal");
    assert_eq!(
        fs::read_link(format!("/proc/{pid}/cwd")).expect("it runs"),
        Path::new("/")
    );
}

#[test]
fn a_daemon_inherits_no_descriptor() {
    let laptop = Laptop::new();
    let started = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    let open = descriptors(pid_of(&started));
    assert_eq!(open[0], "/dev/null");
    assert_eq!(open[1], "/dev/null");
    let is_own = |link: &&String| {
        let own = [
            "socket:",
            "anon_inode:",
            "pipe:",
            "/dev/null",
            "/dev/urandom",
        ];
        own.iter().any(|start| link.starts_with(start))
            || link.starts_with(&laptop.file("").display().to_string())
    };
    assert!(open.iter().all(|link| is_own(&link)), "{open:#?}");
}

#[test]
fn a_daemon_started_with_open_descriptors_closes_them() {
    let laptop = Laptop::new();
    let line = format!(
        "exec 7>/dev/zero 8</etc/passwd; exec {} serve --daemon --json",
        crate::support::bin().display()
    );
    let mut shell = laptop.command("/bin/sh".as_ref());
    let finished = crate::support::finished::run(shell.args(["-c", &line]), NOTICE).success();
    let open = descriptors(pid_of(&finished.json()));
    assert!(
        !open
            .iter()
            .any(|link| link == "/dev/zero" || link == "/etc/passwd"),
        "{open:#?}"
    );
}

#[test]
fn a_daemon_writes_log_pidfile_and_connection_info() {
    let laptop = Laptop::new();
    let paths = ["log", "pid", "info"].map(|name| laptop.file(name).display().to_string());
    let [log, pid, info] = &paths;
    let arguments = [
        "serve",
        "--daemon",
        "--json",
        "--log",
        log,
        "--pidfile",
        pid,
    ];
    let started = laptop
        .run(&[&arguments[..], &["--write-connection-info", info]].concat())
        .success()
        .json();
    assert_eq!(laptop.read("pid").trim(), started["pid"].to_string());
    assert!(Path::new(log).exists());
    assert_eq!(mode(Path::new(info)), 0o600);
    let written: Value = serde_json::from_str(&laptop.read("info")).expect("it is JSON");
    assert_eq!(
        (&written["port"], &written["pid"]),
        (&started["port"], &started["pid"])
    );
}

#[test]
fn connection_info_is_private_and_has_the_documented_fields() {
    let laptop = Laptop::new();
    let info = laptop.file("info").display().to_string();
    let served = Served::start(&laptop, &["--write-connection-info", &info]);
    let written: Value = serde_json::from_str(&laptop.read("info")).expect("it is JSON");
    let fields: Vec<_> = written.as_object().expect("an object").keys().collect();
    let documented = [
        "bootId",
        "id",
        "natsSocket",
        "pid",
        "port",
        "processStart",
        "socket",
        "startedAt",
        "token",
        "ui",
        "version",
    ];
    assert_eq!(fields, documented);
    assert_eq!(written["pid"], served.pid());
    let own = Path::new(&served.info.socket).with_file_name("connection.json");
    assert_eq!((mode(Path::new(&info)), mode(&own)), (0o600, 0o600));
}

#[test]
fn a_relative_path_is_the_callers() {
    let laptop = Laptop::new();
    laptop
        .run(&["serve", "--daemon", "--write-connection-info", "info.json"])
        .success();
    assert!(laptop.home().join("info.json").exists());
}

#[test]
fn status_tells_by_exit_code_and_json_whether_a_server_runs() {
    let laptop = Laptop::new();
    let none = laptop
        .run(&["serve", "--daemon-status", "--json"])
        .failure(3)
        .json();
    assert_eq!(
        (&none["running"], &none["pid"]),
        (&json!(false), &Value::Null)
    );
    let started = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    let status = laptop
        .run(&["serve", "--daemon-status", "--json"])
        .success()
        .json();
    assert_eq!(status["running"], true);
    assert_eq!(
        (&status["pid"], &status["port"]),
        (&started["pid"], &started["port"])
    );
    let said = laptop.run(&["serve", "--daemon-status"]).success().stdout;
    assert!(said.contains(&format!("pid {}", started["pid"])), "{said}");
}

#[test]
fn stop_says_whether_it_stopped_killed_or_found_none() {
    let laptop = Laptop::new();
    let stop = || {
        laptop
            .run(&["serve", "--daemon-stop", "--json"])
            .success()
            .json()["ended"]
            .clone()
    };
    let start = || {
        pid_of(
            &laptop
                .run(&["serve", "--daemon", "--json"])
                .success()
                .json(),
        )
    };
    assert_eq!(stop(), "not-running");
    start();
    assert_eq!(stop(), "stopped");
    processes::signal(start(), Signal::STOP);
    assert_eq!(stop(), "killed");
    laptop.run(&["serve", "--daemon-status"]).failure(3);
}

#[test]
fn a_second_daemon_reports_the_one_that_runs() {
    let laptop = Laptop::new();
    let first = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    let second = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    assert_eq!(
        (&second["pid"], &second["port"]),
        (&first["pid"], &first["port"])
    );
}

#[test]
fn simultaneous_daemons_are_one_server() {
    let laptop = Laptop::new();
    let start = || {
        laptop
            .run(&["serve", "--daemon", "--json"])
            .success()
            .json()["pid"]
            .clone()
    };
    let pids: Vec<Value> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        all.into_iter()
            .map(|one| one.join().expect("it succeeds"))
            .collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}

#[test]
fn a_killed_server_starts_again_and_keeps_port_and_token() {
    let laptop = Laptop::new();
    let first = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    let visitor = Visitor::sign_in(first["url"].as_str().expect("a URL"));
    let token = papers(&laptop.runtime()).token;
    kill_and_wait(pid_of(&first));
    laptop.run(&["serve", "--daemon-status"]).failure(3);
    let second = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    assert_eq!(
        (&second["port"], papers(&laptop.runtime()).token),
        (&first["port"], token)
    );
    // Anybody may have had the port meanwhile: cookie and key are no more.
    assert_eq!(visitor.get("/customize").status, 401);
}

#[test]
fn a_deleted_runtime_directory_is_made_again() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    fs::remove_dir_all(laptop.runtime()).expect("it is ours");
    let socket = Address::socket(served.info.socket.as_ref());
    let is_there = || socket.connect().ok().map(drop);
    eventually("the socket is there", NOTICE, is_there);
    assert_eq!(served.health(&socket).status, 200);
    let again = laptop
        .run(&["serve", "--daemon", "--json"])
        .success()
        .json();
    assert_eq!(again["pid"], served.pid());
}

#[test]
fn server_flags_alone_mean_serve() {
    let laptop = Laptop::new();
    laptop.run(&["--daemon-status"]).failure(3);
    laptop.run(&["--daemon", "--no-open"]).success();
    laptop.run(&["--daemon-status", "--json"]).success();
    laptop.run(&["--daemon-stop"]).success();
    laptop.run(&["--daemon-status"]).failure(3);
}

#[test]
fn data_directories_have_servers_of_their_own() {
    let laptop = Laptop::new();
    let first = Served::start(&laptop, &[]);
    let data = laptop.file("data");
    fs::create_dir(&data).expect("the directory is ours");
    let mut other = laptop.command(&crate::support::bin());
    other
        .env("DATA", &data)
        .args(["serve", "--daemon", "--json"]);
    let other = crate::support::finished::run(&mut other, NOTICE)
        .success()
        .json();
    assert_ne!(other["pid"], first.pid());
    assert_ne!(other["port"], first.info.port);
}

#[test]
fn terminals_outlive_a_stopped_and_a_killed_server() {
    let laptop = Laptop::new();
    let start = || {
        laptop
            .run(&["serve", "--daemon", "--json"])
            .success()
            .json()
    };
    let visit = |started: &Value| Visitor::sign_in(started["url"].as_str().expect("a URL"));
    let row = visit(&start()).new_terminal();
    laptop.run(&["serve", "--daemon-stop"]).success();
    kill_and_wait(pid_of(&start()));
    let list = visit(&start()).call("terminal.list", &json!({}));
    assert_eq!(list["terminals"], json!([row]));
}

fn pid_of(started: &Value) -> u32 {
    let pid = started["pid"]
        .as_u64()
        .unwrap_or_else(|| panic!("no pid: {started}"));
    u32::try_from(pid).expect("a pid")
}

/// Returns a process's session, the sixth field of `/proc/PID/stat`.
fn session(pid: u32) -> String {
    stat(pid, 3)
}

/// Returns a process's controlling terminal, the seventh field; 0 is none.
fn terminal_of(pid: u32) -> String {
    stat(pid, 4)
}

fn stat(pid: u32, field: usize) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, fields) = text.rsplit_once(") ").expect("a name in parentheses");
    fields.split(' ').nth(field).expect("a field").to_owned()
}

/// Lists what a process has open, by number.
fn descriptors(pid: u32) -> Vec<String> {
    let folder = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&folder).expect("it runs").flatten();
    let mut numbers: Vec<u32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let target = |number: &u32| fs::read_link(format!("{folder}/{number}")).ok();
    let links = numbers.iter().filter_map(target);
    links.map(|link| link.display().to_string()).collect()
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    found.permissions().mode() & 0o777
}
