//! Whom the door lets in.

use super::*;

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
        let verdict = gate.decide(&Method::GET, "/healthz", &headers(&[("host", host.into())]));
        assert_eq!(
            verdict.map_or_else(|refusal| refusal.code, |_| 200),
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
    let code = |gate: &Gate, method, path, headers: &HeaderMap| {
        gate.decide(method, path, headers)
            .map_or_else(|refusal| refusal.code, |()| 200)
    };
    let with = gate().with_bus();
    for (headers, expected) in [
        (&program, 200),
        (&named, 200),
        (&page, 401),
        (&stranger, 403),
        (&plain, 401),
    ] {
        assert_eq!(
            code(&with, &bus, "/conat", headers),
            expected,
            "{headers:?}"
        );
    }
    assert_eq!(code(&with, &Method::POST, "/conat", &named), 401);
    assert_eq!(code(&with, &bus, "/call", &named), 401);
    assert_eq!(code(&with, &bus, "/call", &program), 403);
    // A tunnel passes on what is signed in, and nothing else.
    assert_eq!(code(&gate(), &bus, "/conat", &named), 401);
    assert_eq!(code(&gate(), &bus, "/conat", &program), 403);
}

#[test]
fn an_address_needs_a_token_and_no_origin() {
    let gate = gate();
    let bearer = format!("Bearer {}", gate.credentials.token.reveal());
    let mut program = headers(&[("host", "127.0.0.1:6060".into()), ("authorization", bearer)]);
    assert_eq!(gate.decide(&Method::GET, "/call", &program), Ok(()));
    program.insert(header::ORIGIN, "http://127.0.0.1:6060".parse().unwrap());
    assert_eq!(
        gate.decide(&Method::GET, "/call", &program)
            .unwrap_err()
            .code,
        403
    );
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
        assert_eq!(
            gate.decide(&Method::GET, "/call", &request)
                .unwrap_err()
                .code,
            403,
            "{origin}"
        );
    }
}

#[test]
fn files_are_public_and_nothing_beside_them() {
    let gate = gate();
    let host = headers(&[("host", "localhost:6060".into())]);
    for path in ["/", "/assets/index-of-another-build.js"] {
        assert_eq!(gate.decide(&Method::GET, path, &host), Ok(()), "{path}");
    }
    for path in [
        "/assets",
        "/assets/../call",
        "/assetsx",
        "/call",
        "/stop",
        "/nothing",
    ] {
        assert_eq!(
            gate.decide(&Method::GET, path, &host).unwrap_err().code,
            401,
            "{path}"
        );
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
    let code = |pairs: &[(&str, String)]| {
        gate.decide(&Method::GET, "/call", &headers(pairs))
            .map_or_else(|refusal| refusal.code, |_| 200)
    };
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
        gate.decide(&method, path, &headers)
            .map_or_else(|refusal| refusal.code, |()| 200)
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
    assert!(gate.spend("wrong").is_none());
    assert!(gate.spend(&code).is_some());
    assert!(gate.spend(&code).is_none());
    let token = gate.credentials.token.reveal().to_owned();
    assert!(gate.spend(&token).is_some());
    assert!(gate.spend(&token).is_some());
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
    let credentials = gate.resume(&host, &proof).expect("it is right");
    assert!(!credentials.key.matches(key.reveal()), "the key is new");
    for wrong in [
        signed("http://gpu1.localhost:6061", gate.challenge()),
        signed(origin, "of another process"),
        resumption.reveal().to_owned(),
        String::new(),
    ] {
        assert!(gate.resume(&host, &wrong).is_none(), "{wrong}");
    }
}
