//! The tables of a hub: whose rows they have, and who may set what.

use serde_json::json;

use crate::store::tables::error::QueryError;
use crate::store::tables::rows::Tables;
use crate::store::tables::table::Field;
use crate::store::tables::table::Fields;
use crate::store::tables::table::Id;
use crate::store::tables::table::Kind;
use crate::store::tables::table::Owner;
use crate::store::tables::table::Setter;
use crate::store::tables::table::Table;
use crate::sys::clock;

/// Rows that are one account's.
const OWN: Option<Owner> = Some(Owner {
    field: "account_id",
    id: Id::Account,
});

/// The tables of a hub.
pub const TABLES: &[Table] = &[
    Table {
        name: "accounts",
        rows_of: "accounts",
        key: &["account_id"],
        owner: OWN,
        fields: &[
            any("account_id", Kind::Text),
            any("first_name", Kind::Text),
            any("last_name", Kind::Text),
            hub("email_address", Kind::Text),
            hub("created", Kind::Time),
            any("font_size", Kind::Number).or("14"),
            any("editor_settings", Kind::Map).or("{}"),
            any("other_settings", Kind::Map).or("{}"),
            any("terminal", Kind::Map).or("{}"),
            any("profile", Kind::Map).or("{}"),
        ],
    },
    Table {
        name: "projects",
        rows_of: "projects",
        key: &["project_id"],
        owner: None,
        fields: &[
            any("project_id", Kind::Text),
            any("title", Kind::Text),
            any("description", Kind::Text).or(r#""""#),
            any("settings", Kind::Map).or("{}"),
            any("last_edited", Kind::Time),
            hub("users", Kind::Map).or("{}"),
            hub("state", Kind::Map).or(r#"{"state":"running"}"#),
            hub("created", Kind::Time),
        ],
    },
    Table {
        name: "project_log",
        rows_of: "project_log",
        key: &["id"],
        owner: OWN,
        fields: &[
            any("id", Kind::Text),
            any("project_id", Kind::Text),
            any("account_id", Kind::Text),
            any("time", Kind::Time),
            any("event", Kind::Map).or("{}"),
        ],
    },
    Table {
        name: "file_use",
        rows_of: "file_use",
        key: &["id"],
        owner: None,
        fields: &[
            any("id", Kind::Text),
            any("project_id", Kind::Text),
            any("path", Kind::Text),
            any("users", Kind::Map).or("{}"),
            any("last_edited", Kind::Time),
        ],
    },
    Table {
        name: "bookmarks",
        rows_of: "bookmarks",
        key: &["project_id", "account_id", "type"],
        owner: OWN,
        fields: &[
            any("project_id", Kind::Text),
            any("account_id", Kind::Text),
            any("type", Kind::Text),
            any("stars", Kind::List).or("[]"),
            any("last_edited", Kind::Time),
        ],
    },
];

/// Adds the rows of the one account and its project, where they are missing.
///
/// # Errors
/// [`QueryError`], of the store.
pub async fn seed(tables: &Tables, account: &str, project: &str) -> Result<(), QueryError> {
    let created = clock::now_ms();
    let row = json!({
        "account_id": account, "first_name": "", "last_name": "", "created": created,
    });
    tables.seed("accounts", fields(row)).await?;
    let row = json!({
        "project_id": project, "title": project, "created": created,
        "users": { account: { "group": "owner" } },
    });
    tables.seed("projects", fields(row)).await
}

fn fields(row: serde_json::Value) -> Fields {
    match row {
        serde_json::Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// A field that whoever may set the row may set.
const fn any(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        default: None,
        setter: Setter::Anybody,
    }
}

/// A field that the hub alone sets.
const fn hub(name: &'static str, kind: Kind) -> Field {
    Field {
        setter: Setter::Hub,
        ..any(name, kind)
    }
}

impl Field {
    /// The field with what it holds where nothing was set, as JSON.
    const fn or(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::Store;
    use crate::store::tables::query::Wish;
    use crate::store::tables::table::Asker;
    use crate::store::tables::table::Rank;

    #[test]
    fn every_default_is_of_its_kind_and_every_key_a_field() {
        for table in TABLES {
            table.check_definition().unwrap();
        }
    }

    #[tokio::test]
    async fn the_account_and_its_project_are_there_from_the_first_start_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let tables = Tables::new(store.clone(), TABLES);
        let asker = Asker {
            account: "me".into(),
            project: "local".into(),
            rank: Rank::User,
        };
        seed(&tables, "me", "local").await.unwrap();
        let mine = json!({ "projects": { "project_id": "local", "title": "Mine" } });
        tables.query(&mine, Wish::AsWritten, &asker).await.unwrap();
        seed(&tables, "me", "local").await.unwrap();
        let get = json!([
            { "projects": [{ "title": null, "state": null }] },
            { "accounts": { "account_id": "{account_id}", "font_size": null } },
        ]);
        let found = tables.query(&get, Wish::AsWritten, &asker).await.unwrap();
        assert_eq!(found[0]["projects"][0]["title"], "Mine");
        assert_eq!(found[0]["projects"][0]["state"]["state"], "running");
        assert_eq!(found[1]["accounts"]["font_size"], 14);
        store.close().await;
    }
}
