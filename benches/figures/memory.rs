//! Memory, as the proportional set size of our processes; shells are not ours.
//!
//! Each world runs a copy of the binary, so that no other process of this
//! machine bears a part of its pages. The tunnels' wake-ups are their threads'
//! voluntary context switches.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::row::{Row, Unit};
use crate::sample::{Runs, Samples, repeat};
use crate::server;
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::support::sshd::Sshd;
use crate::support::terminal::Terminal;

/// How long a world rests before it is looked at.
const REST: Duration = Duration::from_secs(2);

/// How long wake-ups are counted: two of a tunnel's pings fall into it.
const WINDOW: Duration = Duration::from_secs(30);

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let (tunnels, wake_ups) = idle_tunnels(runs);
    let server = |terminals: usize| {
        let mut samples = Samples::default();
        repeat(&format!("server, {terminals} terminals"), runs, |_| {
            samples.0.push(server_with(terminals));
        });
        samples
    };
    let (one, fifty) = (server(1), server(50));
    let row = |measure: &str, samples, aim| Row::alone(measure, Unit::Bytes, samples, aim);
    vec![
        row("idle tunnel, PSS", tunnels, "≤ 8 MB"),
        Row::alone("idle tunnel, wake-ups", Unit::PerSecond, wake_ups, "≤ 1/s"),
        row("server and 1 terminal, PSS", one, "≤ 15 MB"),
        row("server and 50 terminals, PSS", fifty, "≤ 60 MB"),
    ]
}

/// Opens so many worlds, and looks at all their tunnels in one window.
fn idle_tunnels(runs: Runs) -> (Samples, Samples) {
    let mut worlds = Vec::new();
    repeat("an idle tunnel", runs, |_| {
        let sshd = Sshd::start();
        let laptop = Laptop::with_target("box", &sshd);
        laptop.connect_build(&own_copy(&laptop), "box");
        let pid = laptop.row("box")["tunnel_pid"].as_u64().expect("a tunnel");
        worlds.push((u32::try_from(pid).expect("a pid"), laptop, sshd));
    });
    thread::sleep(REST);
    let switched = || {
        worlds
            .iter()
            .map(|(pid, ..)| switches(*pid))
            .collect::<Vec<_>>()
    };
    let before = switched();
    thread::sleep(WINDOW);
    let counts = switched().into_iter().zip(before);
    let wake_ups = counts.map(|(after, before)| (after - before) / WINDOW.as_secs_f64());
    let tunnels = worlds.iter().map(|(pid, ..)| proportional_set(*pid));
    (Samples(tunnels.collect()), Samples(wake_ups.collect()))
}

/// Returns the bytes of a server and its holders, each seen by a page.
fn server_with(terminals: usize) -> f64 {
    let laptop = Laptop::new();
    let program = own_copy(&laptop);
    let visitor = server::start(&laptop, &program);
    let pages: Vec<Terminal> = (0..terminals).map(|_| visitor.open_terminal()).collect();
    thread::sleep(REST);
    let is_ours =
        |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == program);
    let ours: Vec<u32> = laptop.processes().into_iter().filter(is_ours).collect();
    assert!(
        ours.len() > pages.len(),
        "a server, and a holder for each terminal: {ours:?}"
    );
    ours.into_iter().map(proportional_set).sum()
}

/// Copies the binary into a laptop.
fn own_copy(laptop: &Laptop) -> PathBuf {
    let path = laptop.file("bin/cocalc-plus");
    fs::copy(bin(), &path).expect("`/tmp` has room");
    path
}

/// Reads `Pss:` of `/proc/PID/smaps_rollup`, in bytes.
pub(crate) fn proportional_set(pid: u32) -> f64 {
    let path = format!("/proc/{pid}/smaps_rollup");
    1024.0 * number(Path::new(&path), "Pss:").expect("the process lives and is ours")
}

/// Sums how often the threads of a process have gone to sleep.
fn switches(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let statuses = tasks.flatten().map(|task| task.path().join("status"));
    statuses
        .filter_map(|path| number(&path, "voluntary_ctxt_switches:"))
        .sum()
}

/// Reads the number behind a word at a line's begin.
fn number(path: &Path, word: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}
