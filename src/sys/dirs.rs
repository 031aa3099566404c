//! Where state, data, logs, caches and sockets live.
//!
//! | what | where | override |
//! | --- | --- | --- |
//! | sockets, pid and lock files | `/tmp/ccp-UID`, node-local, 0700 | `COCALC_PLUS_RUNTIME` |
//! | data of the server | `~/.local/share/cocalc-plus` | `DATA`, or the setting |
//! | settings | `~/.config/cocalc-plus` | `XDG_CONFIG_HOME` |
//! | registry of targets, logs | `~/.local/state/cocalc-plus` | |
//! | compressed binaries for upload | `~/.cache/cocalc-plus` | |
//! | installed binaries on a remote | `~/.cocalc-plus/bin` | `COCALC_PLUS_HOME` |
//!
//! The runtime directory is not under `/run/user/UID`, because logout deletes
//! that one with everything in it, and not in a home directory, because homes
//! are shared between machines and sockets are not.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::env;
use super::files;
use super::login;
use super::process;

/// The name under which [`directories`] files us.
const APPLICATION: &str = "cocalc-plus";

/// The data directory that a configuration names.
static DATA: OnceLock<PathBuf> = OnceLock::new();

/// Returns the home directory: `$HOME`, else the one in `/etc/passwd`.
///
/// The C library is never asked: a static one would load the name-service
/// modules of another version from the system, and crash.
pub fn home() -> PathBuf {
    env::path("HOME")
        .or_else(|| {
            let passwd = fs::read_to_string("/etc/passwd").ok()?;
            login::account(&passwd, process::uid()).home
        })
        .unwrap_or_else(|| PathBuf::from("/"))
}

/// Makes the home the current directory, as far as that goes.
pub fn go_home() {
    #[expect(clippy::disallowed_methods, reason = "at the start of a process, once")]
    let _ = std::env::set_current_dir(home());
}

/// Returns the directory of the server's data.
pub fn data() -> PathBuf {
    let named = env::path("DATA").or_else(|| DATA.get().cloned());
    named.unwrap_or_else(|| project(|dirs| Some(dirs.data_dir()), ".local/share"))
}

/// Has [`data`] be a directory that a configuration names, unless the
/// environment names another; to be called once, before anybody asks.
pub fn use_data(dir: PathBuf) {
    let _ = DATA.set(dir);
}

/// Returns the directory of settings, which a person may keep among other such
/// files: not where macOS puts what programs keep for themselves.
pub fn config() -> PathBuf {
    let config = env::path("XDG_CONFIG_HOME");
    config
        .unwrap_or_else(|| home().join(".config"))
        .join(APPLICATION)
}

/// Returns this user's trash, as every desktop of Linux names it.
pub fn trash() -> PathBuf {
    let data = env::path("XDG_DATA_HOME");
    data.unwrap_or_else(|| home().join(".local/share"))
        .join("Trash")
}

/// Returns the directory of the laptop's registry and of all logs.
pub fn state() -> PathBuf {
    project(directories::ProjectDirs::state_dir, ".local/state")
}

/// Returns the directory of what can be made again.
pub fn cache() -> PathBuf {
    project(|dirs| Some(dirs.cache_dir()), ".cache")
}

fn project(pick: impl Fn(&directories::ProjectDirs) -> Option<&Path>, fallback: &str) -> PathBuf {
    // Without `$HOME` it would ask the C library, see `home`.
    env::path("HOME")
        .and_then(|_| directories::ProjectDirs::from("", "", APPLICATION))
        .and_then(|dirs| pick(&dirs).map(Path::to_owned))
        .unwrap_or_else(|| home().join(fallback).join(APPLICATION))
}

/// Returns the node-local directory of sockets and locks, made and checked.
///
/// The first of `COCALC_PLUS_RUNTIME` (alone, when it is set), `/tmp/ccp-UID`,
/// `/var/tmp/ccp-UID` and `/dev/shm/ccp-UID` that is, or can be made, a real
/// directory of this user with mode 0700: another user who squats one name
/// only moves us to the next, the same for every process of this user.
///
/// # Errors
/// The reason why the first candidate was refused, when all are.
pub fn runtime() -> io::Result<PathBuf> {
    if let Some(dir) = env::path("COCALC_PLUS_RUNTIME") {
        return files::private_dir(&dir).map(|()| dir);
    }
    let mut first_refusal = None;
    for parent in ["/tmp", "/var/tmp", "/dev/shm"] {
        let dir = Path::new(parent).join(format!("ccp-{}", process::uid()));
        match files::private_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) => first_refusal = first_refusal.or(Some(error)),
        }
    }
    Err(first_refusal.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// Returns this executable's path, also after its file was replaced.
///
/// # Errors
/// When the system does not tell.
pub fn executable() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    // Linux appends this when the file was unlinked or replaced; the new file
    // of that name, if there is one, is the build to start from now on.
    let text = path.to_string_lossy();
    match text.strip_suffix(" (deleted)") {
        Some(original) if Path::new(original).exists() => Ok(PathBuf::from(original)),
        Some(_) => Ok(PathBuf::from("/proc/self/exe")),
        None => Ok(path),
    }
}

/// Opens this executable's own bytes, even when its file was replaced.
///
/// # Errors
/// Whatever opening says.
pub fn open_executable() -> io::Result<fs::File> {
    if cfg!(target_os = "linux") {
        return fs::File::open("/proc/self/exe");
    }
    fs::File::open(executable()?)
}
