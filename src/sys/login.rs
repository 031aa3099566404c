//! A user's login: home, shell, and what of an environment is for programs.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use super::pty::Program;

/// Names that describe where a process was started, not what it shall do.
///
/// A shell that sees `TMUX` refuses to nest, one that sees `SSH_TTY` or
/// `LINES` believes them.
const OTHER_TERMINALS: [&str; 15] = [
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "SSH_TTY",
    "TMUX",
    "TMUX_PANE",
    "STY",
    "WINDOWID",
    "TERMCAP",
    "LINES",
    "COLUMNS",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "VTE_VERSION",
    "PWD",
    "OLDPWD",
];

/// Names that hold a secret of the server; a child gets none of them.
pub const SECRETS: [&str; 3] = ["AUTH_TOKEN", "COCALC_AUTH_TOKEN", "COMPUTE_SERVER"];

/// Names that hold a setting of the server.
const SERVER_NAMES: [&str; 3] = ["COCALC_BIND", "COCALC_OPEN_BROWSER", "COCALC_PORT"];

/// The prefix of names that are the server's.
const SERVER_PREFIX: &[u8] = b"COCALC_PLUS_";

/// A user's line of `passwd(5)`: `ada:x:1000:1000:Ada:/home/ada:/bin/bash`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// The home, if it is absolute.
    pub(super) home: Option<PathBuf>,
    /// The login shell, if it is absolute.
    pub(super) shell: Option<PathBuf>,
}

/// Makes the login shell of the user that this environment belongs to.
///
/// The shell is the first that can be executed of `$SHELL`, the user's line in
/// `passwd` (the text of `/etc/passwd`) and `/bin/sh`. Everything else in the
/// environment is kept, so that variables of a batch job such as `SLURM_JOB_ID`
/// or `CUDA_VISIBLE_DEVICES` are there.
pub fn shell(env: Vec<(OsString, OsString)>, passwd: &str, uid: u32) -> Program {
    let account = account(passwd, uid);
    let get = |name: &str| {
        let found = env
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| PathBuf::from(value))
    };
    let shells = [get("SHELL"), account.shell, Some("/bin/sh".into())];
    let path = shells
        .into_iter()
        .flatten()
        .find(|path| is_executable(path));
    let path = path.unwrap_or_else(|| "/bin/sh".into());
    let homes = [get("HOME"), account.home];
    let cwd = homes.into_iter().flatten().find(|home| home.is_dir());
    let cwd = cwd.unwrap_or_else(|| "/".into());
    let mut argv0 = OsString::from("-");
    argv0.push(path.file_name().unwrap_or(path.as_os_str()));
    let mut kept: Vec<_> = env
        .into_iter()
        .filter(|(name, _)| is_for_programs(name))
        .collect();
    set(&mut kept, "SHELL", &path);
    if !kept.iter().any(|(name, _)| name == "HOME") {
        set(&mut kept, "HOME", &cwd);
    }
    Program {
        path,
        argv0,
        args: Vec::new(),
        cwd,
        env: kept,
    }
}

/// Says whether a variable is neither another terminal's nor the server's.
pub fn is_for_programs(name: &OsStr) -> bool {
    let is_listed = |names: &[&str]| names.iter().any(|listed| name == *listed);
    !is_listed(&OTHER_TERMINALS)
        && !is_listed(&SECRETS)
        && !is_listed(&SERVER_NAMES)
        && !name.as_bytes().starts_with(SERVER_PREFIX)
}

/// Sets a variable of an environment, once.
pub fn set(env: &mut Vec<(OsString, OsString)>, name: &str, value: impl AsRef<OsStr>) {
    env.retain(|(other, _)| other != name);
    env.push((name.into(), value.as_ref().into()));
}

fn is_executable(path: &Path) -> bool {
    let executable =
        |meta: std::fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o111 != 0;
    path.is_absolute() && path.metadata().is_ok_and(executable)
}

/// Finds a user in the text of `/etc/passwd`, passwd(5).
pub(super) fn account(passwd: &str, uid: u32) -> Account {
    let uid = uid.to_string();
    let lines = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let mut mine = lines.filter(|fields| fields.len() >= 7 && fields[2] == uid);
    let path = |text: &str| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    mine.next().map_or_else(Account::default, |fields| Account {
        home: path(fields[5]),
        shell: path(fields[6]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nada:x:7:7:Ada:/:/bin/cat\nx:y\n";

    fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn the_shell_is_the_environments_then_the_accounts_then_sh() {
        let shell = |env, uid| {
            let program = shell(env, PASSWD, uid);
            (
                program.path.display().to_string(),
                program.argv0.into_string().unwrap(),
            )
        };
        let is = |path: &str, argv0: &str| (path.to_owned(), argv0.to_owned());
        assert_eq!(shell(env(&[("SHELL", "/bin/ls")]), 7), is("/bin/ls", "-ls"));
        for bad in ["", "ls", "/nowhere/bash", "/etc/passwd", "/bin"] {
            assert_eq!(shell(env(&[("SHELL", bad)]), 7), is("/bin/cat", "-cat"));
        }
        assert_eq!(shell(env(&[]), 8), is("/bin/sh", "-sh"));
    }

    #[test]
    fn it_starts_at_home_or_at_the_root() {
        let cwd = |env, uid| shell(env, PASSWD, uid).cwd;
        assert_eq!(cwd(env(&[("HOME", "/tmp")]), 7), Path::new("/tmp"));
        assert_eq!(cwd(env(&[("HOME", "/nowhere")]), 7), Path::new("/"));
        assert_eq!(cwd(env(&[]), 8), Path::new("/"));
    }

    #[test]
    fn jobs_variables_are_kept_and_the_servers_are_not() {
        let before = env(&[
            ("SLURM_JOB_ID", "5"),
            ("CUDA_VISIBLE_DEVICES", "0"),
            ("SSH_TTY", "x"),
            ("COCALC_PLUS_RUNTIME", "x"),
            ("AUTH_TOKEN", "x"),
            ("COMPUTE_SERVER", "x"),
            ("COCALC_AUTH_TOKEN", "x"),
            ("TMUX", "x"),
            ("HOME", "/tmp"),
        ]);
        let mut after = shell(before, PASSWD, 0).env;
        after.sort();
        let expected = env(&[
            ("CUDA_VISIBLE_DEVICES", "0"),
            ("HOME", "/tmp"),
            ("SHELL", "/bin/sh"),
            ("SLURM_JOB_ID", "5"),
        ]);
        assert_eq!(after, expected);
    }

    #[test]
    fn a_home_is_found_without_the_c_library() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nme:x:1000:1000::/home/me:/bin/sh\n";
        assert_eq!(account(passwd, 1000).home, Some(PathBuf::from("/home/me")));
        assert_eq!(account(passwd, 1001), Account::default());
    }
}
