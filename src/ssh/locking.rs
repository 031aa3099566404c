//! One command at a time for a target.

use super::failure::local;
use super::failure::local_text;
use super::registry::Registry;
use super::watcher::Watcher;
use crate::protocol::control::Failure;
use crate::sys::lock::Lock;

/// Waits for the lock of a target, telling the watcher if that takes time.
///
/// # Errors
/// When the lock file cannot be used.
pub(super) async fn lock(
    registry: &Registry,
    name: &str,
    watcher: &mut dyn Watcher,
) -> Result<Lock, Failure> {
    if let Some(lock) = registry.try_lock(name).map_err(local)? {
        return Ok(lock);
    }
    watcher.waits_for_another();
    let (registry, name) = (registry.clone(), name.to_owned());
    tokio::task::spawn_blocking(move || registry.lock(&name))
        .await
        .map_err(|error| local_text(&error.to_string()))?
        .map_err(local)
}
