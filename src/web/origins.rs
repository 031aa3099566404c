//! The names under which a workspace is served, and where each leads.

use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Uri;
use axum::http::header;
use axum::http::header::HeaderName;

use super::outside::Outside;
use super::outside::Scheme;
use super::peer::Arrival;

/// What a browser says of its own accord, and no script can.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The origins of one workspace on one port.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// The workspace's slug.
    pub(super) name: String,
    /// The port.
    pub(super) port: u16,
    /// The name under which browsers of other machines come in.
    pub(super) outside: Option<Outside>,
}

impl Origins {
    /// The origin on which the workspace lives: `http://gpu1.localhost:17031`, or
    /// the one outside, if there is one.
    pub(super) fn workspace(&self) -> String {
        match &self.outside {
            Some(outside) => outside.origin(self.port),
            None => format!("http://{}.localhost:{}", self.name, self.port),
        }
    }

    /// The origin that printed URLs lead to, `http://localhost:17031`.
    pub(super) fn entrance(&self) -> String {
        match &self.outside {
            Some(outside) => outside.origin(self.port),
            None => format!("http://localhost:{}", self.port),
        }
    }

    /// Says whether `host`, in lower case, is a name that pages use where a
    /// request came in.
    pub(super) fn have_name(&self, arrival: Arrival, host: &str) -> bool {
        let port = self.port;
        let is_inner = arrival.is_plain_inside()
            && (host == format!("{}.localhost:{port}", self.name)
                || host == format!("localhost:{port}"));
        let is_outer =
            |outside: &Outside| outside.scheme == arrival.scheme && host == outside.authority(port);
        is_inner || self.outside.as_ref().is_some_and(is_outer)
    }

    /// Says whether `host` is an address that programs use; on the unix socket
    /// one names no port.
    pub(super) fn have_address(&self, arrival: Arrival, host: &str) -> bool {
        let port = self.port;
        arrival.is_plain_inside() && is_loopback(host, port)
    }

    /// Where a plain request belongs that asks for the name which is served by
    /// TLS alone: `https://gpu1.lab:6060/path?query`.
    pub(super) fn secured(&self, arrival: Arrival, host: &str, uri: &Uri) -> Option<String> {
        let outside = self.outside.as_ref()?;
        let is_plain = arrival.scheme == Scheme::Http && outside.scheme == Scheme::Https;
        let named = format!("{}:{}", outside.name, self.port);
        let is_meant = host == named && !self.have_name(arrival, host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        (is_plain && is_meant).then(|| format!("{}{path}", outside.origin(self.port)))
    }

    /// Where a browser that opens `localhost` is sent, if it is one that finds
    /// `NAME.localhost` by itself. The page asks for the others (Safari), at the
    /// cost of being loaded twice.
    pub(super) fn lead_on(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<String> {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
        if self.outside.is_some() {
            return None;
        }
        let agent = text(&header::USER_AGENT)?;
        let is_able = agent.contains("Chrome/") || agent.contains("Firefox/");
        let is_visit = *method == Method::GET
            && uri.path() == "/"
            && text(&FETCH_MODE) == Some("navigate")
            && text(&header::HOST) == Some(&format!("localhost:{}", self.port));
        // A fragment is carried along by the browser.
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        (is_able && is_visit).then(|| format!("{}{path}", self.workspace()))
    }

    /// The origins to which a page of ours may connect, beside its own; the page
    /// at `localhost` asks the workspace's whether this browser resolves it.
    pub(super) fn connectable(&self) -> String {
        let port = self.port;
        let inner = format!(
            "http://localhost:{port} http://*.localhost:{port} \
             ws://localhost:{port} ws://*.localhost:{port}"
        );
        let Some(outside) = &self.outside else {
            return inner;
        };
        let web = outside.origin(port);
        // `http` becomes `ws`, and `https` becomes `wss`.
        let socket = web.replacen("http", "ws", 1);
        format!("{inner} {web} {socket}")
    }
}

/// Says whether `host` is an address of this machine's loopback.
fn is_loopback(host: &str, port: u16) -> bool {
    host == "localhost" || host == format!("127.0.0.1:{port}") || host == format!("[::1]:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_finds_the_workspace_is_sent_there_at_once() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
        let origins = Origins {
            name: "gpu1".into(),
            port: 6060,
            outside: None,
        };
        let visit = |agent: &str, host: &str, mode: &str, path: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            headers.insert(FETCH_MODE, mode.parse().unwrap());
            origins.lead_on(&Method::GET, &Uri::from_static(path), &headers)
        };
        let door = "localhost:6060";
        for agent in [chrome, firefox] {
            let place = visit(agent, door, "navigate", "/?auth_token=Zk3");
            let workspace = "http://gpu1.localhost:6060/?auth_token=Zk3";
            assert_eq!(place.as_deref(), Some(workspace), "{agent}");
        }
        for (agent, host, mode, path) in [
            (safari, door, "navigate", "/"),
            (chrome, "gpu1.localhost:6060", "navigate", "/"),
            (chrome, door, "cors", "/"),
            (chrome, door, "navigate", "/auth/me"),
        ] {
            assert_eq!(
                visit(agent, host, mode, path),
                None,
                "{agent} {host} {path}"
            );
        }
    }
}
