//! Which method is answered by what.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use crate::protocol::call::Answer;
use crate::protocol::call::Body;
use crate::protocol::call::Handler;
use crate::protocol::call::Refusal;
use crate::protocol::methods::Method;

/// The methods of a project, by name.
#[derive(Default)]
pub(super) struct Router {
    routes: HashMap<&'static str, Route>,
}

/// The replies of a method that has many.
pub(super) type Replies<T> = BoxStream<'static, Result<T, Refusal>>;

type Route = Box<dyn Fn(Value) -> Answer + Send + Sync>;

impl Router {
    /// Answers a method of one reply, with what it needs for that.
    pub(super) fn one<M, S, F>(
        mut self,
        state: &Arc<S>,
        answer: impl Fn(Arc<S>, M::Request) -> F + Send + Sync + 'static,
    ) -> Self
    where
        M: Method,
        S: Send + Sync + 'static,
        F: Future<Output = Result<M::Reply, Refusal>> + Send + 'static,
    {
        let state = Arc::clone(state);
        let route = move |payload| {
            let answering = read(payload).map(|asked| answer(Arc::clone(&state), asked));
            let answer: Answer = Box::pin(async move { write(&answering?.await?).map(Body::One) });
            answer
        };
        self.routes.insert(M::ABOUT.name, Box::new(route));
        self
    }

    /// Answers a method of many replies, with what it needs for that.
    pub(super) fn many<M, S, F>(
        mut self,
        state: &Arc<S>,
        answer: impl Fn(Arc<S>, M::Request) -> F + Send + Sync + 'static,
    ) -> Self
    where
        M: Method,
        S: Send + Sync + 'static,
        F: Future<Output = Result<Replies<M::Reply>, Refusal>> + Send + 'static,
    {
        let state = Arc::clone(state);
        let route = move |payload| {
            let answering = read(payload).map(|asked| answer(Arc::clone(&state), asked));
            let answer: Answer = Box::pin(async move {
                let replies = answering?.await?;
                let written = replies.map(|reply| write(&reply?));
                Ok(Body::Many(written.boxed()))
            });
            answer
        };
        self.routes.insert(M::ABOUT.name, Box::new(route));
        self
    }

    /// Returns what answers the subjects of the project `id`.
    pub(super) fn handler(self, id: &str) -> Handler {
        let prefix = format!("project.{id}.");
        Arc::new(move |subject, payload| {
            let method = subject.strip_prefix(&prefix);
            match method.and_then(|method| self.routes.get(method)) {
                Some(route) => route(payload),
                None => {
                    let refusal = Refusal::new(503, format!("nobody answers `{subject}`"));
                    Box::pin(std::future::ready(Err(refusal)))
                }
            }
        })
    }

    /// The names of what it answers.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.routes.keys().copied()
    }
}

/// Reads a request; one without words is `{}`.
fn read<T: DeserializeOwned>(payload: Value) -> Result<T, Refusal> {
    let payload = match payload {
        Value::Null => Value::Object(Map::new()),
        payload => payload,
    };
    serde_json::from_value(payload)
        .map_err(|error| Refusal::new(400, format!("the payload does not fit: {error}")))
}

fn write<T: Serialize>(reply: &T) -> Result<Value, Refusal> {
    serde_json::to_value(reply).map_err(|_| Refusal::new(500, "the reply does not serialise"))
}
