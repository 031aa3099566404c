//! From facts to checks: the connection, the machine, this user's limits.

use super::Check;
use super::Severity;
use super::facts::Answer;
use super::facts::Facts;
use super::fix::Typist;
use super::limits;
use super::places;
use super::servers;
use super::shell;
use crate::release::build::Build;

/// From here on clocks differ enough to confuse make, certificates and logs.
const CLOCK_MS: u64 = 60_000;

/// Judges everything, in the order in which it is shown.
pub(super) fn judge(facts: &Facts, build: &Build, typist: &Typist) -> Vec<Check> {
    let mut checks = shell::checks(facts, typist);
    checks.extend(stalled(facts));
    checks.extend(platform(facts, build));
    checks.extend(round_trip(facts));
    checks.extend(clock(facts, typist));
    checks.extend(sessions(facts, typist));
    checks.extend(forwarding(facts, typist));
    checks.extend(logout(facts, typist));
    if facts.answer == Answer::Whole {
        checks.extend(limits::limits(facts, typist));
    }
    checks.extend(limits::quota(facts, typist));
    checks.extend(places::checks(facts, build, typist));
    checks.extend(servers::checks(facts, build, typist));
    checks
}

fn stalled(facts: &Facts) -> Option<Check> {
    let Answer::Stalled { at, seconds } = &facts.answer else {
        return None;
    };
    let found =
        format!("{at} does not answer within {seconds} s; what comes after it is not known");
    // A root on a dead disk stops a connect too; a program's answer does not.
    let severity = if at.starts_with('/') {
        Severity::Error
    } else {
        Severity::Warning
    };
    Some(Check::new("stands still", severity, found))
}

fn platform(facts: &Facts, build: &Build) -> Option<Check> {
    let is_other = !facts.platform.is_empty() && facts.platform != build.platform;
    is_other.then(|| {
        let found = format!(
            "{}, and this build runs on {} only; use one made there",
            facts.platform, build.platform
        );
        Check::new("platform", Severity::Error, found)
    })
}

fn round_trip(facts: &Facts) -> Option<Check> {
    let us = facts.round_trip_us?;
    Some(Check::ok(
        "round trip",
        format!("{}.{:02} ms", us / 1000, us % 1000 / 10),
    ))
}

fn clock(facts: &Facts, typist: &Typist) -> Option<Check> {
    let ahead = facts.clock_ahead_ms?;
    let apart = ahead.unsigned_abs();
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    let amount = duration(apart / 1000);
    Some(if apart < 1000 {
        Check::ok("clock", "as here, to the second")
    } else if apart < CLOCK_MS {
        Check::ok("clock", format!("{amount} {way} this machine's"))
    } else {
        // `$(…)` is this machine's time when the line is typed.
        let set = typist
            .root_line("sudo date -u -s @NOW")
            .replace("@NOW'", "@'$(date +%s)");
        let found = format!("{amount} {way} this machine's; one of both is wrong");
        Check::new("clock", Severity::Warning, found).fix(set)
    })
}

fn sessions(facts: &Facts, typist: &Typist) -> Option<Check> {
    Some(if facts.second_session? {
        Check::ok("sessions", "several on one connection")
    } else {
        let found = "one on a connection (MaxSessions 1); cocalc-plus needs no more";
        Check::new("sessions", Severity::Note, found).fix(sshd_lines(typist, &["MaxSessions 10"]))
    })
}

fn forwarding(facts: &Facts, typist: &Typist) -> Option<Check> {
    Some(if facts.forwarding? {
        Check::ok("forwarding", "allowed")
    } else {
        let found = "refused by sshd; cocalc-plus needs none";
        let lines = ["DisableForwarding no", "AllowTcpForwarding yes"];
        Check::new("forwarding", Severity::Note, found).fix(sshd_lines(typist, &lines))
    })
}

/// sshd obeys the first line of a keyword, and HUP lets it read them anew.
fn sshd_lines(typist: &Typist, lines: &[&str]) -> String {
    let inserts: String = lines
        .iter()
        .map(|line| format!(" -e \"1i {line}\""))
        .collect();
    typist.root_line(&format!(
        "sudo sed -i{inserts} /etc/ssh/sshd_config && sudo kill -HUP $(cat /run/sshd.pid)"
    ))
}

fn logout(facts: &Facts, typist: &Typist) -> Option<Check> {
    let linger = facts.linger?;
    let setting = |name: &str| {
        let lines = facts.logind.iter().rev();
        lines
            .clone()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let lists = |value: &str| value.split_whitespace().any(|user| user == facts.user);
    let kills = setting("KillUserProcesses")
        .is_some_and(|value| matches!(value, "yes" | "true" | "on" | "1"));
    let spared = lists(setting("KillExcludeUsers").unwrap_or("root"));
    let is_meant = setting("KillOnlyUsers").is_none_or(|only| only.is_empty() || lists(only));
    if kills && is_meant && !spared {
        let found = "kills your processes, terminals too (KillUserProcesses=yes)";
        let fix = format!(
            "printf '%s\\n' '[Login]' 'KillExcludeUsers=root {}' | \
             sudo tee /etc/systemd/logind.conf.d/cocalc-plus.conf && \
             sudo systemctl restart systemd-logind",
            facts.user
        );
        let fix = format!("sudo mkdir -p /etc/systemd/logind.conf.d && {fix}");
        return Some(Check::new("logout", Severity::Warning, found).fix(typist.root_line(&fix)));
    }
    let linger = if linger { "on" } else { "off" };
    Some(Check::ok(
        "logout",
        format!("your processes live on (lingering is {linger})"),
    ))
}

/// An amount of memory or disk as a person says it, `4.0 GB`, `252 GB`.
pub(super) fn bytes(count: u64) -> String {
    let mut tenths = count.saturating_mul(10) >> 10;
    let mut units = ["kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while tenths >= 10_000
        && let Some(larger) = units.next()
    {
        (tenths, unit) = (tenths >> 10, larger);
    }
    match tenths {
        0..1000 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", tenths / 10),
    }
}

/// A length of time in its two largest units, `1 h 3 min`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{facts, typist};
    use super::*;

    #[test]
    fn a_clock_is_judged_to_the_minute() {
        for (ahead, severity, found) in [
            (0, Severity::Ok, "as here, to the second"),
            (-5000, Severity::Ok, "5 s behind this machine's"),
            (
                3_600_000,
                Severity::Warning,
                "1 h 0 min ahead of this machine's; one of both is wrong",
            ),
        ] {
            let facts = Facts {
                clock_ahead_ms: Some(ahead),
                ..Facts::default()
            };
            let check = clock(&facts, &typist()).unwrap();
            assert_eq!((check.severity, check.found.as_str()), (severity, found));
            if severity == Severity::Warning {
                assert_eq!(check.fixes, ["ssh -t h 'sudo date -u -s @'$(date +%s)"]);
            }
        }
    }

    #[test]
    fn logout_kills_whom_logind_means() {
        let kills = ["user me", "linger yes", "logind KillUserProcesses yes"];
        let check = |more: &[&str]| logout(&facts(&[&kills[..], more].concat()), &typist());
        assert_eq!(check(&[]).unwrap().severity, Severity::Warning);
        for spared in [
            "logind KillExcludeUsers root me",
            "logind KillOnlyUsers you",
            "logind KillUserProcesses no",
            "user root",
        ] {
            assert_eq!(check(&[spared]).unwrap().severity, Severity::Ok, "{spared}");
        }
        assert_eq!(logout(&facts(&kills[2..]), &typist()), None, "no logind");
    }

    #[test]
    fn amounts_read_as_people_say_them() {
        assert_eq!(bytes(512 << 10), "512 kB");
        assert_eq!(bytes(4 << 30), "4.0 GB");
        assert_eq!(bytes(9 << 40), "9.0 TB");
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(90_000), "1 d 1 h");
    }
}
