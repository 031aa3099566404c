//! A broker that ends says so to its clients first.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::brokers::{Broker, flush, operation};
use crate::support::wire::{Carrier, Heard, Wire};

#[test]
fn a_broker_that_ends_tells_its_clients_to_go_elsewhere() {
    for broker in Broker::both() {
        let join = |carrier| broker.join_by(carrier, &json!({}));
        let mut clients: Vec<Wire> = broker.carriers.iter().map(join).collect();
        broker.end_gracefully();
        for (client, carrier) in clients.iter_mut().zip(&broker.carriers) {
            let info = info(&client.hear());
            assert_eq!(info["ldm"], true, "{} {carrier:?}: {info}", broker.name);
            let Heard::End(told) = client.hear() else {
                panic!("{} {carrier:?} goes on", broker.name);
            };
            let code = told.map(|(code, _)| code);
            let is_websocket = matches!(carrier, Carrier::WebSocket(..));
            let wanted = is_websocket.then_some(1001);
            assert_eq!(code, wanted, "{} {carrier:?}", broker.name);
        }
    }
}

#[test]
fn a_greeting_says_what_the_broker_can() {
    for broker in Broker::both() {
        let mut greetings = BTreeMap::new();
        for carrier in &broker.carriers {
            let info = info(&Wire::dial(carrier).hear());
            let place = format!("{} {carrier:?}: {info}", broker.name);
            assert_eq!(info["proto"], 1, "{place}");
            assert_eq!(info["headers"], true, "{place}");
            assert_eq!(info["auth_required"], true, "{place}");
            assert_eq!(info["max_payload"], 1_048_576, "{place}");
            assert_ne!(info["tls_required"], true, "{place}");
            assert!(info["nonce"].is_null() && info["ldm"].is_null(), "{place}");
            assert!(info["port"].is_u64() && info["host"].is_string(), "{place}");
            assert!(info["version"].is_string(), "{place}");
            assert!(info["server_name"].is_string(), "{place}");
            let id = info["server_id"].as_str().expect("an id").to_owned();
            let client = info["client_id"].as_u64().expect("a number");
            let other = greetings.insert(client, id.clone());
            assert_eq!(other, None, "{place} has another's number");
            assert!(greetings.values().all(|known| *known == id), "{place}");
        }
    }
}

#[test]
fn a_websocket_ends_with_a_code_that_says_why() {
    let endings = [
        ("FOO\r\n", "-ERR 'Unknown Protocol Operation'", 1002),
        ("PUB foo x\r\n", "", 1002),
        (
            "PUB foo 1048577\r\n",
            "-ERR 'Maximum Payload Violation'",
            1009,
        ),
        (
            "CONNECT {\"auth_token\":\"wrong\"}\r\n",
            "-ERR 'Authorization Violation'",
            1008,
        ),
    ];
    for broker in Broker::both() {
        let carriers = broker.carriers.iter();
        for carrier in carriers.filter(|carrier| matches!(carrier, Carrier::WebSocket(..))) {
            for (sent, word, wanted) in endings {
                let mut wire = broker.join_by(carrier, &json!({}));
                wire.send(sent.as_bytes());
                if !word.is_empty() {
                    assert_eq!(wire.hear(), operation(word), "{}", broker.name);
                }
                let heard = wire.hear();
                let is_wanted = matches!(&heard, Heard::End(Some((code, _))) if *code == wanted);
                assert!(is_wanted, "{} {sent:?}: {heard:?}", broker.name);
            }
        }
    }
}

#[test]
fn a_text_frame_is_read_like_a_binary_one() {
    for broker in Broker::both() {
        let carriers = broker.carriers.iter();
        for carrier in carriers.filter(|carrier| matches!(carrier, Carrier::WebSocket(..))) {
            let mut wire = broker.join_by(carrier, &json!({}));
            wire.send_text("SUB foo 1\r\nPUB fo");
            wire.send(b"o 5\r\n");
            wire.send_text("h\u{e9}");
            wire.send(b"");
            wire.send(b"lo\r\n");
            assert_eq!(
                flush(&mut wire),
                ["MSG foo 1 5\r\nh\u{e9}lo"],
                "{}",
                broker.name
            );
        }
    }
}

/// Reads `INFO {…}`.
#[track_caller]
fn info(heard: &Heard) -> Value {
    let Heard::Operation(bytes) = heard else {
        panic!("no INFO: {heard:?}");
    };
    let json = bytes.strip_prefix(b"INFO ").expect("an INFO");
    serde_json::from_slice(json).expect("JSON")
}
