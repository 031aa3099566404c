//! The connection-info file of a running server.

use serde::Deserialize;
use serde::Serialize;

use super::ending::Ending;

/// What a program needs to talk to a running server; mode 0600.
///
/// Written after the server listens, under another name and then renamed, so
/// a reader finds a whole file or none.
///
/// `{"port":41523,"token":"b64…","pid":4711,"startedAt":1795248000000,`
/// `"socket":"/tmp/ccp-1000/3f9a…/server.sock","version":"0.1.0",`
/// `"id":"9c1e…","processStart":"88123","bootId":"5e0c…","ui":"9f2c…",`
/// `"natsSocket":"/tmp/ccp-1000/3f9a…/nats.sock"}`
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInfo {
    /// The TCP port on 127.0.0.1.
    pub port: u16,
    /// The bearer token: `Authorization: Bearer <token>`.
    pub token: String,
    /// The server's process id; trusted only with the next fields.
    pub pid: u32,
    /// When it began to listen, in milliseconds since 1970.
    pub started_at: u64,
    /// The unix socket, absolute.
    pub socket: String,
    /// The server's version.
    pub version: String,
    /// A random name of this run of the server.
    pub id: String,
    /// When the process started, as the kernel counts it.
    pub process_start: String,
    /// Which boot of the machine it belongs to.
    pub boot_id: String,
    /// The content hash of the page that it serves.
    pub ui: String,
    /// The unix socket of the bus, absolute; it speaks the NATS client protocol,
    /// with the token as `auth_token`.
    #[serde(default)]
    pub nats_socket: String,
    /// The bus's TCP port on 127.0.0.1, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_port: Option<u16>,
    /// How browsers of other machines come in, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Box<OutsideInfo>>,
    /// How the run before it ended, when nobody had stopped that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Ending>,
}

/// A name for other machines:
/// `{"origin":"https://gpu1.lab:6060","fingerprint":"3F:90:…"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OutsideInfo {
    /// The origin.
    pub origin: String,
    /// The SHA-256 of its certificate, where nobody vouches for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl std::fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("port", &self.port)
            .field("pid", &self.pid)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
