//! `cocalc-plus terminal send`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::CliError;
use super::Exit;
use super::Instance;
use super::of_terminal;
use super::output;
use crate::holder;

/// Type into a terminal
///
/// Exactly these bytes are typed: no newline is added (Return is `\r`). Returns
/// when the terminal has them; that its program reads them is another matter.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cocalc-plus terminal send t7f3a $'ls\\r'\n  cocalc-plus terminal send t7f3a $'\\x03'\n  cocalc-plus terminal send t7f3a - < keys"
)]
pub(super) struct Args {
    /// The terminal
    id: String,

    /// The text; - reads it from stdin
    #[arg(allow_hyphen_values = true)]
    text: OsString,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<Exit, CliError> {
    let dir = instance.holders();
    let typed = if args.text == "-" {
        holder::type_all(&dir, &args.id, tokio::io::stdin()).await
    } else {
        holder::type_all(&dir, &args.id, args.text.as_bytes()).await
    };
    let bytes = typed.map_err(of_terminal(&args.id))?;
    if args.json {
        output::json(&serde_json::json!({ "id": args.id, "bytes": bytes }));
    }
    Ok(Exit::Success)
}
