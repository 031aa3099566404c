//! What only ours has: three ways in to one broker, and pages among them.

use serde_json::json;

use super::brokers::{Broker, PATH, flush};
use crate::support::http::{Address, Request};
use crate::support::visitor::{Visitor, port_of};
use crate::support::websocket::Said;

#[test]
fn all_ways_lead_to_one_broker() {
    let broker = Broker::ours();
    let join = |carrier| broker.join_by(carrier, &json!({}));
    let mut clients: Vec<_> = broker.carriers.iter().map(join).collect();
    for client in &mut clients {
        client.send(b"SUB shared 1\r\n");
        flush(client);
    }
    for at in 0..clients.len() {
        let mut publisher = join(&broker.carriers[at]);
        publisher.send(format!("PUB shared 1\r\n{at}\r\n").as_bytes());
        flush(&mut publisher);
        for client in &mut clients {
            assert_eq!(flush(client), [format!("MSG shared 1 1\r\n{at}")]);
        }
    }
}

#[test]
fn a_foreign_page_gets_no_websocket() {
    let broker = Broker::ours();
    let port = port_of(broker.url().expect("ours prints one"));
    let token = format!("Bearer {}", broker.token);
    for origin in ["http://localhost:1", "https://example.org", "null"] {
        let asked = Request::get(PATH).upgrade().header("origin", origin);
        let signed = asked.clone().header("authorization", &token);
        for request in [asked, signed] {
            assert_eq!(request.send(&Address::Port(port)).status, 403, "{origin}");
        }
    }
}

#[test]
fn a_page_that_is_not_signed_in_gets_no_websocket() {
    let broker = Broker::ours();
    let port = port_of(broker.url().expect("ours prints one"));
    let origin = format!("http://localhost:{port}");
    let asked = Request::get(PATH).upgrade().header("origin", &origin);
    assert_eq!(asked.send(&Address::Port(port)).status, 401);
}

#[test]
fn a_page_that_is_signed_in_needs_no_token() {
    let broker = Broker::ours();
    let visitor = Visitor::sign_in(broker.url().expect("ours prints one"));
    let mut socket = visitor.websocket(PATH);
    let greeting = socket.next();
    let is_info = matches!(&greeting, Said::Binary(bytes) if bytes.starts_with(b"INFO {"));
    assert!(is_info, "{greeting:?}");
    let sent = socket.send_binary(b"CONNECT {\"verbose\":false}\r\nPING\r\n".to_vec());
    assert!(sent, "it is open");
    assert_eq!(socket.next(), Said::Binary(b"PONG\r\n".to_vec()));
}
