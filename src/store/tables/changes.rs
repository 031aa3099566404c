//! What changed: a numbered list beside the rows, in the same transaction.
//!
//! It is as long as a reconnecting reader may have been away: at most 50,000
//! changes and 32 MiB. Whoever was away longer is given all rows again.

use std::sync::Arc;

use serde_json::Value;

use super::table::Fields;
use crate::store::error::Error;
use crate::store::read::Read;
use crate::store::write::Write;

/// The most changes that are kept.
const MAX_CHANGES: i64 = if cfg!(test) { 2000 } else { 50_000 };

/// The most bytes of rows that are kept in them.
const MAX_BYTES: i64 = 32 << 20;

/// How many changes lie between two looks at how many there are.
const TRIM_EVERY: i64 = 64;

/// A row that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its number: one more than that of the change before.
    pub seq: i64,
    /// Where the row is kept.
    pub table: String,
    /// What the row was.
    pub old: Option<Arc<Fields>>,
    /// What it is.
    pub new: Option<Arc<Fields>>,
}

/// Which changes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first that is kept; one more than the last, when none is.
    pub(super) first: i64,
    /// The last; 0, when there never was one.
    pub(super) last: i64,
}

/// Notes a change, and tells the feeds once it is committed.
pub(super) fn append(
    write: &mut Write<'_>,
    table: &str,
    old: Option<Fields>,
    new: Option<Fields>,
) -> Result<(), Error> {
    let sql = "SELECT seq, total FROM changes ORDER BY seq DESC LIMIT 1";
    let last = write.query_first(sql, &[], |row| {
        Ok::<_, Error>((row.get::<i64>(0)?, row.get::<i64>(1)?))
    })?;
    let (last, total) = last.unwrap_or_default();
    let (old_text, new_text) = (text(old.as_ref()), text(new.as_ref()));
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = i64::try_from(length(&old_text) + length(&new_text)).unwrap_or(i64::MAX);
    let (seq, total) = (last + 1, total.saturating_add(bytes));
    write.execute(
        "INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            seq.into(),
            table.into(),
            old_text.into(),
            new_text.into(),
            total.into(),
        ],
    )?;
    write.note(Change {
        seq,
        table: table.to_owned(),
        old: old.map(Arc::new),
        new: new.map(Arc::new),
    });
    if seq % TRIM_EVERY == 0 {
        trim(write, seq, total)?;
    }
    Ok(())
}

/// Forgets the oldest; the last stays, because the next is numbered after it.
fn trim(write: &mut Write<'_>, last: i64, total: i64) -> Result<(), Error> {
    let sql = "SELECT seq FROM changes WHERE total > ?1 ORDER BY seq LIMIT 1";
    let first_small: Option<i64> =
        write.query_first(sql, &[(total - MAX_BYTES).into()], |row| row.get(0))?;
    let keep_from = first_small.unwrap_or(last).max(last - MAX_CHANGES + 1);
    write.execute(
        "DELETE FROM changes WHERE seq < ?1",
        &[keep_from.min(last).into()],
    )?;
    Ok(())
}

/// Finds out which changes there are.
pub(super) fn span(read: &Read<'_>) -> Result<Span, Error> {
    let sql = "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM changes";
    let found = read.query_first(sql, &[], |row| {
        Ok::<_, Error>(Span {
            first: row.get(0)?,
            last: row.get(1)?,
        })
    })?;
    Ok(found.expect("an aggregate is one row"))
}

/// Reads changes after a number, at most so many.
pub(super) fn after(read: &Read<'_>, seq: i64, limit: i64) -> Result<Vec<Change>, Error> {
    let sql = "SELECT seq, table_name, old, new FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    read.query(sql, &[seq.into(), limit.into()], |row| {
        Ok(Change {
            seq: row.get(0)?,
            table: row.get(1)?,
            old: fields(row.get(2)?).map(Arc::new),
            new: fields(row.get(3)?).map(Arc::new),
        })
    })
}

fn text(fields: Option<&Fields>) -> Option<String> {
    fields.map(|fields| serde_json::to_string(fields).expect("JSON serialises"))
}

/// Reads a row; one that is no JSON any more counts as none.
fn fields(text: Option<String>) -> Option<Fields> {
    match serde_json::from_str(&text?) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}
