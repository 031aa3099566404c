//! `terminal` from a command line, with a server and without one.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::{Value, json};

use crate::support::bin;
use crate::support::finished::{self, Finished};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::targets::{NOTICE, SOON};

/// A machine whose terminals run bash.
pub(crate) fn machine() -> Laptop {
    Laptop::new().env("SHELL", "/bin/bash").env("PS1", "$ ")
}

impl Laptop {
    /// Starts a terminal; returns its id.
    #[track_caller]
    pub(crate) fn new_terminal(&self, arguments: &[&str]) -> String {
        let new = self.run(&[&["terminal", "new"], arguments].concat());
        new.success().stdout.trim_end().to_owned()
    }

    /// Types a line into a terminal.
    #[track_caller]
    pub(crate) fn send_line(&self, id: &str, line: &str) {
        let text = format!("{line}\r");
        self.run(&["terminal", "send", id, &text]).success();
    }

    /// Waits until a terminal shows such a line; returns all that it shows.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, id: &str, wanted: &str) -> String {
        eventually(&format!("`{id}` shows `{wanted}`"), SOON, || {
            let shown = self.run(&["terminal", "capture", id]).stdout;
            shown.lines().any(|line| line == wanted).then_some(shown)
        })
    }

    /// Lists the ids of the terminals.
    #[track_caller]
    pub(crate) fn terminal_ids(&self) -> Vec<String> {
        let rows = self.run(&["terminal", "list", "--json"]).success().json();
        let rows = rows.as_array().expect("an array").iter();
        let ids = rows.map(|row| row["id"].as_str().expect("an id"));
        ids.map(str::to_owned).collect()
    }

    /// Runs a line of sh in which `$bin` is the binary.
    #[track_caller]
    fn sh(&self, line: &str) -> Finished {
        let mut shell = self.command("/bin/sh".as_ref());
        shell.env("bin", bin()).args(["-c", line]);
        finished::run(&mut shell, NOTICE)
    }
}

#[test]
fn without_a_server_a_terminal_is_started_listed_and_killed() {
    let machine = machine();
    let id = machine.new_terminal(&[]);
    assert_eq!(machine.terminal_ids(), [id.as_str()]);
    let table = machine.run(&["terminal", "list"]).success().stdout;
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let [header, row] = &lines[..] else {
        panic!("{table}")
    };
    assert_eq!(header[..3], ["ID", "PROGRAM", "TITLE"]);
    assert_eq!(row[..5], [id.as_str(), "bash", "-", "80×24", "0"]);
    let killed = machine.run(&["terminal", "kill", &id]).success();
    assert_eq!(killed.stdout.trim_end(), id);
    assert!(machine.terminal_ids().is_empty());
    let none = machine.run(&["terminal", "list"]).success();
    assert!(none.stdout.is_empty() && none.stderr.contains("cocalc-plus terminal new"));
}

#[test]
fn with_a_server_a_terminal_has_the_servers_environment_and_is_the_pages() {
    let machine = machine();
    let mut server = machine.command(&bin());
    server
        .env("MARK", "server")
        .args(["serve", "--daemon", "--json"]);
    finished::run(&mut server, NOTICE).success();
    let row = machine.run(&["terminal", "new", "--json"]).success().json();
    let id = row["id"].as_str().expect("an id");
    machine.send_line(id, "echo mark=$MARK.");
    machine.wait_for_line(id, "mark=server.");
    machine.run(&["serve", "--daemon-stop"]).success();
    assert_eq!(machine.terminal_ids(), [id], "it outlives the server");
}

#[test]
fn a_new_terminal_has_the_size_and_the_directory_that_it_is_given() {
    let machine = machine();
    fs::create_dir(machine.home().join("a b")).expect("the home is ours");
    let id = machine.new_terminal(&["--cols", "100", "--rows", "30", "--cwd", "a b"]);
    machine.send_line(&id, "stty size; pwd");
    machine.wait_for_line(&id, "30 100");
    machine.wait_for_line(&id, &machine.home().join("a b").display().to_string());
    let none = machine
        .run(&["terminal", "new", "--cwd", "/nowhere"])
        .failure(1);
    assert!(
        none.stderr.contains("`/nowhere` is no directory"),
        "{none:#?}"
    );
    machine.run(&["terminal", "new", "--cols", "0"]).failure(2);
}

#[test]
fn a_new_terminal_starts_in_a_directory_of_any_name() {
    let machine = machine();
    let odd = machine.home().join(OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).expect("the home is ours");
    let mut new = machine.command(&bin());
    let made = new.args(["terminal", "new", "--cwd"]).arg(&odd).output();
    let id = String::from_utf8(made.expect("it runs").stdout).expect("an id");
    machine.send_line(id.trim(), "pwd | tail -c 5 | od -An -tx1");
    machine.wait_for_line(id.trim(), " 6f 64 64 ff 0a");
}

#[test]
fn exactly_the_sent_bytes_arrive() {
    let machine = machine();
    let id = machine.new_terminal(&[]);
    machine.send_line(
        &id,
        "stty raw opost -echo; echo rea''dy; od -An -tx1 -N9 -v; stty sane",
    );
    machine.wait_for_line(&id, "ready");
    let sent = machine
        .sh(&format!(
            "printf '\\000\\377\\r\\n\\033-\\001z' | $bin terminal send {id} - --json"
        ))
        .success();
    assert_eq!(sent.json(), json!({ "id": id, "bytes": 8 }));
    machine.run(&["terminal", "send", &id, "-x"]).success();
    machine.wait_for_line(&id, " 00 ff 0d 0a 1b 2d 01 7a 2d");
}

#[test]
fn much_is_sent_in_order() {
    let machine = machine();
    let id = machine.new_terminal(&[]);
    machine.send_line(
        &id,
        "stty raw opost -echo; echo rea''dy; head -c 1000000 | sha256sum; stty sane",
    );
    machine.wait_for_line(&id, "ready");
    let sum = "seq 1 999999 | head -c 1000000";
    let sent = machine.sh(&format!("{sum} | $bin terminal send {id} - --json"));
    assert_eq!(sent.success().json()["bytes"], 1_000_000);
    let sum = machine.sh(&format!("{sum} | sha256sum")).success().stdout;
    machine.wait_for_line(&id, sum.trim_end());
}

#[test]
fn a_capture_is_plain_text() {
    let machine = machine();
    let id = machine.new_terminal(&["--cols", "40", "--rows", "5"]);
    machine.send_line(
        &id,
        "clear; PS1=; printf '\\033[1;31mred\\033[0m grün 世界  \\n'; seq 1 6",
    );
    machine.wait_for_line(&id, "6");
    let screen = machine.run(&["terminal", "capture", &id]).success().stdout;
    assert_eq!(screen, "3\n4\n5\n6\n");
    let all = machine
        .run(&["terminal", "capture", &id, "--scrollback"])
        .success();
    assert!(
        all.stdout.starts_with("red grün 世界\n1\n2\n3\n"),
        "{all:#?}"
    );
    let captured = machine
        .run(&["terminal", "capture", &id, "--json"])
        .success()
        .json();
    let expected = json!({
        "lines": ["3", "4", "5", "6", ""],
        "cols": 40,
        "rows": 5,
        "cursor": { "col": 0, "row": 4 },
    });
    assert_eq!(captured, expected);
}

#[test]
fn an_unknown_terminal_is_named_with_what_to_type() {
    let machine = machine();
    let id = machine.new_terminal(&[]);
    for arguments in [
        &["kill", "nope", "../x"][..],
        &["send", "nope", "x"],
        &["capture", "nope"],
    ] {
        let refused = machine.run(&[&["terminal"], arguments].concat()).failure(3);
        assert!(refused.stderr.starts_with("error: no terminal `nope`"));
        assert!(
            refused
                .stderr
                .ends_with("hint: cocalc-plus terminal list\n")
        );
    }
    let some = machine
        .run(&["terminal", "kill", "nope", &id, "--json"])
        .failure(3);
    assert_eq!(some.json(), json!({ "killed": [id] }), "the others end");
    assert!(some.stderr.contains("`nope`"), "{some:#?}");
}

#[test]
fn kill_all_ends_all_of_them() {
    let machine = machine();
    let mut ids: Vec<String> = (0..3).map(|_| machine.new_terminal(&[])).collect();
    // One that ignores the hang-up takes the grace.
    machine.send_line(&ids[0], "trap '' HUP; echo rea''dy");
    machine.wait_for_line(&ids[0], "ready");
    let killed = machine
        .run(&["terminal", "kill", "--all", "--json"])
        .success()
        .json();
    let mut found: Vec<Value> = killed["killed"].as_array().expect("ids").clone();
    found.sort_by_key(Value::to_string);
    ids.sort();
    assert_eq!(found, ids);
    assert!(machine.terminal_ids().is_empty());
    machine.run(&["terminal", "kill", "--all"]).success();
    machine.run(&["terminal", "kill"]).failure(2);
}
