//! The first `ssh T` to a machine without the binary: 100 Mbit/s, 50 ms.
//!
//! Everything counts: connecting, sending, checking, starting the server. The
//! laptop packs the binary once per build and keeps it; both cases are shown.
//! Baseline: the same packed bytes into a cold `ssh T 'cat >/dev/null'`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::laptop::Laptop;
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;
use crate::timed::{ours, ssh, timed};

/// The round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// 100 Mbit/s in bytes.
const RATE: u64 = 12_500_000;

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    laptop.connect("box");
    let payload = laptop.file("payload.gz");
    fs::copy(kept_payload(&laptop), &payload).expect("the laptop is ours");
    let row = |measure: &str, prepare: &dyn Fn()| {
        let install = || {
            slow_down(&wan, None);
            laptop.run(&["ssh", "stop", "box"]).success();
            fs::remove_dir_all(sshd.home().join(".cocalc-plus")).expect("it is installed");
            prepare();
            slow_down(&wan, Some(RATE));
            timed(&mut ours(&laptop))
        };
        let send = || {
            let bytes = File::open(&payload).expect("it was copied");
            timed(ssh(&laptop, &["cat >/dev/null"]).stdin(bytes))
        };
        let pairs = Pairs::measure(measure, runs, install, send);
        let what = "cold `ssh T 'cat >/dev/null'` of the same bytes";
        Row::ratio(measure, Unit::Milliseconds, pairs, what, "≤ 1.2")
    };
    let forget = || fs::remove_file(kept_payload(&laptop)).expect("it is kept");
    vec![
        row("first install, 100 Mbit/s, 50 ms", &|| {}),
        row("the same, binary not packed yet", &forget),
    ]
}

fn slow_down(wan: &Wan, rate: Option<u64>) {
    wan.set_round_trip(rate.map_or(Duration::ZERO, |_| ROUND_TRIP));
    wan.set_rate(rate);
}

/// Finds the packed binary that the laptop keeps.
fn kept_payload(laptop: &Laptop) -> PathBuf {
    let cache = fs::read_dir(laptop.home().join(".cache/cocalc-plus"));
    let mut paths = cache
        .expect("it is kept")
        .flatten()
        .map(|entry| entry.path());
    let found = paths.find(|path| path.extension().is_some_and(|end| end == "gz"));
    found.expect("it is kept")
}
