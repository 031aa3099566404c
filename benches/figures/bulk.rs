//! 64 MB and more from remote to laptop, with keys on another stream meanwhile.
//!
//! Twice: through the mux alone, and as the output of a terminal that prints
//! without end, over the tunnel and its WebSocket. A terminal's output is not
//! a download: what a page cannot take in time is skipped, and at most 512 KiB
//! are on their way unacknowledged; the figure is what arrived. Baseline: `ssh
//! T cat` of the file, from its first byte to its last.

use std::env;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::mux;
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::support::sshd::Sshd;
use crate::support::visitor::Visitor;
use crate::support::wan::Wan;
use crate::timed::ssh;
use crate::typist::Typist;

/// The file's length.
const FILE_BYTES: usize = 64_000_000;

/// How long a terminal prints in each run.
const FLOOD: Duration = Duration::from_secs(3);

/// The links: name, round trip in milliseconds, bytes a second, and how often
/// the file is sent, so that each transfer has some fifty keys beside it.
const LINKS: [(&str, u64, Option<u64>, usize); 4] = [
    ("0 ms", 0, None, 5),
    ("0 ms, 100 Mbit/s", 0, Some(12_500_000), 1),
    ("100 ms", 100, None, 1),
    ("100 ms, 100 Mbit/s", 100, Some(12_500_000), 1),
];

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let file = sshd.home().join("bulk.txt");
    let line = format!("{}\n", "0123456789 abcdefg ".repeat(4).trim_end());
    fs::write(&file, line.repeat(FILE_BYTES / line.len())).expect("`/tmp` has room");
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let visitor = laptop.visit("box");
    let figure = env::current_exe().expect("this program has a path");
    // An exec begins in the account's home, which is not the sshd's `HOME`.
    let file = file.display();
    let figure = format!("'{}' {}", figure.display(), mux::PEER);
    let measure = |(link, round_trip, rate, copies)| {
        let files = format!(" {file}").repeat(copies);
        let print = format!("cat{files}");
        let send = format!("{figure}{files}");
        wan.set_round_trip(Duration::from_millis(round_trip));
        wan.set_rate(rate);
        let mut taken = Taken::default();
        repeat(
            &format!("{} MB, {link}", copies * FILE_BYTES / 1_000_000),
            runs,
            |_| {
                let bytes = cat(ssh(&laptop, &[&print]));
                let transfer = mux::download(ssh(&laptop, &[&send]));
                taken.mux.push(transfer.rate, bytes);
                taken.mux_keys.0.extend(transfer.keys.0);
                let (rate, keys) = flood(&visitor, &print);
                taken.terminal.push(rate, bytes);
                taken.terminal_keys.0.extend(keys.0);
            },
        );
        taken.rows(link, round_trip as f64)
    };
    LINKS.into_iter().flat_map(measure).collect()
}

/// What all runs over one link showed.
#[derive(Debug, Default)]
struct Taken {
    mux: Pairs,
    mux_keys: Samples,
    terminal: Pairs,
    terminal_keys: Samples,
}

impl Taken {
    fn rows(self, link: &str, round_trip: f64) -> Vec<Row> {
        let rate = |what: &str, pairs, aim| {
            Row::ratio(
                &format!("{what}, {link}"),
                Unit::Rate,
                pairs,
                "`ssh T cat`",
                aim,
            )
        };
        let key = |what: &str, keys: &Samples, share: f64, aim| {
            let measure = format!("  key echo {what}, p{:.0}", share * 100.0);
            let value = keys.quantile(share);
            Row::of(&measure, Unit::Milliseconds, value, keys.clone(), aim)
                .above(round_trip, "one round trip")
        };
        let aim = "≤ 50 ms more";
        vec![
            rate("bulk over the mux", self.mux, "≥ 0.9"),
            key("meanwhile", &self.mux_keys, 0.5, aim),
            key("meanwhile", &self.mux_keys, 0.99, aim),
            rate("a flooding terminal", self.terminal, "-"),
            key("in another", &self.terminal_keys, 0.5, aim),
            key("in another", &self.terminal_keys, 0.99, aim),
        ]
    }
}

/// Returns the bytes a second that a command prints.
fn cat(mut command: Command) -> f64 {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("ssh starts");
    let mut output = child.stdout.take().expect("stdout is piped");
    let mut buffer = vec![0; 256 << 10];
    let mut count = output.read(&mut buffer).expect("ssh runs");
    let begun = Instant::now();
    loop {
        match output.read(&mut buffer).expect("ssh runs") {
            0 => break,
            length => count += length,
        }
    }
    let taken = begun.elapsed();
    let status = child.wait().expect("a child of ours can be waited for");
    assert!(
        status.success() && count > FILE_BYTES / 2,
        "{status}, {count} bytes"
    );
    count as f64 / taken.as_secs_f64()
}

/// Lets one terminal run `print` again and again while keys are typed in
/// another; returns bytes a second of the one and the keys of the other.
fn flood(visitor: &Visitor, print: &str) -> (f64, Samples) {
    let mut typist = Typist::echoing(visitor);
    let mut flooded = Typist::start(visitor, &format!("sh -c 'while {print}; do :; done'"));
    let reader = thread::spawn(move || {
        let begun = Instant::now();
        let count = flooded.read_for(FLOOD);
        count as f64 / begun.elapsed().as_secs_f64()
    });
    let keys = typist.echo(FLOOD);
    (reader.join().expect("the flood is read"), keys)
}
