//! `cocalc-plus ssh doctor`: one screen about a target, and what to type.

use super::connecting::Display;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use super::output::Tint;
use super::reach::Reach;
use crate::ssh::doctor;
use crate::ssh::doctor::Check;
use crate::ssh::doctor::Report;
use crate::ssh::doctor::Severity;
use crate::ssh::doctor::facts::Facts;
use crate::ssh::registry::Registry;
use crate::ssh::target::Target;

/// How wide the screen is; commands that are to be pasted may be longer.
const COLUMNS: usize = 80;

/// The width of the severity's column, two blanks with it.
const SEVERITY_COLUMNS: usize = 9;

/// The width of the name's column, two blanks with it.
const NAME_COLUMNS: usize = 16;

/// Look at a target by one exec, and print what to type against each finding
///
/// It installs and starts nothing there, and leaves nothing. When no connection
/// lives it makes one for this alone, which may ask you to authenticate. Exits
/// with 4 when it finds something that keeps `cocalc-plus ssh TARGET` from
/// working. Options that concern the connection count for this once.
/// `cocalc-plus doctor TARGET` is the same.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The target or its name
    target: String,

    #[command(flatten)]
    reach: Reach,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// Show each ssh command, ready to paste
    #[arg(long)]
    verbose_ssh: bool,
}

/// Looks at a target and shows what it found.
///
/// # Errors
/// When there is no connection; a finding is none.
pub async fn run(args: &Args) -> Result<Exit, CliError> {
    let kept = Registry::open()?.find(&args.target);
    let spelling = kept.map_or_else(|| args.target.clone(), |entry| entry.target);
    let target = Target::parse(&spelling)?;
    let mut display = Display::new(&target, args.json, None);
    let examined = doctor::examine(&target, &args.reach.wish(args.verbose_ssh), &mut display).await;
    display.finish();
    let report = examined?;
    if args.json {
        output::json(&report);
    } else {
        show(&report);
    }
    Ok(match report.worst {
        Severity::Error => Exit::Unwell,
        _ => Exit::Success,
    })
}

fn show(report: &Report) {
    output::data(&format!("{}{}\n", report.target, machine(&report.facts)));
    let mut checks: Vec<&Check> = report.checks.iter().collect();
    // The worst first; the sort keeps the order among equals.
    checks.sort_by_key(|check| std::cmp::Reverse(check.severity));
    for check in &checks {
        let (word, tint) = shown(check.severity);
        let (first, rest) = lines(check);
        output::tinted(tint, &format!("{word:<SEVERITY_COLUMNS$}"), &first);
        for line in rest {
            output::data(&line);
        }
    }
    if report.worst == Severity::Ok {
        output::data("\nall is well");
    }
    show_fixes(&checks);
}

/// Shows what to type, once where it helps against several findings.
fn show_fixes(checks: &[&Check]) {
    let mut left: Vec<&Check> = checks.to_vec();
    left.retain(|check| !check.fixes.is_empty());
    if !left.is_empty() {
        output::data("\nwhat to type:");
    }
    while let Some(first) = left.first().copied() {
        let (same, others): (Vec<&Check>, _) = left
            .into_iter()
            .partition(|check| check.fixes == first.fixes);
        left = others;
        let names: Vec<&str> = same.iter().map(|check| check.name).collect();
        let advice = first
            .advice
            .map_or(String::new(), |advice| format!(" ({advice})"));
        output::data(&format!("\n{}{advice}", names.join(", ")));
        for fix in &first.fixes {
            output::data(&format!("  {fix}"));
        }
    }
}

/// Whom and what the probe met, if it ran.
fn machine(facts: &Facts) -> String {
    if facts.user.is_empty() {
        return String::new();
    }
    format!(": {}@{}, {}", facts.user, facts.host, facts.platform)
}

fn shown(severity: Severity) -> (&'static str, Tint) {
    match severity {
        Severity::Ok => ("ok", Tint::Green),
        Severity::Note => ("note", Tint::Plain),
        Severity::Warning => ("warning", Tint::Yellow),
        Severity::Error => ("error", Tint::Red),
    }
}

/// The lines of a check behind its severity: the first one, and the others
/// with their indent.
fn lines(check: &Check) -> (String, Vec<String>) {
    let indent = SEVERITY_COLUMNS + NAME_COLUMNS;
    let mut wrapped = wrap(&check.found, COLUMNS - indent).into_iter();
    let first = wrapped.next().unwrap_or_default();
    let rest = wrapped.map(|line| format!("{:indent$}{line}", ""));
    (
        format!("{:<NAME_COLUMNS$}{first}", check.name),
        rest.collect(),
    )
}

/// Breaks a text between words; a longer word has a line of its own.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_wrapped_below_itself() {
        let check = Check {
            name: "login shell",
            severity: Severity::Error,
            found: "ends before it runs a command: bash: module: command not found".into(),
            advice: None,
            fixes: Vec::new(),
        };
        let (first, rest) = lines(&check);
        assert_eq!(
            first,
            "login shell     ends before it runs a command: bash: module: command"
        );
        assert_eq!(rest, [format!("{:25}not found", "")]);
    }
}
