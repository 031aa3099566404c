//! A remote machine with a name, mounts, limits and configuration of its own.
//!
//! sshd and all that it starts run in namespaces of mounts and names which a
//! line of `sh` has prepared, so that the machine of the tests keeps its own
//! `/etc` and name, and nothing stays mounted when sshd ends. Only root can.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::is_root;
use super::{find_program, skip};

/// The file beside sshd's configuration that holds the line.
const FILE: &str = "prepare";

/// Tells whether machines can be prepared; says aloud when they cannot.
#[track_caller]
pub(crate) fn is_possible() -> bool {
    if !is_root() {
        skip("only root can give an sshd mounts of its own");
    }
    is_root()
}

/// Returns where the line of an sshd in `directory` lies.
pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Returns the command that starts `program` after the line, if there is one.
pub(super) fn command(directory: &Path, program: &Path) -> Command {
    let line = file(directory);
    if !line.exists() {
        return Command::new(program);
    }
    let unshare = find_program("unshare").expect("util-linux is installed");
    let mut command = Command::new(unshare);
    // `exec` keeps the process: who started it waits for sshd itself.
    let script = format!(". {} && exec \"$@\"", line.display());
    command
        .args([
            "-mu",
            "--propagation",
            "private",
            "sh",
            "-ec",
            &script,
            "sh",
        ])
        .arg(program);
    command
}
