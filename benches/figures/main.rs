//! `make bench`: the product's figures, each against a baseline of the same run.
//!
//! ```text
//! make bench                                all figures, a table on stdout
//! cargo bench --locked -- live mux          those whose name holds a word given
//! cargo bench --locked -- --json            one array of rows instead of a table
//! CCP_BENCH_RUNS=21 make bench              more runs; the default is 7
//! ```
//!
//! What is measured is `COCALC_PLUS_BIN`, the shipped binary, against a private
//! sshd behind a simulated link. Ours and its baseline alternate, so that a
//! machine which slows down does not decide; each figure is a median, and a
//! ratio the median of the pairs' ratios. Nothing here passes or fails: only a
//! figure that could not be taken makes the exit status 1.
//!
//! Linux only, as root or as a normal user. It needs sshd, tmux, node and Chromium, which
//! `install/dependencies.sh test` installs, and leaves no process behind, not
//! even after Ctrl-C, which ends it at the next measurement.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark starts real processes, reads its environment and paces keys"
)]

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic;
use std::process::ExitCode;

#[path = "../../tests/support/mod.rs"]
mod support;

mod arrival;
mod attach;
mod browser;
mod browser_link;
mod bulk;
mod bus;
mod connect;
mod explorer;
mod files;
mod flood;
mod install;
mod interrupt;
mod keys;
mod live;
mod memory;
mod mux;
mod page;
mod request;
mod row;
mod sample;
mod server;
mod size;
mod start;
mod store;
mod timed;
mod typist;
mod wire;

use row::Row;
use sample::Runs;
use support::say;

/// The name by which a word on the command line chooses it, and its rows.
type Figure = (&'static str, fn(Runs) -> Vec<Row>);

/// All figures, in the order of the table.
const FIGURES: [Figure; 23] = [
    ("live", live::rows),
    ("connect", connect::rows),
    ("arrival", arrival::rows),
    ("install", install::rows),
    ("start", start::rows),
    ("keys", keys::rows),
    ("flood", flood::rows),
    ("attach", attach::rows),
    ("browser-cold", browser::cold),
    ("browser-link", browser_link::rows),
    ("browser-keys", browser::keys),
    ("browser-interrupt", browser::interrupt),
    ("browser-attach", browser::attach),
    ("browser-flood", browser::flood),
    ("request", request::rows),
    ("bulk", bulk::rows),
    ("bus", bus::rows),
    ("store", store::rows),
    ("files", files::rows),
    ("explorer", explorer::rows),
    ("memory", memory::rows),
    ("size", size::rows),
    ("page", page::rows),
];

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if let [first, files @ ..] = words.as_slice()
        && first == mux::PEER
    {
        return mux::peer(files);
    }
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // cargo itself adds `--bench`.
    let (flags, names): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with("--"));
    let is_wanted =
        |figure: &&Figure| names.is_empty() || names.iter().any(|name| figure.0.contains(*name));
    interrupt::watch();
    say(&format!("measuring {}", support::bin().display()));
    let taken: Vec<Option<Vec<Row>>> = FIGURES.iter().filter(is_wanted).map(take).collect();
    let is_whole = taken.iter().all(Option::is_some);
    let rows: Vec<Row> = taken.into_iter().flatten().flatten().collect();
    let text = if flags.iter().any(|flag| *flag == "--json") {
        row::json(&rows)
    } else {
        row::table(&rows)
    };
    // A closed pipe is the reader's wish.
    let _ = writeln!(std::io::stdout(), "{text}");
    if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Takes one figure; `None` when that failed, which stderr has said.
fn take(&(name, rows): &Figure) -> Option<Vec<Row>> {
    if interrupt::is_asked() {
        return None;
    }
    say(&format!("{name}:"));
    panic::catch_unwind(|| rows(Runs::from_environment())).ok()
}
