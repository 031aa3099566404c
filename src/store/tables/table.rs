//! What a table has: its key, its fields, their types and defaults.

use serde_json::Map;
use serde_json::Value;

use super::error::QueryError;

/// A row, or a part of one: fields by name.
pub type Fields = Map<String, Value>;

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name in queries.
    pub name: &'static str,
    /// The table whose rows these are; another's, where two names show the same
    /// rows with other rights.
    pub rows_of: &'static str,
    /// The fields that make its primary key.
    pub key: &'static [&'static str],
    /// The field that says whose a row is, if rows are somebody's.
    pub owner: Option<Owner>,
    /// Its fields, those of the key among them.
    pub fields: &'static [Field],
}

/// Whose a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The field with his id.
    pub field: &'static str,
    /// Which of the asker's ids must stand there.
    pub id: Id,
}

/// One of an asker's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// His account.
    Account,
    /// His project.
    Project,
}

/// A field of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it holds where nothing was set, as JSON.
    pub default: Option<&'static str>,
    /// Who may set it.
    pub setter: Setter,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A time: milliseconds since 1970, or a text of ISO 8601.
    Time,
    /// Values by name; a set changes those that it names.
    Map,
    /// A list.
    List,
}

/// Who may set a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setter {
    /// Whoever may set the row.
    Anybody,
    /// The hub alone.
    Hub,
}

/// Who asks; his ids take the place of `{account_id}` and `{project_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// His account.
    pub account: String,
    /// The project that he works in.
    pub project: String,
    /// Whether he is the hub, who may see and set everything.
    pub rank: Rank,
}

/// How much an asker may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// What is his.
    User,
    /// Everything.
    Hub,
}

impl Asker {
    pub(super) fn id(&self, id: Id) -> &str {
        match id {
            Id::Account => &self.account,
            Id::Project => &self.project,
        }
    }
}

impl Kind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Time => value.is_number() || value.is_string(),
            Self::Map => value.is_object(),
            Self::List => value.is_array(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Time => "a time: milliseconds since 1970, or ISO 8601",
            Self::Map => "a map",
            Self::List => "a list",
        }
    }
}

impl Table {
    /// Says what is wrong with the definition itself: a default that is no JSON
    /// of its kind, a key or an owner without a field.
    ///
    /// # Errors
    /// [`QueryError`] that names it.
    ///
    /// # Panics
    /// When a default is no JSON.
    pub fn check_definition(&self) -> Result<(), QueryError> {
        for field in self.fields {
            if let Some(default) = self.value(field, &Fields::new()) {
                self.check(field.name, &default)?;
            }
        }
        let owner = self.owner.map(|owner| owner.field);
        for name in self.key.iter().copied().chain(owner) {
            self.field(name)?;
        }
        Ok(())
    }

    /// Finds a field.
    pub(super) fn field(&self, name: &str) -> Result<&Field, QueryError> {
        let found = self.fields.iter().find(|field| field.name == name);
        found.ok_or_else(|| QueryError::NoField {
            table: self.name,
            field: name.to_owned(),
        })
    }

    /// Checks that a field holds a value.
    pub(super) fn check(&self, field: &'static str, value: &Value) -> Result<(), QueryError> {
        let kind = self.field(field)?.kind;
        if kind.holds(value) {
            return Ok(());
        }
        Err(QueryError::WrongType {
            table: self.name,
            field,
            expected: kind.expected(),
        })
    }

    /// The primary key of a row, as JSON with sorted names.
    pub(super) fn key_of(&self, row: &Fields) -> Result<String, QueryError> {
        let mut key = Fields::new();
        for field in self.key.iter().copied() {
            let value = row.get(field).filter(|value| !value.is_null());
            let value = value.ok_or(QueryError::MissingKey {
                table: self.name,
                field,
            })?;
            self.check(field, value)?;
            key.insert(field.to_owned(), value.clone());
        }
        Ok(Value::Object(key).to_string())
    }

    /// What a field of a row holds, with what the default adds.
    pub(super) fn value(&self, field: &Field, row: &Fields) -> Option<Value> {
        let default = field.default.map(|text| {
            serde_json::from_str::<Value>(text).expect("a default is JSON, and tested")
        });
        match (row.get(field.name), default) {
            (Some(Value::Object(own)), Some(Value::Object(mut default))) => {
                default.extend(own.clone());
                Some(Value::Object(default))
            }
            (Some(own), _) => Some(own.clone()),
            (None, default) => default,
        }
    }
}

/// Puts a set into a row: maps name by name, everything else whole; null
/// removes.
pub(super) fn merge(row: &mut Fields, set: &Fields) {
    for (name, value) in set {
        match (row.get_mut(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => put_all(old, new),
            _ => put(row, name, value),
        }
    }
}

fn put_all(old: &mut Fields, new: &Fields) {
    for (name, value) in new {
        put(old, name, value);
    }
}

fn put(fields: &mut Fields, name: &str, value: &Value) {
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value.clone());
    }
}
