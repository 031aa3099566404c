//! What signs a browser or a program in, and whether a request shows it.

use axum::http::HeaderMap;
use axum::http::header;

use crate::protocol::auth;
use crate::sys::secret::Secret;

/// What signs a browser or a program in; kept 0600 by its owner.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct Credentials {
    /// The cookie's value: who.
    pub cookie: Secret,
    /// The key in origin storage: from where.
    pub key: Secret,
    /// The bearer token of programs.
    pub token: Secret,
    /// What pages that come back prove to have; never sent by them.
    #[serde(default = "Secret::random")]
    pub resumption: Secret,
}

impl Credentials {
    /// Makes new ones.
    pub fn random() -> Self {
        Self {
            cookie: Secret::random(),
            key: Secret::random(),
            token: Secret::random(),
            resumption: Secret::random(),
        }
    }

    /// Makes those of a process that follows: its own cookie and key, because
    /// anybody may have had the port meanwhile.
    pub fn succeeded(self) -> Self {
        Self {
            token: self.token,
            resumption: self.resumption,
            ..Self::random()
        }
    }

    /// Says whether a request shows the cookie of this port.
    pub(super) fn have_cookie(&self, headers: &HeaderMap, port: u16) -> bool {
        let name = auth::cookie_name(port);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && self.cookie.matches(value))
    }

    /// Says whether a request shows the key, in a header or, where a browser
    /// sends none of ours, among a WebSocket's protocols.
    pub(super) fn have_key(&self, headers: &HeaderMap) -> bool {
        let offered = headers
            .get(auth::KEY_HEADER)
            .and_then(|value| value.to_str().ok());
        let protocols = headers
            .get(header::SEC_WEBSOCKET_PROTOCOL)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let from_protocol = protocols
            .split(',')
            .find_map(|protocol| protocol.trim().strip_prefix(auth::WEBSOCKET_KEY_PREFIX));
        offered
            .or(from_protocol)
            .is_some_and(|key| self.key.matches(key))
    }
}

/// Returns the token that a program shows, right or wrong.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
