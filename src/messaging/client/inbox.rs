//! Subjects of a client's own, at which it is answered.

use tokio::sync::mpsc;

use super::Client;
use super::ClientError;
use crate::messaging::chunks::Joiner;
use crate::messaging::message::Message;
use crate::sys::secret;

/// How long the last word of an inbox's subject is, 5 bits each.
const TOKEN_LENGTH: usize = 12;

/// A subject that nobody else knows, and what is sent there; dropping it ends
/// that.
#[derive(Debug)]
pub(in crate::messaging) struct Inbox {
    /// The subject, `_INBOX.hub.k3f9….x7a2…`.
    pub(in crate::messaging) subject: String,
    token: String,
    client: Client,
    messages: mpsc::Receiver<Message>,
    joiner: Joiner,
    put_back: Option<Message>,
}

impl Inbox {
    /// Makes one in which at most `room` messages wait: more break it off.
    ///
    /// # Errors
    /// [`ClientError::Closed`].
    pub(in crate::messaging) fn new(client: &Client, room: usize) -> Result<Self, ClientError> {
        let token = secret::word(TOKEN_LENGTH);
        let (sender, messages) = mpsc::channel(room);
        let mut open = client.shared.open();
        if open.has_ended {
            return Err(ClientError::Closed);
        }
        open.inboxes.insert(token.clone(), sender);
        drop(open);
        Ok(Self {
            subject: format!("{}.{token}", client.shared.inbox),
            token,
            client: client.clone(),
            messages,
            joiner: Joiner::default(),
            put_back: None,
        })
    }

    /// Waits for the next message, whole.
    ///
    /// # Errors
    /// [`ClientError::Torn`], and [`ClientError::Closed`] when the connection was
    /// lost, or more came than there is room for.
    pub(in crate::messaging) async fn next(&mut self) -> Result<Message, ClientError> {
        if let Some(message) = self.put_back.take() {
            return Ok(message);
        }
        loop {
            let message = self.messages.recv().await.ok_or(ClientError::Closed)?;
            if let Some(whole) = self.joiner.take(message)? {
                return Ok(whole);
            }
        }
    }

    /// Waits for another piece at the most, of a message whose first piece came
    /// elsewhere or here; returns it when it is whole.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(in crate::messaging) async fn next_piece(
        &mut self,
        first: Option<Message>,
    ) -> Result<Option<Message>, ClientError> {
        let piece = match first {
            Some(first) => first,
            None => self.messages.recv().await.ok_or(ClientError::Closed)?,
        };
        Ok(self.joiner.take(piece)?)
    }

    /// Has [`Self::next`] return a message again.
    pub(super) fn put_back(&mut self, message: Message) {
        self.put_back = Some(message);
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.client.shared.open().inboxes.remove(&self.token);
    }
}
