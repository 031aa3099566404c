//! `terminal attach` on a terminal of its own.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use rustix::net::RecvFlags;
use rustix::process::Signal;
use serde_json::json;

use cocalc_plus::protocol::terminal::{Exit, Frame};

use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::pty::Pty;
use crate::support::targets::SOON;
use crate::terminal_cli::machine;

/// What gives a terminal back, among it: the main screen, no mouse, no paste.
const RESTORED: &str = "\x1b[?1049l";
const MODES_OFF: &str =
    "\x1b[?1;5;9;12;45;66;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026;2031l";

/// The default detach key, Ctrl-\.
const DETACH: &str = "\u{1c}";

/// Attaches to a terminal and waits for what it shows.
#[track_caller]
fn attach(machine: &Laptop, id: &str) -> Pty {
    let mut attached = machine.on_terminal(&["terminal", "attach", id]);
    attached.expect("$ ");
    attached
}

/// A machine with one terminal whose shell has said that it is ready.
#[track_caller]
fn with_terminal() -> (Laptop, String) {
    let machine = machine();
    let id = machine.new_terminal(&[]);
    machine.send_line(&id, "PS1='$ '; clear; echo rea''dy");
    machine.wait_for_line(&id, "ready");
    (machine, id)
}

#[test]
fn it_shows_the_screen_takes_keys_and_ends_with_the_programs_exit_code() {
    let (machine, id) = with_terminal();
    let mut attached = attach(&machine, &id);
    attached.answer("echo $((6*7))").expect("42\r\n");
    attached.answer("exit 7");
    attached.expect(RESTORED).expect(MODES_OFF);
    attached.expect(&format!("{id} ended with exit code 7"));
    assert_eq!(attached.end().code(), Some(7));
}

#[test]
fn the_detach_key_leaves_the_terminal_running_and_this_one_as_it_was() {
    let (machine, id) = with_terminal();
    let mut attached = machine.on_terminal(&["terminal", "attach"]);
    let before = {
        let idle = machine.on_terminal(&["terminal", "list"]);
        idle.modes()
    };
    attached.expect("ready").expect("$ ");
    assert_ne!(attached.modes(), before, "it is raw");
    attached.answer("printf '\\033[?1049h\\033[?1003h\\033[?2004h\\033[?25lful''l'");
    attached.expect("full").keys(DETACH);
    attached.expect(RESTORED).expect(MODES_OFF);
    attached.expect(&format!("detached from {id}"));
    assert_eq!(attached.end().code(), Some(0));
    assert_eq!(attached.modes(), before);
    assert_eq!(machine.terminal_ids(), [id]);
}

#[test]
fn keys_before_the_detach_key_arrive() {
    let (machine, id) = with_terminal();
    attach(&machine, &id)
        .keys(&format!("echo $((6*7))\r{DETACH}"))
        .end();
    machine.wait_for_line(&id, "42");
}

#[test]
fn another_detach_key_makes_the_default_one_a_key() {
    let (machine, id) = with_terminal();
    let arguments = ["terminal", "attach", &id, "--detach-key", "ctrl-]"];
    let mut attached = machine.on_terminal(&arguments);
    attached
        .expect("$ ")
        .answer("stty -isig -echo; echo rea''dy; cat -v");
    attached
        .expect("ready")
        .keys(DETACH)
        .answer("")
        .expect("^\\");
    attached.keys("\u{1d}").expect("detached from");
    let bad = ["terminal", "attach", "--detach-key", "f12"];
    machine.run(&bad).failure(2);
}

#[test]
fn a_signal_restores_the_terminal_too() {
    let (machine, id) = with_terminal();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let before = machine.on_terminal(&["terminal", "list"]).modes();
        let mut attached = attach(&machine, &id);
        processes::signal(attached.pid(), signal);
        attached.expect(RESTORED).expect("detached from");
        assert_eq!(attached.end().code(), Some(0), "{signal:?}");
        assert_eq!(attached.modes(), before, "{signal:?}");
    }
}

#[test]
fn a_killed_terminal_tells_how_it_ended() {
    let (machine, id) = with_terminal();
    let mut attached = attach(&machine, &id);
    machine.run(&["terminal", "kill", &id]).success();
    attached.expect(&format!("{id} was ended by signal 1"));
    assert_eq!(attached.end().code(), Some(129));
    let (machine, id) = with_terminal();
    let mut attached = attach(&machine, &id);
    attached.answer("kill -KILL $PPID");
    attached.expect(RESTORED).expect("was killed");
    attached.expect("cocalc-plus terminal new");
    assert_eq!(attached.end().code(), Some(1));
}

#[test]
fn a_new_size_of_the_window_reaches_the_program() {
    let (machine, id) = with_terminal();
    let mut attached = attach(&machine, &id);
    attached.resize(100, 30).expect("$ ");
    attached.answer("stty size").expect("30 100\r\n");
}

#[test]
fn two_windows_share_the_smallest_size_and_the_larger_one_says_so() {
    let (machine, id) = with_terminal();
    let mut small = attach(&machine, &id);
    let mut large = attach(&machine, &id);
    large.resize(120, 40);
    large.expect(&format!("{id} has 80 × 24, the smallest of 2 windows"));
    small.answer("stty size").expect("24 80\r\n");
    // 70 letters do not fit behind the prompt and the command in 80 columns.
    small.answer(&format!("echo {}", "x".repeat(78)));
    large.expect(&format!("H\x1b[2K{}\x1b[", "x".repeat(78)));
    small.keys(DETACH).end();
    large.expect("$ ");
    large.answer("stty size").expect("40 120\r\n");
}

#[test]
fn only_the_window_that_leads_answers_what_a_program_asks() {
    let (machine, id) = with_terminal();
    let mut follower = attach(&machine, &id);
    let mut leader = attach(&machine, &id);
    leader
        .answer("stty -echo; echo rea''dy; cat -v")
        .expect("ready");
    follower.expect("ready");
    // As an emulator answers, unasked here: one of the two is nobody's.
    follower.keys("\u{1b}[1;1R\u{1b}[?62;4c");
    leader.keys("\u{1b}[2;2R").answer("");
    machine.wait_for_line(&id, "^[[2;2R");
    follower.answer("foll''owed").expect("foll''owed");
    // Now that it has typed, it leads.
    follower.keys("\u{1b}[3;3R").answer("");
    machine.wait_for_line(&id, "^[[3;3R");
}

/// What a holder of version 1 reads until a client has typed `until`.
fn typed_into_version_1(stream: &mut UnixStream, until: &[u8]) -> Vec<u8> {
    let mut typed = Vec::new();
    while !typed.ends_with(until) {
        if let Frame::Data { bytes, .. } = frame(stream) {
            typed.extend(bytes);
        }
    }
    typed
}

#[track_caller]
fn frame(stream: &mut UnixStream) -> Frame {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a length");
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut message).expect("a frame");
    Frame::decode(&message).expect("a frame")
}

/// Sends a frame, unless the client has left: one that only looks goes as soon
/// as it has been greeted.
fn say(stream: &mut UnixStream, frame: &Frame) {
    let mut bytes = Vec::new();
    frame.encode_with_length(&mut bytes);
    match stream.write_all(&bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        sent => sent.expect("the client listens"),
    }
}

/// A machine, and the socket of its one terminal `old`.
fn with_socket_of_version_1() -> (Laptop, UnixListener) {
    let machine = machine();
    machine.run(&["terminal", "list"]).success();
    let mut instances = fs::read_dir(machine.runtime()).expect("it is ours");
    let instance = instances.next().expect("an instance").expect("an instance");
    let listener = UnixListener::bind(instance.path().join("t/old.sock")).expect("a socket");
    (machine, listener)
}

/// Answers a client's hello as a holder of version 1 does.
fn greet_as_version_1(stream: &mut UnixStream) {
    assert!(matches!(frame(stream), Frame::Hello(_)));
    let hello = json!({
        "version": 1, "id": "old", "pid": 1, "title": "sh", "cols": 80, "rows": 24,
        "output_seq": 9, "input_seq": 0, "started_at": 0,
    });
    say(stream, &Frame::hello(&hello));
    // It repeats what was printed, with what was asked and answered then.
    let replay = Frame::Replay {
        seq: 9,
        clear: true,
        last: true,
        whole: false,
        bytes: b"old \x1b[6n$ ".to_vec(),
    };
    say(stream, &replay);
}

/// Serves one client as a holder of version 1; returns what it typed, or that
/// it wanted the end.
fn serve_as_version_1(listener: &UnixListener) -> Result<Vec<u8>, Frame> {
    let (mut stream, _) = listener.accept().expect("it connects");
    greet_as_version_1(&mut stream);
    let mut typed = Vec::new();
    let mut is_open = [0];
    while matches!(
        rustix::net::recv(&stream, &mut is_open, RecvFlags::PEEK),
        Ok((1.., _))
    ) {
        match frame(&mut stream) {
            Frame::Data { bytes, .. } => {
                typed.extend(bytes);
                let seq = typed.len() as u64;
                say(&mut stream, &Frame::Ack { seq });
            }
            Frame::Kill => return Err(Frame::Kill),
            _ => {}
        }
    }
    Ok(typed)
}

#[test]
fn a_holder_of_the_older_protocol_serves_every_command() {
    let (machine, listener) = with_socket_of_version_1();
    let served = |arguments: &[&str]| {
        thread::scope(|scope| {
            let holder = scope.spawn(|| serve_as_version_1(&listener));
            let said = machine.run(arguments).success().stdout;
            (said, holder.join().expect("it is served"))
        })
    };
    let (rows, _) = served(&["terminal", "list", "--json"]);
    assert!(rows.contains("\"id\":\"old\""), "{rows}");
    let capture = ["terminal", "capture", "old", "--scrollback"];
    for arguments in [&capture[..3], &capture] {
        assert_eq!(served(arguments), ("old $\n".to_owned(), Ok(Vec::new())));
    }
    let typed = served(&["terminal", "send", "old", "ls\r"]).1;
    assert_eq!(typed, Ok(b"ls\r".to_vec()));
    assert_eq!(served(&["terminal", "kill", "old"]).1, Err(Frame::Kill));
}

#[test]
fn a_holder_of_the_older_protocol_is_shown_too() {
    let (machine, listener) = with_socket_of_version_1();
    let mut attached = machine.on_terminal(&["terminal", "attach", "old"]);
    let (mut stream, _) = listener.accept().expect("it connects");
    greet_as_version_1(&mut stream);
    attached.expect("old \x1b[6n$ ").keys("\u{1b}[1;7Rls\r");
    assert_eq!(typed_into_version_1(&mut stream, b"\r"), b"ls\r");
    let exit = Frame::Exit(Exit {
        code: Some(3),
        signal: None,
    });
    say(&mut stream, &exit);
    attached.expect("old ended with exit code 3");
}

#[test]
fn without_an_id_it_shows_the_only_one_or_asks_which() {
    let machine = machine();
    let mut none = machine.on_terminal(&["terminal", "attach"]);
    none.expect("there is no terminal")
        .expect("cocalc-plus terminal new");
    assert_eq!(none.end().code(), Some(1));
    let ids = [machine.new_terminal(&[]), machine.new_terminal(&[])];
    let mut two = machine.on_terminal(&["terminal", "attach"]);
    two.expect("which terminal?")
        .expect(&ids[0])
        .expect(&ids[1]);
    assert_eq!(two.end().code(), Some(1));
    let mut unknown = machine.on_terminal(&["terminal", "attach", "nope"]);
    unknown.expect("no terminal `nope`");
    assert_eq!(unknown.end().code(), Some(3));
    let blind = machine.run(&["terminal", "attach", &ids[0]]).failure(1);
    assert!(
        blind.stderr.contains("attach needs a terminal"),
        "{blind:#?}"
    );
}

#[test]
fn a_terminal_does_not_show_itself_but_another_one() {
    let (machine, id) = with_terminal();
    let other = machine.new_terminal(&[]);
    let runtime = machine.runtime().display().to_string();
    let inside = |target: &str| {
        let bin = crate::support::bin().display().to_string();
        format!("COCALC_PLUS_RUNTIME={runtime} {bin} terminal attach {target}")
    };
    let mut attached = attach(&machine, &id);
    attached.answer(&inside(&id)).expect("cannot show itself");
    attached.answer(&inside(&other)).expect("[H\x1b[J");
    attached
        .answer("echo $COCALC_PLUS_TERMINAL.")
        .expect(&format!("{other}."));
    attached.answer("exit").expect(&format!("{other} ended"));
    attached.answer("echo $((6*7))").expect("42\r\n");
    let is_one = || (machine.terminal_ids() == [id.as_str()]).then_some(());
    eventually("only the outer one is left", SOON, is_one);
}
