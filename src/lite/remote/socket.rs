//! A WebSocket that was dialled: as a reader and a writer of bytes, and joined
//! to one that was accepted.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use axum::extract::ws;
use bytes::Bytes;
use futures::Sink;
use futures::SinkExt;
use futures::Stream;
use futures::StreamExt;
use futures::stream::SplitSink;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_util::io::StreamReader;

/// The most bytes of one WebSocket message that is sent.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// A WebSocket that was dialled.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Reads what messages carry, until the WebSocket closes.
pub(super) fn reader<S>(messages: S) -> impl AsyncRead + Send
where
    S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin + Send,
{
    let pieces = messages.filter_map(|message| {
        std::future::ready(match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            Ok(Message::Text(text)) => Some(Ok(Bytes::from(text))),
            Ok(_) => None,
            Err(error) => Some(Err(io::Error::other(error))),
        })
    });
    // An empty piece would be taken for the end.
    let has_some = |piece: &io::Result<Bytes>| {
        std::future::ready(!matches!(piece, Ok(bytes) if bytes.is_empty()))
    };
    StreamReader::new(pieces.filter(has_some))
}

/// Writes bytes as binary messages.
pub(super) struct Writer {
    sink: SplitSink<Socket, Message>,
}

impl Writer {
    /// Writes to a WebSocket's sink.
    pub(super) fn new(sink: SplitSink<Socket, Message>) -> Self {
        Self { sink }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.sink.poll_ready_unpin(cx)).map_err(io::Error::other)?;
        let part = &bytes[..bytes.len().min(MAX_MESSAGE_BYTES)];
        let message = Message::Binary(Bytes::copy_from_slice(part));
        let sent = self.sink.start_send_unpin(message);
        Poll::Ready(sent.map(|()| part.len()).map_err(io::Error::other))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sink.poll_flush_unpin(cx).map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sink.poll_close_unpin(cx).map_err(io::Error::other)
    }
}

/// Passes messages both ways until either side closes, whose words the other
/// hears.
pub(super) async fn pass_on(near: ws::WebSocket, far: Socket) {
    let (to_near, from_near) = near.split();
    let (to_far, from_far) = far.split();
    tokio::select! {
        () = copy(from_near, to_far, outward) => {}
        () = copy(from_far, to_near, inward) => {}
    }
}

async fn copy<A, B, E, F>(
    mut from: impl Stream<Item = Result<A, E>> + Unpin,
    mut to: impl Sink<B, Error = F> + Unpin,
    convert: impl Fn(A) -> Option<B>,
) {
    while let Some(Ok(message)) = from.next().await {
        let Some(message) = convert(message) else {
            continue;
        };
        if to.send(message).await.is_err() {
            return;
        }
    }
    let _ = to.close().await;
}

fn outward(message: ws::Message) -> Option<Message> {
    Some(match message {
        ws::Message::Binary(bytes) => Message::Binary(bytes),
        ws::Message::Text(text) => Message::Binary(Bytes::from(text)),
        ws::Message::Close(frame) => Message::Close(frame.map(|frame| CloseFrame {
            code: frame.code.into(),
            reason: frame.reason.as_str().into(),
        })),
        // Each side answers its own.
        ws::Message::Ping(_) | ws::Message::Pong(_) => return None,
    })
}

fn inward(message: Message) -> Option<ws::Message> {
    Some(match message {
        Message::Binary(bytes) => ws::Message::Binary(bytes),
        Message::Text(text) => ws::Message::Binary(Bytes::from(text)),
        Message::Close(frame) => ws::Message::Close(frame.map(|frame| ws::CloseFrame {
            code: frame.code.into(),
            reason: frame.reason.as_str().into(),
        })),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return None,
    })
}
