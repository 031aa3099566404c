//! `ssh T`: what a connect costs, and how it fails.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::counts::Counts;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected, connected_as};

/// What a connect may cost the sshd, compared with what it did.
#[track_caller]
fn assert_cost(sshd: &Sshd, since: Counts, authentications: usize, execs: usize) {
    let cost = sshd.counts() - since;
    assert_eq!(
        (
            cost.authentications,
            cost.execs,
            cost.shells + cost.subsystems
        ),
        (authentications, execs, 0),
        "authentications, execs, others"
    );
}

#[test]
fn a_first_connect_installs_with_one_authentication_and_one_exec() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let connected = laptop.connect("box");
    assert_eq!(connected["installed"], true);
    assert_eq!(connected["server"], "started");
    assert_cost(&sshd, Counts::default(), 1, 1);
}

#[test]
fn json_is_one_line_with_exactly_the_documented_fields() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.try_connect("box", &[]).success();
    assert_eq!(
        finished.stdout.matches('\n').count(),
        1,
        "{}",
        finished.stdout
    );
    let connected = finished.json();
    let fields: Vec<_> = connected.as_object().expect("an object").keys().collect();
    let documented = [
        "installed",
        "local_port",
        "remote_port",
        "server",
        "target",
        "timings_ms",
        "url",
        "version",
    ];
    assert_eq!(fields, documented);
    assert_eq!(connected["target"], "box");
    assert!(
        connected["timings_ms"]["total"].as_u64() > Some(0),
        "{connected}"
    );
}

#[test]
fn a_second_connect_finds_the_tunnel_and_runs_no_ssh() {
    let (sshd, laptop) = connected();
    let (before, calls) = (sshd.counts(), laptop.ssh_calls().len());
    let again = laptop.connect("box");
    assert_eq!(
        (&again["server"], &again["installed"]),
        (&json!("reused"), &json!(false))
    );
    assert_eq!(laptop.ssh_calls().len(), calls, "ssh was run");
    assert_eq!(sshd.counts(), before);
}

#[test]
fn a_killed_tunnel_costs_one_exec_and_no_authentication() {
    let (sshd, laptop) = connected();
    let before = sshd.counts();
    laptop.kill_tunnel("box");
    let again = laptop.connect("box");
    assert_eq!(
        (&again["server"], &again["installed"]),
        (&json!("reused"), &json!(false))
    );
    assert_cost(&sshd, before, 0, 1);
}

#[test]
fn a_killed_tunnel_and_master_cost_one_authentication_and_one_exec() {
    let (sshd, laptop) = connected();
    let before = sshd.counts();
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    assert_eq!(laptop.connect("box")["server"], "reused");
    assert_cost(&sshd, before, 1, 1);
}

#[test]
fn two_simultaneous_commands_make_one_connection() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let ports: Vec<Value> = thread::scope(|scope| {
        let connect = || laptop.connect("box")["local_port"].clone();
        let both = [scope.spawn(connect), scope.spawn(connect)];
        both.map(|one| one.join().expect("it succeeds")).into()
    });
    assert_eq!(ports[0], ports[1]);
    assert_cost(&sshd, Counts::default(), 1, 1);
}

#[test]
fn the_port_stays_when_tunnel_and_master_were_killed() {
    let (_sshd, laptop) = connected_as("stays");
    let port = laptop.row("stays")["local_port"].clone();
    laptop.kill_tunnel("stays");
    laptop.kill_masters();
    assert_eq!(laptop.connect("stays")["local_port"], port);
}

#[test]
fn another_build_replaces_the_tunnel_and_keeps_port_and_master() {
    let (sshd, laptop) = connected_as("upgraded");
    let (before, old, masters) = (sshd.counts(), laptop.row("upgraded"), laptop.masters());
    let connected = laptop.connect_build(&laptop.longer_build(1), "upgraded");
    let new = laptop.row("upgraded");
    assert_eq!(connected["local_port"], old["local_port"]);
    assert_ne!(new["tunnel_pid"], old["tunnel_pid"]);
    assert_eq!(
        connected["installed"], true,
        "the other build installs itself"
    );
    assert_eq!(laptop.masters(), masters);
    assert_cost(&sshd, before, 0, 1);
}

#[test]
fn connection_options_are_kept_for_later_commands() {
    let sshd = Sshd::start();
    let laptop = Laptop::new();
    let (target, options) = bare_target(&sshd);
    let port = free_port().to_string();
    let options = options.iter().map(String::as_str);
    let options: Vec<&str> = options.chain(["--local-port", port.as_str()]).collect();
    laptop.connect_with(&target, &options);
    laptop.kill_tunnel(&target);
    laptop.kill_masters();
    assert_eq!(laptop.connect(&target)["local_port"].to_string(), port);
    assert_eq!(laptop.row(&target)["status"], "running");
    laptop.run(&["ssh", "stop", &target]).success();
}

#[test]
fn a_port_that_is_taken_is_an_error_when_it_was_asked_for() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let finished = laptop
        .try_connect("box", &["--local-port", &port])
        .failure(1);
    assert!(
        finished
            .stderr
            .contains(&format!("port {port} on this machine is taken")),
        "{finished:#?}"
    );
    assert!(
        finished
            .stderr
            .contains("hint: cocalc-plus ssh box --local-port auto"),
        "{finished:#?}"
    );
    assert_eq!(sshd.counts().connections, 0);
}

#[test]
fn a_port_that_was_taken_meanwhile_moves_and_says_so() {
    let (_sshd, laptop) = connected_as("moved");
    let port = laptop.row("moved")["local_port"].clone();
    laptop.kill_tunnel("moved");
    let address = format!("127.0.0.1:{port}");
    let take = || TcpListener::bind(&address).ok();
    let _taken = eventually("the tunnel's port is free", SOON, take);
    let finished = laptop.try_connect("moved", &[]).success();
    assert_ne!(finished.json()["local_port"], port);
    assert!(
        finished
            .stderr
            .contains(&format!("port {port} on this machine is taken")),
        "{finished:#?}"
    );
}

#[test]
fn no_install_refuses_an_empty_remote_and_says_what_to_type() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.try_connect("box", &["--no-install"]).failure(28);
    assert_eq!(finished.stdout, "");
    assert!(
        finished
            .stderr
            .contains("\nhint: cocalc-plus ssh box --install"),
        "{finished:#?}"
    );
    assert!(!sshd.home().join(".cocalc-plus").exists());
}

#[test]
fn no_install_is_content_where_it_is_installed() {
    let (_sshd, laptop) = connected();
    laptop.kill_tunnel("box");
    assert_eq!(
        laptop.connect_with("box", &["--no-install"])["installed"],
        false
    );
}

#[test]
fn a_target_that_is_an_option_of_ssh_is_refused() {
    let laptop = Laptop::new();
    let made = laptop.file("made");
    let target = format!("-oProxyCommand=touch {}", made.display()).replace(' ', "${IFS}");
    laptop.run(&["ssh", "--", &target]).failure(2);
    laptop
        .run(&["ssh", "--", &format!("me@{target}")])
        .failure(2);
    assert!(!made.exists(), "the option was obeyed");
    assert_eq!(laptop.ssh_calls().len(), 0);
}

#[test]
fn an_ipv6_address_is_reached_in_brackets() {
    let sshd = Sshd::builder().address("::1").start();
    let laptop = Laptop::new();
    let (target, options) = bare_target(&sshd);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    assert!(target.contains("[::1]:"), "{target}");
    assert_eq!(laptop.connect_with(&target, &options)["target"], target);
    assert_cost(&sshd, Counts::default(), 1, 1);
}

#[test]
fn a_jump_host_is_passed_with_one_authentication_each() {
    let (jump, inner) = (Sshd::start(), Sshd::start());
    let laptop = Laptop::with_target("jump", &jump);
    laptop.add_target("inner", &inner);
    laptop.connect_with("inner", &["--proxy-jump", "jump"]);
    assert_cost(&jump, Counts::default(), 1, 0);
    assert_cost(&inner, Counts::default(), 1, 1);
    laptop.kill_tunnel("inner");
    laptop.connect("inner");
    assert_eq!(jump.counts().authentications, 1);
}

#[test]
fn shown_ssh_commands_can_be_pasted() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.try_connect("box", &["--verbose-ssh"]).success();
    let shown: Vec<&str> = finished
        .stderr
        .lines()
        .filter(|line| line.starts_with("ssh "))
        .collect();
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    fs::remove_dir_all(laptop.runtime()).expect("it is ours");
    make_private_folders(&shown);
    let outputs: Vec<String> = shown.iter().map(|line| paste(&laptop, line)).collect();
    assert!(outputs[0].contains("hostname 127.0.0.1"), "{shown:#?}");
    let exec = outputs.last().expect("an exec was shown");
    assert!(exec.contains("@@ccp-shown ready {"), "{exec}\n{shown:#?}");
}

#[test]
fn each_cause_has_its_exit_code_and_a_hint() {
    let mut sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let fails = |code| {
        let finished = laptop.try_connect("box", &[]).failure(code);
        assert!(finished.stderr.contains("\nhint: "), "{finished:#?}");
        assert_eq!(
            (
                finished.stdout.as_str(),
                finished.stderr.matches("error: ").count()
            ),
            ("", 1)
        );
    };
    sshd.authorize("");
    fails(10);
    let known = laptop.read("known_hosts");
    let other = Sshd::start().host_key();
    let changed = known.replace(&sshd.host_key(), &other);
    fs::write(laptop.file("known_hosts"), changed).expect("it is ours");
    fails(11);
    sshd.stop();
    fails(12);
}

#[test]
fn an_unknown_host_key_is_never_accepted_without_a_person() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    fs::write(laptop.file("known_hosts"), "").expect("it is ours");
    laptop.try_connect("box", &[]).failure(11);
    assert_eq!(laptop.read("known_hosts"), "");
}

#[test]
fn a_failed_first_connect_leaves_nothing_behind() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    sshd.authorize("");
    laptop.try_connect("box", &[]).failure(10);
    assert_eq!(laptop.rows(), json!([]));
    laptop.wait_until_idle(Duration::from_secs(10));
    assert_eq!(laptop.registry_files(), [""; 0]);
}

#[test]
fn a_failed_later_connect_leaves_the_registry_as_it_was() {
    let (sshd, laptop) = connected();
    laptop.kill_tunnel("box");
    laptop.kill_masters();
    let before = laptop.rows();
    sshd.authorize("");
    laptop
        .try_connect("box", &["--remote-port", "4711"])
        .failure(10);
    laptop.wait_until_idle(Duration::from_secs(10));
    // The secrets of the killed tunnel have ended with it.
    assert_eq!(
        (laptop.rows(), laptop.registry_files()),
        (before, vec!["box.json".to_owned()])
    );
}

#[test]
fn the_newest_two_builds_not_in_use_stay_installed() {
    let (sshd, laptop) = connected();
    for bytes in 1..=3 {
        laptop.run(&["ssh", "stop", "box"]).success();
        laptop.connect_build(&laptop.longer_build(bytes), "box");
    }
    let installed = || fs::read_dir(sshd.home().join(".cocalc-plus/bin")).expect("it is there");
    eventually("four builds are pruned to three", SOON, || {
        (installed().count() == 3).then_some(())
    });
}

/// Returns the user's own spelling of an sshd that no configuration names,
/// and the options that it needs.
fn bare_target(sshd: &Sshd) -> (String, Vec<String>) {
    let host = sshd.address();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let target = format!("{}@{host}:{}", sshd.login().account().name, sshd.port());
    let options = [
        "--identity".to_owned(),
        sshd.client_key().display().to_string(),
        "--ssh-arg".to_owned(),
        "-oIdentitiesOnly=yes".to_owned(),
        "--ssh-arg".to_owned(),
        "-oStrictHostKeyChecking=accept-new".to_owned(),
    ];
    (target, options.into())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Runs a shown line as a person would paste it.
fn paste(laptop: &Laptop, line: &str) -> String {
    let mut command = laptop.command("/bin/sh".as_ref());
    let deadline = Duration::from_secs(60);
    crate::support::finished::run(command.args(["-c", line]), deadline)
        .success()
        .stdout
}

/// Makes again the directories of the control sockets in shown commands.
fn make_private_folders(shown: &[&str]) {
    for path in shown
        .iter()
        .flat_map(|line| line.split(' '))
        .filter(|word| word.contains("/m-"))
    {
        let folder = PathBuf::from(path);
        let folder = folder.parent().expect("a socket has a directory");
        fs::create_dir_all(folder).expect("it is ours");
    }
}

#[test]
fn other_options_leave_no_second_master_behind() {
    let (_sshd, laptop) = connected();
    laptop.connect_with("box", &["--ssh-arg", "-oCompression=yes"]);
    let is_one = || (laptop.masters().len() == 1).then_some(());
    eventually("the old master ends", SOON, is_one);
    assert_eq!(laptop.row("box")["status"], "running");
}
