//! Bytes from and to requests, in constant memory.
//!
//! A disk is read and written by a thread of its own, a few pieces ahead of
//! the network or behind it; a side that is slow makes the other wait.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use futures::Stream;
use futures::StreamExt;
use tokio::sync::mpsc;

use crate::protocol::call::Refusal;

/// How much is read from a file at a time.
const PIECE_BYTES: usize = 256 << 10;

/// How many pieces wait between disk and network.
const MAX_WAITING: usize = 8;

/// How much of a refused body is read: more than a page sends at a time.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// How long a refused body is read.
const DISCARD_DEADLINE: Duration = Duration::from_secs(10);

/// The sending end of a response's body, for a thread that may block.
pub struct Sender(mpsc::Sender<io::Result<Bytes>>);

impl Sender {
    /// Waits until there is room, and sends a piece.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] when nobody reads any more.
    pub fn send(&self, piece: Bytes) -> io::Result<()> {
        self.0
            .blocking_send(Ok(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Makes a body of what a thread of its own sends; an error cuts it off, so
/// that the reader sees that it is not whole.
pub fn body<F>(produce: F) -> Body
where
    F: FnOnce(&Sender) -> io::Result<()> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(MAX_WAITING);
    tokio::task::spawn_blocking(move || {
        let sender = Sender(sender);
        if let Err(error) = produce(&sender) {
            tracing::debug!(%error, "a response was cut off");
            // Nobody listens when that is why.
            let _ = sender.0.blocking_send(Err(error));
        }
    });
    Body::from_stream(futures::stream::poll_fn(move |context| {
        receiver.poll_recv(context)
    }))
}

/// Sends `length` bytes of a file from where it stands; what is appended
/// meanwhile is not sent.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the file became shorter meanwhile.
pub fn send_file(sender: &Sender, file: &mut File, length: u64) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let size = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let mut piece = Vec::with_capacity(size);
        let read = Read::by_ref(file)
            .take(size as u64)
            .read_to_end(&mut piece)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= read as u64;
        sender.send(piece.into())?;
    }
    Ok(())
}

/// Why a request's body was not taken to its end.
pub enum Cut<E> {
    /// The other side went away, or sent what it should not.
    Sender(E),
    /// The disk did not take it.
    Disk(io::Error),
}

impl Cut<axum::Error> {
    /// What the other side, if it is there, is told.
    pub fn refusal(self, disk: impl FnOnce(&io::Error) -> Refusal) -> Refusal {
        match self {
            Self::Sender(_) => Refusal::new(400, "the request ended before its body did"),
            Self::Disk(error) => disk(&error),
        }
    }
}

/// Writes the pieces of a request's body to `sink`, on a thread of its own;
/// returns the sink and how it ended. What has arrived before the other side
/// went away is written.
///
/// # Errors
/// 500 when the thread was lost, with the sink.
pub async fn drain<S, E, W>(mut pieces: S, mut sink: W) -> Result<(W, Result<(), Cut<E>>), Refusal>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    W: Write + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel::<Bytes>(MAX_WAITING);
    let writing = blocking(move || {
        while let Some(piece) = receiver.blocking_recv() {
            if let Err(error) = sink.write_all(&piece) {
                return Ok((sink, Err(error)));
            }
        }
        Ok((sink, Ok(())))
    });
    let reading = async move {
        while let Some(piece) = pieces.next().await {
            // Closed: the disk says why.
            if sender.send(piece.map_err(Cut::Sender)?).await.is_err() {
                discard_rest(pieces).await;
                break;
            }
        }
        Ok(())
    };
    let (read, written) = tokio::join!(reading, writing);
    let (sink, written) = written?;
    Ok((sink, written.map_err(Cut::Disk).and(read)))
}

/// Does what may wait for a disk on a thread of its own.
///
/// # Errors
/// Those of the work, and 500 when it panics.
pub async fn blocking<T, F>(work: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Refusal> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "work on files panicked");
            Err(Refusal::new(500, "this failed inside the server"))
        })
}

/// Reads the body of a request that is refused, so that the other side is
/// still there to read why: a browser that cannot send any more often does
/// not look at the answer.
pub async fn discard(body: Body) {
    discard_rest(body.into_data_stream()).await;
}

async fn discard_rest<S, E>(mut pieces: S)
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut length = 0;
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            length += piece.len();
            if length > MAX_DISCARDED_BYTES {
                return;
            }
        }
    };
    // A side that is as slow as that may as well not be told.
    let _ = tokio::time::timeout(DISCARD_DEADLINE, reading).await;
}
