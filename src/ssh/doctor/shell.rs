//! The login shell: whether it runs a command, what that costs, what it says.

use super::Check;
use super::Severity;
use super::facts::Answer;
use super::facts::Facts;
use super::fix::Typist;

/// From here on startup files are worth a word: a person feels it in each ssh.
const SLOW_MS: u64 = 150;

/// From here on they are a nuisance.
const VERY_SLOW_MS: u64 = 1000;

/// The check's name.
const SHELL: &str = "login shell";

/// What a fix says that cannot be one command.
const TYPE_THERE: &str =
    "log in (Ctrl-C ends a startup file that hangs) and type the second line there";

/// Judges the login shell.
pub(super) fn checks(facts: &Facts, typist: &Typist) -> Vec<Check> {
    let mut checks = vec![match &facts.answer {
        Answer::Silent { seconds } => broken(
            typist,
            format!("runs no command within {seconds} s: its startup files hang"),
        ),
        Answer::Ended { words } if words.is_empty() => broken(
            typist,
            "ends before it runs a command, without a word".into(),
        ),
        Answer::Ended { words } => {
            broken(typist, format!("ends before it runs a command: {words}"))
        }
        Answer::Whole | Answer::Stalled { .. } => cost(facts, typist),
    }];
    if let Some(noise) = &facts.noise {
        let found = format!("startup files print to every command, which breaks scp: {noise}");
        let check = Check::new("shell output", Severity::Note, found);
        checks.push(guarded(check, facts, typist));
    }
    checks
}

fn broken(typist: &Typist, found: String) -> Check {
    // Nobody could tell which shell it is, so the line asks itself.
    Check::new(SHELL, Severity::Error, found)
        .advise(TYPE_THERE)
        .fix(typist.ssh.to_owned())
        .fix(format!("sh -c {}", super::fix::quoted(&any_guard())))
}

fn cost(facts: &Facts, typist: &Typist) -> Check {
    let name = facts.shell_name();
    let Some(ms) = facts.shell_ms else {
        return Check::ok(SHELL, name);
    };
    let found = format!("{name} takes {ms} ms to run a command");
    let severity = match ms {
        0..SLOW_MS => return Check::ok(SHELL, found),
        SLOW_MS..VERY_SLOW_MS => Severity::Note,
        VERY_SLOW_MS.. => Severity::Warning,
    };
    let check = Check::new(SHELL, severity, found);
    match guard(name) {
        Some(_) => guarded(check, facts, typist),
        // It reads no startup file for a command: it is the machine.
        None => check
            .advise("it reads no startup file for a command: look at the machine's load")
            .fix(typist.line("uptime")),
    }
}

fn guarded(check: Check, facts: &Facts, typist: &Typist) -> Check {
    match guard(facts.shell_name()) {
        Some((file, line)) => check
            .advise("the guard line ends the startup file where nobody types")
            .fix(typist.line(&insert(file, line))),
        None => check,
    }
}

/// The file that a shell reads for each command, as a word of `sh`, and the
/// line that ends its reading where nobody types.
fn guard(shell: &str) -> Option<(&'static str, &'static str)> {
    const POSIX: &str = "case $- in *i*) ;; *) return ;; esac";
    const CSH: &str = "if ($?prompt == 0) exit";
    match shell {
        "bash" => Some(("~/.bashrc", POSIX)),
        "zsh" => Some(("~/.zshenv", POSIX)),
        "fish" => Some((
            "~/.config/fish/config.fish",
            "status is-interactive; or return",
        )),
        // It reads the second only where the first is missing.
        "tcsh" => Some(("$(ls ~/.tcshrc ~/.cshrc 2>/dev/null | sed 1q)", CSH)),
        "csh" => Some(("~/.cshrc", CSH)),
        _ => None,
    }
}

/// Puts a line in front of a file; the file stays the same one, and its
/// content is kept beside it.
fn insert(file: &str, line: &str) -> String {
    let line = line.replace('$', "\\$");
    format!("f={file}; cp -p $f $f.old && {{ echo \"{line}\"; cat $f.old; }} > $f")
}

fn any_guard() -> String {
    let choice = |shell: &str| {
        let (file, line) = guard(shell).unwrap_or_default();
        format!("f={file}; g={};;", super::fix::quoted(line))
    };
    format!(
        "case $SHELL in *zsh) {} *fish) {} *csh) {} *) {} esac; \
         cp -p $f $f.old && {{ echo \"$g\"; cat $f.old; }} > $f",
        choice("zsh"),
        choice("fish"),
        choice("tcsh"),
        choice("bash")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(facts: &Facts) -> Vec<Check> {
        let typist = Typist {
            ssh: "ssh h",
            target: "h",
            shell: facts.shell_name(),
            is_root: false,
        };
        checks(facts, &typist)
    }

    #[test]
    fn what_startup_files_cost_is_judged_by_its_length() {
        for (ms, severity) in [
            (20, Severity::Ok),
            (300, Severity::Note),
            (3000, Severity::Warning),
        ] {
            let facts = Facts {
                shell: "/bin/zsh".into(),
                shell_ms: Some(ms),
                ..Facts::default()
            };
            let [check] = &judged(&facts)[..] else {
                panic!()
            };
            assert_eq!(check.severity, severity);
            assert_eq!(check.found, format!("zsh takes {ms} ms to run a command"));
            assert_eq!(check.fixes.is_empty(), ms == 20);
        }
    }

    #[test]
    fn a_guard_goes_in_front_of_the_file() {
        let facts = Facts {
            shell: "/bin/bash".into(),
            noise: Some("Welcome".into()),
            ..Facts::default()
        };
        let fix = judged(&facts)[1].fixes[0].clone();
        assert_eq!(
            fix,
            r#"ssh h 'f=~/.bashrc; cp -p $f $f.old && { echo "case \$- in *i*) ;; *) return ;; esac"; cat $f.old; } > $f'"#
        );
    }

    #[test]
    fn a_shell_that_hangs_or_ends_is_an_error() {
        for answer in [
            Answer::Silent { seconds: 10 },
            Answer::Ended {
                words: "module load failed".into(),
            },
        ] {
            let facts = Facts {
                answer,
                ..Facts::default()
            };
            let [check] = &judged(&facts)[..] else {
                panic!()
            };
            assert_eq!((check.severity, check.fixes.len()), (Severity::Error, 2));
        }
    }
}
