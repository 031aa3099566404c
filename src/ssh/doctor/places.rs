//! Directories on the remote: where the binary and the sockets can lie.

use super::Check;
use super::Severity;
use super::facts::Facts;
use super::facts::Kind;
use super::facts::Place;
use super::facts::Root;
use super::facts::Trial;
use super::fix::Typist;
use super::fix::word;
use super::judge::bytes;
use crate::release::build::Build;

/// Below this a disk is nearly full, whatever its size.
const LITTLE_KB: u64 = 100 << 10;

/// From here on no more files fit soon, in percent of the inodes.
const INODES_PERCENT: u8 = 98;

/// Why a root cannot hold the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NoDirectory,
    Owner,
    Mode,
    ReadOnly,
    NotWritable,
    NoExec,
    Full,
}

/// Judges the install roots and the runtime directory.
pub(super) fn checks(facts: &Facts, build: &Build, typist: &Typist) -> Vec<Check> {
    let used = used(&facts.roots, build);
    let mut checks = Vec::new();
    for (at, root) in facts.roots.iter().enumerate() {
        let refusal = refusal(root, build);
        checks.push(match refusal {
            Some(why) if used.is_none_or(|used| at < used) => {
                let severity = if used.is_none() {
                    Severity::Error
                } else {
                    severity(why)
                };
                refused(facts, root, why, severity, typist)
            }
            _ => usable(facts, root, refusal, used == Some(at), typist),
        });
    }
    checks.extend(runtime(facts, typist));
    checks
}

/// The root that a connect would use: the one with this build, else the first
/// that can hold it.
fn used(roots: &[Root], build: &Build) -> Option<usize> {
    let file = build.file_name(&build.platform);
    let is_installed =
        |root: &Root| root.place.is_ours && is_closed(&root.place) && root.builds.contains(&file);
    roots
        .iter()
        .position(is_installed)
        .or_else(|| roots.iter().position(|root| refusal(root, build).is_none()))
}

fn refusal(root: &Root, build: &Build) -> Option<Refusal> {
    let place = &root.place;
    match (place.kind, root.trial) {
        (Kind::File | Kind::Link, _) => Some(Refusal::NoDirectory),
        (Kind::There, _) if !place.is_ours => Some(Refusal::Owner),
        (Kind::There, _) if !is_closed(place) => Some(Refusal::Mode),
        (_, Trial::ReadOnly) => Some(Refusal::ReadOnly),
        (_, Trial::NotWritable | Trial::NotTried) => Some(Refusal::NotWritable),
        (_, Trial::Full) => Some(Refusal::Full),
        (_, Trial::NotRunnable) => Some(Refusal::NoExec),
        (_, Trial::Ran) => {
            let needed = build.size_bytes >> 10;
            let is_full = root.disk.as_ref().is_some_and(|disk| disk.free_kb < needed);
            is_full.then_some(Refusal::Full)
        }
    }
}

/// As the bootstrap compares it.
fn is_closed(place: &Place) -> bool {
    place.mode.starts_with("drwx------")
}

/// Another root serves as well; what is wrong here may be wrong for more.
fn severity(why: Refusal) -> Severity {
    match why {
        Refusal::NoExec | Refusal::ReadOnly | Refusal::NotWritable => Severity::Note,
        Refusal::NoDirectory | Refusal::Owner | Refusal::Mode | Refusal::Full => Severity::Warning,
    }
}

fn refused(facts: &Facts, root: &Root, why: Refusal, severity: Severity, typist: &Typist) -> Check {
    let path = facts.short(&root.place.path);
    let at = word(&path);
    let mount = || root.disk.as_ref().map_or("/", |disk| disk.mount.as_str());
    let place = &root.place;
    let check = |found: String| Check::new("install root", severity, format!("{path} {found}"));
    match why {
        Refusal::NoDirectory => {
            check("is no directory".into()).fix(move_away(facts, place, typist))
        }
        Refusal::Owner => {
            check(format!("belongs to {}", place.owner)).fix(move_away(facts, place, typist))
        }
        Refusal::Mode => check(format!("is open to others: {}", octal(&place.mode)))
            .fix(typist.line(&format!("chmod 700 {at}"))),
        Refusal::ReadOnly => check("lies on a disk that is mounted read-only".into()).fix(remount(
            "rw",
            mount(),
            typist,
        )),
        Refusal::NoExec => check("may not run programs: its disk is mounted noexec".into())
            .fix(remount("exec", mount(), typist)),
        Refusal::NotWritable => {
            let parent = path.rsplit_once('/').map_or("/", |(parent, _)| parent);
            let parent = if parent == "~" {
                facts.home.as_str()
            } else {
                parent
            };
            check("cannot be made or written".into()).fix(typist.root_line(&format!(
                "sudo chown {} {}",
                word(&facts.user),
                word(parent)
            )))
        }
        Refusal::Full => {
            let check = check("has no room for the binary: disk or quota full".into());
            let is_home = path.starts_with('~');
            make_room(check, if is_home { "~" } else { mount() }, typist)
        }
    }
}

/// Lets the person find what is large.
pub(super) fn make_room(check: Check, place: &str, typist: &Typist) -> Check {
    let place = if place == "~" {
        place.to_owned()
    } else {
        word(place)
    };
    let line = format!("du -axk {place} 2>/dev/null | sort -n | tail -n 20");
    check
        .advise("the largest come last: delete what you can spare")
        .fix(typist.line(&line))
}

fn remount(option: &str, mount: &str, typist: &Typist) -> String {
    typist.root_line(&format!("sudo mount -o remount,{option} {}", word(mount)))
}

/// Nothing that others could have planted is kept under the name, or deleted.
fn move_away(facts: &Facts, place: &Place, typist: &Typist) -> String {
    let short = facts.short(&place.path);
    let (from, to) = (word(&short), word(&format!("{short}.old")));
    // In a home any name is its owner's to change; in `/tmp` only one's own.
    if short.starts_with('~') || place.owner == facts.user {
        typist.line(&format!("mv {from} {to}"))
    } else {
        typist.root_line(&format!("sudo mv {from} {to}"))
    }
}

fn usable(
    facts: &Facts,
    root: &Root,
    refusal: Option<Refusal>,
    is_used: bool,
    typist: &Typist,
) -> Check {
    let path = facts.short(&root.place.path);
    let place = &root.place;
    let state = match refusal {
        Some(Refusal::NoDirectory) => "no directory".to_owned(),
        Some(Refusal::Owner) => format!("belongs to {}", place.owner),
        Some(Refusal::Mode) => format!("open to others: {}", octal(&place.mode)),
        Some(Refusal::ReadOnly) => "read-only".to_owned(),
        Some(Refusal::NotWritable) => "cannot be made".to_owned(),
        Some(Refusal::NoExec) => "noexec".to_owned(),
        Some(Refusal::Full) => "no room".to_owned(),
        None if place.kind == Kind::Missing => "can be made".to_owned(),
        None => format!("{} {}", place.owner, octal(&place.mode)),
    };
    let free = root.disk.as_ref().map_or(String::new(), |disk| {
        let (free, total) = (bytes(disk.free_kb << 10), bytes(disk.total_kb << 10));
        let unit = total.rsplit(' ').next().unwrap_or_default();
        let free = free.strip_suffix(unit).unwrap_or(&free).trim_end();
        format!(", {free} of {total} free")
    });
    let mark = if is_used { "used: " } else { "" };
    let check = Check::ok("install root", format!("{mark}{path}, {state}{free}"));
    if is_used {
        worn(check, root, typist)
    } else {
        check
    }
}

/// What may be wrong with the root that is used all the same.
fn worn(mut check: Check, root: &Root, typist: &Typist) -> Check {
    let path = &root.place.path;
    let free_kb = root.disk.as_ref().map_or(u64::MAX, |disk| disk.free_kb);
    let mount = root.disk.as_ref().map_or("/", |disk| disk.mount.as_str());
    if ["/dev/shm/", "/run/"]
        .iter()
        .any(|memory| path.starts_with(memory))
    {
        check.severity = Severity::Warning;
        check.found.push_str("; in memory, so gone after a reboot");
    }
    if free_kb < LITTLE_KB || root.inodes_percent.is_some_and(|at| at >= INODES_PERCENT) {
        check.severity = Severity::Warning;
        check.found.push_str("; nearly full");
        return make_room(check, mount, typist);
    }
    check
}

/// The first directory that is this user's alone holds the sockets.
fn runtime(facts: &Facts, typist: &Typist) -> Vec<Check> {
    let fits = |place: &Place| match place.kind {
        Kind::Missing => true,
        Kind::There => place.is_ours && octal(&place.mode).ends_with("00"),
        Kind::Link | Kind::File => false,
    };
    let used = facts.runtimes.iter().position(fits);
    let severity = if used.is_none() {
        Severity::Error
    } else {
        Severity::Warning
    };
    let mut checks = Vec::new();
    for place in facts
        .runtimes
        .iter()
        .take(used.unwrap_or(facts.runtimes.len()))
    {
        let path = &place.path;
        let check = |found: String| Check::new("sockets", severity, format!("{path} {found}"));
        checks.push(match place.kind {
            Kind::Link | Kind::File => check(format!("is no directory; made by {}", place.owner))
                .fix(move_away(facts, place, typist)),
            _ if !place.is_ours => {
                check(format!("belongs to {}", place.owner)).fix(move_away(facts, place, typist))
            }
            _ => check(format!("is open to others: {}", octal(&place.mode)))
                .fix(typist.line(&format!("chmod 700 {}", word(path)))),
        });
    }
    if let Some(place) = used.map(|at| &facts.runtimes[at]) {
        let state = match place.kind {
            Kind::Missing => "can be made",
            _ => "yours alone",
        };
        checks.push(Check::ok(
            "sockets",
            format!("{}, {state}", facts.short(&place.path)),
        ));
    }
    checks
}

/// `drwxr-xr-x` as `0755`.
fn octal(mode: &str) -> String {
    let letters: Vec<char> = mode.chars().skip(1).take(9).collect();
    let digits = letters.chunks(3).map(|three| {
        three.iter().zip([4, 2, 1]).fold(0, |sum, (letter, value)| {
            sum + if matches!(letter, '-' | 'S' | 'T') {
                0
            } else {
                value
            }
        })
    });
    let digits: String = digits.map(|digit| digit.to_string()).collect();
    format!("0{digits}")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{build, facts, typist};
    use super::*;

    fn judged(lines: &[&str]) -> Vec<Check> {
        let facts = facts(&[&["home /home/me", "user me"], lines].concat());
        checks(&facts, &build(), &typist())
    }

    #[test]
    fn the_first_root_that_fits_is_used_and_those_before_it_are_findings() {
        for (line, severity, found, fix) in [
            (
                "root there yes drwxr-xr-x me yes yes /home/me/.cocalc-plus",
                Severity::Warning,
                "~/.cocalc-plus is open to others: 0755",
                "ssh h 'chmod 700 ~/.cocalc-plus'",
            ),
            (
                "root there no drwx------ root - - /home/me/.cocalc-plus",
                Severity::Warning,
                "~/.cocalc-plus belongs to root",
                "ssh h 'mv ~/.cocalc-plus ~/.cocalc-plus.old'",
            ),
            (
                "root missing no - - yes no /home/me/.cocalc-plus",
                Severity::Note,
                "~/.cocalc-plus may not run programs: its disk is mounted noexec",
                "ssh -t h 'sudo mount -o remount,exec /'",
            ),
            (
                "root missing no - - no - /home/me/.cocalc-plus",
                Severity::Note,
                "~/.cocalc-plus cannot be made or written",
                "ssh -t h 'sudo chown me /home/me'",
            ),
        ] {
            let other = "root missing no - - yes yes /var/tmp/ccp-1000";
            let [first, second] = &judged(&[line, other])[..] else {
                panic!()
            };
            assert_eq!((first.severity, first.found.as_str()), (severity, found));
            assert_eq!(first.fixes, [fix]);
            assert_eq!(second.found, "used: /var/tmp/ccp-1000, can be made");
            assert_eq!(judged(&[line])[0].severity, Severity::Error);
        }
    }

    #[test]
    fn a_root_with_this_build_is_used_however_full() {
        let home = "root there yes drwx------ me yes yes /home/me/.cocalc-plus";
        let disk = "disk /dev/sda1 1000000 990000 10000 99% /home";
        let [check] = &judged(&[home, disk])[..] else {
            panic!()
        };
        assert_eq!(check.severity, Severity::Error);
        let file = format!("build {}", build().file_name("Linux-x86_64"));
        let [check] = &judged(&[home, disk, &file])[..] else {
            panic!()
        };
        assert_eq!(check.severity, Severity::Warning);
        assert!(
            check.found.ends_with("9.7 of 976 MB free; nearly full"),
            "{check:?}"
        );
    }

    #[test]
    fn a_squatted_socket_directory_moves_us_to_the_next() {
        let squatted = "runtime there no drwx------ mallory /tmp/ccp-1000";
        let next = "runtime missing no - - /var/tmp/ccp-1000";
        let [first, second] = &judged(&[squatted, next])[..] else {
            panic!()
        };
        assert_eq!(first.severity, Severity::Warning);
        assert_eq!(
            first.fixes,
            ["ssh -t h 'sudo mv /tmp/ccp-1000 /tmp/ccp-1000.old'"]
        );
        assert_eq!(second.found, "/var/tmp/ccp-1000, can be made");
        assert_eq!(judged(&[squatted])[0].severity, Severity::Error);
    }

    #[test]
    fn modes_read_as_chmod_takes_them() {
        for (mode, text) in [
            ("drwx------", "0700"),
            ("drwxr-sr-x.", "0755"),
            ("drwxrwxrwt", "0777"),
        ] {
            assert_eq!(octal(mode), text);
        }
    }
}
