//! Key echo: there and back through the WebSocket of a server on this machine.
//!
//! Keys come 20 ms apart, as a fast typist's; the terminal's kernel side echoes
//! them (`cat >/dev/null`), so that no program's time is in the figure.
//! Baseline: the same on a bare pty that this process reads and writes itself.

use std::time::Duration;

use crate::bare::BarePty;
use crate::row::{Row, Unit};
use crate::sample::{Runs, Samples, repeat};
use crate::server;
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::typist::Typist;

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
        floor.0.extend(bare.echo(LENGTH).0);
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
