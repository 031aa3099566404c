//! `ssh doctor`: each finding on a machine that has it, and its fix, typed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::doctor::{check, cure, examine, fixes, rank, severity, with_tool};
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::prepared;
use crate::support::processes;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected_to};
use crate::support::temporary_directory;
use crate::support::wan::Wan;

/// Far more than a shell takes, also on a busy machine.
const FAR: Duration = Duration::from_millis(500);

/// How long a login shell may take until it counts as one that hangs.
const SHELL_DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn a_healthy_machine_fits_one_screen_and_keeps_nothing() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.run(&["ssh", "doctor", "box"]).success();
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert!(lines.len() <= 24, "{finished:#?}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{finished:#?}"
    );
    assert!(!finished.stdout.contains('\u{1b}'), "{finished:#?}");
    for name in [
        "login shell",
        "round trip",
        "clock",
        "install root",
        "server",
    ] {
        assert!(finished.stdout.contains(name), "{name}: {finished:#?}");
    }
    let counts = sshd.counts();
    assert_eq!(
        (counts.authentications, counts.execs, counts.shells),
        (1, 1, 0)
    );
    assert_eq!(names(&sshd.home()), Vec::<String>::new());
    assert_eq!(names(&sshd.runtime()), Vec::<String>::new());
    laptop.wait_until_idle(SOON);
    eventually("nothing runs there", SOON, || {
        sshd.remote_processes().is_empty().then_some(())
    });
}

#[test]
fn both_spellings_and_options_of_a_first_connect_are_taken() {
    let sshd = Sshd::start();
    let laptop = Laptop::new();
    let known = format!("[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key());
    fs::write(laptop.file("known_hosts"), known).expect("the laptop is ours");
    let target = format!("{}@127.0.0.1:{}", sshd.login().account().name, sshd.port());
    let key = sshd.client_key().display().to_string();
    let report = laptop
        .run(&["doctor", &target, "--identity", &key, "--json"])
        .success()
        .json();
    assert_eq!(report["target"], target.as_str());
    assert_eq!(
        laptop.rows(),
        serde_json::json!([]),
        "a doctor keeps no target"
    );
}

#[test]
fn every_login_shell_runs_the_probe() {
    for shell in Shell::ALL {
        let Some(login) = Login::with_shell(shell) else {
            return;
        };
        let sshd = Sshd::builder().login(login).start();
        let report = examine(&Laptop::with_target("box", &sshd));
        let found = check(&report, "login shell")["found"]
            .as_str()
            .expect("a text");
        assert!(found.starts_with(shell.name()), "{report}");
        assert_eq!(report["facts"]["answer"]["answer"], "whole");
        assert_ne!(report["worst"], "error", "{report}");
    }
}

#[test]
fn what_startup_files_cost_is_told_and_guarded() {
    with_startup_files("sleep 2\n", |laptop| {
        let before = cure(laptop, "login shell", "warning");
        let ms = before["facts"]["shell_ms"].as_u64().expect("a number");
        assert!((2000..9000).contains(&ms), "{before}");
    });
}

#[test]
fn startup_files_that_print_are_guarded() {
    with_startup_files("echo Welcome to the jungle\n", |laptop| {
        let before = cure(laptop, "shell output", "note");
        let found = check(&before, "shell output")["found"]
            .as_str()
            .expect("a text");
        assert!(found.ends_with("Welcome to the jungle"), "{found}");
    });
}

#[test]
fn a_startup_file_that_hangs_is_found_within_seconds() {
    hopeless(
        "echo loading >&2; sleep 1000\n",
        ". ~/.bashrc\n",
        "startup files hang",
    );
}

#[test]
fn a_startup_file_that_ends_the_shell_is_found() {
    hopeless(
        "echo module load failed >&2\nexit 3\n",
        "",
        "module load failed",
    );
}

#[test]
fn the_round_trip_is_measured_and_taken_off_the_shells_time() {
    let Some(login) = Login::with_shell(Shell::Dash) else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    wan.set_round_trip(FAR);
    let facts = &examine(&laptop)["facts"];
    let round_trip = Duration::from_micros(facts["round_trip_us"].as_u64().expect("a number"));
    assert!((FAR..FAR * 3 / 2).contains(&round_trip), "{facts}");
    let shell = Duration::from_millis(facts["shell_ms"].as_u64().expect("a number"));
    assert!(shell < FAR, "{facts}");
    assert_eq!(facts["clock_ahead_ms"], 0, "half a round trip is its error");
}

#[test]
fn a_clock_an_hour_off_is_set() {
    let tools = temporary_directory();
    // The machine's time is this one's less an hour and a bit, until somebody sets it.
    let date = "case $* in *-s*) : > $0.set;; *) s=$(/bin/date +%s)\n\
                test -f $0.set || s=$((s - 3630)); echo $s;; esac";
    let sshd = with_tool(Sshd::builder(), tools.path(), "date", date).start();
    let before = cure(&Laptop::with_target("box", &sshd), "clock", "warning");
    let found = check(&before, "clock")["found"].as_str().expect("a text");
    assert!(found.starts_with("1 h 0 min behind"), "{found}");
}

#[test]
fn one_session_a_connection_is_told() {
    let Some(sshd) = configured("MaxSessions 1") else {
        return;
    };
    cure(&Laptop::with_target("box", &sshd), "sessions", "note");
}

#[test]
fn forwarding_that_is_refused_is_told() {
    for line in ["AllowTcpForwarding no", "DisableForwarding yes"] {
        let Some(sshd) = configured(line) else { return };
        cure(&Laptop::with_target("box", &sshd), "forwarding", "note");
    }
}

#[test]
fn a_connection_that_takes_no_more_sessions_is_left_to_its_tunnel() {
    let (sshd, laptop) = connected_to(Sshd::builder().line("MaxSessions 1").start());
    let masters = laptop.masters();
    let report = examine(&laptop);
    assert_eq!(check(&report, "sessions")["severity"], "note");
    assert_eq!(laptop.row("box")["status"], "running");
    assert_eq!(laptop.masters(), masters);
    let counts = sshd.counts();
    assert_eq!((counts.authentications, counts.execs), (2, 2));
}

#[test]
fn a_living_connection_is_used() {
    let (sshd, laptop) = connected_to(Sshd::start());
    let report = examine(&laptop);
    let counts = sshd.counts();
    assert_eq!((counts.authentications, counts.execs), (1, 2));
    let found = |name| {
        check(&report, name)["found"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    assert!(found("server").contains(" runs, pid "), "{report}");
    assert!(found("installed").starts_with("this build"), "{report}");
    assert_eq!(laptop.row("box")["status"], "running");
}

#[test]
fn a_machine_that_cannot_be_reached_fails_as_a_connect_does() {
    let mut sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    sshd.stop();
    let doctor = laptop.run(&["ssh", "doctor", "box"]).failure(12);
    let connect = laptop.run(&["ssh", "box", "--no-open"]).failure(12);
    assert_eq!(doctor.stderr, connect.stderr);
}

#[test]
fn an_interrupted_doctor_leaves_nothing_running() {
    let sshd = Sshd::start();
    sshd.write_home(".bashrc", "sleep 1000\n");
    let laptop = Laptop::with_target("box", &sshd);
    let mut command = laptop.spawn(&["ssh", "doctor", "box"]);
    eventually("the probe is sent", SOON, || {
        (sshd.counts().execs == 1).then_some(())
    });
    processes::signal(command.id(), Signal::INT);
    command.wait().expect("a child of ours");
    laptop.wait_until_idle(SOON);
}

/// A laptop for each login shell that reads a startup file for a command, and
/// `text` in that file.
#[track_caller]
fn with_startup_files(text: &str, look: impl Fn(&Laptop)) {
    for shell in Shell::ALL {
        let Some(file) = shell.rc_file() else {
            continue;
        };
        let Some(login) = Login::with_shell(shell) else {
            return;
        };
        let sshd = Sshd::builder().login(login).start();
        sshd.write_home(file, text);
        look(&Laptop::with_target("box", &sshd));
    }
}

/// Examines a target whose startup file lets no command run; types the fix in
/// a shell there, as it says.
#[track_caller]
fn hopeless(startup: &str, profile: &str, words: &str) {
    let Some(login) = Login::with_shell(Shell::Bash) else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    sshd.write_home(".bashrc", startup);
    sshd.write_home(".bash_profile", profile);
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.run(&["ssh", "doctor", "box", "--json"]).failure(4);
    assert!(finished.elapsed < SHELL_DEADLINE * 3, "{finished:#?}");
    let report = finished.json();
    let shell = check(&report, "login shell");
    assert!(
        shell["found"].as_str().expect("a text").contains(words),
        "{report}"
    );
    let fix = fixes(shell);
    assert_eq!(fix[0], "ssh box");
    let mut person = laptop.ssh_on_terminal(&["box"]);
    if profile.contains(".bashrc") {
        person.expect("loading").keys("\u{3}");
    }
    person
        .expect("$ ")
        .answer(&fix[1])
        .answer("echo $((6*7))")
        .expect("42")
        .answer("exit");
    assert!(person.end().success());
    assert!(rank(&examine(&laptop), "login shell") < severity(shell));
    laptop.wait_until_idle(SOON);
}

/// Starts an sshd whose configuration and pid stand where systems keep them.
#[track_caller]
fn configured(line: &str) -> Option<Sshd> {
    let prepare = format!(
        "mount -t tmpfs none /etc/ssh; mount -t tmpfs none /run; mkdir /run/sshd\n\
         echo '{line}' > /etc/ssh/sshd_config"
    );
    prepared::is_possible().then(|| {
        let builder = Sshd::builder().prepare(&prepare);
        let builder = builder.line("Include /etc/ssh/sshd_config");
        builder.line("PidFile /run/sshd.pid").start()
    })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
