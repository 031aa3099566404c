//! A feed over many kills: what was received, compared with a model.
//!
//! ```text
//! test ── hub process: a store under load, and feeds on a socket
//!      └─ reader process: follows, and appends what it hears to a log
//! ```
//!
//! One of the two is killed with SIGKILL, and started again; the reader comes
//! back with the last number of its log. The log must then be a chain without
//! gaps, in which every `old_val` is what the messages before have made of the
//! row, and must end with the rows of the database.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use futures::StreamExt;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::process::Child;

use super::*;
use crate::store::tables::feed::Resume;
use crate::store::tests::kills::directory;
use crate::store::tests::kills::say;
use crate::store::tests::kills::spawn;

/// How often a process is killed.
const KILLS: u64 = 200;

/// How many tasks write, each its own rows.
const TASKS: u64 = 4;

/// How many rows each of them has.
const ROWS: u64 = 3;

/// The query that is followed.
fn query() -> Value {
    json!({ "files": [{ "size": null, "hidden": false }] })
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn a_hub_under_load() {
    let dir = directory();
    let store = Store::open(&dir.join("data")).await.unwrap().store;
    let tables = Tables::new(store, TABLES);
    for task in 0..TASKS {
        let tables = tables.clone();
        tokio::spawn(async move { write_for_ever(&tables, task).await });
    }
    let _ = fs::remove_file(dir.join("socket"));
    let listener = UnixListener::bind(dir.join("socket")).unwrap();
    say("listens");
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let tables = tables.clone();
        tokio::spawn(async move { feed(&tables, stream).await });
    }
}

/// Sets, hides and deletes rows; every value is another.
async fn write_for_ever(tables: &Tables, task: u64) {
    for round in 0.. {
        let path = format!("{task}-{}", round % ROWS);
        let key = json!({ "project_id": "local", "path": path });
        let mut row = key.clone();
        row["size"] = crate::sys::clock::now_ms()
            .wrapping_mul(1000)
            .wrapping_add(round)
            .into();
        row["hidden"] = (round % 7 == 0).into();
        let hub = asker(Rank::Hub);
        let done = match round % 11 {
            10 => {
                tables
                    .query(&json!({ "files": key }), Wish::Delete, &hub)
                    .await
            }
            _ => {
                tables
                    .query(&json!({ "files": row }), Wish::Set, &hub)
                    .await
            }
        };
        done.unwrap();
    }
}

/// Serves one reader: his first line says where he was.
async fn feed(tables: &Tables, stream: UnixStream) {
    let (reader, mut writer) = stream.into_split();
    let line = BufReader::new(reader).lines().next_line().await.unwrap();
    let resume: Option<Resume> = serde_json::from_str(&line.unwrap()).unwrap();
    let feed = tables.follow(&query(), &asker(Rank::User), resume).unwrap();
    let mut updates = Box::pin(feed.updates());
    while let Some(update) = updates.next().await {
        let mut line = serde_json::to_vec(&update.unwrap()).unwrap();
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn a_reader_that_keeps_a_log() {
    let dir = directory();
    let path = dir.join("log");
    let known = Log::read(&path);
    let stream = UnixStream::connect(dir.join("socket")).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut resume = serde_json::to_vec(&known.resume()).unwrap();
    resume.push(b'\n');
    writer.write_all(&resume).await.unwrap();
    let mut log = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    let mut lines = BufReader::new(reader).lines();
    // It ends when the hub is killed.
    while let Ok(Some(line)) = lines.next_line().await {
        log.write_all(format!("{line}\n").as_bytes()).unwrap();
        say("heard");
    }
}

/// What a reader has heard.
#[derive(Debug, Default)]
struct Log {
    rows: BTreeMap<String, Value>,
    seq: i64,
    epoch: Option<String>,
    changes: usize,
    resyncs: usize,
}

impl Log {
    /// Reads and checks a log.
    fn read(path: &Path) -> Self {
        let mut log = Self::default();
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            log.hear(&serde_json::from_str(line).unwrap());
        }
        log
    }

    fn resume(&self) -> Option<Resume> {
        let epoch = self.epoch.clone()?;
        let since = self.seq;
        Some(Resume { since, epoch })
    }

    fn hear(&mut self, update: &Value) {
        let path = |row: &Value| row["path"].as_str().unwrap().to_owned();
        let seq = update["seq"].as_i64().unwrap();
        if let Some(epoch) = update["epoch"].as_str() {
            match update.get("rows") {
                None => assert_eq!((self.seq, self.epoch.as_deref()), (seq, Some(epoch))),
                Some(rows) => {
                    self.resyncs += usize::from(self.epoch.is_some());
                    let rows = rows.as_array().unwrap().iter();
                    self.rows = rows.map(|row| (path(row), row.clone())).collect();
                }
            }
            self.epoch = Some(epoch.to_owned());
        } else {
            assert_eq!(update["prev"], self.seq, "a gap before {update}");
            assert!(seq > self.seq, "{update}");
            self.changes += 1;
            let (old, new) = (update.get("old_val"), update.get("new_val"));
            let key = path(old.or(new).unwrap());
            assert_eq!(self.rows.get(&key), old, "before {update}");
            match new {
                Some(row) => self.rows.insert(key, row.clone()),
                None => self.rows.remove(&key),
            };
        }
        self.seq = seq;
    }
}

/// Starts a process, and waits for its first line of this kind.
async fn start(test: &str, word: &str, dir: &Path) -> (Child, Lines) {
    let mut child = spawn(&format!("store::tables::tests::model::{test}"), dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    until(&mut lines, word, 1).await;
    (child, lines)
}

type Lines = tokio::io::Lines<BufReader<tokio::process::ChildStdout>>;

/// Reads so many lines with a word.
async fn until(lines: &mut Lines, word: &str, mut count: u64) {
    while count > 0 {
        let line = lines.next_line().await.unwrap();
        count -= u64::from(line.expect("it runs").contains(word));
    }
}

async fn kill(mut child: Child) {
    child.start_kill().unwrap();
    child.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_misses_nothing_over_200_kills() {
    let dir = TempDir::new().unwrap();
    let mut hub = start("a_hub_under_load", "listens", dir.path()).await;
    let mut reader = start("a_reader_that_keeps_a_log", "heard", dir.path()).await;
    for number in 0..KILLS {
        until(&mut reader.1, "heard", 1 + number * 7 % 30).await;
        if number % 2 == 0 {
            kill(hub.0).await;
            // It has heard that the hub is gone.
            reader.0.wait().await.unwrap();
            hub = start("a_hub_under_load", "listens", dir.path()).await;
        } else {
            kill(reader.0).await;
        }
        reader = start("a_reader_that_keeps_a_log", "heard", dir.path()).await;
    }
    kill(hub.0).await;
    reader.0.wait().await.unwrap();
    check(dir.path()).await;
}

/// Compares the log, and what a last reader still hears, with the database.
async fn check(dir: &Path) {
    let mut log = Log::read(&dir.join("log"));
    let store = Store::open(&dir.join("data")).await.unwrap().store;
    let tables = Tables::new(store.clone(), TABLES);
    let found = ask(&tables, query()).await.unwrap();
    let rows = found["files"].as_array().unwrap().iter();
    let rows: BTreeMap<_, _> = rows
        .map(|row| (row["path"].as_str().unwrap().to_owned(), row.clone()))
        .collect();
    let feed = tables
        .follow(&query(), &asker(Rank::User), log.resume())
        .unwrap();
    // The last change that a feed can tell is made now.
    set(&tables, "end", 1).await;
    let mut updates = Box::pin(feed.updates());
    while !log.rows.contains_key("end") {
        log.hear(&serde_json::to_value(updates.next().await.unwrap().unwrap()).unwrap());
    }
    log.rows.remove("end");
    assert_eq!(log.rows, rows);
    assert!(log.changes > 2 * KILLS as usize, "{} changes", log.changes);
    assert!(log.resyncs < KILLS as usize / 10, "{} resyncs", log.resyncs);
    store.close().await;
}
