//! The first words of either side: INFO and CONNECT.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::messaging::broker::MAX_PAYLOAD_BYTES;
use crate::sys::secret::Secret;

/// What a server says first: `INFO {"server_id":"…","max_payload":1048576,…}`.
#[derive(Serialize)]
pub(in crate::messaging) struct Info<'a> {
    /// A name of this run.
    pub(in crate::messaging) server_id: &'a str,
    /// The same; there is one.
    pub(in crate::messaging) server_name: &'a str,
    /// Ours.
    pub(in crate::messaging) version: &'a str,
    /// Where clients of this machine find it.
    pub(in crate::messaging) host: &'a str,
    /// No port in particular: clients go on with the door that they took.
    pub(in crate::messaging) port: u16,
    /// 1: it may send INFO again.
    pub(in crate::messaging) proto: u8,
    /// Whether headers are understood.
    pub(in crate::messaging) headers: bool,
    /// Whether a CONNECT must show a credential.
    pub(in crate::messaging) auth_required: bool,
    /// The largest message, in bytes.
    pub(in crate::messaging) max_payload: usize,
    /// The connection's number.
    pub(in crate::messaging) client_id: u64,
    /// Whether the server is about to leave.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::messaging) ldm: bool,
}

impl<'a> Info<'a> {
    /// Describes this server to connection `client_id`.
    pub(in crate::messaging) fn new(server_id: &'a str, client_id: u64) -> Self {
        Self {
            server_id,
            server_name: server_id,
            version: env!("CARGO_PKG_VERSION"),
            host: "localhost",
            port: 0,
            proto: 1,
            headers: true,
            auth_required: true,
            max_payload: MAX_PAYLOAD_BYTES,
            client_id,
            ldm: false,
        }
    }

    /// The line.
    pub(in crate::messaging) fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("words and numbers serialise");
        format!("INFO {json} \r\n")
    }
}

/// What a client says first: `CONNECT {"auth_token":"…","verbose":false,…}`.
///
/// It may say it again; what is missing then stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Connect {
    /// The credential.
    pub auth_token: Option<Secret>,
    /// Whether each operation is acknowledged by `+OK`; at first it is.
    pub verbose: Option<bool>,
    /// Whether subjects of messages are checked; at first they are.
    pub pedantic: Option<bool>,
    /// Whether it receives what it published itself; at first it does.
    pub echo: Option<bool>,
    /// Whether it understands headers; at first it does not.
    pub headers: Option<bool>,
    /// Whether it is told when nobody receives its requests; at first it is not.
    pub no_responders: Option<bool>,
    /// 1: it takes another INFO at any time; 0 at first.
    pub protocol: Option<i64>,
}

impl Connect {
    /// Reads one; `None` when it is none. The case of names does not matter, as
    /// with the reference, and `null` is one that says nothing.
    pub(in crate::messaging) fn read(json: &[u8]) -> Option<Self> {
        let fields: Option<Map<String, Value>> = serde_json::from_slice(json).ok()?;
        let lower = |(name, value): (String, Value)| (name.to_ascii_lowercase(), value);
        let fields = fields.unwrap_or_default().into_iter().map(lower).collect();
        serde_json::from_value(Value::Object(fields)).ok()
    }
}
