//! Files on a server of this machine: a listing, an upload, a save.
//!
//! Baselines, in the same run: reading the names and looking at each, which is
//! what a listing does below HTTP and JSON; writing the same bytes to a file
//! and syncing it, which is what an upload does below the network.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs};
use crate::support::desk::{Desk, text, url};
use crate::support::http::Request;
use crate::timed::milliseconds;

/// The upload's length.
const UPLOAD_BYTES: usize = 100_000_000;

/// The saved file's length: a long source file.
const SAVE_BYTES: usize = 100_000;

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let desk = Desk::new();
    let mut rows = vec![
        listing(&desk, runs.many(), 10_000, "≤ 100 ms"),
        listing(&desk, runs, 100_000, "-"),
    ];
    rows.push(upload(&desk, runs));
    rows.push(save(&desk, runs.many()));
    rows
}

fn listing(desk: &Desk, runs: Runs, count: usize, aim: &'static str) -> Row {
    let dir = desk.path(format!("with {count}"));
    fs::create_dir(&dir).expect("the directory is ours");
    for number in 0..count {
        let name = dir.join(format!("measurement-{number:06}.csv"));
        fs::write(name, "").expect("`/tmp` has room");
    }
    let what = format!("listing of {count} entries");
    let list = || {
        let begun = Instant::now();
        let request = Request::get(&url("/files/list", &text(&dir)));
        let answer = desk.visitor.send(request.header("accept-encoding", "gzip"));
        let taken = milliseconds(begun.elapsed());
        assert_eq!(answer.status, 200);
        taken
    };
    let pairs = Pairs::measure(&what, runs, list, || look_at_each(&dir));
    Row::ratio(&what, Unit::Milliseconds, pairs, "readdir and lstat", aim)
}

fn look_at_each(dir: &Path) -> f64 {
    let begun = Instant::now();
    let entries = fs::read_dir(dir).expect("it is ours").flatten();
    let sizes = entries.map(|entry| entry.metadata().map_or(0, |found| found.size()));
    assert_eq!(sizes.sum::<u64>(), 0);
    milliseconds(begun.elapsed())
}

fn upload(desk: &Desk, runs: Runs) -> Row {
    let content = vec![b'u'; UPLOAD_BYTES];
    let path = desk.path("upload");
    let asked = json!({ "path": text(&path), "size": UPLOAD_BYTES, "overwrite": true });
    let send = || {
        let _ = fs::remove_file(&path);
        let begun = Instant::now();
        let place = desk.visitor.send(Request::post("/files/upload", &asked));
        let place = place.json();
        let id = place["id"].as_str().expect("an id");
        let url = format!("/files/upload/{id}?offset=0");
        let answer = desk.visitor.send(Request::put(&url, &content));
        let taken = milliseconds(begun.elapsed());
        assert_eq!(answer.json()["done"], true, "{answer:?}");
        taken
    };
    let plain = desk.path("plain");
    let pairs = Pairs::measure("upload of 100 MB", runs, send, || write(&plain, &content));
    let baseline = "write and fsync";
    Row::ratio(
        "upload of 100 MB",
        Unit::Milliseconds,
        pairs,
        baseline,
        "≤ 300 ms",
    )
}

fn save(desk: &Desk, runs: Runs) -> Row {
    let content = vec![b's'; SAVE_BYTES];
    let path = desk.write("saved", &content);
    let save = || {
        let begun = Instant::now();
        let answer = desk.save(&path, &content, None);
        let taken = milliseconds(begun.elapsed());
        assert_eq!(answer.status, 200, "{answer:?}");
        taken
    };
    let plain = desk.path("plain");
    let pairs = Pairs::measure("save of 100 kB", runs, save, || write(&plain, &content));
    Row::ratio(
        "save of 100 kB",
        Unit::Milliseconds,
        pairs,
        "write and fsync",
        "-",
    )
}

fn write(path: &Path, content: &[u8]) -> f64 {
    let _ = fs::remove_file(path);
    let begun = Instant::now();
    let mut file = fs::File::create_new(path).expect("the directory is ours");
    file.write_all(content).expect("`/tmp` has room");
    file.sync_all().expect("`/tmp` is on a disk");
    milliseconds(begun.elapsed())
}
