//! What went wrong on the remote, in words and with what to type next.

use std::time::Duration;

use super::registry;
use super::registry::RegistryError;
use crate::protocol::attach::Failed;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::release::build::Build;
use crate::sys::text;

/// What a shell answers that was started instead of our line.
pub(super) const OTHER_SHELL: &str = "another-shell";

/// How startup files let a command through, by login shell.
const GUARDS: &str = "let them end early where nobody types, by a first line\n  \
    ~/.bashrc                  case $- in *i*) ;; *) return;; esac\n  \
    ~/.zshenv                  [[ -o interactive ]] || return\n  \
    ~/.tcshrc                  if (! $?prompt) exit\n  \
    ~/.config/fish/config.fish status is-interactive; or return";

/// The registry on this machine cannot be used.
pub(super) fn local(error: RegistryError) -> Failure {
    let hint = match &error {
        RegistryError::Runtime(_) => registry::RUNTIME_HINT,
        RegistryError::Io { .. } => "",
    };
    Failure {
        hint: hint.to_owned(),
        ..local_text(&text::with_causes(&error))
    }
}

/// Something on this machine.
pub(super) fn local_text(message: &str) -> Failure {
    Failure {
        cause: Cause::Local,
        message: message.to_owned(),
        hint: String::new(),
    }
}

/// The connection broke.
pub(super) fn lost(target: &str, why: &str) -> Failure {
    Failure {
        cause: Cause::Lost,
        message: format!("the connection to `{target}` was lost: {why}"),
        hint: format!("cocalc-plus ssh {target}"),
    }
}

/// The login shell ended before our line ran.
pub(super) fn shell_ended(target: &str, code: Option<i32>, said: Option<&str>) -> Failure {
    let code = code.map_or(String::new(), |code| format!(" with exit code {code}"));
    let said = said.map_or(String::new(), |said| format!(": {said}"));
    Failure {
        cause: Cause::Shell,
        message: format!(
            "the login shell on `{target}` ended{code} before cocalc-plus could start{said}\n\
             either its startup files end it, or the server runs another program (ForceCommand)"
        ),
        hint: format!("see which: ssh {target} echo through"),
    }
}

/// Our line never ran, and nobody says why.
pub(super) fn shell_hangs(target: &str, waited: Duration, said: Option<&str>) -> Failure {
    let said = said.map_or(String::new(), |said| format!("; they said last: {said}"));
    Failure {
        cause: Cause::Shell,
        message: format!(
            "the startup files of the login shell on `{target}` have not ended after {} s{said}",
            waited.as_secs()
        ),
        hint: GUARDS.to_owned(),
    }
}

/// Our line ran as soon as something had been typed.
pub(super) fn shell_asks(target: &str, said: Option<&str>) -> Failure {
    let said = said.map_or(String::new(), |said| format!(": {said}"));
    Failure {
        cause: Cause::Shell,
        message: format!(
            "the startup files of the login shell on `{target}` wait for an answer, where nobody types{said}"
        ),
        hint: GUARDS.to_owned(),
    }
}

/// A shell reads our stdin that is not the one which got our line.
pub(super) fn other_shell(target: &str) -> Failure {
    Failure {
        cause: Cause::Shell,
        message: format!(
            "the startup files of the login shell on `{target}` start another shell (as `exec fish` does), \
             which never comes to a command"
        ),
        hint: GUARDS.to_owned(),
    }
}

/// Something reads our stdin that is no shell.
pub(super) fn other_program(target: &str) -> Failure {
    Failure {
        cause: Cause::Shell,
        message: format!(
            "the server runs another program on `{target}` than the one it was asked for (ForceCommand)"
        ),
        hint: format!("see which: ssh {target} echo through"),
    }
}

/// The binary is missing, and may not be installed.
pub(super) fn not_installed(target: &str, build: &Build) -> Failure {
    Failure {
        cause: Cause::NotInstalled,
        message: format!(
            "cocalc-plus {} is not installed on `{target}`, and --no-install forbids installing it",
            build.version
        ),
        hint: format!("cocalc-plus ssh {target} --install"),
    }
}

/// The machine is of another kind.
pub(super) fn other_platform(target: &str, platform: &str, build: &Build) -> Failure {
    Failure {
        cause: Cause::Platform,
        message: format!(
            "`{target}` is {platform}, and this binary is for {}: it cannot run there",
            build.platform
        ),
        hint: format!("build cocalc-plus on a {platform} machine and run it from there"),
    }
}

/// This machine's own binary cannot be sent.
pub(super) fn packing(target: &str, why: &str) -> Failure {
    Failure {
        cause: Cause::Local,
        message: format!("cannot prepare the binary for `{target}`: {why}"),
        hint: String::new(),
    }
}

/// The installer gave up, with one of its words.
pub(super) fn installing(target: &str, code: &str, detail: &str) -> Failure {
    // The installer parts the places that it refused by `;`.
    let places: String = detail
        .split_terminator(';')
        .map(|place| format!("\n  {}", place.trim()))
        .collect();
    let (cause, message, hint) = match code {
        "root" => (
            Cause::NoRoot,
            format!("no directory on `{target}` can hold the binary:{places}"),
            "name one in COCALC_PLUS_HOME in your environment there".to_owned(),
        ),
        "noexec" => (
            Cause::NoExec,
            format!("no directory on `{target}` may run programs:{places}"),
            "name one that may in COCALC_PLUS_HOME in your environment there".to_owned(),
        ),
        "space" => (
            Cause::NoSpace,
            format!("no room for the binary on `{target}`:{places}"),
            format!("ssh {target} 'df -h ~ /var/tmp /dev/shm'"),
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
    if failed.code == "runtime-dir" {
        return Failure {
            cause: Cause::Server,
            message: format!(
                "no directory on `{target}` is safe for the server's sockets: {}",
                failed.message
            ),
            hint: "name one of your own with mode 700 in COCALC_PLUS_RUNTIME in your environment there".into(),
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
        hint: match failed.code.as_str() {
            "port" => format!("cocalc-plus ssh {target} --remote-port auto"),
            _ => format!("ssh {target}"),
        },
    }
}
