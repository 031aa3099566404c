//! `ssh doctor` about the machine: limits, disks, directories and servers.

use std::fs;
use std::path::Path;

use crate::support::account::Account;
use crate::support::doctor::{check, cure, examine, fixes, make_room, rank, type_in, with_tool};
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::prepared;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected_to};
use crate::support::{bin, set_mode, temporary_directory};

/// More than a disk has that is nearly full.
const PLENTY: u64 = 128 << 20;

#[test]
fn logout_that_kills_is_told() {
    if !prepared::is_possible() {
        return;
    }
    let tools = temporary_directory();
    let builder = Sshd::builder().prepare(
        "mount -t tmpfs none /etc/systemd\n\
         printf '[Login]\\nKillUserProcesses=yes\\nKillExcludeUsers=\\n' > /etc/systemd/logind.conf",
    );
    let builder = with_tool(builder, tools.path(), "loginctl", "echo Linger=no");
    let sshd = with_tool(builder, tools.path(), "systemctl", "exit 0").start();
    cure(&Laptop::with_target("box", &sshd), "logout", "warning");
}

#[test]
fn a_limit_on_processes_is_lifted() {
    if !prepared::is_possible() {
        return;
    }
    let group = ControlGroup(format!("ccp-test-{}", std::process::id()));
    let sshd = Sshd::builder()
        .prepare(&group.enter("pids.max", "64"))
        .start();
    let before = cure(&Laptop::with_target("box", &sshd), "processes", "warning");
    assert_eq!(check(&before, "processes")["found"], "64 processes at most");
}

#[test]
fn a_quota_that_is_nearly_used_up_is_told() {
    let tools = temporary_directory();
    // What a user takes is what lies in the home; of a thousand blocks.
    let quota = "set -- $(du -sk ~); s=; test $1 -gt 900 && s='* 900 1000 6days' || s=' 900 1000'\n\
                 echo 'Disk quotas for user me (uid 1000):'\n\
                 echo '  Filesystem blocks quota limit grace files quota limit grace'\n\
                 echo \"  nas:/home $1$s 1 0 0\"";
    let sshd = with_tool(Sshd::builder(), tools.path(), "quota", quota).start();
    fs::write(sshd.home().join("large"), vec![1; 950 << 10]).expect("`/tmp` has room");
    let laptop = Laptop::with_target("box", &sshd);
    make_room(&laptop, "quota", &sshd.home().join("large"));
}

#[test]
fn a_program_that_hangs_is_named() {
    let tools = temporary_directory();
    let sshd = with_tool(Sshd::builder(), tools.path(), "quota", "exec sleep 1000").start();
    let laptop = Laptop::with_target("box", &sshd);
    let report = laptop
        .run(&["ssh", "doctor", "box", "--json"])
        .success()
        .json();
    let found = check(&report, "stands still")["found"]
        .as_str()
        .expect("a text");
    assert!(
        found.starts_with("quota does not answer within 10 s"),
        "{found}"
    );
    laptop.wait_until_idle(SOON);
}

#[test]
fn a_root_that_is_open_to_others_is_closed() {
    let sshd = Sshd::start();
    let root = sshd.home().join(".cocalc-plus");
    fs::create_dir(&root).expect("the home is ours");
    set_mode(&root, 0o755);
    sshd.login().account().own(&root);
    cure(
        &Laptop::with_target("box", &sshd),
        "install root",
        "warning",
    );
}

#[test]
fn a_root_of_another_user_is_moved_away() {
    let (Some(login), Some(other)) = (Login::with_shell(Shell::Bash), Account::other()) else {
        return;
    };
    let sshd = Sshd::builder().login(login).start();
    let root = sshd.home().join(".cocalc-plus");
    fs::create_dir(&root).expect("root may");
    other.own(&root);
    cure(
        &Laptop::with_target("box", &sshd),
        "install root",
        "warning",
    );
    assert!(sshd.home().join(".cocalc-plus.old").is_dir());
}

#[test]
fn a_file_in_the_place_of_a_root_is_moved_away() {
    let sshd = Sshd::start();
    sshd.write_home(".cocalc-plus", "mine");
    cure(
        &Laptop::with_target("box", &sshd),
        "install root",
        "warning",
    );
    let kept = fs::read_to_string(sshd.home().join(".cocalc-plus.old"));
    assert_eq!(kept.expect("it was moved"), "mine");
}

#[test]
fn a_home_that_runs_no_programs_is_remounted() {
    let Some(sshd) = with_home("mount -t tmpfs -o mode=700,noexec none $AT/home") else {
        return;
    };
    cure(&Laptop::with_target("box", &sshd), "install root", "note");
}

#[test]
fn a_read_only_home_is_remounted() {
    let line = "mount -t tmpfs -o mode=700,ro none $AT/home";
    let Some(sshd) = with_home(line) else { return };
    cure(&Laptop::with_target("box", &sshd), "install root", "note");
}

#[test]
fn a_full_home_is_told_and_what_is_large_in_it() {
    let needed = fs::metadata(bin()).expect("it is built").len();
    let line = format!(
        "mount -t tmpfs -o mode=700,size={} none $AT/home; head -c {} /dev/zero > $AT/home/large",
        needed * 2 + PLENTY,
        needed * 3 / 2 + PLENTY
    );
    let Some(sshd) = with_home(&line) else { return };
    let laptop = Laptop::with_target("box", &sshd);
    make_room(&laptop, "install root", &sshd.home().join("large"));
}

#[test]
fn no_root_at_all_is_an_error_with_its_own_exit_code() {
    let line =
        "for d in $AT/home /var/tmp /dev/shm; do mount -t tmpfs -o noexec,mode=700 none $d; done";
    let Some(sshd) = with_home(line) else { return };
    let laptop = Laptop::with_target("box", &sshd);
    laptop.run(&["ssh", "doctor", "box"]).failure(4);
    cure(&laptop, "install root", "error");
    laptop.run(&["ssh", "doctor", "box"]).success();
}

#[test]
fn a_socket_directory_that_is_open_to_others_is_closed() {
    let sshd = Sshd::start();
    set_mode(&sshd.runtime(), 0o755);
    let laptop = Laptop::with_target("box", &sshd);
    cure(&laptop, "sockets", "error");
    laptop.connect("box");
}

#[test]
fn a_squatted_socket_directory_is_moved_away() {
    let Some(other) = Account::other() else {
        return;
    };
    let sshd = Sshd::start();
    other.own(&sshd.runtime());
    let laptop = Laptop::with_target("box", &sshd);
    cure(&laptop, "sockets", "error");
    laptop.connect("box");
}

#[test]
fn a_server_of_another_build_is_replaced() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect_build(&laptop.longer_build(1), "box");
    cure(&laptop, "server", "note");
    assert_eq!(laptop.row("box")["status"], "running");
}

#[test]
fn another_server_of_the_user_is_ended() {
    let (sshd, laptop) = connected_to(Sshd::start());
    let start = "DATA=$HOME/other $HOME/.cocalc-plus/bin/* serve --daemon --no-open --json";
    laptop.ssh(&["box", start]).success();
    let before = examine(&laptop);
    let fix = fixes(check(&before, "other servers"));
    type_in(&laptop, &fix[0]).success();
    let is_cured = || (rank(&examine(&laptop), "other servers") == 0).then_some(());
    eventually("the other server has ended", SOON, is_cured);
    assert_eq!(laptop.row("box")["status"], "running");
    drop(sshd);
}

#[test]
fn another_machine_in_a_shared_home_is_told() {
    if !prepared::is_possible() {
        return;
    }
    let (sshd, laptop) = connected_to(Sshd::start());
    let home = sshd.home().display().to_string();
    let line = format!("hostname elsewhere; mount --bind {home} $AT/home");
    let other = Sshd::builder().prepare(&line).start();
    let others = Laptop::with_target("box", &other);
    others.connect("box");
    assert_eq!(examine(&others)["facts"]["host"], "elsewhere");
    let report = examine(&laptop);
    assert_eq!(
        check(&report, "other machines")["found"],
        "1 more began in this home since this one booted"
    );
    assert_eq!(rank(&report, "other servers"), 0, "{report}");
}

/// Starts an sshd whose home a line of `sh` has mounted.
#[track_caller]
fn with_home(line: &str) -> Option<Sshd> {
    prepared::is_possible().then(|| Sshd::builder().prepare(line).start())
}

/// A control group below the machine's own; drop removes it when it is empty.
struct ControlGroup(String);

impl ControlGroup {
    /// Where groups with limits are made: version 1 of them, or version 2.
    const PARENTS: [&str; 2] = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];

    /// Returns the line of `sh` that makes it with one limit and enters it.
    fn enter(&self, file: &str, limit: &str) -> String {
        let [old, new] = Self::PARENTS;
        let name = &self.0;
        format!(
            "g={new}/{name}; test ! -d {old} || g={old}/{name}; mkdir -p $g\n\
             echo {limit} > $g/{file}; echo $$ > $g/cgroup.procs"
        )
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        for parent in Self::PARENTS {
            let path = Path::new(parent).join(&self.0);
            let gone = || (!path.exists() || fs::remove_dir(&path).is_ok()).then_some(());
            eventually("the control group is empty", SOON, gone);
        }
    }
}
