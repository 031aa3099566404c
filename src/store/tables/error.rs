//! Why a query cannot be answered.

use crate::store::error::Error;

/// Why a query cannot be answered; its [`code`](QueryError::code) never changes.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueryError {
    /// It is longer than a query may be.
    #[error("the query has more than {most} bytes")]
    TooLarge {
        /// How many it may have.
        most: usize,
    },
    /// It is nested deeper than a query may be.
    #[error("the query is nested more than {most} levels deep")]
    TooDeep {
        /// How many levels it may have.
        most: usize,
    },
    /// It is not of the form of a query.
    #[error("a query is {expected}")]
    Form {
        /// What was expected.
        expected: &'static str,
    },
    /// There is no such table.
    #[error("no table `{table}`")]
    NoTable {
        /// Its name.
        table: String,
    },
    /// The table has no such field.
    #[error("`{table}` has no field `{field}`")]
    NoField {
        /// The table.
        table: &'static str,
        /// The field's name.
        field: String,
    },
    /// A field holds something else.
    #[error("`{field}` of `{table}` is {expected}")]
    WrongType {
        /// The table.
        table: &'static str,
        /// The field.
        field: &'static str,
        /// What it is.
        expected: &'static str,
    },
    /// A part of the primary key is missing.
    #[error("a row of `{table}` needs its `{field}`")]
    MissingKey {
        /// The table.
        table: &'static str,
        /// The part.
        field: &'static str,
    },
    /// The asker may not set it.
    #[error("you may not set `{field}` of `{table}`")]
    NotSettable {
        /// The table.
        table: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The row is somebody else's.
    #[error("this row of `{table}` is not yours: `{field}`")]
    NotYours {
        /// The table.
        table: &'static str,
        /// The field that says whose it is.
        field: &'static str,
    },
    /// More was asked for than an answer holds.
    #[error("more than {most} rows match; name what you look for")]
    TooMany {
        /// How many it may have.
        most: usize,
    },
    /// A feed follows one query for many rows.
    #[error("a feed follows one query of the form {{table: [{{…}}]}}")]
    NotFollowable,
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
}

impl QueryError {
    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::TooDeep { .. } => "too-deep",
            Self::Form { .. } => "no-query",
            Self::NoTable { .. } => "no-table",
            Self::NoField { .. } => "no-field",
            Self::WrongType { .. } => "wrong-type",
            Self::MissingKey { .. } => "missing-key",
            Self::NotSettable { .. } => "not-settable",
            Self::NotYours { .. } => "not-yours",
            Self::TooMany { .. } => "too-many",
            Self::NotFollowable => "not-followable",
            Self::Store(Error::DiskFull { .. }) => "disk-full",
            Self::Store(Error::Busy) => "busy",
            Self::Store(_) => "store",
        }
    }

    /// The field at fault, if it is one's.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NoField { field, .. } => Some(field),
            Self::WrongType { field, .. }
            | Self::MissingKey { field, .. }
            | Self::NotSettable { field, .. }
            | Self::NotYours { field, .. } => Some(field),
            _ => None,
        }
    }
}
