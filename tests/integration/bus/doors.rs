//! What only ours has: three ways in to one broker, and pages among them.

use std::net::TcpStream;

use serde_json::json;
use tungstenite::Message;
use tungstenite::client::IntoClientRequest as _;

use super::brokers::{Broker, PATH, flush};
use crate::support::http::{Address, Request};
use crate::support::targets::connected;
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

#[test]
fn a_page_has_what_is_its_own_here_and_through_a_tunnel() {
    let broker = Broker::ours();
    let here = Visitor::sign_in(broker.url().expect("ours prints one"));
    let (_sshd, laptop) = connected();
    for visitor in [&here, &laptop.visit("box")] {
        let mut socket = visitor.websocket(PATH);
        let greeting = socket.next();
        assert!(matches!(greeting, Said::Binary(_)), "{greeting:?}");
        // Not even the server's token makes a page more than a page.
        let connect = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false,\"auth_token\":\"{}\"}}\r\n",
            broker.token
        );
        let is_here = std::ptr::eq(visitor, &here);
        let connect = if is_here {
            &connect
        } else {
            "CONNECT {\"verbose\":false}\r\n"
        };
        socket.send_binary(connect.as_bytes().to_vec());
        socket.send_binary(b"SUB > 1\r\nSUB project.local.> 2\r\nPING\r\n".to_vec());
        let mut heard = Vec::new();
        while !heard.ends_with(b"PONG\r\n") {
            let Said::Binary(bytes) = socket.next() else {
                panic!("ended after {}", heard.escape_ascii());
            };
            heard.extend_from_slice(&bytes);
        }
        let wanted = "-ERR 'Permissions Violation for Subscription to \">\"'\r\nPONG\r\n";
        assert_eq!(String::from_utf8_lossy(&heard), wanted);
    }
}

#[test]
fn a_program_may_show_the_token_before_its_first_words() {
    let broker = Broker::ours();
    let port = port_of(broker.url().expect("ours prints one"));
    for (token, wanted) in [
        (broker.token.as_str(), &b"PONG\r\n"[..]),
        ("wrong", b"-ERR 'Authorization Violation'\r\n"),
    ] {
        let url = format!("ws://localhost:{port}{PATH}");
        let mut request = url.into_client_request().expect("it is a URL");
        let bearer = format!("Bearer {token}").parse().expect("a header");
        request.headers_mut().insert("authorization", bearer);
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let (mut socket, _) = tungstenite::client(request, stream).expect("a WebSocket");
        let greeting = socket.read().expect("it greets").into_data();
        assert!(greeting.starts_with(b"INFO {"));
        socket
            .send(Message::binary(&b"PING\r\n"[..]))
            .expect("it is open");
        assert_eq!(socket.read().expect("it answers").into_data(), wanted);
    }
}

#[test]
fn a_tunnel_lets_no_stranger_through_to_the_bus() {
    let (_sshd, laptop) = connected();
    let port = laptop.visit("box").port;
    for request in [
        Request::get(PATH).upgrade(),
        Request::get(PATH)
            .upgrade()
            .header("x-cocalc-plus-page", "1"),
    ] {
        assert_eq!(request.send(&Address::Port(port)).status, 401);
    }
}
