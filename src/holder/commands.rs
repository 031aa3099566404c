//! What a terminal's shell finds of ours: the command `open`.
//!
//! ```text
//! DIR/ID.sock           the holders
//! DIR/bin/open          → this binary, or the build that came after it
//! DIR/bin/.shinit       what plain shells read at their start
//! ```
//!
//! `DIR/bin` comes first in the shell's `PATH`, and `COCALC_PLUS_TERMINAL` is
//! the terminal's id. The link is made by each new holder and each server, so
//! it leads to the newest build, also from terminals that are older.
//!
//! - On Linux an `open` of the system gives way: it starts programs on a
//!   desktop, and whoever uses this terminal looks at a page. On macOS `open`
//!   is everybody's habit and stays what it is; there the link is called
//!   `cocalc-plus` and comes last, for `cocalc-plus open`.
//! - A startup file that puts its own directories before ours hides `open` only
//!   if it has one. One that sets `PATH` anew (Debian's `/etc/profile` does)
//!   loses ours; bash has the command even then, as a function that it takes
//!   from the environment (as Lmod's `module`), and the plain shells, of
//!   Debian, Alpine and the BSDs, read the file that `ENV` names after their
//!   profile. zsh and fish do neither, and a Korn shell would read that file
//!   instead of its own: there `PATH=$PATH:$COCALC_PLUS_COMMANDS` in that
//!   startup file brings it back.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use crate::protocol::terminal;
use crate::sys::dirs;
use crate::sys::files;
use crate::sys::pty::Program;
use crate::sys::secret;

/// What the link is called, which says what the binary does.
const NAME: &str = if IS_MAC { "cocalc-plus" } else { "open" };

/// Whether the system's own `open` stays.
const IS_MAC: bool = cfg!(target_os = "macos");

/// Names the directory of the link.
const DIRECTORY_VARIABLE: &str = "COCALC_PLUS_COMMANDS";

/// How bash passes the function `open` to itself, since its version 4.3.
const BASH_FUNCTION: &str = "BASH_FUNC_open%%";

/// Names a file that a plain shell reads when it is interactive.
const ENV_VARIABLE: &str = "ENV";

/// What plain shells are called; all of them expand variables in `ENV`.
const PLAIN_SHELLS: [&str; 3] = ["sh", "dash", "ash"];

/// The name of the file for plain shells.
const SHINIT: &str = ".shinit";

/// Finds our commands again where a profile has set `PATH` anew.
const SHINIT_TEXT: &str = if IS_MAC {
    "case \":$PATH:\" in *\":$COCALC_PLUS_COMMANDS:\"*) ;; \
     *) PATH=$PATH:$COCALC_PLUS_COMMANDS ;; esac\n"
} else {
    "case \":$PATH:\" in *\":$COCALC_PLUS_COMMANDS:\"*) ;; \
     *) PATH=$COCALC_PLUS_COMMANDS:$PATH ;; esac\n"
};

/// Where the link is to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Build {
    /// To this one.
    This,
    /// To any that exists; to this one, if it leads nowhere.
    Any,
}

/// Tells the shell in which terminal it is.
pub(super) fn name_terminal(program: &mut Program, id: &str) {
    set(program, terminal::ID_VARIABLE, id.into());
}

/// Lets the shells of a directory find the commands of this build.
///
/// # Errors
/// Those of the file system; shells find what they found before.
pub fn offer_commands(dir: &Path) -> io::Result<()> {
    place(dir, Build::This).map(drop)
}

/// Makes the directory of our commands below that of the sockets, and in it
/// the link and the file for plain shells; returns it.
///
/// # Errors
/// What the file system says; a link that was there is still whole.
pub(super) fn place(dir: &Path, build: Build) -> io::Result<PathBuf> {
    let bin = dir.join("bin");
    files::private_dir(&bin)?;
    let shinit = bin.join(SHINIT);
    if !shinit.exists() {
        files::write_private(&shinit, SHINIT_TEXT.as_bytes())?;
    }
    let (link, exe) = (bin.join(NAME), dirs::executable()?);
    let is_right = fs::read_link(&link).is_ok_and(|old| old == exe);
    // A holder that makes it again may be of an older build than the link.
    let is_enough = build == Build::Any && link.exists();
    // A build that was deleted is no place to lead to.
    if is_right || is_enough || exe.starts_with("/proc") {
        return Ok(bin);
    }
    let fresh = bin.join(format!(".{}", secret::word(8)));
    std::os::unix::fs::symlink(exe, &fresh)?;
    fs::rename(&fresh, &link).inspect_err(|_| drop(fs::remove_file(&fresh)))?;
    Ok(bin)
}

/// Lets the shell find our commands in this directory.
pub(super) fn add(program: &mut Program, bin: &Path) {
    let old = program.env.iter().find(|(name, _)| name == "PATH");
    // Without any, a shell has its own idea of where commands are.
    if let Some(path) = old.map(|(_, path)| path_with(bin, path)) {
        set(program, "PATH", path);
    }
    set(program, DIRECTORY_VARIABLE, bin.into());
    let name = program.path.file_name().and_then(OsStr::to_str);
    let is_plain = name.is_some_and(|name| PLAIN_SHELLS.contains(&name));
    let is_bash = name == Some("bash");
    let has_its_own = program.env.iter().any(|(name, _)| name == ENV_VARIABLE);
    if is_plain && !has_its_own {
        let file = format!("${DIRECTORY_VARIABLE}/{SHINIT}");
        set(program, ENV_VARIABLE, file.into());
    }
    if is_bash && !IS_MAC {
        let mut function = OsString::from("() { ");
        function.push(quoted(&bin.join(NAME)));
        function.push(" \"$@\"\n}");
        set(program, BASH_FUNCTION, function);
    }
}

/// Puts a directory where it belongs in a `PATH`, once.
fn path_with(bin: &Path, path: &OsStr) -> OsString {
    let bin = bin.as_os_str().as_bytes();
    let mut parts: Vec<&[u8]> = path
        .as_bytes()
        .split(|&byte| byte == b':')
        .filter(|part| *part != bin)
        .collect();
    parts.insert(if IS_MAC { parts.len() } else { 0 }, bin);
    OsStr::from_bytes(&parts.join(&b':')).to_owned()
}

/// A word of a shell's command line that means exactly this path.
fn quoted(path: &Path) -> OsString {
    let parts: Vec<&[u8]> = path
        .as_os_str()
        .as_bytes()
        .split(|&byte| byte == b'\'')
        .collect();
    let inner = parts.join(&b"'\\''"[..]);
    OsStr::from_bytes(&[b"'", &inner[..], b"'"].concat()).to_owned()
}

fn set(program: &mut Program, name: &str, value: OsString) {
    program.env.retain(|(other, _)| other != name);
    program.env.push((name.into(), value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn our_directory_comes_first_and_once() {
        let with = |path: &str| path_with(Path::new("/r/bin"), OsStr::new(path));
        assert_eq!(with("/usr/bin:/bin"), "/r/bin:/usr/bin:/bin");
        assert_eq!(with("/a:/r/bin:/bin"), "/r/bin:/a:/bin");
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn the_link_is_made_once_and_follows_the_build() {
        let dir = tempfile::tempdir().unwrap();
        let link = place(dir.path(), Build::This).unwrap().join(NAME);
        let exe = dirs::executable().unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), exe);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/gone", &link).unwrap();
        place(dir.path(), Build::Any).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), exe);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/bin/sh", &link).unwrap();
        place(dir.path(), Build::Any).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("/bin/sh"));
        place(dir.path(), Build::This).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), exe);
        let names = fs::read_dir(dir.path().join("bin")).unwrap();
        assert_eq!(names.count(), 2, "the link and the file for plain shells");
    }
}
