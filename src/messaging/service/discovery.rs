//! Saying that a service is there, what it answers and how it does.
//!
//! By the convention of NATS (ADR-32, "service API"): a question to
//! `$SRV.PING`, `$SRV.INFO` or `$SRV.STATS` goes to everybody, with `.NAME` behind
//! it to the servers of one service and with `.NAME.ID` to one of them. Every one
//! that is asked answers for itself, so an asker waits a moment for all.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::QUEUE;
use super::ServiceError;
use crate::messaging::client::Client;
use crate::messaging::client::ClientError;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::sys::clock;
use crate::sys::secret;

/// How many letters the name of one server of a service has.
const ID_LENGTH: usize = 20;

/// What a service says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name, `project-local`: letters, digits, `-` and `_`.
    pub name: String,
    /// What it is for, a sentence.
    pub description: String,
    /// What it answers.
    pub endpoints: Vec<Endpoint>,
}

/// One thing that a service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, `terminal-list`: letters, digits, `-` and `_`.
    pub name: String,
    /// Where it is asked, `project.local.terminal.list`.
    pub subject: String,
}

/// One server of a service, and what it has counted.
#[derive(Debug)]
pub(super) struct Presence {
    id: String,
    description: Description,
    started: String,
    /// By subject. For short sections; never held over an await.
    counts: Mutex<HashMap<String, Count>>,
}

/// What was asked of one endpoint.
#[derive(Clone, Debug, Default)]
struct Count {
    requests: u64,
    errors: u64,
    last_error: String,
    time: Duration,
}

impl Presence {
    /// Begins to count.
    pub(super) fn new(description: Description) -> Self {
        let subjects = description.endpoints.iter();
        let counts = subjects.map(|one| (one.subject.clone(), Count::default()));
        Self {
            id: secret::word(ID_LENGTH),
            started: clock::utc(),
            counts: Mutex::new(counts.collect()),
            description,
        }
    }

    /// Notes that a request was answered; of a stream, that it began.
    pub(super) fn count(&self, subject: &str, time: Duration, error: Option<&ServiceError>) {
        if let Some(count) = self.counts().get_mut(subject) {
            count.requests += 1;
            count.time += time;
            if let Some(error) = error {
                count.errors += 1;
                count.last_error = format!("{}:{}", error.code, error.message);
            }
        }
    }

    /// Answers whoever asks about it until the connection ends.
    ///
    /// # Errors
    /// [`ClientError`].
    pub(super) async fn answer(&self, client: &Client) -> Result<(), ClientError> {
        let name = &self.description.name;
        let subscribe = async |rest: &str| client.subscribe(&format!("$SRV.*{rest}"), None).await;
        let mut all = subscribe("").await?;
        let mut service = subscribe(&format!(".{name}")).await?;
        let mut server = subscribe(&format!(".{name}.{}", self.id)).await?;
        loop {
            let question = tokio::select! {
                question = all.next() => question,
                question = service.next() => question,
                question = server.next() => question,
            };
            let Some(question) = question else {
                return Ok(());
            };
            self.reply(client, &question).await?;
        }
    }

    async fn reply(&self, client: &Client, question: &Message) -> Result<(), ClientError> {
        let verb = question.subject.split('.').nth(1);
        let answer = match verb {
            Some("PING") => self.ping(),
            Some("INFO") => self.info(),
            Some("STATS") => self.stats(),
            _ => return Ok(()),
        };
        let Some(reply) = &question.reply else {
            return Ok(());
        };
        let payload = serde_json::to_vec(&answer).expect("JSON values serialise");
        let none = Headers::default();
        client.publish(reply, None, &none, &payload).await
    }

    fn ping(&self) -> Value {
        json!({
            "type": "io.nats.micro.v1.ping_response", "name": self.description.name,
            "id": self.id, "version": env!("CARGO_PKG_VERSION"), "metadata": {},
        })
    }

    fn info(&self) -> Value {
        let endpoint = |one: &Endpoint| {
            json!({
                "name": one.name, "subject": one.subject, "queue_group": QUEUE, "metadata": {},
            })
        };
        let endpoints: Vec<Value> = self.description.endpoints.iter().map(endpoint).collect();
        json!({
            "type": "io.nats.micro.v1.info_response", "name": self.description.name,
            "id": self.id, "version": env!("CARGO_PKG_VERSION"), "metadata": {},
            "description": self.description.description, "endpoints": endpoints,
        })
    }

    fn stats(&self) -> Value {
        let counts = self.counts();
        let endpoint = |one: &Endpoint| {
            let count = counts.get(&one.subject).cloned().unwrap_or_default();
            let time = u64::try_from(count.time.as_nanos()).unwrap_or(u64::MAX);
            json!({
                "name": one.name, "subject": one.subject, "queue_group": QUEUE,
                "num_requests": count.requests, "num_errors": count.errors,
                "last_error": count.last_error, "processing_time": time,
                "average_processing_time": time.checked_div(count.requests).unwrap_or(0),
            })
        };
        let endpoints: Vec<Value> = self.description.endpoints.iter().map(endpoint).collect();
        json!({
            "type": "io.nats.micro.v1.stats_response", "name": self.description.name,
            "id": self.id, "version": env!("CARGO_PKG_VERSION"), "metadata": {},
            "started": self.started, "endpoints": endpoints,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
