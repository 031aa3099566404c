//! This user's API keys, for a command: asked of the server that runs.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::account::ACCOUNT;
use crate::daemon::instance::Instance;
use crate::lite::client;
use crate::lite::client::CallError;
use crate::protocol::call::Refusal;
use crate::protocol::keys::ApiKey;
use crate::protocol::keys::MadeKey;
use crate::protocol::keys::NewKey;

/// Why nothing came of a wish about keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// No server runs, or one of another build that has no keys.
    #[error("no server runs that could be asked for API keys")]
    NoServer,
    /// It refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// It was asked and did not answer: something may have been done.
    #[error("the server did not answer; look whether it was done")]
    Silent,
}

/// Makes a key.
///
/// # Errors
/// [`KeysError`].
pub async fn create(instance: &Instance, asked: &NewKey) -> Result<MadeKey, KeysError> {
    ask(instance, "keys.create", json!(asked)).await
}

/// Lists the keys, oldest first.
///
/// # Errors
/// [`KeysError`].
pub async fn list(instance: &Instance) -> Result<Vec<ApiKey>, KeysError> {
    ask(instance, "keys.list", json!({})).await
}

/// Revokes a key.
///
/// # Errors
/// [`KeysError`].
pub async fn revoke(instance: &Instance, id: &str) -> Result<ApiKey, KeysError> {
    ask(instance, "keys.revoke", json!({ "id": id })).await
}

async fn ask<T: DeserializeOwned>(
    instance: &Instance,
    name: &str,
    argument: Value,
) -> Result<T, KeysError> {
    let info = instance.running().ok_or(KeysError::NoServer)?;
    let asked = client::ask_api(&info, ACCOUNT, name, argument).await;
    let reply = asked.map_err(|error| match error {
        CallError::NotTaken => KeysError::NoServer,
        CallError::Refused(refusal) => KeysError::Refused(refusal),
        CallError::Silent => KeysError::Silent,
    })?;
    serde_json::from_value(reply).map_err(|_| KeysError::Silent)
}
