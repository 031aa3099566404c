//! The redo log: what was acknowledged, beside the database.
//!
//! ```text
//! cocalc-plus redo 1 0f3a…(32 letters) 41\n      database, last group before the first record
//! length group schema checksum | texts statements
//! length group schema checksum | texts statements
//! ```
//!
//! A record is one group of writes ([`record`]); it is on the disk before the
//! group is committed, and so before anybody is told ([`log`]). The last good
//! backup and the records after it make the database anew ([`records`]).

pub(super) mod log;
pub(super) mod record;
pub(super) mod records;
#[cfg(test)]
mod tests;

/// What the first line begins with.
const MAGIC: &str = "cocalc-plus redo ";

/// The version of the format that this build writes and reads.
const VERSION: u32 = 1;

/// Which database a log belongs to, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    /// The random id of the database.
    pub(crate) database: String,
    /// The last group before the first record; 0 is an empty database.
    pub(crate) base: u64,
}

/// Where the log was, between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The last group before it.
    pub(crate) group: u64,
    /// Its distance from the beginning, in bytes.
    offset: u64,
}

impl Title {
    fn line(&self) -> String {
        format!("{MAGIC}{VERSION} {} {}\n", self.database, self.base)
    }

    fn parse(words: &str) -> Option<Self> {
        let (database, base) = words.strip_suffix('\n')?.split_once(' ')?;
        Some(Self {
            database: database.to_owned(),
            base: base.parse().ok()?,
        })
    }
}
