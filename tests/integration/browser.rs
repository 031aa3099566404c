//! The page in a real Chromium, against a real sshd.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::account::Account;
use crate::support::chromium::{self, Page};
use crate::support::desk;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::{Served, papers};
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected, kill_and_wait};
use crate::support::temporary_directory;
use crate::support::wan::Wan;

#[test]
fn a_first_visit_types_in_a_terminal_and_reloads_without_a_word_on_the_console() {
    let (_sshd, laptop) = connected();
    let shots = temporary_directory();
    let visit = chromium::run(
        "first-visit.mjs",
        &[&url(&laptop), &shots.path().display().to_string()],
    );
    let report = visit.success().json();
    let expected = format!("http://box.localhost:{}/", laptop.row("box")["local_port"]);
    assert_eq!(report["final_url"], expected);
}

#[test]
fn a_direct_visit_is_the_same_page() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let shots = temporary_directory();
    let visit = chromium::run(
        "first-visit.mjs",
        &[&served.url, &shots.path().display().to_string()],
    );
    visit.success();
}

#[test]
fn files_are_made_edited_carried_and_shown_on_the_page() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let home = laptop.home().display().to_string();
    chromium::run("files.mjs", &[&served.url, &home]).success();
}

#[test]
fn files_are_sorted_previewed_and_deleted_under_the_page() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    walk_refusals("plain", &laptop, &served);
}

#[test]
fn a_full_disk_and_no_inotify_are_said_on_the_page() {
    let line = "mount -t tmpfs -o size=1m none ~/d && echo 0 > /proc/sys/user/max_inotify_watches";
    let (laptop, served) = desk::served_after(line);
    walk_refusals("full", &laptop, &served);
}

#[test]
fn what_is_not_ones_own_is_saved_elsewhere_on_the_page() {
    if let Some(user) = Account::other() {
        let (laptop, served) = desk::served_by(&user);
        walk_refusals("user", &laptop, &served);
    }
}

/// Drives the page in a home of this kind, as the server sees that.
#[track_caller]
fn walk_refusals(kind: &str, laptop: &Laptop, served: &Served) {
    let home = format!("/proc/{}/root{}", served.pid(), laptop.home().display());
    chromium::run("files-refused.mjs", &[kind, &served.url, &home]).success();
}

#[test]
fn terminals_show_and_do_what_programs_ask_and_nothing_more() {
    let laptop = Laptop::new().env("SHELL", "/bin/bash");
    let served = Served::start(&laptop, &[]);
    let home = laptop.home().display().to_string();
    chromium::run("terminal.mjs", &[&served.url, &home]).success();
}

#[test]
fn the_page_opens_before_the_connection_and_becomes_the_workspace() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let mut connecting = laptop.spawn(&["ssh", "box", "--open"]);
    let report = chromium::run("progress.mjs", &[&opened_url(&laptop)])
        .success()
        .json();
    assert!(connecting.wait().expect("a child of ours").success());
    assert_eq!(
        (report["final"].as_str(), &report["console"]),
        (Some("ready"), &serde_json::json!([])),
        "{report}"
    );
    let states: Vec<&str> = rows(&report["states"])
        .filter_map(|row| row[1].as_str())
        .collect();
    assert_eq!(states.last(), Some(&"ready"), "{report}");
}

#[test]
fn a_page_whose_tunnel_was_killed_comes_back_and_finds_its_terminal() {
    let (_sshd, laptop) = connected();
    let mut page = Page::open(&url(&laptop));
    page.ask("wait-state ready");
    page.ask("type n=6");
    laptop.kill_tunnel("box");
    page.ask("wait-state reconnecting");
    laptop.connect("box");
    page.ask("wait-state ready");
    page.ask("type echo n=$((n*7)).");
    page.ask("wait-text n=42.");
}

#[test]
fn a_page_whose_server_was_killed_comes_back_when_it_is_started_again() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let mut page = Page::open(&served.url);
    page.ask("wait-state ready");
    page.ask("type n=6");
    kill_and_wait(served.pid());
    page.ask("wait-state reconnecting");
    let _again = Served::start(&laptop, &[]);
    page.ask("wait-state ready");
    page.ask("type echo n=$((n*7)).");
    page.ask("wait-text n=42.");
}

#[test]
fn the_page_shows_that_it_reconnects_and_comes_back() {
    let (mut sshd, laptop) = connected();
    let mut page = Page::open(&url(&laptop));
    page.ask("wait-state ready");
    page.ask("type n=6");
    sshd.stop();
    page.ask("wait-state reconnecting");
    sshd.restart();
    page.ask("wait-state ready");
    page.ask("type echo n=$((n*7)).");
    page.ask("wait-text n=42.");
}

#[test]
fn the_page_lives_through_a_killed_server() {
    let (sshd, laptop) = connected();
    let mut page = Page::open(&url(&laptop));
    page.ask("wait-state ready");
    page.ask("type n=6");
    kill_and_wait(papers(&sshd.runtime()).pid);
    page.ask("type echo n=$((n*7)).");
    page.ask("wait-text n=42.");
    assert_eq!(page.ask("state"), "ready");
}

#[test]
fn a_failed_connect_shows_the_same_error_and_command_on_the_page() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    sshd.authorize("");
    let failed = laptop.run(&["ssh", "box", "--open"]).failure(10);
    let report = chromium::run("progress.mjs", &[&opened_url(&laptop)])
        .success()
        .json();
    assert_eq!(report["final"], "failed", "{report}");
    let text = report["text"].as_str().expect("the page has text");
    for line in failed.stderr.lines() {
        let shown = line.strip_prefix("error: ").or(line.strip_prefix("hint: "));
        assert!(
            shown
                .is_none_or(|shown| text.contains(&shown.replace('`', "")) || text.contains(shown)),
            "{line}\n{text}"
        );
    }
    laptop.wait_until_idle(Duration::from_secs(20));
    assert_eq!(laptop.rows(), serde_json::json!([]));
}

#[test]
fn a_page_that_saw_a_connect_fail_goes_on_with_the_next() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    // It fails after ssh has let us in: by then the page builds its workspace.
    sshd.write_home(".bashrc", "sleep 3; exit 7\n");
    let mut command = laptop.spawn(&["ssh", "box", "--open"]);
    let mut page = Page::open(&eventually("the browser is opened", SOON, || {
        laptop.opened().first().map(|_| opened_url(&laptop))
    }));
    page.ask("wait-state failed");
    assert!(!command.wait().expect("a child of ours").success());
    sshd.write_home(".bashrc", "");
    // Slow enough that the page sees it begin.
    wan.set_round_trip(Duration::from_millis(300));
    laptop.connect("box");
    page.ask("wait-state ready");
    page.ask("type echo it''s here");
    page.ask("wait-text its here");
}

#[test]
fn stopping_the_target_is_said_on_the_page() {
    let (_sshd, laptop) = connected();
    let mut page = Page::open(&url(&laptop));
    page.ask("wait-state ready");
    laptop.run(&["ssh", "stop", "box"]).success();
    page.ask("wait-state stopped reconnecting");
    page.ask("wait-page cocalc-plus ssh box");
}

#[test]
fn a_used_code_leads_to_the_way_in_again() {
    let (_sshd, laptop) = connected();
    let url = url(&laptop);
    let mut page = Page::open(&url);
    page.ask("wait-state ready");
    drop(page);
    let mut stranger = Page::open(&url);
    stranger.ask("wait-state signin");
    stranger.ask("wait-page cocalc-plus ssh box");
}

/// Returns a fresh URL of the connected target.
#[track_caller]
fn url(laptop: &Laptop) -> String {
    laptop.connect("box")["url"]
        .as_str()
        .expect("a URL")
        .to_owned()
}

/// Waits until a browser was asked to open something; returns the URL to
/// which that private page leads.
#[track_caller]
fn opened_url(laptop: &Laptop) -> String {
    let opened = eventually("the browser is opened", SOON, || laptop.opened().pop());
    let page = opened.strip_prefix("file://").unwrap_or(&opened);
    let html = fs::read_to_string(page).expect("it is a page of ours");
    let (_, rest) = html.split_once("url=").expect("it leads somewhere");
    rest.split('"')
        .next()
        .expect("it ends")
        .replace("&amp;", "&")
}

fn rows(list: &Value) -> impl Iterator<Item = &Vec<Value>> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
}
