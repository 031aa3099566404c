//! Clients that are slow, silent, greedy or mad: each gets its due, and all
//! others are served meanwhile.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::doors::Door;
use crate::support::http::{Connection, Request, read_response};

/// How long anybody else may wait for an answer meanwhile.
const PROMPT: Duration = Duration::from_secs(2);

/// How long a head may take, and how much later a busy machine may notice.
const HEAD: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(30));

/// How long a body may pause, and the same.
const BODY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(45));

/// Asks for the health; it must come at once.
#[track_caller]
fn is_served(door: &Door) {
    let begun = Instant::now();
    let answer = door.send(&Request::get("/healthz"));
    assert_eq!(answer.json(), json!({ "ok": true }), "{}", door.kind);
    assert!(begun.elapsed() < PROMPT, "{}: {begun:?}", door.kind);
}

/// Sends bytes and reads all that comes back, until the other side closes.
#[track_caller]
fn tell(door: &Door, bytes: &[u8]) -> String {
    let mut connection = door.address().connect().expect("it listens");
    // Whoever is refused may hear that before all was sent.
    let _ = connection.write_all(bytes);
    heard(&mut connection)
}

/// Reads until the other side closes.
fn heard(connection: &mut Connection) -> String {
    let mut bytes = Vec::new();
    // Closed with bytes of ours unread, which is a reset.
    let _ = connection.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn who_is_slow_is_closed_and_delays_nobody() {
    thread::scope(|scope| {
        let doors = Door::both().map(|door| scope.spawn(move || slow_ones_are_closed(&door)));
        let [(), ()] = doors.map(|thread| thread.join().expect("a thread of this case"));
    });
}

/// Is slow in several ways at once.
#[track_caller]
fn slow_ones_are_closed(door: &Door) {
    let (port, kind) = (door.port, door.kind);
    let head = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\n");
    let body = format!(
        "POST /auth/code HTTP/1.1\r\nHost: localhost:{port}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"code\":"
    );
    let cases = [
        ("silent", String::new(), HEAD),
        ("head", head, HEAD),
        ("body", body, BODY),
    ];
    let waiting = cases.map(|(name, words, (least, most))| {
        let mut connection = door.address().connect().expect("it listens");
        connection.set_deadline(most).expect("it is open");
        connection.write_all(words.as_bytes()).expect("it is read");
        thread::spawn(move || {
            let begun = Instant::now();
            let said = heard(&mut connection);
            let took = begun.elapsed();
            assert!(
                took + PROMPT > least && took < most,
                "{kind} {name}: {took:?}"
            );
            said
        })
    });
    is_served(door);
    let said = waiting.map(|thread| thread.join().expect("it is closed in time"));
    assert_eq!(said[0], "", "{kind}");
    assert!(!said[1].contains(" 200 "), "{kind}: {}", said[1]);
    assert!(said[2].starts_with("HTTP/1.1 4"), "{kind}: {}", said[2]);
    is_served(door);
}

#[test]
fn a_head_that_drips_is_closed_like_one_that_stops() {
    let door = Door::server();
    let mut connection = door.address().connect().expect("it listens");
    connection.set_deadline(PROMPT / 4).expect("it is open");
    connection
        .write_all(b"GET / HTTP/1.1\r\n")
        .expect("it is read");
    let begun = Instant::now();
    let closed = loop {
        let mut byte = [0];
        // The deadline of reading spaces the drops.
        if let Ok(0) = connection.read(&mut byte) {
            break begun.elapsed();
        }
        if connection.write_all(b"X-A: b\r\n").is_err() {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < HEAD.1, "it is still open");
    };
    assert!(closed + PROMPT > HEAD.0, "{closed:?}");
    is_served(&door);
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    for door in Door::both() {
        let visitor = door.sign_in();
        let huge = "x".repeat(200 << 10);
        let head = door.send(&Request::get("/healthz").header("x-huge", &huge));
        assert_eq!(head.status, 431, "{}", door.kind);
        let many = (0..120).fold(Request::get("/healthz"), |request, at| {
            request.header(&format!("x-{at}"), "1")
        });
        assert_eq!(door.send(&many).status, 431, "{}", door.kind);
        let line = door.send(&Request::get(&format!("/healthz?{huge}")));
        assert!(
            matches!(line.status, 414 | 431),
            "{}: {}",
            door.kind,
            line.status
        );
        let code = Request::post("/auth/code", &json!({ "code": "x".repeat(5000) }));
        assert_eq!(door.send(&code).status, 413, "{}", door.kind);
        let call = json!({ "id": 1, "subject": "x".repeat(2 << 20), "payload": Value::Null });
        let call = visitor.signed(Request::post("/call", &call));
        assert_eq!(door.send(&call).status, 413, "{}", door.kind);
        is_served(&door);
    }
}

#[test]
fn what_is_no_http_is_400_and_closed() {
    for door in Door::both() {
        let port = door.port;
        let get = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        for garbage in [
            "\0\0\0\0\r\n\r\n",
            "\x16\x03\x01\x02\0\x01\0\x01\x7c\x03\x03\r\n\r\n",
            "HELO example.org\r\n\r\n",
            "GET /healthz HTTP/9.9\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
            "POST /auth/code HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST /auth/code HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        ] {
            let said = tell(&door, garbage.as_bytes());
            assert!(
                said.starts_with("HTTP/1.1 400 "),
                "{} {garbage:?}: {said}",
                door.kind
            );
            // Behind a good one: that is answered, and then no more.
            let said = tell(&door, format!("{get}{garbage}").as_bytes());
            assert!(
                said.starts_with("HTTP/1.1 200 "),
                "{} {garbage:?}: {said}",
                door.kind
            );
            assert!(
                said.contains("HTTP/1.1 400 "),
                "{} {garbage:?}: {said}",
                door.kind
            );
        }
        let smuggled = format!(
            "POST /auth/code HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 4\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: evil\r\n\r\n"
        );
        let said = tell(&door, smuggled.as_bytes());
        assert!(!said.contains("\"ok\""), "{}: {said}", door.kind);
        is_served(&door);
    }
}

#[test]
fn requests_in_a_row_are_answered_in_order() {
    let door = Door::server();
    let head = |path: &str, last: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n{last}\r\n",
            door.port
        )
    };
    let words =
        head("/healthz", "") + &head("/nothing", "") + &head("/healthz", "Connection: close\r\n");
    let mut connection = door.address().connect().expect("it listens");
    connection.write_all(words.as_bytes()).expect("it is read");
    let statuses = heard(&mut connection);
    let statuses = statuses.split("HTTP/1.1 ").skip(1);
    let statuses: Vec<&str> = statuses.map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "401", "200"]);
}

#[test]
fn a_thousand_connections_at_once_delay_nobody() {
    for door in Door::both() {
        let begun = Instant::now();
        let open = (0..1000).map(|_| door.address().connect().expect("it listens"));
        let mut open: Vec<Connection> = open.collect();
        let connected = begun.elapsed();
        is_served(&door);
        // All of them are good for a request, too.
        let head = format!(
            "GET /healthz HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
            door.port
        );
        for connection in &mut open {
            connection.write_all(head.as_bytes()).expect("it is open");
        }
        for connection in &mut open {
            assert_eq!(read_response(connection).expect("an answer").status, 200);
        }
        let took = begun.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "{}: {connected:?}, {took:?}",
            door.kind
        );
    }
}
