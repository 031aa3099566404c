//! Answers `settings.get` and `settings.set`.
//!
//! | subject | payload | reply |
//! | --- | --- | --- |
//! | `PREFIX.settings.get` | `{}` | `{"file":"/…/config.toml","settings":[`[`Row`]`,…]}` |
//! | `PREFIX.settings.set` | `{"key":"port","value":6060}` | the same |
//!
//! A value of `null` takes the setting out of the file. A wrong value is 400
//! with what is allowed, an unknown key 404. A secret is 403: it would pass
//! through a page, where extensions read along. A file that cannot be read is
//! 409, since a person has to mend it, and one that cannot be written 507.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::Error;
use super::keeper::Keeper;
use super::value::Value;
use crate::protocol::call::Body;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;

#[cfg(doc)]
use super::keeper::Row;

/// What `settings.set` is asked with.
#[derive(Deserialize)]
struct Change {
    key: String,
    value: Option<Value>,
}

/// Returns what answers `PREFIX.settings.…`.
pub fn handler(prefix: &str, keeper: Arc<Keeper>) -> Handler {
    let prefix = format!("{prefix}.settings.");
    Arc::new(move |subject, payload| {
        let verb = subject.strip_prefix(&prefix).map(str::to_owned);
        let keeper = Arc::clone(&keeper);
        Box::pin(async move {
            // Reads, locks and writes a file.
            let answering = move || answer(verb.as_deref(), &subject, payload, &keeper);
            let answered = tokio::task::spawn_blocking(answering).await;
            let answered =
                answered.unwrap_or_else(|_| Err(Refusal::new(500, "the settings cannot be used")));
            answered.map(Body::One)
        })
    })
}

fn answer(
    verb: Option<&str>,
    subject: &str,
    payload: Json,
    keeper: &Keeper,
) -> Result<Json, Refusal> {
    match verb {
        Some("get") => {}
        Some("set") => {
            let asked: Change = serde_json::from_value(payload)
                .map_err(|_| Refusal::new(400, "a change is `{\"key\":\"…\",\"value\":…}`"))?;
            let definition = keeper.schema().find(&asked.key).map_err(refusal)?;
            if definition.is_secret() {
                let key = definition.key;
                let why = format!("a secret is set by `cocalc-plus config set {key} -`");
                return Err(Refusal::new(403, why));
            }
            keeper.change(&asked.key, asked.value).map_err(refusal)?;
        }
        _ => return Err(Refusal::new(503, format!("nobody answers `{subject}`"))),
    }
    let rows = keeper.rows().map_err(refusal)?;
    Ok(serde_json::json!({ "file": keeper.path().display().to_string(), "settings": rows }))
}

/// What somebody far away is told; the file is his own.
fn refusal(error: Error) -> Refusal {
    let (code, message) = match &error {
        Error::Wrong {
            key,
            allowed,
            origin: super::layers::Origin::Asked,
        } => (400, format!("`{key}` is {allowed}")),
        Error::Unknown { .. } => (404, error.to_string()),
        Error::File { source, .. } => (507, format!("{error}: {source}")),
        _ => (409, error.to_string()),
    };
    Refusal::new(code, message)
}
