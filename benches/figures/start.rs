//! A server's start: from its spawn to the first HTTP 200.
//!
//! Asked again and again by TCP, 0.2 ms apart. Baseline: the whole process
//! `true`, as the price of any process on this machine.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::http::{Address, Request};
use crate::support::laptop::Laptop;
use crate::support::{bin, processes};
use crate::timed::{milliseconds, program, timed};

/// How long a server may take to answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_micros(200);

/// Takes the figure.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let laptop = Laptop::new();
    let program = program("true");
    let pairs = Pairs::measure(
        "server start",
        runs.many(),
        || start(&laptop),
        || timed(&mut laptop.command(&program)),
    );
    vec![Row::difference(
        "server spawn to first HTTP 200",
        Unit::Milliseconds,
        pairs,
        "process of `true`",
        "≤ 30 ms more",
    )]
}

fn start(laptop: &Laptop) -> f64 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    let mut serve = laptop.command(&bin());
    serve.args(["serve", "--no-open", "--port", &port.to_string()]);
    serve
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let child = serve.spawn().expect("the binary starts");
    let is_up = answers(port, begun + DEADLINE);
    let taken = begun.elapsed();
    stop(child);
    assert!(is_up, "no answer on port {port} within {DEADLINE:?}");
    milliseconds(taken)
}

fn answers(port: u16, end: Instant) -> bool {
    let ask = Request::get("/healthz");
    let answered = || {
        ask.try_send(&Address::Port(port))
            .is_ok_and(|answer| answer.status == 200)
    };
    while Instant::now() < end {
        if answered() {
            return true;
        }
        thread::sleep(PAUSE);
    }
    false
}

/// Stops it politely: a killed server would change what the next one finds.
fn stop(mut child: Child) {
    processes::signal(child.id(), Signal::TERM);
    child.wait().expect("a child of ours can be waited for");
}
