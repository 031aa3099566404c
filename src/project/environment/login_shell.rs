//! Runs the user's login shell for its environment.
//!
//! First as an interactive login, because much stands in `.bashrc` and `.zshrc`
//! only; if that hangs, or one of its files ends the shell or becomes another
//! program, as a login that is not interactive. Either is `-NAME … -c LINE`, which
//! bash, dash, zsh, fish, tcsh, mksh and busybox understand alike.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use futures::FutureExt;

use super::Variables;
use super::variables;
use crate::protocol::call::EnvironmentWarning;
use crate::sys::capture;
use crate::sys::capture::Error;
use crate::sys::pty::Program;
use crate::sys::shutdown::Shutdown;
use crate::sys::text;

/// How long an interactive login may take.
const INTERACTIVE_LIMIT: Duration = Duration::from_secs(5);

/// How long one that is not may take after that.
const PLAIN_LIMIT: Duration = Duration::from_secs(3);

/// What programs get, and why it is not more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Captured {
    /// The whole environment.
    pub(super) variables: Variables,
    /// The shell that said so; `None` when it is the server's own.
    pub(super) shell: Option<PathBuf>,
    /// What went wrong.
    pub(super) warning: Option<EnvironmentWarning>,
}

impl Captured {
    /// The environment of the server, without what is not for programs.
    pub(super) fn of_server(own: &Variables) -> Self {
        Self {
            variables: variables::for_programs(own),
            ..Self::default()
        }
    }
}

/// Captures the environment; on failure it is that of the server.
pub(super) async fn capture(shell: &Program, own: &Variables, shutdown: &Shutdown) -> Captured {
    let begun = Instant::now();
    let of_shell = |said: Variables| Captured {
        variables: variables::with_job(&said, own),
        shell: Some(shell.path.clone()),
        warning: None,
    };
    let first = attempt(shell, &["-i", "-c"], INTERACTIVE_LIMIT, shutdown).await;
    let (why, mut captured) = match first {
        Ok(said) => {
            let captured = of_shell(said);
            let (count, taken) = (captured.variables.len(), begun.elapsed());
            tracing::info!(shell = %shell.path.display(), count, ?taken, "the environment of programs is known");
            return captured;
        }
        Err(why) => match attempt(shell, &["-c"], PLAIN_LIMIT, shutdown).await {
            Ok(said) => (why, of_shell(said)),
            Err(_) => (why, Captured::of_server(own)),
        },
    };
    if shutdown.begun().now_or_never().is_some() {
        return captured;
    }
    let warning = warning(&shell.path, &why, captured.shell.is_some());
    let taken = begun.elapsed();
    tracing::warn!(?taken, hint = warning.hint, "{}", warning.message);
    captured.warning = Some(warning);
    captured
}

async fn attempt(
    shell: &Program,
    args: &[&str],
    limit: Duration,
    shutdown: &Shutdown,
) -> Result<Variables, Error> {
    let mut shell = shell.clone();
    shell.args = args.iter().map(Into::into).collect();
    // It has no terminal; without one, sshd sets none either.
    shell
        .env
        .retain(|(name, _)| name != "TERM" && name != "COLORTERM");
    let begun = shutdown.begun();
    let limit = async move {
        let _ = tokio::time::timeout(limit, begun).await;
    };
    capture::read(&shell, limit).await
}

fn warning(shell: &Path, why: &Error, has_plain: bool) -> EnvironmentWarning {
    let name = shell.file_name().unwrap_or(shell.as_os_str());
    let name = name.to_string_lossy();
    let what = match why {
        Error::Late => format!(
            "the startup files of `{name}` did not end within {} s",
            INTERACTIVE_LIMIT.as_secs()
        ),
        Error::Ended(status) => {
            format!("`{name}` ended while it read its startup files ({status})")
        }
        Error::TooLong => format!("the startup files of `{name}` print without end"),
        Error::Start(_) => format!("`{name}` cannot be started: {}", text::with_causes(why)),
    };
    let so = if has_plain {
        "only with what a login that is not interactive sets"
    } else {
        "without what they set"
    };
    let hint = match (why, &*name) {
        (Error::Start(_), _) => String::new(),
        (_, "fish") => "fish -lic true".to_owned(),
        (_, "tcsh" | "csh") => format!("{name} -X -c true"),
        _ => format!("{name} -lixc true"),
    };
    EnvironmentWarning {
        message: format!("{what}: programs other than terminals run {so}"),
        hint,
    }
}
