//! Running the probe: one exec, echoes, facts.

use std::time::Duration;
use std::time::Instant;

use openssh::Session;
use openssh::Stdio;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::time::timeout;

use super::facts::Answer;
use super::facts::Facts;
use crate::protocol::attach::MARKER_PREFIX;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::ssh::bootstrap;
use crate::ssh::failure;
use crate::ssh::lines::Lines;
use crate::ssh::master;
use crate::ssh::master::Master;
use crate::ssh::plan::Plan;
use crate::sys::clock;
use crate::sys::secret;

/// How long a login shell may take until it counts as one that hangs; a slow
/// one is waited for, so that its cost can be told.
const SHELL_DEADLINE: Duration = Duration::from_secs(10);

/// How long the probe may look at one thing, such as a dead network disk.
const STEP_DEADLINE: Duration = Duration::from_secs(10);

/// How long a master may take to open the session.
const OPEN_DEADLINE: Duration = Duration::from_secs(20);

/// How long the session's end is waited for.
const END_DEADLINE: Duration = Duration::from_secs(2);

/// How many lines are taken; a remote may print for ever.
const LINES: usize = 5_000;

/// How much of the login shell's stderr is kept.
const WORDS_BYTES: u64 = 2 << 10;

/// How often the round trip is measured; the shortest counts.
const ECHOES: usize = 3;

/// A session's round trips until its command runs: opening it, and the exec.
const EXEC_ROUND_TRIPS: u32 = 2;

/// The text; lines of comment stay here.
const SCRIPT: &str = include_str!("probe.sh");

/// The probe's session.
pub(super) struct Probe {
    target: String,
    script: String,
    began: Instant,
    child: openssh::Child<std::sync::Arc<Session>>,
    stdin: openssh::ChildStdin,
    stderr: openssh::ChildStderr,
    lines: Lines<BufReader<openssh::ChildStdout>>,
}

impl Probe {
    /// Opens the session.
    ///
    /// # Errors
    /// [`Cause::SessionRefused`] when the master lives and opens none,
    /// [`Cause::Lost`] when it does not.
    pub(super) async fn open(plan: &Plan, master: &Master, target: &str) -> Result<Self, Failure> {
        let marker = format!("{MARKER_PREFIX}{}", secret::word(8));
        let script = script(&marker);
        let line = line(&marker, script.len());
        plan.show_exec(master, &line);
        let session = std::sync::Arc::new(Session::resume_mux(master.path.as_path().into(), None));
        let mut command = session.arc_raw_command(line);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = match timeout(OPEN_DEADLINE, command.spawn()).await {
            Ok(Ok(child)) => child,
            Ok(Err(error)) if master::is_alive(&master.path).await => {
                return Err(refused(target, &error));
            }
            Ok(Err(error)) => return Err(failure::lost(target, &error.to_string())),
            Err(_) => return Err(failure::lost(target, "no answer for 20 s")),
        };
        let missing = || failure::lost(target, "the session has no stdio");
        let stdout = child.stdout().take().ok_or_else(missing)?;
        Ok(Self {
            target: target.to_owned(),
            script,
            began,
            stdin: child.stdin().take().ok_or_else(missing)?,
            stderr: child.stderr().take().ok_or_else(missing)?,
            lines: Lines::new(BufReader::new(stdout), &marker),
            child,
        })
    }

    /// Waits for the login shell and reads the facts.
    ///
    /// # Errors
    /// [`Cause::Lost`] when the connection breaks; a shell that runs nothing
    /// is an [`Answer`].
    pub(super) async fn run(&mut self) -> Result<Facts, Failure> {
        let mut facts = Facts::default();
        match timeout(SHELL_DEADLINE, self.next()).await {
            Ok(Ok(Some(_))) => {}
            Ok(Ok(None)) => {
                let words = self.last_words().await;
                facts.answer = Answer::Ended { words };
                return Ok(facts);
            }
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {
                let seconds = SHELL_DEADLINE.as_secs();
                facts.answer = Answer::Silent { seconds };
                return Ok(facts);
            }
        }
        let answered = self.began.elapsed();
        facts.noise = self.lines.last_noise().map(str::to_owned);
        let script = std::mem::take(&mut self.script);
        self.send(script.as_bytes()).await?;
        let round_trip = self.measure(&mut facts).await?;
        let shell = answered.saturating_sub(round_trip * EXEC_ROUND_TRIPS);
        facts.shell_ms = u64::try_from(shell.as_millis()).ok();
        facts.round_trip_us = u64::try_from(round_trip.as_micros()).ok();
        self.read(&mut facts).await?;
        Ok(facts)
    }

    /// Lets the probe end; what it waits for is the end of its stdin.
    pub(super) async fn end(self) {
        drop(self.stdin);
        // A shell that hangs ends by its session's end.
        let _ = timeout(END_DEADLINE, self.child.wait()).await;
    }

    async fn measure(&mut self, facts: &mut Facts) -> Result<Duration, Failure> {
        let mut shortest = Duration::MAX;
        for _ in 0..ECHOES {
            let (_, taken) = self.ask().await?;
            shortest = shortest.min(taken);
        }
        let (line, taken) = self.ask().await?;
        let half = u64::try_from(taken.as_millis() / 2).unwrap_or(0);
        let ours = i64::try_from(clock::now_ms().saturating_sub(half)).unwrap_or(i64::MAX);
        let theirs = line
            .strip_prefix("clock ")
            .and_then(|at| at.parse::<i64>().ok());
        facts.clock_ahead_ms = theirs.map(|seconds| ahead_ms(seconds, ours));
        Ok(shortest)
    }

    async fn ask(&mut self) -> Result<(String, Duration), Failure> {
        let began = Instant::now();
        self.send(b"\n").await?;
        match timeout(STEP_DEADLINE, self.next()).await {
            Ok(Ok(Some(line))) => Ok((line, began.elapsed())),
            Ok(Ok(None)) => Err(failure::lost(&self.target, "the probe ended")),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(failure::lost(&self.target, "no echo for 10 s")),
        }
    }

    async fn read(&mut self, facts: &mut Facts) -> Result<(), Failure> {
        for _ in 0..LINES {
            match timeout(STEP_DEADLINE, self.next()).await {
                Ok(Ok(Some(line))) if line == "done" => return Ok(()),
                Ok(Ok(Some(line))) => facts.take(&line),
                Ok(Ok(None)) => return Err(failure::lost(&self.target, "the probe ended")),
                Ok(Err(failure)) => return Err(failure),
                Err(_) => break,
            }
        }
        facts.answer = Answer::Stalled {
            at: facts.at.clone(),
            seconds: STEP_DEADLINE.as_secs(),
        };
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<String>, Failure> {
        let behind = |text: &str, marker: &str| {
            let (_, rest) = text.split_once(marker)?;
            Some(rest.trim().to_owned())
        };
        let read = self.lines.next_by(behind).await;
        read.map_err(|error| failure::lost(&self.target, &error.to_string()))
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = async {
            self.stdin.write_all(bytes).await?;
            self.stdin.flush().await
        };
        sent.await
            .map_err(|error| failure::lost(&self.target, &error.to_string()))
    }

    /// What the login shell said last, on either stream.
    async fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        let mut stderr = (&mut self.stderr).take(WORDS_BYTES);
        let reading = stderr.read_to_end(&mut words);
        let _ = timeout(Duration::from_millis(500), reading).await;
        let words = String::from_utf8_lossy(&words).into_owned();
        let said = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        said.or(self.lines.last_noise())
            .unwrap_or_default()
            .to_owned()
    }
}

/// The exec's command, which every login shell passes on; see `bootstrap`.
fn line(marker: &str, length: usize) -> String {
    format!(
        "exec sh -c 'PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; echo; echo {marker} here; \
         eval \"$(dd bs=1 count={length} 2>/dev/null)\"'"
    )
}

/// What that command reads; the last byte is a newline.
fn script(marker: &str) -> String {
    let mut text = String::with_capacity(SCRIPT.len());
    for line in SCRIPT.lines().map(str::trim_start) {
        if !line.is_empty() && !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.replace("@MARKER@", marker)
        .replace("@ROOTS@", bootstrap::ROOTS)
}

/// The remote tells whole seconds: a difference within one is none.
fn ahead_ms(theirs_seconds: i64, ours_ms: i64) -> i64 {
    let least = theirs_seconds.saturating_mul(1000).saturating_sub(ours_ms);
    let most = least.saturating_add(999);
    match (least > 0, most < 0) {
        (true, _) => least,
        (_, true) => most,
        _ => 0,
    }
}

fn refused(target: &str, error: &openssh::Error) -> Failure {
    Failure {
        cause: Cause::SessionRefused,
        message: format!("`{target}` opens no further session on this connection ({error})"),
        hint: format!("cocalc-plus ssh {target}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_holds_nothing_that_a_login_shell_would_change() {
        let line = line("@@ccp-k3v9m2qd", 4321);
        let inner = line
            .strip_prefix("exec sh -c '")
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap();
        assert!(!inner.contains(['\'', '\n', '!', '\\']), "{inner}");
    }

    #[test]
    fn the_script_is_ascii_and_whole() {
        let text = script("@@ccp-k3v9m2qd");
        // `dd` counts bytes, and a word cut in half would be run.
        assert!(text.is_ascii() && text.ends_with('\n'));
        assert!(!text.contains("@MARKER@") && !text.contains("@ROOTS@"));
        assert!(!text.contains("token"), "a token must not be printed");
    }

    #[test]
    fn clocks_agree_within_the_second_that_date_hides() {
        for (theirs, ours, ahead) in [
            (10, 10_000, 0),
            (10, 10_999, 0),
            (10, 9_400, 600),
            (10, 11_500, -501),
            (3610, 10_500, 3_599_500),
        ] {
            assert_eq!(ahead_ms(theirs, ours), ahead, "{theirs} {ours}");
        }
    }
}
