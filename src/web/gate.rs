//! Who may pass: Host, Origin, then credentials, on every request.
//!
//! What a request shows is found out once, by [`guard`], and goes with it to
//! its route as a [`Shown`].

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;

use super::assets;
use super::codes::Codes;
use super::credentials;
use super::credentials::Credentials;
use super::credentials::Match;
use super::denial;
use super::denial::Denial;
use super::keyring::Keyring;
use super::keyring::Opens;
use super::origins::Origins;
use super::outside::Outside;
use super::outside::Scheme;
use super::outside::Voucher;
use super::peer::Arrival;
use super::peer::Peer;
use super::tries::Tries;
use super::tries::What;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;

/// The door of one workspace on one port.
#[derive(Debug)]
pub struct Gate {
    origins: Origins,
    voucher: Voucher,
    credentials: Credentials,
    /// A token that a person chose: it may be easy to guess.
    chosen: Option<Secret>,
    keyring: Keyring,
    challenge: Secret,
    has_bus: bool,
    codes: Codes,
    tries: Tries,
}

/// What a request shows of who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Cookie and key: a page that is signed in.
    Page,
    /// The token: a program.
    Program,
    /// An API key: a program.
    Key(Opens),
    /// The cookie alone: what a browser fetches by itself.
    Cookie,
    /// Nothing.
    Nothing,
    /// A cookie or key that is wrong.
    WrongPage,
    /// A token that is wrong.
    WrongToken,
}

impl Shown {
    /// Says whether it is a signed-in page or program.
    pub fn is_signed_in(self) -> bool {
        matches!(self, Self::Page | Self::Program | Self::Key(Opens::Door))
    }

    fn is_program(self) -> bool {
        self.is_signed_in() && self != Self::Page
    }

    fn has_cookie(self) -> bool {
        matches!(self, Self::Page | Self::Cookie)
    }
}

impl Gate {
    /// Makes the door of the workspace `name` on `port`.
    pub fn new(name: &str, port: u16, credentials: Credentials) -> Self {
        Self {
            origins: Origins {
                name: name.to_owned(),
                port,
                outside: None,
            },
            voucher: Voucher::Itself,
            credentials,
            chosen: None,
            keyring: Keyring::default(),
            challenge: Secret::random(),
            has_bus: false,
            codes: Codes::default(),
            tries: Tries::new(),
        }
    }

    /// Lets programs, who send no Origin, through to the bus without a
    /// credential: there they show it in the bus's own first words.
    #[must_use]
    pub fn with_bus(mut self) -> Self {
        self.has_bus = true;
        self
    }

    /// Takes a token that a person chose beside the random one.
    #[must_use]
    pub fn with_chosen_token(mut self, token: Option<Secret>) -> Self {
        self.chosen = token;
        self
    }

    /// Takes API keys beside the tokens.
    #[must_use]
    pub fn with_keys(mut self, keyring: Keyring) -> Self {
        self.keyring = keyring;
        self
    }

    /// Serves the workspace on a name that other machines know, by a certificate
    /// for which somebody vouches or nobody.
    #[must_use]
    pub fn with_outside(mut self, outside: Option<Outside>, voucher: Voucher) -> Self {
        self.origins.outside = outside;
        self.voucher = voucher;
        self
    }

    /// The workspace's slug.
    pub fn name(&self) -> &str {
        &self.origins.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.origins.port
    }

    /// The origins to which a page may connect, for its policy.
    pub fn connectable(&self) -> String {
        self.origins.connectable()
    }

    /// The origin on which the workspace lives, `http://gpu1.localhost:17031`.
    pub fn workspace(&self) -> String {
        self.origins.workspace()
    }

    /// Mints a URL whose code works once, for ten minutes.
    pub fn mint_url(&self) -> String {
        let (entrance, code) = (self.origins.entrance(), self.codes.mint());
        let parameter = auth::CODE_PARAMETER;
        format!("{entrance}/?{parameter}={}", code.reveal())
    }

    /// Says whether a URL was minted that nobody has used yet.
    pub fn has_unspent_codes(&self) -> bool {
        self.codes.wait()
    }

    /// Spends a code; a token works too, and stays.
    ///
    /// # Errors
    /// [`Denial`], when it is neither.
    pub fn spend(&self, peer: Peer, offered: &str) -> Result<&Credentials, Denial> {
        if self.is_token(peer, offered) || self.codes.spend(offered) {
            return Ok(&self.credentials);
        }
        let why = "this code was used already, or is too old";
        Err(self.denial(peer, What::Code, why))
    }

    /// What a page signs to come back.
    pub fn challenge(&self) -> &str {
        self.challenge.reveal()
    }

    /// Takes the proof of a page that was signed in to a process before.
    ///
    /// # Errors
    /// [`Denial`], when it proves nothing.
    pub fn resume(
        &self,
        arrival: Arrival,
        headers: &HeaderMap,
        proof: &str,
    ) -> Result<&Credentials, Denial> {
        let host = text(headers, &header::HOST).unwrap_or_default();
        let origin = format!("{}://{host}", arrival.scheme);
        let message = auth::resume_message(&origin, self.challenge());
        if self.credentials.resumption.sign(&message).matches(proof) {
            return Ok(&self.credentials);
        }
        let why = "this browser was not signed in here before";
        Err(self.denial(arrival.peer, What::Proof, why))
    }

    /// Says whether a program on the bus shows a token; counts a wrong one.
    pub fn admits(&self, peer: Peer, offered: &str) -> bool {
        let is_right = self.is_token(peer, offered);
        if !is_right {
            // Who shows too many hears the same: the bus has one word for both.
            let _ = self.tries.count(peer, What::Connect);
        }
        is_right
    }

    /// Tells the log of wrong credentials, until shutdown.
    pub async fn tell_of_tries(self: Arc<Self>, shutdown: Shutdown) {
        self.tries.tell(shutdown).await;
    }

    /// Finds out what a request shows.
    fn look(&self, peer: Peer, headers: &HeaderMap) -> Shown {
        let cookie = self.credentials.cookie_of(headers, self.port());
        let key = self.credentials.key_of(headers);
        match (cookie, key, credentials::bearer(headers)) {
            (Match::Right, Match::Right, _) => Shown::Page,
            (_, _, Some(token)) if self.is_token(peer, token) => Shown::Program,
            (_, _, Some(token)) => {
                let opens = self.keyring.look_up(token);
                opens.map_or(Shown::WrongToken, Shown::Key)
            }
            (Match::Right, Match::Absent, None) => Shown::Cookie,
            (Match::Wrong, _, None) | (_, Match::Wrong, None) => Shown::WrongPage,
            (Match::Absent, _, None) => Shown::Nothing,
        }
    }

    fn decide(
        &self,
        arrival: Arrival,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Shown, Denial> {
        let peer = arrival.peer;
        // A second one may be what the next reader believes.
        let is_ambiguous = |name| headers.get_all(name).iter().nth(1).is_some();
        if is_ambiguous(header::HOST) || is_ambiguous(header::ORIGIN) {
            return Err(denial::forbidden("a request has one Host and one Origin"));
        }
        let host = host_of(headers);
        let is_program = !headers.contains_key(header::ORIGIN);
        let is_to_bus = self.has_bus && path == auth::BUS_PATH && opens_websocket(method, headers);
        let shown = self.look(peer, headers);
        let brings_credential = is_program && (is_to_bus || shown.is_program());
        let is_ours = self.origins.have_name(arrival, &host)
            || (brings_credential && self.origins.have_address(arrival, &host));
        let origin = text(headers, &header::ORIGIN).map(str::to_ascii_lowercase);
        if !is_ours {
            self.count_token(peer, shown)?;
            return Err(denial::forbidden("this host name is not served here"));
        }
        if !is_program && origin != Some(format!("{}://{host}", arrival.scheme)) {
            return Err(denial::forbidden(
                "requests from another origin are refused",
            ));
        }
        let is_by_ticket = takes_ticket(method, path) && shown.has_cookie();
        if shown.is_signed_in() || is_by_ticket {
            return Ok(shown);
        }
        if is_public(method, path) || is_to_bus && is_program {
            self.count_token(peer, shown)?;
            return Ok(shown);
        }
        let why = "sign in first: open the URL that `cocalc-plus` printed";
        match shown {
            Shown::WrongToken => Err(self.denial(peer, What::Token, why)),
            Shown::WrongPage => Err(self.denial(peer, What::Page, why)),
            Shown::Key(Opens::Bus) => Err(denial::forbidden("this API key is for the bus alone")),
            _ => Err(Denial::Refused(Refusal::new(401, why))),
        }
    }

    /// Counts a wrong token where nothing has to be shown: what is answered
    /// there tells whether it was right. A cookie of old goes along with every
    /// file of the page.
    fn count_token(&self, peer: Peer, shown: Shown) -> Result<(), Denial> {
        if shown != Shown::WrongToken {
            return Ok(());
        }
        let counted = self.tries.count(peer, What::Token);
        counted.map_err(Denial::TooMany)
    }

    /// Whether browsers shall come by TLS alone for a year. They take that for
    /// every port of the name, so only whoever has the usual one may say it; and
    /// what nobody vouches for, a person could then never accept again.
    fn insists_on_tls(&self) -> bool {
        self.voucher == Voucher::Given && self.port() == 443
    }

    /// Turns away who showed something wrong, and counts that.
    fn denial(&self, peer: Peer, what: What, why: &str) -> Denial {
        match self.tries.count(peer, what) {
            Ok(()) => Denial::Refused(Refusal::new(401, why)),
            Err(wait) => Denial::TooMany(wait),
        }
    }

    /// Says whether this is a token of programs. A chosen one can be guessed, so
    /// it is not even compared while its source shows too much that is wrong.
    fn is_token(&self, peer: Peer, offered: &str) -> bool {
        let is_chosen = || {
            let chosen = self.chosen.as_ref();
            chosen.is_some_and(|token| self.tries.may_compare(peer) && token.matches(offered))
        };
        self.credentials.token.matches(offered) || is_chosen()
    }
}

/// The middleware that stands before every route of a door.
pub async fn guard(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let arrival = arrival_of(&request);
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if let Some(place) = gate.origins.secured(arrival, &host_of(headers), uri) {
        return denial::lead_to_tls(method, &place);
    }
    let mut response = match gate.decide(arrival, method, uri.path(), headers) {
        Ok(shown) => match gate.origins.lead_on(method, uri, headers) {
            Some(place) => denial::lead(StatusCode::SEE_OTHER, &place),
            None => {
                request.extensions_mut().insert(shown);
                next.run(request).await
            }
        },
        Err(denial) => {
            tracing::debug!(?denial, path = request.uri().path(), "refused");
            denial.into_response()
        }
    };
    if arrival.scheme == Scheme::Https && gate.insists_on_tls() {
        let lasting = HeaderValue::from_static("max-age=31536000");
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, lasting);
    }
    response
}

/// How a request came.
fn arrival_of(request: &Request) -> Arrival {
    let arrival = request.extensions().get().copied();
    arrival.expect("`serve` puts it into every request")
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

/// Whether the route asks for a ticket, which only a page with the key gets, or
/// for a name that only who has the content knows; the door leaves that to the
/// route, and so does a tunnel's.
fn takes_ticket(method: &Method, path: &str) -> bool {
    let is_route = path == auth::TICKET_PATH || path.starts_with(auth::BLOBS_PATH);
    is_route && matches!(*method, Method::GET | Method::HEAD)
}

fn opens_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let upgrade = text(headers, &header::UPGRADE);
    *method == Method::GET && upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
}

/// The one name that a request is for, in lower case.
fn host_of(headers: &HeaderMap) -> String {
    let host = text(headers, &header::HOST).unwrap_or_default();
    host.to_ascii_lowercase()
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
