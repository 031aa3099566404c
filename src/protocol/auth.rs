//! Signing a browser in, and the names that both sides must spell alike.
//!
//! A printed URL `http://localhost:PORT/?auth_token=CODE` carries a code that
//! works once, for [`CODE_LIFETIME`]. The page takes it out of the URL, leads
//! to `http://NAME.localhost:PORT/#auth_token=CODE` where the browser resolves
//! that, and spends it by `POST /auth/code`; a GET never spends it, so that a
//! link preview or a reload cannot.
//!
//! ```text
//! POST /auth/code   {"code":"Zk3…"}   → 200 {"key":"b64…","resumption":"b64…","status":{…}} and the cookie   | 401
//! GET  /auth/me                       → 200 {"signed_in":true,"name":"gpu1","workspace":"http://gpu1.localhost:6060","challenge":"b64…","status":{…}}
//! POST /auth/resume {"proof":"3f09…"} → as /auth/code
//! ```
//!
//! Whoever is signed in by then is also told the first [`Status`] that
//! `/session` would send, two round trips sooner than that opens.
//!
//! # Coming back
//!
//! Cookie and key end with the process that gave them: once it is dead, anybody
//! on the machine may have its port, and an open page sends both there. So a
//! page comes back to a process started anew by proof. It keeps a resumption
//! secret, which outlives the process and which it never sends: it signs the
//! challenge that `/auth/me` names, a new one in every process, together with
//! its own origin ([`resume_message`]). What a stranger at the port makes a page
//! sign is worth nothing elsewhere or later.
//!
//! # Who passes
//!
//! Everything but `/`, static files, `/healthz` and the routes above needs both
//! the cookie and the key, or a program's token: cookies reach every server on
//! `localhost`, whatever its port, but a key in origin storage does not. What a
//! browser fetches by itself (a download, an image) cannot carry the key: a GET
//! of [`TICKET_PATH`] needs the cookie and, behind the door, a ticket, and one
//! below [`BLOBS_PATH`] the cookie and the name that follows from the content.
//! A program may open [`BUS_PATH`] without any, and shows its token there.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::session::Status;

/// How long a code in a printed URL works.
pub const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// The query (or fragment) parameter that carries the code.
pub const CODE_PARAMETER: &str = "auth_token";

/// The request header that carries the key.
pub const KEY_HEADER: &str = "x-cocalc-plus-key";

/// The request header by which a tunnel says that it passes on what a page of
/// its own asks, signed in by cookie and key: `x-cocalc-plus-page: 1`.
pub const PAGE_HEADER: &str = "x-cocalc-plus-page";

/// The path of the bus.
pub const BUS_PATH: &str = "/conat";

/// The path that a browser fetches with the cookie and a ticket alone.
pub const TICKET_PATH: &str = "/files/get";

/// What precedes a blob's name; a browser fetches it with the cookie alone.
pub const BLOBS_PATH: &str = "/blobs/";

/// The query parameter that carries the ticket.
pub const TICKET_PARAMETER: &str = "ticket";

/// The WebSocket subprotocol that every WebSocket of ours speaks.
pub const WEBSOCKET_PROTOCOL: &str = "cocalc-plus.v1";

/// What precedes the key in a WebSocket's list of subprotocols.
pub const WEBSOCKET_KEY_PREFIX: &str = "cocalc-plus.key.";

/// The cookie's name on a port: `cocalc-plus-6060`.
///
/// Cookies ignore ports, so the port stands in the name: two targets on
/// `localhost` keep one cookie each.
pub fn cookie_name(port: u16) -> String {
    format!("cocalc-plus-{port}")
}

/// What a page signs with the resumption secret to come back.
pub fn resume_message(origin: &str, challenge: &str) -> String {
    format!("cocalc-plus resume\n{origin}\n{challenge}")
}

/// The body of `POST /auth/resume`.
#[derive(Clone, Deserialize, Serialize)]
pub struct ResumeRequest {
    /// HMAC-SHA256 of [`resume_message`], hexadecimal.
    pub proof: String,
}

/// The body of `POST /auth/code`.
#[derive(Clone, Deserialize, Serialize)]
pub struct CodeRequest {
    /// A code from a printed URL, or the connection-info file's token.
    pub code: String,
}

/// The answer to `POST /auth/code` and `POST /auth/resume`.
#[derive(Clone, Deserialize, Serialize)]
pub struct CodeAnswer {
    /// The key, to be kept in origin storage.
    pub key: String,
    /// The resumption secret, to be kept beside it.
    #[serde(default)]
    pub resumption: String,
    /// Where the connection stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// The answer to `GET /auth/me`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Me {
    /// Whether cookie and key of this request are right.
    pub signed_in: bool,
    /// The target's slug.
    pub name: String,
    /// The origin on which the workspace lives.
    pub workspace: String,
    /// What a page signs to come back; new in every process.
    #[serde(default)]
    pub challenge: String,
    /// Where the connection stands; only for whoever is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}
