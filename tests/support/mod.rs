//! Builders for cases against real processes: sshds, laptops, users, ptys.
//!
//! A case owns everything that it starts: each builder works in a temporary
//! directory of its own and kills on drop what still runs for it, so that all
//! cases run side by side. `/proc` finds those processes: Linux only.

#![allow(
    dead_code,
    reason = "each test binary compiles this module and uses a part of it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the support starts real processes and reads how it was called"
)]

pub(crate) mod account;
pub(crate) mod aftermath;
pub(crate) mod bare;
pub(crate) mod chromium;
pub(crate) mod counter;
pub(crate) mod counts;
pub(crate) mod desk;
pub(crate) mod doctor;
pub(crate) mod doors;
pub(crate) mod finished;
pub(crate) mod http;
pub(crate) mod hub;
pub(crate) mod laptop;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod nats_server;
pub(crate) mod odd;
pub(crate) mod poll;
pub(crate) mod prepared;
pub(crate) mod processes;
pub(crate) mod pty;
pub(crate) mod served;
pub(crate) mod sshd;
pub(crate) mod sshd_builder;
pub(crate) mod targets;
pub(crate) mod terminal;
pub(crate) mod tls;
pub(crate) mod visitor;
pub(crate) mod wan;
pub(crate) mod watch;
pub(crate) mod websocket;
pub(crate) mod wire;

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Returns the binary under test: `COCALC_PLUS_BIN`, else cargo's.
///
/// A relative `COCALC_PLUS_BIN` starts at the crate's root.
pub(crate) fn bin() -> PathBuf {
    match env::var_os("COCALC_PLUS_BIN") {
        Some(given) => Path::new(env!("CARGO_MANIFEST_DIR")).join(given),
        None => PathBuf::from(env!("CARGO_BIN_EXE_cocalc-plus")),
    }
}

/// Says aloud that a case could not run; under `CI` it fails instead.
///
/// Written past the test harness, which would hide the words of a case that
/// passes.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    assert!(env::var_os("CI").is_none(), "CI forbids skipping: {reason}");
    say(&format!("SKIPPED: {reason}"));
}

/// Writes a line past the test harness.
pub(crate) fn say(line: &str) {
    // Nobody can be told when stderr itself is gone.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Creates a directory which every user may enter.
///
/// Directly in `/tmp`, because a unix socket's path may have 107 bytes and the
/// temporary directory of macOS alone has 50.
pub(crate) fn temporary_directory() -> TempDir {
    let directory = tempfile::Builder::new()
        .prefix("ccp-")
        .permissions(PermissionsExt::from_mode(0o755))
        .tempdir_in("/tmp");
    directory.expect("`/tmp` is writable")
}

/// Sets the permission bits of a path that the case made.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("the path is ours");
}

/// Writes a program that may be started at once.
///
/// By a process of its own: what other cases start meanwhile has, until it
/// begins, every file that this one has open, and the system starts no program
/// that anybody has open to write.
#[track_caller]
pub(crate) fn write_program(path: &Path, content: &[u8]) {
    let mut writing = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut stdin = writing.stdin.take().expect("stdin is piped");
    stdin.write_all(content).expect("it reads");
    drop(stdin);
    let ended = writing.wait().expect("it runs");
    assert!(ended.success(), "cannot write `{}`", path.display());
}

/// Finds a program in the places where systems keep them.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
        .iter()
        .chain(&["/sbin", "/bin", "/opt/homebrew/bin"])
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
}
