//! Versions, and the servers of this user.

use super::Check;
use super::Severity;
use super::facts::Facts;
use super::facts::Server;
use super::fix::Typist;
use super::judge::duration;
use crate::daemon::instance;
use crate::release::build::Build;
use crate::sys::clock;

/// Judges what is installed and what runs.
pub(super) fn checks(facts: &Facts, build: &Build, typist: &Typist) -> Vec<Check> {
    // A probe that stood still earlier knows of no server.
    if facts.runtimes.is_empty() {
        return Vec::new();
    }
    let parts = [
        &facts.uid,
        &facts.host,
        &facts.boot,
        &facts.data,
        &facts.job,
    ];
    let name = instance::name(&parts.map(String::as_str));
    let alive = facts
        .servers
        .iter()
        .filter(|server| server.is_alive(&facts.boot));
    let (ours, others): (Vec<_>, Vec<_>) = alive.partition(|server| server.instance == name);
    let mut checks = vec![
        installed(facts, build),
        server(ours.first().copied(), build, typist),
    ];
    checks.extend(other_servers(&others, typist));
    checks.extend(elsewhere(facts));
    checks
}

fn installed(facts: &Facts, build: &Build) -> Check {
    let this = build.file_name(&build.platform);
    let builds = || facts.roots.iter().flat_map(|root| &root.builds);
    let others = builds().filter(|file| **file != this).count();
    let this = if builds().any(|file| *file == this) {
        format!("this build, {}", build.version)
    } else {
        format!("not this build, {}; a connect does that", build.version)
    };
    Check::ok(
        "installed",
        match others {
            0 => this,
            1 => format!("{this}; 1 other build"),
            _ => format!("{this}; {others} other builds"),
        },
    )
}

fn server(server: Option<&Server>, build: &Build, typist: &Typist) -> Check {
    let Some(server) = server else {
        return Check::ok("server", "none runs; a connect starts it");
    };
    let file = server.executable.rsplit('/').next().unwrap_or_default();
    let file = file.trim_end_matches(" (deleted)");
    let told = format!("{} runs, {}", server.version, process(server));
    if file.is_empty() || file == build.file_name(&build.platform) {
        return Check::ok("server", told);
    }
    let fix = format!(
        "{} && {}",
        typist.ours("stop --keep"),
        typist.ours("").replace("  ", " ")
    );
    Check::new(
        "server",
        Severity::Note,
        format!("{told}; of another build"),
    )
    .advise("terminals live on")
    .fix(fix)
}

fn other_servers(others: &[&Server], typist: &Typist) -> Option<Check> {
    let (first, more) = others.split_first()?;
    let mut found = format!("{}, {}", first.version, process(first));
    if !more.is_empty() {
        found = format!("{} run, the first {}", others.len(), process(first));
    }
    found.push_str("; of another DATA directory or job");
    let pids: Vec<String> = others.iter().map(|server| server.pid.to_string()).collect();
    Some(
        Check::new("other servers", Severity::Note, found)
            .advise("ends them; their terminals live on")
            .fix(typist.line(&format!("kill {}", pids.join(" ")))),
    )
}

/// A log that was written since this boot, of no instance that this machine
/// has, is another machine's in a shared home.
fn elsewhere(facts: &Facts) -> Option<Check> {
    let is_elsewhere = |log: &&String| !facts.instances.contains(log);
    match facts.logs.iter().filter(is_elsewhere).count() {
        0 => None,
        count => Some(Check::ok(
            "other machines",
            format!("{count} more began in this home since this one booted"),
        )),
    }
}

fn process(server: &Server) -> String {
    let since = clock::now_ms().saturating_sub(server.started_at) / 1000;
    format!("pid {}, for {}", server.pid, duration(since))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{build, facts, typist};
    use super::*;

    fn judged(lines: &[&str]) -> Vec<Check> {
        let known = [
            "uid 1000",
            "host h",
            "boot b1",
            "data /d",
            "runtime missing no - - /r",
        ];
        let facts = facts(&[&known, lines].concat());
        checks(&facts, &build(), &typist())
    }

    #[test]
    fn servers_are_told_apart_by_their_instance() {
        let ours = instance::name(&["1000", "h", "b1", "/d", ""]);
        let ours = format!("server {ours} 7 88 88 b1 1 0.1.0 /h/bin/0.0.9-Linux-x86_64-bb");
        let [_, mine, other] = &judged(&[&ours, "server ffff 8 99 99 b1 1 0.1.0 -"])[..] else {
            panic!()
        };
        assert!(mine.found.ends_with("of another build"), "{mine:?}");
        assert_eq!(
            mine.fixes,
            ["cocalc-plus ssh stop --keep h && cocalc-plus ssh h"]
        );
        assert_eq!(other.fixes, ["ssh h 'kill 8'"]);
    }

    #[test]
    fn a_dead_server_is_none() {
        let checks = judged(&["server ffff 8 99 100 b1 1 0.1.0 -"]);
        assert_eq!(checks.len(), 2);
        assert_eq!(checks[1].found, "none runs; a connect starts it");
    }

    #[test]
    fn a_log_of_no_instance_here_is_another_machines() {
        let checks = judged(&["instance aa", "log aa", "log bb"]);
        assert_eq!(
            checks[2].found,
            "1 more began in this home since this one booted"
        );
    }
}
