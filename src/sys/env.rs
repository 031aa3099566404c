//! Environment variables; nobody else reads them.
#![expect(
    clippy::disallowed_methods,
    reason = "the one owner of the environment"
)]

use std::ffi::OsString;
use std::path::PathBuf;

/// Returns a variable that is set, not empty and UTF-8.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns a variable as an absolute path; a relative one counts as unset.
pub fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// Returns every variable of this process.
pub fn all() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// Returns the arguments of this process, the program's name first.
pub fn args() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// Says whether somebody looks at a graphical desktop from here.
///
/// On Linux that is an X or Wayland display; a macOS session counts unless it
/// came in by ssh.
pub fn has_desktop() -> bool {
    if cfg!(target_os = "macos") {
        return var("SSH_CONNECTION").is_none();
    }
    var("DISPLAY").is_some() || var("WAYLAND_DISPLAY").is_some() || var("BROWSER").is_some()
}
