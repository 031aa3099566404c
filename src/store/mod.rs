//! What lasts: blobs, and a database that loses nothing.
//!
//! [`blobs`] are files. The database is one SQLite file, written by one thread,
//! and a log that makes it anew. Whoever was told that a write is done finds it
//! again: after a killed process, a failed power supply, a full disk, and a
//! damaged file.
//!
//! ```text
//! write ──> queue ──> group ──> 1 redo log, fdatasync ──> 2 SQLite commit ──> 3 answers
//!                                   │                          │
//!                              hub.db-redo                  hub.db, hub.db-wal
//!                                   └── + hub.db-backup = hub.db ──┘
//! ```
//!
//! The redo log has the statements, so SQLite needs no wait for the disk of its
//! own (`synchronous=NORMAL`). When it has grown, a copy of the database is
//! looked through and takes the backup's place, and the log begins anew. At a
//! start, the last backup and the log make a damaged database again.
//!
//! What a disk does not tell is not seen: bytes that change within a text, in
//! the database and behind SQLite's back, are believed.
//!
//! | part | owns |
//! | --- | --- |
//! | [`database`] | the database as others see it |
//! | [`write`], [`read`], [`value`] | what work on it can do |
//! | [`tables`] | rows of JSON, queries, and feeds of what changes |
//! | [`error`] | why it cannot |
//! | [`opening`] | the start: what is found, and what is done about it |
//! | `recovery`, `wal`, `copy` | a damaged file, its WAL, good copies |
//! | `writer`, `group`, `redo` | one group of writes after the other |
//! | `place`, `connection`, `schema` | the files, how they are opened, their versions |

pub mod blobs;
mod connection;
mod copy;
pub mod database;
pub mod error;
mod group;
pub mod opening;
mod place;
pub mod read;
mod recovery;
mod redo;
mod schema;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod value;
mod wal;
pub mod write;
mod writer;
