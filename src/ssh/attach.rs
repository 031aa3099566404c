//! The remote end of the one exec: reaches the server, then carries streams.
//!
//! It starts a server where there is none, prints its `ready` line and hands
//! its stdio to the mux. Each stream becomes one connection to the server's
//! unix socket. It ends with its stdin: when the laptop goes, so does it, and
//! nothing that the server owns does.
//!
//! A server that was killed is started again at the next stream; one that was
//! stopped is not, and the stream is answered with 503 and
//! `x-cocalc-plus-state: stopped`, so that the page can say so.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::daemon::instance::Instance;
use crate::daemon::launch;
use crate::daemon::launch::LaunchError;
use crate::protocol::attach;
use crate::protocol::attach::Failed;
use crate::protocol::attach::Purpose;
use crate::protocol::attach::Ready;
use crate::protocol::attach::ServerOrigin;
use crate::protocol::connection::ConnectionInfo;
use crate::proxy::mux;
use crate::release::prune;
use crate::sys::dirs;
use crate::sys::process;
use crate::sys::text;

/// The header that tells a tunnel why there is no server.
pub const STATE_HEADER: &str = "x-cocalc-plus-state";

/// How long a stream may take to say what it is for.
const PURPOSE_DEADLINE: Duration = Duration::from_secs(20);

/// How long a server may take to make its directory again; it looks each 5 s.
const REMADE_DEADLINE: Duration = Duration::from_secs(7);

/// How often its socket is looked for meanwhile.
const REMADE_PAUSE: Duration = Duration::from_millis(50);

/// What is written to a stream whose server was stopped.
const STOPPED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nx-cocalc-plus-state: stopped\r\n\
                         content-length: 0\r\nconnection: close\r\n\r\n";

/// What the laptop asks of this end.
#[derive(Clone, Debug)]
pub struct AttachRequest {
    /// What every line of ours begins with.
    pub marker: String,
    /// The server's port, if one was asked for.
    pub port: Option<u16>,
    /// Whether a server may be started.
    pub may_start: bool,
    /// Whether the installer has just put this binary here.
    pub was_installed: bool,
}

/// Reaches the server, says so on `output`, and carries streams until the end.
///
/// # Errors
/// When `output` cannot be written to; what keeps the server away is told
/// there in a line of its own.
pub async fn run<R, W>(request: AttachRequest, input: R, mut output: W) -> std::io::Result<()>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let reached = reach(&request, &mut output).await;
    let (word, body) = match &reached {
        Ok((_, ready)) => ("ready", serde_json::to_string(ready)),
        Err(failed) => ("error", serde_json::to_string(failed)),
    };
    let body = body.map_err(std::io::Error::other)?;
    // The newline in front ends whatever a login shell left open.
    let line = format!("\n{} {word} {body}\n", request.marker);
    output.write_all(line.as_bytes()).await?;
    output.flush().await?;
    let Ok((instance, _)) = reached else {
        return Ok(());
    };
    if request.was_installed {
        tokio::task::spawn_blocking(prune_beside);
    }
    let (_opener, mut incoming, driver) = mux::start(input, output, mux::Role::Accepts);
    let mut driver = std::pin::pin!(driver);
    loop {
        tokio::select! {
            _ = &mut driver => return Ok(()),
            stream = incoming.accept() => match stream {
                Some(stream) => {
                    let (instance, port) = (instance.clone(), request.port);
                    tokio::spawn(async move {
                        if let Err(error) = carry(stream, &instance, port).await {
                            tracing::debug!(%error, "a stream ended");
                        }
                    });
                }
                None => return Ok(()),
            },
        }
    }
}

async fn reach<W: AsyncWrite + Unpin>(
    request: &AttachRequest,
    output: &mut W,
) -> Result<(Instance, Ready), Failed> {
    let failed = |code: &str, message: String| Failed {
        code: code.into(),
        message,
        log: String::new(),
    };
    let instance = Instance::current().map_err(|error| failed("runtime-dir", error.to_string()))?;
    if let Some(connection) = answering(&instance).await {
        return Ok((instance, ready(connection, ServerOrigin::Reused)));
    }
    if !request.may_start {
        return Err(failed("not-running", "no server runs".into()));
    }
    let notice = format!("\n{} starting\n", request.marker);
    if output.write_all(notice.as_bytes()).await.is_err() {
        // Whoever wanted it is gone.
        return Err(failed("gone", "nobody waits for a server".into()));
    }
    match start(&instance, request.port).await {
        Ok(connection) => Ok((instance, ready(connection, ServerOrigin::Started))),
        Err(error) => Err(Failed {
            code: if request.port.is_some_and(is_taken) {
                "port".into()
            } else {
                "server".into()
            },
            message: text::with_causes(&error),
            log: error.log().to_owned(),
        }),
    }
}

/// Says whether another program has a port, now that the server did not start.
fn is_taken(port: u16) -> bool {
    std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

fn ready(connection: ConnectionInfo, server: ServerOrigin) -> Ready {
    Ready {
        version: attach::VERSION,
        server,
        connection,
    }
}

/// Returns the running server's papers, if its socket takes a connection.
async fn answering(instance: &Instance) -> Option<ConnectionInfo> {
    let connection = instance.running()?;
    UnixStream::connect(&connection.socket).await.ok()?;
    Some(connection)
}

async fn start(instance: &Instance, port: Option<u16>) -> Result<ConnectionInfo, LaunchError> {
    // What sshd gives is not what the user's programs need.
    let words = ["--daemon-child", "--no-open", "--login-environment"];
    let mut args: Vec<OsString> = vec!["serve".into()];
    args.extend(words.map(OsString::from));
    if let Some(port) = port {
        args.extend(["--port".into(), port.to_string().into()]);
    }
    launch::launch(args, &instance.log()).await
}

async fn carry(
    mut stream: mux::Stream,
    instance: &Instance,
    port: Option<u16>,
) -> std::io::Result<()> {
    let mut first = [0; 1];
    tokio::time::timeout(PURPOSE_DEADLINE, stream.read_exact(&mut first)).await??;
    match Purpose::from_byte(first[0]) {
        Some(Purpose::Http) => {}
        None => return Err(std::io::Error::other("a stream of an unknown purpose")),
    }
    let Some(server) = connect(instance, port).await else {
        stream.write_all(STOPPED).await?;
        return stream.shutdown().await;
    };
    join(stream, server).await
}

/// Copies both ways. What the server said last is carried to its end, also
/// when it no longer takes what the laptop sends.
async fn join(stream: mux::Stream, server: UnixStream) -> std::io::Result<()> {
    let (mut from_laptop, mut to_laptop) = tokio::io::split(stream);
    let (mut from_server, mut to_server) = server.into_split();
    let down = async {
        tokio::io::copy(&mut from_server, &mut to_laptop).await?;
        to_laptop.shutdown().await
    };
    let up = async {
        let _ = tokio::io::copy(&mut from_laptop, &mut to_server).await;
        let _ = to_server.shutdown().await;
        // Whether the laptop is gone or the server: `down` finds out.
        std::future::pending().await
    };
    tokio::select! {
        ended = down => ended,
        never = up => never,
    }
}

/// Connects to the server; starts it again if it was killed.
///
/// A server that was stopped leaves its directory. Without that, a cleaner
/// was here: the server makes it again, unless it is gone too.
async fn connect(instance: &Instance, port: Option<u16>) -> Option<UnixStream> {
    if let Ok(server) = UnixStream::connect(instance.socket()).await {
        return Some(server);
    }
    if !instance.is_there() {
        tracing::warn!("the runtime directory was deleted; waiting for its server");
        if let Some(server) = remade(instance).await {
            return Some(server);
        }
    } else if !instance.was_killed() {
        // Between a new server's lock and its papers there is a moment.
        let running = instance.running()?;
        return UnixStream::connect(running.socket).await.ok();
    }
    tracing::warn!("the server is gone; starting it again");
    let connection = start(instance, port).await.ok()?;
    UnixStream::connect(connection.socket).await.ok()
}

/// Waits for a server that makes its directory again.
async fn remade(instance: &Instance) -> Option<UnixStream> {
    let waiting = async {
        loop {
            if let Ok(server) = UnixStream::connect(instance.socket()).await {
                return server;
            }
            tokio::time::sleep(REMADE_PAUSE).await;
        }
    };
    tokio::time::timeout(REMADE_DEADLINE, waiting).await.ok()
}

/// Removes old builds beside this one.
fn prune_beside() {
    if let Some(bin) = dirs::executable()
        .ok()
        .as_deref()
        .and_then(Path::parent)
        .map(PathBuf::from)
    {
        prune::prune(&bin, &process::platform());
    }
}
