//! A request of a page whose tunnel is open, at 50 ms.
//!
//! `GET /customize` with cookie and key, answered by the server behind the
//! tunnel. Baseline: one byte there and back through an open `ssh T cat` on the
//! same link, which is one round trip.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::laptop::Laptop;
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;
use crate::timed::{milliseconds, ssh};

/// The round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Takes the figure.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let visitor = laptop.visit("box");
    let mut cat = Cat::start(&laptop);
    wan.set_round_trip(ROUND_TRIP);
    let ask = || {
        let begun = Instant::now();
        let answer = visitor.get("/customize");
        assert_eq!(answer.status, 200, "{answer:?}");
        milliseconds(begun.elapsed())
    };
    let pairs = Pairs::measure("request", runs.many(), ask, || cat.round_trip());
    vec![Row::ratio(
        "request on an open page, 50 ms",
        Unit::Milliseconds,
        pairs,
        "one byte through an open `ssh T cat`",
        "≤ 1.1",
    )]
}

/// An open `ssh T cat`; drop ends it.
struct Cat {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Cat {
    fn start(laptop: &Laptop) -> Self {
        let mut command = ssh(laptop, &["cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("ssh starts");
        let input = child.stdin.take().expect("stdin is piped");
        let output = child.stdout.take().expect("stdout is piped");
        let mut cat = Self {
            child,
            input,
            output,
        };
        // The first byte waits for the connection.
        cat.round_trip();
        cat
    }

    fn round_trip(&mut self) -> f64 {
        let begun = Instant::now();
        self.input.write_all(b"b").expect("ssh runs");
        self.output.read_exact(&mut [0; 1]).expect("ssh runs");
        milliseconds(begun.elapsed())
    }
}

impl Drop for Cat {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
