//! `cocalc-plus serve`: the server on this machine.

mod state;

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;

use self::state::Format;
use super::LogLevel;
use super::config;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::daemon::instance::Instance;
use crate::daemon::launch;
use crate::plus::outside;
use crate::plus::serve;
use crate::plus::serve::ServeError;
use crate::plus::serve::ServeOptions;
use crate::plus::serve::Source;
use crate::plus::serve::Started;
use crate::plus::settings;
use crate::plus::settings::Flag;
use crate::plus::settings::Settings;
use crate::plus::settings::Starter;
use crate::protocol::connection::ConnectionInfo;
use crate::sys::dirs;
use crate::sys::env;
use crate::sys::log::BoundedLog;
use crate::sys::shutdown::Shutdown;
use crate::sys::text;

/// How many threads serve requests: two keep one slow disk read from stopping
/// all others, and more would only cost memory.
const THREADS: usize = 2;

/// Run the server of this machine, for this user alone
///
/// It listens on 127.0.0.1 and on a unix socket, with `--host` for other
/// machines too, prints a URL that works once,
/// and runs until you stop it. There is one server for each data directory: a
/// second `serve` prints the URL of the one that runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Listen on this port; 0 takes any that is free
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// Let browsers of other machines in under this name, by TLS where it is
    /// `https://NAME`; a token is needed
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// Speak the NATS client protocol on this loopback port too; 0 takes any
    /// that is free
    #[arg(long, value_name = "N")]
    nats_port: Option<u16>,

    /// Take a token from this file that signs programs and browsers in; `-` is
    /// stdin
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Leave the terminal; return when it listens
    #[arg(long, conflicts_with_all = ["daemon_stop", "daemon_status"])]
    daemon: bool,

    /// Stop the server that runs; its terminals live on
    #[arg(long, conflicts_with = "daemon_status")]
    daemon_stop: bool,

    /// Say whether a server runs
    #[arg(long)]
    daemon_status: bool,

    /// Write port and token as JSON to this file (mode 0600) once it listens
    #[arg(long, value_name = "FILE")]
    write_connection_info: Option<PathBuf>,

    /// Write the process id to this file
    #[arg(long, value_name = "FILE")]
    pidfile: Option<PathBuf>,

    /// Write messages to this file instead of stderr or the default log
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Open the browser, even where no desktop is seen
    #[arg(long, overrides_with = "no_open")]
    open: bool,

    /// Do not open the browser
    #[arg(long)]
    no_open: bool,

    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,

    #[arg(long, hide = true)]
    daemon_child: bool,

    #[arg(long, hide = true)]
    login_environment: bool,
}

/// Runs, starts, stops or asks for the server.
///
/// # Errors
/// [`CliError`] with what keeps the server from running.
pub fn run(args: &Args, level: Option<LogLevel>) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if args.daemon_stop {
            state::stop(args.format()).await
        } else if args.daemon_status {
            state::status(args.format())
        } else if args.daemon {
            daemon(args).await
        } else {
            foreground(args, level).await
        }
    })
}

async fn foreground(args: &Args, level: Option<LogLevel>) -> Result<Exit, CliError> {
    let options = args.options(level).and_then(|options| {
        let settings = options.settings.read().map_err(ServeError::from)?;
        Ok((options, settings))
    });
    // Where settings are wrong the log is there to say so.
    let settings = options.as_ref().ok().map(|(_, settings)| settings);
    trace(args, log_level(settings, level))?;
    let opens = args.opens(settings);
    let starting = async {
        let (options, _) = options?;
        Ok::<_, CliError>(serve::start(options).await?)
    };
    let started = match starting.await {
        Ok(started) => started,
        Err(error) if args.daemon_child => {
            let why = text::with_causes(&error);
            // First the log, whose end the starter shows.
            tracing::error!(why, "the server cannot start");
            let _ = launch::announce_failure(&why);
            return Ok(Exit::from(&error));
        }
        Err(error) => return Err(error),
    };
    let server = match started {
        Started::Here(server) => server,
        Started::Running(info) if args.daemon_child => {
            let _ = launch::announce_ready(&info);
            return Ok(Exit::Success);
        }
        Started::Running(info) => {
            output::say(&format!("a server runs already (pid {})", info.pid));
            args.present(&info, &serve::url_of(&info).await, opens);
            return Ok(Exit::Success);
        }
    };
    let shutdown = Shutdown::default();
    shutdown.on_signals()?;
    if args.daemon_child {
        let _ = launch::announce_ready(server.info());
    } else {
        args.present(server.info(), &server.mint_url(), opens);
    }
    server.run(shutdown).await?;
    Ok(Exit::Success)
}

async fn daemon(args: &Args) -> Result<Exit, CliError> {
    if args.token_file.as_deref() == Some(Path::new("-")) {
        return Err(CliError::hinted(
            "a daemon has no stdin to read a token from",
            "cocalc-plus serve --daemon --token-file FILE",
        ));
    }
    // What is wrong is said here, and not by a log.
    let settings = args
        .options(None)?
        .settings
        .read()
        .map_err(ServeError::from)?;
    outside::asked(&settings)?;
    let instance = Instance::current().map_err(serve::ServeError::Runtime)?;
    let was_running = instance.running().is_some();
    let log = args.log.clone().unwrap_or_else(|| instance.log());
    let info: ConnectionInfo = launch::launch(args.child_words()?, &log).await?;
    let state = if was_running {
        "runs already"
    } else {
        "listens"
    };
    output::say(&format!(
        "the server {state} (pid {}); its log is {}",
        info.pid,
        log.display()
    ));
    let opens = args.opens(Some(&settings));
    args.present(&info, &serve::url_of(&info).await, opens);
    Ok(Exit::Success)
}

fn trace(args: &Args, level: LogLevel) -> Result<(), CliError> {
    let log = match (&args.log, args.daemon_child) {
        (Some(path), _) => Some(path.clone()),
        (None, true) => Some(
            Instance::current()
                .map_err(serve::ServeError::Runtime)?
                .log(),
        ),
        (None, false) => None,
    };
    match log {
        Some(path) => match BoundedLog::open(&path) {
            Ok(log) => output::trace_to_log(level.max_info(), log),
            // A full disk takes the words of a daemon, not the daemon.
            Err(_) if args.log.is_none() => output::trace_to_stderr(level.max_info()),
            Err(error) => return Err(error.into()),
        },
        None => output::trace_to_stderr(level),
    }
    Ok(())
}

impl LogLevel {
    /// A daemon's log tells at least what happens.
    fn max_info(self) -> Self {
        match self {
            Self::Error | Self::Warn => Self::Info,
            more => more,
        }
    }
}

/// What the flag says, else the settings.
fn log_level(settings: Option<&Settings>, flag: Option<LogLevel>) -> LogLevel {
    let set = || LogLevel::from_str(settings?.text("log_level")?, true).ok();
    flag.or_else(set).unwrap_or(LogLevel::Warn)
}

/// Whether a browser is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    Yes,
    No,
}

impl Args {
    /// # Errors
    /// Of a setting that the environment or a flag has wrong.
    fn options(&self, level: Option<LogLevel>) -> Result<ServeOptions, CliError> {
        let ports = [
            ("port", "--port", self.port),
            ("nats_port", "--nats-port", self.nats_port),
        ];
        let mut given: Vec<(&str, &str, String)> = ports
            .into_iter()
            .filter_map(|(key, flag, port)| Some((key, flag, port?.to_string())))
            .collect();
        if let Some(host) = &self.host {
            given.push(("host", "--host", host.clone()));
        }
        if let Some(level) = level.and_then(|level| level.to_possible_value()) {
            given.push(("log_level", "--log-level", level.get_name().to_owned()));
        }
        if let Some(path) = &self.token_file {
            given.push(("auth_token", "--token-file", token(path)?));
        }
        let flags: Vec<Flag<'_>> = given
            .iter()
            .map(|(key, flag, text)| (*key, *flag, text.as_str()))
            .collect();
        let (starter, environment) = if self.login_environment {
            (Starter::Login, Source::LoginShell)
        } else {
            (Starter::Person, Source::Server)
        };
        Ok(ServeOptions {
            settings: settings::keeper(starter, &flags).map_err(ServeError::from)?,
            write_connection_info: self.write_connection_info.clone(),
            pidfile: self.pidfile.clone(),
            environment,
        })
    }

    fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Text
        }
    }

    /// Whether to open a browser: flags, else settings, else where one is seen.
    fn opens(&self, settings: Option<&Settings>) -> Opens {
        let set = settings.and_then(|settings| settings.text("open_browser"));
        let is_left_alone = self.no_open || self.daemon || self.daemon_child;
        let opens = match set {
            _ if self.open => true,
            _ if is_left_alone => false,
            Some("always") => true,
            Some("never") => false,
            _ => env::has_desktop(),
        };
        if opens { Opens::Yes } else { Opens::No }
    }

    /// The child's command line; it runs in `/`, so paths become absolute.
    /// It reads the same environment and the same file.
    fn child_words(&self) -> Result<Vec<std::ffi::OsString>, CliError> {
        let mut words: Vec<std::ffi::OsString> = vec!["serve".into(), "--daemon-child".into()];
        let ports = [("--port", self.port), ("--nats-port", self.nats_port)];
        for (flag, port) in ports {
            if let Some(port) = port {
                words.extend([flag.into(), port.to_string().into()]);
            }
        }
        if let Some(host) = &self.host {
            words.extend(["--host".into(), host.into()]);
        }
        let files = [
            ("--write-connection-info", &self.write_connection_info),
            ("--pidfile", &self.pidfile),
            ("--log", &self.log),
            ("--token-file", &self.token_file),
        ];
        for (flag, path) in files {
            if let Some(path) = path {
                words.extend([flag.into(), std::path::absolute(path)?.into()]);
            }
        }
        Ok(words)
    }

    /// Prints the URL, and opens the browser.
    fn present(&self, info: &ConnectionInfo, url: &str, opens: Opens) {
        if self.json {
            output::json(&serde_json::json!({
                "url": url, "port": info.port, "pid": info.pid, "socket": info.socket,
                "version": info.version, "outside": info.outside,
            }));
        } else {
            output::data(url);
            let outside = info.outside.as_ref();
            if let Some(fingerprint) = outside.and_then(|outside| outside.fingerprint.as_ref()) {
                output::say(
                    "nobody vouches for the certificate: compare what the browser shows with its SHA-256",
                );
                output::say(&format!("  {fingerprint}"));
            }
        }
        if opens == Opens::Yes {
            super::browser::open(url, &dirs::data().join("open.html"));
        }
    }
}

/// Reads a token from a file, or from stdin.
fn token(path: &Path) -> Result<String, CliError> {
    if path == Path::new("-") {
        return Ok(config::read(std::io::stdin())?);
    }
    let failed = |source| CliError::File {
        path: path.to_owned(),
        source,
    };
    File::open(path).and_then(config::read).map_err(failed)
}
