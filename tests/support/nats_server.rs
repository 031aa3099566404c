//! A private `nats-server`: what its protocol means, in doubt, is what it does.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{find_program, poll, processes, temporary_directory};

/// The credential that its clients send.
pub(crate) const TOKEN: &str = "a-token-that-is-no-secret";

/// How long it may take to listen.
const DEADLINE: Duration = Duration::from_secs(20);

/// A shorter lame duck is refused. Once the grace period is over it closes one
/// client a second, so that few clients do not wait for the whole.
const CONFIGURATION: &str = r#"
    listen: "127.0.0.1:-1"
    authorization { token: "a-token-that-is-no-secret" }
    websocket { listen: "127.0.0.1:-1", no_tls: true }
    lame_duck_duration: "30s"
    lame_duck_grace_period: "100ms"
"#;

/// A running `nats-server`; drop kills it.
pub(crate) struct NatsServer {
    child: Child,
    _directory: TempDir,
    /// Where it listens for plain clients.
    pub(crate) port: u16,
    /// Where it listens for WebSockets.
    pub(crate) websocket_port: u16,
    /// Where it listens for the others of its cluster; 0 without one.
    cluster_port: u16,
}

impl NatsServer {
    /// Starts one on free ports of loopback.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::start_by(CONFIGURATION)
    }

    /// Starts three that are one cluster.
    #[track_caller]
    pub(crate) fn cluster() -> [Self; 3] {
        let first = Self::start_by(&clustered(""));
        let route = format!("routes: [\"nats://127.0.0.1:{}\"]", first.cluster_port);
        let (second, third) = (
            Self::start_by(&clustered(&route)),
            Self::start_by(&clustered(&route)),
        );
        [first, second, third]
    }

    #[track_caller]
    fn start_by(configuration: &str) -> Self {
        let program = find_program("nats-server");
        let program = program.expect("no nats-server: type `install/dependencies.sh test`");
        let directory = temporary_directory();
        let at = directory.path();
        let log = fs::File::create(at.join("log")).expect("the directory is ours");
        fs::write(at.join("configuration"), configuration).expect("the directory is ours");
        let child = Command::new(program)
            .args(["--config", "configuration", "--ports_file_dir", "."])
            .env_clear()
            .current_dir(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nats-server starts");
        let path = at.join(format!("nats-server_{}.ports", child.id()));
        // Dropped, and so killed, should it never listen.
        let mut server = Self {
            child,
            _directory: directory,
            port: 0,
            websocket_port: 0,
            cluster_port: 0,
        };
        let ports = poll::eventually("nats-server listens", DEADLINE, || ports(&path));
        server.port = ports.0;
        server.websocket_port = ports.1;
        server.cluster_port = ports.2.unwrap_or_default();
        server
    }

    /// Where plain clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Tells it to say goodbye to its clients and to end.
    pub(crate) fn end_gracefully(&self) {
        processes::signal(self.child.id(), Signal::USR2);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same as one of a cluster.
fn clustered(routes: &str) -> String {
    format!("{CONFIGURATION}\n    cluster {{ name: bus, listen: \"127.0.0.1:-1\", {routes} }}\n")
}

/// Reads `{"nats":["nats://127.0.0.1:4222"],"websocket":["ws://127.0.0.1:9"]}`,
/// which is not written at once; of a cluster the third is its own port.
fn ports(path: &Path) -> Option<(u16, u16, Option<u16>)> {
    let text = fs::read(path).ok()?;
    let ports: Value = serde_json::from_slice(&text).ok()?;
    let port = |of: &str| {
        let url = ports[of][0].as_str()?;
        url.rsplit_once(':')?.1.parse().ok()
    };
    Some((port("nats")?, port("websocket")?, port("cluster")))
}
