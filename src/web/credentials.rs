//! What signs a browser or a program in, and whether a request shows it.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
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

    /// Looks at the cookie of this port; one right among several will do.
    pub(super) fn cookie_of(&self, headers: &HeaderMap, port: u16) -> Match {
        let name = auth::cookie_name(port);
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let offered = pairs.filter(|(key, _)| *key == name);
        offered.fold(Match::Absent, |found, (_, value)| match found {
            Match::Right => Match::Right,
            _ => Match::of(&self.cookie, value),
        })
    }

    /// Looks at the key, in a header or, where a browser sends none of ours,
    /// among a WebSocket's protocols.
    pub(super) fn key_of(&self, headers: &HeaderMap) -> Match {
        let text = |value: Option<&'_ HeaderValue>| value?.to_str().ok().map(str::to_owned);
        let offered = text(headers.get(auth::KEY_HEADER)).or_else(|| {
            let protocols = text(headers.get(header::SEC_WEBSOCKET_PROTOCOL))?;
            protocols.split(',').find_map(|protocol| {
                let key = protocol.trim().strip_prefix(auth::WEBSOCKET_KEY_PREFIX);
                key.map(str::to_owned)
            })
        });
        offered.map_or(Match::Absent, |key| Match::of(&self.key, &key))
    }
}

/// Whether something that was shown is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Nothing was shown.
    Absent,
    /// It is not.
    Wrong,
    /// It is.
    Right,
}

impl Match {
    /// A page that was never signed in sends an empty key.
    fn of(secret: &Secret, offered: &str) -> Self {
        match offered {
            "" => Self::Absent,
            _ if secret.matches(offered) => Self::Right,
            _ => Self::Wrong,
        }
    }
}

/// Returns the token that a program shows, right or wrong.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
