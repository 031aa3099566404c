//! Whom the door lets in.

use super::*;
use axum::http::Uri;

use crate::web::peer::Entrance;

fn gate() -> Gate {
    Gate::new("gpu1", 6060, Credentials::random())
}

fn headers(pairs: &[(&str, String)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                header::HeaderName::try_from(*name).unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect()
}

/// Asks the door as this user does; returns the status of its verdict.
fn ask(gate: &Gate, method: &Method, path: &str, headers: &HeaderMap) -> u16 {
    ask_from(Peer::Owner, gate, method, path, headers)
}

fn ask_from(peer: Peer, gate: &Gate, method: &Method, path: &str, headers: &HeaderMap) -> u16 {
    let arrival = Arrival {
        peer,
        ..Arrival::OWNER
    };
    match gate.decide(arrival, method, path, headers) {
        Ok(_) => 200,
        Err(Denial::Refused(refusal)) => refusal.code,
        Err(Denial::TooMany(_)) => 429,
    }
}

fn code_of(url: &str) -> String {
    url.split_once("auth_token=").unwrap().1.to_owned()
}

#[test]
fn only_our_host_names_are_served_case_blind() {
    let gate = gate();
    for (host, status) in [
        ("gpu1.localhost:6060", 200),
        ("GPU1.LocalHost:6060", 200),
        ("localhost:6060", 200),
        ("localhost:6061", 403),
        ("localhost", 403),
        ("gpu2.localhost:6060", 403),
        ("gpu1.localhost.:6060", 403),
        ("evil.example:6060", 403),
        ("127.0.0.1:6060", 403),
        ("[::1]:6060", 403),
        ("", 403),
    ] {
        let headers = headers(&[("host", host.into())]);
        assert_eq!(
            ask(&gate, &Method::GET, "/healthz", &headers),
            status,
            "{host}"
        );
    }
}

#[test]
fn only_programs_reach_the_bus_without_a_credential() {
    let bus = Method::GET;
    let upgrade = ("upgrade", "websocket".to_owned());
    let program = headers(&[("host", "127.0.0.1:6060".into()), upgrade.clone()]);
    let named = headers(&[("host", "localhost:6060".into()), upgrade.clone()]);
    let plain = headers(&[("host", "localhost:6060".into())]);
    let page = headers(&[
        ("host", "gpu1.localhost:6060".into()),
        ("origin", "http://gpu1.localhost:6060".into()),
        upgrade.clone(),
    ]);
    let stranger = headers(&[
        ("host", "localhost:6060".into()),
        ("origin", "http://evil.example".into()),
        upgrade,
    ]);
    let with = gate().with_bus();
    for (headers, expected) in [
        (&program, 200),
        (&named, 200),
        (&page, 401),
        (&stranger, 403),
        (&plain, 401),
    ] {
        assert_eq!(ask(&with, &bus, "/conat", headers), expected, "{headers:?}");
    }
    assert_eq!(ask(&with, &Method::POST, "/conat", &named), 401);
    assert_eq!(ask(&with, &bus, "/call", &named), 401);
    assert_eq!(ask(&with, &bus, "/call", &program), 403);
    // A tunnel passes on what is signed in, and nothing else.
    assert_eq!(ask(&gate(), &bus, "/conat", &named), 401);
    assert_eq!(ask(&gate(), &bus, "/conat", &program), 403);
}

#[test]
fn an_address_needs_a_token_and_no_origin() {
    let gate = gate();
    let bearer = format!("Bearer {}", gate.credentials.token.reveal());
    let mut program = headers(&[("host", "127.0.0.1:6060".into()), ("authorization", bearer)]);
    assert_eq!(ask(&gate, &Method::GET, "/call", &program), 200);
    program.insert(header::ORIGIN, "http://127.0.0.1:6060".parse().unwrap());
    assert_eq!(ask(&gate, &Method::GET, "/call", &program), 403);
}

#[test]
fn a_foreign_origin_is_refused_even_with_credentials() {
    let gate = gate();
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:6060",
        "https://gpu1.localhost:6060",
    ] {
        let request = headers(&[
            ("host", "gpu1.localhost:6060".into()),
            ("origin", origin.into()),
            (
                "cookie",
                format!("cocalc-plus-6060={}", gate.credentials.cookie.reveal()),
            ),
            ("x-cocalc-plus-key", gate.credentials.key.reveal().into()),
        ]);
        assert_eq!(ask(&gate, &Method::GET, "/call", &request), 403, "{origin}");
    }
}

#[test]
fn files_are_public_and_nothing_beside_them() {
    let gate = gate();
    let host = headers(&[("host", "localhost:6060".into())]);
    for path in ["/", "/assets/index-of-another-build.js"] {
        assert_eq!(ask(&gate, &Method::GET, path, &host), 200, "{path}");
    }
    for path in [
        "/assets",
        "/assets/../call",
        "/assetsx",
        "/call",
        "/stop",
        "/nothing",
    ] {
        assert_eq!(ask(&gate, &Method::GET, path, &host), 401, "{path}");
    }
}

#[test]
fn cookie_and_key_are_both_needed() {
    let gate = gate();
    let host = ("host", "localhost:6060".to_owned());
    let cookie = (
        "cookie",
        format!("a=b; cocalc-plus-6060={}", gate.credentials.cookie.reveal()),
    );
    let key = (
        "x-cocalc-plus-key",
        gate.credentials.key.reveal().to_owned(),
    );
    let protocols = format!(
        "cocalc-plus.v1, cocalc-plus.key.{}",
        gate.credentials.key.reveal()
    );
    let websocket = ("sec-websocket-protocol", protocols);
    let code = |pairs: &[(&str, String)]| ask(&gate, &Method::GET, "/call", &headers(pairs));
    assert_eq!(code(std::slice::from_ref(&host)), 401);
    assert_eq!(code(&[host.clone(), cookie.clone()]), 401);
    assert_eq!(code(&[host.clone(), key.clone()]), 401);
    assert_eq!(code(&[host.clone(), cookie.clone(), key]), 200);
    assert_eq!(code(&[host, cookie, websocket]), 200);
}

#[test]
fn a_route_with_tickets_needs_the_cookie_alone() {
    let gate = gate();
    let cookie = format!("cocalc-plus-6060={}", gate.credentials.cookie.reveal());
    let code = |method: Method, path: &str, cookie: &str| {
        let headers = headers(&[
            ("host", "localhost:6060".into()),
            ("cookie", cookie.to_owned()),
        ]);
        ask(&gate, &method, path, &headers)
    };
    assert_eq!(code(Method::GET, "/files/get", &cookie), 200);
    assert_eq!(code(Method::HEAD, "/files/get", &cookie), 200);
    assert_eq!(code(Method::GET, "/files/get", "cocalc-plus-6060=x"), 401);
    assert_eq!(code(Method::POST, "/files/get", &cookie), 401);
    assert_eq!(code(Method::GET, "/files/get/", &cookie), 401);
    assert_eq!(code(Method::GET, "/files/list", &cookie), 401);
}

#[test]
fn a_code_works_once_and_the_token_stays() {
    let gate = gate();
    let code = code_of(&gate.mint_url());
    assert!(gate.spend(Peer::Owner, "wrong").is_err());
    assert!(gate.spend(Peer::Owner, &code).is_ok());
    assert!(gate.spend(Peer::Owner, &code).is_err());
    let token = gate.credentials.token.reveal().to_owned();
    assert!(gate.spend(Peer::Owner, &token).is_ok());
    assert!(gate.spend(Peer::Owner, &token).is_ok());
}

#[test]
fn a_page_comes_back_by_proof_to_the_same_origin() {
    let before = Credentials::random();
    let (resumption, key) = (before.resumption.clone(), before.key.clone());
    let gate = Gate::new("gpu1", 6060, before.succeeded());
    let signed = |origin: &str, challenge: &str| {
        let message = auth::resume_message(origin, challenge);
        resumption.sign(&message).reveal().to_owned()
    };
    let host = headers(&[("host", "gpu1.localhost:6060".into())]);
    let origin = "http://gpu1.localhost:6060";
    let proof = signed(origin, gate.challenge());
    let credentials = gate
        .resume(Arrival::OWNER, &host, &proof)
        .expect("it is right");
    assert!(!credentials.key.matches(key.reveal()), "the key is new");
    for wrong in [
        signed("http://gpu1.localhost:6061", gate.challenge()),
        signed(origin, "of another process"),
        resumption.reveal().to_owned(),
        String::new(),
    ] {
        assert!(
            gate.resume(Arrival::OWNER, &host, &wrong).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn wrong_credentials_are_counted_and_right_ones_pass_all_the_same() {
    let gate = gate();
    let somebody = Peer::Address("10.0.0.5".parse().unwrap());
    let with = |pairs: &[(&str, String)]| {
        let mut headers = headers(pairs);
        headers.insert(header::HOST, "localhost:6060".parse().unwrap());
        headers
    };
    let ask = |headers: &HeaderMap| ask_from(somebody, &gate, &Method::GET, "/call", headers);
    let cookie = |value: &str| ("cookie", format!("cocalc-plus-6060={value}"));
    let key = |value: &str| ("x-cocalc-plus-key", value.to_owned());
    let bearer = |value: &str| ("authorization", format!("Bearer {value}"));
    let page = with(&[
        cookie(gate.credentials.cookie.reveal()),
        key(gate.credentials.key.reveal()),
    ]);
    let program = with(&[bearer(gate.credentials.token.reveal())]);
    let nothing = with(&[]);
    let wrong = [
        with(&[bearer("guess")]),
        with(&[cookie("guess")]),
        with(&[cookie(gate.credentials.cookie.reveal()), key("guess")]),
        with(&[key("guess")]),
    ];
    assert!((0..100).all(|_| ask(&nothing) == 401), "it shows nothing");
    let refused = wrong.iter().cycle().map(ask).take(100);
    let refused: Vec<u16> = refused.collect();
    assert_eq!(refused.iter().filter(|status| **status == 401).count(), 30);
    assert!(refused[30..].iter().all(|status| *status == 429));
    let url = gate.mint_url();
    assert!(matches!(
        gate.spend(somebody, "guess"),
        Err(Denial::TooMany(_))
    ));
    assert!(gate.spend(somebody, &code_of(&url)).is_ok(), "a right code");
    assert_eq!((ask(&page), ask(&program), ask(&nothing)), (200, 200, 401));
}

#[test]
fn a_token_that_a_person_chose_cannot_be_guessed() {
    let gate = gate().with_chosen_token(Some(Secret::from_text("correct horse")));
    let somebody = Peer::Address("10.0.0.5".parse().unwrap());
    let another = Peer::Address("10.0.0.6".parse().unwrap());
    assert!(gate.admits(somebody, "correct horse"));
    for guess in 0..30 {
        assert!(!gate.admits(somebody, &guess.to_string()));
    }
    assert!(
        !gate.admits(somebody, "correct horse"),
        "it is not compared"
    );
    assert!(gate.admits(another, "correct horse"));
    assert!(gate.admits(Peer::Owner, "correct horse"));
}

#[test]
fn what_needs_no_credential_tells_nobody_whether_a_token_is_right() {
    let gate = gate().with_chosen_token(Some(Secret::from_text("correct horse")));
    let somebody = Peer::Address("10.0.0.5".parse().unwrap());
    let show = |token: &str| {
        let headers = headers(&[
            ("host", "localhost:6060".into()),
            ("authorization", format!("Bearer {token}")),
        ]);
        let arrival = Arrival {
            peer: somebody,
            ..Arrival::OWNER
        };
        gate.decide(arrival, &Method::GET, "/auth/me", &headers)
    };
    assert_eq!(show("correct horse"), Ok(Shown::Program));
    for _ in 0..30 {
        assert_eq!(show("guess"), Ok(Shown::WrongToken));
    }
    assert!(matches!(show("correct horse"), Err(Denial::TooMany(_))));
}

/// The door of `https://gpu1.lab` or another name, and how a browser comes in.
fn outside(name: &str, entrance: Entrance, scheme: Scheme) -> (Gate, Arrival) {
    let outside = Outside::parse(name);
    assert!(outside.is_some(), "{name}");
    let arrival = Arrival {
        peer: Peer::Address("10.0.0.5".parse().unwrap()),
        scheme,
        entrance,
    };
    (gate().with_outside(outside, Voucher::Given), arrival)
}

#[test]
fn outside_exactly_one_name_is_served_and_inside_all_the_others_stay() {
    use Entrance::Inner;
    use Entrance::Outer;
    use Scheme::Http;
    use Scheme::Https;
    for (name, entrance, scheme, host, status) in [
        ("gpu1.lab", Outer, Http, "gpu1.lab:6060", 200),
        ("gpu1.lab", Outer, Http, "GPU1.lab:6060", 200),
        ("gpu1.lab", Outer, Http, "gpu1.lab", 403),
        ("gpu1.lab", Outer, Http, "gpu1.lab.:6060", 403),
        ("gpu1.lab", Outer, Http, "evil.example:6060", 403),
        ("gpu1.lab", Outer, Http, "localhost:6060", 403),
        ("gpu1.lab", Outer, Http, "gpu1.localhost:6060", 403),
        ("gpu1.lab", Outer, Http, "127.0.0.1:6060", 403),
        ("gpu1.lab", Inner, Http, "gpu1.localhost:6060", 200),
        ("gpu1.lab", Inner, Http, "localhost:6060", 200),
        ("gpu1.lab", Inner, Http, "gpu1.lab:6060", 200),
        ("https://gpu1.lab", Outer, Https, "gpu1.lab:6060", 200),
        ("https://gpu1.lab", Outer, Https, "localhost:6060", 403),
        ("https://gpu1.lab", Outer, Http, "gpu1.lab:6060", 403),
        ("https://gpu1.lab", Inner, Http, "localhost:6060", 200),
        ("https://localhost", Inner, Https, "localhost:6060", 200),
        (
            "https://localhost",
            Inner,
            Https,
            "gpu1.localhost:6060",
            403,
        ),
        ("10.0.0.5", Outer, Http, "10.0.0.5:6060", 200),
        ("2001:db8::5", Outer, Http, "[2001:db8::5]:6060", 200),
    ] {
        let (gate, arrival) = outside(name, entrance, scheme);
        let asked = headers(&[("host", host.into())]);
        let verdict = gate.decide(arrival, &Method::GET, "/healthz", &asked);
        assert_eq!(
            verdict.is_ok(),
            status == 200,
            "{name} {entrance:?} {scheme:?} {host}"
        );
        let foreign = match scheme {
            Http => format!("https://{host}"),
            Https => format!("http://{host}"),
        };
        for (origin, passes) in [
            (format!("{scheme}://{host}"), status == 200),
            (foreign, false),
        ] {
            let asked = headers(&[("host", host.into()), ("origin", origin.clone())]);
            let verdict = gate.decide(arrival, &Method::GET, "/healthz", &asked);
            assert_eq!(verdict.is_ok(), passes, "{name} {host} {origin}");
        }
    }
}

#[test]
fn plain_requests_for_a_tls_name_are_led_there_and_no_others() {
    let uri = Uri::from_static("/a?b=c");
    let place = |entrance, host: &str| {
        let (gate, arrival) = outside("https://gpu1.lab", entrance, Scheme::Http);
        gate.origins.secured(arrival, host, &uri)
    };
    let secured = Some("https://gpu1.lab:6060/a?b=c".to_owned());
    assert_eq!(place(Entrance::Outer, "gpu1.lab:6060"), secured);
    assert_eq!(place(Entrance::Inner, "gpu1.lab:6060"), secured);
    assert_eq!(place(Entrance::Inner, "localhost:6060"), None);
    assert_eq!(place(Entrance::Outer, "evil.example:6060"), None);
    let (gate, arrival) = outside("https://localhost", Entrance::Inner, Scheme::Http);
    assert_eq!(gate.origins.secured(arrival, "localhost:6060", &uri), None);
}

#[test]
fn only_the_usual_port_with_a_given_certificate_insists_on_tls() {
    let insists = |port, voucher| {
        let gate = Gate::new("gpu1", port, Credentials::random());
        gate.with_outside(Outside::parse("https://a"), voucher)
            .insists_on_tls()
    };
    assert!(insists(443, Voucher::Given));
    assert!(!insists(443, Voucher::Itself));
    assert!(!insists(6060, Voucher::Given));
}
