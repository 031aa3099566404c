//! The two brokers, and every way into each.

use cocalc_plus::protocol::auth;
use serde_json::{Value, json};

use crate::support::laptop::Laptop;
use crate::support::nats_server::{self, NatsServer};
use crate::support::served::Served;
use crate::support::wire::{Carrier, Heard, Wire};

/// Where ours takes NATS clients over HTTP.
pub(super) const PATH: &str = auth::BUS_PATH;

/// A running broker; drop ends it.
pub(super) struct Broker {
    /// Which of the two, for a failure's text.
    pub(super) name: &'static str,
    /// The credential that it wants.
    pub(super) token: String,
    /// Every way in; TCP is the first.
    pub(super) carriers: Vec<Carrier>,
    running: Running,
}

enum Running {
    Reference(NatsServer),
    Ours(Box<Served>, Laptop),
}

impl Broker {
    /// Starts `nats-server`.
    #[track_caller]
    pub(super) fn reference() -> Self {
        let server = NatsServer::start();
        Self {
            name: "nats-server",
            token: nats_server::TOKEN.to_owned(),
            carriers: vec![
                Carrier::Tcp(server.port),
                Carrier::WebSocket(server.websocket_port, "/"),
            ],
            running: Running::Reference(server),
        }
    }

    /// Starts ours.
    #[track_caller]
    pub(super) fn ours() -> Self {
        let laptop = Laptop::new();
        let served = Served::start(&laptop, &["--nats-port", "0"]);
        let port = served.info.nats_port.expect("it was asked for one");
        Self {
            name: "ours",
            token: served.info.token.clone(),
            carriers: vec![
                Carrier::Tcp(port),
                Carrier::Unix(served.info.nats_socket.as_str().into()),
                Carrier::WebSocket(served.info.port, PATH),
            ],
            running: Running::Ours(Box::new(served), laptop),
        }
    }

    /// Starts both, one after the other.
    #[track_caller]
    pub(super) fn both() -> [Self; 2] {
        [Self::reference(), Self::ours()]
    }

    /// Connects by TCP and signs in.
    #[track_caller]
    pub(super) fn join(&self) -> Wire {
        self.join_by(&self.carriers[0], &json!({}))
    }

    /// Connects and signs in, with fields of `CONNECT` besides the usual ones,
    /// or instead.
    #[track_caller]
    pub(super) fn join_by(&self, carrier: &Carrier, fields: &Value) -> Wire {
        let mut wire = Wire::dial(carrier);
        let greeting = wire.hear();
        let is_info = matches!(&greeting, Heard::Operation(line) if line.starts_with(b"INFO {"));
        assert!(is_info, "{}: {greeting:?}", self.name);
        let connect = format!("CONNECT {}\r\n", self.connect(fields));
        wire.send(connect.as_bytes());
        let is_verbose = fields["verbose"] == true;
        let granted = if is_verbose { "+OK" } else { "PONG" };
        wire.send(b"PING\r\n");
        assert_eq!(wire.hear(), operation(granted), "{}", self.name);
        if is_verbose {
            assert_eq!(wire.hear(), operation("PONG"), "{}", self.name);
        }
        wire
    }

    /// What follows `CONNECT`: a client that knows all there is to know.
    fn connect(&self, fields: &Value) -> Value {
        let mut connect = json!({
            "auth_token": self.token, "verbose": false, "pedantic": false,
            "headers": true, "no_responders": true, "protocol": 1,
            "lang": "none", "version": "1",
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            connect[name] = value.clone();
        }
        connect
    }

    /// Tells it to end as it should: its clients hear of it.
    #[track_caller]
    pub(super) fn end_gracefully(&self) {
        match &self.running {
            Running::Reference(server) => server.end_gracefully(),
            Running::Ours(_, laptop) => drop(laptop.run(&["serve", "--daemon-stop"]).success()),
        }
    }

    /// What ours printed to be opened in a browser; `None` of `nats-server`.
    pub(super) fn url(&self) -> Option<&str> {
        match &self.running {
            Running::Reference(_) => None,
            Running::Ours(served, _) => Some(&served.url),
        }
    }
}

/// The text of an operation, as it is heard.
pub(super) fn operation(text: &str) -> Heard {
    Heard::Operation(text.as_bytes().to_vec())
}

/// Sends `PING` and takes what comes before the `PONG`: when it came, the
/// broker had dealt with everything sent before.
#[track_caller]
pub(super) fn flush(wire: &mut Wire) -> Vec<String> {
    wire.send(b"PING\r\n");
    let mut before = Vec::new();
    loop {
        match wire.hear() {
            Heard::Operation(bytes) if bytes == b"PONG" => return before,
            Heard::Operation(bytes) => before.push(String::from_utf8_lossy(&bytes).into_owned()),
            end @ Heard::End(_) => panic!("{end:?} after {before:?}"),
        }
    }
}
