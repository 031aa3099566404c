//! The store on real files: written to, damaged, filled up and killed.

mod damage;
mod full;
pub(super) mod kills;
mod versions;
mod work;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use rusqlite_migration::M;
use tempfile::TempDir;

use super::database::Opened;
use super::database::Store;
use super::error::Error;
use super::opening::Origin;
use super::opening::Restored;
use super::schema::FIRST;
use super::schema::Steps;

/// A schema with a table to write into.
const STEPS: Steps = Steps(&[FIRST, TABLE]);

const TABLE: M<'static> =
    M::up("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE) STRICT");

async fn open(dir: &Path) -> Opened {
    Store::open_with(dir, STEPS).await.unwrap()
}

/// Adds a row, and waits until it is acknowledged.
async fn put(store: &Store, key: i64) -> Result<(), Error> {
    put_text(store, key, format!("value {key}")).await
}

async fn put_text(store: &Store, key: i64, text: String) -> Result<(), Error> {
    store
        .write(move |write| {
            write.execute("INSERT INTO t VALUES (?1, ?2)", &[key.into(), text.into()])?;
            Ok(())
        })
        .await
}

/// All keys, in order.
async fn keys(store: &Store) -> Vec<i64> {
    store
        .read::<_, Error, _>(|read| read.query("SELECT k FROM t ORDER BY k", &[], |row| row.get(0)))
        .await
        .unwrap()
}

/// A directory with a store that was killed after so many writes: no backup,
/// everything in the redo log, the WAL not written back.
async fn killed_after(count: i64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).await;
    for key in 1..=count {
        put(&opened.store, key).await.unwrap();
    }
    let copy = snapshot(dir.path());
    opened.store.close().await;
    copy
}

/// A directory with a store that was stopped after so many writes, and killed
/// after as many more.
async fn killed_after_a_stop(count: i64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await;
    for key in 1..=count {
        put(&first.store, key).await.unwrap();
    }
    first.store.close().await;
    let second = open(dir.path()).await;
    for key in count + 1..=2 * count {
        put(&second.store, key).await.unwrap();
    }
    let copy = snapshot(dir.path());
    second.store.close().await;
    copy
}

/// Copies the files as they are now: what a killed process leaves.
fn snapshot(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        // Of no use after a kill, and wrong in another directory.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

/// Writes over a part of a file.
fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

/// The names in a directory that contain a word.
fn named(dir: &Path, word: &str) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().contains(word))
        .collect()
}
