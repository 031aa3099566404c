//! One stream of the mux, in tokio's terms.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::SEND_BUFFER;

/// One stream: bytes both ways, each way ended by itself.
///
/// `shutdown` ends the sending half; the other side reads an end of file.
/// Dropping a stream before that resets it: the other side's reads and writes
/// fail with `ConnectionReset` or `BrokenPipe`. `flush` does not wait: written
/// bytes are the driver's.
pub struct Stream {
    /// The receiving half.
    receive: Receive,
    /// Received and not read yet.
    unread: Bytes,
    /// The sending half.
    send: SendStream<Bytes>,
    /// The sending half was ended by us.
    is_shut: bool,
}

/// The receiving half: its body is known when the response was seen.
pub(super) enum Receive {
    /// The side that opened: the body comes with the response.
    Response(ResponseFuture),
    /// The side that accepted, or the response was seen.
    Body(RecvStream),
}

impl Stream {
    /// Makes a stream of the two halves that HTTP/2 gives.
    pub(super) fn new(receive: Receive, send: SendStream<Bytes>) -> Self {
        Self {
            receive,
            unread: Bytes::new(),
            send,
            is_shut: false,
        }
    }

    /// Receives the next piece; `None` at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, h2::Error>> {
        loop {
            match &mut self.receive {
                Receive::Response(response) => {
                    let response = ready!(Pin::new(response).poll(cx))?;
                    self.receive = Receive::Body(response.into_body());
                }
                Receive::Body(body) => {
                    let Some(piece) = ready!(body.poll_data(cx)).transpose()? else {
                        return Poll::Ready(Ok(None));
                    };
                    // Given back before it is read: the reader is one piece
                    // behind at most.
                    body.flow_control().release_capacity(piece.len())?;
                    return Poll::Ready(Ok(Some(piece)));
                }
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.poll_piece(cx)) {
                Ok(Some(piece)) => self.unread = piece,
                Ok(None) => return Poll::Ready(Ok(())),
                // RFC 9113 section 8.1: the whole answer was sent, and the
                // accepting side has no interest in the rest of ours.
                Err(error) if error.is_reset() && error.reason() == Some(Reason::NO_ERROR) => {
                    return Poll::Ready(Ok(()));
                }
                Err(error) => return Poll::Ready(Err(broken(error))),
            }
        }
        let count = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.is_shut {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.send.reserve_capacity(buf.len().min(SEND_BUFFER));
        while self.send.capacity() == 0 {
            match ready!(self.send.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let count = buf.len().min(self.send.capacity());
        let piece = Bytes::copy_from_slice(&buf[..count]);
        Poll::Ready(match self.send.send_data(piece, false) {
            Ok(()) => Ok(count),
            Err(error) => Err(broken(error)),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_shut {
            return Poll::Ready(Ok(()));
        }
        self.is_shut = true;
        let sent = self.send.send_data(Bytes::new(), true);
        Poll::Ready(sent.map_err(broken))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("id", &self.send.stream_id())
            .finish_non_exhaustive()
    }
}

/// An HTTP/2 error in the words of a socket's user.
fn broken(error: h2::Error) -> io::Error {
    let kind = if error.is_reset() {
        io::ErrorKind::ConnectionReset
    } else if error.is_io() || error.is_go_away() {
        io::ErrorKind::ConnectionAborted
    } else {
        io::ErrorKind::BrokenPipe
    };
    io::Error::new(kind, error)
}
