//! An account's queries and feeds on the bus.
//!
//! ```text
//! hub.account.ID.query       {"query":…,"options":{"set":true}} → {"result":…}
//! hub.account.ID.changefeed  {"query":…,"resume":{"since":17,"epoch":"0f3a…"}}
//!   → {"seq":17,"epoch":"0f3a…",…}, {"seq":19,"prev":17,…}, …
//! either → {"error":{"code":"no-field","field":"colour","message":"…"}}
//! ```
//!
//! Who asks is said by the subject, which nobody else may use. A feed goes on
//! until whoever asked stops it or is gone; an error ends it. Options are `set`
//! (false reads, true sets also null) and `delete`.

use std::sync::Arc;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use tokio::sync::OnceCell;

use super::bus::Bus;
use super::identity::Identity;
use super::tables;
use super::tables::TABLES;
use crate::messaging::message::Message;
use crate::messaging::service::Answer;
use crate::messaging::service::Answerer;
use crate::messaging::service::Body;
use crate::messaging::service::ServiceError;
use crate::messaging::service::discovery::Description;
use crate::messaging::service::discovery::Endpoint;
use crate::store::database::Store;
use crate::store::error::Error;
use crate::store::tables::error::QueryError;
use crate::store::tables::feed::Resume;
use crate::store::tables::query;
use crate::store::tables::query::Wish;
use crate::store::tables::rows::Tables;
use crate::store::tables::table::Asker;
use crate::store::tables::table::Rank;
use crate::sys::text;

/// What an account is answered.
const QUERY: &str = "hub.account.*.query";
const CHANGEFEED: &str = "hub.account.*.changefeed";

/// Answers both on the bus, until shutdown; without a store, with the reason.
pub async fn serve(bus: Bus, desk: Arc<Desk>) {
    let asked = Arc::clone(&desk);
    let query: Answerer = Arc::new(move |request| {
        let desk = Arc::clone(&asked);
        Box::pin(async move {
            let answer = desk.query(&request.subject, &request.payload).await?;
            Ok(Body::One(written(&answer)))
        })
    });
    let follow: Answerer = Arc::new(move |request| {
        let desk = Arc::clone(&desk);
        Box::pin(async move { desk.follow(&request).await })
    });
    let hub = Identity::Hub;
    tokio::join!(
        bus.offer(&hub, described("query", QUERY), QUERY, query),
        bus.offer(
            &hub,
            described("changefeed", CHANGEFEED),
            CHANGEFEED,
            follow
        ),
    );
}

/// `{"query":…,"options":…,"resume":…}`.
#[derive(Deserialize)]
struct Request {
    query: Value,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    resume: Option<Resume>,
}

#[derive(Default, Deserialize)]
struct Options {
    set: Option<bool>,
    #[serde(default)]
    delete: bool,
}

impl Options {
    fn wish(&self) -> Wish {
        match (self.delete, self.set) {
            (true, _) => Wish::Delete,
            (false, None) => Wish::AsWritten,
            (false, Some(true)) => Wish::Set,
            (false, Some(false)) => Wish::Get,
        }
    }
}

/// Where questions are answered.
pub struct Desk {
    tables: Result<Tables, Error>,
    account: String,
    project: String,
    /// Whether the first rows are there; whoever asks first waits for them.
    is_seeded: OnceCell<()>,
}

impl Desk {
    /// Makes the one of a hub; `account` and `project` are those that every hub
    /// has.
    pub fn new(store: Result<Store, Error>, account: &str, project: &str) -> Arc<Self> {
        Arc::new(Self {
            tables: store.map(|store| Tables::new(store, TABLES)),
            account: account.to_owned(),
            project: project.to_owned(),
            is_seeded: OnceCell::new(),
        })
    }

    /// Answers `{"query":…,"options":…}` of whoever may use a subject.
    ///
    /// # Errors
    /// 503 without a store. What is wrong with the query is an answer.
    pub async fn query(&self, subject: &str, payload: &[u8]) -> Result<Value, ServiceError> {
        let tables = self.tables().await?;
        let answered = async {
            let asked = read(payload)?;
            let asker = self.asker(subject);
            tables
                .query(&asked.query, asked.options.wish(), &asker)
                .await
        };
        Ok(match answered.await {
            Ok(result) => json!({ "result": result }),
            Err(error) => refusal(&error),
        })
    }

    async fn follow(&self, request: &Message) -> Answer {
        let tables = self.tables().await?;
        let asker = self.asker(&request.subject);
        let feed = read(&request.payload)
            .and_then(|asked| tables.follow(&asked.query, &asker, asked.resume));
        Ok(match feed {
            Err(error) => Body::One(written(&refusal(&error))),
            Ok(feed) => Body::Many(
                feed.updates()
                    .map(|update| {
                        Ok(match update {
                            Ok(update) => serde_json::to_vec(&update).expect("updates serialise"),
                            Err(error) => written(&refusal(&error)),
                        })
                    })
                    .boxed(),
            ),
        })
    }

    async fn tables(&self) -> Result<&Tables, ServiceError> {
        let refused = |error: &Error| ServiceError::new(503, text::with_causes(error));
        let tables = self.tables.as_ref().map_err(refused)?;
        let seeding = || tables::seed(tables, &self.account, &self.project);
        if let Err(error) = self.is_seeded.get_or_try_init(seeding).await {
            // On a full disk what is there can still be read.
            tracing::error!(%error, "the account and the project are not in the database");
        }
        Ok(tables)
    }

    /// Whoever may use the subject, `hub.account.ID.query`.
    fn asker(&self, subject: &str) -> Asker {
        let account = subject.split('.').nth(2).unwrap_or_default();
        Asker {
            account: account.to_owned(),
            project: self.project.clone(),
            rank: Rank::User,
        }
    }
}

fn read(payload: &[u8]) -> Result<Request, QueryError> {
    let expected = "`{\"query\": …}` with `options` and `resume`";
    serde_json::from_value(query::read(payload)?).map_err(|_| QueryError::Form { expected })
}

/// What whoever asked is told of an error; the rest is in the log.
fn refusal(error: &QueryError) -> Value {
    if let QueryError::Store(error) = error {
        tracing::error!(error = text::with_causes(error), "a query failed");
    }
    let told = json!({
        "code": error.code(), "field": error.field(), "message": error.to_string(),
    });
    json!({ "error": told })
}

fn written(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON values serialise")
}

fn described(name: &str, subject: &str) -> Description {
    let endpoint = Endpoint {
        name: name.to_owned(),
        subject: subject.to_owned(),
    };
    Description {
        name: format!("hub-{name}"),
        description: "An account's tables".to_owned(),
        endpoints: vec![endpoint],
    }
}
