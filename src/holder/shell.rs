//! Which program a terminal runs, and its environment.
//!
//! It is the user's login shell, with the environment of the server and not the
//! one that the server captures for other programs: the shell reads its startup
//! files itself, and what these put in front of `PATH` would be there twice.

use std::ffi::OsString;

use crate::sys::login;
use crate::sys::pty::Program;

/// What the page's emulator understands.
const TERM: &str = "xterm-256color";

/// Makes the login shell of the user that this environment belongs to, as
/// [`login::shell`] finds it, for our kind of terminal.
pub(super) fn login_shell(env: Vec<(OsString, OsString)>, passwd: &str, uid: u32) -> Program {
    let mut program = login::shell(env, passwd, uid);
    login::set(&mut program.env, "TERM", TERM);
    login::set(&mut program.env, "COLORTERM", "truecolor");
    program
}

/// The name that a program is listed under: `bash`.
pub(super) fn title(program: &Program) -> String {
    let name = program.path.file_name().unwrap_or(program.path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_of_our_terminal_and_not_of_another() {
        let program = login_shell(vec![("TERM".into(), "dumb".into())], "", 0);
        let mut env = program.env;
        env.retain(|(name, _)| name.to_string_lossy().ends_with("TERM"));
        env.sort();
        let expected = [("COLORTERM", "truecolor"), ("TERM", "xterm-256color")];
        assert_eq!(
            env,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
    }
}
