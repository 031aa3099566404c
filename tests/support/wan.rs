//! A [`Link`] for cases that are not asynchronous themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::laptop::Laptop;
use super::link::Link;
use super::sshd::Sshd;

/// A link with a runtime of its own; drop closes its connections.
#[derive(Debug)]
pub(crate) struct Wan {
    link: Link,
    _runtime: Runtime,
}

impl Wan {
    /// Starts a link to a private sshd on `127.0.0.1`.
    pub(crate) fn to(sshd: &Sshd) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a thread can be started");
        let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, sshd.port()));
        let link = runtime.block_on(Link::start(upstream));
        Self {
            link: link.expect("loopback has a free port"),
            _runtime: runtime,
        }
    }

    /// Makes a laptop that reaches `sshd` as `alias` through a new link.
    pub(crate) fn with_laptop(alias: &str, sshd: &Sshd) -> (Self, Laptop) {
        let wan = Self::to(sshd);
        let laptop = Laptop::new();
        laptop.add_target_at(alias, sshd, wan.addr().port());
        (wan, laptop)
    }

    /// Makes a round trip take so long.
    pub(crate) fn set_round_trip(&self, round_trip: Duration) {
        self.set_delay(round_trip / 2);
    }
}

impl Deref for Wan {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}
