//! The command line: one file a subcommand; the only room that prints.

pub mod browser;
pub mod completions;
pub mod config;
pub mod connecting;
pub mod doctor;
pub mod error;
pub mod exit;
pub mod hidden;
pub mod key;
pub mod open;
pub mod output;
pub mod reach;
pub mod serve;
pub mod ssh;
pub mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::plus::settings;
use crate::sys::env;

/// Flags of `serve` that stand without it, as in the original system.
const SERVE_FLAGS: [&str; 7] = [
    "--daemon",
    "--daemon-stop",
    "--daemon-status",
    "--write-connection-info",
    "--pidfile",
    "--log",
    "--port",
];

/// Turn any machine you can reach by ssh into a persistent workspace in your browser
///
/// `cocalc-plus ssh user@host` connects, installs itself there if it is
/// missing, and opens terminals in your browser. Nothing that you start there
/// stops by itself: not when you close the page, the lid or the connection.
#[derive(Debug, Parser)]
#[command(name = "cocalc-plus", version, max_term_width = 100)]
#[command(
    after_help = "Examples:\n  cocalc-plus ssh user@gpu1\n  cocalc-plus ssh list\n  cocalc-plus serve --daemon\n  cocalc-plus terminal attach"
)]
pub struct Cli {
    /// Show messages of this level and above on stderr
    ///
    /// `warn`, or what the settings say for `serve`.
    #[arg(long, global = true, value_name = "LEVEL", value_enum)]
    log_level: Option<LogLevel>,

    #[command(subcommand)]
    command: Option<Command>,
}

/// How much is told on stderr.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogLevel {
    /// Nothing but the final error.
    Error,
    /// What a person should know.
    Warn,
    /// What happens.
    Info,
    /// What happens inside.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    fn filter(self) -> tracing::level_filters::LevelFilter {
        use tracing::level_filters::LevelFilter;
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Ssh(Box<ssh::Args>),
    Serve(serve::Args),
    Terminal(terminal::Args),
    Config(config::Args),
    Key(key::Args),
    Open(open::Args),
    Completions(completions::Args),
    #[command(name = "__attach", hide = true)]
    Attach(hidden::AttachArgs),
    #[command(name = "__tunnel", hide = true)]
    Tunnel(hidden::TunnelArgs),
    #[command(name = "__verify", hide = true)]
    Verify(hidden::VerifyArgs),
}

/// Parses the arguments, runs, and returns the exit code.
pub fn run() -> ExitCode {
    let args = open::with_subcommand(env::args());
    if let Some(held) = hidden::holder(&args) {
        return end(held);
    }
    if let Some(told) = hidden::environment(&args) {
        return end(told);
    }
    let cli = match Cli::try_parse_from(with_ssh(with_serve(args))) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                exit::Exit::Usage
            } else {
                exit::Exit::Success
            };
            // A closed pipe behind `--help` is nobody's error.
            let _ = error.print();
            return code.into();
        }
    };
    let level = cli.log_level.unwrap_or(LogLevel::Warn);
    settings::place_data();
    let ran = match cli.command {
        None => {
            let _ = Cli::command().print_help();
            return exit::Exit::Usage.into();
        }
        Some(Command::Ssh(args)) => ssh::run(*args, level),
        Some(Command::Serve(args)) => serve::run(&args, cli.log_level),
        Some(Command::Terminal(args)) => return end(terminal::run(args)),
        Some(Command::Config(args)) => config::run(args),
        Some(Command::Key(args)) => key::run(args),
        Some(Command::Open(args)) => open::run(&args),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Attach(args)) => hidden::attach(args),
        Some(Command::Tunnel(args)) => hidden::tunnel(args),
        Some(Command::Verify(args)) => hidden::verify(&args),
    };
    end(ran)
}

/// Prints what went wrong, and returns the exit code.
fn end(ran: Result<impl Into<ExitCode>, error::CliError>) -> ExitCode {
    match ran {
        Ok(code) => code.into(),
        Err(failure) => {
            output::error(&failure);
            exit::Exit::from(&failure).into()
        }
    }
}

/// `cocalc-plus --daemon` means `cocalc-plus serve --daemon`.
fn with_serve(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_serve = args
        .get(1)
        .and_then(|first| first.to_str())
        .is_some_and(|first| {
            let name = first.split_once('=').map_or(first, |(name, _)| name);
            SERVE_FLAGS.contains(&name)
        });
    if is_serve {
        args.insert(1, "serve".into());
    }
    args
}

/// `cocalc-plus doctor T` means `cocalc-plus ssh doctor T`.
fn with_ssh(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|first| first == "doctor") {
        args.insert(1, "ssh".into());
    }
    args
}

/// Returns the whole command line's definition, for completions and manuals.
pub fn definition() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn server_flags_alone_mean_serve() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(with_serve(words("c --daemon")), words("c serve --daemon"));
        assert_eq!(with_serve(words("c --port=1")), words("c serve --port=1"));
        assert_eq!(
            with_serve(words("c ssh --log-level info")),
            words("c ssh --log-level info")
        );
        assert_eq!(with_serve(words("c --help")), words("c --help"));
        assert_eq!(with_ssh(words("c doctor h")), words("c ssh doctor h"));
    }

    #[test]
    fn a_host_named_like_a_verb_is_reached_behind_two_dashes() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).unwrap().command;
        let Some(Command::Ssh(args)) = parse("c ssh -- list") else {
            panic!()
        };
        assert_eq!(args.target(), Some("list"));
        let Some(Command::Ssh(args)) = parse("c ssh list") else {
            panic!()
        };
        assert_eq!(args.target(), None);
    }
}
