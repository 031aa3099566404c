//! `cocalc-plus terminal list`.

use super::CliError;
use super::Exit;
use super::Instance;
use super::output;
use crate::plus::terminals;
use crate::protocol::call::TerminalRow;
use crate::sys::clock;

/// List the terminals, oldest first
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON array instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<Exit, CliError> {
    let rows = terminals::list(instance).await;
    if args.json {
        output::json(&rows);
    } else if rows.is_empty() {
        output::say("no terminals; start one: cocalc-plus terminal new");
    } else {
        output::data(&table(&rows));
    }
    Ok(Exit::Success)
}

/// The program's name, and how it ended if it has.
fn program(row: &TerminalRow) -> String {
    let end = row.exit.map(|exit| format!(" {exit}"));
    format!("{}{}", row.title, end.unwrap_or_default())
}

/// Renders rows for a person; *windows* are browsers and attached terminals.
pub(super) fn table(rows: &[TerminalRow]) -> String {
    let mut table = output::table(&[
        "id",
        "program",
        "title",
        "size",
        "windows",
        "directory",
        "started",
    ]);
    let now = clock::now_ms();
    for row in rows {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        table.add_row([
            row.id.clone(),
            program(row),
            or_dash(&row.label),
            format!("{}×{}", row.cols, row.rows),
            row.clients.to_string(),
            or_dash(&row.cwd),
            output::ago(row.started_at, now),
        ]);
    }
    output::render(&table)
}
