//! A process that is killed: everything that it had acknowledged is there.
//!
//! The process is this test binary with [`a_process_that_writes`] alone.

use std::io::Write as _;
use std::process::Stdio;

use futures::future::join_all;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;

use super::*;
use crate::sys::env;
use crate::sys::process;

/// How often a process is killed.
const KILLS: usize = 12;

/// How many tasks write at a time.
const TASKS: i64 = 8;

/// Where the process writes; without it, it is not asked for.
const DIRECTORY: &str = "CCP_TEST_STORE";

/// Starts a test of this binary as a process of its own.
pub(crate) fn spawn(test: &str, directory: &Path) -> Child {
    let executable = std::env::current_exe().unwrap();
    process::command(&executable.display().to_string())
        .args(["--exact", "--ignored", "--nocapture", test])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The directory that [`spawn`] names.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env::var(DIRECTORY).expect("it is started by another test"))
}

/// Says a line to the test that waits.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").unwrap();
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn a_process_that_writes() {
    let store = open(&directory()).await.store;
    let first = keys(&store).await.last().map_or(0, |last| last + TASKS);
    let writers = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            // Without end: only the kill ends it.
            for round in 0.. {
                let key = first + round * TASKS + task;
                put_text(&store, key, format!("{key} {}", "x".repeat(50)))
                    .await
                    .unwrap();
                say(&format!("acknowledged {key}"));
            }
        })
    });
    join_all(writers).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<i64> = Vec::new();
    for kill in 0..KILLS {
        let mut child = spawn("store::tests::kills::a_process_that_writes", dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Another moment each time: in a group, in a backup, at the start.
        let mut left = 1 + kill * 37 % 400;
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(key) = line.split("acknowledged ").nth(1) {
                acknowledged.push(key.parse().unwrap());
                left = left.saturating_sub(1);
                if left == 0 {
                    child.start_kill().unwrap();
                }
            }
        }
        child.wait().await.unwrap();
        check(dir.path(), &acknowledged, kill).await;
    }
    assert!(acknowledged.len() > KILLS * 100, "{}", acknowledged.len());
}

/// Looks at what a kill left, as it is and with a database that is damaged
/// besides.
async fn check(dir: &Path, acknowledged: &[i64], kill: usize) {
    let copy = snapshot(dir);
    let damaged = snapshot(dir);
    let middle = fs::metadata(damaged.path().join("hub.db")).unwrap().len() / 2;
    overwrite(&damaged.path().join("hub.db"), middle, &[0xa5; 5000]);
    let opened = open(copy.path()).await;
    assert_eq!(opened.restored, None, "kill {kill}");
    let found = keys(&opened.store).await;
    opened.store.close().await;
    for key in acknowledged {
        assert!(found.binary_search(key).is_ok(), "kill {kill} lost {key}");
    }
    let opened = open(damaged.path()).await;
    assert_eq!(keys(&opened.store).await, found, "kill {kill} and damage");
    assert!(opened.restored.is_none_or(|restored| restored.is_complete));
    opened.store.close().await;
}
