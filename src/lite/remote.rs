//! Another hub, to which this server is attached.
//!
//! `COMPUTE_SERVER=http://hub:6060?apiKey=sk-…&id=1` makes a server one of
//! another hub's projects, `compute-1`: what is asked there at
//! `project.compute-1.>` is answered here, and `/conat-remote` leads a page of
//! this server to the other's bus. The key says on the other hub who that is:
//! one of the scope `project:compute-1` suffices for the first, one of the
//! account lets pages reach everything there.
//!
//! ```text
//! dialling ── 101 ──> attached ── lost, or silent for 40 s ──> dialling, after 0.2 s to 15 s
//!     └── refused: the key is wrong there; the log says so once, and it is tried on
//! ```

mod socket;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing;
use futures::StreamExt;
use http::HeaderValue;
use http::Uri;
use http::header;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncRead;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use self::socket::Socket;
use self::socket::Writer;
use super::bus;
use super::identity::Identity;
use crate::messaging::client::Client;
use crate::messaging::client::Login;
use crate::messaging::client::dial::Dial;
use crate::messaging::client::dial::Dialled;
use crate::messaging::message::Headers;
use crate::messaging::service;
use crate::messaging::service::Answerer;
use crate::protocol::auth;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;
use crate::web::denial;

/// How long the other hub may take to be connected.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// How long it may be silent until it is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(20);

/// The first wait before it is tried again; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait.
const LAST_WAIT: Duration = Duration::from_secs(15);

/// How long the other hub may take to answer for this one.
const ASK_DEADLINE: Duration = Duration::from_secs(15);

/// Where the other hub is, and who this server is there.
#[derive(Clone, Debug)]
pub struct Remote {
    bus: Uri,
    key: Secret,
    project: String,
}

/// This server, as one of the other hub's projects.
pub struct Attached {
    client: Client,
    project: String,
}

impl Remote {
    /// Reads `http://host[:port][/base]?apiKey=KEY&id=N`.
    ///
    /// # Errors
    /// What is wrong with it, without the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = "use `http://HOST[:PORT]?apiKey=KEY&id=N`";
        let uri: Uri = text
            .parse()
            .map_err(|_| format!("it is no URL: {wanted}"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => "ws",
            Some("https") => "wss",
            _ => return Err(format!("its scheme is neither http nor https: {wanted}")),
        };
        let host = uri.authority().filter(|host| !host.as_str().contains('@'));
        let host = host.ok_or_else(|| format!("it names no host: {wanted}"))?;
        let parameter = |name: &str| {
            let pairs = uri.query().unwrap_or_default().split('&');
            let mut found = pairs.filter_map(|pair| pair.split_once('='));
            found
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let key = parameter("apiKey").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| format!("it has no `apiKey`: {wanted}"))?;
        let id: u32 = parameter("id")
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| format!("its `id` is no number: {wanted}"))?;
        HeaderValue::from_str(key).map_err(|_| format!("its `apiKey` is none: {wanted}"))?;
        let base = uri.path().trim_end_matches('/');
        let bus = format!("{scheme}://{host}{base}{}", auth::BUS_PATH);
        Ok(Self {
            bus: bus.parse().map_err(|_| format!("it is no URL: {wanted}"))?,
            key: Secret::from_text(key),
            project: format!("compute-{id}"),
        })
    }

    /// The id of the project that this server is there, `compute-1`.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Attaches this server: `project` answers there what is asked of
    /// `project.compute-N`, as if it were asked of `own`, until shutdown.
    pub fn attach(&self, own: &str, project: Handler, shutdown: Shutdown) -> Attached {
        let login = Login {
            token: Some(self.key.clone()),
            inbox: Identity::Project(self.project.clone()).inbox(),
        };
        let dial = Dialler {
            remote: self.clone(),
            wait: Duration::ZERO,
            was_refused: false,
        };
        let client = Client::dial(login, dial);
        let (from, to) = (
            format!("project.{}.", self.project),
            format!("project.{own}."),
        );
        let answering = answer(
            client.clone(),
            format!("{from}>"),
            bus::answerer(renamed(from, to, project)),
        );
        tokio::spawn(async move {
            tokio::select! {
                () = answering => {}
                () = shutdown.begun() => {}
            }
        });
        Attached {
            client,
            project: self.project.clone(),
        }
    }

    /// Leads a page's WebSocket to the other hub's bus.
    async fn lead(&self, upgrade: WebSocketUpgrade) -> Response {
        match self.open().await {
            Ok(far) => upgrade
                .protocols([auth::WEBSOCKET_PROTOCOL])
                .on_upgrade(async move |near| socket::pass_on(near, far).await),
            Err(error) => {
                tracing::info!(remote = %self, %error, "a page cannot be led to the remote hub");
                let host = self.bus.host().unwrap_or_default();
                let text = format!("the remote hub `{host}` does not answer, or refuses our key");
                denial::refuse(&Refusal::new(502, text))
            }
        }
    }

    async fn open(&self) -> Result<Socket, tungstenite::Error> {
        let mut request = self.bus.clone().into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.key.reveal()));
        request.headers_mut().insert(header::AUTHORIZATION, bearer?);
        let protocol = HeaderValue::from_static(auth::WEBSOCKET_PROTOCOL);
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let opening = tokio_tungstenite::connect_async_with_config(request, None, true);
        match timeout(CONNECT_DEADLINE, opening).await {
            Ok(opened) => opened.map(|(socket, _)| socket),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }
}

/// Returns the route by which a page reaches the other hub's bus, if there is
/// another hub.
pub fn router(remote: Option<Remote>) -> Router {
    let Some(remote) = remote else {
        return Router::new();
    };
    let lead =
        async |State(remote): State<Remote>, upgrade: WebSocketUpgrade| remote.lead(upgrade).await;
    Router::new()
        .route("/conat-remote", routing::get(lead))
        .with_state(remote)
}

impl Attached {
    /// Asks the other hub's API.
    ///
    /// # Errors
    /// 503 when it does not answer, else what it says, and that it says so.
    pub async fn ask(&self, name: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        let subject = format!("hub.project.{}.api", self.project);
        let asked = json!({ "name": name, "args": arguments }).to_string();
        let none = Headers::default();
        let asking = self
            .client
            .request(&subject, &none, asked.as_bytes(), ASK_DEADLINE);
        let answer = asking.await.map_err(|error| {
            Refusal::new(503, format!("the remote hub does not answer: {error}"))
        })?;
        let payload = service::read(answer).map_err(|error| {
            let said = format!("the remote hub says: {}", error.message);
            Refusal::new(error.code, said)
        })?;
        serde_json::from_slice(&payload)
            .map_err(|_| Refusal::new(502, "the remote hub's answer is no JSON"))
    }
}

/// Answers subjects that begin with `from` as those that begin with `to`.
fn renamed(from: String, to: String, handler: Handler) -> Handler {
    Arc::new(move |subject, payload| {
        let own = subject
            .strip_prefix(&from)
            .map(|rest| format!("{to}{rest}"));
        handler(own.unwrap_or(subject), payload)
    })
}

/// Answers what is asked on a pattern of the other hub's bus.
async fn answer(client: Client, pattern: String, answerer: Answerer) {
    match service::serve(&client, &pattern, answerer).await {
        Ok(serving) => serving.await,
        Err(error) => tracing::error!(%error, pattern, "nobody answers at the remote hub"),
    }
}

/// Its place, never its key.
impl fmt::Display for Remote {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bus.fmt(out)
    }
}

/// Makes the connections of a [`Client`].
struct Dialler {
    remote: Remote,
    wait: Duration,
    was_refused: bool,
}

impl Dial for Dialler {
    const SILENCE: Option<Duration> = Some(SILENCE);
    type Reader = Pin<Box<dyn AsyncRead + Send>>;
    type Writer = Writer;

    async fn dial(&mut self) -> Dialled<Self::Reader, Self::Writer> {
        sleep(self.wait).await;
        match self.remote.open().await {
            Ok(socket) => {
                tracing::info!(remote = %self.remote, project = self.remote.project, "attached");
                // One that ends at once is not asked again at once.
                self.wait = FIRST_WAIT;
                self.was_refused = false;
                let (sink, stream) = socket.split();
                Dialled::Connected(Box::pin(socket::reader(stream)), Writer::new(sink))
            }
            Err(error) => {
                self.wait = (self.wait * 2).clamp(FIRST_WAIT, LAST_WAIT);
                let is_refused = matches!(error, tungstenite::Error::Http(_));
                if is_refused && !self.was_refused {
                    tracing::error!(remote = %self.remote, %error, "the remote hub refuses us; is the API key still there?");
                } else {
                    tracing::info!(remote = %self.remote, %error, "the remote hub is out of reach");
                }
                self.was_refused = is_refused;
                Dialled::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_read_from_its_url() {
        let remote = Remote::parse("http://hub.example:6060?apiKey=sk-a&id=7").unwrap();
        assert_eq!(remote.bus, "ws://hub.example:6060/conat");
        assert_eq!(remote.project(), "compute-7");
        let based = Remote::parse("https://hub.example/base/?id=1&apiKey=sk-a").unwrap();
        assert_eq!(based.bus, "wss://hub.example/base/conat");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_key() {
        for (text, why) in [
            ("", "no URL"),
            ("hub.example?apiKey=sk-secret&id=1", "URL"),
            ("ftp://hub.example?apiKey=sk-secret&id=1", "scheme"),
            ("http://hub.example?id=1", "`apiKey`"),
            ("http://hub.example?apiKey=&id=1", "`apiKey`"),
            ("http://hub.example?apiKey=sk-secret", "`id`"),
            ("http://hub.example?apiKey=sk-secret&id=-1", "`id`"),
            ("http://me:word@hub.example?apiKey=sk-secret&id=1", "host"),
        ] {
            let said = Remote::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_remote_is_shown_without_its_key() {
        let remote = Remote::parse("http://hub.example?apiKey=sk-secret&id=7").unwrap();
        assert!(!format!("{remote} {remote:?}").contains("secret"));
    }
}
