//! The names under which a workspace is served, and where each leads.

use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Uri;
use axum::http::header;
use axum::http::header::HeaderName;

/// What a browser says of its own accord, and no script can.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The origins of one workspace on one port.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// The workspace's slug.
    pub(super) name: String,
    /// The port.
    pub(super) port: u16,
}

impl Origins {
    /// The origin on which the workspace lives, `http://gpu1.localhost:17031`.
    pub(super) fn workspace(&self) -> String {
        format!("http://{}.localhost:{}", self.name, self.port)
    }

    /// The origin that printed URLs lead to, `http://localhost:17031`.
    pub(super) fn entrance(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Says whether `host`, in lower case, is a name that pages use.
    pub(super) fn have_name(&self, host: &str) -> bool {
        let port = self.port;
        host == format!("{}.localhost:{port}", self.name) || host == format!("localhost:{port}")
    }

    /// Says whether `host` is an address that programs use; on the unix socket
    /// one names no port.
    pub(super) fn have_address(&self, host: &str) -> bool {
        let port = self.port;
        host == "localhost"
            || host == format!("127.0.0.1:{port}")
            || host == format!("[::1]:{port}")
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
