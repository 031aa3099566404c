//! `cocalc-plus terminal`: the terminals of this machine, one file a verb.

mod attach;
mod capture;
mod kill;
mod list;
mod new;
mod send;

use std::future::Future;
use std::process::ExitCode;

use clap::Subcommand;

use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::daemon::instance::Instance;
use crate::holder;
use crate::plus::serve::ServeError;

/// List, start, show and end the terminals of this machine
///
/// They are those that the page shows: of this user, this data directory and
/// this batch job. No server need run; terminals outlive it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cocalc-plus terminal list\n  id=$(cocalc-plus terminal new)\n  cocalc-plus terminal send $id $'make test\\r'\n  cocalc-plus terminal capture $id --scrollback\n  cocalc-plus terminal attach $id\n  cocalc-plus terminal kill $id"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Args),
    New(new::Args),
    Attach(attach::Args),
    Kill(kill::Args),
    Send(send::Args),
    Capture(capture::Args),
}

/// Runs one of the verbs; `attach` returns the program's exit code.
///
/// # Errors
/// [`CliError`] whose exit code says the cause.
pub fn run(args: Args) -> Result<ExitCode, CliError> {
    let instance = Instance::current().map_err(ServeError::Runtime)?;
    match args.verb {
        Verb::List(args) => block_on(list::run(&args, &instance)).map(ExitCode::from),
        Verb::New(args) => block_on(new::run(&args, &instance)).map(ExitCode::from),
        Verb::Attach(args) => block_on(attach::run(&args, &instance)),
        Verb::Kill(args) => block_on(kill::run(&args, &instance)).map(ExitCode::from),
        Verb::Send(args) => block_on(send::run(&args, &instance)).map(ExitCode::from),
        Verb::Capture(args) => block_on(capture::run(&args, &instance)).map(ExitCode::from),
    }
}

/// Runs a verb; does not wait for a read of stdin that is under way.
fn block_on<T>(verb: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(verb);
    runtime.shutdown_background();
    result
}

/// Gives an error of the holder's client the id that was asked for.
fn of_terminal(id: &str) -> impl FnOnce(holder::Error) -> CliError {
    let id = id.to_owned();
    move |error| match error {
        holder::Error::Gone { .. } | holder::Error::Id { .. } => CliError::NoTerminal(vec![id]),
        other => other.into(),
    }
}
