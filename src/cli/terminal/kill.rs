//! `cocalc-plus terminal kill`.

use super::CliError;
use super::Exit;
use super::Instance;
use super::of_terminal;
use super::output;
use crate::holder;

/// End terminals and what runs in them
///
/// Each process of the terminal's session is hung up, and killed 2 s later if
/// it is still there; what ignores a hang-up (nohup) or left the session
/// (setsid) lives on. Exits with 3 when one of the ids is no terminal; the
/// others have ended then.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The terminals
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,

    /// End all terminals
    #[arg(long, conflicts_with = "ids")]
    all: bool,

    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<Exit, CliError> {
    let dir = instance.holders();
    let mut ids = args.ids.clone();
    if args.all {
        let rows = holder::list(&dir).await;
        ids.extend(rows.into_iter().map(|row| row.id));
    }
    ids.dedup();
    let ends = ids.iter().map(|id| holder::kill(&dir, id));
    let ends = futures::future::join_all(ends).await;
    let (mut killed, mut missing, mut failed) = (Vec::new(), Vec::new(), None);
    for (id, end) in ids.into_iter().zip(ends) {
        match end.map_err(of_terminal(&id)) {
            Ok(()) => killed.push(id),
            // It ended by itself meanwhile.
            Err(CliError::NoTerminal(_)) if args.all => {}
            Err(CliError::NoTerminal(_)) => missing.push(id),
            Err(error) => failed = Some(error),
        }
    }
    if args.json {
        output::json(&serde_json::json!({ "killed": killed }));
    } else if killed.is_empty() && args.all {
        output::say("no terminals");
    } else {
        killed.iter().for_each(|id| output::data(id));
    }
    match failed {
        Some(error) => Err(error),
        None if missing.is_empty() => Ok(Exit::Success),
        None => Err(CliError::NoTerminal(missing)),
    }
}
