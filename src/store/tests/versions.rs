//! Files of older and of newer builds.

use sha2::Digest;
use sha2::Sha256;

use super::*;

const NEWER: Steps = Steps(&[
    FIRST,
    TABLE,
    M::up("ALTER TABLE t ADD COLUMN extra TEXT"),
    M::up("UPDATE t SET extra = 'from ' || v"),
]);

#[tokio::test]
async fn an_older_file_is_copied_and_then_changed() {
    let dir = killed_after_a_stop(20).await;
    let opened = Store::open_with(dir.path(), NEWER).await.unwrap();
    let extra: Vec<String> = opened
        .store
        .read::<_, Error, _>(|read| {
            read.query("SELECT extra FROM t WHERE k = 30", &[], |row| row.get(0))
        })
        .await
        .unwrap();
    assert_eq!(extra, ["from value 30"]);
    let before = rusqlite::Connection::open(dir.path().join("hub.db-before-4")).unwrap();
    let count = before.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
    assert_eq!(count.unwrap(), 40);
    opened.store.close().await;
}

#[tokio::test]
async fn recovery_takes_the_steps_where_they_were_taken() {
    let dir = killed_after_a_stop(20).await;
    let opened = Store::open_with(dir.path(), NEWER).await.unwrap();
    opened
        .store
        .write::<_, Error, _>(|write| {
            write.execute("INSERT INTO t VALUES (100, 'new', 'columns')", &[])
        })
        .await
        .unwrap();
    let killed = snapshot(dir.path());
    opened.store.close().await;
    overwrite(&killed.path().join("hub.db"), 0, &[0; 4096]);
    fs::remove_file(killed.path().join("hub.db-wal")).unwrap();
    let opened = Store::open_with(killed.path(), NEWER).await.unwrap();
    assert!(opened.restored.unwrap().is_complete);
    assert_eq!(keys(&opened.store).await.len(), 41);
    opened.store.close().await;
}

/// What every file holds, by name; memory that is shared is no file's content.
fn contents(dir: &Path) -> Vec<(PathBuf, String)> {
    let digest = |path| format!("{:x}", Sha256::digest(fs::read(path).unwrap()));
    let mut contents: Vec<_> = named(dir, "hub.db")
        .into_iter()
        .filter(|path| !path.display().to_string().ends_with("-shm"))
        .map(|path| (path.clone(), digest(path)))
        .collect();
    contents.sort();
    contents
}

#[tokio::test]
async fn a_newer_file_is_refused_and_not_touched() {
    let dir = killed_after_a_stop(20).await;
    let newer = Store::open_with(dir.path(), NEWER).await.unwrap();
    let killed = snapshot(dir.path());
    newer.store.close().await;
    for dir in [killed.path(), dir.path()] {
        let before = contents(dir);
        let refused = Store::open_with(dir, STEPS).await.unwrap_err();
        let text = refused.to_string();
        assert!(
            matches!(
                refused,
                Error::Newer {
                    found: 4,
                    known: 2,
                    ..
                }
            ),
            "{text}"
        );
        assert!(text.contains("hub.db") && text.contains('4') && text.contains('2'));
        assert_eq!(contents(dir), before);
    }
}

#[tokio::test]
async fn a_newer_file_is_refused_also_where_only_its_log_or_backup_says_so() {
    let dir = killed_after_a_stop(20).await;
    let newer = Store::open_with(dir.path(), NEWER).await.unwrap();
    put_newer(&newer.store).await;
    let killed = snapshot(dir.path());
    newer.store.close().await;
    overwrite(&killed.path().join("hub.db"), 0, &[0; 4096]);
    fs::remove_file(killed.path().join("hub.db-wal")).unwrap();
    overwrite(&dir.path().join("hub.db"), 0, &[0; 4096]);
    for dir in [killed.path(), dir.path()] {
        let before = contents(dir);
        let refused = Store::open_with(dir, STEPS).await.unwrap_err();
        assert!(matches!(refused, Error::Newer { .. }), "{refused}");
        assert_eq!(contents(dir), before);
    }
}

async fn put_newer(store: &Store) {
    let sql = "INSERT INTO t VALUES (100, 'new', 'columns')";
    store
        .write::<_, Error, _>(move |write| write.execute(sql, &[]))
        .await
        .unwrap();
}
