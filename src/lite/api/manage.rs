//! `system.manageApiKeys`: API keys in the words of the original system.
//!
//! ```text
//! {"action":"create","name":"ci","expire":1798761600000}
//!   → [{"id":"4f7q2m9c","name":"ci","trunc":"sk-4f7q2m9c…","created":…,"secret":"sk-…"}]
//! ```

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::Api;
use crate::lite::keys::Keys;
use crate::protocol::call::Refusal;
use crate::protocol::keys::ApiKey;
use crate::protocol::keys::NewKey;
use crate::protocol::keys::Scope;

/// What is to be done.
#[derive(Deserialize)]
pub(super) struct Manage {
    action: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    /// In milliseconds since 1970.
    #[serde(default)]
    expire: Option<u64>,
    /// A key of one project, else one of the account.
    #[serde(default)]
    project_id: Option<String>,
}

/// Does it.
///
/// # Errors
/// 400 for what is no action, and those of [`Keys`].
pub(super) async fn answer(api: &Api, keys: &Keys, asked: Manage) -> Result<Value, Refusal> {
    let id = || {
        asked
            .id
            .clone()
            .ok_or_else(|| Refusal::new(400, "which key? it needs an `id`"))
    };
    match &*asked.action {
        "get" => Ok(keys.list().iter().map(shape).collect()),
        "create" => {
            let scope = match &asked.project_id {
                None => Scope::Account,
                Some(id) => Scope::try_from(format!("project:{id}"))
                    .map_err(|text| Refusal::new(400, text))?,
            };
            let wish = NewKey {
                name: asked.name.clone().unwrap_or_else(|| "unnamed".to_owned()),
                scope,
                expires: asked.expire,
            };
            let (key, secret) = keys.create(wish).await?;
            let mut told = shape(&key);
            told["secret"] = secret.reveal().into();
            Ok(json!([told]))
        }
        "delete" => {
            api.revoke(keys, &id()?).await?;
            Ok(json!([]))
        }
        "edit" => {
            let text = "a key cannot be changed: revoke it and make another";
            Err(Refusal::new(501, text).because(super::absent::NOT_AVAILABLE))
        }
        other => Err(Refusal::new(
            400,
            format!("`{other}` is no action: use `get`, `create` or `delete`"),
        )),
    }
}

fn shape(key: &ApiKey) -> Value {
    json!({
        "id": key.id, "name": key.name, "trunc": format!("sk-{}…", key.id),
        "created": key.created, "expire": key.expires, "last_active": key.last_used,
        "project_id": match &key.scope { Scope::Account => None, Scope::Project(id) => Some(id) },
    })
}
