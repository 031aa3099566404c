//! Sending what is larger than one message may be.

use super::Client;
use super::ClientError;
use super::NO_RESPONDERS;
use super::inbox::Inbox;
use crate::messaging::chunks;
use crate::messaging::chunks::Cut;
use crate::messaging::message::Headers;
use crate::messaging::message::Message;
use crate::messaging::service;

impl Client {
    /// Asks a question, to be answered at an inbox. Where it is too large for one
    /// message it waits until it is told where the rest shall go.
    pub(super) async fn ask(
        &self,
        subject: &str,
        inbox: &mut Inbox,
        headers: &Headers,
        payload: &[u8],
    ) -> Result<(), ClientError> {
        let limit = chunks::MAX_WHOLE_BYTES.to_string();
        let headers = headers.clone().with(chunks::LIMIT_HEADER, &limit);
        let reply = inbox.subject.clone();
        let size = match self.publish(subject, Some(&reply), &headers, payload).await {
            Err(ClientError::TooLarge(size)) => size,
            published => return published,
        };
        let headers = headers.with(chunks::REST_HEADER, chunks::ASK);
        let cut = self.cut(&headers, payload, size)?;
        let mut pieces = cut.pieces();
        if let Some((headers, piece)) = pieces.next() {
            self.publish(subject, Some(&reply), &headers, piece).await?;
        }
        let answer = inbox.next().await?;
        match answer.reply.as_deref() {
            Some(rest) if answer.headers.get(chunks::REST_HEADER).is_some() => {
                for (headers, piece) in pieces {
                    self.publish(rest, None, &headers, piece).await?;
                }
                Ok(())
            }
            _ if is_refusal(&answer) => {
                inbox.put_back(answer);
                Ok(())
            }
            // Whoever answers this has taken the first piece for the question.
            _ => Err(ClientError::TooLarge(size)),
        }
    }

    /// Answers at `reply`, in pieces where it must be and one who takes `limit`
    /// bytes waits there; `service` is where the service itself listens.
    pub(in crate::messaging) async fn answer(
        &self,
        reply: &str,
        service: Option<&str>,
        payload: &[u8],
        limit: Option<usize>,
    ) -> Result<(), ClientError> {
        let none = Headers::default();
        let size = match self.publish(reply, service, &none, payload).await {
            Err(ClientError::TooLarge(size)) => size,
            published => return published,
        };
        if limit.is_none_or(|limit| payload.len() > limit) {
            return Err(ClientError::TooLarge(size));
        }
        let mut service = service;
        for (headers, piece) in self.cut(&none, payload, size)?.pieces() {
            self.publish(reply, service.take(), &headers, piece).await?;
        }
        Ok(())
    }

    fn cut<'a>(
        &self,
        headers: &'a Headers,
        payload: &'a [u8],
        size: usize,
    ) -> Result<Cut<'a>, ClientError> {
        let max_payload = self.shared.max_payload();
        Cut::new(headers, payload, max_payload).ok_or(ClientError::TooLarge(size))
    }
}

fn is_refusal(answer: &Message) -> bool {
    answer.headers.status() == Some(NO_RESPONDERS)
        || answer.headers.get(service::ERROR_CODE).is_some()
}
