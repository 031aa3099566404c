//! Login shells and what runs instead of them: slow, hanging, replaced, forced.

use std::thread;

use crate::support::aftermath::assert_reads_well;
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::sshd::Sshd;
use crate::support::targets::SOON;
use crate::support::wan::Wan;

/// How long a hang may take until the command has given up.
const PATIENCE_SECONDS: u64 = 30;

/// What a person is told long before.
const NOTICE: &str = "the login shell's startup files on box are still running";

/// What must be named, and how it was provoked: `.bashrc` or a forced command.
struct Case {
    bashrc: &'static str,
    line: &'static str,
    says: &'static [&'static str],
}

/// Fails with 24 in each case, all at once.
#[track_caller]
fn fails_with(cases: Vec<Case>) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || {
                let sshd = Sshd::builder().line(case.line).start();
                sshd.write_home(".bashrc", case.bashrc);
                let laptop = Laptop::with_target("box", &sshd);
                let mut command = laptop.command(&crate::support::bin());
                command.args(["ssh", "box", "--no-open"]);
                let deadline = std::time::Duration::from_secs(60);
                let finished = crate::support::finished::run(&mut command, deadline).failure(24);
                assert_reads_well(&finished);
                for word in case.says {
                    assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
                }
                assert!(
                    finished.elapsed.as_secs() < PATIENCE_SECONDS,
                    "{finished:#?}"
                );
                if case.bashrc.contains("sleep") {
                    // Without a terminal, sshd lets it end by itself.
                    laptop.wait_until_idle(SOON);
                } else {
                    laptop.assert_nothing_left(&sshd);
                }
                assert_eq!(sshd.counts().authentications, 1);
            });
        }
    });
}

#[test]
fn startup_files_that_never_end_are_named_with_the_line_that_guards_them() {
    fails_with(vec![
        Case {
            bashrc: "echo loading modules\nsleep 1000\n",
            line: "",
            says: &[
                NOTICE,
                "have not ended after 25 s",
                "loading modules",
                "case $- in *i*)",
            ],
        },
        Case {
            bashrc: "echo which project?\nread project\n",
            line: "",
            says: &[
                NOTICE,
                "wait for an answer",
                "which project?",
                "case $- in *i*)",
            ],
        },
        Case {
            bashrc: "exec fish\n",
            line: "",
            says: &[NOTICE, "start another shell", "case $- in *i*)"],
        },
        Case {
            bashrc: "exec dash\n",
            line: "",
            says: &[NOTICE, "start another shell", "case $- in *i*)"],
        },
    ]);
}

#[test]
fn a_machine_that_falls_silent_is_not_blamed_on_its_shell() {
    let sshd = Sshd::start();
    sshd.write_home(".bashrc", "sleep 5\n");
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let finished = thread::scope(|scope| {
        let connecting = scope.spawn(|| laptop.try_connect("box", &[]));
        let is_open = || (sshd.counts().execs == 1).then_some(());
        eventually("the login shell runs", SOON, is_open);
        wan.freeze();
        connecting.join().expect("it ends")
    });
    wan.thaw();
    let finished = finished.failure(14);
    assert!(
        finished.stderr.contains("it does not answer"),
        "{finished:#?}"
    );
    assert_reads_well(&finished);
}

#[test]
fn startup_files_that_end_the_shell_are_named_with_code_and_words() {
    const EITHER: &str = "either its startup files end it, or the server runs another program";
    fails_with(vec![
        Case {
            bashrc: "exit 1\n",
            line: "",
            says: &["ended with exit code 1", EITHER, "ssh box echo through"],
        },
        Case {
            bashrc: "echo module load failed >&2\nexit 3\n",
            line: "",
            says: &["ended with exit code 3", "module load failed"],
        },
    ]);
}

#[test]
fn a_forced_command_is_named() {
    fails_with(vec![
        Case {
            bashrc: "",
            line: "ForceCommand echo This account only runs backups",
            says: &[
                "ended with exit code 0",
                "This account only runs backups",
                "(ForceCommand)",
            ],
        },
        Case {
            bashrc: "",
            line: "ForceCommand cat",
            says: &["the server runs another program on `box`", "(ForceCommand)"],
        },
        Case {
            bashrc: "",
            line: "ForceCommand internal-sftp",
            says: &[
                "This service allows sftp connections only",
                "(ForceCommand)",
            ],
        },
    ]);
}

#[test]
fn a_slow_startup_file_is_waited_for_and_the_person_is_told() {
    let sshd = Sshd::start();
    sshd.write_home(".bashrc", "sleep 3\n");
    let laptop = Laptop::with_target("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect(NOTICE).expect("Ctrl-C gives up");
    person
        .expect("login shell answered")
        .expect("http://localhost:");
    assert!(person.end().success());
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

#[test]
fn a_person_who_gives_up_on_a_hanging_shell_leaves_nothing_running() {
    let sshd = Sshd::start();
    sshd.write_home(".bashrc", "sleep 1000\n");
    let laptop = Laptop::with_target("box", &sshd);
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person.expect(NOTICE).keys("\u{3}");
    assert!(!person.end().success());
    laptop.wait_until_idle(SOON);
    assert_eq!(laptop.rows(), serde_json::json!([]));
}

#[test]
fn each_printed_guard_lets_a_shell_through_whose_startup_file_hangs() {
    thread::scope(|scope| {
        for (shell, guard) in [
            (Shell::Bash, "case $- in *i*) ;; *) return;; esac"),
            (Shell::Zsh, "[[ -o interactive ]] || return"),
            (Shell::Tcsh, "if (! $?prompt) exit"),
            (Shell::Fish, "status is-interactive; or return"),
        ] {
            scope.spawn(move || is_let_through(shell, guard));
        }
    });
}

#[track_caller]
fn is_let_through(shell: Shell, guard: &str) {
    let Some(login) = Login::with_shell(shell) else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    let file = shell.rc_file().expect("it reads one");
    sshd.write_home(file, &format!("{guard}\nsleep 1000\n"));
    Laptop::with_target("box", &sshd).connects(&sshd);
}
