//! Every route, by what is shown: a table that a new route has to be added to.

use crate::support::doors::Door;
use crate::support::http::Request;
use crate::support::visitor::Visitor;

/// What a request shows, in the order of the table's columns.
const SHOWN: [&str; 7] = [
    "nothing", "cookie", "key", "page", "token", "origin", "host",
];

/// A method, a path, and the status for each of [`SHOWN`]: nothing, the cookie
/// alone, the key alone, both, the token, both with a foreign Origin, both for a
/// foreign Host. Behind the door a route answers what it has to say to an empty
/// request: 400 no upgrade or no path, 415 no JSON, 403 no such ticket, 404 nothing
/// there.
type Row = (&'static str, &'static str, [u16; 7]);

const PUBLIC: [u16; 7] = [200, 200, 200, 200, 200, 403, 403];

const fn guarded(status: u16) -> [u16; 7] {
    [401, 401, 401, status, status, 403, 403]
}

const fn public(status: u16) -> [u16; 7] {
    [status, status, status, status, status, 403, 403]
}

const ROUTES: &[Row] = &[
    ("GET", "/", PUBLIC),
    ("HEAD", "/", PUBLIC),
    ("POST", "/", guarded(405)),
    ("DELETE", "/", guarded(405)),
    ("GET", "/healthz", PUBLIC),
    ("HEAD", "/healthz", PUBLIC),
    ("POST", "/healthz", public(405)),
    ("GET", "/auth/me", PUBLIC),
    ("GET", "/auth/code", public(405)),
    ("POST", "/auth/code", public(415)),
    ("GET", "/auth/resume", public(405)),
    ("POST", "/auth/resume", public(415)),
    ("GET", "/auth/url", guarded(405)),
    ("POST", "/auth/url", guarded(200)),
    ("GET", "/assets/nothing.js", public(404)),
    ("POST", "/assets/nothing.js", guarded(404)),
    ("GET", "/customize", guarded(200)),
    ("HEAD", "/customize", guarded(200)),
    ("POST", "/customize", guarded(405)),
    ("GET", "/session", guarded(400)),
    ("GET", "/call", guarded(405)),
    ("POST", "/call", guarded(200)),
    ("GET", "/conat", guarded(400)),
    ("POST", "/stop", guarded(415)),
    ("GET", "/stop", guarded(405)),
    ("GET", "/terminal/t1", guarded(400)),
    ("GET", "/files/list", guarded(400)),
    ("GET", "/files/content", guarded(400)),
    ("PUT", "/files/content", guarded(400)),
    ("POST", "/files/ticket", guarded(400)),
    ("GET", "/files/watch", guarded(404)),
    ("GET", "/files/get", [401, 400, 401, 400, 400, 403, 403]),
    (
        "GET",
        "/files/get?ticket=none",
        [401, 403, 401, 403, 403, 403, 403],
    ),
    ("POST", "/files/get", guarded(405)),
    ("GET", "/nothing", guarded(404)),
    ("GET", "/nothing/at/all", guarded(404)),
    ("POST", "/nothing", guarded(404)),
    ("GET", "/assets/../customize", guarded(404)),
    ("GET", "//customize", guarded(404)),
    ("GET", "/%2e%2e/customize", guarded(404)),
    ("GET", "/customize/", guarded(404)),
    ("GET", "/Customize", guarded(404)),
];

#[test]
fn every_route_answers_by_what_is_shown() {
    let mut wrong = Vec::new();
    for door in Door::both() {
        let visitor = door.sign_in();
        for (method, path, expected) in ROUTES {
            for (shown, expected) in SHOWN.iter().zip(expected) {
                let request = show(&door, &visitor, shown, Request::new(method, path));
                let status = door.send(&request).status;
                // The table is of the server's; a tunnel passes on.
                if status != *expected {
                    wrong.push(format!(
                        "{} {method} {path} with {shown}: {status}, not {expected}",
                        door.kind
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

/// Adds what is shown to a request.
fn show(door: &Door, visitor: &Visitor, shown: &str, request: Request) -> Request {
    let origin = format!("http://localhost:{}", door.port);
    match shown {
        "cookie" => request.header("cookie", &visitor.cookie_header()),
        "key" => request.header("x-cocalc-plus-key", &visitor.key),
        "page" => visitor.signed(request).header("origin", &origin),
        "token" => request.header("authorization", &format!("Bearer {}", door.token)),
        "origin" => visitor
            .signed(request)
            .header("origin", "http://evil.example"),
        "host" => visitor.signed(request).header("host", "evil.example"),
        _ => request,
    }
}

#[test]
fn files_of_the_page_are_kept_for_a_year_and_the_page_is_asked_for() {
    for door in Door::both() {
        let page = door.send(&Request::get("/").header("accept-encoding", "gzip"));
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        assert_eq!(page.header("content-encoding"), Some("gzip"));
        assert_eq!(page.header("vary"), Some("accept-encoding"));
        let tag = page.header("etag").expect("a tag");
        let again = door.send(&Request::get("/").header("if-none-match", tag));
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{}", door.kind);
        let plain = door.send(&Request::get("/"));
        assert_eq!(plain.header("content-encoding"), None);
        let (_, rest) = plain.body.split_once("/assets/").expect("it has a script");
        let script = format!("/assets/{}", rest.split('"').next().unwrap_or_default());
        let whole = door.send(&Request::get(&script));
        let lasting = "public, max-age=31536000, immutable";
        assert_eq!(whole.header("cache-control"), Some(lasting), "{script}");
        let head = door.send(&Request::new("HEAD", &script));
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        assert_eq!(
            head.header("content-length"),
            whole.header("content-length")
        );
        let packed = door.send(&Request::get(&script).header("accept-encoding", "gzip"));
        assert!(packed.bytes.len() * 2 < whole.bytes.len(), "{script}");
    }
}
