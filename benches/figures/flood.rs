//! `cat` of a 100 MB log to a client that acknowledges at once.
//!
//! Through the holder, the server and its WebSocket, on this machine; from the
//! return key until the line behind the last one came. A client that is behind
//! is drawn the screen instead of its backlog, so what came is counted too.
//! Baseline: the same script on a bare pty that this process reads.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::server;
use crate::support::bare::BarePty;
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::timed::{milliseconds, program};
use crate::typist::Typist;

/// The least length of the log.
const LOG_BYTES: usize = 100_000_000;

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let laptop = Laptop::new();
    let script = script(&laptop);
    let script = script.display().to_string();
    let visitor = server::start(&laptop, &bin());
    let mut typist = Typist::start(&visitor, &format!("sh {script}"));
    let mut bare = BarePty::start(&laptop, &program("sh"), &[&script]);
    let mut rates = Pairs::default();
    let (mut came, mut redraws) = (Samples::default(), Samples::default());
    repeat("cat of 100 MB", Runs(runs.0 + 1), |run| {
        let end = end(run);
        let flood = typist.run_until(&end);
        let floor = cat(&mut bare, &end);
        // The first pair does not count.
        if run > 0 {
            let ours = LOG_BYTES as f64 / flood.taken.as_secs_f64();
            rates.push(ours, LOG_BYTES as f64 / floor * 1000.0);
            came.0.push(flood.bytes as f64);
            redraws.0.push(flood.redraws as f64);
        }
    });
    vec![
        Row::ratio(
            "cat of 100 MB, raw WebSocket",
            Unit::Rate,
            rates,
            "bare pty",
            "≥ 0.5",
        ),
        Row::alone("  of it came", Unit::Bytes, came, "-"),
        Row::alone("  screens drawn instead", Unit::Count, redraws, "-"),
    ]
}

/// Runs the script's next round on a bare pty; returns the milliseconds.
pub(crate) fn cat(bare: &mut BarePty, end: &str) -> f64 {
    let begun = Instant::now();
    bare.type_bytes(b"\r");
    let count = bare.read_until(end);
    assert!(count > LOG_BYTES, "{count} bytes");
    milliseconds(begun.elapsed())
}

/// Writes the log, and a script that prints it whenever return is pressed.
pub(crate) fn script(laptop: &Laptop) -> PathBuf {
    let log = laptop.file("log.txt");
    fs::write(&log, lines(LOG_BYTES)).expect("`/tmp` has room");
    let script = laptop.file("print.sh");
    let body = format!(
        "run=0\nwhile read -r line; do\ncat {}\necho \"the-end-of-$run.\"\nrun=$((run + 1))\ndone\n",
        log.display()
    );
    fs::write(&script, body).expect("the laptop is ours");
    script
}

/// What the script prints at the end of a run, counted from 0.
pub(crate) fn end(run: usize) -> String {
    format!("the-end-of-{run}.")
}

/// Returns lines as a server logs them.
pub(crate) fn lines(least: usize) -> String {
    const LEVELS: [&str; 4] = ["INFO ", "INFO ", "DEBUG", "WARN "];
    let mut text = String::with_capacity(least + 200);
    let mut number: u64 = 1;
    for line in 0.. {
        if text.len() >= least {
            break;
        }
        // Knuth's generator: the same log in every run.
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let level = LEVELS[(number >> 62) as usize];
        let (item, bytes, took) = (number >> 40 & 0xffff, number >> 20 & 0xf_ffff, number >> 50);
        let written = writeln!(
            text,
            "2026-11-21T13:{:02}:{:02}.{:06}Z {level} worker-{} request={line} path=/api/v1/items/{item} status=200 bytes={bytes} took={took}us",
            line / 60 % 60,
            line % 60,
            number >> 44,
            number >> 60,
        );
        written.expect("memory takes all");
    }
    text
}
