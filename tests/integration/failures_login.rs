//! Everything that can keep ssh from logging in, provoked: each with its exit
//! code and words, also where ssh speaks a language that we do not know.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType};

use crate::support::aftermath::assert_reads_well;
use crate::support::finished::Finished;
use crate::support::laptop::Laptop;
use crate::support::login::Login;
use crate::support::sshd::Sshd;

/// What ssh asks of a person about an unknown host key.
const KEY_QUESTION: &str = "Are you sure you want to continue connecting";

/// Whether ssh speaks as we know it.
#[derive(Clone, Copy, PartialEq)]
enum Tongue {
    English,
    Foreign,
}

/// Connects in both tongues; each must end with this code.
#[track_caller]
fn fails_in_every_tongue(
    code: i32,
    provoke: impl Fn(&Laptop) + Sync,
    is_right: impl Fn(&Finished, Tongue) + Sync,
) {
    thread::scope(|scope| {
        for tongue in [Tongue::English, Tongue::Foreign] {
            let (provoke, is_right) = (&provoke, &is_right);
            scope.spawn(move || {
                let laptop = Laptop::new();
                if tongue == Tongue::Foreign {
                    laptop.garble_ssh();
                }
                provoke(&laptop);
                let finished = laptop.try_connect("box", &[]).failure(code);
                assert_reads_well(&finished);
                is_right(&finished, tongue);
            });
        }
    });
}

#[track_caller]
fn says(finished: &Finished, words: &[&str]) {
    for word in words {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
}

#[test]
fn a_name_that_nobody_has_is_named() {
    let block = "Host box\n  HostName nobody.invalid";
    fails_in_every_tongue(
        12,
        |laptop| laptop.add_ssh_config(block),
        |finished, _| {
            says(
                finished,
                &["no machine is called `nobody.invalid`", "ssh box"],
            )
        },
    );
}

#[test]
fn a_port_that_nobody_listens_on_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let block = format!("Host box\n  HostName 127.0.0.1\n  Port {port}");
    let sentence = format!("nothing listens on port {port} of 127.0.0.1");
    fails_in_every_tongue(
        12,
        |laptop| laptop.add_ssh_config(&block),
        |finished, _| says(finished, &[&sentence]),
    );
}

#[test]
fn a_machine_that_does_not_answer_is_named() {
    let deaf = Deaf::start();
    let block = format!(
        "Host box\n  HostName 127.0.0.1\n  Port {}\n  ConnectTimeout 1",
        deaf.port
    );
    let sentence = format!("127.0.0.1 does not answer on port {}", deaf.port);
    fails_in_every_tongue(
        12,
        |laptop| laptop.add_ssh_config(&block),
        |finished, _| says(finished, &[&sentence]),
    );
}

#[test]
fn what_is_no_ssh_server_is_named() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = mute.local_addr().expect("it is bound").port();
    let block = format!("Host box\n  HostName 127.0.0.1\n  Port {port}\n  ConnectTimeout 1");
    fails_in_every_tongue(
        12,
        |laptop| laptop.add_ssh_config(&block),
        |finished, _| says(finished, &["is no ssh server, or turns everybody away"]),
    );
}

#[test]
fn an_unknown_host_key_is_named() {
    let sshd = Sshd::start();
    fails_in_every_tongue(
        11,
        |laptop| laptop.add_ssh_config(&sshd.host_block("box", sshd.port())),
        |finished, _| says(finished, &["the host key of `box` is unknown", "ssh box"]),
    );
    assert_eq!(sshd.counts().authentications, 0);
}

#[test]
fn a_changed_host_key_is_shown_with_the_known_one_and_how_to_forget_that() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    let provoke = |laptop: &Laptop| {
        laptop.add_target("box", &sshd);
        let line = format!("{} {}\n", sshd.host_key_alias(), other.host_key());
        fs::write(laptop.file("known_hosts"), line).expect("it is ours");
    };
    let alias = sshd.host_key_alias().to_lowercase();
    let forget = format!("ssh-keygen -R '{alias}' -f ");
    fails_in_every_tongue(11, provoke, |finished, _| {
        says(
            finished,
            &[
                "the host key of `box` has changed: it shows SHA256:",
                &forget,
            ],
        );
    });
    assert_eq!(sshd.counts().authentications, 0);
}

#[test]
fn a_refused_login_is_named() {
    let sshd = Sshd::start();
    sshd.authorize("");
    fails_in_every_tongue(
        10,
        |laptop| laptop.add_target("box", &sshd),
        |finished, tongue| match tongue {
            Tongue::English => says(finished, &["did not accept you", "Permission denied"]),
            Tongue::Foreign => says(finished, &["`box` answers and did not let you in"]),
        },
    );
}

#[test]
fn a_tunnel_that_is_refused_waits_for_a_person_in_every_tongue() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect("box");
    laptop.garble_ssh();
    sshd.authorize("");
    laptop.kill_masters();
    laptop.wait_for_status("box", "needs-auth");
}

#[test]
fn a_key_that_is_accepted_and_not_kept_is_not_blamed() {
    let sshd = Sshd::start();
    sshd.authorize("");
    let laptop = Laptop::with_target("box", &sshd);
    laptop.add_ssh_config("  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no");
    let config = fs::read_to_string(laptop.ssh_config()).expect("the laptop made it");
    let own = config.lines().skip(1).collect::<Vec<_>>().join("\n");
    fs::write(laptop.ssh_config(), own).expect("it is ours");
    laptop.fails(&sshd, 10);
}

#[test]
fn a_jump_host_that_refuses_is_told_by_ssh_alone() {
    let (jump, inner) = (Sshd::start(), Sshd::start());
    jump.authorize("");
    let laptop = Laptop::with_target("jump", &jump);
    laptop.add_target("box", &inner);
    laptop.add_ssh_config("  ProxyJump jump");
    laptop.fails(&inner, 10);
    assert_eq!(inner.counts().connections, 0);
}

#[test]
fn an_unknown_host_key_is_asked_about_and_kept_when_a_person_accepts_it() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    fs::write(laptop.file("known_hosts"), "").expect("it is ours");
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect(KEY_QUESTION).answer("yes");
    person.expect("http://localhost:");
    assert!(person.end().success());
    assert!(laptop.read("known_hosts").contains("ssh-ed25519"));
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

#[test]
fn an_unknown_host_key_is_asked_about_and_forgotten_when_a_person_declines() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    fs::write(laptop.file("known_hosts"), "").expect("it is ours");
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect(KEY_QUESTION).answer("no");
    person.expect("error: the host key of `box` is unknown");
    assert_eq!(person.end().code(), Some(11));
    assert_eq!(laptop.read("known_hosts"), "");
    laptop.assert_nothing_left(&sshd);
}

#[test]
fn a_changed_host_key_is_not_even_asked_about_and_the_hint_mends_it() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    let laptop = Laptop::with_target("box", &sshd);
    let changed = laptop
        .read("known_hosts")
        .replace(&sshd.host_key(), &other.host_key());
    fs::write(laptop.file("known_hosts"), changed).expect("it is ours");
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect("error: the host key of `box` has changed");
    assert_eq!(person.end().code(), Some(11));
    let output = person.output();
    assert!(!output.contains(KEY_QUESTION), "{output}");
    let (_, hint) = output
        .split_once("once you trust the new key: ")
        .expect("a hint");
    let typed = hint.lines().next().expect("a command").trim();
    let mut shell = laptop.command("/bin/sh".as_ref());
    let typed = shell.args(["-c", typed]).status();
    assert!(typed.expect("sh starts").success());
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect(KEY_QUESTION).answer("yes");
    person.expect("http://localhost:");
    assert!(person.end().success());
}

#[test]
fn a_password_that_is_wrong_three_times_is_a_refused_login() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    let laptop = Laptop::with_target("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    for _ in 0..3 {
        person.expect("password: ").answer("wrong");
    }
    person.expect("error: `box` did not accept you");
    assert_eq!(person.end().code(), Some(10));
    assert_eq!(
        (sshd.counts().authentications, sshd.counts().refusals),
        (0, 3)
    );
    laptop.assert_nothing_left(&sshd);
}

#[test]
fn a_second_factor_is_answered_by_keyboard_interactive() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let rules = "printf 'auth required pam_unix.so\\naccount required pam_permit.so\\n\
        session required pam_permit.so\\n' > $AT/pam; mount --bind $AT/pam /etc/pam.d/sshd";
    let Some(sshd) = Sshd::mounting(rules) else {
        return;
    };
    let password = login.password().expect("it has one").to_owned();
    let sshd = sshd
        .login(login)
        .line("UsePAM yes")
        .line("KbdInteractiveAuthentication yes")
        .line("PasswordAuthentication no")
        .line("PubkeyAuthentication yes")
        .line("AuthenticationMethods publickey,keyboard-interactive")
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect("Password: ").answer("wrong");
    person.expect("Password: ").answer(&password);
    person.expect("http://localhost:");
    assert!(person.end().success());
    assert_eq!(person.output().matches("Password: ").count(), 2);
    assert_eq!(sshd.counts().execs, 1);
    laptop.kill_tunnel("box");
    laptop.connect("box");
    assert_eq!(person.output().matches("Password: ").count(), 2);
}

#[test]
fn a_server_that_opens_no_session_is_named() {
    let sshd = Sshd::builder().line("MaxSessions 0").start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.fails(&sshd, 13);
    says(&finished, &["`box` opens no further session"]);
    assert_eq!(sshd.counts().authentications, 1);
}

#[test]
fn neither_a_terminal_nor_sftp_nor_forwarding_is_needed() {
    let sshd = Sshd::builder()
        .line("PermitTTY no")
        .line("DisableForwarding yes")
        .line("Subsystem sftp /bin/false")
        .line("MaxSessions 1")
        .line("PermitUserRC no")
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connects(&sshd);
    let visitor = laptop.visit("box");
    visitor.open_terminal().line("echo $((6*7))").expect("42");
}

#[test]
fn masters_and_terminals_of_the_users_configuration_change_nothing() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let users_own = laptop.file("users-own");
    laptop.add_ssh_config("  ControlMaster auto\n  ControlPersist yes\n  RequestTTY force");
    laptop.add_ssh_config(&format!("  ControlPath {}", users_own.display()));
    laptop.add_ssh_config("  RemoteCommand echo hijacked\n  SessionType none");
    laptop.connects(&sshd);
    assert!(!users_own.exists(), "the user's own control path was taken");
    laptop.run(&["ssh", "stop", "box"]).success();
    laptop.wait_until_idle(crate::support::targets::SOON);
}

#[test]
fn three_thousand_hosts_in_the_configuration_cost_two_readings_by_ssh() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let block = |n: usize| {
        format!(
            "Host node{n} node{n}.example.org\n  HostName 10.0.{}.{}\n  User me\n",
            n / 250,
            n % 250
        )
    };
    let blocks: String = (0..3000).map(block).collect();
    laptop.add_ssh_config(&blocks);
    let connected = laptop.connects(&sshd);
    assert_eq!(laptop.ssh_calls().len(), 2, "one `ssh -G`, one master");
    // Two readings of 200 kB by ssh; a second each would be a parser of ours.
    let total = connected["timings_ms"]["total"].as_u64().expect("a number");
    let upload = connected["timings_ms"]["upload"]
        .as_u64()
        .expect("a number");
    assert!(total - upload < 10_000, "{connected}");
}

/// A port whose connections are never taken up: further ones get no answer.
struct Deaf {
    port: u16,
    _held: Vec<OwnedFd>,
}

impl Deaf {
    fn start() -> Self {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = || {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
                .expect("the system has a free descriptor")
        };
        let listener = socket();
        rustix::net::bind(&listener, &address).expect("loopback has a free port");
        rustix::net::listen(&listener, 0).expect("it is bound");
        let bound: SocketAddrAny = rustix::net::getsockname(&listener).expect("it is bound");
        let bound = std::net::SocketAddr::try_from(bound).expect("it is of IPv4");
        let mut held = vec![listener];
        // A queue of none holds one; the rest is dropped.
        for _ in 0..4 {
            let caller = socket();
            // It is under way, or waits for ever: both fill the queue.
            let _ = rustix::net::connect(&caller, &bound);
            held.push(caller);
        }
        Self {
            port: bound.port(),
            _held: held,
        }
    }
}
