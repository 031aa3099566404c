//! stdout for data, stderr for everything else.

use std::io::Write;

use comfy_table::ContentArrangement;
use comfy_table::Table;
use comfy_table::presets;
use serde::Serialize;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::LogLevel;
use super::error;
use super::error::CliError;
use crate::sys::env;
use crate::sys::log::BoundedLog;
use crate::sys::process;
use crate::sys::text;

/// Prints one line of data.
pub fn data(line: &str) {
    // A closed pipe is the reader's wish.
    let _ = writeln!(std::io::stdout(), "{}", text::printable(line));
}

/// The colour of a word, where a person looks at stdout and wants colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// The terminal's own.
    Plain,
    /// Something is as it should be.
    Green,
    /// Something should be looked at.
    Yellow,
    /// Something is wrong.
    Red,
}

/// Prints one line of data that begins with a coloured word.
pub fn tinted(tint: Tint, word: &str, rest: &str) {
    let wants = process::is_terminal(std::io::stdout()) && env::var("NO_COLOR").is_none();
    let code = match tint {
        Tint::Green if wants => "32",
        Tint::Yellow if wants => "33",
        Tint::Red if wants => "31",
        _ => return data(&format!("{word}{rest}")),
    };
    let rest = text::printable(rest);
    let _ = writeln!(std::io::stdout(), "\x1b[{code}m{word}\x1b[0m{rest}");
}

/// Prints one JSON document on one line.
pub fn json<T: Serialize>(document: &T) {
    if let Ok(text) = serde_json::to_string(document) {
        data(&text);
    }
}

/// Tells the person something on stderr.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", text::printable(line));
}

/// Prints an error, once.
pub fn error(failure: &CliError) {
    let _ = write!(
        std::io::stderr(),
        "{}",
        text::printable(&error::render(failure))
    );
}

/// Says whether a person looks at stderr, as opposed to a file or program.
pub fn is_watched() -> bool {
    process::is_terminal(std::io::stderr())
}

/// Makes a table in the one style of this program.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    table
}

/// Renders a table without blanks at the edges of its lines.
pub fn render(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    lines.join("\n")
}

/// Sends messages to stderr, for a person.
pub fn trace_to_stderr(level: LogLevel) {
    let colour = is_watched() && env::var("NO_COLOR").is_none();
    subscribe(level, BoxMakeWriter::new(std::io::stderr), colour);
}

/// Sends messages to a log of bounded size, for a daemon.
pub fn trace_to_log(level: LogLevel, log: BoundedLog) {
    subscribe(level, BoxMakeWriter::new(move || log.clone()), false);
}

fn subscribe(level: LogLevel, writer: BoxMakeWriter, colour: bool) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level.filter())
        .with_ansi(colour)
        .with_target(false)
        .with_writer(writer)
        .finish();
    // A second call would be a mistake of ours; the first one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Renders a time as a person says it: `just now`, `5 min ago`, `3 days ago`.
pub fn ago(ms: u64, now_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(ms) / 1000;
    let plural = |count: u64, unit: &str| {
        if count == 1 {
            format!("1 {unit} ago")
        } else {
            format!("{count} {unit}s ago")
        }
    };
    match seconds {
        _ if ms == 0 => "never".into(),
        0..60 => "just now".into(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => plural(seconds / 3600, "hour"),
        _ => plural(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let now = 10 * 86_400_000;
        for (before_ms, text) in [
            (0, "just now"),
            (61_000, "1 min ago"),
            (3_600_000, "1 hour ago"),
            (2 * 86_400_000, "2 days ago"),
        ] {
            assert_eq!(ago(now - before_ms, now), text);
        }
        assert_eq!(ago(0, now), "never");
    }

    #[test]
    fn a_table_has_no_blanks_at_its_edges() {
        let mut rows = table(&["name", "status"]);
        rows.add_row(["gpu1", "running"]);
        assert_eq!(render(&rows), "NAME  STATUS\ngpu1  running");
    }
}
