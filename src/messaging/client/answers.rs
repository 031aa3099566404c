//! The answers to one question, as they come.

use std::time::Duration;

use tokio::time::timeout;

use super::Client;
use super::ClientError;
use super::NO_RESPONDERS;
use super::inbox::Inbox;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::messaging::stream;
use crate::messaging::stream::Taken;

/// The answers to one question; dropping it tells the service to stop.
#[derive(Debug)]
pub struct Answers {
    client: Client,
    subject: String,
    inbox: Inbox,
    deadline_between: Duration,
    /// Where the service listens, once it has said so.
    service: Option<String>,
    taken: Taken,
    is_over: bool,
}

impl Answers {
    /// Waits at `inbox` for what `subject` answers.
    pub(super) fn new(
        client: &Client,
        subject: &str,
        inbox: Inbox,
        deadline_between: Duration,
    ) -> Self {
        Self {
            client: client.clone(),
            subject: subject.to_owned(),
            inbox,
            deadline_between,
            service: None,
            taken: Taken::default(),
            is_over: false,
        }
    }

    /// Waits for the next answer; `None` when there are no more. What it gave
    /// before counts as taken, so that the service may send more.
    ///
    /// A service's error is a message, the last one; see
    /// [`crate::messaging::service::read`].
    ///
    /// # Errors
    /// [`ClientError`], once; then there are no more.
    pub async fn next(&mut self) -> Option<Result<Message, ClientError>> {
        if self.is_over {
            return None;
        }
        let next = self.wait().await;
        self.is_over = !matches!(&next, Some(Ok(message)) if message.reply.is_some());
        next
    }

    async fn wait(&mut self) -> Option<Result<Message, ClientError>> {
        if let Some(count) = self.taken.due()
            && let Err(error) = self.acknowledge(&count).await
        {
            return Some(Err(error));
        }
        loop {
            let message = match timeout(self.deadline_between, self.inbox.next()).await {
                Ok(Ok(message)) => message,
                Ok(Err(error)) => return Some(Err(self.failed(error))),
                Err(_) => {
                    let error = ClientError::Timeout(self.subject.clone());
                    return Some(Err(self.failed(error)));
                }
            };
            if message.headers.status() == Some(NO_RESPONDERS) {
                return Some(Err(ClientError::NoResponders(self.subject.clone())));
            }
            if message.reply.is_none() {
                let is_end = message.payload.is_empty() && message.headers.is_empty();
                return (!is_end).then_some(Ok(message));
            }
            self.service.clone_from(&message.reply);
            if message.headers.get(stream::KEEP_ALIVE_HEADER).is_none() {
                self.taken.part(message.payload.len());
                return Some(Ok(message));
            }
            // Said again, should what was said before have been lost.
            if let Err(error) = self.acknowledge(&self.taken.words()).await {
                return Some(Err(error));
            }
        }
    }

    /// Says how many parts were taken; if this is given up, it is said later.
    async fn acknowledge(&mut self, count: &str) -> Result<(), ClientError> {
        if let Some(service) = &self.service {
            let (none, count) = (Headers::default(), count.as_bytes());
            self.client.publish(service, None, &none, count).await?;
        }
        self.taken.said();
        Ok(())
    }

    fn failed(&mut self, error: ClientError) -> ClientError {
        self.stop();
        error
    }

    fn stop(&mut self) {
        // A service that has said nothing yet is stopped when it does.
        if let Some(service) = self.service.take() {
            self.client.shared.stop(&service);
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if !self.is_over {
            self.stop();
        }
    }
}
