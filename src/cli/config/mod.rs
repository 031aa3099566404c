//! `cocalc-plus config`: the settings of this user's servers.

mod edit;

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;

use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::plus::settings;
use crate::plus::settings::Row;
use crate::plus::settings::SCHEMA;
use crate::plus::settings::Starter;

/// The most bytes that are read as a value.
const MAX_VALUE_BYTES: u64 = 64 << 10;

/// Show and change settings
///
/// A flag wins over the environment, that over the file, and that over the
/// default. The page has the same settings. `AUTH_TOKEN`, `COCALC_PORT` and
/// such are the same settings in the environment; `list` names them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cocalc-plus config list\n  cocalc-plus config set port 6060\n  cocalc-plus config set auth_token - < token\n  cocalc-plus config edit"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print what holds for a setting
    Get {
        /// The setting
        key: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Set a setting in the file
    Set {
        /// The setting
        key: String,
        /// The value; `-` reads it from stdin, as a secret must be
        #[arg(allow_hyphen_values = true, required_unless_present = "file")]
        value: Option<String>,
        /// Read the value from this file
        #[arg(long, value_name = "FILE", conflicts_with = "value")]
        file: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Take a setting out of the file
    Unset {
        /// The setting
        key: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List every setting, what holds, and where that is from
    List {
        /// Print a JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Print where the file stands
    Path {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Open the file in $VISUAL or $EDITOR, and keep it if it is good
    Edit,
}

/// Runs one of the verbs.
///
/// # Errors
/// [`CliError`] with what is wrong with a setting or the file.
pub fn run(args: Args) -> Result<Exit, CliError> {
    match args.verb {
        Verb::Get { key, json } => get(&key, json),
        Verb::Set {
            key,
            value,
            file,
            json,
        } => set(&key, value, file, json),
        Verb::Unset { key, json } => {
            settings::keeper(Starter::Person, &[])?.change(&key, None)?;
            tell(&key, json)
        }
        Verb::List { json } => list(json),
        Verb::Path { json } => {
            let path = settings::path();
            if json {
                output::json(&serde_json::json!({ "path": path, "exists": path.exists() }));
            } else {
                output::data(&path.display().to_string());
            }
            Ok(Exit::Success)
        }
        Verb::Edit => edit::run(),
    }
}

fn get(key: &str, json: bool) -> Result<Exit, CliError> {
    let row = row(key)?;
    if json {
        output::json(&row);
    } else if row.is_set {
        output::data(&shown(&row));
    } else {
        output::say(&format!("`{key}` is not set"));
        return Ok(Exit::Failure);
    }
    Ok(Exit::Success)
}

fn set(
    key: &str,
    value: Option<String>,
    file: Option<PathBuf>,
    json: bool,
) -> Result<Exit, CliError> {
    let definition = SCHEMA.find(key)?;
    let text = match (value, file) {
        (Some(value), _) if value == "-" => read(io::stdin())?,
        (Some(_), _) if definition.is_secret() => {
            return Err(CliError::hinted(
                format!("`{key}` is a secret, and other users see arguments"),
                format!("cocalc-plus config set {key} - < FILE"),
            ));
        }
        (Some(value), _) => value,
        (None, Some(path)) => File::open(&path)
            .and_then(read)
            .map_err(|source| CliError::File { path, source })?,
        (None, None) => read(io::stdin())?,
    };
    let value = definition.kind.parse(&text);
    let Some(value) = value else {
        let allowed = definition.kind.allowed();
        return Err(CliError::Usage(format!("`{key}` is {allowed}")));
    };
    settings::keeper(Starter::Person, &[])?.change(key, Some(value))?;
    tell(key, json)
}

/// Says what holds after a change, which may not be what was changed.
fn tell(key: &str, json: bool) -> Result<Exit, CliError> {
    let row = row(key)?;
    if json {
        output::json(&row);
        return Ok(Exit::Success);
    }
    let held = if row.is_set {
        shown(&row)
    } else {
        "not set".into()
    };
    output::say(&format!("`{key}` is {held} ({})", row.from));
    if matches!(row.origin, "environment" | "flag") {
        output::say("what the file says holds where that does not");
    } else if row.is_for_restart() {
        output::say("a server that runs goes on as it began: start it again");
    }
    Ok(Exit::Success)
}

fn list(json: bool) -> Result<Exit, CliError> {
    let rows = settings::keeper(Starter::Person, &[])?.rows()?;
    if json {
        output::json(&rows);
        return Ok(Exit::Success);
    }
    let mut table = output::table(&["setting", "value", "from", "variable"]);
    for row in &rows {
        let value = if row.is_set { shown(row) } else { "-".into() };
        let variable = row.definition.variables.last().copied().unwrap_or("-");
        table.add_row([
            row.definition.key,
            &value,
            &row.from.replace('`', ""),
            variable,
        ]);
    }
    output::data(&output::render(&table));
    Ok(Exit::Success)
}

fn row(key: &str) -> Result<Row, CliError> {
    SCHEMA.find(key)?;
    let rows = settings::keeper(Starter::Person, &[])?.rows()?;
    let row = rows.into_iter().find(|row| row.definition.key == key);
    Ok(row.expect("every setting has a row"))
}

/// What is shown of a value that is set.
fn shown(row: &Row) -> String {
    let value = row.value.as_ref().map(ToString::to_string);
    value.unwrap_or_else(|| "set".to_owned())
}

/// Reads a value, without the line end that an editor or `echo` adds.
pub(super) fn read(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_VALUE_BYTES).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
