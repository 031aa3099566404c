//! What queries mean, and what is refused.

use super::*;
use crate::store::tables::query;

#[tokio::test]
async fn what_is_set_is_got_with_key_and_defaults() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let set = json!({ "files": {
        "project_id": "{project_id}", "path": "a", "settings": { "font": 20 }, "edited": "{now}",
    }});
    ask(&tables, set).await.unwrap();
    let get = json!({ "files": { "project_id": "local", "path": "a", "settings": null, "hidden": null } });
    let row = json!({
        "project_id": "local", "path": "a", "hidden": false,
        "settings": { "font": 20, "theme": "light" },
    });
    assert_eq!(ask(&tables, get).await.unwrap(), json!({ "files": row }));
    let many = json!({ "files": [{ "project_id": "local", "size": null, "edited": null }] });
    let found = ask(&tables, many).await.unwrap();
    assert!(found["files"][0]["edited"].is_u64(), "{found}");
    assert!(found["files"][0].get("size").is_none(), "{found}");
    store.close().await;
}

#[tokio::test]
async fn filters_compare_whole_values_defaults_among_them() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    for (path, hidden) in [("a", true), ("b", false)] {
        let set = json!({ "files": { "project_id": "local", "path": path, "hidden": hidden } });
        ask(&tables, set).await.unwrap();
    }
    set(&tables, "c", 1).await;
    let paths = async |filter: Value| {
        let found = ask(&tables, json!({ "files": [filter] })).await.unwrap();
        let rows = found["files"].as_array().unwrap().clone();
        let paths = rows
            .iter()
            .map(|row| row["path"].as_str().unwrap().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(paths(json!({ "hidden": true })).await, ["a"]);
    assert_eq!(paths(json!({ "hidden": false })).await, ["b", "c"]);
    assert_eq!(
        paths(json!({ "project_id": "local", "path": "c" })).await,
        ["c"]
    );
    let light = json!({ "settings": { "theme": "light", "font": 14 } });
    assert_eq!(paths(light).await.len(), 3);
    assert_eq!(paths(json!({ "settings": { "font": 14 } })).await, [""; 0]);
    store.close().await;
}

#[tokio::test]
async fn maps_merge_by_one_level_and_null_removes() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let key = json!({ "project_id": "local", "path": "a" });
    let set = async |settings: Value| {
        let mut row = key.clone();
        row["settings"] = settings;
        let query = json!({ "files": row });
        let set = tables.query(&query, Wish::Set, &asker(Rank::User)).await;
        set.unwrap()["files"]["settings"].clone()
    };
    set(json!({ "font": 20, "deep": { "a": 1 } })).await;
    let merged = set(json!({ "theme": "dark", "deep": { "b": 2 } })).await;
    assert_eq!(
        merged,
        json!({ "font": 20, "theme": "dark", "deep": { "b": 2 } })
    );
    assert_eq!(
        set(json!({ "deep": null })).await,
        json!({ "font": 20, "theme": "dark" })
    );
    assert_eq!(set(Value::Null).await, Value::Null);
    store.close().await;
}

#[tokio::test]
async fn a_deletion_returns_the_row_and_a_batch_is_all_or_nothing() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    set(&tables, "a", 1).await;
    let key = json!({ "files": { "project_id": "local", "path": "a" } });
    let delete = async || {
        tables
            .query(&key, Wish::Delete, &asker(Rank::User))
            .await
            .unwrap()
    };
    assert_eq!(delete().await["files"]["size"], 1);
    assert_eq!(delete().await["files"], Value::Null);
    let batch = json!([
        { "files": { "project_id": "local", "path": "b", "size": 2 } },
        { "files": { "project_id": "local", "path": "b", "size": null } },
    ]);
    let answers = ask(&tables, batch).await.unwrap();
    assert_eq!(answers[1]["files"]["size"], 2);
    let large = "x".repeat(600_000);
    let too_large = json!([
        { "files": { "project_id": "local", "path": "c", "size": 2 } },
        { "files": { "project_id": "local", "path": "d", "settings": { "a": large } } },
        { "files": { "project_id": "local", "path": "d", "settings": { "b": large } } },
    ]);
    assert_eq!(
        ask(&tables, too_large).await.unwrap_err().code(),
        "too-large"
    );
    let all = json!({ "files": [{ "path": null }] });
    assert_eq!(
        ask(&tables, all).await.unwrap()["files"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    store.close().await;
}

#[tokio::test]
async fn a_refusal_has_its_code_and_names_the_field() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    let cases = [
        (json!(7), "no-query", None),
        (json!({}), "no-query", None),
        (json!({ "files": {}, "accounts": {} }), "no-query", None),
        (json!({ "files": [] }), "no-query", None),
        (json!({ "files": [{}, {}] }), "no-query", None),
        (json!({ "none": [{}] }), "no-table", None),
        (
            json!({ "files": [{ "colour": null }] }),
            "no-field",
            Some("colour"),
        ),
        (
            json!({ "files": { "project_id": "local", "size": 1 } }),
            "missing-key",
            Some("path"),
        ),
        (
            json!({ "files": { "project_id": "x", "path": 7 } }),
            "wrong-type",
            Some("path"),
        ),
        (
            json!({ "files": { "project_id": "x", "path": "a", "size": "1" } }),
            "wrong-type",
            Some("size"),
        ),
        (
            json!({ "files": { "project_id": "x", "path": "a", "quota": 1 } }),
            "not-settable",
            Some("quota"),
        ),
        (
            json!({ "accounts": { "account_id": "you", "first_name": "x" } }),
            "not-yours",
            Some("account_id"),
        ),
    ];
    for (query, code, field) in cases {
        let refused = ask(&tables, query.clone()).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.field()),
            (code, field),
            "{query}: {refused}"
        );
    }
    let hub = asker(Rank::Hub);
    let quota = json!({ "files": { "project_id": "x", "path": "a", "quota": 1 } });
    tables.query(&quota, Wish::AsWritten, &hub).await.unwrap();
    let yours = json!({ "accounts": { "account_id": "you", "first_name": "x" } });
    tables.query(&yours, Wish::AsWritten, &hub).await.unwrap();
    let seen = ask(&tables, json!({ "accounts": [{ "first_name": null }] }))
        .await
        .unwrap();
    assert_eq!(seen, json!({ "accounts": [] }), "only one's own");
    store.close().await;
}

#[test]
fn what_is_too_large_too_deep_or_no_json_is_refused() {
    let code = |bytes: &[u8]| query::read(bytes).map_err(|error| error.code());
    assert_eq!(code(&vec![b'7'; (1 << 20) + 1]), Err("too-large"));
    let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(code(&nested(32)).is_ok());
    for depth in [33, 100, 1000, 500_000] {
        assert_eq!(code(&nested(depth)), Err("too-deep"), "{depth}");
    }
    let text = format!("\"{}\\\"{}\"", "[".repeat(100), "{".repeat(100));
    assert!(code(text.as_bytes()).is_ok(), "brackets in a text");
    for text in ["", "{", "nul", "\u{0}", "{\"a\":\"\u{1}\"}"] {
        assert_eq!(code(text.as_bytes()), Err("no-query"), "{text:?}");
    }
    assert_eq!(code(b"\"\xff\""), Err("no-query"));
}

#[test]
fn every_default_is_json_of_its_kind() {
    for table in TABLES {
        table.check_definition().unwrap();
    }
}

#[tokio::test]
async fn a_seed_is_sown_once() {
    let dir = TempDir::new().unwrap();
    let (store, tables) = open(&dir).await;
    for name in ["first", "second"] {
        let row = json!({ "account_id": "me", "first_name": name });
        tables
            .seed("accounts", row.as_object().unwrap().clone())
            .await
            .unwrap();
    }
    let get = json!({ "accounts": { "first_name": null } });
    assert_eq!(
        ask(&tables, get).await.unwrap()["accounts"]["first_name"],
        "first"
    );
    store.close().await;
}
