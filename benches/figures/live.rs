//! `ssh T` while the tunnel is up: the whole process, on loopback.
//!
//! Baseline: the start of `ssh -V`, which every way of asking ssh pays.

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::targets::connected;
use crate::timed::{ours, program, timed};

/// Takes the figure.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let (_sshd, laptop) = connected();
    let ssh = program("ssh");
    let pairs = Pairs::measure(
        "ssh T, live",
        runs.many(),
        || timed(&mut ours(&laptop)),
        || timed(laptop.command(&ssh).arg("-V")),
    );
    vec![Row::ratio(
        "ssh T, live, loopback",
        Unit::Milliseconds,
        pairs,
        "process of `ssh -V`",
        "≤ 2",
    )]
}
