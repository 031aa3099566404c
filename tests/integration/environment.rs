//! What programs of the server have for an environment.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chromium;
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::served::{Served, papers};
use crate::support::sshd::Sshd;
use crate::support::sshd_builder::Builder;
use crate::support::targets::SOON;
use crate::support::temporary_directory;
use crate::support::visitor::Visitor;

/// How long a capture may take in all; 5 s and 3 s are its own limits.
const CAPTURE: Duration = Duration::from_secs(14);

/// A value that no line and no quoting of a shell's leaves alone.
const ODD: &str = "a\n'b' \"c\" ü";

/// Startup files that set what [`ODD`] is, in the tongue of `sh`.
const SETS_ODD: &str = "echo Welcome\nexport PATH=\"$HOME/odd dir:$PATH\"\n\
                        export ODD=\"a\n'b' \\\"c\\\" ü\"\nexport CUDA_VISIBLE_DEVICES=9\n";

/// A startup file that hangs, though not in a terminal, with one process in the
/// shell's session and one that left it.
const HANGS: &str = "[ -n \"$COCALC_PLUS_CAPTURE\" ] || return\nexport EARLY=1\n\
                     sleep 4242 &\nsetsid sleep 4242 &\nsleep 4242\n";

#[test]
fn bash_says_what_programs_have() {
    let startup = "case $- in *i*) ;; *) return ;; esac\n".to_owned() + SETS_ODD;
    let files = [
        (".profile", "[ -z \"$BASH\" ] || . ~/.bashrc\n"),
        (".bashrc", &startup),
    ];
    has_what_the_shell_says(Shell::Bash, &files);
}

#[test]
fn dash_says_what_programs_have() {
    has_what_the_shell_says(Shell::Dash, &[(".profile", SETS_ODD)]);
}

#[test]
fn zsh_says_what_programs_have() {
    has_what_the_shell_says(Shell::Zsh, &[(".zshrc", SETS_ODD)]);
}

#[test]
fn fish_says_what_programs_have() {
    // It reads this file for `ssh host command` too, before there is a server.
    let startup = "echo Welcome\nset -gx PATH \"$HOME/odd dir\" $PATH\n\
                   set -gx ODD \"a\n'b' \\\"c\\\" ü\"\nif status is-interactive\nset -gx CUDA_VISIBLE_DEVICES 9\nend\n";
    has_what_the_shell_says(Shell::Fish, &[(".config/fish/config.fish", startup)]);
}

#[test]
fn tcsh_says_what_programs_have() {
    let startup = "echo Welcome\nsetenv PATH \"$HOME/odd dir:$PATH\"\n\
                   setenv ODD \"a\\\n'b' \"'\"c\" ü'\nsetenv CUDA_VISIBLE_DEVICES 9\n";
    has_what_the_shell_says(Shell::Tcsh, &[(".login", startup)]);
}

#[test]
fn mksh_says_what_programs_have() {
    has_what_the_shell_says(Shell::Mksh, &[(".profile", SETS_ODD)]);
}

#[test]
fn busybox_says_what_programs_have() {
    has_what_the_shell_says(Shell::Ash, &[(".profile", SETS_ODD)]);
}

#[test]
fn a_startup_file_that_hangs_costs_seconds_and_a_warning() {
    let Some(sshd) = with_shell(Shell::Bash, Sshd::builder()) else {
        return;
    };
    sshd.write_home(".profile", HANGS);
    let laptop = Laptop::with_target("box", &sshd);
    let begun = Instant::now();
    let visitor = laptop.visit("box");
    assert!(!visitor.new_terminal().is_null());
    let usable = begun.elapsed();
    assert!(usable < Duration::from_secs(5), "usable after {usable:?}");
    let found = environment(&visitor);
    assert!(begun.elapsed() < usable + CAPTURE, "{:?}", begun.elapsed());
    let message = found["warning"]["message"].as_str().expect("a warning");
    let expected = "the startup files of `bash` did not end within 5 s";
    assert!(message.starts_with(expected), "{found}");
    assert_eq!(found["warning"]["hint"], "bash -lixc true");
    assert_eq!(found["source"], "server");
    assert_eq!(found["variables"]["EARLY"], Value::Null);
    let log = server_log(&sshd);
    assert!(log.contains(expected), "{log}");
    eventually("nothing of it is left", SOON, || {
        sleepers(&sshd).is_empty().then_some(())
    });
    sshd.write_home(".profile", "export LATE=1\n");
    let found = environment(&visitor);
    assert_eq!(found["warning"], Value::Null, "{found}");
    assert_eq!(found["variables"]["LATE"], "1");
}

#[test]
fn what_an_interactive_login_loses_a_plain_one_may_still_say() {
    let Some(sshd) = with_shell(Shell::Bash, Sshd::builder()) else {
        return;
    };
    let startup = "export PLAIN=1\ncase $- in *i*) exec sleep 0 ;; esac\n";
    sshd.write_home(".profile", startup);
    let laptop = Laptop::with_target("box", &sshd);
    let found = environment(&laptop.visit("box"));
    let message = found["warning"]["message"].as_str().expect("a warning");
    let expected = "`bash` ended while it read its startup files (exit status: 0): ";
    assert!(message.starts_with(expected), "{found}");
    assert_eq!(found["variables"]["PLAIN"], "1", "{found}");
    assert_eq!(found["source"], "login-shell");
}

#[test]
fn a_server_that_stops_takes_a_hanging_shell_along() {
    let Some(sshd) = with_shell(Shell::Bash, Sshd::builder()) else {
        return;
    };
    sshd.write_home(".profile", HANGS);
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect("box");
    eventually("the shell hangs", SOON, || {
        (sleepers(&sshd).len() == 3).then_some(())
    });
    laptop.run(&["ssh", "stop", "box"]).success();
    eventually("nothing of it is left", SOON, || {
        sleepers(&sshd).is_empty().then_some(())
    });
    let log = server_log(&sshd);
    assert!(!log.contains("startup files"), "{log}");
}

#[test]
fn a_server_started_by_hand_keeps_its_own() {
    let laptop = Laptop::new()
        .env("BY_HAND", "1")
        .env("AUTH_TOKEN", "secret");
    fs::write(laptop.home().join(".profile"), "export OF_PROFILE=1\n").expect("it is ours");
    let path = format!("{}:/usr/bin:/bin", laptop.file("bin").display());
    let check = |url: &str| {
        let found = environment(&Visitor::sign_in(url));
        assert_eq!(found["source"], "server", "{found}");
        let variables = &found["variables"];
        assert_eq!(variables["BY_HAND"], "1", "{found}");
        assert_eq!(variables["PATH"], path.as_str(), "{found}");
        for name in ["OF_PROFILE", "AUTH_TOKEN", "COCALC_PLUS_RUNTIME"] {
            assert_eq!(variables[name], Value::Null, "{found}");
        }
    };
    check(&Served::start(&laptop, &[]).url);
    let started = laptop.run(&["serve", "--daemon", "--json"]).success();
    check(started.json()["url"].as_str().expect("a URL"));
}

#[test]
fn the_page_says_so_once() {
    let Some(sshd) = with_shell(Shell::Bash, Sshd::builder()) else {
        return;
    };
    sshd.write_home(
        ".profile",
        "[ -z \"$COCALC_PLUS_CAPTURE\" ] || exec sleep 0\n",
    );
    let laptop = Laptop::with_target("box", &sshd);
    let url = laptop.connect("box")["url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let shots = temporary_directory();
    let folder = shots.path().display().to_string();
    chromium::run("environment.mjs", &[&url, &folder]).success();
}

/// Connects through a login shell with these startup files, and compares.
#[track_caller]
fn has_what_the_shell_says(shell: Shell, files: &[(&str, &str)]) {
    let job = Sshd::builder()
        .env("SLURM_JOB_ID", "77")
        .env("CUDA_VISIBLE_DEVICES", "3");
    let Some(sshd) = with_shell(shell, job) else {
        return;
    };
    for (name, text) in files {
        sshd.write_home(name, text);
    }
    let laptop = Laptop::with_target("box", &sshd);
    let visitor = laptop.visit("box");
    let found = environment(&visitor);
    assert_eq!(found["warning"], Value::Null, "{found}");
    assert_eq!(found["source"], "login-shell");
    let variables = &found["variables"];
    assert_eq!(variables["ODD"], ODD, "{found}");
    let first = format!("{}/odd dir:", sshd.home().display());
    let path = variables["PATH"].as_str().expect("a PATH");
    assert!(path.starts_with(&first), "{path}");
    assert_eq!(path.matches(&first).count(), 1, "{path}");
    assert_eq!(variables["SLURM_JOB_ID"], "77");
    assert_eq!(variables["CUDA_VISIBLE_DEVICES"], "3");
    has_nothing_of_ours(&found, &visitor, &sshd);
    let pid = papers(&sshd.runtime()).pid;
    let (name, text) = files.last().expect("there is one");
    sshd.write_home(name, &text.replace("odd dir", "other dir"));
    let found = environment(&visitor);
    let path = found["variables"]["PATH"].as_str().expect("a PATH");
    assert!(path.contains("/other dir:"), "{path}");
    assert_eq!(papers(&sshd.runtime()).pid, pid, "it was started again");
}

#[track_caller]
fn has_nothing_of_ours(found: &Value, visitor: &Visitor, sshd: &Sshd) {
    let names = found["variables"].as_object().expect("variables").keys();
    let of_terminals = ["SSH_CONNECTION", "SSH_CLIENT", "SHLVL", "_", "PWD", "TERM"];
    for name in names {
        assert!(!name.starts_with("COCALC"), "{name}");
        assert!(!of_terminals.contains(&name.as_str()), "{name}");
    }
    let text = found.to_string();
    let token = papers(&sshd.runtime()).token;
    for secret in [&token, &visitor.cookie, &visitor.key] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
}

/// Asks for the whole environment.
#[track_caller]
fn environment(visitor: &Visitor) -> Value {
    visitor.call("environment", &json!({}))
}

#[track_caller]
fn with_shell(shell: Shell, builder: Builder) -> Option<Sshd> {
    Some(builder.login(Login::with_shell(shell)?).start())
}

/// What the startup files of these cases wait for.
fn sleepers(sshd: &Sshd) -> Vec<u32> {
    let sleeps = |pid: &u32| processes::arguments(*pid).contains(&"4242".to_owned());
    sshd.remote_processes().into_iter().filter(sleeps).collect()
}

fn server_log(sshd: &Sshd) -> String {
    let folder = sshd.home().join(".local/state/cocalc-plus");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let logs = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("server-"));
    logs.filter_map(|log| fs::read_to_string(log.path()).ok())
        .collect()
}
