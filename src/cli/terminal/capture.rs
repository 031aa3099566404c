//! `cocalc-plus terminal capture`.

use super::CliError;
use super::Exit;
use super::Instance;
use super::of_terminal;
use super::output;
use crate::holder;
use crate::holder::Extent;

/// Print what a terminal shows, as text
///
/// Blank rows at the end are left out. With --json they are not: the last
/// `rows` lines are the screen's, and the cursor counts in them, from 0.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The terminal
    id: String,

    /// Print what left the screen too, oldest line first
    #[arg(long)]
    scrollback: bool,

    /// Print one JSON object with size and cursor
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<Exit, CliError> {
    let extent = if args.scrollback {
        Extent::Everything
    } else {
        Extent::Screen
    };
    let captured = holder::capture(&instance.holders(), &args.id, extent).await;
    let captured = captured.map_err(of_terminal(&args.id))?;
    if args.json {
        let (col, row) = captured.cursor;
        output::json(&serde_json::json!({
            "lines": captured.lines,
            "cols": captured.cols,
            "rows": captured.rows,
            "cursor": { "col": col, "row": row },
        }));
        return Ok(Exit::Success);
    }
    let last = captured.lines.iter().rposition(|line| !line.is_empty());
    let shown = last.map_or(0, |last| last + 1);
    captured.lines[..shown]
        .iter()
        .for_each(|line| output::data(line));
    Ok(Exit::Success)
}
