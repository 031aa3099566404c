//! The one exec: from a live master to a stream mux, installing on the way.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use openssh::Session;
use openssh::Stdio;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::time::timeout;

use super::bootstrap;
use super::bootstrap::AttachWords;
use super::failure;
use super::lines::Lines;
use super::master;
use crate::protocol::attach;
use crate::protocol::attach::Line;
use crate::protocol::attach::Ready;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::session::PhaseName;
use crate::proxy::mux;
use crate::release::build::Build;
use crate::release::payload;
use crate::release::payload::Codec;
use crate::sys::secret;
use crate::sys::stdio;

/// How long the remote may say and take nothing; no deadline on the whole.
const NO_PROGRESS: Duration = Duration::from_secs(20);

/// How long a login shell may take until our line runs.
///
/// Longer than a slow rc file on a loaded login node, shorter than a person's
/// patience with one that waits for input; the person hears of it long before.
const SHELL_DEADLINE: Duration = Duration::from_secs(25);

/// How long a shell that reads our stdin may take to say so.
const PROBE_DEADLINE: Duration = Duration::from_secs(3);

/// How long what has ended may take to say its last words.
const LAST_WORDS_DEADLINE: Duration = Duration::from_millis(500);

/// How much of the exec's output is read at a time.
const BUFFER_BYTES: usize = 32 << 10;

/// How much of the login shell's stderr is read for an error's text.
const WORDS_BYTES: u64 = 2 << 10;

/// How long the server on the remote may take to start; it has 20 s itself.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// Whether the binary may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    /// When it is not there.
    IfMissing,
    /// Never; then a missing one is an error.
    Never,
}

/// What to reach, and how.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The target as the person spells it, for messages.
    pub target: String,
    /// This build, which the remote gets.
    pub build: Build,
    /// Whether the binary may be installed.
    pub install: Install,
    /// The server's port on the remote, if one was asked for.
    pub remote_port: Option<u16>,
    /// Whether a server may be started.
    pub may_start: bool,
}

/// How far an exec is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step began; the one before is over.
    Began(PhaseName),
    /// So many bytes of so many are on their way.
    Uploaded {
        /// Bytes written.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// An exec whose stdio is the mux.
pub struct Attached {
    /// What the remote said of its server.
    pub ready: Ready,
    /// Whether this exec installed the binary.
    pub installed: bool,
    /// Opens streams.
    pub opener: mux::Opener,
    /// Moves the bytes; ends with the connection. To be run by the owner.
    pub driver: Driver,
}

/// The mux's driver with the exec that it runs over.
pub type Driver = std::pin::Pin<Box<dyn Future<Output = Result<(), mux::Error>> + Send>>;

/// Runs the exec on a master and waits until the server is reached.
///
/// # Errors
/// A [`Failure`] whose cause is the step that failed; nothing half-installed
/// stays on the remote.
pub async fn attach(
    master: &Path,
    errand: &Errand,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Attached, Failure> {
    report(Progress::Began(PhaseName::Attach));
    let marker = format!("{}{}", attach::MARKER_PREFIX, secret::word(8));
    let words = AttachWords {
        marker,
        remote_port: errand.remote_port,
        may_start: errand.may_start,
    };
    let mut exec = Exec::open(master, errand, words).await?;
    let mut installed = false;
    let mut line = match timeout(SHELL_DEADLINE, exec.lines.next()).await {
        Ok(Ok(Some(line))) => line,
        Ok(Ok(None)) => return Err(exec.ended().await),
        Ok(Err(error)) => return Err(exec.lost(&error.to_string())),
        Err(_) => return Err(exec.stuck().await),
    };
    if let Line::Need { platform, codecs } = &line {
        errand.check_install(platform)?;
        line = exec.install(Codec::choose(codecs), report).await?;
        installed = true;
    }
    if line == Line::Starting {
        report(Progress::Began(PhaseName::Start));
        line = exec.next_line(START_DEADLINE).await?;
    }
    match line {
        Line::Ready(ready) => exec.into_mux(ready, installed),
        Line::Error(failed) => Err(failure::reaching(&errand.target, failed)),
        Line::Fail { code, detail } => Err(failure::installing(&errand.target, &code, &detail)),
        Line::Need { .. } | Line::Got(_) | Line::Starting => {
            Err(exec.lost("the remote side does not keep to the protocol"))
        }
    }
}

impl Errand {
    fn check_install(&self, platform: &str) -> Result<(), Failure> {
        let target = &self.target;
        if self.install == Install::Never {
            return Err(failure::not_installed(target, &self.build));
        }
        if platform == self.build.platform {
            return Ok(());
        }
        Err(failure::other_platform(target, platform, &self.build))
    }
}

/// The running exec, until its stdio becomes the mux.
struct Exec<'a> {
    errand: &'a Errand,
    master: PathBuf,
    words: AttachWords,
    child: openssh::Child<std::sync::Arc<Session>>,
    stdin: openssh::ChildStdin,
    lines: Lines<BufReader<openssh::ChildStdout>>,
    stderr: openssh::ChildStderr,
}

impl<'a> Exec<'a> {
    async fn open(master: &Path, errand: &'a Errand, words: AttachWords) -> Result<Self, Failure> {
        let session = std::sync::Arc::new(Session::resume_mux(master.into(), None));
        let mut command = session.arc_raw_command(bootstrap::line(&errand.build, &words));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let spawned = timeout(NO_PROGRESS, command.spawn()).await;
        let target = &errand.target;
        let mut child = match spawned {
            Ok(Ok(child)) => child,
            // A master that still answers has refused the session; one that
            // does not was lost. Its words alone would not tell.
            Ok(Err(error)) if master::is_alive(master).await => {
                return Err(Failure {
                    cause: Cause::SessionRefused,
                    message: format!(
                        "`{target}` opens no further session on this connection ({error})"
                    ),
                    hint: format!("cocalc-plus ssh {target}"),
                });
            }
            Ok(Err(error)) => return Err(failure::lost(target, &error.to_string())),
            Err(_) => return Err(failure::lost(target, "no answer for 20 s")),
        };
        let missing = || failure::lost(target, "the session has no stdio");
        let stdout = child.stdout().take().ok_or_else(missing)?;
        // Else ssh sleeps and wakes for each 64 KiB of a download.
        stdio::widen(&stdout);
        let lines = Lines::new(
            BufReader::with_capacity(BUFFER_BYTES, stdout),
            &words.marker,
        );
        Ok(Self {
            errand,
            master: master.to_owned(),
            words,
            lines,
            stdin: child.stdin().take().ok_or_else(missing)?,
            stderr: child.stderr().take().ok_or_else(missing)?,
            child,
        })
    }

    /// Reads until the next line of ours, once the first has come.
    async fn next_line(&mut self, limit: Duration) -> Result<Line, Failure> {
        match timeout(limit, self.lines.next()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(self.lost("it ended while its server was starting")),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.lost(&format!("nothing arrived for {} s", limit.as_secs()))),
        }
    }

    /// Sends the binary and follows it until the installer is through with it.
    async fn install(
        &mut self,
        codec: Codec,
        report: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Line, Failure> {
        report(Progress::Began(PhaseName::Upload));
        let build = self.errand.build.clone();
        let packing = tokio::task::spawn_blocking(move || payload::pack(&build, codec)).await;
        let bytes = packing
            .map_err(|error| self.local(&error.to_string()))?
            .map_err(|error| self.local(&error.to_string()))?;
        let installer = bootstrap::installer(&self.errand.build, &self.words, codec, bytes.len())
            .ok_or_else(|| self.local("the installer is too long"))?;
        let total = bytes.len() as u64;
        report(Progress::Uploaded { done: 0, total });
        let line = self
            .send(installer.into_bytes(), bytes, total, report)
            .await;
        if matches!(&line, Ok(Line::Fail { code, .. }) if code == "hash") {
            // It may have been damaged here, and would be the next time too.
            payload::forget();
        }
        line
    }

    /// Writes and listens at once: what is written is not what has arrived.
    async fn send(
        &mut self,
        installer: Vec<u8>,
        bytes: Vec<u8>,
        total: u64,
        report: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Line, Failure> {
        let stdin = &mut self.stdin;
        let writing = async {
            // When the installer has given up, its line says why, not this.
            if stdin.write_all(&installer).await.is_ok() {
                let _ = stdin.write_all(&bytes).await;
            }
            std::future::pending::<()>().await
        };
        let size = self.errand.build.size_bytes.max(1);
        let lines = &mut self.lines;
        let following = async {
            let mut arrived = 0;
            let mut since = Instant::now();
            let mut is_unpacked = false;
            loop {
                let line = timeout(NO_PROGRESS, lines.next()).await;
                let Ok(Ok(Some(Line::Got(unpacked)))) = line else {
                    if !is_unpacked {
                        report(Progress::Uploaded { done: total, total });
                        report(Progress::Began(PhaseName::Install));
                    }
                    return line;
                };
                if unpacked > arrived {
                    (arrived, since) = (unpacked, Instant::now());
                    let done = total.saturating_mul(unpacked.min(size)) / size;
                    report(Progress::Uploaded { done, total });
                    if unpacked >= size && !is_unpacked {
                        is_unpacked = true;
                        report(Progress::Began(PhaseName::Install));
                    }
                } else if since.elapsed() > NO_PROGRESS {
                    return timeout(Duration::ZERO, std::future::pending()).await;
                }
            }
        };
        let line = tokio::select! {
            line = following => line,
            () = writing => Ok(Ok(None)),
        };
        match line {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(self.lost("it ended while the binary was on its way")),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.lost("nothing arrived for 20 s")),
        }
    }

    fn into_mux(self, ready: Ready, installed: bool) -> Result<Attached, Failure> {
        if ready.version > attach::VERSION {
            return Err(Failure {
                cause: Cause::Version,
                message: format!(
                    "`{}` speaks version {} of the attach protocol, this build speaks {}",
                    self.errand.target,
                    ready.version,
                    attach::VERSION
                ),
                hint: "upgrade cocalc-plus on this machine".into(),
            });
        }
        let (opener, _incoming, driver) =
            mux::start(self.lines.into_source(), self.stdin, mux::Role::Opens);
        let (child, mut stderr) = (self.child, self.stderr);
        let driver = async move {
            // A full stderr pipe would stop the remote.
            let mut sink = tokio::io::sink();
            tokio::select! {
                ended = driver => ended,
                never = async {
                    let _ = tokio::io::copy(&mut stderr, &mut sink).await;
                    std::future::pending().await
                } => never,
            }
            .inspect_err(|error| tracing::info!(%error, "the mux ended"))
            .map(|()| drop(child))
        };
        Ok(Attached {
            ready,
            installed,
            opener,
            driver: Box::pin(driver),
        })
    }

    /// Why the exec ended before a line of ours.
    async fn ended(mut self) -> Failure {
        let said = self.last_words().await;
        let ending = timeout(LAST_WORDS_DEADLINE, self.child.wait()).await;
        let code = ending
            .ok()
            .and_then(Result::ok)
            .and_then(|status| status.code());
        failure::shell_ended(&self.errand.target, code, said.as_deref())
    }

    /// Why no line of ours comes. This exec is given up, so its stdin can be
    /// used to find out who reads it.
    async fn stuck(mut self) -> Failure {
        let (target, marker) = (&self.errand.target, &self.words.marker);
        let answer = format!("{marker} {}", failure::OTHER_SHELL);
        let probing = async {
            let probe = format!("echo {answer}\n");
            let _ = self.stdin.write_all(probe.as_bytes()).await;
            drop(self.stdin);
            // A line of ours that comes now comes too late.
            matches!(self.lines.next().await, Ok(Some(_)))
        };
        let came = timeout(PROBE_DEADLINE, probing).await;
        let heard = self.lines.noise();
        match came {
            Ok(false) if heard.contains(&format!("echo {answer}")) => {
                failure::other_program(target)
            }
            Ok(false) if heard.contains(&answer) => failure::other_shell(target),
            Ok(false) => failure::other_program(target),
            Ok(true) => failure::shell_asks(target, self.lines.last_noise()),
            // The shell is not to blame for a machine that nobody hears.
            Err(_)
                if master::opens_another(&self.master, PROBE_DEADLINE)
                    .await
                    .is_none() =>
            {
                failure::lost(target, "it does not answer")
            }
            Err(_) => failure::shell_hangs(target, SHELL_DEADLINE, self.lines.last_noise()),
        }
    }

    /// The last line that the login shell printed, its complaints first.
    async fn last_words(&mut self) -> Option<String> {
        let mut words = Vec::new();
        let mut stderr = (&mut self.stderr).take(WORDS_BYTES);
        let _ = timeout(LAST_WORDS_DEADLINE, stderr.read_to_end(&mut words)).await;
        let words = String::from_utf8_lossy(&words);
        let complaint = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        complaint.or(self.lines.last_noise()).map(str::to_owned)
    }

    fn lost(&self, why: &str) -> Failure {
        failure::lost(&self.errand.target, why)
    }

    fn local(&self, why: &str) -> Failure {
        failure::packing(&self.errand.target, why)
    }
}
