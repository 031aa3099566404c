//! Subjects of a client's own, at which it is answered.

use tokio::sync::mpsc;

use super::Client;
use super::ClientError;
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
        })
    }

    /// Waits for the next message; `None` when the connection was lost, or more
    /// came than there is room for.
    pub(in crate::messaging) async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.client.shared.open().inboxes.remove(&self.token);
    }
}
