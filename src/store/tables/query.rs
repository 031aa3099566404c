//! Queries: what is asked in JSON, and what it means.
//!
//! ```text
//! {"projects": {"project_id": "local", "title": null}}     a row: some leaf is null
//! {"projects": [{"project_id": null, "deleted": false}]}   rows that match
//! {"projects": {"project_id": "local", "title": "Mine"}}   set: no leaf is null
//! [query, query, …]                                        one after the other
//! ```
//!
//! `{account_id}`, `{project_id}` and `{now}` as a whole text stand for the
//! asker's ids and the time. An answer has the fields that were named and the
//! key's, with defaults; filters compare whole values. A set merges maps by one
//! level and needs the whole key.

use serde_json::Value;

use super::error::QueryError;
use super::table::Asker;
use super::table::Fields;
use super::table::Rank;
use super::table::Setter;
use super::table::Table;

/// The most bytes of a query.
pub const MAX_QUERY_BYTES: usize = 1 << 20;

/// The most levels of a query; each costs a frame of every stack it passes.
const MAX_DEPTH: usize = 32;

/// The most queries in one.
const MAX_BATCH: usize = 256;

/// What somebody asks for, besides the query itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What the query's leaves say.
    #[default]
    AsWritten,
    /// To read.
    Get,
    /// To set, also to null.
    Set,
    /// To delete the row, and be given it.
    Delete,
}

/// One query, understood.
#[derive(Clone, Debug)]
pub struct Query {
    /// The table.
    pub(super) table: &'static Table,
    /// What is to be done.
    pub(super) action: Action,
}

/// What a query does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Reads one row.
    GetOne(Filter),
    /// Reads every row that matches.
    GetMany(Filter),
    /// Sets fields of a row.
    Set { key: String, fields: Fields },
    /// Deletes a row.
    Delete { key: String },
}

/// Which rows are looked for, and what of them.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) table: &'static Table,
    /// The fields of an answer.
    pub(super) fields: Vec<&'static str>,
    /// What a row must have.
    pub(super) equals: Vec<(&'static str, Value)>,
}

/// Reads the bytes of a query.
///
/// # Errors
/// [`QueryError::TooLarge`], [`QueryError::TooDeep`] or [`QueryError::Form`].
pub fn read(bytes: &[u8]) -> Result<Value, QueryError> {
    if bytes.len() > MAX_QUERY_BYTES {
        let most = MAX_QUERY_BYTES;
        return Err(QueryError::TooLarge { most });
    }
    if depth(bytes) > MAX_DEPTH {
        return Err(QueryError::TooDeep { most: MAX_DEPTH });
    }
    serde_json::from_slice(bytes).map_err(|_| QueryError::Form { expected: "JSON" })
}

/// Understands a query, which may be several.
///
/// # Errors
/// [`QueryError`] of the first that cannot be understood.
pub fn understand(
    tables: &'static [Table],
    query: &Value,
    wish: Wish,
    asker: &Asker,
    now_ms: u64,
) -> Result<Vec<Query>, QueryError> {
    let one = |query| understand_one(tables, query, wish, asker, now_ms);
    match query {
        Value::Array(batch) if batch.len() > MAX_BATCH => {
            Err(QueryError::TooMany { most: MAX_BATCH })
        }
        Value::Array(batch) => batch.iter().map(one).collect(),
        query => Ok(vec![one(query)?]),
    }
}

fn understand_one(
    tables: &'static [Table],
    query: &Value,
    wish: Wish,
    asker: &Asker,
    now_ms: u64,
) -> Result<Query, QueryError> {
    let form = |expected| QueryError::Form { expected };
    let named = query.as_object().filter(|tables| tables.len() == 1);
    let (name, asked) = named
        .and_then(|tables| tables.iter().next())
        .ok_or_else(|| form("an object with one table"))?;
    let table = tables.iter().find(|table| table.name == name);
    let table = table.ok_or_else(|| QueryError::NoTable {
        table: name.clone(),
    })?;
    let (fields, is_many) = match asked {
        Value::Object(fields) => (fields, false),
        Value::Array(list) => match &list[..] {
            [Value::Object(fields)] => (fields, true),
            _ => return Err(form("`{table: [{…}]}` with one object")),
        },
        _ => return Err(form("`{table: {…}}` or `{table: [{…}]}`")),
    };
    let fields = substitute(table, fields, asker, now_ms)?;
    let is_get = match wish {
        Wish::AsWritten => is_many || has_null(&fields),
        Wish::Get => true,
        Wish::Set | Wish::Delete => false,
    };
    let action = match (is_get, is_many) {
        (true, true) => Action::GetMany(filter(table, fields, asker)?),
        (true, false) => Action::GetOne(filter(table, fields, asker)?),
        (false, true) => return Err(form("`{table: {…}}` to set a row")),
        (false, false) if wish == Wish::Delete => Action::Delete {
            key: own_key(table, &fields, asker)?,
        },
        (false, false) => set(table, fields, asker)?,
    };
    Ok(Query { table, action })
}

/// Puts the asker's ids and the time where their names stand.
fn substitute(
    table: &Table,
    fields: &Fields,
    asker: &Asker,
    now_ms: u64,
) -> Result<Fields, QueryError> {
    let word = |text: &str| match text {
        "{account_id}" => Some(Value::from(asker.account.as_str())),
        "{project_id}" => Some(Value::from(asker.project.as_str())),
        "{now}" => Some(Value::from(now_ms)),
        _ => None,
    };
    fields
        .iter()
        .map(|(name, value)| {
            table.field(name)?;
            let text = value.as_str();
            let value = text.and_then(word).unwrap_or_else(|| value.clone());
            Ok((name.clone(), value))
        })
        .collect()
}

fn filter(table: &'static Table, asked: Fields, asker: &Asker) -> Result<Filter, QueryError> {
    let mut fields: Vec<&'static str> = table.key.to_vec();
    let mut equals = Vec::new();
    for (name, value) in asked {
        let field = table.field(&name)?;
        if !fields.contains(&field.name) {
            fields.push(field.name);
        }
        if !value.is_null() {
            equals.push((field.name, value));
        }
    }
    if let Some(owner) = table.owner.filter(|_| asker.rank == Rank::User) {
        equals.push((owner.field, asker.id(owner.id).into()));
    }
    Ok(Filter {
        table,
        fields,
        equals,
    })
}

fn set(table: &'static Table, fields: Fields, asker: &Asker) -> Result<Action, QueryError> {
    for (name, value) in &fields {
        let field = table.field(name)?;
        let is_key = table.key.contains(&field.name);
        if asker.rank == Rank::User && field.setter == Setter::Hub && !is_key {
            let (table, field) = (table.name, field.name);
            return Err(QueryError::NotSettable { table, field });
        }
        if !value.is_null() {
            table.check(field.name, value)?;
        }
    }
    let key = own_key(table, &fields, asker)?;
    Ok(Action::Set { key, fields })
}

/// The key of a row that the asker may change.
fn own_key(table: &'static Table, fields: &Fields, asker: &Asker) -> Result<String, QueryError> {
    if let Some(owner) = table.owner.filter(|_| asker.rank == Rank::User)
        && let Some(found) = fields.get(owner.field)
        && found.as_str() != Some(asker.id(owner.id))
    {
        let (table, field) = (table.name, owner.field);
        return Err(QueryError::NotYours { table, field });
    }
    table.key_of(fields)
}

/// Says whether something in it is null, at any level.
fn has_null(fields: &Fields) -> bool {
    fields.values().any(|value| match value {
        Value::Null => true,
        Value::Object(inner) => has_null(inner),
        _ => false,
    })
}

/// How deep brackets are nested outside of texts, before anything is made of
/// them.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Filter {
    /// Says whether a row is one that is looked for.
    pub(super) fn matches(&self, row: &Fields) -> bool {
        self.equals.iter().all(|(name, wanted)| {
            let field = self.table.field(name).expect("the filter's own");
            self.table.value(field, row).as_ref() == Some(wanted)
        })
    }

    /// What of a row is shown.
    pub(super) fn show(&self, row: &Fields) -> Value {
        let shown = self.fields.iter().filter_map(|name| {
            let field = self.table.field(name).expect("the filter's own");
            Some(((*name).to_owned(), self.table.value(field, row)?))
        });
        Value::Object(shown.collect())
    }

    /// The key of the one row that can match, where all of it is named.
    pub(super) fn key(&self) -> Option<String> {
        let named = self
            .equals
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.table.key_of(&named.collect()).ok()
    }
}
