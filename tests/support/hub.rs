//! The hub's own API, and a place on its bus.

use std::path::Path;

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::served::Served;
use super::wire::{Carrier, Heard, Wire};

/// The subject of the account's API.
pub(crate) const API: &str = "hub.account.00000000-1000-4000-8000-000000000001.api";

/// Asks a server as a program with this bearer; returns the whole reply.
#[track_caller]
pub(crate) fn try_ask(served: &Served, bearer: &str, name: &str, argument: &Value) -> Response {
    let payload = json!({ "name": name, "args": [argument] });
    let call = json!({ "id": 1, "subject": API, "payload": payload });
    let request = Request::post("/call", &call);
    let request = request.header("authorization", &format!("Bearer {bearer}"));
    request.send(&served.address())
}

/// Asks a server's API by its token; panics when it is refused.
#[track_caller]
pub(crate) fn ask(served: &Served, name: &str, argument: &Value) -> Value {
    let reply = try_ask(served, &served.info.token, name, argument).json();
    assert!(reply["error"].is_null(), "`{name}`: {reply}");
    reply["payload"].clone()
}

/// The refusal of a server's API: its code and its words.
#[track_caller]
pub(crate) fn refusal(served: &Served, name: &str, argument: &Value) -> (u64, String) {
    let reply = try_ask(served, &served.info.token, name, argument).json();
    let error = &reply["error"];
    let words = error["message"].as_str().unwrap_or_default();
    (
        error["code"].as_u64().expect("it is refused"),
        words.to_owned(),
    )
}

/// Makes an API key; returns it with its `secret`.
#[track_caller]
pub(crate) fn make_key(served: &Served, scope: &str) -> Value {
    ask(
        served,
        "keys.create",
        &json!({ "name": "test", "scope": scope }),
    )
}

/// A program on the bus, by the unix socket.
pub(crate) struct Member(Wire);

impl Member {
    /// Joins with a token or key.
    #[track_caller]
    pub(crate) fn join(served: &Served, token: &str) -> Self {
        let socket = Path::new(&served.info.nats_socket).to_owned();
        let mut wire = Wire::dial(&Carrier::Unix(socket));
        let connect = json!({
            "auth_token": token, "verbose": false, "pedantic": false, "headers": true,
            "no_responders": true,
        });
        wire.send(format!("CONNECT {connect}\r\n").as_bytes());
        wire.hear();
        Self(wire)
    }

    /// Sends lines.
    pub(crate) fn send(&mut self, text: &str) {
        self.0.send(text.as_bytes());
    }

    /// Hears one operation, its line and its payload.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        match self.0.hear() {
            Heard::Operation(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Heard::End(why) => format!("the end: {why:?}"),
        }
    }

    /// Asks a question; returns the line and the payload of the first answer.
    #[track_caller]
    pub(crate) fn request(&mut self, inbox: &str, subject: &str, payload: &Value) -> String {
        let payload = payload.to_string();
        self.send(&format!(
            "SUB {inbox} 9\r\nUNSUB 9 1\r\nPUB {subject} {inbox} {}\r\n{payload}\r\n",
            payload.len()
        ));
        self.hear()
    }
}
