//! A full disk: writes say so, reads go on, and nothing is lost.
//!
//! The disk is a small one that a process of its own mounts in namespaces of
//! its own, as any user may.

use tokio::io::AsyncReadExt;

use super::kills::directory;
use super::kills::say;
use super::*;
use crate::sys::env;
use crate::sys::process;

const DISK: &str = "mount -t tmpfs -o size=8m none \"$CCP_TEST_STORE\" && exec \"$0\" \"$@\"";

/// Runs a test of this binary with its directory on a disk of 8 MiB.
async fn run_on_small_disk(test: &str) {
    let dir = tempfile::tempdir().unwrap();
    let executable = std::env::current_exe().unwrap();
    let mut child = process::command("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", DISK])
        .arg(executable)
        .args(["--exact", "--ignored", "--nocapture", test])
        .env("CCP_TEST_STORE", dir.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut said).await.unwrap();
    let ended = child.wait().await.unwrap();
    if !said.contains("on a small disk") && env::var("CI").is_none() {
        say("skipped: this user may not mount");
        return;
    }
    assert!(
        ended.success() && said.contains("on a small disk"),
        "{said}"
    );
}

/// Fills the disk, but for so many bytes.
fn fill(dir: &Path, left: u64) {
    let filler = dir.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    std::io::copy(&mut std::io::repeat(7), &mut file).unwrap_err();
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(left)).unwrap();
}

fn empty(dir: &Path) {
    fs::remove_file(dir.join("filler")).unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    run_on_small_disk("store::tests::full::fills_its_disk").await;
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn fills_its_disk() {
    say("on a small disk");
    let dir = directory();
    let opened = open(&dir).await;
    let mut acknowledged = Vec::new();
    let mut key = 0;
    // With each number of bytes left something else is the first to fail: the
    // log, the WAL, a checkpoint, a backup.
    for left in [0, 4096, 8192, 20_000, 50_000, 100_000, 200_000] {
        fill(&dir, left);
        let failed = loop {
            key += 1;
            match put_text(&opened.store, key, format!("{key} {}", "x".repeat(500))).await {
                Ok(()) => acknowledged.push(key),
                Err(error) => break error,
            }
        };
        assert!(matches!(failed, Error::DiskFull { .. }), "{failed:?}");
        assert!(failed.to_string().contains("hub.db"), "{failed}");
        assert_eq!(keys(&opened.store).await, acknowledged, "reads go on");
        empty(&dir);
        key += 1;
        put(&opened.store, key).await.unwrap();
        acknowledged.push(key);
        let copy = snapshot(&dir);
        let again = open(copy.path()).await;
        assert_eq!(keys(&again.store).await, acknowledged, "after a kill");
        again.store.close().await;
    }
    fill(&dir, 0);
    opened.store.close().await;
    empty(&dir);
    let again = open(&dir).await;
    assert_eq!(again.restored, None);
    assert_eq!(keys(&again.store).await, acknowledged, "after a stop");
    again.store.close().await;
}

#[tokio::test]
async fn what_cannot_be_restored_for_want_of_room_is_left_as_it_is() {
    run_on_small_disk("store::tests::full::restores_on_a_full_disk").await;
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn restores_on_a_full_disk() {
    say("on a small disk");
    let dir = directory();
    let opened = open(&dir).await;
    for key in 1..=200 {
        put(&opened.store, key).await.unwrap();
    }
    opened.store.close().await;
    overwrite(&opened.path, 0, &[0; 4096]);
    fill(&dir, 0);
    let refused = Store::open_with(&dir, STEPS).await.unwrap_err();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    assert!(named(&dir, "corrupt").is_empty());
    empty(&dir);
    let again = open(&dir).await;
    assert!(again.restored.unwrap().is_complete);
    assert_eq!(keys(&again.store).await.len(), 200);
    again.store.close().await;
}
