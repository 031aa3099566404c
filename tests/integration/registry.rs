//! `ssh list`, `ssh status` and `ssh stop`.

use rustix::process::Signal;
use serde_json::json;

use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::served::{find_papers, papers};
use crate::support::set_mode;
use crate::support::sshd::Sshd;
use crate::support::targets::{NOTICE, connected, connected_as, kill_and_wait};

#[test]
fn a_running_target_is_one_row_with_the_documented_fields() {
    let (_sshd, laptop) = connected();
    let rows = laptop.rows();
    let row = &rows.as_array().expect("an array")[0];
    let fields: Vec<_> = row.as_object().expect("an object").keys().collect();
    let documented = [
        "last_used",
        "local_port",
        "name",
        "remote_port",
        "status",
        "target",
        "tunnel_pid",
        "url",
        "version",
    ];
    assert_eq!(fields, documented);
    assert_eq!(
        (&row["target"], &row["status"]),
        (&json!("box"), &json!("running"))
    );
    assert_eq!(
        row["url"],
        format!("http://box.localhost:{}", row["local_port"])
    );
    assert_eq!(rows, json!([laptop.row("box")]));
}

#[test]
fn list_without_targets_is_an_empty_array_and_a_hint() {
    let laptop = Laptop::new();
    assert_eq!(laptop.rows(), json!([]));
    let finished = laptop.run(&["ssh", "list"]).success();
    assert_eq!(finished.stdout, "");
    assert!(
        finished.stderr.contains("cocalc-plus ssh user@host"),
        "{finished:#?}"
    );
}

#[test]
fn list_is_a_plain_table_on_stdout() {
    let (_sshd, laptop) = connected();
    let port = laptop.row("box")["local_port"].to_string();
    let table = laptop.run(&["ssh", "list"]).success().stdout;
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "TARGET", "STATUS", "LOCAL", "PORT", "VERSION", "LAST", "USED"
        ]
    );
    assert_eq!(lines[1][..3], ["box", "running", port.as_str()]);
    assert_eq!((lines.len(), table.contains('\u{1b}')), (2, false));
}

#[test]
fn list_and_status_never_authenticate() {
    let (sshd, laptop) = connected();
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    let before = (sshd.counts(), laptop.ssh_calls().len());
    laptop.rows();
    laptop.row("box");
    assert_eq!((sshd.counts(), laptop.ssh_calls().len()), before);
}

#[test]
fn status_exits_with_3_unless_the_target_runs() {
    let (_sshd, laptop) = connected();
    laptop.run(&["ssh", "status", "box"]).success();
    laptop.run(&["ssh", "--status", "box", "--json"]).success();
    laptop.kill_tunnel("box");
    laptop.run(&["ssh", "status", "box"]).failure(3);
    laptop.run(&["ssh", "--status", "box"]).failure(3);
}

#[test]
fn a_target_that_was_never_connected_is_an_error_of_one_kind() {
    let laptop = Laptop::new();
    for words in [
        ["status", "nowhere"],
        ["stop", "nowhere"],
        ["--status", "nowhere"],
        ["--stop", "nowhere"],
    ] {
        let finished = laptop.run(&["ssh", words[0], words[1]]).failure(1);
        assert!(
            finished
                .stderr
                .starts_with("error: `nowhere` is no target of yours\n"),
            "{finished:#?}"
        );
        assert!(
            finished.stderr.contains("hint: cocalc-plus ssh list"),
            "{finished:#?}"
        );
    }
}

#[test]
fn a_machine_called_list_is_reached_behind_two_dashes() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("list", &sshd);
    let finished = laptop
        .run(&["ssh", "--no-open", "--json", "--", "list"])
        .success();
    assert_eq!(finished.json()["target"], "list");
    assert_eq!(laptop.row("list")["status"], "running");
}

#[test]
fn stop_ends_server_terminals_tunnel_and_master_and_counts_them() {
    let (sshd, laptop) = connected();
    let visitor = laptop.visit("box");
    visitor.new_terminal();
    visitor.new_terminal();
    let finished = laptop.run(&["ssh", "stop", "box"]).success();
    assert_eq!(
        finished.stdout,
        "stopped the server on box; 2 terminals ended\n"
    );
    assert_eq!(laptop.row("box")["status"], "stopped");
    laptop.wait_until_idle(NOTICE);
    let is_idle = || sshd.remote_processes().is_empty().then_some(());
    eventually("the remote is idle", NOTICE, is_idle);
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn stop_ends_the_master_also_when_the_configuration_has_changed() {
    let (_sshd, laptop) = connected();
    // Another way in has another socket.
    laptop.add_ssh_config("Host *\n  ConnectTimeout 31\n");
    laptop.run(&["ssh", "stop", "box"]).success();
    laptop.wait_until_idle(NOTICE);
}

#[test]
fn stop_as_a_flag_stops_too() {
    let (_sshd, laptop) = connected();
    let stopped = laptop
        .run(&["ssh", "--stop", "box", "--json"])
        .success()
        .json();
    let expected = json!({ "target": "box", "was_running": true, "terminals": 0, "kept": false });
    assert_eq!(stopped, expected);
    assert_eq!(laptop.row("box")["status"], "stopped");
}

#[test]
fn stop_that_keeps_leaves_terminals_which_the_next_connect_lists() {
    let (_sshd, laptop) = connected();
    let row = laptop.visit("box").new_terminal();
    let finished = laptop.run(&["ssh", "stop", "box", "--keep"]).success();
    assert_eq!(
        finished.stdout,
        "stopped the server on box; 1 terminal left running\n"
    );
    assert_eq!(laptop.connect("box")["server"], "started");
    let list = laptop.visit("box").call("terminal.list", &json!({}));
    assert_eq!(list["terminals"], json!([row]));
}

#[test]
fn stop_when_disconnected_says_so_and_authenticates_once() {
    let (sshd, laptop) = connected();
    laptop.visit("box").new_terminal();
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    let before = sshd.counts();
    let finished = laptop.run(&["ssh", "stop", "box"]).success();
    assert!(
        finished
            .stderr
            .contains("no connection to `box` lives; making one"),
        "{finished:#?}"
    );
    assert_eq!(
        finished.stdout,
        "stopped the server on box; 1 terminal ended\n"
    );
    assert_eq!((sshd.counts() - before).authentications, 1);
    laptop.wait_until_idle(NOTICE);
}

#[test]
fn stopping_twice_is_no_error_and_starts_no_server() {
    let (sshd, laptop) = connected();
    laptop.run(&["ssh", "stop", "box"]).success();
    let again = laptop.run(&["ssh", "stop", "box"]).success();
    assert_eq!(again.stdout, "no server ran on box; disconnected\n");
    assert!(find_papers(&sshd.runtime()).is_none());
    assert_eq!(laptop.row("box")["status"], "stopped");
}

#[test]
fn a_stopped_target_connects_again_on_its_port() {
    let (_sshd, laptop) = connected_as("again");
    let port = laptop.row("again")["local_port"].clone();
    laptop.run(&["ssh", "stop", "again"]).success();
    let connected = laptop.connect("again");
    assert_eq!(
        (&connected["server"], &connected["local_port"]),
        (&json!("started"), &port)
    );
}

#[test]
fn a_target_whose_tunnel_was_killed_is_disconnected() {
    let (_sshd, laptop) = connected();
    let before = laptop.row("box");
    laptop.kill_tunnel("box");
    let row = laptop.row("box");
    assert_eq!(
        (&row["status"], &row["tunnel_pid"]),
        (&json!("disconnected"), &json!(null))
    );
    assert_eq!(
        (&row["local_port"], &row["remote_port"]),
        (&before["local_port"], &before["remote_port"])
    );
    assert_eq!(row["last_used"], before["last_used"]);
}

#[test]
fn a_target_whose_sshd_is_away_is_reconnecting_and_comes_back() {
    let (mut sshd, laptop) = connected();
    let port = laptop.row("box")["local_port"].clone();
    sshd.stop();
    let row = laptop.wait_for_status("box", "reconnecting");
    assert!(row["why"].is_string(), "{row}");
    sshd.restart();
    assert_eq!(laptop.wait_for_status("box", "running")["local_port"], port);
}

#[test]
fn a_master_that_was_killed_is_made_again_without_a_person() {
    let (sshd, laptop) = connected();
    let (before, masters) = (sshd.counts(), laptop.masters());
    laptop.kill_masters();
    let is_fresh = || {
        laptop
            .masters()
            .iter()
            .any(|master| !masters.contains(master))
    };
    eventually("a fresh master lives", NOTICE, || is_fresh().then_some(()));
    laptop.wait_for_status("box", "running");
    let cost = sshd.counts() - before;
    assert_eq!((cost.authentications, cost.execs), (1, 1));
}

#[test]
fn a_target_that_needs_a_person_says_so_and_asks_nobody() {
    let (sshd, laptop) = connected();
    sshd.authorize("");
    laptop.kill_masters();
    let row = laptop.wait_for_status("box", "needs-auth");
    assert!(
        row["why"]
            .as_str()
            .is_some_and(|why| why.contains("did not accept you")),
        "{row}"
    );
    let tries = sshd.counts().connections;
    sshd.authorize(&sshd.client_public_key());
    assert_eq!(laptop.connect("box")["server"], "reused");
    assert_eq!(laptop.row("box")["status"], "running");
    assert_eq!(sshd.counts().connections, tries + 1);
}

#[test]
fn connecting_while_the_tunnel_tries_to_come_back_is_one_login() {
    let (mut sshd, laptop) = connected();
    sshd.stop();
    laptop.wait_for_status("box", "reconnecting");
    sshd.restart();
    let before = sshd.counts();
    laptop.connect("box");
    assert_eq!(laptop.row("box")["status"], "running");
    // None, when the tunnel was faster than the command; a second one is the
    // tunnel's own attempt, which asks nobody anything and gives way.
    assert!((sshd.counts() - before).authentications <= 2);
    assert_eq!(laptop.masters().len(), 1);
}

#[test]
fn connecting_after_a_stop_there_is_no_login_at_all() {
    let (sshd, laptop) = connected();
    let (visitor, before) = (laptop.visit("box"), sshd.counts());
    sshd_server_stops(&sshd);
    visitor.get("/customize");
    laptop.wait_for_status("box", "stopped");
    assert_eq!(laptop.connect("box")["server"], "started");
    let cost = sshd.counts() - before;
    assert_eq!((cost.connections, cost.execs), (0, 1));
}

#[test]
fn a_server_that_was_stopped_there_is_shown_as_stopped() {
    let (sshd, laptop) = connected();
    let visitor = laptop.visit("box");
    sshd_server_stops(&sshd);
    visitor.get("/customize");
    assert!(laptop.wait_for_status("box", "stopped")["tunnel_pid"].is_number());
    assert_eq!(laptop.connect("box")["server"], "started");
}

#[test]
fn targets_do_not_mix() {
    let (first, second) = (Sshd::start(), Sshd::start());
    let laptop = Laptop::with_target("first", &first);
    laptop.add_target("second", &second);
    assert_ne!(
        laptop.connect("first")["local_port"],
        laptop.connect("second")["local_port"]
    );
    laptop.run(&["ssh", "stop", "first"]).success();
    let rows = laptop.rows();
    let shown = |at: usize| (rows[at]["target"].clone(), rows[at]["status"].clone());
    assert_eq!(shown(0), (json!("second"), json!("running")));
    assert_eq!(shown(1), (json!("first"), json!("stopped")));
}

/// Ends the server on the remote side, as `serve --daemon-stop` does there.
#[track_caller]
fn sshd_server_stops(sshd: &Sshd) {
    let server = papers(&sshd.runtime());
    processes::signal(server.pid, Signal::TERM);
    let is_gone = || (!processes::is_running(server.pid)).then_some(());
    eventually("the server ends", NOTICE, is_gone);
}

#[test]
fn a_server_that_cannot_start_again_is_gone_until_it_can() {
    let (sshd, laptop) = connected();
    // Open to others, the directory of its sockets is of no use any more.
    set_mode(&sshd.runtime(), 0o755);
    kill_and_wait(papers(&sshd.runtime()).pid);
    laptop.kill_masters();
    let row = laptop.wait_for_status("box", "gone");
    let why = row["why"].as_str().expect("it says why");
    assert!(why.contains("chmod 700"), "{why}");
    set_mode(&sshd.runtime(), 0o700);
    assert_eq!(laptop.connect("box")["server"], "started");
    assert_eq!(laptop.row("box")["status"], "running");
}
