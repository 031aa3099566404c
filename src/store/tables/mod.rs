//! Generic tables: rows of JSON under their primary key, and what changes in
//! them.
//!
//! ```text
//! table_name  pk                        row
//! projects    {"project_id":"local"}    {"project_id":"local","title":"…"}
//! ```
//!
//! What a table has and who may set it is said by whoever opens the tables
//! ([`table`]). A query is asked in JSON ([`query`]); a feed gives the rows of
//! one, and then every change of them once and in order ([`feed`]).

pub mod changes;
pub mod error;
pub mod feed;
pub mod query;
pub mod rows;
pub mod table;
#[cfg(test)]
mod tests;
