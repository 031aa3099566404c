//! One server: the instance's lock, both listeners, the project, the end.

mod answers;

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::account;
use super::keeping::Served;
use super::keeping::Sockets;
use super::keeping::bind_sockets;
use super::keeping::keep_dir;
use super::outside;
use super::outside::Opened;
use super::settings;
use super::storing;
use super::storing::Storing;
use crate::daemon::instance;
use crate::daemon::instance::Instance;
use crate::daemon::run;
use crate::daemon::run::Run;
use crate::lite::bus::Bus;
use crate::lite::certificate;
use crate::lite::client as hub_client;
use crate::lite::keys::Keys;
use crate::lite::remote::Remote;
use crate::lite::settings::keeper::Keeper;
use crate::project::environment::Environment;
use crate::project::terminal;
use crate::protocol::connection::ConnectionInfo;
use crate::protocol::ending::Ending;
use crate::protocol::session::State;
use crate::protocol::session::Status;
use crate::store;
use crate::sys::clock;
use crate::sys::dirs;
use crate::sys::env;
use crate::sys::files;
use crate::sys::lock::Lock;
use crate::sys::open_files;
use crate::sys::ports::Loopback;
use crate::sys::process;
use crate::sys::secret;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;
use crate::web::assets;
use crate::web::credentials::Credentials;
use crate::web::gate::Gate;
use crate::web::outside::Voucher;
use crate::web::peer::Entrance;
use crate::web::serve::Doorway;

/// The slug of a server that was not reached by `ssh`.
pub const NAME: &str = "local";

/// How long a second server waits for the first one's papers.
const PAPERS_DEADLINE: Duration = Duration::from_secs(10);

/// How long requests may take to end once the server is told to.
const FAREWELL: Duration = Duration::from_secs(2);

pub use crate::project::environment::Source;

/// What a person decides about a server.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// This user's settings, below the command line's flags.
    pub settings: Keeper,
    /// Where to write a copy of the connection information.
    pub write_connection_info: Option<PathBuf>,
    /// Where to write the process id.
    pub pidfile: Option<PathBuf>,
    /// Where programs that it starts have their environment from.
    pub environment: Source,
}

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// No directory for its sockets is safe.
    #[error("no directory for sockets is safe to use")]
    Runtime(#[source] io::Error),
    /// The TCP port is taken.
    #[error("port {port} is taken")]
    Port {
        /// Which.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A name for other machines, and no token, or too short a one, to keep them
    /// out by.
    #[error(
        "`{host}` lets other machines in, and no `auth_token` of 7 characters is set to sign them in by"
    )]
    NoToken {
        /// The name.
        host: String,
    },
    /// The addresses of a name cannot be listened on.
    #[error("cannot listen on `{host}`, port {port}")]
    Host {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The certificate.
    #[error("cannot serve TLS")]
    Tls(#[from] certificate::Error),
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database cannot be opened, and somebody has to look at it.
    #[error("the database cannot be opened")]
    Store(#[source] store::error::Error),
    /// The hub that it should attach to is none.
    #[error("`compute_server` names no hub: {0}")]
    Remote(String),
    /// A second server runs and does not say how to reach it.
    #[error("a server of this instance is starting, and has not said for 10 s how to reach it")]
    Starting,
    /// A socket or signal handler.
    #[error("the server cannot start")]
    Io(#[from] io::Error),
}

/// Whether this process is the server, or found one.
pub enum Started {
    /// It is; to be run.
    Here(Box<Server>),
    /// One runs already.
    Running(Box<ConnectionInfo>),
}

/// A server that listens and is not served yet.
pub struct Server {
    instance: Instance,
    info: ConnectionInfo,
    gate: Arc<Gate>,
    loopback: Loopback,
    nats: Option<Loopback>,
    outside: Option<Opened>,
    sockets: Sockets,
    options: ServeOptions,
    lock: Lock,
    run: Option<Run>,
    store: Storing,
    keys: Option<Arc<Keys>>,
    /// The hub that this server is attached to.
    remote: Option<Remote>,
}

/// Takes the instance's lock and listens, or finds the server that has it.
///
/// # Errors
/// [`ServeError`]; nothing listens then.
pub async fn start(mut options: ServeOptions) -> Result<Started, ServeError> {
    let instance = Instance::current().map_err(ServeError::Runtime)?;
    let Some(lock) = instance.lock()? else {
        let running = papers_of_other(&instance).await?;
        return Ok(Started::Running(Box::new(running)));
    };
    let settings = options.settings.begin()?;
    let last_port = instance.connection().map(|info| info.port);
    open_files::raise();
    let loopback = listen(settings.number("port"), last_port)?;
    let nats = settings.number("nats_port").map(listen_on).transpose()?;
    let outside = outside::open(&settings, loopback.port).await?;
    let sockets = bind_sockets(&instance)?;
    let credentials = credentials()?;
    make_log_dir(&instance)?;
    let store = storing::open().await.map_err(ServeError::Store)?;
    let (previous, run) = begin_run(&instance);
    let me = process::Identity::of_self();
    let info = ConnectionInfo {
        port: loopback.port,
        token: credentials.token.reveal().to_owned(),
        pid: me.pid,
        started_at: clock::now_ms(),
        socket: instance.socket().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        id: secret::word(12),
        process_start: me.start,
        boot_id: me.boot_id,
        ui: assets::ui_hash().to_owned(),
        nats_socket: instance.nats_socket().display().to_string(),
        nats_port: nats.as_ref().map(|loopback| loopback.port),
        previous,
        outside: outside
            .as_ref()
            .map(|opened| Box::new(opened.info(loopback.port))),
    };
    let keys = answers::keys(&store).await;
    let remote = settings.text("compute_server").map(Remote::parse);
    let remote = remote.transpose().map_err(ServeError::Remote)?;
    let (name, voucher) = outside.as_ref().map_or((None, Voucher::Itself), |opened| {
        (Some(opened.outside.clone()), opened.voucher())
    });
    let gate = Gate::new(NAME, loopback.port, credentials)
        .with_bus()
        .with_keys(answers::keyring(keys.as_ref()))
        .with_outside(name, voucher)
        .with_chosen_token(settings.text("auth_token").map(Secret::from_text));
    let server = Server {
        instance,
        info,
        gate: Arc::new(gate),
        loopback,
        nats,
        outside,
        sockets,
        options,
        lock,
        run,
        store,
        keys,
        remote,
    };
    terminal::offer_commands(&server.instance.holders());
    server.publish()?;
    Ok(Started::Here(Box::new(server)))
}

fn make_log_dir(instance: &Instance) -> Result<(), ServeError> {
    let log = instance.log();
    let Some(dir) = log.parent() else {
        return Ok(());
    };
    files::make_dir(dir).map_err(|source| ServeError::File {
        path: dir.to_owned(),
        source,
    })
}

/// Finds out how the last run ended, and begins the record of this one.
fn begin_run(instance: &Instance) -> (Option<Ending>, Option<Run>) {
    let previous = run::ending(&instance.run());
    if let Some(previous) = &previous {
        tracing::warn!(
            "the last server did not stop by itself: {}",
            previous.clause()
        );
    }
    let run = Run::begin(&instance.run())
        .inspect_err(|error| tracing::warn!(%error, "nobody will know how this run ends"))
        .ok();
    (previous, run)
}

/// Asks a running server for a URL whose code works once.
///
/// A server of an older build that does not mint for others is reached by its
/// token, which works as a code too.
pub async fn url_of(info: &ConnectionInfo) -> String {
    match hub_client::mint_url(info).await {
        Some(url) => url,
        None => format!("http://localhost:{}/?auth_token={}", info.port, info.token),
    }
}

impl Server {
    /// How to reach the server.
    pub fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Mints a URL for a person.
    pub fn mint_url(&self) -> String {
        self.gate.mint_url()
    }

    /// Serves until shutdown; terminals live on.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), ServeError> {
        let source = self.options.environment;
        let environment = Environment::new(env::all(), source, shutdown.clone());
        let bus = Bus::new(
            &self.info.id,
            Arc::clone(&self.gate),
            self.keys.clone(),
            account::identity(),
            shutdown.clone(),
        );
        let (site, terminals) = self.site(&shutdown, &environment, bus.clone());
        let mut serving = JoinSet::new();
        tokio::spawn(Arc::clone(&environment).prepare());
        let (outer, certificate) = self.outside.map_or_else(Default::default, |opened| {
            (opened.listeners, opened.certificate)
        });
        let tls = certificate.map(|certificate| certificate.acceptor);
        let inner = self.loopback.listeners.into_iter();
        let inner = inner.map(|listener| (listener, Entrance::Inner));
        let outer = outer
            .into_iter()
            .map(|listener| (listener, Entrance::Outer));
        for (listener, entrance) in inner.chain(outer) {
            let listener = TcpListener::from_std(listener)?;
            let tls = tls.clone();
            serving.spawn(site.clone().serve_tcp(listener, Doorway { entrance, tls }));
        }
        for listener in self
            .nats
            .into_iter()
            .flat_map(|loopback| loopback.listeners)
        {
            let listener = TcpListener::from_std(listener)?;
            let bus = bus.clone();
            serving.spawn(bus.serve_tcp(listener));
        }
        tokio::spawn(Arc::clone(&self.gate).tell_of_tries(shutdown.clone()));
        tokio::spawn(bus.clone().keep_reviewing());
        let served = Served { site, bus };
        serving.spawn(served.clone().serve(self.sockets));
        let keeper = tokio::spawn(keep_dir(
            self.instance.clone(),
            self.info.clone(),
            self.lock,
            served,
            terminals,
            shutdown.clone(),
        ));
        shutdown.begun().await;
        keeper.abort();
        // Whoever holds a connection open is not waited for longer.
        let _ = tokio::time::timeout(FAREWELL, serving.join_all()).await;
        // A login shell that was being asked is ended with all it started.
        let settled = tokio::time::timeout(FAREWELL, environment.settled());
        let closed = tokio::time::timeout(FAREWELL, close(&self.store));
        let _ = tokio::join!(settled, closed);
        retract(&self.instance, &self.info, &self.options);
        if let Some(run) = self.run {
            run.end();
        }
        Ok(())
    }

    fn publish(&self) -> Result<(), ServeError> {
        let write = |path: &Path, written: io::Result<()>| {
            written.map_err(|source| ServeError::File {
                path: path.to_owned(),
                source,
            })
        };
        write(
            &self.instance.connection_file(),
            self.instance.publish(&self.info),
        )?;
        if let Some(path) = &self.options.write_connection_info {
            write(path, instance::write_copy(&self.info, path))?;
        }
        if let Some(path) = &self.options.pidfile {
            write(
                path,
                files::write_private(path, format!("{}\n", self.info.pid).as_bytes()),
            )?;
        }
        Ok(())
    }

    /// What a page that comes directly is told.
    fn status(&self) -> Status {
        let state = State::Ready {
            project: NAME.into(),
            version: self.info.version.clone(),
            ui: self.info.ui.clone(),
            run: self.info.id.clone(),
            restarted: self
                .info
                .previous
                .as_ref()
                .map(|ending| ending.sentence("this machine")),
        };
        Status {
            target: NAME.into(),
            state,
            phases: Vec::new(),
        }
    }
}

/// Closes the database, if there is one.
async fn close(store: &Storing) {
    if let Ok(store) = store {
        store.close().await;
    }
}

/// Removes the papers, unless they are those of a server that took our place.
fn retract(instance: &Instance, info: &ConnectionInfo, options: &ServeOptions) {
    let published = instance.connection();
    if published.is_some_and(|found| found.id == info.id) {
        instance.retract();
    }
    let copies = options.pidfile.iter().chain(&options.write_connection_info);
    for path in copies {
        let _ = fs::remove_file(path);
    }
}

async fn papers_of_other(instance: &Instance) -> Result<ConnectionInfo, ServeError> {
    let waiting = async {
        loop {
            if let Some(info) = instance.running() {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PAPERS_DEADLINE, waiting)
        .await
        .map_err(|_| ServeError::Starting)
}

fn listen(asked: Option<u16>, last: Option<u16>) -> Result<Loopback, ServeError> {
    if let Some(port) = asked.filter(|port| *port != 0) {
        return listen_on(port);
    }
    // The last run's port, so that open pages and bookmarks go on.
    if let Some(loopback) = last.and_then(|port| Loopback::exactly(port).ok()) {
        return Ok(loopback);
    }
    listen_on(0)
}

/// Listens on exactly this port; on any for 0.
fn listen_on(port: u16) -> Result<Loopback, ServeError> {
    let listening = if port == 0 {
        Loopback::any()
    } else {
        Loopback::exactly(port)
    };
    listening.map_err(|source| ServeError::Port { port, source })
}

/// Makes the server's secrets, of which those that tunnels and pages come back
/// by outlive it, unless its disk is full or read-only.
fn credentials() -> Result<Credentials, ServeError> {
    let path = dirs::data().join("credentials.json");
    let kept: Option<Credentials> = files::read_private(&path)
        .ok()
        .and_then(|content| serde_json::from_slice(&content).ok());
    let credentials = kept.map_or_else(Credentials::random, Credentials::succeeded);
    let content = serde_json::to_vec(&credentials).map_err(io::Error::other)?;
    let written =
        files::make_dir(&dirs::data()).and_then(|()| files::write_private(&path, &content));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "pages must sign in again when this server ends");
    }
    Ok(credentials)
}
