//! What control groups and quotas leave this user.

use super::Check;
use super::Severity;
use super::facts::Facts;
use super::facts::Limit;
use super::fix::Typist;
use super::fix::word;
use super::judge::bytes;
use super::places;

/// Below this memory limit not much more than a terminal fits.
const SMALL_MEMORY: u64 = 512 << 20;

/// Below this many processes a build or a notebook fails to fork.
const FEW_PROCESSES: u64 = 100;

/// From here on a quota is nearly used up, in percent.
const QUOTA_PERCENT: u64 = 90;

/// Above this, version 1 of control groups means that there is no limit.
const NO_LIMIT: u64 = 1 << 60;

/// Judges what control groups allow the session.
pub(super) fn limits(facts: &Facts, typist: &Typist) -> Vec<Check> {
    let mut said = Vec::new();
    let mut checks = Vec::new();
    let mut judge = |name: &'static str, names: [&str; 2], small: u64, say: fn(u64) -> String| {
        let least = facts
            .limits
            .iter()
            .filter(|limit| names.contains(&limit.name.as_str()))
            .filter_map(|limit| Some((amount(limit)?, limit)))
            .min_by_key(|(amount, _)| *amount);
        match least {
            Some((value, limit)) if value < small => checks.push(
                Check::new(name, Severity::Warning, format!("{} at most", say(value)))
                    .fix(lift(limit, typist)),
            ),
            Some((value, _)) => said.push(say(value)),
            None => {}
        }
    };
    judge(
        "memory",
        ["memory.max", "memory.limit_in_bytes"],
        SMALL_MEMORY,
        bytes,
    );
    judge(
        "processes",
        ["pids.max", "pids.max"],
        FEW_PROCESSES,
        |count| format!("{count} processes"),
    );
    judge(
        "processor",
        ["cpu.max", "cpu.cfs_quota_us"],
        50,
        |percent| format!("{}.{:02} processors", percent / 100, percent % 100),
    );
    if checks.is_empty() && said.is_empty() {
        said.push("none".into());
    }
    if !said.is_empty() {
        checks.push(Check::ok("limits", said.join(", ")));
    }
    checks
}

/// A limit in bytes, processes or hundredths of a processor; `None` for none.
fn amount(limit: &Limit) -> Option<u64> {
    let mut words = limit.value.split_whitespace();
    let first: u64 = words.next()?.parse().ok()?;
    match limit.name.as_str() {
        "cpu.max" | "cpu.cfs_quota_us" => {
            let period: u64 = words.next()?.parse().ok()?;
            first.saturating_mul(100).checked_div(period)
        }
        _ => (first < NO_LIMIT).then_some(first),
    }
}

/// Version 1 of control groups writes no limit as -1, but for `pids.max`.
fn lift(limit: &Limit, typist: &Typist) -> String {
    let none = match limit.name.as_str() {
        "memory.limit_in_bytes" | "cpu.cfs_quota_us" => "-1",
        _ => "max",
    };
    typist.root_line(&format!("echo {none} | sudo tee {}", word(&limit.file)))
}

/// Judges the lines of quota(1): blocks in kilobytes, then files.
pub(super) fn quota(facts: &Facts, typist: &Typist) -> Vec<Check> {
    let mut checks = Vec::new();
    for line in &facts.quota {
        for (used, limit, unit) in quota_of(line) {
            let device = line.split_whitespace().next().unwrap_or_default();
            let amounts = if unit == "files" {
                format!("{used} of {limit} files")
            } else {
                format!("{} of {}", bytes(used << 10), bytes(limit << 10))
            };
            let found = format!("{amounts} on {device}");
            if used.saturating_mul(100) < limit.saturating_mul(QUOTA_PERCENT) {
                checks.push(Check::ok("quota", found));
            } else {
                let check = Check::new("quota", Severity::Warning, found);
                checks.push(places::make_room(check, "~", typist));
            }
        }
    }
    checks
}

/// What one line limits: used, the lower of the limits, and of what.
fn quota_of(line: &str) -> Vec<(u64, u64, &'static str)> {
    let mut words = line.split_whitespace().skip(1).peekable();
    let mut found = Vec::new();
    for unit in ["blocks", "files"] {
        let mut next = || words.next().unwrap_or_default();
        let used = next();
        let (soft, hard) = (next().parse::<u64>(), next().parse::<u64>());
        // A star marks what is over, and only then a grace follows.
        let is_over = used.ends_with('*');
        let (Ok(used), Ok(soft), Ok(hard)) = (used.trim_end_matches('*').parse(), soft, hard)
        else {
            break;
        };
        if is_over {
            words.next();
        }
        if let Some(limit) = [soft, hard].into_iter().filter(|limit| *limit > 0).min() {
            found.push((used, limit, unit));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{facts, typist};
    use super::*;

    #[test]
    fn the_lowest_limit_of_a_control_group_and_those_above_counts() {
        let facts = facts(&[
            "limit memory.max /g/a/memory.max max",
            "limit memory.max /g/memory.max 4294967296",
            "limit pids.max /g/a/pids.max 64",
            "limit pids.max /g/pids.max 4096",
            "limit cpu.cfs_quota_us /c/cpu.cfs_quota_us 150000 100000",
            "limit memory.limit_in_bytes /m 9223372036854771712",
        ]);
        let [pids, rest] = &limits(&facts, &typist())[..] else {
            panic!()
        };
        assert_eq!(
            (pids.name, pids.found.as_str()),
            ("processes", "64 processes at most")
        );
        assert_eq!(pids.fixes, ["ssh -t h 'echo max | sudo tee /g/a/pids.max'"]);
        assert_eq!(rest.found, "4.0 GB, 1.50 processors");
    }

    #[test]
    fn a_quota_is_read_with_and_without_grace() {
        assert_eq!(
            quota_of("/dev/sda1 98000* 90000 100000 6days 120 0 500"),
            [(98_000, 90_000, "blocks"), (120, 500, "files")]
        );
        assert_eq!(quota_of("/dev/sda1 10 0 100 1 0 0"), [(10, 100, "blocks")]);
        for other in [
            "Disk quotas for user me (uid 1000): none",
            "Filesystem blocks quota limit",
        ] {
            assert_eq!(quota_of(other), []);
        }
    }
}
