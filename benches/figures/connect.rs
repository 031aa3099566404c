//! `ssh T` while the server is up and the tunnel is not, at 50 ms.
//!
//! *Warm*: the master lives. *Cold*: it does not, as on a fresh laptop.
//! Baseline of both: a cold `ssh T true` through the same link.

use std::time::Duration;

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::laptop::Laptop;
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;
use crate::timed::{ours, ssh, timed};

/// The round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    laptop.connect("box");
    let row = |measure: &str, end: fn(&Laptop)| {
        let connect = || {
            wan.set_round_trip(Duration::ZERO);
            end(&laptop);
            wan.set_round_trip(ROUND_TRIP);
            timed(&mut ours(&laptop))
        };
        let baseline = || timed(&mut ssh(&laptop, &["true"]));
        let pairs = Pairs::measure(measure, runs, connect, baseline);
        let what = "cold `ssh T true`";
        Row::ratio(measure, Unit::Milliseconds, pairs, what, "≤ 1.15")
    };
    let mut rows = vec![
        row("ssh T, warm, 50 ms", |laptop| laptop.kill_tunnel("box")),
        row("ssh T, cold, 50 ms", end_all),
    ];
    let rivals = [("Zed", 5), ("VS Code's agent host", 6)];
    rows.extend(rivals.map(|(rival, execs)| {
        let connect = || {
            wan.set_round_trip(Duration::ZERO);
            end_all(&laptop);
            wan.set_round_trip(ROUND_TRIP);
            timed(&mut ours(&laptop))
        };
        let measure = format!("ssh T, cold, beside the shape of {rival}'s");
        let pairs = Pairs::measure(&measure, runs, connect, || serial(&laptop, execs));
        let what = format!("master + {execs} execs in turn");
        Row::ratio(&measure, Unit::Milliseconds, pairs, &what, "< 1")
    }));
    rows
}

/// As on a fresh laptop, but for the port.
fn end_all(laptop: &Laptop) {
    laptop.kill_tunnel("box");
    laptop.kill_masters();
}

/// What a connect costs that asks one thing after the other: a master, then so
/// many commands through it. Neither rival is run: its downloads and its server
/// come on top.
fn serial(laptop: &Laptop, execs: usize) -> f64 {
    let path = laptop.file("serial").display().to_string();
    let mut taken = timed(&mut ssh(laptop, &["-M", "-N", "-f", "-S", &path]));
    for _ in 0..execs {
        taken += timed(&mut ssh(laptop, &["-S", &path, "true"]));
    }
    timed(&mut ssh(laptop, &["-S", &path, "-O", "exit"]));
    taken
}
