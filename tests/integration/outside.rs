//! `HOST`: one name for other machines, with TLS and without.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::chromium;
use crate::support::find_program;
use crate::support::finished;
use crate::support::http::{Address, Request, Response};
use crate::support::laptop::Laptop;
use crate::support::served::Served;
use crate::support::temporary_directory;
use crate::support::tls::{self, Trusting};
use crate::support::visitor::code_of;

/// An address of this machine that is not where a server listens anyway.
const OTHER: &str = "127.0.0.2";

const TOKEN: &str = "correct-horse";

/// A laptop whose server has a token.
fn laptop() -> Laptop {
    Laptop::new().env("AUTH_TOKEN", TOKEN)
}

fn other(served: &Served) -> SocketAddr {
    let port = served.info.port;
    format!("{OTHER}:{port}").parse().expect("an address")
}

fn own_certificate(laptop: &Laptop) -> PathBuf {
    laptop
        .home()
        .join(".local/share/cocalc-plus/certificate.pem")
}

/// A TLS client that trusts what the server has made for itself.
fn trusting(laptop: &Laptop, served: &Served) -> Trusting {
    Trusting {
        address: other(served),
        name: OTHER.to_owned(),
        root: own_certificate(laptop),
    }
}

/// Signs in at an origin; returns the answer and what to send from then on.
#[track_caller]
fn sign_in(address: &Address, origin: &str, code: &str) -> (Response, [(String, String); 2]) {
    let request = Request::post("/auth/code", &json!({ "code": code })).header("origin", origin);
    let answer = request.send(address);
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let key = answer.json()["key"].as_str().expect("a key").to_owned();
    let sent = [("cookie".into(), cookie), ("x-cocalc-plus-key".into(), key)];
    (answer, sent)
}

#[track_caller]
fn customize(address: &Address, sent: &[(String, String)]) -> u16 {
    let with = |request: Request, (name, value): &(String, String)| request.header(name, value);
    let request = sent.iter().fold(Request::get("/customize"), with);
    request.send(address).status
}

#[test]
fn other_machines_are_let_in_with_a_token_only() {
    let laptop = Laptop::new();
    for words in [
        &["--host", OTHER][..],
        &["--host", "https://127.0.0.2"],
        &["--daemon", "--host", OTHER],
    ] {
        let refused = laptop
            .run(&[&["serve", "--no-open"], words].concat())
            .failure(26);
        assert!(
            refused
                .stderr
                .contains("no `auth_token` of 7 characters is set to sign them in by"),
            "{refused:#?}"
        );
        assert!(
            refused
                .stderr
                .contains("hint: cocalc-plus config set auth_token -"),
            "{refused:#?}"
        );
    }
    for name in ["HOST", "COCALC_BIND"] {
        let laptop = Laptop::new().env(name, OTHER).env("AUTH_TOKEN", "short");
        laptop.run(&["serve", "--no-open"]).failure(26);
    }
    for wrong in ["0.0.0.0", "::", "https://", "a b", "gpu1:80"] {
        let refused = laptop
            .run(&["serve", "--no-open", "--host", wrong])
            .failure(26);
        assert!(
            refused
                .stderr
                .contains("`--host`: `host` is a name or address under which browsers"),
            "{refused:#?}"
        );
    }
    let laptop = laptop.env("AUTH_TOKEN", TOKEN);
    for elsewhere in ["192.0.2.1", "no-such-name.invalid"] {
        let refused = laptop
            .run(&["serve", "--no-open", "--host", elsewhere])
            .failure(26);
        assert!(
            refused
                .stderr
                .contains(&format!("cannot listen on `{elsewhere}`")),
            "{refused:#?}"
        );
    }
}

#[test]
fn loopback_needs_no_token_and_tcsh_means_nothing_by_its_variable() {
    for host in ["localhost", "127.0.0.1", "::1"] {
        let laptop = Laptop::new().env("HOST", host);
        assert!(Served::start(&laptop, &[]).info.outside.is_none());
    }
    let tcsh = ["HOSTTYPE", "MACHTYPE", "VENDOR", "OSTYPE"];
    let laptop = tcsh
        .iter()
        .fold(Laptop::new(), |laptop, name| laptop.env(name, "linux"));
    let laptop = laptop.env("HOST", "gpu1");
    assert!(Served::start(&laptop, &[]).info.outside.is_none());
}

#[test]
fn a_workspace_lives_on_exactly_its_name_and_loopback_stays() {
    let laptop = laptop();
    let served = Served::start(&laptop, &["--host", OTHER]);
    let port = served.info.port;
    let origin = format!("http://{OTHER}:{port}");
    assert!(
        served.url.starts_with(&format!("{origin}/?auth_token=")),
        "{}",
        served.url
    );
    let there = Address::At(other(&served));
    for (host, status) in [
        (format!("{OTHER}:{port}"), 200),
        (OTHER.to_owned(), 403),
        (format!("localhost:{port}"), 403),
        (format!("local.localhost:{port}"), 403),
        (format!("evil.example:{port}"), 403),
        (format!("127.0.0.1:{port}"), 403),
    ] {
        let answer = Request::get("/healthz").header("host", &host).send(&there);
        assert_eq!(answer.status, status, "{host}");
    }
    let (answer, sent) = sign_in(&there, &origin, code_of(&served.url));
    assert!(
        !answer
            .header("set-cookie")
            .expect("a cookie")
            .contains("Secure")
    );
    assert_eq!(customize(&there, &sent), 200);
    let me = Request::get("/auth/me").send(&there).json();
    assert_eq!(me["workspace"], origin);
    let rebound = sent
        .iter()
        .fold(Request::get("/customize"), |request, (name, value)| {
            request.header(name, value)
        });
    assert_eq!(
        rebound
            .clone()
            .header("host", "evil.example")
            .send(&there)
            .status,
        403
    );
    assert_eq!(
        rebound
            .header("origin", "http://evil.example")
            .send(&there)
            .status,
        403
    );
    sign_in(&there, &origin, TOKEN);
    // As without a name.
    for address in [
        served.address(),
        Address::socket(served.info.socket.as_ref()),
    ] {
        assert_eq!(served.health(&address).status, 200, "{address:?}");
    }
    let here = format!("http://local.localhost:{port}");
    let request = Request::post("/auth/code", &json!({ "code": TOKEN }));
    let request = request
        .header("host", &here["http://".len()..])
        .header("origin", &here);
    assert_eq!(request.send(&served.address()).status, 200);
}

#[test]
fn tls_is_served_with_a_certificate_of_its_own() {
    let laptop = laptop();
    let served = Served::start(&laptop, &["--host", "https://127.0.0.2"]);
    let origin = format!("https://{OTHER}:{}", served.info.port);
    assert!(
        served.url.starts_with(&format!("{origin}/?auth_token=")),
        "{}",
        served.url
    );
    let there = Address::Tls(trusting(&laptop, &served));
    let (answer, sent) = sign_in(&there, &origin, code_of(&served.url));
    let cookie = answer.header("set-cookie").expect("a cookie");
    for wanted in [
        "; Secure",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=7776000",
    ] {
        assert!(cookie.contains(wanted), "{wanted}: {cookie}");
    }
    assert_eq!(answer.header("strict-transport-security"), None);
    assert_eq!(customize(&there, &sent), 200);
    let page = Request::get("/").send(&there);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains(&format!("wss://{OTHER}:{}", served.info.port)),
        "{policy}"
    );
    let outside = served.info.outside.clone().expect("it was asked for");
    assert_eq!(outside.origin, origin);
    let fingerprint = outside.fingerprint.expect("nobody vouches for it");
    assert!(
        laptop.read("serve.log").contains(&fingerprint),
        "it is printed"
    );
    assert_eq!(fingerprint, openssl_fingerprint(&own_certificate(&laptop)));
    let kept = laptop
        .home()
        .join(".local/share/cocalc-plus/certificate.json");
    let mode = fs::metadata(&kept)
        .expect("it is kept")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(served);
    let again = Served::start(&laptop, &["--host", "https://127.0.0.2"]);
    let kept = again
        .info
        .outside
        .clone()
        .expect("it was asked for")
        .fingerprint;
    assert_eq!(kept.as_ref(), Some(&fingerprint), "it is kept");
    drop(again);
    let third = Served::start(&laptop, &["--host", "https://127.0.0.3"]);
    let anew = third
        .info
        .outside
        .clone()
        .expect("it was asked for")
        .fingerprint;
    assert_ne!(anew, Some(fingerprint), "another name has another one");
}

/// What another program says of a certificate.
fn openssl_fingerprint(certificate: &std::path::Path) -> String {
    let laptop = Laptop::new();
    let openssl = find_program("openssl").expect("it is among the dependencies");
    let mut command = laptop.command(&openssl);
    command
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(certificate);
    let said = finished::run(&mut command, std::time::Duration::from_secs(30))
        .success()
        .stdout;
    let (_, value) = said.trim_end().split_once('=').expect("it is `name=value`");
    value.to_owned()
}

#[test]
fn plain_http_at_a_tls_port_is_led_there_or_told_so() {
    let laptop = laptop();
    let served = Served::start(&laptop, &["--host", "https://127.0.0.2"]);
    let origin = format!("https://{OTHER}:{}", served.info.port);
    let plain = Address::At(other(&served));
    let led = Request::get("/a?b=c").send(&plain);
    assert_eq!(
        (led.status, led.header("location")),
        (308, Some(format!("{origin}/a?b=c").as_str()))
    );
    let told = Request::post("/auth/code", &json!({ "code": TOKEN })).send(&plain);
    assert_eq!((told.status, told.header("set-cookie")), (403, None));
    let why = told.json()["error"]["message"].clone();
    assert_eq!(
        why,
        format!("this name is served by TLS alone: {origin}/auth/code")
    );
    let other_name = Request::get("/")
        .header("host", "evil.example")
        .send(&plain);
    assert_eq!(
        (other_name.status, other_name.header("location")),
        (403, None)
    );
    // This machine's own programs go on as they are.
    assert_eq!(served.health(&served.address()).status, 200);
    let mut garbage = plain.connect().expect("it listens");
    garbage
        .write_all(b"\x16\x03\x01\x00\x05hello")
        .expect("it is read");
    let mut said = Vec::new();
    let _ = garbage.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    assert_eq!(served.health(&served.address()).status, 200);
}

#[test]
fn websockets_and_the_bus_pass_through_tls() {
    let laptop = laptop();
    let served = Served::start(&laptop, &["--host", "https://127.0.0.2"]);
    let origin = format!("https://{OTHER}:{}", served.info.port);
    let there = trusting(&laptop, &served);
    let (_, sent) = sign_in(&Address::Tls(there.clone()), &origin, code_of(&served.url));
    let [(_, cookie), (_, key)] = &sent;
    let open = |path: &str, pairs: &[(&str, &str)]| {
        let url = format!("wss://{}{path}", there.host());
        let mut request = tungstenite::http::Request::get(url)
            .header("host", there.host())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header(
                "sec-websocket-key",
                tungstenite::handshake::client::generate_key(),
            );
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        let stream = there.connect().expect("it listens");
        let request = request.body(()).expect("good headers");
        tungstenite::client(request, stream).map_err(|cause| cause.to_string())
    };
    let protocols = format!("cocalc-plus.v1, cocalc-plus.key.{key}");
    let page = [
        ("origin", origin.as_str()),
        ("cookie", cookie),
        ("sec-websocket-protocol", &protocols),
    ];
    let (mut session, _) = open("/session", &page).expect("a page is let in");
    let status: Value =
        serde_json::from_str(session.read().expect("it speaks").to_text().expect("text"))
            .expect("JSON");
    assert_eq!(status["state"], "ready");
    let foreign = [("origin", "https://evil.example"), page[1], page[2]];
    assert!(open("/session", &foreign).is_err());
    let bearer = format!("Bearer {TOKEN}");
    let (mut bus, _) = open(
        "/conat",
        &[
            ("authorization", bearer.as_str()),
            ("sec-websocket-protocol", "cocalc-plus.v1"),
        ],
    )
    .expect("a program is let in");
    assert!(
        bus.read()
            .expect("it greets")
            .into_data()
            .starts_with(b"INFO {")
    );
    bus.send(tungstenite::Message::binary(&b"PING\r\n"[..]))
        .expect("it is open");
    assert_eq!(
        bus.read().expect("it answers").into_data(),
        &b"PONG\r\n"[..]
    );
}

#[test]
fn a_given_certificate_is_trusted_by_who_trusts_its_authority() {
    let laptop = laptop();
    let files = tls::signed(&laptop.home(), "localhost");
    for (key, path) in [("tls_cert", &files.certificate), ("tls_key", &files.key)] {
        laptop
            .run(&["config", "set", key, &path.display().to_string()])
            .success();
    }
    let served = Served::start(&laptop, &["--host", "https://localhost"]);
    let port = served.info.port;
    let there = |root: PathBuf, name: &str| Trusting {
        address: format!("127.0.0.1:{port}").parse().expect("an address"),
        name: name.to_owned(),
        root,
    };
    let trusted =
        Request::get("/healthz").send(&Address::Tls(there(files.root.clone(), "localhost")));
    assert_eq!(trusted.status, 200);
    assert_eq!(
        served
            .info
            .outside
            .as_ref()
            .and_then(|outside| outside.fingerprint.as_ref()),
        None
    );
    let stranger = tls::signed(&temporary_directory().keep(), "localhost").root;
    assert!(
        Request::get("/healthz")
            .try_send(&Address::Tls(there(stranger, "localhost")))
            .is_err()
    );
    assert!(
        Request::get("/healthz")
            .try_send(&Address::Tls(there(files.root.clone(), "evil.example")))
            .is_err()
    );
    let curl = find_program("curl").expect("it is among the dependencies");
    let ask = |root: &std::path::Path| {
        let mut command = laptop.command(&curl);
        command
            .args(["--silent", "--show-error", "--cacert"])
            .arg(root);
        command.arg(format!("https://localhost:{port}/healthz"));
        finished::run(&mut command, std::time::Duration::from_secs(30))
    };
    assert_eq!(ask(&files.root).success().json(), json!({ "ok": true }));
    // The same port without TLS, for this machine's programs.
    assert_eq!(served.health(&served.address()).status, 200);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let laptop = laptop();
    let files = tls::signed(&laptop.home(), "localhost");
    let serve = |certificate: &std::path::Path, key: &str| {
        let set = |name: &str, value: &str| laptop.run(&["config", "set", name, value]).success();
        set("tls_cert", &certificate.display().to_string());
        set("tls_key", key);
        laptop
            .run(&["serve", "--no-open", "--host", "https://localhost"])
            .failure(26)
            .stderr
    };
    let key = files.key.display().to_string();
    let absent = serve(&laptop.home().join("absent.pem"), &key);
    assert!(absent.contains("absent.pem"), "{absent}");
    let swapped = serve(&files.key, &key);
    assert!(swapped.contains("signed.key"), "{swapped}");
    laptop.run(&["config", "unset", "tls_key"]).success();
    let half = laptop
        .run(&["serve", "--no-open", "--host", "https://localhost"])
        .failure(26);
    assert!(
        half.stderr
            .contains("`tls_cert` and `tls_key` are given together"),
        "{half:#?}"
    );
}

#[test]
fn the_page_works_over_tls_and_over_a_plain_name() {
    for (host, certificate) in [
        ("https://127.0.0.2", "self-signed"),
        ("https://localhost", "self-signed"),
        (OTHER, "none"),
    ] {
        let laptop = laptop();
        let served = Served::start(&laptop, &["--host", host]);
        let shots = temporary_directory();
        let shots = shots.path().display().to_string();
        let visit = chromium::run("first-visit.mjs", &[&served.url, &shots, certificate]);
        let report = visit.success().json();
        let origin = served
            .info
            .outside
            .as_ref()
            .expect("it was asked for")
            .origin
            .clone();
        assert_eq!(report["final_url"], format!("{origin}/"), "{host}");
    }
}
