//! Asking a project on the bus, by its methods.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::messaging::client::Client;
use crate::messaging::client::ClientError;
use crate::messaging::client::answers::Answers;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::messaging::service;
use crate::messaging::service::ServiceError;
use crate::messaging::stream;
use crate::protocol::methods::Method;

/// Why a method has no reply.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The bus did not carry it, or nobody answered.
    #[error(transparent)]
    Bus(#[from] ClientError),
    /// The project refused.
    #[error(transparent)]
    Refused(#[from] ServiceError),
    /// The reply is not what the method says: the other side is of another build.
    #[error("`{0}` was answered by something else")]
    Shape(&'static str),
}

/// A project, as its callers have it.
#[derive(Clone, Debug)]
pub struct Project {
    client: Client,
    id: String,
}

/// The replies to one request; dropping it tells the project to stop.
#[derive(Debug)]
pub struct Replies<M> {
    answers: Answers,
    method: PhantomData<fn() -> M>,
}

impl Project {
    /// Asks the project `id` over a connection.
    pub fn new(client: Client, id: &str) -> Self {
        let id = id.to_owned();
        Self { client, id }
    }

    /// Calls a method of one reply, `call::<terminal::List>(&Nothing {})`.
    ///
    /// # Errors
    /// [`AskError`], within the method's deadline.
    pub async fn call<M: Method>(&self, request: &M::Request) -> Result<M::Reply, AskError> {
        let (subject, payload) = self.question::<M>(request);
        let (none, deadline) = (Headers::default(), M::ABOUT.deadline);
        let answer = self.client.request(&subject, &none, &payload, deadline);
        read::<M, _>(answer.await?)
    }

    /// Calls a method of many replies.
    ///
    /// # Errors
    /// [`AskError::Bus`]; what fails later, the replies tell.
    pub async fn call_many<M: Method>(&self, request: &M::Request) -> Result<Replies<M>, AskError> {
        let (subject, payload) = self.question::<M>(request);
        let none = Headers::default();
        let asked = self
            .client
            .request_many(&subject, &none, &payload, stream::SILENCE);
        Ok(Replies {
            answers: asked.await?,
            method: PhantomData,
        })
    }

    fn question<M: Method>(&self, request: &M::Request) -> (String, Vec<u8>) {
        let subject = format!("project.{}.{}", self.id, M::ABOUT.name);
        let payload = serde_json::to_vec(request).expect("a request serialises");
        (subject, payload)
    }
}

impl<M: Method> Replies<M> {
    /// Waits for the next reply; `None` when there are no more.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn next(&mut self) -> Option<Result<M::Reply, AskError>> {
        let answer = self.answers.next().await?;
        Some(answer.map_err(AskError::from).and_then(read::<M, _>))
    }
}

fn read<M: Method, T: DeserializeOwned>(answer: Message) -> Result<T, AskError> {
    let payload = service::read(answer)?;
    serde_json::from_slice(&payload).map_err(|_| AskError::Shape(M::ABOUT.name))
}
