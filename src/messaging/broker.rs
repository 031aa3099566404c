//! The broker: who is connected, and passing messages on.
//!
//! ```text
//!  connection ── session ── publish ──> interest ──> peers' outboxes ──> their connections
//! ```
//!
//! | file | owns |
//! | --- | --- |
//! | [`connection`] | reading, writing and keeping time |
//! | [`session`] | what a connection asks for, done in order |
//! | [`interest`] | the trie of subscriptions |
//! | [`subscription`] | one of them, and how many messages it takes |
//! | [`peer`] | a connection as others see it |
//! | [`outbox`] | the bytes that wait for it |
//! | [`replies`] | where it may answer because it was asked |

pub mod connection;
mod interest;
mod outbox;
mod peer;
mod replies;
mod session;
mod subscription;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

use self::interest::Interest;
use self::peer::Peer;
use super::access::Admission;
use super::ending::Ending;
use super::wire::connect::Connect;
use crate::sys::shutdown::Shutdown;

/// The largest message, headers and payload together, in bytes; what
/// `nats-server` takes unless it is told otherwise.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// How many connections there may be at once. Each takes a descriptor of the
/// server, of which it has 65,536 at most: with several times as many it could
/// open no terminal and no file any more. Fewer than 10,000 would turn pages and
/// programs away that it has room for.
const MAX_CONNECTIONS: usize = 16_384;

/// Says what a credential in a CONNECT from an address allows; `None` lets
/// nobody in. A connection from this machine itself may have no address.
pub type Doorkeeper = Arc<dyn Fn(&Connect, Option<IpAddr>) -> Option<Admission> + Send + Sync>;

/// A broker; everything that it knows is in memory and ends with it.
pub struct Broker {
    interest: Interest,
    doorkeeper: Doorkeeper,
    shutdown: Shutdown,
    /// Its name in INFO, new at every start.
    id: String,
    /// For short sections; never held over an await.
    peers: Mutex<HashMap<u64, Arc<Peer>>>,
    last_id: AtomicU64,
    has_left: Notify,
}

impl Broker {
    /// Makes one that lets in whom `doorkeeper` knows, until shutdown; `id` is
    /// a random name of this run.
    pub fn new(id: String, doorkeeper: Doorkeeper, shutdown: Shutdown) -> Arc<Self> {
        Arc::new(Self {
            interest: Interest::default(),
            doorkeeper,
            shutdown,
            id,
            peers: Mutex::default(),
            last_id: AtomicU64::new(0),
            has_left: Notify::new(),
        })
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.peers().len()
    }

    /// Ends the connections whose credential is none any more.
    pub fn review(&self, is_valid: impl Fn(&str) -> bool) {
        let is_revoked = |peer: &&Arc<Peer>| peer.credential().is_some_and(|name| !is_valid(name));
        for peer in self.peers().values().filter(is_revoked) {
            peer.outbox.close(Ending::Revoked);
        }
    }

    /// What ends it.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Waits until nobody is connected.
    pub async fn left(&self) {
        loop {
            // First listened to, then looked, so that no leaving is missed.
            let has_left = self.has_left.notified();
            if self.connections() == 0 {
                return;
            }
            has_left.await;
        }
    }

    /// Takes up a connection; `None` when there are too many.
    fn enter(&self) -> Option<Arc<Peer>> {
        let mut peers = self.peers();
        if peers.len() == MAX_CONNECTIONS {
            return None;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let peer = Arc::new(Peer::new(id));
        peers.insert(id, Arc::clone(&peer));
        Some(peer)
    }

    /// Forgets a connection.
    fn leave(&self, peer: &Peer) {
        self.peers().remove(&peer.id);
        self.has_left.notify_waiters();
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
