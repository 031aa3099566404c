//! `hub.*.*.api`: what the hub answers about itself.
//!
//! ```text
//! hub.account.ID.api   {"name":"system.getNames","args":[["ID"]]}
//!   → {"ID":{"first_name":"…","last_name":"…"}}
//! ```
//!
//! The names and shapes are those of the original system, as far as they mean
//! something for one person; who asks is said by the subject, never by an
//! argument. What this hub does not have is refused with 501 and the reason,
//! and what nobody knows with 404; where the server is attached to another hub,
//! that is asked first.
//!
//! | method | arguments | result |
//! | --- | --- | --- |
//! | `system.ping` | | `{"now":1795248000000}` |
//! | `system.getCustomize` | | what `/customize` tells |
//! | `system.getNames` | `["ID",…]` | names by id |
//! | `system.userSearch` | `{"query":"…"}` | the people whose name has that |
//! | `system.logClientError`, `system.webappError` | `{"event":"…","error":"…"}` | `null`; the log has it |
//! | `system.userTracking`, `db.touch` | anything | `null`; nothing is tracked |
//! | `system.manageApiKeys` | `{"action":"get"｜"create"｜"delete",…}` | as the original: keys |
//! | `db.userQuery` | `{"query":…,"options":…}` as [`super::feeds`] has them | the result |
//! | `keys.create` | `{"name":"ci","scope":"account","expires":…}` | the key with its `secret` |
//! | `keys.list` | | all keys |
//! | `settings.get`, `settings.set` | as [`super::settings::calls`] has them | the settings |
//! | `keys.revoke` | `{"id":"4f7q2m9c"}` | the key |
//! | `*.getSshKeys` | | `[]` |

mod absent;
mod manage;

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::bus::Bus;
use super::feeds::Desk;
use super::http::Customize;
use super::keys::Keys;
use super::remote::Attached;
use crate::protocol::call::Answer;
use crate::protocol::call::Body;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::protocol::keys::ApiKey;
use crate::protocol::keys::MadeKey;
use crate::sys::clock;

/// The pattern of all hub APIs.
pub const PATTERN: &str = "hub.*.*.api";

/// How much of a page's error the log takes.
const MAX_LOGGED_LETTERS: usize = 2000;

/// What the hub's API stands on.
pub struct Api {
    /// The id of the one account.
    pub account: String,
    /// Its project's id.
    pub project: String,
    /// What `/customize` tells.
    pub customize: Customize,
    /// Answers `hub.account.ID.settings.…`.
    pub settings: Handler,
    /// Where the tables are asked.
    pub desk: Arc<Desk>,
    /// The API keys; `None` while nothing can be kept.
    pub keys: Option<Arc<Keys>>,
    /// Where connections of a key that is revoked are ended.
    pub bus: Bus,
    /// The hub that this server is attached to.
    pub remote: Option<Attached>,
}

/// Who asks: `hub.KIND.ID.api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Account,
    Project,
}

/// A request: `{"name":"system.ping","args":[]}`.
#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    args: Vec<Value>,
}

/// `{"id":"4f7q2m9c"}`.
#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Api {
    /// Returns what answers `hub.*.*.api`.
    pub fn handler(self) -> Handler {
        let api = Arc::new(self);
        Arc::new(move |subject, payload| -> Answer {
            let api = Arc::clone(&api);
            Box::pin(async move { api.answer(&subject, payload).await.map(Body::One) })
        })
    }

    async fn answer(&self, subject: &str, payload: Value) -> Result<Value, Refusal> {
        let asker = self.asker(subject)?;
        let request: Request = serde_json::from_value(payload).map_err(|_| {
            Refusal::new(400, "a request is `{\"name\":\"system.ping\",\"args\":[]}`")
        })?;
        match self.own(asker, &request).await {
            Some(answer) => answer,
            None => self.elsewhere(&request).await,
        }
    }

    fn asker(&self, subject: &str) -> Result<Asker, Refusal> {
        let mut tokens = subject.split('.').skip(1);
        match (tokens.next(), tokens.next()) {
            (Some("account"), Some(id)) if *id == self.account => Ok(Asker::Account),
            (Some("project"), Some(_)) => Ok(Asker::Project),
            (Some(kind), Some(id)) => Err(Refusal::new(404, format!("there is no {kind} `{id}`"))),
            _ => Err(Refusal::new(404, format!("nobody answers `{subject}`"))),
        }
    }

    /// Answers what this hub knows; `None` is for what it does not.
    async fn own(&self, asker: Asker, request: &Request) -> Option<Result<Value, Refusal>> {
        let answer = match &*request.name {
            "system.ping" => Ok(json!({ "now": clock::now_ms() })),
            "system.getCustomize" => Ok((self.customize)()),
            "system.getNames" => request.argument().map(|ids| self.names(ids)),
            "system.userSearch" => request.argument().map(|query| self.people(query)),
            "system.logClientError" | "system.webappError" => {
                log(&request.args);
                Ok(Value::Null)
            }
            // No telemetry; scripts of the original ask it all the same.
            "system.userTracking" | "db.touch" => Ok(Value::Null),
            name if name.ends_with(".getSshKeys") => Ok(json!([])),
            "system.manageApiKeys" | "keys.create" | "keys.list" | "keys.revoke" => match asker {
                Asker::Account => self.keys(request).await,
                Asker::Project => Err(Refusal::new(403, "keys belong to the account")),
            },
            "db.userQuery" => match asker {
                Asker::Account => self.query(request).await,
                Asker::Project => Err(Refusal::new(403, "tables belong to the account")),
            },
            "settings.get" | "settings.set" => match asker {
                Asker::Account => self.settings(request).await,
                Asker::Project => Err(Refusal::new(403, "settings belong to the account")),
            },
            _ => return None,
        };
        Some(answer)
    }

    /// Asks the hub that this server is attached to, if it is; else says why
    /// nobody answers.
    async fn elsewhere(&self, request: &Request) -> Result<Value, Refusal> {
        match &self.remote {
            Some(remote) => remote.ask(&request.name, &request.args).await,
            None => Err(absent::refusal(&request.name)),
        }
    }

    async fn query(&self, request: &Request) -> Result<Value, Refusal> {
        self.desk.user_query(request.argument()?).await
    }

    async fn settings(&self, request: &Request) -> Result<Value, Refusal> {
        let subject = format!("hub.account.{}.{}", self.account, request.name);
        match (self.settings)(subject, request.argument()?).await? {
            Body::One(settings) => Ok(settings),
            Body::Many(_) => Err(Refusal::new(500, "settings are one answer")),
        }
    }

    async fn keys(&self, request: &Request) -> Result<Value, Refusal> {
        let Some(keys) = &self.keys else {
            let text = "API keys cannot be kept: the server has no database; its log says why";
            return Err(Refusal::new(503, text));
        };
        match &*request.name {
            "keys.list" => reply(&keys.list()),
            "keys.create" => {
                let (key, secret) = keys.create(request.argument()?).await?;
                let secret = secret.reveal().to_owned();
                reply(&MadeKey { key, secret })
            }
            "keys.revoke" => {
                let Named { id } = request.argument()?;
                reply(&self.revoke(keys, &id).await?)
            }
            _ => manage::answer(self, keys, request.argument()?).await,
        }
    }

    /// Revokes a key, and ends its connections.
    async fn revoke(&self, keys: &Keys, id: &str) -> Result<ApiKey, Refusal> {
        let key = keys.revoke(id).await?;
        self.bus.review();
        Ok(key)
    }

    fn names(&self, ids: Vec<String>) -> Value {
        let known = ids.into_iter().filter_map(|id| {
            let name = if id == self.account {
                json!({ "first_name": "CoCalc", "last_name": "User" })
            } else if id == self.project {
                json!({ "title": self.project })
            } else {
                return None;
            };
            Some((id, name))
        });
        Value::Object(known.collect())
    }

    fn people(&self, query: Value) -> Value {
        let query = query["query"].as_str().unwrap_or_default().to_lowercase();
        let found = "cocalc user".contains(&query);
        let person = json!({
            "account_id": self.account, "first_name": "CoCalc", "last_name": "User",
        });
        Value::Array(found.then_some(person).into_iter().collect())
    }
}

impl Request {
    /// Reads the one argument.
    fn argument<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let first = self.args.first().cloned().unwrap_or(json!({}));
        serde_json::from_value(first).map_err(|error| {
            let text = format!("the argument of `{}` does not fit: {error}", self.name);
            Refusal::new(400, text)
        })
    }
}

fn reply<T: serde::Serialize>(body: &T) -> Result<Value, Refusal> {
    serde_json::to_value(body).map_err(|_| Refusal::new(500, "the reply does not serialise"))
}

/// Puts a page's error into the log, as one line of bounded length.
fn log(args: &[Value]) {
    let said = Value::Array(args.to_vec()).to_string();
    let said: String = said.chars().take(MAX_LOGGED_LETTERS).collect();
    tracing::warn!(said, "a page reports an error");
}
