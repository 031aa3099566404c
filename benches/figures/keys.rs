//! Key echo: there and back through the WebSocket of a server on this machine.
//!
//! Keys come 20 ms apart, as a fast typist's; the terminal's kernel side echoes
//! them (`cat >/dev/null`), so that no program's time is in the figure.
//! Baseline: the same on a bare pty that this process reads and writes itself.

use std::thread;
use std::time::{Duration, Instant};

use crate::row::{Row, Unit};
use crate::sample::{Runs, Samples, repeat};
use crate::server;
use crate::support::bare::BarePty;
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::timed::milliseconds;
use crate::typist::{LINE_KEYS, PACE, Typist};

/// How long each run types.
const LENGTH: Duration = Duration::from_secs(2);

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let laptop = Laptop::new();
    let mut typist = Typist::echoing(&server::start(&laptop, &bin()));
    let mut bare = BarePty::echoing();
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    repeat("100 keys", runs, |_| {
        ours.0.extend(typist.echo(LENGTH).0);
        floor.0.extend(echo(&mut bare, LENGTH));
    });
    drop(typist);
    let row = |name: &str, share: f64, aim| {
        let measure = format!("key echo, loopback, {name}");
        let value = ours.quantile(share);
        Row::of(&measure, Unit::Milliseconds, value, ours.clone(), aim)
            .above(floor.quantile(share), "bare pty")
    };
    vec![row("p50", 0.5, "≤ 0.6 ms"), row("p99", 0.99, "-")]
}

/// Types keys 20 ms apart for so long; returns what each one's echo takes.
fn echo(bare: &mut BarePty, length: Duration) -> Vec<f64> {
    let begun = Instant::now();
    let mut next = begun;
    let mut taken = Vec::new();
    while begun.elapsed() < length {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        next += PACE;
        let sent = Instant::now();
        bare.type_bytes(b"k");
        bare.read_exact(&mut [0; 1]);
        taken.push(milliseconds(sent.elapsed()));
        // The kernel keeps at most 4095 bytes of a line.
        if taken.len() % LINE_KEYS == 0 {
            bare.type_bytes(b"\r");
            bare.read_exact(&mut [0; 2]);
        }
    }
    taken
}
