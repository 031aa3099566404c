//! The environment that a shell ends up with, told by this program inside it.
//!
//! ```text
//! server ── spawn, setsid ──▶ -bash -i -c 'exec "$COCALC_PLUS_PROGRAM" __environment'
//!    │                           │ startup files: may print, hang, exec, exit
//!    └──◀── pipe: noise … NUL MARK NUL NAME=value NUL … NUL MARK NUL ───┘
//! ```
//!
//! The shell has no terminal that it could wait for or stop on, and nothing on
//! stdin. What it prints besides is skipped: a mark is a random word between
//! two NULs, which no shell prints of itself. Its session ends with the
//! capture, as when a terminal is closed. Of what left the session, an agent or
//! a daemon, nothing is touched after a success, because the environment may
//! name it; after a failure it ends too, because nobody knows of it.

#![expect(
    unsafe_code,
    reason = "what happens between fork and exec has no safe interface"
)]
#![expect(clippy::disallowed_methods, reason = "starts the shell")]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;
use tokio::process::Command;

use super::detach;
use super::dirs;
use super::env;
use super::login;
use super::process;
use super::pty;
use super::pty::Program;
use super::secret;

/// The hidden subcommand of this binary that runs [`tell`].
pub const SUBCOMMAND: &str = "__environment";

/// Holds the mark; startup files may ask whether it is set.
pub const MARK_VARIABLE: &str = "COCALC_PLUS_CAPTURE";

/// Holds this program's path, which may need quoting that shells differ in.
const PROGRAM_VARIABLE: &str = "COCALC_PLUS_PROGRAM";

/// A line that every shell understands alike, csh's and fish's family too.
const LINE: &str = "exec \"$COCALC_PLUS_PROGRAM\" __environment";

/// How long a mark is, in letters of 5 bits.
const MARK_LETTERS: usize = 24;

/// How much is read before it is given up, noise and all; Linux lets an
/// environment have 6 MiB.
const MAX_BYTES: usize = 8 << 20;

/// How long a shell that closed its output may take to end.
const ENDING: Duration = Duration::from_millis(500);

/// How often it is looked for what a failed capture left elsewhere.
const SWEEPS: usize = 3;

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("it could not be started")]
    Start(#[source] io::Error),
    /// It was given up waiting for.
    #[error("it did not end")]
    Late,
    /// It ended, or closed its output, before it came to our line.
    #[error("it ended too early ({0})")]
    Ended(ExitStatus),
    /// It printed more than 8 MiB.
    #[error("it printed more than 8 MiB")]
    TooLong,
}

/// Runs a shell with these arguments until it comes to a line of ours, and
/// returns its variables there, without those that are ours.
///
/// Waits until `limit` at the longest, and a moment more. Not cancel-safe: what
/// the shell has started may live on.
///
/// # Errors
/// [`Error`]; everything that the shell has started is gone then, as far as
/// the system lets us find it.
pub async fn read(
    shell: &Program,
    limit: impl Future<Output = ()>,
) -> Result<Vec<(OsString, OsString)>, Error> {
    let mark = secret::word(MARK_LETTERS);
    let mut child = command(shell, &mark)
        .and_then(|mut command| command.spawn())
        .map_err(Error::Start)?;
    let leader = child.id().expect("nobody has waited for it");
    let stdout = child.stdout.take().expect("it is piped");
    let told = tokio::select! {
        told = read_marked(stdout, &mark) => told,
        () = limit => Err(Missing::Late),
    };
    if matches!(told, Err(Missing::Ended)) {
        // Its own exit status says more than that of our signal.
        let _ = tokio::time::timeout(ENDING, child.wait()).await;
    }
    // The number of its session is not given again while anybody is in it.
    pty::end_session(leader, Duration::ZERO).await;
    let status = child.wait().await.map_err(Error::Start)?;
    if told.is_err() {
        sweep(&mark);
    }
    match told {
        Ok(text) => Ok(parse(&text)),
        Err(Missing::Late) => Err(Error::Late),
        Err(Missing::Ended) => Err(Error::Ended(status)),
        Err(Missing::TooLong) => Err(Error::TooLong),
    }
}

/// Tells the environment of this process on stdout: the hidden subcommand
/// `__environment`.
///
/// # Errors
/// Those of stdout; without a mark, nobody has asked.
pub fn tell() -> io::Result<()> {
    let mark = env::var(MARK_VARIABLE).ok_or(io::ErrorKind::InvalidInput)?;
    let mut text = framed(&mark);
    for (name, value) in env::all() {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
        text.push(0);
    }
    text.extend(framed(&mark));
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}

/// Why there are no two marks.
enum Missing {
    Late,
    Ended,
    TooLong,
}

fn command(shell: &Program, mark: &str) -> io::Result<Command> {
    let mut command = Command::new(&shell.path);
    command
        .arg0(&shell.argv0)
        .args(&shell.args)
        .arg(LINE)
        .current_dir(&shell.cwd)
        .env_clear()
        .envs(shell.env.iter().map(|(name, value)| (name, value)))
        .env(MARK_VARIABLE, mark)
        .env(PROGRAM_VARIABLE, dirs::executable()?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let leave = || {
        detach::clean_child();
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: only async-signal-safe calls are made and nothing allocates.
    unsafe { command.pre_exec(leave) };
    Ok(command)
}

async fn read_marked(mut stdout: ChildStdout, mark: &str) -> Result<Vec<u8>, Missing> {
    let mark = framed(mark);
    let mut all = Vec::new();
    let mut has_begun = false;
    let mut searched = 0;
    loop {
        match stdout.read_buf(&mut all).await {
            Ok(0) | Err(_) => return Err(Missing::Ended),
            Ok(_) => {}
        }
        while let Some(at) = find(&all[searched..], &mark) {
            let (from, to) = (searched, searched + at);
            searched = to + mark.len();
            if has_begun {
                return Ok(all[from..to].to_vec());
            }
            has_begun = true;
        }
        // Between two marks, all of it is kept.
        let seen = all.len().saturating_sub(mark.len());
        if !has_begun {
            searched = searched.max(seen);
        }
        if all.len() > MAX_BYTES {
            return Err(Missing::TooLong);
        }
    }
}

fn framed(mark: &str) -> Vec<u8> {
    [b"\0", mark.as_bytes(), b"\0"].concat()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// Parses `NAME=value NUL …`, and leaves out what is ours.
fn parse(text: &[u8]) -> Vec<(OsString, OsString)> {
    let entries = text.split(|&byte| byte == 0);
    let pairs = entries.filter_map(|entry| {
        let at = entry.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (&entry[..at], &entry[at + 1..]);
        let name = OsStr::from_bytes(name);
        let is_wanted = !name.is_empty() && login::is_for_programs(name);
        is_wanted.then(|| (name.to_owned(), OsStr::from_bytes(value).to_owned()))
    });
    pairs.collect()
}

/// Ends what a failed capture left outside of its session.
fn sweep(mark: &str) {
    let wanted = format!("{MARK_VARIABLE}={mark}");
    for _ in 0..SWEEPS {
        let left = process::with_variable(wanted.as_bytes());
        if left.is_empty() {
            return;
        }
        left.into_iter().for_each(process::end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell whose startup files are this script, which plays our program.
    fn shell(script: &str) -> Program {
        Program {
            path: "/bin/sh".into(),
            argv0: "sh".into(),
            args: vec!["-c".into(), script.into()],
            cwd: "/".into(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        }
    }

    const TELL: &str = "printf '\\0%s\\0' $COCALC_PLUS_CAPTURE; env -0; \
                        printf '\\0%s\\0' $COCALC_PLUS_CAPTURE;";

    async fn never() {
        std::future::pending().await
    }

    #[tokio::test]
    async fn noise_is_skipped_and_what_is_ours_is_left_out() {
        let script = format!(
            "echo $COCALC_PLUS_CAPTURE; head -c 300000 /dev/zero; \
             export ODD=\"a=b\n'\\\"ü\"; export COCALC_PLUS_X=1; {TELL} sleep 60 & wait"
        );
        let found = read(&shell(&script), never()).await.unwrap();
        let get = |wanted: &str| {
            let found = found.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.to_str().unwrap())
        };
        assert_eq!(get("ODD"), Some("a=b\n'\"ü"));
        assert_eq!(get("PATH"), Some("/usr/bin:/bin"));
        let is_ours =
            |(name, _): &(OsString, OsString)| name.to_str().unwrap().starts_with("COCALC");
        assert!(!found.iter().any(is_ours), "{found:?}");
    }

    #[tokio::test]
    async fn an_early_end_and_a_flood_are_told_apart() {
        let ended = read(&shell("exit 3"), never()).await.unwrap_err();
        assert_eq!(ended.to_string(), "it ended too early (exit status: 3)");
        let flood = read(&shell("yes"), never()).await.unwrap_err();
        assert!(matches!(flood, Error::TooLong), "{flood}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn after_a_failure_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let pids = dir.path().join("pids");
        let script = format!(
            "exec 9>{}; trap '' HUP; sleep 60 & echo $! >&9; \
             setsid sh -c 'echo $$ >&9; sleep 61' & nohup sleep 62 & echo $! >&9; wait",
            pids.display()
        );
        let lines = || {
            let text = std::fs::read_to_string(&pids).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let limit = async {
            while lines().len() < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let late = read(&shell(&script), limit).await.unwrap_err();
        assert!(matches!(late, Error::Late), "{late}");
        let is_left = |pid: &String| process::start_of(pid.parse().unwrap()).is_some();
        let gone = async {
            while lines().iter().any(is_left) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(5), gone).await;
        gone.expect("what was killed is gone");
    }
}
