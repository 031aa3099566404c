//! `cocalc-plus terminal new`.

use std::path::Path;
use std::path::PathBuf;

use super::CliError;
use super::Exit;
use super::Instance;
use super::output;
use crate::plus::terminals;
use crate::protocol::call::NewTerminal;
use crate::protocol::pathtext;

/// Start a terminal and print its id
///
/// The server starts it if one runs, so that it is as one from the page;
/// otherwise this command does, and it inherits this environment.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Width until somebody shows it
    #[arg(long, value_name = "N", default_value_t = 80, value_parser = clap::value_parser!(u16).range(1..=1000))]
    cols: u16,

    /// Height until somebody shows it
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rows: u16,

    /// Start in this directory instead of the home
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,

    /// Print its whole row as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<Exit, CliError> {
    let asked = NewTerminal {
        cols: args.cols,
        rows: args.rows,
        cwd: args.cwd.as_deref().map(absolute).transpose()?,
    };
    let row = terminals::start(instance, asked).await?;
    if args.json {
        output::json(&row);
    } else {
        output::data(&row.id);
    }
    Ok(Exit::Success)
}

fn absolute(path: &Path) -> Result<String, CliError> {
    Ok(pathtext::encode(std::path::absolute(path)?))
}
