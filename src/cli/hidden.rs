//! The subcommands that this program starts itself as; nobody types them.

use std::ffi::OsString;
use std::fs::File;

use super::LogLevel;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::holder;
use crate::holder::HoldOptions;
use crate::release::build;
use crate::ssh::attach;
use crate::ssh::attach::AttachRequest;
use crate::ssh::registry::Registry;
use crate::ssh::tunnel;
use crate::ssh::tunnel::PortWish;
use crate::ssh::tunnel::TunnelOptions;
use crate::sys::capture;
use crate::sys::dirs;
use crate::sys::heap;
use crate::sys::log::BoundedLog;
use crate::sys::stdio;

/// The remote end of the one exec.
#[derive(Debug, clap::Args)]
pub struct AttachArgs {
    /// What every line of ours begins with
    #[arg(long)]
    marker: String,
    /// The server's port
    #[arg(long)]
    port: Option<u16>,
    /// Whether a server must run already
    #[arg(long)]
    running_only: bool,
    /// Whether the installer has just put this binary here
    #[arg(long)]
    installed: bool,
}

/// The laptop's process that keeps one target connected.
#[derive(Debug, clap::Args)]
pub struct TunnelArgs {
    /// The target's slug
    #[arg(long)]
    name: String,
    /// The target in the person's spelling
    #[arg(long, allow_hyphen_values = true)]
    target: String,
    /// The port to take, or to fail
    #[arg(long)]
    port: Option<u16>,
    /// The port to begin looking at
    #[arg(long, conflicts_with = "port", default_value_t = 17_000)]
    near: u16,
    /// The port of an older tunnel, which will leave
    #[arg(long, conflicts_with = "port")]
    take_over: Option<u16>,
}

/// Whether this executable's bytes have a hash.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The SHA-256, in hexadecimal
    sha256: String,
}

/// Runs the remote end of the one exec.
///
/// # Errors
/// When stdio cannot be used.
pub fn attach(args: AttachArgs) -> Result<Exit, CliError> {
    // A login shell's directory may be unmounted under us; nothing here needs one.
    dirs::go_home();
    let request = AttachRequest {
        marker: args.marker,
        port: args.port,
        may_start: !args.running_only,
        was_installed: args.installed,
    };
    single_threaded()?.block_on(async {
        let (input, output) = stdio::take()?;
        attach::run(request, input, output).await
    })?;
    Ok(Exit::Success)
}

/// Runs a tunnel.
///
/// # Errors
/// When it cannot listen; its starter has been told.
pub fn tunnel(args: TunnelArgs) -> Result<Exit, CliError> {
    heap::give_back_early();
    let log = BoundedLog::open(&Registry::open()?.log(&args.name))?;
    output::trace_to_log(LogLevel::Info, log);
    let port = match (args.port, args.take_over) {
        (Some(port), _) => PortWish::Exactly(port),
        (None, Some(port)) => PortWish::TakeOver(port),
        (None, None) => PortWish::Near(args.near),
    };
    let options = TunnelOptions {
        name: args.name,
        target: args.target,
        port,
    };
    single_threaded()?.block_on(tunnel::run(options))?;
    Ok(Exit::Success)
}

/// Runs a holder, if that is what the arguments say.
///
/// Before the command line's definition is made: that costs each holder 150 kB
/// for life, as much as all else together.
///
/// # Errors
/// When it holds nothing; its starter has been told.
pub fn holder(args: &[OsString]) -> Option<Result<Exit, CliError>> {
    // A directory may have any name.
    let (args, cwd) = match args {
        [before @ .., flag, cwd] if flag == "--cwd" => (before, Some(cwd.into())),
        all => (all, None),
    };
    let words: Vec<&str> = args
        .iter()
        .skip(1)
        .map(|word| word.to_str())
        .collect::<Option<_>>()?;
    let [
        holder::SUBCOMMAND,
        "--dir",
        dir,
        "--id",
        id,
        "--cols",
        cols,
        "--rows",
        rows,
    ] = words[..]
    else {
        return None;
    };
    let (cols, rows) = (cols.parse().ok()?, rows.parse().ok()?);
    let options = HoldOptions {
        dir: dir.into(),
        id: id.to_owned(),
        cols,
        rows,
        cwd,
    };
    Some(
        holder::hold(&options)
            .map(|()| Exit::Success)
            .map_err(CliError::from),
    )
}

/// Tells the environment of this process, if that is what the arguments say.
///
/// # Errors
/// When nobody has asked for it, or reads it.
pub fn environment(args: &[OsString]) -> Option<Result<Exit, CliError>> {
    let is_asked = args.len() == 2 && args[1] == capture::SUBCOMMAND;
    is_asked.then(|| Ok(capture::tell().map(|()| Exit::Success)?))
}

/// Compares this executable's hash, for a remote that has no tool for it.
///
/// # Errors
/// When the executable cannot be read.
pub fn verify(args: &VerifyArgs) -> Result<Exit, CliError> {
    let mut file: File = dirs::open_executable()?;
    let found = build::hash(&mut file)?;
    Ok(if found == args.sha256 {
        Exit::Success
    } else {
        Exit::Hash
    })
}

/// A runtime of one thread: these processes wait most of their time, and
/// there may be many of them.
fn single_threaded() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
