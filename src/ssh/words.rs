//! What ssh's failure means, by a second look and by its last words.
//!
//! Its words are never the only evidence where there is better: they change
//! between versions, and a wrapper may translate them. They are shown all the
//! same.

use super::diagnosis::Change;
use super::diagnosis::Evidence;
use super::reach::Place;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;

/// What ssh says of a key that is not the known one, and of nothing else.
const CHANGED: &str = "HOST IDENTIFICATION HAS CHANGED";

/// What ssh says, what that is, and how we say it: `{}` is the target.
///
/// The first that fits wins, so the more telling stand first.
const SAYINGS: [(&str, Cause, &str); 15] = [
    (CHANGED, Cause::HostKey, "the host key of {} has changed"),
    (
        "Host key verification failed",
        Cause::HostKey,
        "the host key of {} is not accepted",
    ),
    ("Permission denied", Cause::Auth, "{} did not accept you"),
    (
        "Too many authentication failures",
        Cause::Auth,
        "{} did not accept you",
    ),
    (
        "No supported authentication methods",
        Cause::Auth,
        "{} did not accept you",
    ),
    (
        "Could not resolve hostname",
        Cause::Unreachable,
        "no machine is called {}",
    ),
    (
        "Connection refused",
        Cause::Unreachable,
        "{} cannot be reached",
    ),
    ("timed out", Cause::Unreachable, "{} cannot be reached"),
    (
        "No route to host",
        Cause::Unreachable,
        "{} cannot be reached",
    ),
    (
        "Network is unreachable",
        Cause::Unreachable,
        "{} cannot be reached",
    ),
    (
        "Connection reset",
        Cause::Unreachable,
        "{} cannot be reached",
    ),
    (
        "Connection closed",
        Cause::Unreachable,
        "{} closed the connection",
    ),
    (
        "kex_exchange_identification",
        Cause::Unreachable,
        "{} closed the connection",
    ),
    (
        "banner exchange",
        Cause::Unreachable,
        "{} does not answer as an ssh server",
    ),
    ("", Cause::Ssh, "ssh to {} failed"),
];

/// How many of ssh's last lines tell why it ended; a server's banner, which
/// may quote anything, stands before them.
const TELLING_LINES: usize = 2;

/// Finds the cause in what a second look saw, and in ssh's words where that
/// leaves it open; `command` is what a person types to see them again.
pub(super) fn explain(words: &str, seen: &Evidence, target: &str, command: String) -> Failure {
    let telling = telling(words, seen);
    let (needle, told, sentence) = saying(&telling);
    let line = line_with(&telling, needle);
    let said = |sentence: String| match line {
        Some(line) => format!("{sentence}: {line}"),
        None => sentence,
    };
    let failure = |cause, message| Failure {
        cause,
        message,
        hint: command.clone(),
    };
    let is_let_down = !matches!(told, Cause::Auth | Cause::HostKey);
    let unreachable = |why: String| {
        failure(
            Cause::Unreachable,
            format!("`{target}` cannot be reached: {why}"),
        )
    };
    match seen {
        Evidence::KeyChanged(change) => changed(change, target),
        // Where accepted keys are not kept, ssh may have come further.
        Evidence::KeyUnknown
            if matches!(told, Cause::HostKey | Cause::Ssh) && !words.contains(CHANGED) =>
        {
            failure(
                Cause::HostKey,
                said(format!(
                    "the host key of `{target}` is unknown, and nobody accepted it"
                )),
            )
        }
        // A server that has just said no may shut its door right after.
        Evidence::Nameless { host } if is_let_down => {
            unreachable(format!("no machine is called `{host}`"))
        }
        Evidence::Refused(Place { host, port }) if is_let_down => unreachable(format!(
            "nothing listens on port {port} of {host} (connection refused)"
        )),
        Evidence::Silent(Place { host, port }) if is_let_down => {
            unreachable(format!("{host} does not answer on port {port} (timed out)"))
        }
        Evidence::Stranger(Place { host, port }) if is_let_down => unreachable(said(format!(
            "what answers on port {port} of {host} is no ssh server, or turns everybody away"
        ))),
        Evidence::KeyKnown if told == Cause::Ssh => failure(
            Cause::Auth,
            said(format!("`{target}` answers and did not let you in")),
        ),
        _ => failure(told, said(sentence.replace("{}", &format!("`{target}`")))),
    }
}

/// Never accepted for the person: it may be somebody in between.
fn changed(change: &Change, target: &str) -> Failure {
    let Change {
        shown,
        known,
        name,
        file,
    } = change;
    let file = file.display();
    Failure {
        cause: Cause::HostKey,
        message: format!(
            "the host key of `{target}` has changed: it shows {shown}, but {file} has {known}\n\
             somebody may be in between, or the machine was set up anew: ask who runs it"
        ),
        hint: format!("once you trust the new key: ssh-keygen -R '{name}' -f '{file}'"),
    }
}

/// The part of ssh's words that tells why it ended.
fn telling(words: &str, seen: &Evidence) -> String {
    // A jump host's reason stands further above.
    if *seen == Evidence::Nothing {
        return words.to_owned();
    }
    let lines: Vec<&str> = words
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(TELLING_LINES)..].join("\n")
}

fn saying(words: &str) -> (&'static str, Cause, &'static str) {
    SAYINGS
        .into_iter()
        .find(|(needle, ..)| words.contains(needle))
        .unwrap_or(SAYINGS[14])
}

/// Says whether these words alone tell that the machine is out of reach, for
/// which no second look is needed.
pub(super) fn tell_of_reach(words: &str) -> bool {
    saying(words).1 == Cause::Unreachable
}

/// The last line that says this, without ssh's own name.
fn line_with<'a>(words: &'a str, needle: &str) -> Option<&'a str> {
    let mut lines = words
        .lines()
        .rev()
        .map(|line| line.trim().trim_start_matches("ssh: "));
    lines.find(|line| !line.is_empty() && line.contains(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            host: "h".into(),
            port: 22,
        }
    }

    fn cause(words: &str, seen: &Evidence) -> Cause {
        explain(words, seen, "h", String::new()).cause
    }

    #[test]
    fn where_nothing_was_seen_the_words_decide() {
        for (words, expected) in [
            ("me@h: Permission denied (publickey).", Cause::Auth),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                Cause::HostKey,
            ),
            (
                "ssh: connect to host h port 22: Connection refused",
                Cause::Unreachable,
            ),
            (
                "ssh: Could not resolve hostname h: Name or service not known",
                Cause::Unreachable,
            ),
            ("something else", Cause::Ssh),
            ("", Cause::Ssh),
        ] {
            assert_eq!(cause(words, &Evidence::Nothing), expected, "{words}");
        }
    }

    #[test]
    fn words_that_nobody_understands_change_nothing_of_what_was_seen() {
        let host = "h".to_owned();
        for (seen, expected) in [
            (Evidence::Nameless { host }, Cause::Unreachable),
            (Evidence::Refused(place()), Cause::Unreachable),
            (Evidence::Silent(place()), Cause::Unreachable),
            (Evidence::Stranger(place()), Cause::Unreachable),
            (Evidence::KeyUnknown, Cause::HostKey),
            (Evidence::KeyKnown, Cause::Auth),
            (Evidence::Nothing, Cause::Ssh),
        ] {
            assert_eq!(cause("Zugriff verweigert", &seen), expected, "{seen:?}");
        }
    }

    #[test]
    fn a_banner_is_no_evidence_and_a_door_shut_after_a_refusal_is_one() {
        let banner = "Connection refused? Permission denied? Call us!\n\n\n";
        let closed = format!("{banner}Bye\nConnection closed by 1.2.3.4 port 22");
        assert_eq!(cause(&closed, &Evidence::KeyKnown), Cause::Unreachable);
        let denied = "me@h: Permission denied (password).";
        assert_eq!(cause(denied, &Evidence::Refused(place())), Cause::Auth);
        assert_eq!(cause(denied, &Evidence::KeyUnknown), Cause::Auth);
    }

    #[test]
    fn an_explanation_reads_as_a_sentence() {
        let words = "noise\nssh: connect to host h port 22: Connection refused\n\n";
        let message = |words, seen: &Evidence| explain(words, seen, "me@h", String::new()).message;
        assert_eq!(
            message(words, &Evidence::Refused(place())),
            "`me@h` cannot be reached: nothing listens on port 22 of h (connection refused)"
        );
        assert_eq!(
            message(words, &Evidence::Nothing),
            "`me@h` cannot be reached: connect to host h port 22: Connection refused"
        );
        assert_eq!(message("", &Evidence::Nothing), "ssh to `me@h` failed");
        let jump =
            "me@gate: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535";
        assert_eq!(
            message(jump, &Evidence::Nothing),
            "`me@h` did not accept you: me@gate: Permission denied (publickey)."
        );
    }
}
