//! `cocalc-plus ssh`: connect, list, status, doctor, stop.

use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;

use super::LogLevel;
use super::browser;
use super::connecting::Display;
use super::doctor;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use super::reach::Reach;
use crate::protocol::attach::ServerOrigin;
use crate::protocol::control::Failure;
use crate::protocol::session::PhaseName;
use crate::ssh::connect;
use crate::ssh::connect::Session;
use crate::ssh::overview;
use crate::ssh::overview::Row;
use crate::ssh::registry::Registry;
use crate::ssh::stop;
use crate::ssh::target::Target;
use crate::ssh::wish::Wish;
use crate::sys::clock;
use crate::sys::env;

/// Connect to a machine by ssh and open its workspace in the browser
///
/// TARGET is what you would give to ssh: an alias of your ssh configuration,
/// user@host, user@host:port, [IPv6]:port. ssh asks for passwords, second
/// factors and host keys on this terminal, once. The binary installs itself on
/// the target if it is missing; the target needs nothing else.
///
/// The connection goes on when this command has ended. `ssh list` shows it,
/// `ssh stop TARGET` ends it. Options that concern the connection are kept for
/// every later command on the target; an empty word (or port 0) forgets one.
/// A machine that is called `list` is reached as
/// `cocalc-plus ssh -- list`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "Examples:\n  cocalc-plus ssh gpu1\n  cocalc-plus ssh me@lab.example.org:2222 --identity ~/.ssh/lab\n  cocalc-plus ssh gpu1 --no-open --json\n  cocalc-plus ssh stop gpu1"
)]
pub struct Args {
    /// The machine, as you would tell ssh
    #[arg(required = true)]
    target: Option<String>,

    #[command(flatten)]
    connect: ConnectArgs,

    /// Stop the target's server, as `ssh stop TARGET`
    #[arg(long, conflicts_with = "status")]
    stop: bool,

    /// Show the target's connection, as `ssh status TARGET`
    #[arg(long)]
    status: bool,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Args)]
struct ConnectArgs {
    #[command(flatten)]
    reach: Reach,

    /// Listen on this port here; 0 or auto takes any that is free; kept
    #[arg(long, value_name = "N|auto", value_parser = port)]
    local_port: Option<u16>,

    /// Let the server listen on this port there; 0 or auto takes any; kept
    #[arg(long, value_name = "N|auto", value_parser = port)]
    remote_port: Option<u16>,

    /// Install the binary on the target if it is missing (the default)
    #[arg(long, overrides_with = "no_install")]
    install: bool,

    /// Fail if the binary is not installed on the target
    #[arg(long)]
    no_install: bool,

    /// Open the browser, even where no desktop is seen
    #[arg(long, overrides_with = "no_open")]
    open: bool,

    /// Do not open the browser
    #[arg(long)]
    no_open: bool,

    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,

    /// Show each ssh command, ready to paste
    #[arg(long)]
    verbose_ssh: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the targets and how they are connected
    ///
    /// Asks living connections only; it never authenticates.
    List {
        /// Print one JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show one target's connection
    ///
    /// Asks living connections only; it never authenticates. Exits with 3
    /// when the target is not running.
    Status {
        /// The target or its name
        target: String,
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Connect a known target again, and ask what ssh asks
    ///
    /// A connection that was lost comes back by itself, but never asks for a
    /// password: `needs-auth` says that it waits for this. Options are those
    /// of the last connect; no browser opens, and open pages go on.
    Reconnect {
        /// The target or its name
        target: String,
        /// Print one JSON object instead of the URL
        #[arg(long)]
        json: bool,
    },
    Doctor(doctor::Args),
    /// Stop a target's server and terminals, and disconnect
    ///
    /// It does not ask. When no connection lives it makes one, after saying
    /// so, which may ask you to authenticate.
    Stop {
        /// The target or its name
        target: String,
        /// Leave the terminals running; the next connect finds them
        #[arg(long)]
        keep: bool,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

/// What `ssh T --json` prints.
#[derive(Serialize)]
struct Connected<'a> {
    target: &'a str,
    url: &'a str,
    local_port: u16,
    remote_port: u16,
    version: &'a str,
    server: ServerOrigin,
    installed: bool,
    timings_ms: serde_json::Map<String, serde_json::Value>,
}

/// Runs one of the verbs, or connects.
///
/// # Errors
/// [`CliError`] whose exit code says the cause.
pub fn run(args: Args, level: LogLevel) -> Result<Exit, CliError> {
    output::trace_to_stderr(level);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let is_json = args.connect.json;
    let verb = match (args.verb, args.target) {
        (Some(verb), _) => verb,
        (None, Some(target)) if args.stop => Verb::Stop {
            target,
            keep: false,
            json: is_json,
        },
        (None, Some(target)) if args.status => Verb::Status {
            target,
            json: is_json,
        },
        (None, Some(target)) => return runtime.block_on(connect_to(&target, &args.connect)),
        (None, None) => return Err(CliError::Usage("no target is given".into())),
    };
    runtime.block_on(async {
        tell_of_broken_files();
        match verb {
            Verb::List { json } => list(json).await,
            Verb::Status { target, json } => status(&target, json).await,
            Verb::Reconnect { target, json } => reconnect(&target, json).await,
            Verb::Doctor(args) => doctor::run(&args).await,
            Verb::Stop { target, keep, json } => stop_target(&target, keep, json).await,
        }
    })
}

impl Args {
    /// The target, if no verb is given.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }
}

/// A file of the registry that cannot be read costs its target its options and
/// port, which the person shall know.
fn tell_of_broken_files() {
    // Whoever uses the registry next says why it cannot be opened.
    let Ok(registry) = Registry::open() else {
        return;
    };
    for file in registry.set_aside() {
        output::say(&format!(
            "warning: `{}` is damaged ({}) and was renamed to `{}`; connecting to its target again makes a new one",
            file.path.display(),
            file.why,
            file.kept_as.display()
        ));
    }
}

async fn connect_to(spelling: &str, args: &ConnectArgs) -> Result<Exit, CliError> {
    tell_of_broken_files();
    let opens = args.open || (!args.no_open && !args.json && env::has_desktop());
    connect_and_report(spelling, &args.wish(), opens, args.json).await
}

async fn reconnect(target: &str, json: bool) -> Result<Exit, CliError> {
    let entry = Registry::open()?
        .find(target)
        .ok_or_else(|| unknown(target))?;
    connect_and_report(&entry.target, &Wish::default(), false, json).await
}

async fn connect_and_report(
    spelling: &str,
    wish: &Wish,
    opens: bool,
    json: bool,
) -> Result<Exit, CliError> {
    let target = Target::parse(spelling)?;
    let mut display = Display::new(&target, json, opens.then(open_in_browser));
    let session = connect::connect(&target, wish, &mut display).await;
    display.finish();
    let session = session?;
    if let Some(ending) = &session.server.previous
        && session.server.origin == ServerOrigin::Started
    {
        output::say(&ending.sentence(&format!("`{spelling}`")));
    }
    if json {
        output::json(&report(&session));
    } else {
        output::data(&session.url);
    }
    Ok(Exit::Success)
}

/// Opens a URL of a target in the browser.
fn open_in_browser() -> fn(&str, &str) {
    |name, url| {
        if let Ok(registry) = Registry::open() {
            browser::open(url, &registry.redirect_page(name));
        }
    }
}

fn report(session: &Session) -> Connected<'_> {
    let steps = [
        ("authenticate", PhaseName::Authenticate),
        ("attach", PhaseName::Attach),
        ("upload", PhaseName::Upload),
        ("install", PhaseName::Install),
        ("start", PhaseName::Start),
    ];
    let mut timings_ms: serde_json::Map<_, _> = steps
        .into_iter()
        .filter_map(|(name, phase)| {
            Some((
                name.to_owned(),
                connect::phase_ms(&session.phases, phase)?.into(),
            ))
        })
        .collect();
    timings_ms.insert("total".into(), millis(session.total).into());
    Connected {
        target: &session.entry.target,
        url: &session.url,
        local_port: session.entry.local_port,
        remote_port: session.server.port,
        version: &session.server.version,
        server: session.server.origin,
        installed: session.server.installed,
        timings_ms,
    }
}

async fn list(json: bool) -> Result<Exit, CliError> {
    let rows = overview::rows(&Registry::open()?).await;
    if json {
        output::json(&rows);
    } else if rows.is_empty() {
        output::say("no targets yet; connect to one: cocalc-plus ssh user@host");
    } else {
        show(&rows);
    }
    Ok(Exit::Success)
}

async fn status(target: &str, json: bool) -> Result<Exit, CliError> {
    let registry = Registry::open()?;
    let entry = registry.find(target).ok_or_else(|| unknown(target))?;
    let row = overview::row(&registry, &entry).await;
    if json {
        output::json(&row);
    } else {
        show(std::slice::from_ref(&row));
        let restarted = row
            .previous
            .as_ref()
            .map(|ending| ending.sentence(&format!("`{}`", row.target)));
        let hint = row.hint.as_ref().map(|hint| format!("hint: {hint}"));
        for line in [&row.why, &restarted, &hint].into_iter().flatten() {
            output::say(line);
        }
    }
    Ok(if row.is_running() {
        Exit::Success
    } else {
        Exit::NotRunning
    })
}

async fn stop_target(target: &str, keep: bool, json: bool) -> Result<Exit, CliError> {
    let registry = Registry::open()?;
    let entry = registry.find(target).ok_or_else(|| unknown(target))?;
    let parsed = Target::parse(&entry.target)?;
    let mut display = Display::new(&parsed, json, None);
    let announce = || {
        output::say(&format!(
            "no connection to `{target}` lives; making one to stop its server"
        ))
    };
    let stopped = stop::stop(&registry, &entry, keep, announce, &mut display).await;
    display.finish();
    let stopped = stopped?;
    if json {
        output::json(&serde_json::json!({
            "target": entry.target,
            "was_running": stopped.is_some(),
            "terminals": stopped.map_or(0, |stopped| stopped.terminals),
            "kept": keep,
        }));
    } else {
        output::data(&match stopped {
            None => format!("no server ran on {target}; disconnected"),
            Some(stopped) => {
                let count = match stopped.terminals {
                    1 => "1 terminal".to_owned(),
                    count => format!("{count} terminals"),
                };
                let fate = if keep { "left running" } else { "ended" };
                format!("stopped the server on {target}; {count} {fate}")
            }
        });
    }
    Ok(Exit::Success)
}

fn show(rows: &[Row]) {
    let mut table = output::table(&["target", "status", "local port", "version", "last used"]);
    let now = clock::now_ms();
    for row in rows {
        table.add_row([
            row.target.clone(),
            row.status_text().to_owned(),
            row.local_port.to_string(),
            row.version.clone().unwrap_or_else(|| "-".into()),
            output::ago(row.last_used, now),
        ]);
    }
    output::data(&output::render(&table));
}

fn unknown(target: &str) -> CliError {
    CliError::Remote(Failure {
        cause: crate::protocol::control::Cause::Local,
        message: format!("`{target}` is no target of yours"),
        hint: "cocalc-plus ssh list".into(),
    })
}

impl ConnectArgs {
    fn wish(&self) -> Wish {
        Wish {
            local_port: self.local_port,
            remote_port: self.remote_port,
            never_install: self.no_install,
            ..self.reach.wish(self.verbose_ssh)
        }
    }
}

fn port(text: &str) -> Result<u16, String> {
    if text == "auto" {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| "a port is 1 to 65535; 0 or auto takes any that is free".to_owned())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
