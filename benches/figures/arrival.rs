//! From `ssh T` to a page that can be used, at 50 ms: the server is up, tunnel
//! and master are not, and a browser runs already.
//!
//! Chromium says when the progress page was painted, and when the workspace was
//! usable: a terminal is drawn.

use std::cell::RefCell;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::browser::{ask, driver, number};
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;
use crate::timed::{ssh, timed};

/// The round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// How long a browser may wait to be opened.
const OPENING: Duration = Duration::from_secs(20);

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let connected = laptop.connect("box");
    let url = connected["url"].as_str().expect("a URL");
    let page = RefCell::new(driver());
    page.borrow_mut().ask(&format!("goto {url}"));
    let painted = RefCell::new(Vec::new());
    let arrive = || {
        wan.set_round_trip(Duration::ZERO);
        laptop.kill_tunnel("box");
        laptop.kill_masters();
        wan.set_round_trip(ROUND_TRIP);
        let mut page = page.borrow_mut();
        page.ask("leave");
        let seen = laptop.opened().len();
        let begun = now_ms();
        let mut command = laptop.spawn(&["ssh", "box", "--open"]);
        let url = opened_url(&laptop, seen);
        let arrived = ask(&mut page, &format!("arrive {url}"));
        assert!(command.wait().expect("a child of ours").success());
        painted.borrow_mut().push(number(&arrived, "paint") - begun);
        number(&arrived, "ready") - begun
    };
    let measure = "ssh T to a usable page, 50 ms";
    let baseline = || timed(&mut ssh(&laptop, &["true"]));
    let pairs = Pairs::measure(measure, runs, arrive, baseline);
    let what = "cold `ssh T true`";
    vec![
        Row::ratio(measure, Unit::Milliseconds, pairs, what, "≤ 1.3"),
        Row::alone(
            "  progress page painted",
            Unit::Milliseconds,
            Samples(painted.into_inner()),
            "≤ 300 ms",
        ),
    ]
}

/// Milliseconds since 1970, as a browser counts them.
fn now_ms() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs_f64() * 1000.0
}

/// Waits until the browser is asked for one more page; returns where that
/// private page leads.
fn opened_url(laptop: &Laptop, seen: usize) -> String {
    let opened = || laptop.opened().get(seen).cloned();
    let opened = eventually("the browser is opened", OPENING, opened);
    let file = opened.strip_prefix("file://").unwrap_or(&opened);
    let html = fs::read_to_string(file).expect("it is a page of ours");
    let (_, rest) = html.split_once("url=").expect("it leads somewhere");
    let url = rest.split('"').next().expect("it ends");
    url.replace("&amp;", "&")
}
