//! What ssh's last words mean.
//!
//! OpenSSH does not translate its messages, but they change between versions:
//! where nothing fits, the words themselves are shown.

use crate::protocol::control::Cause;
use crate::protocol::control::Failure;

/// What ssh says, what that is, and how we say it: `{}` is the target.
///
/// The first that fits wins, so the more telling stand first.
const SAYINGS: [(&str, Cause, &str); 15] = [
    (
        "HOST IDENTIFICATION HAS CHANGED",
        Cause::HostKey,
        "the host key of {} has changed",
    ),
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

/// Finds the cause in ssh's words; `command` is what a person types to see
/// them again.
pub fn explain(words: &str, target: &str, command: String) -> Failure {
    let (_, cause, sentence) = SAYINGS
        .into_iter()
        .find(|(needle, ..)| words.contains(needle))
        .unwrap_or(SAYINGS[14]);
    let mut message = sentence.replace("{}", &format!("`{target}`"));
    if let Some(last) = last_line(words) {
        message.push_str(": ");
        message.push_str(last);
    }
    let hint = if words.contains(SAYINGS[0].0) {
        // Never accepted for the person: it may be somebody in between.
        "find out why before you trust it; then ssh-keygen -R with the name that ssh shows"
            .to_owned()
    } else {
        command
    };
    Failure {
        cause,
        message,
        hint,
    }
}

/// The last line that says something, without ssh's own name.
fn last_line(words: &str) -> Option<&str> {
    let mut lines = words
        .lines()
        .rev()
        .map(|line| line.trim().trim_start_matches("ssh: "));
    lines.find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_words_become_causes() {
        for (words, cause) in [
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
            assert_eq!(explain(words, "h", String::new()).cause, cause, "{words}");
        }
    }

    #[test]
    fn an_explanation_reads_as_a_sentence() {
        let words = "noise\nssh: connect to host h port 22: Connection refused\n\n";
        let failure = explain(words, "me@h", "ssh me@h".into());
        assert_eq!(
            failure.message,
            "`me@h` cannot be reached: connect to host h port 22: Connection refused"
        );
        assert_eq!(explain("", "h", String::new()).message, "ssh to `h` failed");
    }
}
