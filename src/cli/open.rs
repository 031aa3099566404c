//! `cocalc-plus open`: asks the page that shows this terminal for a file.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::CliError;
use super::exit::Exit;
use crate::protocol::pathtext;
use crate::protocol::terminal;
use crate::sys::env;
use crate::sys::process;

/// The name by which this binary is `cocalc-plus open`.
const ALIAS: &str = "open";

/// Open files in the page that shows this terminal
///
/// Works in a terminal of the page, where `open FILE` does the same. Inside
/// tmux it needs `set -g allow-passthrough on` there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cocalc-plus open notes.md\n  open *.png")]
pub struct Args {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Prints for each file what the page understands.
///
/// # Errors
/// When a file does not exist or no page can be asked; then nothing is
/// printed.
pub fn run(args: &Args) -> Result<Exit, CliError> {
    if env::var(terminal::ID_VARIABLE).is_none() {
        return Err(CliError::hinted(
            "no page shows this shell: it is not in a terminal of cocalc-plus",
            "open the file in a terminal of the page",
        ));
    }
    if !process::is_terminal(std::io::stdout()) {
        return Err(CliError::hinted(
            "stdout is no terminal, and so leads to no page",
            "run it without a pipe or redirection",
        ));
    }
    let paths: Vec<PathBuf> = args
        .files
        .iter()
        .map(|file| found(file))
        .collect::<Result<_, _>>()?;
    let is_tmux = env::var("TMUX").is_some();
    if is_tmux && is_kept_by_tmux() {
        return Err(CliError::hinted(
            "tmux keeps the request from the page",
            "tmux set -g allow-passthrough on",
        ));
    }
    for path in &paths {
        std::io::stdout().write_all(&request(path, is_tmux))?;
    }
    Ok(Exit::Success)
}

/// Says whether tmux passes nothing through: it asks for that since 3.3, and
/// older ones have no such option.
fn is_kept_by_tmux() -> bool {
    let asked = ["show-options", "-Apqv", "allow-passthrough"];
    process::run("tmux", &asked).is_some_and(|value| value == "off")
}

/// Turns `open FILE` into `cocalc-plus open FILE`.
pub fn with_subcommand(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args
        .first()
        .and_then(|program| Path::new(program).file_name());
    if name.is_some_and(|name| name == ALIAS) {
        args[0] = "cocalc-plus".into();
        args.insert(1, ALIAS.into());
    }
    args
}

/// Returns the absolute path of a file that exists, its own name kept: a link
/// is opened as itself.
fn found(file: &Path) -> Result<PathBuf, CliError> {
    let missing = |source| CliError::File {
        path: file.to_owned(),
        source,
    };
    file.metadata().map_err(missing)?;
    let path = std::path::absolute(file).map_err(missing)?;
    let place = path.parent().zip(path.file_name());
    match place.filter(|_| !file.ends_with("..")) {
        Some((parent, name)) => Ok(parent.canonicalize().map_err(missing)?.join(name)),
        None => path.canonicalize().map_err(missing),
    }
}

/// `ESC ] 7337 ; open ; BASE64 BEL` with the path as path text, in an envelope
/// where tmux stands between.
fn request(path: &Path, is_tmux: bool) -> Vec<u8> {
    let path = STANDARD.encode(pathtext::encode(path));
    let plain = format!("\x1b]7337;open;{path}\x07");
    if is_tmux {
        let doubled = plain.replace('\x1b', "\x1b\x1b");
        return format!("\x1bPtmux;{doubled}\x1b\\").into_bytes();
    }
    plain.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_request_carries_the_path_as_text() {
        let path = Path::new("/a b");
        assert_eq!(request(path, false), b"\x1b]7337;open;L2EgYg==\x07");
        let wrapped = b"\x1bPtmux;\x1b\x1b]7337;open;L2EgYg==\x07\x1b\\";
        assert_eq!(request(path, true), wrapped);
        let odd = Path::new(OsStr::from_bytes(b"/\xff"));
        assert_eq!(request(odd, false), b"\x1b]7337;open;L/SPv78=\x07");
    }

    #[test]
    fn the_program_called_open_is_the_subcommand() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(
            with_subcommand(words("/r/bin/open a")),
            words("cocalc-plus open a")
        );
        assert_eq!(
            with_subcommand(words("cocalc-plus open a")),
            words("cocalc-plus open a")
        );
        assert_eq!(with_subcommand(words("open")), words("cocalc-plus open"));
    }

    #[test]
    fn a_path_is_absolute_and_a_link_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().canonicalize().unwrap();
        std::fs::create_dir(at.join("d")).unwrap();
        std::fs::write(at.join("f"), "").unwrap();
        std::os::unix::fs::symlink("f", at.join("link")).unwrap();
        assert_eq!(found(&at.join("d/../link")).unwrap(), at.join("link"));
        assert_eq!(found(&at.join("d/..")).unwrap(), at);
        assert_eq!(found(&at.join("d/.")).unwrap(), at.join("d"));
        assert!(matches!(found(&at.join("no")), Err(CliError::File { .. })));
    }
}
