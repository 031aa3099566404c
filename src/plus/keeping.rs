//! Keeping what a server needs in its runtime directory, against cleaners.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;

use crate::daemon::instance::Instance;
use crate::lite::bus::Bus;
use crate::lite::listen::Site;
use crate::project::terminal;
use crate::project::terminal::Terminals;
use crate::protocol::connection::ConnectionInfo;
use crate::sys::lock::Lock;
use crate::sys::shutdown::Shutdown;

/// How often a server looks whether its directory is still there.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// Makes again what a cleaner took, the lock first; ends the server when
/// another has taken that meanwhile.
pub(super) async fn keep_dir(
    instance: Instance,
    info: ConnectionInfo,
    mut lock: Lock,
    served: Served,
    terminals: Arc<Terminals>,
    shutdown: Shutdown,
) {
    loop {
        tokio::time::sleep(LOOK_AFTER).await;
        if terminals.misses_any() {
            terminals.list().await;
            terminal::offer_commands(&instance.holders());
        }
        let is_published = instance
            .connection()
            .is_some_and(|found| found.id == info.id);
        let has_sockets = instance.socket().exists() && instance.nats_socket().exists();
        if instance.is_locked_by(&lock) && is_published && has_sockets {
            continue;
        }
        tracing::warn!("the runtime directory was deleted; making it again");
        match instance.make_dirs().and_then(|()| relock(&instance, &lock)) {
            Ok(Relocked::StillOurs) => {}
            Ok(Relocked::Anew(fresh)) => lock = fresh,
            Ok(Relocked::ByAnother) => {
                tracing::warn!("another server of this instance runs; this one ends");
                return shutdown.begin();
            }
            Err(error) => {
                tracing::error!(%error, "cannot make the runtime directory again");
                continue;
            }
        }
        terminals.search().await;
        terminal::offer_commands(&instance.holders());
        match bind_sockets(&instance) {
            Ok(sockets) => {
                tokio::spawn(served.clone().serve(sockets));
                let _ = instance.publish(&info);
            }
            Err(error) => tracing::error!(%error, "cannot make the sockets again"),
        }
    }
}

/// What a server serves on its unix sockets; clones are the same.
#[derive(Clone)]
pub(super) struct Served {
    /// Pages and programs, by HTTP.
    pub(super) site: Site,
    /// Messages.
    pub(super) bus: Bus,
}

/// A server's unix sockets.
pub(super) struct Sockets {
    http: UnixListener,
    nats: UnixListener,
}

impl Served {
    /// Serves both sockets until shutdown.
    pub(super) async fn serve(self, sockets: Sockets) {
        let bus = self.bus.serve_unix(sockets.nats);
        tokio::join!(bus, self.site.serve_unix(sockets.http));
    }
}

/// Listens on both.
pub(super) fn bind_sockets(instance: &Instance) -> io::Result<Sockets> {
    Ok(Sockets {
        http: bind_socket(&instance.socket())?,
        nats: bind_socket(&instance.nats_socket())?,
    })
}

/// What became of the lock.
enum Relocked {
    StillOurs,
    Anew(Lock),
    ByAnother,
}

fn relock(instance: &Instance, lock: &Lock) -> io::Result<Relocked> {
    if instance.is_locked_by(lock) {
        return Ok(Relocked::StillOurs);
    }
    Ok(instance.lock()?.map_or(Relocked::ByAnother, Relocked::Anew))
}

/// Binds under another name and renames: whoever finds the socket can connect.
fn bind_socket(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    fs::rename(&fresh, path)?;
    Ok(listener)
}
