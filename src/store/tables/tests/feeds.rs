//! Feeds: first the rows, then every change once and in order.

use std::pin::Pin;

use futures::Stream;
use futures::StreamExt;

use super::*;
use crate::store::tables::feed::Resume;
use crate::store::tables::feed::Update;

type Updates = Pin<Box<dyn Stream<Item = Result<Update, QueryError>> + Send>>;

fn follow(tables: &Tables, filter: Value, resume: Option<Resume>) -> Updates {
    let query = json!({ "files": [filter] });
    let feed = tables.follow(&query, &asker(Rank::User), resume).unwrap();
    Box::pin(feed.updates())
}

async fn next(updates: &mut Updates) -> Value {
    serde_json::to_value(updates.next().await.unwrap().unwrap()).unwrap()
}

fn resume(since: &Value, epoch: &Value) -> Option<Resume> {
    Some(Resume {
        since: since.as_i64().unwrap(),
        epoch: epoch.as_str().unwrap().to_owned(),
    })
}

#[tokio::test]
async fn a_feed_begins_with_the_rows_and_then_tells_every_change() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    set(&tables, "a", 1).await;
    let mut updates = follow(&tables, json!({ "size": null }), None);
    let first = next(&mut updates).await;
    assert_eq!(
        first["rows"],
        json!([{ "project_id": "local", "path": "a", "size": 1 }])
    );
    set(&tables, "a", 2).await;
    set(&tables, "a", 2).await;
    set(&tables, "b", 3).await;
    let update = next(&mut updates).await;
    assert_eq!(update["action"], "update");
    assert_eq!(
        (&update["old_val"]["size"], &update["new_val"]["size"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(update["prev"], first["seq"]);
    let insert = next(&mut updates).await;
    assert_eq!(
        (&insert["action"], &insert["prev"]),
        (&json!("insert"), &update["seq"])
    );
    let key = json!({ "files": { "project_id": "local", "path": "a" } });
    tables
        .query(&key, Wish::Delete, &asker(Rank::User))
        .await
        .unwrap();
    let delete = next(&mut updates).await;
    assert_eq!(
        (&delete["action"], &delete["old_val"]["size"]),
        (&json!("delete"), &json!(2))
    );
    assert!(delete.get("new_val").is_none());
    store.close().await;
    assert!(updates.next().await.is_none(), "it ends with the store");
}

#[tokio::test]
async fn a_filter_makes_inserts_and_deletes_of_updates() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let mut updates = follow(&tables, json!({ "hidden": true }), None);
    next(&mut updates).await;
    let hide = async |path: &str, hidden: bool| {
        let set = json!({ "files": { "project_id": "local", "path": path, "hidden": hidden } });
        ask(&tables, set).await.unwrap();
    };
    hide("a", false).await;
    hide("a", true).await;
    set(&tables, "a", 7).await;
    hide("a", false).await;
    let insert = next(&mut updates).await;
    let delete = next(&mut updates).await;
    assert_eq!(
        (&insert["action"], &delete["action"]),
        (&json!("insert"), &json!("delete"))
    );
    assert_eq!(
        delete["prev"], insert["seq"],
        "what is not shown is no change"
    );
    store.close().await;
}

#[tokio::test]
async fn a_reader_who_comes_back_is_given_what_he_missed() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let mut updates = follow(&tables, json!({ "size": null }), None);
    let first = next(&mut updates).await;
    drop(updates);
    for size in 1..=5 {
        set(&tables, "a", size).await;
    }
    store.close().await;
    let (store, tables) = open(&dir).await;
    let back = resume(&first["seq"], &first["epoch"]);
    let mut updates = follow(&tables, json!({ "size": null }), back);
    let begun = next(&mut updates).await;
    assert_eq!((&begun["resync"], begun.get("rows")), (&json!(false), None));
    set(&tables, "a", 6).await;
    let mut prev = first["seq"].clone();
    for size in 1..=6 {
        let update = next(&mut updates).await;
        assert_eq!(update["prev"], prev);
        assert_eq!(update["new_val"]["size"], size);
        prev = update["seq"].clone();
    }
    store.close().await;
}

#[tokio::test]
async fn after_too_long_or_in_another_epoch_all_rows_are_sent_again() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    set(&tables, "a", 1).await;
    let mut updates = follow(&tables, json!({ "size": null }), None);
    let first = next(&mut updates).await;
    for batch in 0..25 {
        let rows = (0..100).map(|row| {
            json!({ "files": { "project_id": "local", "path": "b", "size": batch * 100 + row } })
        });
        ask(&tables, rows.collect()).await.unwrap();
    }
    let cases = [
        resume(&first["seq"], &first["epoch"]),
        resume(&json!(2000), &json!("another")),
        resume(&json!(1_000_000), &first["epoch"]),
        resume(&json!(-5), &first["epoch"]),
    ];
    for back in cases {
        let mut updates = follow(&tables, json!({ "size": null }), back.clone());
        let begun = next(&mut updates).await;
        assert_eq!(begun["resync"], true, "{back:?}");
        assert_eq!(begun["rows"].as_array().unwrap().len(), 2);
        assert_eq!(begun["epoch"], first["epoch"]);
    }
    // One who was there all the time has been given every change.
    let mut prev = first["seq"].clone();
    for size in 0..2500 {
        let update = next(&mut updates).await;
        assert_eq!(
            (&update["prev"], &update["new_val"]["size"]),
            (&prev, &json!(size))
        );
        prev = update["seq"].clone();
    }
    store.close().await;
}

#[tokio::test]
async fn one_who_is_told_faster_than_he_listens_reads_the_list() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let mut updates = follow(&tables, json!({ "size": null }), None);
    let first = next(&mut updates).await;
    // More groups than are kept for listeners.
    for size in 1..=200 {
        set(&tables, "a", size).await;
    }
    let mut prev = first["seq"].clone();
    for size in 1..=200 {
        let update = next(&mut updates).await;
        assert_eq!(
            (&update["prev"], &update["new_val"]["size"]),
            (&prev, &json!(size))
        );
        prev = update["seq"].clone();
    }
    store.close().await;
}

#[tokio::test]
async fn only_a_query_for_many_rows_is_followed() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let queries = [
        json!({ "files": { "project_id": "local", "path": null } }),
        json!({ "files": { "project_id": "local", "path": "a" } }),
        json!([{ "files": [{ "path": null }] }]),
    ];
    for query in queries {
        let refused = tables.follow(&query, &asker(Rank::User), None).unwrap_err();
        assert_eq!(refused.code(), "not-followable", "{query}");
    }
    store.close().await;
}
