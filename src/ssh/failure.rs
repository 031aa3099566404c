//! What went wrong on the remote, in words and with what to type next.

use crate::protocol::attach::Failed;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;

/// The connection broke.
pub(super) fn lost(target: &str, why: &str) -> Failure {
    Failure {
        cause: Cause::Lost,
        message: format!("the connection to `{target}` was lost: {why}"),
        hint: format!("cocalc-plus ssh {target}"),
    }
}

/// The installer gave up, with one of its words.
pub(super) fn installing(target: &str, code: &str, detail: &str) -> Failure {
    let (cause, message, hint) = match code {
        "root" => (
            Cause::NoRoot,
            format!("no directory on `{target}` can hold the binary:{detail}"),
            "name one in COCALC_PLUS_HOME in your environment there".to_owned(),
        ),
        "noexec" => (
            Cause::NoExec,
            format!("no directory on `{target}` may run programs:{detail}"),
            "name one that may in COCALC_PLUS_HOME in your environment there".to_owned(),
        ),
        "space" => (
            Cause::NoSpace,
            format!("no room for the binary on `{target}`: {detail}"),
            format!("ssh {target} df -h ~"),
        ),
        "hash" => (
            Cause::Hash,
            format!("the binary arrived damaged on `{target}`: {detail}"),
            format!("cocalc-plus ssh {target}"),
        ),
        _ => (
            Cause::NoExec,
            format!("the binary does not run on `{target}`: {detail}"),
            "build the static binary with `make build` and use that".to_owned(),
        ),
    };
    Failure {
        cause,
        message,
        hint,
    }
}

/// `attach` could not reach a server.
pub(super) fn reaching(target: &str, failed: Failed) -> Failure {
    if failed.code == "not-running" {
        let message = format!("no server runs on `{target}`");
        return Failure {
            cause: Cause::NotRunning,
            message,
            hint: format!("cocalc-plus ssh {target}"),
        };
    }
    let mut message = format!(
        "the server on `{target}` does not start: {}",
        failed.message
    );
    if !failed.log.trim().is_empty() {
        message.push_str("\nthe end of its log:\n");
        message.push_str(failed.log.trim_end());
    }
    Failure {
        cause: Cause::Server,
        message,
        hint: format!("ssh {target}"),
    }
}
