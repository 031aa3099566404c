//! The tree of files with 100,000 entries, in Chromium.
//!
//! Baselines: the same in a directory of ten entries; and for the frames an
//! empty box as tall, scrolled in the same way. A frame that does not come in
//! time is as long as several, so their worst is a multiple of 16.7 ms.

use std::fs;
use std::path::{Path, PathBuf};

use crate::browser::{Browser, driver, numbers};
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::support::chromium::Page;

/// Entries of the large directory, and of the small one.
const SIZES: [usize; 2] = [100_000, 10];

/// Steps of the wheel in one run.
const STEPS: usize = 120;

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let browser = Browser::start();
    let [many, few] = SIZES.map(|size| directory(&browser.home(), size));
    let mut page = driver();
    browser.open(&mut page, "exec cat");
    let (mut shown, mut changed, mut worst) = <(Pairs, Pairs, Pairs)>::default();
    let (mut ours, mut empty) = <(Samples, Samples)>::default();
    repeat("100,000 entries in the tree", runs, |run| {
        let page = &mut page;
        let [shown_few, changed_few] = visit(page, &few, run);
        let [shown_many, changed_many] = visit(page, &many, run);
        shown.push(shown_many, shown_few);
        changed.push(changed_many, changed_few);
        let ours_now = Samples(numbers(page, &format!("scroll {STEPS}")));
        let empty_now = Samples(numbers(page, &format!("scroll-empty {STEPS}")));
        worst.push(ours_now.quantile(1.0), empty_now.quantile(1.0));
        ours.0.extend(ours_now.0);
        empty.0.extend(empty_now.0);
    });
    let unit = Unit::Milliseconds;
    let small = "with 10 entries";
    let frame = "  a frame while it is scrolled, p95";
    vec![
        Row::difference("100,000 entries, first rows drawn", unit, shown, small, "-"),
        Row::difference("  a new file, made to drawn", unit, changed, small, "-"),
        Row::of(frame, unit, ours.quantile(0.95), ours, "≤ 17 ms")
            .above(empty.quantile(0.95), "an empty box"),
        Row::difference("  the worst of them", unit, worst, "an empty box", "-"),
    ]
}

/// Shows a directory and makes a file in it; how long each took to be drawn.
fn visit(page: &mut Page, dir: &Path, run: usize) -> [f64; 2] {
    let name = dir.file_name().expect("it has a name").display();
    let made = dir.join(format!("a file of {name}, {run}"));
    let mut take = |command: String| -> f64 {
        let taken = page.ask(&command);
        taken.parse().expect("the driver answers a number")
    };
    [
        take(format!("show {}", dir.display())),
        take(format!("create {}", made.display())),
    ]
}

fn directory(home: &Path, size: usize) -> PathBuf {
    let dir = home.join(size.to_string());
    fs::create_dir_all(dir.join(format!("first of {size}"))).expect("the home is ours");
    for number in 1..size {
        fs::write(dir.join(format!("measurement-{number:06}.csv")), "").expect("`/tmp` has room");
    }
    dir
}
