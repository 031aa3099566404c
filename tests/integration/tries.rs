//! Wrong credentials: limited, told in the log, and nobody else's trouble.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::support::doors::Door;
use crate::support::http::{Address, Request, Response};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::Served;
use crate::support::targets::NOTICE;
use crate::support::visitor::{Visitor, spend};

/// How many wrong ones are answered with 401 before the first 429.
const AT_ONCE: usize = 30;

/// Shows wrong tokens until they are not looked at any more.
#[track_caller]
fn exhaust(address: &Address) -> Response {
    let wrong = Request::get("/customize").header("authorization", "Bearer guess");
    // One comes back every three seconds, and this machine may be slow.
    let refused = (0..10 * AT_ONCE).map(|_| wrong.send(address));
    let refused: Vec<Response> = refused.collect();
    let early = refused.iter().take_while(|answer| answer.status == 401);
    assert!(early.count() >= AT_ONCE);
    let late = refused.into_iter().find(|answer| answer.status == 429);
    late.expect("they are limited")
}

#[test]
fn too_many_wrong_tokens_are_429_and_lock_out_nobody_who_is_right() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let refused = exhaust(&door.address());
        let wait = refused.header("retry-after").map(str::parse::<u64>);
        assert!(matches!(wait, Some(Ok(1..=3))), "{}: {wait:?}", door.kind);
        assert_eq!(refused.json()["error"]["code"], 429);
        assert_eq!(spend(door.port, "guess").status, 429, "{}", door.kind);
        let proof = Request::post("/auth/resume", &json!({ "proof": "guess" }));
        assert_eq!(door.send(&proof).status, 429, "{}", door.kind);
        let page = Visitor {
            key: "guess".into(),
            ..visitor.clone()
        };
        assert_eq!(page.get("/customize").status, 429, "{}", door.kind);
        // Whoever is right, from the same address.
        assert_eq!(visitor.get("/customize").status, 200, "{}", door.kind);
        assert!(visitor.try_websocket("/session").is_ok(), "{}", door.kind);
        assert_eq!(spend(door.port, &door.token).status, 200, "{}", door.kind);
        let url = visitor.signed(Request::post("/auth/url", &json!({})));
        let url = door.send(&url).json()["url"].clone();
        Visitor::sign_in(url.as_str().expect("a URL"));
        // Whoever shows nothing is told to sign in, and is told no more.
        let nothing = door.send(&Request::get("/customize"));
        assert_eq!(nothing.status, 401, "{}", door.kind);
    }
}

#[test]
fn a_page_with_a_stale_cookie_is_loaded_and_asks_whether_it_is_signed_in() {
    let door = Door::server();
    let stale = format!("cocalc-plus-{}=stale", door.port);
    for path in ["/", "/auth/me", "/healthz"] {
        for _ in 0..2 * AT_ONCE {
            let request = Request::get(path).header("cookie", &stale);
            assert_eq!(door.send(&request).status, 200, "{path}");
        }
    }
}

#[test]
fn the_log_says_how_many_and_is_not_washed_out() {
    for door in Door::both() {
        exhaust(&door.address());
        let told = || {
            let logs = door.logs();
            logs.contains("wrong credentials").then_some(logs)
        };
        let logs = eventually("the log tells of it", NOTICE, told);
        let lines = logs.lines().filter(|line| line.contains(" WARN "));
        let lines: Vec<&str> = lines
            .filter(|line| line.contains("wrong credentials"))
            .collect();
        assert!(lines.len() <= 2, "{}: {lines:#?}", door.kind);
        let said = "the last from 127.0.0.1: a token";
        assert!(lines[0].contains(said), "{}: {lines:#?}", door.kind);
        assert!(!logs.contains("guess"), "{}", door.kind);
    }
}

#[test]
fn tokens_on_the_bus_count_with_all_others() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &["--nats-port", "0"]);
    let port = served.info.nats_port.expect("it was asked for");
    let wrong = (0..2 * AT_ONCE).map(|_| connect(port, "guess"));
    assert!(
        wrong
            .into_iter()
            .all(|said| said.starts_with("-ERR 'Authorization Violation'"))
    );
    let web = Request::get("/customize").header("authorization", "Bearer guess");
    assert_eq!(web.send(&served.address()).status, 429);
    assert_eq!(connect(port, &served.info.token), "PONG");
}

#[test]
fn this_user_on_the_unix_socket_never_waits() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let socket = Address::socket(served.info.socket.as_ref());
    let wrong = Request::get("/customize").header("authorization", "Bearer guess");
    for _ in 0..3 * AT_ONCE {
        // Without a right token the name is refused that programs use.
        assert_eq!(wrong.send(&socket).status, 403);
    }
    assert_eq!(served.health(&socket).status, 200);
}

/// Shows a token on the bus's port; returns what is answered to a PING.
#[track_caller]
fn connect(port: u16, token: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let words = format!("CONNECT {{\"auth_token\":\"{token}\",\"verbose\":false}}\r\nPING\r\n");
    stream.write_all(words.as_bytes()).expect("it reads");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let greeting = lines.next().expect("it greets");
    assert!(greeting.starts_with("INFO {"), "{greeting}");
    lines.next().expect("it answers")
}
