//! Examining targets with `ssh doctor`, and typing what it says.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::finished::{self, Finished};
use super::laptop::Laptop;
use super::sshd_builder::Builder;
use super::{bin, write_program};

/// How long a typed command may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Examines a target, expects a finding, types its fixes and examines again.
#[track_caller]
pub(crate) fn cure(laptop: &Laptop, name: &str, severity: &str) -> Value {
    let before = examine(laptop);
    let finding = check(&before, name);
    assert_eq!(finding["severity"], severity, "{before}");
    let fix = fixes(finding);
    assert!(!fix.is_empty(), "{finding}");
    // As it stands on the screen, which is what a person pastes.
    let shown = laptop.run(&["ssh", "doctor", "box"]).stdout;
    assert!(shown.contains(&format!("\n  {}\n", fix[0])), "{shown}");
    type_in(laptop, &fix[0]).success();
    let after = examine(laptop);
    assert!(
        rank(&after, name) < rank(&before, name),
        "{finding}\nafter it: {after}"
    );
    before
}

/// Types the fix of a full disk, and deletes what it names as large.
#[track_caller]
pub(crate) fn make_room(laptop: &Laptop, name: &str, large: &Path) {
    let before = examine(laptop);
    let fix = fixes(check(&before, name));
    let listed = type_in(laptop, &fix[0]).success();
    let path = large.display().to_string();
    assert!(
        listed.stdout.lines().any(|line| line.ends_with(&path)),
        "{listed:#?}"
    );
    laptop.ssh(&["box", "rm", &path]).success();
    assert_eq!(rank(&examine(laptop), name), 0);
    assert!(rank(&before, name) > 1, "{before}");
}

/// Types a command into a shell of the laptop.
#[track_caller]
pub(crate) fn type_in(laptop: &Laptop, line: &str) -> Finished {
    let ours = laptop.file("bin/cocalc-plus");
    if !ours.exists() {
        symlink(bin(), &ours).expect("the laptop is ours");
    }
    let mut shell = laptop.command(Path::new("/bin/sh"));
    finished::run(shell.args(["-c", line]), DEADLINE)
}

#[track_caller]
pub(crate) fn examine(laptop: &Laptop) -> Value {
    laptop.run(&["ssh", "doctor", "box", "--json"]).json()
}

/// Returns the worst check of a name.
#[track_caller]
pub(crate) fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("a list").iter();
    let named = checks.filter(|check| check["name"] == name);
    let worst = named.max_by_key(|check| severity(check));
    worst.unwrap_or_else(|| panic!("no `{name}`: {report}"))
}

/// Returns how bad the worst check of a name is; one that is not there is not.
pub(crate) fn rank(report: &Value, name: &str) -> usize {
    let checks = report["checks"].as_array().expect("a list").iter();
    let named = checks.filter(|check| check["name"] == name);
    named.map(severity).max().unwrap_or_default()
}

pub(crate) fn severity(check: &Value) -> usize {
    let order = ["ok", "note", "warning", "error"];
    let found = order.iter().position(|word| check["severity"] == *word);
    found.unwrap_or_else(|| panic!("no severity: {check}"))
}

pub(crate) fn fixes(check: &Value) -> Vec<String> {
    let fixes = check["fixes"].as_array().into_iter().flatten();
    fixes
        .map(|fix| fix.as_str().expect("a text").to_owned())
        .collect()
}

/// Puts a program of this script in front of the remote's own.
pub(crate) fn with_tool(builder: Builder, folder: &Path, name: &str, script: &str) -> Builder {
    let path = folder.join(name);
    write_program(&path, format!("#!/bin/sh\n{script}\n").as_bytes());
    builder.env(
        "PATH",
        &format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", folder.display()),
    )
}
