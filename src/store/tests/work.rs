//! What writes and reads do when nothing is wrong with the files.

use std::future::Future;
use std::sync::Arc;
use std::sync::Barrier;

use futures::future::join_all;

use super::*;

#[tokio::test]
async fn what_was_written_is_read_now_and_after_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).await;
    assert_eq!(opened.restored, None);
    put(&opened.store, 7).await.unwrap();
    assert_eq!(keys(&opened.store).await, [7]);
    opened.store.close().await;
    assert!(matches!(put(&opened.store, 8).await, Err(Error::Closed)));
    let again = open(dir.path()).await;
    assert_eq!(again.restored, None);
    assert_eq!(keys(&again.store).await, [7]);
    again.store.close().await;
}

/// Keeps the writer busy until the returned function is called, so that what
/// is asked for meanwhile is one group.
async fn held(store: &Store) -> (impl Future<Output = ()>, impl FnOnce()) {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let gate = Arc::new(Barrier::new(2));
    let inner = Arc::clone(&gate);
    let store = store.clone();
    let holding = tokio::spawn(async move {
        let held = store.write::<_, Error, _>(move |_| {
            begun.send(()).unwrap();
            inner.wait();
            Ok(())
        });
        held.await.unwrap();
    });
    has_begun.await.unwrap();
    let ended = async move { holding.await.unwrap() };
    (ended, move || {
        gate.wait();
    })
}

#[tokio::test]
async fn one_that_fails_does_not_fail_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.store;
    put(&store, 5).await.unwrap();
    let (ended, release) = held(&store).await;
    let puts = (1..=9).map(|key| {
        let store = store.clone();
        tokio::spawn(async move { put(&store, key).await })
    });
    let puts = join_all(puts);
    let panics = store.write::<(), Error, _>(|write| {
        write.execute("INSERT INTO t VALUES (100, 'x')", &[])?;
        panic!("on purpose")
    });
    let releasing = async {
        tokio::task::yield_now().await;
        release();
        ended.await;
    };
    let (puts, panicked, ()) = tokio::join!(puts, panics, releasing);
    for (key, put) in (1..=9).zip(puts) {
        let put = put.unwrap();
        assert_eq!(put.is_err(), key == 5, "{key}: {put:?}");
    }
    assert!(matches!(panicked, Err(Error::Panicked)));
    assert_eq!(keys(&store).await, (1..=9).collect::<Vec<_>>());
    store.close().await;
}

#[tokio::test]
async fn a_write_whose_statement_failed_is_undone_whatever_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.store;
    let kept: Result<(), Error> = store
        .write(|write| {
            write.execute("INSERT INTO t VALUES (1, 'a')", &[])?;
            let _ = write.execute("INSERT INTO t VALUES (2, 'a')", &[]);
            Ok(())
        })
        .await;
    assert!(matches!(kept, Err(Error::Statement(_))), "{kept:?}");
    assert_eq!(keys(&store).await, Vec::<i64>::new());
    store.close().await;
}

#[tokio::test]
async fn a_statement_that_could_not_be_done_again_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.store;
    let statements = [
        "INSERT INTO t VALUES (random(), 'a')",
        "INSERT INTO t VALUES (1, datetime('now'))",
        "INSERT INTO t VALUES (1, CURRENT_TIMESTAMP)",
        "INSERT INTO t SELECT last_insert_rowid(), 'a'",
        "CREATE TABLE other (x)",
        "DROP TABLE t",
        "UPDATE store SET written = 9",
        "DELETE FROM sqlite_master",
        "PRAGMA user_version = 9",
        "ATTACH 'other' AS other",
        "COMMIT",
        "SAVEPOINT mine",
    ];
    for sql in statements {
        let refused: Result<_, Error> = store.write(move |write| write.execute(sql, &[])).await;
        assert!(
            matches!(refused, Err(Error::Statement(_))),
            "{sql}: {refused:?}"
        );
    }
    let sql = "INSERT INTO t VALUES (1, 'a') RETURNING k";
    let refused: Result<Vec<i64>, Error> = store
        .write(|write| write.query(sql, &[], |row| row.get(0)))
        .await;
    assert!(refused.is_err(), "a query changes nothing");
    assert_eq!(keys(&store).await, Vec::<i64>::new());
    store.close().await;
}

#[tokio::test]
async fn reads_see_one_moment_and_wait_for_no_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.store;
    put(&store, 1).await.unwrap();
    let (ended, release) = held(&store).await;
    assert_eq!(keys(&store).await, [1], "while a write goes on");
    release();
    ended.await;
    let count = "SELECT count(*) FROM t";
    let (looked, has_looked) = tokio::sync::oneshot::channel();
    let (written, is_written) = std::sync::mpsc::channel();
    let reading = store.read::<_, Error, _>(move |read| {
        let before = read.query(count, &[], |row| row.get::<i64>(0))?;
        looked.send(()).unwrap();
        is_written.recv().unwrap();
        let after = read.query(count, &[], |row| row.get::<i64>(0))?;
        Ok((before, after))
    });
    let writing = async {
        has_looked.await.unwrap();
        put(&store, 2).await.unwrap();
        written.send(()).unwrap();
    };
    let (read, ()) = tokio::join!(reading, writing);
    assert_eq!(read.unwrap(), (vec![1], vec![1]));
    store.close().await;
}

#[tokio::test]
async fn a_read_that_writes_or_does_not_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.store;
    let refused: Result<Vec<i64>, Error> = store
        .read(|read| read.query("DELETE FROM t RETURNING k", &[], |row| row.get(0)))
        .await;
    assert!(matches!(refused, Err(Error::Statement(_))), "{refused:?}");
    assert_eq!(keys(&store).await, Vec::<i64>::new());
    store.close().await;
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_closed() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await;
    let second = Store::open_with(dir.path(), STEPS).await;
    assert!(matches!(&second, Err(Error::InUse { path }) if *path == first.path));
    first.store.close().await;
    open(dir.path()).await.store.close().await;
}

#[tokio::test]
async fn a_long_log_becomes_a_backup_and_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).await;
    for key in 0..400 {
        put_text(&opened.store, key, format!("{key} {}", "x".repeat(200)))
            .await
            .unwrap();
    }
    let backup = dir.path().join("hub.db-backup");
    assert!(backup.exists());
    let redo = fs::metadata(dir.path().join("hub.db-redo")).unwrap().len();
    assert!(redo < 200 * 400, "{redo}");
    opened.store.close().await;
    assert!(named(dir.path(), ".new").is_empty());
    assert!(named(dir.path(), "-wal").is_empty(), "written back");
}

#[tokio::test]
async fn files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = killed_after_a_stop(3).await;
    let opened = open(dir.path()).await;
    put(&opened.store, 100).await.unwrap();
    opened.store.close().await;
    for path in named(dir.path(), "hub.db") {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn with_one_connection_everything_works_as_with_several() {
    let dir = tempfile::tempdir().unwrap();
    let opened = Store::open_exclusively(dir.path(), STEPS).await.unwrap();
    for key in 0..300 {
        put_text(&opened.store, key, format!("{key} {}", "x".repeat(200)))
            .await
            .unwrap();
    }
    assert_eq!(keys(&opened.store).await.len(), 300);
    assert!(dir.path().join("hub.db-backup").exists());
    assert!(!dir.path().join("hub.db-shm").exists());
    let copy = snapshot(dir.path());
    opened.store.close().await;
    let again = Store::open_exclusively(copy.path(), STEPS).await.unwrap();
    assert_eq!(keys(&again.store).await.len(), 300);
    again.store.close().await;
}
