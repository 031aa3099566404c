//! `cocalc-plus serve`: the server on this machine.

use std::path::PathBuf;

use super::LogLevel;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::daemon::instance::Ended;
use crate::daemon::instance::Instance;
use crate::daemon::instance::STOP_GRACE;
use crate::daemon::launch;
use crate::daemon::run;
use crate::plus::serve;
use crate::plus::serve::ServeOptions;
use crate::plus::serve::Source;
use crate::plus::serve::Started;
use crate::protocol::connection::ConnectionInfo;
use crate::sys::clock;
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
/// It listens on 127.0.0.1 and on a unix socket, prints a URL that works once,
/// and runs until you stop it. There is one server for each data directory: a
/// second `serve` prints the URL of the one that runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Listen on this port; 0 takes any that is free
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// Speak the NATS client protocol on this loopback port too; 0 takes any
    /// that is free
    #[arg(long, value_name = "N")]
    nats_port: Option<u16>,

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
pub fn run(args: &Args, level: LogLevel) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if args.daemon_stop {
            stop(args).await
        } else if args.daemon_status {
            status(args)
        } else if args.daemon {
            daemon(args).await
        } else {
            foreground(args, level).await
        }
    })
}

async fn foreground(args: &Args, level: LogLevel) -> Result<Exit, CliError> {
    trace(args, level)?;
    let started = match serve::start(args.options()).await {
        Ok(started) => started,
        Err(error) if args.daemon_child => {
            let why = text::with_causes(&error);
            // First the log, whose end the starter shows.
            tracing::error!(why, "the server cannot start");
            let _ = launch::announce_failure(&why);
            return Ok(Exit::from(&CliError::from(error)));
        }
        Err(error) => return Err(error.into()),
    };
    let server = match started {
        Started::Here(server) => server,
        Started::Running(info) if args.daemon_child => {
            let _ = launch::announce_ready(&info);
            return Ok(Exit::Success);
        }
        Started::Running(info) => {
            output::say(&format!("a server runs already (pid {})", info.pid));
            args.present(&info, &serve::url_of(&info).await);
            return Ok(Exit::Success);
        }
    };
    let shutdown = Shutdown::default();
    shutdown.on_signals()?;
    if args.daemon_child {
        let _ = launch::announce_ready(server.info());
    } else {
        args.present(server.info(), &server.mint_url());
    }
    server.run(shutdown).await?;
    Ok(Exit::Success)
}

async fn daemon(args: &Args) -> Result<Exit, CliError> {
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
    args.present(&info, &serve::url_of(&info).await);
    Ok(Exit::Success)
}

async fn stop(args: &Args) -> Result<Exit, CliError> {
    let instance = Instance::current().map_err(serve::ServeError::Runtime)?;
    let ended = instance.stop().await;
    let text = match ended {
        Ended::Politely => "the server stopped; its terminals live on".to_owned(),
        Ended::Killed => format!(
            "the server did not stop within {} s and was killed; its terminals live on",
            STOP_GRACE.as_secs()
        ),
        Ended::WasNotRunning => "no server runs".to_owned(),
    };
    if args.json {
        output::json(&serde_json::json!({ "ended": match ended {
            Ended::Politely => "stopped",
            Ended::Killed => "killed",
            Ended::WasNotRunning => "not-running",
        }}));
    } else {
        output::data(&text);
    }
    Ok(Exit::Success)
}

fn status(args: &Args) -> Result<Exit, CliError> {
    let instance = Instance::current().map_err(serve::ServeError::Runtime)?;
    let running = instance.running();
    let last = match &running {
        Some(info) => info.previous.clone(),
        None => run::ending(&instance.run()),
    };
    if args.json {
        output::json(&serde_json::json!({
            "running": running.is_some(),
            "pid": running.as_ref().map(|info| info.pid),
            "port": running.as_ref().map(|info| info.port),
            "version": running.as_ref().map(|info| info.version.clone()),
            "startedAt": running.as_ref().map(|info| info.started_at),
            "previous": last,
        }));
    } else {
        output::data(&running.as_ref().map_or_else(
            || "no server runs".to_owned(),
            |info| {
                let since = output::ago(info.started_at, clock::now_ms());
                format!(
                    "a server runs: pid {}, port {}, version {}, started {since}",
                    info.pid, info.port, info.version
                )
            },
        ));
        if let Some(last) = &last {
            output::say(&format!("the last one was not stopped: {}", last.clause()));
        }
    }
    Ok(if running.is_some() {
        Exit::Success
    } else {
        Exit::NotRunning
    })
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

impl Args {
    fn options(&self) -> ServeOptions {
        let port = self.asked_port();
        ServeOptions {
            port,
            nats_port: self.nats_port,
            write_connection_info: self.write_connection_info.clone(),
            pidfile: self.pidfile.clone(),
            environment: if self.login_environment {
                Source::LoginShell
            } else {
                Source::Server
            },
        }
    }

    /// The port of the flag, else of the original system's variables.
    ///
    /// Not in a server that another process started: `PORT` in a login's
    /// environment is meant for whatever that login runs.
    fn asked_port(&self) -> Option<u16> {
        let variables = ["COCALC_PORT", "PORT"].into_iter();
        let named = || {
            variables
                .filter_map(env::var)
                .find_map(|port| port.parse().ok())
        };
        self.port
            .or_else(|| if self.daemon_child { None } else { named() })
    }

    /// The child's command line; it runs in `/`, so paths become absolute.
    fn child_words(&self) -> Result<Vec<std::ffi::OsString>, CliError> {
        let mut words: Vec<std::ffi::OsString> = vec!["serve".into(), "--daemon-child".into()];
        if let Some(port) = self.asked_port() {
            words.extend(["--port".into(), port.to_string().into()]);
        }
        if let Some(port) = self.nats_port {
            words.extend(["--nats-port".into(), port.to_string().into()]);
        }
        let files = [
            ("--write-connection-info", &self.write_connection_info),
            ("--pidfile", &self.pidfile),
            ("--log", &self.log),
        ];
        for (flag, path) in files {
            if let Some(path) = path {
                words.extend([flag.into(), std::path::absolute(path)?.into()]);
            }
        }
        Ok(words)
    }

    /// Prints the URL, and opens the browser where one is expected.
    fn present(&self, info: &ConnectionInfo, url: &str) {
        if self.json {
            output::json(&serde_json::json!({
                "url": url, "port": info.port, "pid": info.pid, "socket": info.socket,
                "version": info.version,
            }));
        } else {
            output::data(url);
        }
        if self.open || (!self.no_open && !self.daemon && !self.daemon_child && env::has_desktop())
        {
            super::browser::open(url, &dirs::data().join("open.html"));
        }
    }
}
