//! Turns an error into what a person reads; nobody else does.

use std::error::Error;
use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use crate::daemon::launch::LaunchError;
use crate::holder;
use crate::plus::keys::KeysError;
use crate::plus::serve::ServeError;
use crate::plus::settings;
use crate::plus::storing;
use crate::plus::terminals::StartError;
use crate::protocol::control::Failure;
use crate::ssh::registry;
use crate::ssh::registry::RegistryError;
use crate::ssh::target::TargetError;
use crate::ssh::tunnel::TunnelError;

/// Everything that can end a command.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A connect, or something that a tunnel was asked for.
    #[error(transparent)]
    Remote(#[from] Failure),
    /// The target is none.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(String),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A setting.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A process that should stay.
    #[error("the server does not start: {0}")]
    Launch(#[from] LaunchError),
    /// The laptop's registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The tunnel's process.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The holder's process.
    #[error(transparent)]
    Holder(#[from] holder::Error),
    /// No terminals of these ids.
    #[error("no terminal `{}`", .0.join("`, `"))]
    NoTerminal(Vec<String>),
    /// Whoever starts terminals did not.
    #[error(transparent)]
    Start(#[from] StartError),
    /// API keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A file that a command was given.
    #[error("cannot open `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something that cannot be done here, and what can.
    #[error("{text}")]
    Hinted {
        /// What cannot be done.
        text: String,
        /// What to type instead.
        hint: String,
    },
    /// Whatever the system says.
    #[error("the system refused")]
    Io(#[from] io::Error),
}

impl CliError {
    /// Says that something cannot be done here, and what can.
    pub fn hinted(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Hinted {
            text: text.into(),
            hint: hint.into(),
        }
    }
}

/// Renders an error: what, its causes, the end of a log, and what to type.
pub fn render(error: &CliError) -> String {
    let mut text = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = writeln!(text, "  caused by: {inner}");
        cause = inner.source();
    }
    if let CliError::Launch(launch) = error
        && !launch.log().trim().is_empty()
    {
        let _ = write!(text, "the end of its log:\n{}\n", launch.log().trim_end());
    }
    if let Some(hint) = hint(error) {
        let _ = write!(text, "\nhint: {hint}\n");
    }
    text
}

fn hint(error: &CliError) -> Option<String> {
    match error {
        CliError::Remote(failure) => Some(failure.hint.clone()).filter(|hint| !hint.is_empty()),
        CliError::Target(_) => Some("cocalc-plus ssh user@host[:port]".into()),
        CliError::Usage(_) => Some("cocalc-plus --help".into()),
        CliError::Serve(ServeError::Port { .. }) => Some("cocalc-plus serve --port 0".into()),
        CliError::Serve(ServeError::Store(error)) => storing::hint(error),
        CliError::Registry(RegistryError::Runtime(_)) | CliError::Serve(ServeError::Runtime(_)) => {
            Some(registry::RUNTIME_HINT.into())
        }
        CliError::Serve(ServeError::NoToken { .. }) => {
            Some("cocalc-plus config set auth_token - < FILE, or --token-file FILE".into())
        }
        CliError::Serve(ServeError::Host { .. }) => {
            Some("cocalc-plus config get host; the name has to be one of this machine".into())
        }
        CliError::Settings(error) | CliError::Serve(ServeError::Settings(error)) => {
            Some(settings_hint(error))
        }
        CliError::Keys(KeysError::NoServer) => Some("cocalc-plus serve --daemon".into()),
        CliError::Keys(_) => Some("cocalc-plus key list".into()),
        CliError::NoTerminal(_) => Some("cocalc-plus terminal list".into()),
        CliError::Holder(holder::Error::Vanished) => Some("cocalc-plus terminal new".into()),
        CliError::Hinted { hint, .. } => Some(hint.clone()),
        _ => None,
    }
}

fn settings_hint(error: &settings::Error) -> String {
    match error {
        settings::Error::Unknown { .. } => "cocalc-plus config list".to_owned(),
        settings::Error::Open { path, .. } => format!("chmod 600 {}", path.display()),
        settings::Error::Wrong { origin, key, .. } => match origin.word() {
            "environment" => format!("cocalc-plus config get {key}"),
            "file" => "cocalc-plus config edit".to_owned(),
            _ => "cocalc-plus config --help".to_owned(),
        },
        _ => "cocalc-plus config edit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::control::Cause;

    #[test]
    fn an_error_names_the_thing_and_what_to_type() {
        let failure = Failure {
            cause: Cause::Auth,
            message: "`gpu1` did not accept you: Permission denied (publickey)".into(),
            hint: "ssh gpu1".into(),
        };
        let expected =
            "error: `gpu1` did not accept you: Permission denied (publickey)\n\nhint: ssh gpu1\n";
        assert_eq!(render(&failure.into()), expected);
    }

    #[test]
    fn causes_stand_below() {
        let source = io::Error::from(io::ErrorKind::AddrInUse);
        let error = CliError::Serve(ServeError::Port { port: 80, source });
        let text = render(&error);
        assert!(
            text.starts_with("error: port 80 is taken\n  caused by: "),
            "{text}"
        );
        assert!(
            text.ends_with("hint: cocalc-plus serve --port 0\n"),
            "{text}"
        );
    }
}
