//! What `ssh list` and `ssh status` tell, from what lives already.

use futures::future::join_all;
use serde::Serialize;

use super::control::Control;
use super::registry::Entry;
use super::registry::Registry;
use crate::protocol::control::Hello;
use crate::protocol::ending::Ending;
use crate::protocol::session::State;

/// How a target is connected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetStatus {
    /// Requests reach its server.
    Running,
    /// Its tunnel tries to come back.
    Reconnecting,
    /// Its tunnel waits for a person.
    NeedsAuth,
    /// No tunnel lives; the server ran when it was last seen.
    Disconnected,
    /// Its server was stopped.
    Stopped,
    /// Its server is gone without having been stopped.
    Gone,
}

/// One target, as `--json` shows it.
///
/// `{"target":"me@gpu1","name":"me-gpu1","status":"running","local_port":17031,`
/// `"remote_port":41523,"url":"http://me-gpu1.localhost:17031","version":"0.1.0",`
/// `"tunnel_pid":4711,"last_used":1795248000000}`
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The target as it was typed.
    pub target: String,
    /// Its slug.
    pub name: String,
    /// How it is connected.
    pub status: TargetStatus,
    /// The laptop's port.
    pub local_port: u16,
    /// The server's port when it was last seen.
    pub remote_port: Option<u16>,
    /// Where the workspace is, for a browser that is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The server's version when it was last seen.
    pub version: Option<String>,
    /// The tunnel's process, if one lives.
    pub tunnel_pid: Option<u32>,
    /// When `ssh T` last succeeded, in milliseconds since 1970.
    pub last_used: u64,
    /// Why it is not running, if its tunnel knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How its server's last run ended, if nobody had stopped that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Ending>,
    /// What to type then, if its tunnel knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Row {
    /// Says whether requests reach the server.
    pub fn is_running(&self) -> bool {
        self.status == TargetStatus::Running
    }

    /// The status for a table.
    pub fn status_text(&self) -> &'static str {
        match self.status {
            TargetStatus::Running => "running",
            TargetStatus::Reconnecting => "reconnecting",
            TargetStatus::NeedsAuth => "needs-auth",
            TargetStatus::Disconnected => "disconnected",
            TargetStatus::Stopped => "stopped",
            TargetStatus::Gone => "gone",
        }
    }
}

/// Describes every target, all asked at once, the last used first.
pub async fn rows(registry: &Registry) -> Vec<Row> {
    let entries = registry.entries();
    join_all(entries.iter().map(|entry| row(registry, entry))).await
}

/// Describes one target; asks its tunnel, if one lives, and nobody else.
pub async fn row(registry: &Registry, entry: &Entry) -> Row {
    let found = Control::find(&registry.control_socket(&entry.name)).await;
    describe(entry, found.map(|(_, hello)| hello))
}

fn describe(entry: &Entry, hello: Option<Hello>) -> Row {
    let (status, why, hint) = match hello.as_ref().map(|hello| &hello.status.state) {
        Some(State::Ready { .. }) => (TargetStatus::Running, None, None),
        Some(State::Connecting) => (TargetStatus::Reconnecting, None, None),
        Some(State::Reconnecting { why, .. }) => (TargetStatus::Reconnecting, Some(why), None),
        Some(State::NeedsAuth { why, hint }) => (TargetStatus::NeedsAuth, Some(why), Some(hint)),
        Some(State::Stopped { why, hint }) => (TargetStatus::Stopped, Some(why), Some(hint)),
        Some(State::Gone { why, hint }) => (TargetStatus::Gone, Some(why), Some(hint)),
        Some(State::Failed { why, hint }) => (TargetStatus::Disconnected, Some(why), Some(hint)),
        None if entry.stopped => (TargetStatus::Stopped, None, None),
        None => (TargetStatus::Disconnected, None, None),
    };
    let server = hello.as_ref().and_then(|hello| hello.server.as_ref());
    let local_port = hello.as_ref().map_or(entry.local_port, |hello| hello.port);
    Row {
        target: entry.target.clone(),
        name: entry.name.clone(),
        status,
        local_port,
        remote_port: server.map(|server| server.port).or(entry.remote_port),
        url: hello
            .as_ref()
            .map(|_| format!("http://{}.localhost:{local_port}", entry.name)),
        version: server
            .map(|server| server.version.clone())
            .or_else(|| entry.version.clone()),
        tunnel_pid: hello.as_ref().map(|hello| hello.pid),
        last_used: entry.last_used,
        why: why.cloned(),
        previous: server.and_then(|server| server.previous.clone()),
        hint: hint.filter(|hint| !hint.is_empty()).cloned(),
    }
}
