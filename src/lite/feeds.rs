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
use super::bus::Service;
use super::stored;
use super::tables;
use super::tables::TABLES;
use crate::messaging::message::Message;
use crate::messaging::service::Answer;
use crate::messaging::service::Answerer;
use crate::messaging::service::Body;
use crate::messaging::service::ServiceError;
use crate::protocol::call::Refusal;
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

/// Where an account's questions about its tables are answered.
#[derive(Debug)]
pub struct Desk {
    tables: Result<Tables, Error>,
    account: String,
    project: String,
    /// Whether the first rows are there; whoever asks first waits for them.
    is_seeded: OnceCell<()>,
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

impl Desk {
    /// Makes it; without a store it answers with the reason. `account` and
    /// `project` are the ones that every hub has.
    pub fn new(store: Result<Store, Error>, account: &str, project: &str) -> Arc<Self> {
        Arc::new(Self {
            tables: store.map(|store| Tables::new(store, TABLES)),
            account: account.to_owned(),
            project: project.to_owned(),
            is_seeded: OnceCell::new(),
        })
    }

    /// Answers both subjects, until shutdown.
    pub async fn serve(self: Arc<Self>, bus: Bus) {
        let about = "An account's tables";
        let asked = Arc::clone(&self);
        let query: Answerer = Arc::new(move |request| {
            let desk = Arc::clone(&asked);
            Box::pin(async move { desk.query(&request).await })
        });
        let follow: Answerer = Arc::new(move |request| {
            let desk = Arc::clone(&self);
            Box::pin(async move { desk.follow(&request).await })
        });
        tokio::join!(
            bus.offer(Service::of_hub("hub-query", about, QUERY), query),
            bus.offer(Service::of_hub("hub-changefeed", about, CHANGEFEED), follow),
        );
    }

    /// Answers `{"query":…,"options":…}` of the account, as the hub's API has it.
    ///
    /// # Errors
    /// A [`Refusal`] whose reason is the error's code.
    pub async fn user_query(&self, asked: Value) -> Result<Value, Refusal> {
        let tables = self.tables().await;
        let tables = tables.map_err(|error| Refusal::new(error.code, error.message))?;
        let asked: Request = serde_json::from_value(asked)
            .map_err(|_| Refusal::new(400, "a user query is `{\"query\":…,\"options\":…}`"))?;
        let (wish, asker) = (asked.options.wish(), self.asker_of(&self.account));
        let answered = tables.query(&asked.query, wish, &asker).await;
        answered.map_err(|error| {
            let (code, message) = (error.code(), error.to_string());
            let refusal = match error {
                QueryError::Store(error) => stored::refused(error),
                QueryError::NotSettable { .. } | QueryError::NotYours { .. } => {
                    Refusal::new(403, message)
                }
                QueryError::NoTable { .. } => Refusal::new(404, message),
                QueryError::TooLarge { .. } | QueryError::TooMany { .. } => {
                    Refusal::new(413, message)
                }
                _ => Refusal::new(400, message),
            };
            refusal.because(code)
        })
    }

    async fn query(&self, request: &Message) -> Answer {
        let tables = self.tables().await?;
        let answered = async {
            let asked = read(&request.payload)?;
            let asker = self.asker(&request.subject);
            tables
                .query(&asked.query, asked.options.wish(), &asker)
                .await
        };
        Ok(Body::One(match answered.await {
            Ok(result) => written(&json!({ "result": result })),
            Err(error) => refusal(&error),
        }))
    }

    async fn follow(&self, request: &Message) -> Answer {
        let tables = self.tables().await?;
        let asker = self.asker(&request.subject);
        let feed = read(&request.payload)
            .and_then(|asked| tables.follow(&asked.query, &asker, asked.resume));
        Ok(match feed {
            Err(error) => Body::One(refusal(&error)),
            Ok(feed) => Body::Many(
                feed.updates()
                    .map(|update| {
                        Ok(match update {
                            Ok(update) => serde_json::to_vec(&update).expect("updates serialise"),
                            Err(error) => refusal(&error),
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
        self.asker_of(subject.split('.').nth(2).unwrap_or_default())
    }

    fn asker_of(&self, account: &str) -> Asker {
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
fn refusal(error: &QueryError) -> Vec<u8> {
    if let QueryError::Store(error) = error {
        tracing::error!(error = text::with_causes(error), "a query failed");
    }
    let told = json!({
        "code": error.code(), "field": error.field(), "message": error.to_string(),
    });
    written(&json!({ "error": told }))
}

fn written(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON values serialise")
}
