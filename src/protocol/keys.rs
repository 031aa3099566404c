//! API keys, as the hub's API tells of them.

use serde::Deserialize;
use serde::Serialize;

/// A key as people see it:
/// `{"id":"4f7q2m9c","name":"ci","scope":"account","created":1795248000000,"lastUsed":…}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Which.
    pub id: String,
    /// What its maker calls it.
    pub name: String,
    /// Whose rights it has, `account` or `project:ID`.
    pub scope: Scope,
    /// When it was made, in milliseconds since 1970.
    pub created: u64,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// When it was last shown, to a minute, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<u64>,
}

/// A key that was just made: the same with its text, which is told this once.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MadeKey {
    /// What people see of it.
    #[serde(flatten)]
    pub key: ApiKey,
    /// What a program shows, `sk-4f7q2m9c-…`.
    pub secret: String,
}

/// What a key is asked for with: `{"name":"ci","scope":"account","expires":…}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct NewKey {
    /// What its maker calls it, 1 to 200 bytes.
    pub name: String,
    /// Whose rights it shall have; those of the account, where nothing is said.
    #[serde(default)]
    pub scope: Scope,
    /// When it shall end, in milliseconds since 1970, if it shall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// Whose rights a key has; as text `account` or `project:compute-1`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Those of the account.
    #[default]
    Account,
    /// Those of one project.
    Project(String),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account => out.write_str("account"),
            Self::Project(id) => write!(out, "project:{id}"),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_id = |id: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !id.is_empty() && id.len() <= 64 && id.bytes().all(is_letter)
        };
        match text.strip_prefix("project:") {
            None if text == "account" => Ok(Self::Account),
            Some(id) if is_id(id) => Ok(Self::Project(id.to_owned())),
            _ => Err(format!(
                "`{text}` is no scope: use `account` or `project:ID`"
            )),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}
