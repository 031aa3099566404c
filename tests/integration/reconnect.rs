//! Connections that are lost, silent or stopped: what comes back by itself, how
//! soon, and what it costs.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::chromium::Page;
use crate::support::laptop::Laptop;
use crate::support::login::Login;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::say;
use crate::support::sshd::Sshd;
use crate::support::targets::{NOTICE, SOON, connected, connected_to};
use crate::support::wan::Wan;
use crate::support::websocket::{wait_for, wait_until};

/// How soon after its network an open page is back; the aim is 2 s on a
/// machine that does nothing else.
const BACK: Duration = Duration::from_secs(6);

/// What stands between a person and a program that both count.
struct Counting {
    sshd: Sshd,
    wan: Wan,
    laptop: Laptop,
    page: Page,
    typed: u32,
}

impl Counting {
    /// Opens a page whose terminal prints numbers for ever and keeps those that
    /// are typed.
    #[track_caller]
    fn new() -> Self {
        let sshd = Sshd::start();
        let (wan, laptop) = Wan::with_laptop("box", &sshd);
        let connected = laptop.connect("box");
        let mut page = Page::open(connected["url"].as_str().expect("a URL"));
        page.ask("wait-state ready");
        page.ask("type stty -echo; PS1=; clear");
        page.ask(
            "type (i=0; while sleep 0.02; do i=$((i+1)); echo \"o$i.\"; echo $i > printed; done) & \
             while read -r line && [ \"$line\" != end ]; do echo \"$line\" >> typed; done; \
             kill %1; echo ov\"\"er",
        );
        page.ask("wait-text o20.");
        Self {
            sshd,
            wan,
            laptop,
            page,
            typed: 0,
        }
    }

    /// Types the next numbers.
    #[track_caller]
    fn type_some(&mut self) {
        for _ in 0..5 {
            self.typed += 1;
            let line = format!("type {}", self.typed);
            self.page.ask(&line);
        }
    }

    /// How far the program is.
    fn printed(&self) -> Option<u32> {
        let text = fs::read_to_string(self.sshd.home().join("printed")).ok()?;
        text.trim().parse().ok()
    }

    /// Waits until the page is usable; returns how long that took.
    #[track_caller]
    fn wait_until_ready(&mut self) -> Duration {
        let began = Instant::now();
        self.page.ask("wait-state ready");
        began.elapsed()
    }

    /// Both sides have every number of the other once, in order.
    #[track_caller]
    fn assert_complete(mut self) {
        self.type_some();
        let wanted: Vec<String> = (1..=self.typed).map(|number| number.to_string()).collect();
        let file = self.sshd.home().join("typed");
        let read = || {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (lines.len() >= wanted.len()).then_some(lines)
        };
        assert_eq!(eventually("what was typed arrives", SOON, read), wanted);
        self.page.ask("type end");
        self.page.ask("wait-text over");
        let history: Vec<String> =
            serde_json::from_str(&self.page.ask("history")).expect("the lines");
        let printed: Vec<u32> = history
            .iter()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix('o')?
                    .strip_suffix('.')?
                    .parse()
                    .ok()
            })
            .collect();
        let all: Vec<u32> = (1..=u32::try_from(printed.len()).expect("few")).collect();
        assert!(printed.len() > 40, "{history:?}");
        assert_eq!(printed, all);
    }
}

#[test]
fn nothing_is_lost_or_doubled_on_a_link_that_freezes() {
    let mut counting = Counting::new();
    let before = counting.sshd.counts();
    counting.wan.freeze();
    counting.type_some();
    counting.page.ask("wait-page does not answer");
    counting.type_some();
    counting.wan.thaw();
    let back = counting.wait_until_ready();
    assert!(back < BACK, "{back:?}");
    let cost = counting.sshd.counts() - before;
    assert_eq!((cost.authentications, cost.execs), (0, 0), "{cost:?}");
    counting.assert_complete();
}

#[test]
fn nothing_is_lost_or_doubled_on_a_link_that_is_cut() {
    let mut counting = Counting::new();
    let before = counting.sshd.counts();
    counting.wan.cut();
    counting.type_some();
    counting.page.ask("wait-page cannot be reached");
    counting.type_some();
    let seen = counting.wan.turned_away();
    // Long enough for pauses that double to have become long.
    eventually("it is looked for again and again", NOTICE, || {
        (counting.wan.turned_away() > seen + 16).then_some(())
    });
    counting.wan.mend();
    let back = counting.wait_until_ready();
    say(&format!("a page is back {back:.1?} after its link"));
    assert!(back < BACK, "{back:?}");
    assert_eq!((counting.sshd.counts() - before).authentications, 1);
    counting.assert_complete();
}

#[test]
fn nothing_is_lost_or_doubled_when_the_master_is_stopped() {
    let mut counting = Counting::new();
    let masters = counting.laptop.masters();
    for master in &masters {
        processes::signal(*master, Signal::STOP);
    }
    counting.type_some();
    counting.page.ask("wait-page does not answer");
    counting.type_some();
    // Another way is found beside it, and then it is ended.
    counting.wait_until_ready();
    eventually("the stopped master is gone", SOON, || {
        let now = counting.laptop.masters();
        (now.len() == 1 && now != masters).then_some(())
    });
    counting.assert_complete();
}

#[test]
fn nothing_is_lost_or_doubled_when_the_tunnel_is_stopped() {
    let mut counting = Counting::new();
    let tunnel = counting.laptop.row("box")["tunnel_pid"].as_u64();
    let tunnel = u32::try_from(tunnel.expect("it runs")).expect("a pid");
    let before = counting.sshd.counts();
    processes::signal(tunnel, Signal::STOP);
    counting.type_some();
    // Long enough to be taken for a sleep.
    let goal = counting.printed().unwrap_or_default() + 300;
    eventually("the program goes on", NOTICE, || {
        (counting.printed() > Some(goal)).then_some(())
    });
    counting.type_some();
    processes::signal(tunnel, Signal::CONT);
    counting.wait_until_ready();
    let cost = counting.sshd.counts() - before;
    assert_eq!((cost.connections, cost.execs), (0, 0), "{cost:?}");
    counting.assert_complete();
}

#[test]
fn a_silent_link_is_replaced_where_the_address_has_changed() {
    let sshd = Sshd::start();
    let (old, laptop) = Wan::with_laptop("box", &sshd);
    let visitor = laptop.visit("box");
    let mut terminal = visitor.open_terminal();
    terminal.line("n=6").expect("n=6");
    let mut other = visitor.open_terminal();
    let mut session = visitor.websocket("/session");
    let before = sshd.counts();
    old.freeze();
    let new = Wan::to(&sshd);
    laptop.move_target(old.addr().port(), new.addr().port());
    other.keys("x");
    wait_for(&mut session, "reconnecting");
    wait_for(&mut session, "ready");
    assert_eq!((sshd.counts() - before).authentications, 1);
    terminal.end();
    terminal.resume(&visitor);
    terminal
        .keys("\u{15}")
        .line("echo n=$((n*7)).")
        .expect("n=42.");
}

#[test]
fn a_password_is_not_wanted_again_for_a_silence() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let password = login.password().expect("it has one").to_owned();
    let sshd = Sshd::builder().login(login).start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect("password: ").answer(&password);
    person.expect("http://localhost:");
    assert!(person.end().success());
    let visitor = laptop.visit("box");
    let mut terminal = visitor.open_terminal();
    let mut session = visitor.websocket("/session");
    wan.freeze();
    terminal.line("echo n=$((6*7)).");
    wait_for(&mut session, "reconnecting");
    wan.thaw();
    wait_for(&mut session, "ready");
    terminal.expect("n=42.");
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn who_must_be_asked_is_asked_by_reconnect_alone() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let password = login.password().expect("it has one").to_owned();
    let sshd = Sshd::builder().login(login).start();
    let laptop = Laptop::with_target("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect("password: ").answer(&password);
    person.expect("http://localhost:");
    assert!(person.end().success());
    let visitor = laptop.visit("box");
    let mut terminal = visitor.open_terminal();
    laptop.kill_masters();
    let row = laptop.wait_for_status("box", "needs-auth");
    assert_eq!(row["hint"], "cocalc-plus ssh reconnect box", "{row}");
    let tries = sshd.counts().connections;
    let mut person = laptop.on_terminal(&["ssh", "reconnect", "box"]);
    person.expect("password: ").answer(&password);
    person.expect("http://localhost:");
    assert!(person.end().success());
    assert_eq!(sshd.counts().connections, tries + 1);
    terminal.end();
    terminal.resume(&visitor);
    let unknown = laptop.run(&["ssh", "reconnect", "elsewhere"]).failure(1);
    assert!(unknown.stderr.contains("no target of yours"), "{unknown:?}");
}

#[test]
fn an_open_page_is_back_soon_after_sshd_is() {
    let (mut sshd, laptop) = connected();
    let visitor = laptop.visit("box");
    let mut session = visitor.websocket("/session");
    sshd.stop();
    let why = wait_for(&mut session, "reconnecting");
    assert!(why["why"].is_string(), "{why}");
    wait_until(&mut session, |status| {
        status["why"]
            .as_str()
            .is_some_and(|why| why.contains("refused"))
    });
    let began = Instant::now();
    sshd.restart();
    wait_for(&mut session, "ready");
    let back = began.elapsed();
    say(&format!("a page is back {back:.1?} after sshd"));
    assert!(back < BACK, "{back:?}");
}

#[test]
fn a_server_that_refuses_is_asked_seldom() {
    let sshd = Sshd::builder()
        .line("MaxStartups 1:100:1")
        .line("LoginGraceTime 600")
        .start();
    let (sshd, laptop) = connected_to(sshd);
    let mut session = laptop.visit("box").websocket("/session");
    // One who connects and says nothing takes the only place.
    let idle = std::net::TcpStream::connect((sshd.address(), sshd.port())).expect("it listens");
    let taken = || sshd.log().contains(&local_port(&idle)).then_some(());
    eventually("the place is taken", SOON, taken);
    let before = refusals(&sshd);
    laptop.kill_masters();
    wait_for(&mut session, "reconnecting");
    let began = Instant::now();
    wait_until(&mut session, |status| status["attempt"].as_u64() >= Some(4));
    let (took, asked) = (began.elapsed(), refusals(&sshd) - before);
    assert!(took > Duration::from_secs(5), "{took:?}");
    assert!(asked <= 16, "{asked} connections in {took:?}");
    drop(idle);
    wait_for(&mut session, "ready");
}

/// How often sshd had no place for a login.
fn refusals(sshd: &Sshd) -> usize {
    sshd.log().matches("past MaxStartups").count()
}

fn local_port(stream: &std::net::TcpStream) -> String {
    let address = stream.local_addr().expect("it is connected");
    format!("port {}", address.port())
}
