//! A WebSocket as a reader and a writer of bytes.
//!
//! Where one WebSocket message ends and the next begins means nothing.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use axum::extract::ws::CloseFrame;
use axum::extract::ws::Message;
use axum::extract::ws::Utf8Bytes;
use axum::extract::ws::close_code;
use bytes::Bytes;
use futures::Sink;
use futures::SinkExt;
use futures::Stream;
use futures::StreamExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio_util::io::StreamReader;

use crate::messaging::broker::connection::Carrier;
use crate::messaging::ending::Ending;

/// The most bytes of one WebSocket message.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// Reads what messages carry, until one closes the WebSocket.
pub(super) fn reader<S>(messages: S) -> impl AsyncRead + Unpin
where
    S: Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    let carried = |message: Result<Message, axum::Error>| async {
        match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            Ok(Message::Text(text)) => Some(Ok(Bytes::from(text))),
            Ok(Message::Close(_) | Message::Ping(_) | Message::Pong(_)) => None,
            Err(error) => Some(Err(io::Error::other(error))),
        }
    };
    let is_open = |message: &Result<Message, axum::Error>| {
        std::future::ready(!matches!(message, Ok(Message::Close(_))))
    };
    // An empty piece would be taken for the end.
    let not_empty = |piece: &io::Result<Bytes>| {
        std::future::ready(!matches!(piece, Ok(bytes) if bytes.is_empty()))
    };
    let pieces = messages
        .take_while(is_open)
        .filter_map(carried)
        .filter(not_empty);
    StreamReader::new(Box::pin(pieces))
}

/// Writes bytes as binary messages.
pub(super) struct Writer<S> {
    sink: S,
}

impl<S> Writer<S> {
    /// Writes to a WebSocket's sink.
    pub(super) fn new(sink: S) -> Self {
        Self { sink }
    }
}

impl<S: Sink<Message, Error = axum::Error> + Unpin> AsyncWrite for Writer<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sink = Pin::new(&mut self.sink);
        ready!(sink.poll_ready(cx)).map_err(io::Error::other)?;
        let part = &bytes[..bytes.len().min(MAX_MESSAGE_BYTES)];
        let message = Message::Binary(Bytes::copy_from_slice(part));
        let sent = Pin::new(&mut self.sink).start_send(message);
        Poll::Ready(sent.map(|()| part.len()).map_err(io::Error::other))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink)
            .poll_flush(cx)
            .map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.sink)
            .poll_close(cx)
            .map_err(io::Error::other)
    }
}

impl<S: Sink<Message, Error = axum::Error> + Unpin + Send> Carrier for Writer<S> {
    async fn end(&mut self, ending: Ending) -> io::Result<()> {
        let (code, reason) = close_of(ending);
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let message = Message::Close(Some(frame));
        self.sink.send(message).await.map_err(io::Error::other)
    }
}

/// The code and the words of a close frame, RFC 6455 section 7.4; those of
/// `nats-server`.
fn close_of(ending: Ending) -> (u16, &'static str) {
    match ending {
        Ending::Gone => (close_code::NORMAL, ""),
        Ending::Unknown | Ending::Malformed | Ending::Version | Ending::NoHeaders => {
            (close_code::PROTOCOL, "Protocol Violation")
        }
        Ending::Line => (close_code::POLICY, "Maximum Control Line Exceeded"),
        Ending::Payload => (close_code::SIZE, "Maximum Message Payload Exceeded"),
        Ending::Unauthorized => (close_code::POLICY, "Authentication Failure"),
        Ending::Revoked => (close_code::POLICY, "Authentication Revoked"),
        Ending::ConnectTimeout => (close_code::POLICY, "Authentication Timeout"),
        Ending::Subscriptions => (close_code::POLICY, "Maximum Subscriptions Exceeded"),
        Ending::Connections => (close_code::AGAIN, "Maximum Connections Exceeded"),
        Ending::Slow => (close_code::POLICY, "Slow Consumer"),
        Ending::Stale => (close_code::POLICY, "Stale Connection"),
        Ending::Shutdown => (close_code::AWAY, "Server Shutdown"),
    }
}
