//! A terminal counts while something dies: nothing is missing, nothing comes
//! twice, and all is in order.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::counter::{assert_complete, begin};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::{Served, papers};
use crate::support::sshd::Sshd;
use crate::support::targets::{NOTICE, SOON, connected, kill_and_wait};
use crate::support::terminal::{End, Terminal};
use crate::support::visitor::Visitor;
use crate::support::wan::Wan;

/// A terminal that counts on a connected target, and the page that shows it.
struct Counting {
    sshd: Sshd,
    laptop: Laptop,
    visitor: Visitor,
    terminal: Terminal,
}

impl Counting {
    #[track_caller]
    fn new() -> Self {
        Self::on(connected())
    }

    #[track_caller]
    fn on((sshd, laptop): (Sshd, Laptop)) -> Self {
        let visitor = laptop.visit("box");
        let mut terminal = visitor.open_terminal();
        begin(&mut terminal);
        Self {
            sshd,
            laptop,
            visitor,
            terminal,
        }
    }

    /// Attaches again, to the same program, and reads the rest.
    #[track_caller]
    fn assert_survives(mut self) {
        let shell = self.terminal.hello.pid;
        self.terminal.resume(&self.visitor);
        assert_eq!(self.terminal.hello.pid, shell);
        assert_complete(self.terminal);
    }

    /// Kills the server.
    #[track_caller]
    fn kill_server(&self) {
        kill_and_wait(papers(&self.sshd.runtime()).pid);
    }

    /// Signs in again, at whatever door the target has now.
    #[track_caller]
    fn sign_in(&mut self) {
        self.visitor = self.laptop.visit("box");
    }
}

#[test]
fn a_count_survives_a_closed_page() {
    let counting = Counting::new();
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_cut_link() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    laptop.connect("box");
    let mut counting = Counting::on((sshd, laptop));
    wan.cut();
    assert!(matches!(counting.terminal.end(), End::Closed(_)));
    wan.mend();
    let row = counting.laptop.wait_for_status("box", "running");
    assert_eq!(row["local_port"], counting.visitor.port);
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_link_that_was_silent() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    laptop.connect("box");
    let counting = Counting::on((sshd, laptop));
    wan.freeze();
    let row = counting.laptop.wait_for_status("box", "reconnecting");
    assert!(
        row["why"]
            .as_str()
            .is_some_and(|why| why.contains("does not answer")),
        "{row}"
    );
    wan.thaw();
    counting.laptop.wait_for_status("box", "running");
    // Not even the WebSocket noticed.
    assert_complete(counting.terminal);
}

#[test]
fn a_count_survives_a_killed_tunnel() {
    let mut counting = Counting::new();
    counting.laptop.kill_tunnel("box");
    counting.sign_in();
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_killed_master() {
    let mut counting = Counting::new();
    let masters = counting.laptop.masters();
    counting.laptop.kill_masters();
    assert!(matches!(counting.terminal.end(), End::Closed(_)));
    let is_back = || {
        let laptop = &counting.laptop;
        (laptop.row("box")["status"] == "running" && laptop.masters() != masters).then_some(())
    };
    eventually("the tunnel is back", NOTICE, is_back);
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_killed_server() {
    let counting = Counting::new();
    counting.kill_server();
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_stop_that_keeps_terminals() {
    let mut counting = Counting::new();
    let stop = ["ssh", "stop", "box", "--keep", "--json"];
    let stopped = counting.laptop.run(&stop).success().json();
    assert_eq!(stopped["terminals"], 1, "{stopped}");
    counting.sign_in();
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_killed_server_and_another_build() {
    let mut counting = Counting::new();
    let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).expect("it runs");
    let old = program(papers(&counting.sshd.runtime()).pid);
    counting.kill_server();
    let build = counting.laptop.longer_build(1);
    let connected = counting.laptop.connect_build(&build, "box");
    assert_eq!(
        (&connected["installed"], &connected["server"]),
        (&true.into(), &"started".into())
    );
    assert_ne!(program(papers(&counting.sshd.runtime()).pid), old);
    counting.visitor = Visitor::sign_in(connected["url"].as_str().expect("a URL"));
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_deleted_runtime_directory() {
    let mut counting = Counting::new();
    let server = papers(&counting.sshd.runtime()).pid;
    fs::remove_dir_all(counting.sshd.runtime()).expect("it is ours");
    // Who is connected notices nothing.
    counting.terminal.expect("\n40000\r\n");
    assert_eq!(papers(&counting.sshd.runtime()).pid, server, "it came back");
    let is_listed = || counting.visitor.terminals().contains(&counting.terminal.id);
    eventually("the terminal is found", SOON, || is_listed().then_some(()));
    counting.assert_survives();
}

// What a cleaner of old files takes: the sockets, one or all, again and again.
#[test]
fn a_count_survives_deleted_sockets() {
    let counting = Counting::new();
    let other = counting.visitor.new_terminal()["id"].clone();
    let sockets = papers(&counting.sshd.runtime()).socket;
    let sockets = Path::new(&sockets).with_file_name("t");
    let own = sockets.join(format!("{}.sock", counting.terminal.id));
    let both_are_listed = || {
        let listed = counting.visitor.terminals();
        let is_listed = |id: &str| listed.iter().any(|each| each == id);
        assert!(is_listed(&counting.terminal.id) && is_listed(other.as_str().expect("an id")));
    };
    both_are_listed();
    for _ in 0..2 {
        fs::remove_file(&own).expect("it is ours");
        both_are_listed();
        fs::remove_dir_all(&sockets).expect("it is ours");
        both_are_listed();
    }
    // Nobody asks, and it comes back nevertheless.
    fs::remove_dir_all(&sockets).expect("it is ours");
    eventually("the socket is there", SOON, || own.exists().then_some(()));
    both_are_listed();
    counting.assert_survives();
}

#[test]
fn a_count_survives_a_killed_server_and_a_deleted_runtime_directory() {
    let counting = Counting::new();
    counting.kill_server();
    fs::remove_dir_all(counting.sshd.runtime()).expect("it is ours");
    // A stop leaves the directory, so this was none: a server is started.
    let is_served = || (counting.visitor.get("/customize").status == 200).then_some(());
    eventually("a server answers", SOON, is_served);
    counting.assert_survives();
}

// A starting server calls every holder back; one that has only just begun must
// not die of that.
#[test]
fn a_terminal_starts_as_soon_as_a_server_listens() {
    let laptop = Laptop::new();
    for _ in 0..60 {
        let served = Served::start(&laptop, &[]);
        let visitor = Visitor::sign_in(&served.url);
        let id = visitor.new_terminal()["id"].clone();
        visitor.call("terminal.kill", &json!({ "id": id }));
        kill_and_wait(served.pid());
    }
}
