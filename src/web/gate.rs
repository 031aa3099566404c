//! Who may pass: Host, Origin, then credentials, on every request.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::header::HeaderName;
use axum::middleware::Next;
use axum::response::IntoResponse;

use super::assets;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::sys::secret::Secret;

/// The most codes that wait to be spent; the oldest goes when one is minted.
const MAX_CODES: usize = 64;

/// What a browser says of its own accord, and no script can.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What signs a browser or a program in; kept 0600 by its owner.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct Credentials {
    /// The cookie's value: who.
    pub cookie: Secret,
    /// The key in origin storage: from where.
    pub key: Secret,
    /// The bearer token of programs.
    pub token: Secret,
    /// What pages that come back prove to have; never sent by them.
    #[serde(default = "Secret::random")]
    pub resumption: Secret,
}

impl Credentials {
    /// Makes new ones.
    pub fn random() -> Self {
        Self {
            cookie: Secret::random(),
            key: Secret::random(),
            token: Secret::random(),
            resumption: Secret::random(),
        }
    }

    /// Makes those of a process that follows: its own cookie and key, because
    /// anybody may have had the port meanwhile.
    pub fn succeeded(self) -> Self {
        Self {
            token: self.token,
            resumption: self.resumption,
            ..Self::random()
        }
    }
}

/// The door of one workspace on one port.
#[derive(Debug)]
pub struct Gate {
    name: String,
    port: u16,
    credentials: Credentials,
    challenge: Secret,
    has_bus: bool,
    /// Unspent codes and when each ends; never held over an await.
    codes: Mutex<Vec<(Secret, Instant)>>,
}

impl Gate {
    /// Makes the door of the workspace `name` on `port`.
    pub fn new(name: &str, port: u16, credentials: Credentials) -> Self {
        Self {
            name: name.to_owned(),
            port,
            credentials,
            challenge: Secret::random(),
            has_bus: false,
            codes: Mutex::default(),
        }
    }

    /// The workspace's slug.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The origin on which the workspace lives, `http://gpu1.localhost:17031`.
    pub fn workspace(&self) -> String {
        format!("http://{}.localhost:{}", self.name, self.port)
    }

    /// Mints a URL whose code works once, for ten minutes.
    pub fn mint_url(&self) -> String {
        let code = Secret::random();
        let parameter = auth::CODE_PARAMETER;
        let url = format!(
            "http://localhost:{}/?{parameter}={}",
            self.port,
            code.reveal()
        );
        if let Ok(mut codes) = self.codes.lock() {
            let now = Instant::now();
            codes.retain(|(_, end)| *end > now);
            if codes.len() == MAX_CODES {
                codes.remove(0);
            }
            codes.push((code, now + auth::CODE_LIFETIME));
        }
        url
    }

    /// Spends a code; the token works too, and stays.
    pub fn spend(&self, offered: &str) -> Option<&Credentials> {
        if self.credentials.token.matches(offered) {
            return Some(&self.credentials);
        }
        let mut codes = self.codes.lock().ok()?;
        let at = codes.iter().position(|(code, _)| code.matches(offered))?;
        let (_, end) = codes.remove(at);
        (end > Instant::now()).then_some(&self.credentials)
    }

    /// Says whether this is the token of programs.
    pub fn is_token(&self, offered: &str) -> bool {
        self.credentials.token.matches(offered)
    }

    /// Lets programs, who send no Origin, through to the bus without a
    /// credential: there they show it in the bus's own first words.
    #[must_use]
    pub fn with_bus(mut self) -> Self {
        self.has_bus = true;
        self
    }

    /// What a page signs to come back.
    pub fn challenge(&self) -> &str {
        self.challenge.reveal()
    }

    /// Takes the proof of a page that was signed in to a process before.
    pub fn resume(&self, headers: &HeaderMap, proof: &str) -> Option<&Credentials> {
        let origin = format!("http://{}", text(headers, &header::HOST)?);
        let message = auth::resume_message(&origin, self.challenge());
        let expected = self.credentials.resumption.sign(&message);
        expected.matches(proof).then_some(&self.credentials)
    }

    /// Says whether a URL was minted that nobody has used yet.
    pub fn has_unspent_codes(&self) -> bool {
        let now = Instant::now();
        self.codes
            .lock()
            .is_ok_and(|codes| codes.iter().any(|(_, end)| *end > now))
    }

    /// Says whether a request comes from a signed-in page or program.
    pub fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        self.has_token(headers) || (self.has_cookie(headers) && self.has_key(headers))
    }

    /// Where a browser that opens `localhost` is sent, if it is one that finds
    /// `NAME.localhost` by itself. The page asks for the others (Safari), at the
    /// cost of being loaded twice.
    fn leads_on(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let agent = text(headers, &header::USER_AGENT)?;
        let is_able = agent.contains("Chrome/") || agent.contains("Firefox/");
        let is_visit = *method == Method::GET
            && uri.path() == "/"
            && text(headers, &FETCH_MODE) == Some("navigate")
            && text(headers, &header::HOST) == Some(&format!("localhost:{}", self.port));
        // A fragment is carried along by the browser.
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        (is_able && is_visit).then(|| format!("{}{path}", self.workspace()))
    }

    fn decide(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        // A second one may be what the next reader believes.
        let is_ambiguous = |name| headers.get_all(name).iter().nth(1).is_some();
        if is_ambiguous(header::HOST) || is_ambiguous(header::ORIGIN) {
            return Err(Refusal::new(403, "a request has one Host and one Origin"));
        }
        let host = text(headers, &header::HOST)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_program = !headers.contains_key(header::ORIGIN);
        let is_to_bus = self.has_bus && path == auth::BUS_PATH && opens_websocket(method, headers);
        let brings_credential = is_program && (is_to_bus || self.has_token(headers));
        let is_ours = self.is_name(&host) || (brings_credential && self.is_address(&host));
        if !is_ours {
            return Err(Refusal::new(403, "this host name is not served here"));
        }
        let origin = text(headers, &header::ORIGIN);
        if headers.contains_key(header::ORIGIN)
            && origin.map(str::to_ascii_lowercase) != Some(format!("http://{host}"))
        {
            return Err(Refusal::new(
                403,
                "requests from another origin are refused",
            ));
        }
        let is_by_ticket = takes_ticket(method, path) && self.has_cookie(headers);
        let is_without = is_public(method, path) || is_to_bus && is_program;
        if is_without || self.is_signed_in(headers) || is_by_ticket {
            return Ok(());
        }
        Err(Refusal::new(
            401,
            "sign in first: open the URL that `cocalc-plus` printed",
        ))
    }

    /// The names that pages use.
    fn is_name(&self, host: &str) -> bool {
        let port = self.port;
        host == format!("{}.localhost:{port}", self.name) || host == format!("localhost:{port}")
    }

    /// The addresses that programs use; on the unix socket one names no port.
    fn is_address(&self, host: &str) -> bool {
        let port = self.port;
        host == "localhost"
            || host == format!("127.0.0.1:{port}")
            || host == format!("[::1]:{port}")
    }

    /// Says whether a request comes from a program that shows the token.
    pub fn has_token(&self, headers: &HeaderMap) -> bool {
        text(headers, &header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.credentials.token.matches(token))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = auth::cookie_name(self.port);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && self.credentials.cookie.matches(value))
    }

    fn has_key(&self, headers: &HeaderMap) -> bool {
        let offered = headers
            .get(auth::KEY_HEADER)
            .and_then(|value| value.to_str().ok());
        let protocols = text(headers, &header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
        let from_protocol = protocols
            .split(',')
            .find_map(|protocol| protocol.trim().strip_prefix(auth::WEBSOCKET_KEY_PREFIX));
        offered
            .or(from_protocol)
            .is_some_and(|key| self.credentials.key.matches(key))
    }
}

/// The middleware that stands before every route of a door.
pub async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response<Body> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    match gate.decide(method, uri.path(), headers) {
        Ok(()) => match gate.leads_on(method, uri, headers) {
            Some(place) => see_other(&place),
            None => next.run(request).await,
        },
        Err(refusal) => {
            tracing::debug!(code = refusal.code, path = request.uri().path(), "refused");
            refuse(&refusal)
        }
    }
}

fn see_other(place: &str) -> Response<Body> {
    let headers = [
        (header::LOCATION, place),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Answers with a refusal: `{"error":{"code":401,"message":"…"}}`.
pub fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::Json(serde_json::json!({ "error": refusal }));
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// Files of the page are public, also those of another build's page, which a
/// tunnel passes on: their names hold their hashes and nothing else is there.
fn is_public(method: &Method, path: &str) -> bool {
    if matches!(
        path,
        "/healthz" | "/auth/me" | "/auth/code" | "/auth/resume"
    ) {
        return true;
    }
    let is_hashed = path.starts_with(assets::HASHED) && !path.contains("..");
    let only_reads = matches!(*method, Method::GET | Method::HEAD);
    only_reads && (is_hashed || assets::is_asset(path))
}

/// Whether the route asks for a ticket, which only a page with the key gets;
/// the door leaves that to the route, and so does a tunnel's.
fn takes_ticket(method: &Method, path: &str) -> bool {
    path == auth::TICKET_PATH && matches!(*method, Method::GET | Method::HEAD)
}

fn opens_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let upgrade = text(headers, &header::UPGRADE);
    *method == Method::GET && upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
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
    fn a_browser_that_finds_the_workspace_is_sent_there_at_once() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
        let visit = |agent: &str, host: &str, mode: &str, path: &'static str| {
            let headers = headers(&[
                ("host", host.to_owned()),
                ("user-agent", agent.to_owned()),
                ("sec-fetch-mode", mode.to_owned()),
            ]);
            gate().leads_on(&Method::GET, &Uri::from_static(path), &headers)
        };
        let door = "localhost:6060";
        for agent in [chrome, firefox] {
            let place = visit(agent, door, "navigate", "/?auth_token=Zk3");
            let workspace = "http://gpu1.localhost:6060/?auth_token=Zk3";
            assert_eq!(place.as_deref(), Some(workspace), "{agent}");
        }
        for (agent, host, mode, path) in [
            (safari, door, "navigate", "/"),
            (chrome, "gpu1.localhost:6060", "navigate", "/"),
            (chrome, door, "cors", "/"),
            (chrome, door, "navigate", "/auth/me"),
        ] {
            assert_eq!(
                visit(agent, host, mode, path),
                None,
                "{agent} {host} {path}"
            );
        }
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

    #[test]
    fn old_codes_go_when_too_many_wait() {
        let gate = gate();
        let first = code_of(&gate.mint_url());
        for _ in 0..MAX_CODES {
            gate.mint_url();
        }
        assert!(gate.spend(&first).is_none());
        assert_eq!(gate.codes.lock().unwrap().len(), MAX_CODES);
    }
}
