//! `open` in terminals: what it prints, and that shells find it.

use std::fs;
use std::path::PathBuf;

use crate::support::laptop::Laptop;
use crate::support::pty::Pty;
use crate::support::targets::kill_and_wait;
use crate::support::{bin, find_program};
use crate::terminal_cli::machine;

/// Attaches to a new terminal, and lets its shell say when it is ready.
#[track_caller]
fn shell(machine: &Laptop) -> Pty {
    let id = machine.new_terminal(&[]);
    let mut attached = machine.on_terminal(&["terminal", "attach", &id]);
    attached.answer("echo rea''dy").expect("ready");
    attached
}

/// What `open` prints for `~/notes.md`.
fn request(machine: &Laptop) -> String {
    let path = machine.home().join("notes.md").display().to_string();
    let encoded = machine
        .command("/bin/sh".as_ref())
        .args(["-c", &format!("printf %s '{path}' | base64 -w0")])
        .output()
        .expect("sh runs");
    let encoded = String::from_utf8(encoded.stdout).expect("base64");
    format!("\x1b]7337;open;{encoded}\x07")
}

/// A machine with a shell, an rc file of it, and `~/notes.md`.
fn with_rc(shell: &str, rc: &str, lines: &str) -> Option<Laptop> {
    let path = find_program(shell)?;
    let machine = machine().env("SHELL", &path.display().to_string());
    let rc = machine.home().join(rc);
    fs::create_dir_all(rc.parent().expect("a parent")).expect("the home is ours");
    fs::write(rc, lines).expect("the home is ours");
    fs::write(machine.home().join("notes.md"), "").expect("the home is ours");
    Some(machine)
}

#[test]
fn shells_find_open_where_an_rc_file_prepends_to_their_path() {
    for (name, rc, lines) in [
        ("bash", ".bash_profile", "PATH=/opt/x:$PATH\nset +o emacs\n"),
        ("zsh", ".zshrc", "path=(/opt/x $path)\nunsetopt zle\n"),
        (
            "fish",
            ".config/fish/config.fish",
            "set -gx PATH /opt/x $PATH\nset -g fish_greeting\n",
        ),
    ] {
        let Some(machine) = with_rc(name, rc, lines) else {
            crate::support::skip(&format!("{name} is not installed"));
            continue;
        };
        shell(&machine)
            .answer("open notes.md")
            .expect(&request(&machine));
    }
}

#[test]
fn bash_finds_open_where_a_startup_file_sets_its_path_anew() {
    let lines = "PATH=/usr/bin:/bin\n";
    let machine = with_rc("bash", ".bash_profile", lines).expect("bash is installed");
    let mut shell = shell(&machine);
    shell.answer("open notes.md").expect(&request(&machine));
    // So that another shell's startup file can do the same.
    shell.answer("PATH=$PATH:$COCALC_PLUS_COMMANDS; unset -f open; echo ${PATH##*/}");
    shell.expect("bin\r\n");
}

#[test]
fn plain_shells_find_open_where_a_startup_file_sets_their_path_anew() {
    let mut shells: Vec<PathBuf> = ["sh", "dash"]
        .into_iter()
        .filter_map(find_program)
        .collect();
    let folder = tempfile::tempdir().expect("there is room");
    if let Some(busybox) = find_program("busybox") {
        let ash = folder.path().join("ash");
        std::os::unix::fs::symlink(busybox, &ash).expect("it is ours");
        shells.push(ash);
    }
    for path in shells {
        let machine = machine().env("SHELL", &path.display().to_string());
        let profile = machine.home().join(".profile");
        fs::write(profile, "PATH=/usr/bin:/bin\n").expect("the home is ours");
        fs::write(machine.home().join("notes.md"), "").expect("the home is ours");
        shell(&machine)
            .answer("open notes.md")
            .expect(&request(&machine));
    }
}

#[test]
fn a_file_that_does_not_exist_is_refused_before_any_is_opened() {
    let machine = with_rc("bash", ".bash_profile", "").expect("bash is installed");
    let mut shell = shell(&machine);
    shell.answer("open notes.md nowhere; echo code=$?.");
    shell.expect("cannot open `nowhere`").expect("code=1.");
    assert!(!shell.output().contains("]7337;"), "{}", shell.output());
    shell
        .answer("open notes.md | cat")
        .expect("stdout is no terminal");
    shell.answer("open; echo code=$?.").expect("code=2.");
}

#[test]
fn in_tmux_the_request_passes_through_once_tmux_lets_it() {
    let machine = with_rc("bash", ".bash_profile", "").expect("bash is installed");
    let mut shell = shell(&machine);
    shell.answer("export TMUX_TMPDIR=$HOME; tmux -f /dev/null new-session 'sh -i'");
    shell.answer("\"$COCALC_PLUS_COMMANDS\"/open notes.md; echo code=$?.");
    shell.expect("tmux keeps the request").expect("code=1.");
    shell.answer("tmux set -g allow-passthrough on; \"$COCALC_PLUS_COMMANDS\"/open notes.md");
    shell.expect(&request(&machine));
    shell.answer("tmux kill-server").expect("exited]");
}

#[test]
fn outside_of_our_terminals_it_says_so() {
    let machine = machine();
    fs::write(machine.home().join("notes.md"), "").expect("the home is ours");
    let refused = machine.run(&["open", "notes.md"]).failure(1);
    assert!(refused.stderr.contains("not in a terminal of cocalc-plus"));
    assert!(refused.stdout.is_empty(), "{refused:#?}");
}

#[test]
fn open_survives_an_upgrade_and_a_deleted_runtime_directory() {
    let machine = with_rc("bash", ".bash_profile", "").expect("bash is installed");
    let old = machine.file("old-build");
    fs::copy(bin(), &old).expect("it is ours");
    let mut serve = machine.command(&old);
    serve.args(["serve", "--daemon", "--json"]);
    let started = crate::support::finished::run(&mut serve, crate::support::targets::NOTICE);
    let pid = started.success().json()["pid"].as_u64().expect("a pid");
    let mut shell = shell(&machine);
    shell.answer("readlink -f $COCALC_PLUS_COMMANDS/open");
    shell.expect("old-build\r\n");
    kill_and_wait(u32::try_from(pid).expect("a pid"));
    machine.run(&["serve", "--daemon"]).success();
    fs::remove_file(&old).expect("it is ours");
    let new = bin().canonicalize().expect("it exists");
    let line = format!(
        "until [ $(readlink -f $COCALC_PLUS_COMMANDS/open) = {} ]; do :; done; echo ne''w",
        new.display()
    );
    shell.answer(&line).expect("new\r\n");
    shell.answer("open notes.md").expect(&request(&machine));
    fs::remove_dir_all(machine.runtime()).expect("it is ours");
    shell.answer("until [ -e $COCALC_PLUS_COMMANDS/open ]; do :; done; echo aga''in");
    shell.expect("again\r\n");
}
