//! A terminal through the tunnel: bytes, positions, and who may die.

use std::thread;

use serde_json::json;

use cocalc_plus::protocol::session::CLOSE_RECONNECTING;
use cocalc_plus::protocol::terminal::{Exit, Frame, HolderHello};

use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::papers;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected, kill_and_wait};
use crate::support::terminal::{End, First, Terminal, greet_early, hello, is_gone, refusal};
use crate::support::visitor::Visitor;
use crate::support::websocket::Said;

/// The world of a terminal: a connected target and a signed-in page.
struct World {
    sshd: Sshd,
    laptop: Laptop,
    visitor: Visitor,
}

impl World {
    #[track_caller]
    fn new() -> Self {
        let (sshd, laptop) = connected();
        let visitor = laptop.visit("box");
        Self {
            sshd,
            laptop,
            visitor,
        }
    }
}

#[test]
fn what_is_typed_runs_and_what_it_prints_comes_back() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    assert_eq!(terminal.hello.title, "bash");
    terminal.line("echo $((6*7))").expect("42\r\n");
}

#[test]
fn a_terminal_is_listed_until_it_is_killed() {
    let world = World::new();
    let row = world.visitor.new_terminal();
    let list = || world.visitor.call("terminal.list", &json!({}))["terminals"].clone();
    assert_eq!(list(), json!([row]));
    world
        .visitor
        .call("terminal.kill", &json!({ "id": row["id"] }));
    assert_eq!(list(), json!([]));
    let again = world
        .visitor
        .try_call("terminal.kill", &json!({ "id": row["id"] }));
    assert_eq!(again["error"]["code"], 404);
}

#[test]
fn a_killed_terminal_tells_its_pages_and_ends_its_program() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    world
        .visitor
        .call("terminal.kill", &json!({ "id": terminal.id }));
    assert!(matches!(terminal.end(), End::Exit(_)));
    let shell = terminal.hello.pid;
    let is_over = || (!crate::support::processes::is_running(shell)).then_some(());
    eventually("the shell is gone", SOON, is_over);
}

#[test]
fn a_program_that_exits_says_how() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    let end = terminal.line("exit 7").end();
    assert_eq!(
        end,
        End::Exit(Exit {
            code: Some(7),
            signal: None
        })
    );
    let is_gone = || world.visitor.terminals().is_empty().then_some(());
    eventually("it is no longer listed", SOON, is_gone);
}

#[test]
fn a_new_size_reaches_the_program() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    terminal.line("stty size").expect("24 80");
    terminal.resize(132, 43).line("stty size").expect("43 132");
}

#[test]
fn a_terminal_begins_in_the_home_as_a_login_shell() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    let home = world.sshd.home().display().to_string();
    terminal
        .line("echo $0; pwd; tty")
        .expect("-bash")
        .expect(&home)
        .expect("/dev/pts/");
}

#[test]
fn a_second_page_sees_what_was_printed_before() {
    let world = World::new();
    let mut first = world.visitor.open_terminal();
    first.line("echo $((6*7))").expect("42");
    let mut second = Terminal::attach(&world.visitor, &first.id);
    second.expect("42");
    first.line("echo $((7*7))").expect("49");
    second.expect("49");
}

#[test]
fn a_lost_connection_closes_websockets_as_reconnecting() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    terminal.line("echo $((6*7))").expect("42\r\n");
    world.laptop.kill_masters();
    assert_eq!(terminal.end(), End::Closed(Some(CLOSE_RECONNECTING)));
}

#[test]
fn input_typed_before_a_kill_is_taken_once() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    terminal
        .line("n=0; add() { n=$((n+1)); echo n=$n.; }; add")
        .expect("n=1.");
    kill_and_wait(papers(&world.sshd.runtime()).pid);
    terminal.resume(&world.visitor);
    terminal.line("add").expect("n=2.");
}

#[test]
fn a_killed_server_is_started_again_by_the_next_request() {
    let world = World::new();
    let before = world.sshd.counts();
    kill_and_wait(papers(&world.sshd.runtime()).pid);
    assert_eq!(world.visitor.get("/customize").status, 200);
    assert_eq!(world.laptop.row("box")["status"], "running");
    assert_eq!(world.sshd.counts(), before, "ssh was used");
}

#[test]
fn a_flood_is_drawn_whole_and_interrupted_at_once() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    terminal.line("PS1=rea''dy:").expect("ready:");
    terminal.line("yes").expect("y\r\ny\r\n");
    terminal.keys("\u{3}").expect("ready:");
    terminal.line("echo $((6*7))").expect("42\r\n");
}

#[test]
fn an_unknown_terminal_is_refused_and_closed_as_gone() {
    let world = World::new();
    for id in ["t0000000", "..", "t%2f..%2fx", "T"] {
        let end = refusal(&world.visitor, id, &hello("case", None, None));
        assert!(is_gone(&end), "{id}: {end:?}");
    }
}

#[test]
fn a_websocket_that_does_not_begin_with_a_hello_is_refused() {
    let world = World::new();
    let id = world.visitor.new_terminal()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let typed = Frame::Data {
        seq: 0,
        bytes: b"exit\r".to_vec(),
    };
    for first in [typed, Frame::Kill, Frame::Hello(b"{".to_vec())] {
        let end = refusal(&world.visitor, &id, &first);
        assert!(
            matches!(&end, End::Refused(refused, _) if refused.code == "protocol"),
            "{first:?}: {end:?}"
        );
    }
    assert_eq!(world.visitor.terminals(), [id]);
}

#[test]
fn an_impossible_size_or_subject_is_refused_with_a_code() {
    let world = World::new();
    let ask = |method, payload| world.visitor.try_call(method, &payload)["error"]["code"].clone();
    assert_eq!(ask("terminal.new", json!({ "cols": 0, "rows": 24 })), 400);
    assert_eq!(
        ask("terminal.new", json!({ "cols": 80, "rows": 9999 })),
        400
    );
    assert_eq!(ask("terminal.new", json!({})), 400);
    assert_eq!(ask("terminal.list.more", json!({})), 503);
}

#[test]
fn the_shell_keeps_its_jobs_variables_and_loses_ours() {
    let sshd = Sshd::builder()
        .env("SLURM_JOB_ID", "17")
        .env("CUDA_VISIBLE_DEVICES", "0,1")
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line(
        "echo job=$SLURM_JOB_ID. gpu=$CUDA_VISIBLE_DEVICES. ssh=$SSH_CONNECTION. term=$TERM.",
    );
    terminal.expect("job=17. gpu=0,1. ssh=. term=xterm-256color.");
}

#[test]
fn a_shell_has_nothing_open_but_its_terminal() {
    let world = World::new();
    let mut terminal = world.visitor.open_terminal();
    terminal
        .line("ls -l /proc/$$/fd; echo $((6*7))")
        .expect("42\r\n");
    let text = String::from_utf8_lossy(&terminal.output).into_owned();
    let targets: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(" -> "))
        .collect();
    assert!(targets.len() >= 3, "{text}");
    assert!(
        targets
            .iter()
            .all(|(_, target)| target.starts_with("/dev/pts/")),
        "{text}"
    );
}

#[test]
fn a_hello_in_the_url_is_answered_before_any_frame() {
    let world = World::new();
    let row = world.visitor.new_terminal();
    let id = row["id"].as_str().expect("an id");
    let (said, mut socket) = greet_early(&world.visitor, id, First::No);
    assert!(matches!(said, Ok(Frame::Hello(_))), "{said:?}");
    // The frame that repeats it ends nothing.
    let mut typed = Vec::new();
    let bytes = b"echo $((6*7))\r".to_vec();
    Frame::Data { seq: 0, bytes }.encode(&mut typed);
    assert!(socket.send_binary(typed));
    let is_answer =
        |said: &Said| matches!(said, Said::Binary(bytes) if text(bytes).contains("42\r\n"));
    while !is_answer(&socket.next()) {}
}

#[test]
fn the_first_terminal_is_started_by_its_own_connection_and_only_it() {
    let world = World::new();
    let (said, _first) = greet_early(&world.visitor, "aaaa2222", First::Yes);
    let Ok(Frame::Hello(json)) = said else {
        panic!("not started: {said:?}");
    };
    let hello: HolderHello = serde_json::from_slice(&json).expect("a hello");
    assert_eq!(
        (hello.id.as_str(), hello.cols, hello.rows),
        ("aaaa2222", 80, 24)
    );
    let (again, _again) = greet_early(&world.visitor, "aaaa2222", First::Yes);
    assert!(matches!(again, Ok(Frame::Hello(_))), "{again:?}");
    let (other, _other) = greet_early(&world.visitor, "bbbb3333", First::Yes);
    let is_other = matches!(&other, Err(End::Refused(refused, _)) if refused.code == "others");
    assert!(is_other, "{other:?}");
    let (bad, _bad) = greet_early(&world.visitor, "A.b", First::Yes);
    assert!(matches!(&bad, Err(end) if is_gone(end)), "{bad:?}");
    assert_eq!(world.visitor.terminals(), ["aaaa2222"]);
}

#[test]
fn two_pages_that_come_first_at_once_share_one_terminal() {
    let world = World::new();
    let come = |id| greet_early(&world.visitor, id, First::Yes).0.is_ok();
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| come("aaaa2222"));
        let other = scope.spawn(|| come("bbbb3333"));
        (one.join().expect("it came"), other.join().expect("it came"))
    });
    assert!(one != other, "one is first: {one} {other}");
    assert_eq!(world.visitor.terminals().len(), 1);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
