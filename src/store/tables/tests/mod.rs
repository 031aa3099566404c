//! Tables on a real store: queries, feeds, and feeds of killed processes.

mod feeds;
mod model;
mod queries;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::error::QueryError;
use super::query::Wish;
use super::rows::Tables;
use super::table::Asker;
use super::table::Field;
use super::table::Id;
use super::table::Kind;
use super::table::Owner;
use super::table::Rank;
use super::table::Setter;
use super::table::Table;
use crate::store::database::Store;

const TABLES: &[Table] = &[
    Table {
        name: "files",
        rows_of: "files",
        key: &["project_id", "path"],
        owner: None,
        fields: &[
            field("project_id", Kind::Text),
            field("path", Kind::Text),
            field("size", Kind::Number),
            field("edited", Kind::Time),
            Field {
                default: Some(r#"{"font":14,"theme":"light"}"#),
                ..field("settings", Kind::Map)
            },
            Field {
                default: Some("false"),
                ..field("hidden", Kind::Boolean)
            },
            Field {
                setter: Setter::Hub,
                ..field("quota", Kind::Number)
            },
        ],
    },
    Table {
        name: "accounts",
        rows_of: "accounts",
        key: &["account_id"],
        owner: Some(Owner {
            field: "account_id",
            id: Id::Account,
        }),
        fields: &[
            field("account_id", Kind::Text),
            field("first_name", Kind::Text),
        ],
    },
];

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        default: None,
        setter: Setter::Anybody,
    }
}

fn asker(rank: Rank) -> Asker {
    Asker {
        account: "me".into(),
        project: "local".into(),
        rank,
    }
}

async fn open(dir: &TempDir) -> (Store, Tables) {
    let store = Store::open(dir.path()).await.unwrap().store;
    (store.clone(), Tables::new(store, TABLES))
}

async fn ask(tables: &Tables, query: Value) -> Result<Value, QueryError> {
    tables
        .query(&query, Wish::AsWritten, &asker(Rank::User))
        .await
}

/// Sets a file's size.
async fn set(tables: &Tables, path: &str, size: i64) {
    let query = json!({ "files": { "project_id": "local", "path": path, "size": size } });
    ask(tables, query).await.unwrap();
}
