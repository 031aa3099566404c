//! Reading and changing rows, as queries ask for it.

use serde_json::Value;
use serde_json::json;

use super::changes;
use super::error::QueryError;
use super::feed::Feed;
use super::feed::Resume;
use super::query;
use super::query::Action;
use super::query::Filter;
use super::query::Query;
use super::query::Wish;
use super::table;
use super::table::Asker;
use super::table::Fields;
use super::table::Table;
use crate::store::database::Store;
use crate::store::error::Error;
use crate::store::read::Read;
use crate::store::write::Write;
use crate::sys::clock;

/// The most rows of one answer; each is at most a query's size.
const MAX_ROWS: usize = 10_000;

/// The tables of a store; clones are the same.
#[derive(Clone, Debug)]
pub struct Tables {
    store: Store,
    tables: &'static [Table],
}

impl Tables {
    /// Opens a store's tables.
    pub fn new(store: Store, tables: &'static [Table]) -> Self {
        Self { store, tables }
    }

    /// Adds a row, where there is none with its key.
    ///
    /// # Errors
    /// [`QueryError`], also when the row is not of the table's form.
    pub async fn seed(&self, table: &str, row: Fields) -> Result<(), QueryError> {
        let found = self.tables.iter().find(|known| known.name == table);
        let table = found.ok_or_else(|| QueryError::NoTable {
            table: table.to_owned(),
        })?;
        let key = table.key_of(&row)?;
        self.store
            .write(move |write| match row_of(write, table, &key)? {
                Some(_) => Ok(()),
                None => put(write, table, &key, None, Some(row)),
            })
            .await
    }

    /// Answers a query: `{table: row or rows}`, or a list of them.
    ///
    /// All of a query's sets happen, or none.
    ///
    /// # Errors
    /// [`QueryError`]; nothing has changed then.
    pub async fn query(
        &self,
        asked: &Value,
        wish: Wish,
        asker: &Asker,
    ) -> Result<Value, QueryError> {
        let queries = query::understand(self.tables, asked, wish, asker, clock::now_ms())?;
        let is_batch = asked.is_array();
        let changes = queries.iter().any(Query::is_change);
        let answers = if changes {
            let all = move |write: &mut Write<'_>| {
                queries.iter().map(|query| query.write(write)).collect()
            };
            self.store.write::<Vec<Value>, QueryError, _>(all).await?
        } else {
            let all = move |read: &Read<'_>| queries.iter().map(|query| query.read(read)).collect();
            self.store.read::<Vec<Value>, QueryError, _>(all).await?
        };
        match (is_batch, answers.into_iter()) {
            (true, answers) => Ok(answers.collect()),
            (false, mut answers) => Ok(answers.next().unwrap_or_default()),
        }
    }

    /// Follows a query for many rows.
    ///
    /// # Errors
    /// [`QueryError`]; a feed that has begun tells of errors itself.
    pub fn follow(
        &self,
        asked: &Value,
        asker: &Asker,
        resume: Option<Resume>,
    ) -> Result<Feed, QueryError> {
        let wish = Wish::AsWritten;
        let mut queries = query::understand(self.tables, asked, wish, asker, clock::now_ms())?;
        match queries.pop().map(|query| query.action) {
            Some(Action::GetMany(filter)) if !asked.is_array() => {
                Ok(Feed::new(self.store.clone(), filter, resume))
            }
            _ => Err(QueryError::NotFollowable),
        }
    }
}

impl Query {
    fn is_change(&self) -> bool {
        matches!(self.action, Action::Set { .. } | Action::Delete { .. })
    }

    fn read(&self, read: &Read<'_>) -> Result<Value, QueryError> {
        let answer = match &self.action {
            Action::GetMany(filter) => Value::Array(matching(read, filter, MAX_ROWS)?),
            Action::GetOne(filter) => first(read, filter)?,
            Action::Set { .. } | Action::Delete { .. } => Value::Null,
        };
        Ok(json!({ self.table.name: answer }))
    }

    fn write(&self, write: &mut Write<'_>) -> Result<Value, QueryError> {
        let table = self.table;
        let answer = match &self.action {
            Action::Set { key, fields } => set(write, table, key, fields)?,
            Action::Delete { key } => {
                let old = row_of(write, table, key)?;
                if old.is_some() {
                    put(write, table, key, old.clone(), None)?;
                }
                old.map_or(Value::Null, Value::Object)
            }
            Action::GetMany(filter) => Value::Array(matching(&write.as_read(), filter, MAX_ROWS)?),
            Action::GetOne(filter) => first(&write.as_read(), filter)?,
        };
        Ok(json!({ table.name: answer }))
    }
}

fn set(
    write: &mut Write<'_>,
    table: &'static Table,
    key: &str,
    fields: &Fields,
) -> Result<Value, QueryError> {
    let old = row_of(write, table, key)?;
    let mut new = old.clone().unwrap_or_default();
    table::merge(&mut new, fields);
    if old.as_ref() != Some(&new) {
        put(write, table, key, old, Some(new.clone()))?;
    }
    Ok(Value::Object(new))
}

fn put(
    write: &mut Write<'_>,
    table: &Table,
    key: &str,
    old: Option<Fields>,
    new: Option<Fields>,
) -> Result<(), QueryError> {
    match &new {
        Some(row) => {
            let text = serde_json::to_string(row).expect("JSON serialises");
            if text.len() > query::MAX_QUERY_BYTES {
                let most = query::MAX_QUERY_BYTES;
                return Err(QueryError::TooLarge { most });
            }
            let sql = "INSERT INTO rows VALUES (?1, ?2, ?3) \
                       ON CONFLICT (table_name, pk) DO UPDATE SET row = excluded.row";
            write.execute(sql, &[table.rows_of.into(), key.into(), text.into()])?;
        }
        None => {
            let sql = "DELETE FROM rows WHERE table_name = ?1 AND pk = ?2";
            write.execute(sql, &[table.rows_of.into(), key.into()])?;
        }
    }
    Ok(changes::append(write, table.rows_of, old, new)?)
}

fn row_of(write: &Write<'_>, table: &Table, key: &str) -> Result<Option<Fields>, Error> {
    let sql = "SELECT row FROM rows WHERE table_name = ?1 AND pk = ?2";
    let text: Option<String> =
        write.query_first(sql, &[table.rows_of.into(), key.into()], |row| row.get(0))?;
    Ok(text.map(|text| fields(&text)))
}

/// Reads the rows that match, as they are shown.
pub(super) fn matching(
    read: &Read<'_>,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Value>, QueryError> {
    let mut found = Vec::new();
    let mut take = |text: String| {
        let row = fields(&text);
        if filter.matches(&row) {
            found.push(filter.show(&row));
        }
        if found.len() > most {
            return Err(QueryError::TooMany { most });
        }
        Ok(())
    };
    let rows_of = filter.table.rows_of.into();
    match filter.key() {
        Some(key) => {
            let sql = "SELECT row FROM rows WHERE table_name = ?1 AND pk = ?2";
            read.query(sql, &[rows_of, key.into()], |row| take(row.get(0)?))?;
        }
        None => {
            let sql = "SELECT row FROM rows WHERE table_name = ?1 ORDER BY pk";
            read.query(sql, &[rows_of], |row| take(row.get(0)?))?;
        }
    }
    Ok(found)
}

fn first(read: &Read<'_>, filter: &Filter) -> Result<Value, QueryError> {
    let found = matching(read, filter, MAX_ROWS)?;
    Ok(found.into_iter().next().unwrap_or(Value::Null))
}

/// Reads a row; one that is no JSON any more is empty.
fn fields(text: &str) -> Fields {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        _ => Fields::new(),
    }
}
