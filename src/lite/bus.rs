//! The bus's doors: a unix socket, a loopback port, and `/conat`.
//!
//! | door | who comes in | as |
//! | --- | --- | --- |
//! | unix socket, loopback port | a program whose CONNECT shows the server's token | hub |
//! | `/conat` without Origin | the same, or one with the token as bearer | hub |
//! | `/conat` from a page, or from one behind a tunnel | who is signed in | the account |
//!
//! What the project answers is asked at its subjects, `project.local.terminal.list`
//! with `{}`: the same handlers as behind `POST /call`, which pages use until
//! their WebSocket is up, and commands.
//!
//! Whoever looks for services by the convention of NATS finds that of the project,
//! `project-local`; `$SRV.PING` to everybody is for programs with the token.
//!
//! A program's CONNECT has two seconds; a page has shown cookie and key before
//! the WebSocket opens, like for every other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use futures::StreamExt;
use serde_json::Map;
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::net::TcpListener;
use tokio::net::UnixListener;
use tokio::net::UnixStream;

use super::carrier;
use super::identity::Identity;
use super::keys::Keys;
use crate::messaging::broker::Broker;
use crate::messaging::broker::MAX_PAYLOAD_BYTES;
use crate::messaging::broker::connection;
use crate::messaging::broker::connection::Carrier;
use crate::messaging::broker::connection::Entry;
use crate::messaging::client::Client;
use crate::messaging::client::Login;
use crate::messaging::message::Message;
use crate::messaging::service;
use crate::messaging::service::Answer;
use crate::messaging::service::Answerer;
use crate::messaging::service::Body;
use crate::messaging::service::ServiceError;
use crate::messaging::service::discovery::Description;
use crate::messaging::service::discovery::Endpoint;
use crate::messaging::wire::connect::Connect;
use crate::protocol::auth;
use crate::protocol::call;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::protocol::methods;
use crate::protocol::methods::About;
use crate::sys::process;
use crate::sys::shutdown::Shutdown;
use crate::web::gate::Gate;
use crate::web::peer::Peer;
use crate::web::serve;

/// The largest WebSocket message, in bytes: a message of the bus with its line,
/// and what a client puts into the same one.
const MAX_FRAME_BYTES: usize = 2 * MAX_PAYLOAD_BYTES;

/// What a WebSocket reads at once, in bytes; the library's own 128 KiB would be
/// most of what an idle connection takes.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// What a pipe within this process holds.
const PIPE_BYTES: usize = 64 << 10;

/// The wait until a service that was cut off joins again.
const JOIN_AGAIN: Duration = Duration::from_millis(100);

/// How long a key's connections may outlive its time.
const REVIEW_INTERVAL: Duration = Duration::from_secs(1);

/// Whom the door has found to open a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Visitor {
    /// A page that is signed in, here or at a tunnel.
    Page,
    /// A program that has shown the token already.
    Program,
    /// A program that has shown this API key already.
    Key(String),
    /// A program that has shown nothing yet.
    Stranger(Peer),
}

/// The bus and whoever may come in; clones are the same bus.
#[derive(Clone)]
pub struct Bus {
    broker: Arc<Broker>,
    account: Identity,
    keys: Option<Arc<Keys>>,
}

/// Who answers what on the bus.
#[derive(Clone, Debug)]
pub struct Service {
    identity: Identity,
    pattern: String,
    description: Description,
}

impl Bus {
    /// Makes the bus of a hub: programs show `gate`'s token or one of `keys`,
    /// pages are `account`; `run` is a random name of this run.
    pub fn new(
        run: &str,
        gate: Arc<Gate>,
        keys: Option<Arc<Keys>>,
        account: Identity,
        shutdown: Shutdown,
    ) -> Self {
        let known = keys.clone();
        let doorkeeper = move |connect: &Connect, source: Option<IpAddr>| {
            let token = connect.auth_token.as_ref()?.reveal();
            let by_key = known.as_ref().and_then(|keys| keys.admit(token));
            by_key.or_else(|| {
                let peer = source.map_or(Peer::Owner, Peer::Address);
                let is_token = gate.admits(peer, token);
                is_token.then(|| Identity::Hub.access().into())
            })
        };
        Self {
            broker: Broker::new(run.to_owned(), Arc::new(doorkeeper), shutdown),
            account,
            keys,
        }
    }

    /// Ends the connections of keys that are revoked or over.
    pub fn review(&self) {
        if let Some(keys) = &self.keys {
            self.broker.review(|credential| keys.is_valid(credential));
        }
    }

    /// Does so every second, until shutdown.
    pub async fn keep_reviewing(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(REVIEW_INTERVAL) => self.review(),
                () = self.broker.shutdown().begun() => return,
            }
        }
    }

    /// Serves one loopback family until shutdown, and then until all have left.
    pub async fn serve_tcp(self, listener: TcpListener) {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.broker.shutdown().begun() => break,
            };
            let Some((stream, address)) = serve::usable(stream).await else {
                continue;
            };
            // A message must not wait for Nagle's algorithm.
            let _ = stream.set_nodelay(true);
            let (reader, writer) = stream.into_split();
            self.spawn(Entry::Stranger(Some(address.ip())), reader, writer);
        }
        self.broker.left().await;
    }

    /// Serves a unix socket, to this user alone, until shutdown, and then until
    /// all have left.
    pub async fn serve_unix(self, listener: UnixListener) {
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted.map(|(stream, _)| stream),
                () = self.broker.shutdown().begun() => break,
            };
            let is_ours = |stream: UnixStream| process::check_peer(&stream).map(|()| stream);
            let Some(stream) = serve::usable(stream.and_then(is_ours)).await else {
                continue;
            };
            let (reader, writer) = stream.into_split();
            self.spawn(Entry::Stranger(None), reader, writer);
        }
        self.broker.left().await;
    }

    /// Joins from within this process.
    pub fn join(&self, identity: &Identity) -> Client {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let (reader, writer) = tokio::io::split(far);
        self.spawn(Entry::Known(identity.access().into()), reader, writer);
        let (reader, writer) = tokio::io::split(near);
        let login = Login {
            token: None,
            inbox: identity.inbox(),
        };
        Client::join(reader, writer, login)
    }

    /// Has `handler` answer for a service, until shutdown.
    pub async fn answer(&self, service: Service, handler: Handler) {
        self.offer(service, answerer(handler)).await;
    }

    /// Has `answerer` answer for a service, until shutdown; one that the bus has
    /// cut off, because more was asked than it could take, joins again.
    pub(super) async fn offer(&self, service: Service, answerer: Answerer) {
        let Service {
            identity,
            pattern,
            description,
        } = service;
        let answering = async {
            loop {
                let client = self.join(&identity);
                let (description, answerer) = (description.clone(), Arc::clone(&answerer));
                match service::offer(&client, description, &pattern, answerer).await {
                    Ok(serving) => serving.await,
                    Err(error) => tracing::error!(%error, pattern, "nobody answers on the bus"),
                }
                tokio::time::sleep(JOIN_AGAIN).await;
                tracing::warn!(pattern, "a service was cut off the bus, and joins again");
            }
        };
        tokio::select! {
            () = self.broker.shutdown().begun() => {}
            () = answering => {}
        }
    }

    fn spawn<R, W>(&self, entry: Entry, reader: R, writer: W)
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: Carrier + Send + 'static,
    {
        let broker = Arc::clone(&self.broker);
        tokio::spawn(connection::serve(broker, entry, reader, writer));
    }

    /// Serves a WebSocket.
    pub(super) fn serve_websocket(&self, upgrade: WebSocketUpgrade, visitor: Visitor) -> Response {
        let broker = Arc::clone(&self.broker);
        let entry = match visitor {
            Visitor::Page => Entry::Known(self.account.access().into()),
            Visitor::Program => Entry::Known(Identity::Hub.access().into()),
            Visitor::Key(key) => match self.keys.as_ref().and_then(|keys| keys.admit(&key)) {
                Some(admission) => Entry::Known(admission),
                // It was revoked a moment ago.
                None => Entry::Stranger(None),
            },
            Visitor::Stranger(Peer::Owner) => Entry::Stranger(None),
            Visitor::Stranger(Peer::Address(source)) => Entry::Stranger(Some(source)),
        };
        upgrade
            .protocols([auth::WEBSOCKET_PROTOCOL])
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(MAX_FRAME_BYTES)
            .max_frame_size(MAX_FRAME_BYTES)
            .on_upgrade(async move |socket| {
                let (sink, stream) = socket.split();
                let (reader, writer) = (carrier::reader(stream), carrier::Writer::new(sink));
                connection::serve(broker, entry, reader, writer).await;
            })
    }
}

impl Service {
    /// The methods of a project.
    pub fn of_project(id: &str) -> Self {
        let endpoint = |about: &About| Endpoint {
            name: about.name.replace('.', "-"),
            subject: format!("project.{id}.{}", about.name),
        };
        Self {
            identity: Identity::Project(id.to_owned()),
            pattern: format!("project.{id}.>"),
            description: Description {
                name: Identity::service_of(id),
                description: "Terminals, files and the environment of a project".to_owned(),
                endpoints: methods::all().map(endpoint).collect(),
            },
        }
    }

    /// What the hub itself answers on a pattern.
    pub fn of_hub(name: &str, about: &str, pattern: &str) -> Self {
        Self {
            identity: Identity::Hub,
            pattern: pattern.to_owned(),
            description: Description {
                name: name.to_owned(),
                description: about.to_owned(),
                endpoints: vec![Endpoint {
                    name: name.to_owned(),
                    subject: pattern.to_owned(),
                }],
            },
        }
    }
}

/// Has a handler, which knows no carrier, answer what comes by the bus.
pub fn answerer(handler: Handler) -> Answerer {
    Arc::new(move |request| Box::pin(ask(Arc::clone(&handler), request)))
}

/// Asks a handler, whose words are JSON; an empty request is `{}`.
async fn ask(handler: Handler, request: Message) -> Answer {
    let refused = |refusal: Refusal| ServiceError {
        code: refusal.code,
        message: refusal.message,
        reason: refusal.reason,
    };
    let payload = match &request.payload[..] {
        b"" => Ok(Value::Object(Map::new())),
        bytes => serde_json::from_slice(bytes),
    };
    let payload = payload.map_err(|_| refused(Refusal::new(400, "a request is JSON")))?;
    let written = |reply: Value| serde_json::to_vec(&reply).expect("JSON values serialise");
    match handler(request.subject, payload).await.map_err(refused)? {
        call::Body::One(reply) => Ok(Body::One(written(reply))),
        call::Body::Many(replies) => {
            let parts = replies.map(move |reply| reply.map(written).map_err(refused));
            Ok(Body::Many(parts.boxed()))
        }
    }
}
