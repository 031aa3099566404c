//! A signed-in browser without a browser: cookie, key, WebSockets.

use serde_json::{Value, json};

use cocalc_plus::protocol::auth;

use super::http::{Address, Request, Response};
use super::terminal::Terminal;
use super::websocket::WebSocket;

/// A browser that has spent the code of a printed URL.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The port of `localhost` that it visits.
    pub(crate) port: u16,
    /// The cookie's value.
    pub(crate) cookie: String,
    /// The key in origin storage.
    pub(crate) key: String,
}

impl Visitor {
    /// Signs in with a printed URL, as the page does.
    #[track_caller]
    pub(crate) fn sign_in(url: &str) -> Self {
        let port = port_of(url);
        let response = spend(port, code_of(url));
        assert_eq!(response.status, 200, "{response:?}");
        let cookie = response.header("set-cookie").expect("a cookie is set");
        let (pair, _) = cookie.split_once(';').expect("it has attributes");
        let (_, cookie) = pair.split_once('=').expect("it has a value");
        let key = response.json()["key"].as_str().expect("a key").to_owned();
        Self {
            port,
            cookie: cookie.to_owned(),
            key,
        }
    }

    /// Where it sends its requests.
    pub(crate) fn address(&self) -> Address {
        Address::Port(self.port)
    }

    /// Adds both credentials to a request.
    pub(crate) fn signed(&self, request: Request) -> Request {
        request
            .header("cookie", &self.cookie_header())
            .header(auth::KEY_HEADER, &self.key)
    }

    /// Returns the value of the `Cookie` header.
    pub(crate) fn cookie_header(&self) -> String {
        format!("{}={}", auth::cookie_name(self.port), self.cookie)
    }

    /// Asks for a path, signed in.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.signed(Request::get(path)).send(&self.address())
    }

    /// Sends a request, signed in.
    #[track_caller]
    pub(crate) fn send(&self, request: Request) -> Response {
        self.signed(request).send(&self.address())
    }

    /// Opens a WebSocket, signed in.
    #[track_caller]
    pub(crate) fn websocket(&self, path: &str) -> WebSocket {
        match self.try_websocket(path) {
            Ok(socket) => socket,
            Err(cause) => panic!("no WebSocket at `{path}`: {cause}"),
        }
    }

    /// The same, where a refusal is an answer too.
    pub(crate) fn try_websocket(&self, path: &str) -> Result<WebSocket, String> {
        WebSocket::open(self, path)
    }

    /// Asks the project one thing; panics when it is refused.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, payload: &Value) -> Value {
        let reply = self.try_call(method, payload);
        assert!(reply["error"].is_null(), "`{method}`: {reply}");
        reply["payload"].clone()
    }

    /// Asks the project one thing; returns the whole reply.
    #[track_caller]
    pub(crate) fn try_call(&self, method: &str, payload: &Value) -> Value {
        let subject = format!("project.local.{method}");
        let call = json!({ "id": 7, "subject": subject, "payload": payload });
        let reply = self.send(Request::post("/call", &call)).json();
        assert_eq!(reply["id"], 7, "{reply}");
        reply
    }

    /// Lists the ids of the project's terminals.
    #[track_caller]
    pub(crate) fn terminals(&self) -> Vec<String> {
        let reply = self.call("terminal.list", &json!({}));
        let rows = reply["terminals"].as_array().expect("rows");
        let ids = rows.iter().map(|row| row["id"].as_str().expect("an id"));
        ids.map(str::to_owned).collect()
    }

    /// Starts a terminal of 80 × 24; returns its row.
    #[track_caller]
    pub(crate) fn new_terminal(&self) -> Value {
        self.call("terminal.new", &json!({ "cols": 80, "rows": 24 }))
    }

    /// Starts a terminal and attaches to it.
    #[track_caller]
    pub(crate) fn open_terminal(&self) -> Terminal {
        let row = self.new_terminal();
        Terminal::attach(self, row["id"].as_str().expect("an id"))
    }
}

/// Spends a code at a port of `localhost`, as the page does.
#[track_caller]
pub(crate) fn spend(port: u16, code: &str) -> Response {
    Request::post("/auth/code", &json!({ "code": code }))
        .header("origin", &format!("http://localhost:{port}"))
        .send(&Address::Port(port))
}

/// Returns the port in a printed URL.
#[track_caller]
pub(crate) fn port_of(url: &str) -> u16 {
    let rest = url.strip_prefix("http://localhost:");
    let port = rest.and_then(|rest| rest.split('/').next()?.parse().ok());
    port.unwrap_or_else(|| panic!("no port in `{url}`"))
}

/// Returns the code in a printed URL.
#[track_caller]
pub(crate) fn code_of(url: &str) -> &str {
    let found = url.split_once("/?auth_token=");
    found.unwrap_or_else(|| panic!("no code in `{url}`")).1
}
