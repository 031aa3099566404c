//! Damaged files: each kind of damage, and everything acknowledged is there.

use super::*;

/// How many writes the damaged stores have; enough for several pages.
const COUNT: i64 = 120;

/// Opens a damaged store, and checks that it has these rows and that its new
/// files work.
async fn restored(dir: &Path, count: i64) -> Restored {
    let opened = open(dir).await;
    assert_eq!(keys(&opened.store).await, (1..=count).collect::<Vec<_>>());
    let restored = opened.restored.expect("it says what it did");
    put(&opened.store, 1000).await.unwrap();
    let again = snapshot(dir);
    opened.store.close().await;
    let opened = open(again.path()).await;
    assert_eq!(opened.restored, None, "once");
    assert_eq!(keys(&opened.store).await.len() as i64, count + 1);
    opened.store.close().await;
    restored
}

/// What is done to a database's file, and its name.
type Damage = (&'static str, fn(&Path));

/// Damages of a database's file.
fn damages() -> Vec<Damage> {
    vec![
        ("header", |db| overwrite(db, 0, &[0x5a; 100])),
        ("page size", |db| overwrite(db, 16, &[0xff; 2])),
        ("first page", |db| overwrite(db, 100, &[0xff; 3000])),
        ("middle page", |db| {
            let middle = fs::metadata(db).unwrap().len() / 4096 / 2 * 4096;
            overwrite(db, middle, &[0xa5; 4096]);
        }),
        ("zeros in the middle", |db| {
            let middle = fs::metadata(db).unwrap().len() / 4096 / 2 * 4096;
            overwrite(db, middle, &[0; 4096]);
        }),
        ("cut in half", |db| {
            let file = fs::OpenOptions::new().write(true).open(db).unwrap();
            file.set_len(fs::metadata(db).unwrap().len() / 2).unwrap();
        }),
        ("cut within a page", |db| {
            let file = fs::OpenOptions::new().write(true).open(db).unwrap();
            file.set_len(5000).unwrap();
        }),
        ("empty", |db| fs::write(db, "").unwrap()),
        ("another format", |db| {
            fs::write(db, "this is no database").unwrap()
        }),
        ("zeros", |db| fs::write(db, vec![0; 40960]).unwrap()),
        ("another database", |db| {
            fs::remove_file(db).unwrap();
            let other = rusqlite::Connection::open(db).unwrap();
            other.execute_batch("CREATE TABLE x (y)").unwrap();
        }),
    ]
}

/// A directory with a stopped store: all pages are in the file, and there is a
/// backup.
async fn stopped_after(count: i64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).await;
    for key in 1..=count {
        put(&opened.store, key).await.unwrap();
    }
    opened.store.close().await;
    dir
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_restored_from_the_backup() {
    let base = stopped_after(COUNT).await;
    for (name, damage) in damages() {
        let dir = snapshot(base.path());
        damage(&dir.path().join("hub.db"));
        let restored = restored(dir.path(), COUNT).await;
        assert_eq!(restored.origin, Origin::Backup, "{name}");
        assert!(restored.is_complete, "{name}");
        let aside = restored.set_aside.expect(name);
        assert!(aside.exists(), "{name}");
        let text = aside.display().to_string();
        assert!(text.contains("hub.db.corrupt-20"), "{text}");
    }
}

#[tokio::test]
async fn what_came_after_the_backup_is_done_again() {
    let base = killed_after_a_stop(COUNT).await;
    for (name, damage) in damages() {
        let dir = snapshot(base.path());
        damage(&dir.path().join("hub.db"));
        let _ = fs::remove_file(dir.path().join("hub.db-wal"));
        let restored = restored(dir.path(), 2 * COUNT).await;
        assert_eq!(restored.origin, Origin::Backup, "{name}");
        assert!(restored.is_complete, "{name}");
    }
}

#[tokio::test]
async fn without_a_backup_the_log_makes_everything() {
    let base = killed_after(5).await;
    assert!(!base.path().join("hub.db-backup").exists());
    for (name, damage) in damages() {
        let dir = snapshot(base.path());
        damage(&dir.path().join("hub.db"));
        let _ = fs::remove_file(dir.path().join("hub.db-wal"));
        let restored = restored(dir.path(), 5).await;
        assert_eq!(restored.origin, Origin::Redo, "{name}");
        assert!(restored.is_complete, "{name}");
    }
}

#[tokio::test]
async fn a_damaged_or_lost_wal_loses_nothing() {
    let flaws: [fn(&Path); 5] = [
        |wal| overwrite(wal, 0, &[0x5a; 32]),
        |wal| overwrite(wal, 32 + 30, &[0x5a; 50]),
        |wal| fs::write(wal, [0x5a; 9000]).unwrap(),
        |wal| fs::remove_file(wal).unwrap(),
        |wal| {
            let file = fs::OpenOptions::new().write(true).open(wal).unwrap();
            file.set_len(9000).unwrap();
        },
    ];
    let base = killed_after_a_stop(COUNT).await;
    for (number, flaw) in flaws.into_iter().enumerate() {
        let dir = snapshot(base.path());
        flaw(&dir.path().join("hub.db-wal"));
        let opened = open(dir.path()).await;
        let expected: Vec<_> = (1..=2 * COUNT).collect();
        assert_eq!(keys(&opened.store).await, expected, "{number}");
        assert!(opened.restored.is_none_or(|restored| restored.is_complete));
        opened.store.close().await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_made_again() {
    let dir = killed_after_a_stop(COUNT).await;
    for path in named(dir.path(), "hub.db") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "hub.db" || name == "hub.db-wal" {
            fs::remove_file(path).unwrap();
        }
    }
    let restored = restored(dir.path(), 2 * COUNT).await;
    assert_eq!(restored.set_aside, None);
    assert!(restored.is_complete);
}

#[tokio::test]
async fn a_damaged_backup_is_passed_over() {
    let dir = killed_after(5).await;
    overwrite(&dir.path().join("hub.db"), 0, &[0; 4096]);
    fs::write(dir.path().join("hub.db-backup"), [3; 9000]).unwrap();
    let restored = restored(dir.path(), 5).await;
    assert_eq!(restored.origin, Origin::Redo);
}

#[tokio::test]
async fn a_damaged_log_costs_nothing_while_the_database_is_good() {
    let flaws: [fn(&Path); 4] = [
        |redo| fs::remove_file(redo).unwrap(),
        |redo| fs::write(redo, "").unwrap(),
        |redo| overwrite(redo, 0, b"something else"),
        |redo| {
            let middle = fs::metadata(redo).unwrap().len() / 2;
            overwrite(redo, middle, &[0x5a; 16]);
        },
    ];
    let base = killed_after_a_stop(COUNT).await;
    for (number, flaw) in flaws.into_iter().enumerate() {
        let dir = snapshot(base.path());
        flaw(&dir.path().join("hub.db-redo"));
        let opened = open(dir.path()).await;
        assert_eq!(opened.restored, None, "{number}");
        assert_eq!(keys(&opened.store).await.len() as i64, 2 * COUNT);
        // What was lost of the log is in a backup now.
        let again = snapshot(dir.path());
        opened.store.close().await;
        overwrite(&again.path().join("hub.db"), 0, &[0; 4096]);
        let _ = fs::remove_file(again.path().join("hub.db-wal"));
        let restored = restored(again.path(), 2 * COUNT).await;
        assert!(restored.is_complete, "{number}");
    }
}

#[tokio::test]
async fn a_torn_record_at_the_end_was_never_acknowledged() {
    let dir = killed_after(5).await;
    let redo = dir.path().join("hub.db-redo");
    let length = fs::metadata(&redo).unwrap().len();
    for garbage in [&b"x"[..], &[0; 300], &[9, 0, 0, 0, 1, 2, 3, 4]] {
        let torn = snapshot(dir.path());
        overwrite(&torn.path().join("hub.db-redo"), length, garbage);
        let opened = open(torn.path()).await;
        assert_eq!(keys(&opened.store).await, [1, 2, 3, 4, 5]);
        put(&opened.store, 6).await.unwrap();
        let again = snapshot(torn.path());
        opened.store.close().await;
        overwrite(&again.path().join("hub.db"), 0, &[0; 4096]);
        assert!(restored(again.path(), 6).await.is_complete);
    }
}

#[tokio::test]
async fn where_all_is_damaged_an_empty_store_says_so() {
    let dir = killed_after_a_stop(COUNT).await;
    for name in ["hub.db", "hub.db-wal", "hub.db-redo", "hub.db-backup"] {
        fs::write(dir.path().join(name), [0x5a; 9000]).unwrap();
    }
    let restored = restored(dir.path(), 0).await;
    assert_eq!(restored.origin, Origin::Nothing);
    assert!(!restored.is_complete);
    assert!(restored.set_aside.unwrap().exists());
}

#[tokio::test]
async fn a_loss_makes_another_database_of_it() {
    let dir = killed_after_a_stop(COUNT).await;
    let id = |dir: &Path| {
        let connection = rusqlite::Connection::open(dir.join("hub.db-backup")).unwrap();
        super::super::schema::stamp(&connection).unwrap().database
    };
    let before = id(dir.path());
    overwrite(&dir.path().join("hub.db"), 0, &[0; 4096]);
    fs::remove_file(dir.path().join("hub.db-redo")).unwrap();
    let opened = open(dir.path()).await;
    assert!(!opened.restored.unwrap().is_complete);
    opened.store.close().await;
    assert_ne!(id(dir.path()), before);
}

#[tokio::test]
async fn damage_met_while_running_is_named_and_restored_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).await;
    for key in 1..=COUNT {
        let text = format!("{key} {}", "x".repeat(400));
        put_text(&opened.store, key, text).await.unwrap();
    }
    opened.store.close().await;
    let opened = open(dir.path()).await;
    put(&opened.store, COUNT + 1).await.unwrap();
    let length = fs::metadata(&opened.path).unwrap().len();
    overwrite(
        &opened.path,
        4096,
        &vec![0xa5; usize::try_from(length).unwrap() - 4096],
    );
    let failed = opened
        .store
        .read::<Vec<i64>, Error, _>(|read| {
            read.query("SELECT k FROM t ORDER BY v", &[], |row| row.get(0))
        })
        .await
        .unwrap_err();
    assert!(matches!(failed, Error::Damaged { .. }), "{failed:?}");
    assert!(failed.to_string().contains("the next start restores it"));
    opened.store.close().await;
    assert!(restored(dir.path(), COUNT + 1).await.is_complete);
}
