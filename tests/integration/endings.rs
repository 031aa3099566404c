//! A server that nobody stopped: what its end was is said where people look.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::account::is_root;
use crate::support::chromium::Page;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::served::{Served, papers};
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected, connected_to, kill_and_wait};
use crate::support::websocket::wait_until;
use crate::support::{bin, skip};

#[test]
fn a_server_that_was_killed_says_so_on_the_page_and_in_status() {
    let (sshd, laptop) = connected();
    let url = laptop.connect("box")["url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let mut page = Page::open(&url);
    page.ask("wait-state ready");
    page.ask("type n=6");
    kill_and_wait(papers(&sshd.runtime()).pid);
    page.ask("wait-page The server on box was started again: it was killed");
    page.ask("type echo n=$((n*7)).");
    page.ask("wait-text n=42.");
    assert_eq!(laptop.row("box")["previous"]["how"], "killed");
    let status = laptop.run(&["ssh", "status", "box"]).success();
    assert!(status.stderr.contains("it was killed"), "{status:#?}");
    page.ask("click Dismiss");
    page.ask("wait-no-page it was killed");
    page.ask("reload");
    page.ask("wait-state ready");
    assert!(!page.ask("page").contains("it was killed"));
}

#[test]
fn a_fault_leaves_last_words() {
    let (sshd, laptop) = connected();
    let server = papers(&sshd.runtime()).pid;
    processes::signal(server, Signal::SEGV);
    eventually("it ends", SOON, || {
        (!processes::is_running(server)).then_some(())
    });
    let visitor = laptop.visit("box");
    visitor.open_terminal();
    let told = eventually("the tunnel knows", SOON, || {
        let row = laptop.row("box");
        row["previous"].is_object().then(|| row["previous"].clone())
    });
    assert_eq!(told["how"], "crashed", "{told}");
    assert_eq!(told["words"], "a segmentation fault (SIGSEGV)", "{told}");
}

#[test]
fn a_server_that_is_not_there_is_spoken_of_as_it_went() {
    let laptop = Laptop::new();
    let status = || laptop.run(&["serve", "--daemon-status", "--json"]).json()["previous"].clone();
    let start = || {
        laptop.run(&["serve", "--daemon", "--no-open"]).success();
        papers(&laptop.runtime()).pid
    };
    assert_eq!(status(), Value::Null);
    kill_and_wait(start());
    assert_eq!(status()["how"], "killed");
    let told = laptop.run(&["serve", "--daemon-status"]).failure(3);
    assert!(told.stderr.contains("it was killed"), "{told:#?}");
    start();
    assert_eq!(status()["how"], "killed", "of the one before");
    laptop.run(&["serve", "--daemon-stop"]).success();
    assert_eq!(status(), Value::Null, "this one was stopped");
}

#[test]
fn a_machine_that_was_rebooted_says_so() {
    let boot = "test -f $AT/boot || echo first > $AT/boot\n\
                mount --bind $AT/boot /proc/sys/kernel/random/boot_id";
    let Some(sshd) = Sshd::mounting(boot) else {
        return;
    };
    let (mut sshd, laptop) = connected_to(sshd.start());
    let mut session = laptop.visit("box").websocket("/session");
    sshd.stop();
    processes::kill_all(|| sshd.remote_processes());
    fs::remove_dir_all(sshd.runtime()).expect("a boot empties `/tmp`");
    fs::write(sshd.home().with_file_name("boot"), "second\n").expect("it is ours");
    sshd.restart();
    let restarted = wait_until(&mut session, |status| status["restarted"].is_string());
    assert_eq!(
        restarted["restarted"],
        "`box` was rebooted; what ran there has ended"
    );
    assert_eq!(laptop.row("box")["previous"]["how"], "rebooted");
}

#[test]
fn a_server_whose_memory_ran_out_says_so() {
    let laptop = Laptop::new();
    let Some(group) = Group::new(64 << 20) else {
        return;
    };
    let mut served = Served::start_by(&laptop, &mut group.running(&laptop, &bin()), &[]);
    // The kernel takes the server first, and nobody else.
    fs::write(format!("/proc/{}/oom_score_adj", served.pid()), "1000").expect("we are root");
    let mut hog = group.hog(&laptop);
    served.end();
    let _ = hog.kill();
    let _ = hog.wait();
    let again = Served::start(&laptop, &[]);
    let previous = again.info.previous.as_ref().expect("it knows");
    assert_eq!(
        previous.clause(),
        "it was killed, it seems because memory ran out"
    );
}

/// A control group with a limit of memory; drop removes it.
struct Group(PathBuf);

impl Group {
    #[track_caller]
    fn new(limit: u64) -> Option<Self> {
        let name = format!("ccp-test-{}", std::process::id());
        for (root, file) in [
            ("/sys/fs/cgroup", "memory.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ] {
            let group = Path::new(root).join(&name);
            let has_limit = is_root()
                && fs::create_dir(&group).is_ok()
                && group.join(file).is_file()
                && fs::write(group.join(file), limit.to_string()).is_ok();
            if has_limit {
                return Some(Self(group));
            }
            let _ = fs::remove_dir(&group);
        }
        skip("no control group with a limit of memory can be made here");
        None
    }

    /// A program that takes all memory that it gets.
    fn hog(&self, laptop: &Laptop) -> Child {
        let mut hog = self.running(laptop, Path::new("sh"));
        hog.args(["-c", "exec tail /dev/zero"]);
        hog.stdout(Stdio::null()).spawn().expect("sh starts")
    }

    /// A command that becomes a program in this group.
    fn running(&self, laptop: &Laptop, program: &Path) -> Command {
        let mut command = laptop.command(Path::new("sh"));
        let line = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", self.0.display());
        command.args(["-c", &line, "sh"]).arg(program);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Empty once everybody in it is gone.
        let gone = || fs::remove_dir(&self.0).ok();
        let _ = crate::support::poll::found_within(SOON, gone);
    }
}
