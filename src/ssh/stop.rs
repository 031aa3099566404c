//! `ssh stop T`: the server and its terminals, the tunnel, our master.

use std::time::Duration;

use super::connect;
use super::control::Control;
use super::locking;
use super::plan::Plan;
use super::registry::Entry;
use super::registry::Registry;
use super::target::Target;
use super::watcher::Watcher;
use super::wish::Wish;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Request;
use crate::protocol::control::Stopped;
use crate::protocol::session::State;

/// How long the server may take; its own deadline is shorter.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Stops a target's server; `None` when none ran.
///
/// `announce` is called before a connection is made for this, because that may
/// ask the person to authenticate.
///
/// # Errors
/// A [`Failure`] when the server cannot be reached, and may still run. Tunnel
/// and master are ended all the same: a person who says stop wants no program
/// that tries for ever.
pub async fn stop(
    registry: &Registry,
    entry: &Entry,
    keep_terminals: bool,
    announce: impl FnOnce(),
    watcher: &mut dyn Watcher,
) -> Result<Option<Stopped>, Failure> {
    let asked = match ask_tunnel(registry, entry, keep_terminals).await {
        Some(answer) => answer,
        None => {
            announce();
            connect_and_ask(registry, entry, keep_terminals, watcher).await
        }
    };
    let _lock = locking::lock(registry, &entry.name, watcher).await?;
    end_tunnel(registry, entry).await;
    end_master(registry, entry).await;
    let stopped = asked.map_err(|failure| Failure {
        message: format!(
            "{}; disconnected, but its server may still run",
            failure.message
        ),
        ..failure
    })?;
    // Nobody is told of an entry that could not be written; the next command
    // finds out by itself.
    let _ = registry.save(&Entry {
        stopped: true,
        ..entry.clone()
    });
    Ok(stopped)
}

/// Asks a tunnel that is connected; `None` when there is none.
async fn ask_tunnel(
    registry: &Registry,
    entry: &Entry,
    keep_terminals: bool,
) -> Option<Result<Option<Stopped>, Failure>> {
    let (mut control, hello) = Control::find(&registry.control_socket(&entry.name)).await?;
    if let State::Stopped { .. } = hello.status.state {
        return Some(Ok(None));
    }
    hello.server?;
    let request = Request::Stop { keep_terminals };
    match control.ask_within(&request, STOP_DEADLINE).await {
        Err(failure) if failure.cause == Cause::NotRunning => Some(Ok(None)),
        answer => Some(answer.map(Some)),
    }
}

async fn connect_and_ask(
    registry: &Registry,
    entry: &Entry,
    keep_terminals: bool,
    watcher: &mut dyn Watcher,
) -> Result<Option<Stopped>, Failure> {
    let target = parse(entry)?;
    // This build is installed if it is not there, since only it knows how to
    // ask; a server is not started.
    let wish = Wish {
        running_only: true,
        ..Wish::default()
    };
    match connect::connect(&target, &wish, watcher).await {
        Ok(_) => ask_tunnel(registry, entry, keep_terminals)
            .await
            .unwrap_or(Ok(None)),
        Err(failure) if failure.cause == Cause::NotRunning => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn end_tunnel(registry: &Registry, entry: &Entry) {
    let found = Control::find(&registry.control_socket(&entry.name)).await;
    if let Some((control, hello)) = found {
        control.dismiss(&hello).await;
    }
}

async fn end_master(registry: &Registry, entry: &Entry) {
    let Ok(target) = parse(entry) else { return };
    if let Ok(plan) = Plan::resolve(&target, &entry.name, &entry.options, registry, None).await {
        plan.end_ours().await;
    }
}

fn parse(entry: &Entry) -> Result<Target, Failure> {
    Target::parse(&entry.target).map_err(|error| Failure {
        cause: Cause::Local,
        message: error.to_string(),
        hint: "cocalc-plus ssh list".into(),
    })
}
