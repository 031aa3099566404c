//! SIGKILL of each process at each step of a connect: nothing is left over,
//! and the next connect is as if nothing had been.

use std::fs::File;
use std::thread;

use rustix::fs::{FlockOperation, flock};

use crate::support::aftermath::{assert_nothing_half_installed, assert_nothing_runs, names_in};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::pty::Pty;
use crate::support::sshd::Sshd;
use crate::support::targets::SOON;
use crate::support::wan::Wan;

/// Slow enough that an upload is under way however late this test looks.
const SLOW: u64 = 1 << 17;

/// Where a connect is held while somebody dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// ssh asks the person.
    Authenticate,
    /// The login shell's startup file runs.
    Attach,
    /// The binary is on its way.
    Upload,
    /// The server is started.
    Start,
}

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    /// `cocalc-plus ssh`.
    Command,
    /// The tunnel.
    Tunnel,
    /// ssh: the one that asks, later the master.
    Ssh,
    /// What runs on the remote for this connect.
    Remote,
}

#[test]
fn who_dies_while_ssh_asks_leaves_nothing() {
    kill_each(
        Step::Authenticate,
        &[Victim::Command, Victim::Tunnel, Victim::Ssh],
    );
}

#[test]
fn who_dies_while_the_login_shell_starts_leaves_nothing() {
    kill_each(
        Step::Attach,
        &[Victim::Command, Victim::Tunnel, Victim::Ssh, Victim::Remote],
    );
}

#[test]
fn who_dies_while_the_binary_is_on_its_way_leaves_nothing() {
    kill_each(
        Step::Upload,
        &[Victim::Command, Victim::Tunnel, Victim::Ssh, Victim::Remote],
    );
}

#[test]
fn who_dies_while_the_server_starts_leaves_nothing() {
    kill_each(
        Step::Start,
        &[Victim::Command, Victim::Tunnel, Victim::Ssh, Victim::Remote],
    );
}

#[track_caller]
fn kill_each(step: Step, victims: &[Victim]) {
    thread::scope(|scope| {
        for &victim in victims {
            scope.spawn(move || Held::at(step).kill(victim));
        }
    });
}

/// A connect that is held at one step.
struct Held {
    step: Step,
    sshd: Sshd,
    wan: Wan,
    laptop: Laptop,
    person: Pty,
    /// While it is held, a server waits for the one that seems to have it.
    lock: Option<File>,
}

impl Held {
    /// Connects on a terminal, and waits until the step is reached.
    #[track_caller]
    fn at(step: Step) -> Self {
        let sshd = Sshd::start();
        let (wan, laptop) = Wan::with_laptop("box", &sshd);
        match step {
            Step::Authenticate => sshd.protect_client_key("open sesame"),
            Step::Attach => sshd.write_home(
                ".bashrc",
                "touch ~/begun; while test ! -e ~/go; do sleep 0.1; done\n",
            ),
            Step::Upload => wan.set_rate(Some(SLOW)),
            Step::Start => {
                laptop.connect("box");
                laptop.run(&["ssh", "stop", "box"]).success();
            }
        }
        let lock = (step == Step::Start).then(|| take_lock(&sshd));
        let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
        match step {
            Step::Authenticate => {
                person.expect("Enter passphrase");
            }
            Step::Attach => {
                let begun = sshd.home().join("begun");
                eventually("the startup file runs", SOON, || {
                    begun.exists().then_some(())
                });
            }
            Step::Upload => {
                let is_under_way = || (wan.bytes_up() > 200_000).then_some(());
                eventually("the upload is under way", SOON, is_under_way);
            }
            Step::Start => {
                let is_starting = || (!servers(&sshd).is_empty()).then_some(());
                eventually("the server is being started", SOON, is_starting);
            }
        }
        Self {
            step,
            sshd,
            wan,
            laptop,
            person,
            lock,
        }
    }

    /// Kills one process, then asserts what must hold.
    #[track_caller]
    fn kill(mut self, victim: Victim) {
        let what = format!("{victim:?} at {:?}", self.step);
        let pids = self.pids(victim);
        assert!(!pids.is_empty(), "nobody to kill: {what}");
        pids.into_iter().for_each(processes::kill);
        if (self.step, victim) == (Step::Authenticate, Victim::Tunnel) {
            self.person.answer("open sesame");
        }
        let is_success = self.person.end().success();
        assert!(!is_success, "{what}\n{}", self.person.output());
        self.laptop.wait_until_idle(SOON);
        // The startup file waits for this, the server for the lock.
        self.sshd.write_home("go", "");
        self.lock = None;
        assert_nothing_runs(&self.sshd);
        assert_nothing_half_or_soon(&self.sshd, &what);
        self.wan.set_rate(None);
        if self.step == Step::Authenticate {
            self.authenticates_once(&what);
        } else {
            self.laptop.connects(&self.sshd);
        }
    }

    fn pids(&self, victim: Victim) -> Vec<u32> {
        let named = |name: &'static str, word: &'static str| {
            let found = self.laptop.processes().into_iter().filter(move |pid| {
                processes::name(*pid).as_deref() == Some(name)
                    && processes::arguments(*pid).iter().any(|one| one == word)
            });
            found.collect()
        };
        match victim {
            Victim::Command => vec![self.person.pid()],
            Victim::Tunnel => named("cocalc-plus", "__tunnel"),
            Victim::Ssh => named("ssh", "-M"),
            Victim::Remote => self.sshd.remote_processes(),
        }
    }

    #[track_caller]
    fn authenticates_once(&self, what: &str) {
        let before = self.sshd.counts();
        let mut person = self.laptop.on_terminal(&["ssh", "box", "--no-open"]);
        person.expect("Enter passphrase").answer("open sesame");
        person.expect("http://localhost:");
        assert!(person.end().success(), "{what}");
        let cost = self.sshd.counts() - before;
        assert_eq!((cost.authentications, cost.execs), (1, 1), "{what}");
    }
}

/// A killed shell's part of a binary may stay until the next connect.
#[track_caller]
fn assert_nothing_half_or_soon(sshd: &Sshd, what: &str) {
    if what.starts_with("Remote") {
        return;
    }
    assert_nothing_half_installed(sshd);
}

/// Takes the lock of the remote side's server, which was stopped.
#[track_caller]
fn take_lock(sshd: &Sshd) -> File {
    let mut instances = names_in(&sshd.runtime()).into_iter();
    let locks = instances.find_map(|name| File::open(sshd.runtime().join(name).join("lock")).ok());
    let lock = locks.expect("a server has run");
    flock(&lock, FlockOperation::LockExclusive).expect("nobody has it");
    lock
}

fn servers(sshd: &Sshd) -> Vec<u32> {
    let is_server = |pid: &u32| {
        processes::arguments(*pid)
            .iter()
            .any(|word| word == "--daemon-child")
    };
    sshd.remote_processes()
        .into_iter()
        .filter(is_server)
        .collect()
}
