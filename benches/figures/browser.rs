//! What a person sees, in Chromium: `src/web/app/e2e/figures.mjs` measures.
//!
//! Chromium draws without a GPU here, so the emulator writes the rows of the
//! DOM. Baselines: the next frame of the same page after a key; the same script
//! or program on a bare pty; an empty page of the same server (`/healthz`), in
//! a browser that is as fresh.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::attach;
use crate::flood;
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::server;
use crate::support::bare::BarePty;
use crate::support::bin;
use crate::support::chromium::Page;
use crate::support::laptop::Laptop;
use crate::support::visitor::Visitor;
use crate::timed::{milliseconds, program};

/// Keys of one run, and of its baseline.
const KEYS: usize = 100;

/// A prompt that no shell has of itself, and how it is typed.
const PROMPT: &str = "the-prompt>";
const SET_PROMPT: &str = "PS1='the-pro''mpt>'";

/// How long `yes` runs before it is interrupted.
const FLOOD: Duration = Duration::from_secs(1);

/// Takes the figures of a first visit.
///
/// On this machine everything arrives before Chromium paints at all; what a
/// slow link carries before the first paint is `page`'s figure.
pub(crate) fn cold(runs: Runs) -> Vec<Row> {
    Browser::start().cold(runs)
}

/// Takes the figures of keys.
pub(crate) fn keys(runs: Runs) -> Vec<Row> {
    Browser::start().keys(&mut driver(), runs)
}

/// Takes the figure of an interrupted flood.
pub(crate) fn interrupt(runs: Runs) -> Vec<Row> {
    vec![Browser::start().interrupt(&mut driver(), runs)]
}

/// Takes the figures of a page that is opened again.
pub(crate) fn attach(runs: Runs) -> Vec<Row> {
    Browser::start().attach(&mut driver(), runs)
}

/// Takes the figures of a long file.
pub(crate) fn flood(runs: Runs) -> Vec<Row> {
    Browser::start().flood(&mut driver(), runs)
}

/// Starts Chromium with the page that is measured.
pub(crate) fn driver() -> Page {
    Page::drive("figures.mjs", &[])
}

/// A server, and who asks it for URLs.
pub(crate) struct Browser {
    visitor: Visitor,
    laptop: Laptop,
}

impl Browser {
    /// Starts the server.
    pub(crate) fn start() -> Self {
        let laptop = Laptop::new();
        let visitor = server::start(&laptop, &bin());
        Self { visitor, laptop }
    }

    /// Returns the server's home directory.
    pub(crate) fn home(&self) -> PathBuf {
        self.laptop.home()
    }

    /// Returns a URL that lets one browser in, to a server without terminals.
    fn url(&self) -> String {
        for id in self.visitor.terminals() {
            self.visitor.call("terminal.kill", &json!({ "id": id }));
        }
        let printed = self.laptop.run(&["serve", "--daemon", "--json"]);
        let printed = printed.success().json();
        printed["url"].as_str().expect("a URL").to_owned()
    }

    /// Opens the page with a terminal of its own that runs `command`.
    pub(crate) fn open(&self, page: &mut Page, command: &str) {
        page.ask(&format!("goto {}", self.url()));
        page.ask(&format!("type {command}"));
    }

    fn cold(&self, runs: Runs) -> Vec<Row> {
        let mut page = driver();
        let mut ready = Pairs::default();
        let (mut paint, mut before, mut all) = Default::default();
        let empty = format!("cold-empty http://localhost:{}/healthz", self.visitor.port);
        repeat("first visit, fresh profile", runs, |_| {
            let floor = number(&ask(&mut page, &empty), "ready");
            let taken = ask(&mut page, &format!("cold {}", self.url()));
            ready.push(number(&taken, "ready"), floor);
            push(&mut paint, &taken, "paint");
            push(&mut before, &taken, "paint_bytes");
            push(&mut all, &taken, "bytes");
        });
        let measure = "terminal usable, cold, Chromium";
        let what = "an empty page";
        vec![
            Row::difference(measure, Unit::Milliseconds, ready, what, "≤ 600 ms"),
            Row::alone("  first paint", Unit::Milliseconds, paint, "-"),
            Row::alone("  came before it, with headers", Unit::Bytes, before, "-"),
            Row::alone("  came until usable", Unit::Bytes, all, "-"),
        ]
    }

    fn keys(&self, page: &mut Page, runs: Runs) -> Vec<Row> {
        self.open(page, "exec cat >/dev/null");
        let (mut drawn, mut frames) = (Samples::default(), Samples::default());
        repeat("100 keys in Chromium", runs, |_| {
            drawn.0.extend(numbers(page, &format!("echo {KEYS}")));
            frames.0.extend(numbers(page, &format!("frames {KEYS}")));
        });
        let row = |share: f64, aim| {
            let measure = format!("key to drawn, Chromium, p{:.0}", share * 100.0);
            let value = drawn.quantile(share);
            Row::of(&measure, Unit::Milliseconds, value, drawn.clone(), aim)
                .above(frames.quantile(share), "key to the next frame")
        };
        vec![row(0.5, "≤ 9 ms"), row(0.9, "-")]
    }

    fn interrupt(&self, page: &mut Page, runs: Runs) -> Row {
        self.open(page, SET_PROMPT);
        page.ask(&format!("wait {PROMPT}"));
        let mut bare = BarePty::start(&self.laptop, &program("sh"), &[]);
        bare.type_bytes(format!("{SET_PROMPT}\r").as_bytes());
        bare.read_until(PROMPT);
        let ours = || {
            page.ask("type yes");
            page.ask(&format!("wait-no {PROMPT}"));
            page.ask(&format!("rest {}", FLOOD.as_millis()));
            number(&ask(page, &format!("press Control+c {PROMPT}")), "ms")
        };
        let floor = || {
            bare.type_bytes(b"yes\r");
            bare.read_for(FLOOD);
            let begun = Instant::now();
            bare.type_bytes(b"\x03");
            bare.read_until(PROMPT);
            milliseconds(begun.elapsed())
        };
        let measure = "Ctrl-C under `yes`, Chromium";
        let pairs = Pairs::measure(measure, runs, ours, floor);
        Row::difference(measure, Unit::Milliseconds, pairs, "bare pty", "≤ 100 ms")
    }

    fn attach(&self, page: &mut Page, runs: Runs) -> Vec<Row> {
        let script = attach::print_lines(&self.laptop);
        self.open(page, &format!("sh {script}"));
        page.ask(&format!("press Enter {}", attach::END));
        page.ask("new");
        let (mut asked, mut clicked, mut reloaded) = Default::default();
        repeat("10,000 lines in Chromium", runs, |_| {
            let taken = ask(page, &format!("attach {}", attach::END));
            push(&mut asked, &taken, "asked");
            push(&mut clicked, &taken, "clicked");
            let taken = ask(page, &format!("reload {}", attach::END));
            push(&mut reloaded, &taken, "ms");
        });
        let row = |measure, samples, aim| Row::alone(measure, Unit::Milliseconds, samples, aim);
        let attach = "attach, 10,000 lines, drawn in Chromium";
        vec![
            row(attach, asked, "≤ 50 ms"),
            row("  since the click at its tab", clicked, "-"),
            row("reload, 10,000 lines, drawn in Chromium", reloaded, "-"),
        ]
    }

    fn flood(&self, page: &mut Page, runs: Runs) -> Vec<Row> {
        let script = flood::script(&self.laptop).display().to_string();
        self.open(page, &format!("sh {script}"));
        let mut bare = BarePty::start(&self.laptop, &program("sh"), &[&script]);
        let (mut pairs, mut came) = (Pairs::default(), Samples::default());
        repeat("cat of 100 MB in Chromium", runs, |run| {
            let end = flood::end(run);
            let taken = ask(page, &format!("press Enter {end}"));
            pairs.push(number(&taken, "ms"), flood::cat(&mut bare, &end));
            push(&mut came, &taken, "bytes");
        });
        let measure = "cat of 100 MB, drawn in Chromium";
        vec![
            Row::ratio(measure, Unit::Milliseconds, pairs, "bare pty", "≤ 5000 ms"),
            Row::alone("  of it came", Unit::Bytes, came, "-"),
        ]
    }
}

pub(crate) fn ask(page: &mut Page, command: &str) -> Value {
    serde_json::from_str(&page.ask(command)).expect("the driver answers JSON")
}

/// Gives a command that is answered by an array of numbers.
pub(crate) fn numbers(page: &mut Page, command: &str) -> Vec<f64> {
    let taken = ask(page, command);
    let taken = taken.as_array().expect("an array").iter();
    taken.map(|each| each.as_f64().expect("a number")).collect()
}

pub(crate) fn number(taken: &Value, name: &str) -> f64 {
    let number = taken[name].as_f64();
    number.unwrap_or_else(|| panic!("no `{name}`: {taken}"))
}

fn push(samples: &mut Samples, taken: &Value, name: &str) {
    samples.0.push(number(taken, name));
}
