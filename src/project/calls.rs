//! Answers `project.<id>.…`.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::environment::Environment;
use super::files;
use super::files::Files;
use super::terminal::Terminals;
use crate::protocol::call;
use crate::protocol::call::AskEnvironment;
use crate::protocol::call::Handler;
use crate::protocol::call::KillTerminal;
use crate::protocol::call::NewTerminal;
use crate::protocol::call::Refusal;

/// Returns what answers the subjects of the project `id`.
pub fn handler(
    id: &str,
    terminals: Arc<Terminals>,
    files: Arc<Files>,
    environment: Arc<Environment>,
) -> Handler {
    let prefix = format!("project.{id}.");
    Arc::new(move |subject, payload| {
        let method = subject.strip_prefix(&prefix).map(str::to_owned);
        let (terminals, files) = (Arc::clone(&terminals), Arc::clone(&files));
        let environment = Arc::clone(&environment);
        Box::pin(async move {
            let Some(method) = method else {
                return Err(Refusal::new(503, format!("nobody answers `{subject}`")));
            };
            if let Some(verb) = method.strip_prefix("files.") {
                return files::calls::answer(verb, payload, files).await;
            }
            if method == "environment" {
                let asked: AskEnvironment = body(payload)?;
                return reply(&environment.answer(&asked).await);
            }
            answer(&method, payload, &terminals).await
        })
    })
}

async fn answer(method: &str, payload: Value, terminals: &Terminals) -> Result<Value, Refusal> {
    match method {
        "terminal.list" => reply(&call::Terminals {
            terminals: terminals.list().await,
        }),
        "terminal.new" => {
            let asked: NewTerminal = body(payload)?;
            reply(&terminals.start(asked).await?)
        }
        "terminal.kill" => {
            let asked: KillTerminal = body(payload)?;
            terminals.kill(&asked.id).await?;
            Ok(Value::Object(serde_json::Map::new()))
        }
        other => Err(Refusal::new(
            503,
            format!("nobody answers `{other}` in this project"),
        )),
    }
}

fn body<T: DeserializeOwned>(payload: Value) -> Result<T, Refusal> {
    serde_json::from_value(payload)
        .map_err(|error| Refusal::new(400, format!("the payload does not fit: {error}")))
}

fn reply<T: Serialize>(body: &T) -> Result<Value, Refusal> {
    serde_json::to_value(body).map_err(|_| Refusal::new(500, "the reply does not serialise"))
}
