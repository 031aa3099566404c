//! `serve --daemon-status` and `--daemon-stop`: the server that runs.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::daemon::instance::Ended;
use crate::daemon::instance::Instance;
use crate::daemon::instance::STOP_GRACE;
use crate::daemon::run;
use crate::plus::serve::ServeError;
use crate::sys::clock;

/// For whom something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A person.
    Text,
    /// A program.
    Json,
}

/// Stops the server that runs.
///
/// # Errors
/// When no runtime directory is safe to use.
pub(super) async fn stop(format: Format) -> Result<Exit, CliError> {
    let instance = Instance::current().map_err(ServeError::Runtime)?;
    let ended = instance.stop().await;
    let text = match ended {
        Ended::Politely => "the server stopped; its terminals live on".to_owned(),
        Ended::Killed => format!(
            "the server did not stop within {} s and was killed; its terminals live on",
            STOP_GRACE.as_secs()
        ),
        Ended::WasNotRunning => "no server runs".to_owned(),
    };
    if format == Format::Json {
        output::json(&serde_json::json!({ "ended": match ended {
            Ended::Politely => "stopped",
            Ended::Killed => "killed",
            Ended::WasNotRunning => "not-running",
        }}));
    } else {
        output::data(&text);
    }
    Ok(Exit::Success)
}

/// Says whether a server runs, and how the last one ended.
///
/// # Errors
/// When no runtime directory is safe to use.
pub(super) fn status(format: Format) -> Result<Exit, CliError> {
    let instance = Instance::current().map_err(ServeError::Runtime)?;
    let running = instance.running();
    let last = match &running {
        Some(info) => info.previous.clone(),
        None => run::ending(&instance.run()),
    };
    if format == Format::Json {
        output::json(&serde_json::json!({
            "running": running.is_some(),
            "pid": running.as_ref().map(|info| info.pid),
            "port": running.as_ref().map(|info| info.port),
            "version": running.as_ref().map(|info| info.version.clone()),
            "startedAt": running.as_ref().map(|info| info.started_at),
            "previous": last,
        }));
    } else {
        output::data(&running.as_ref().map_or_else(
            || "no server runs".to_owned(),
            |info| {
                let since = output::ago(info.started_at, clock::now_ms());
                format!(
                    "a server runs: pid {}, port {}, version {}, started {since}",
                    info.pid, info.port, info.version
                )
            },
        ));
        if let Some(last) = &last {
            output::say(&format!("the last one was not stopped: {}", last.clause()));
        }
    }
    Ok(if running.is_some() {
        Exit::Success
    } else {
        Exit::NotRunning
    })
}
