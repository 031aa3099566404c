//! Reading and writing a client's connection, and the next one.

use std::sync::Weak;
use std::time::Duration;

use bytes::Buf;
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::dial::Dial;
use super::dial::Dialled;
use super::shared::Shared;
use crate::messaging::wire::heard;

/// Connects, and again, until there is nobody to connect for or to.
pub(super) async fn run<D: Dial>(
    client: Weak<Shared>,
    mut written: mpsc::Receiver<Vec<u8>>,
    mut dial: D,
) {
    while client.strong_count() > 0 {
        let (reader, writer) = match dial.dial().await {
            Dialled::Connected(reader, writer) => (reader, writer),
            Dialled::Failed => continue,
            Dialled::NoMore => break,
        };
        let Some(greeting) = client.upgrade().map(|shared| shared.greeting()) else {
            return;
        };
        tokio::select! {
            over = write(greeting, &mut written, &client, writer) => if over == Over::ForGood {
                return;
            },
            () = read(reader, &client, D::SILENCE) => {}
        }
        if let Some(shared) = client.upgrade() {
            shared.open().inboxes.clear();
        }
    }
    if let Some(shared) = client.upgrade() {
        shared.end();
    }
}

/// Whether there is more to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Elsewhere: this connection takes nothing any more.
    Here,
    /// Nobody can send more.
    ForGood,
}

/// Writes what waits, as much at once as there is.
async fn write<W>(
    first: Vec<u8>,
    waiting: &mut mpsc::Receiver<Vec<u8>>,
    client: &Weak<Shared>,
    mut writer: W,
) -> Over
where
    W: AsyncWrite + Unpin,
{
    let mut batch = first;
    loop {
        if writer.write_all(&batch).await.is_err() || writer.flush().await.is_err() {
            return Over::Here;
        }
        let Some(next) = waiting.recv().await else {
            let _ = writer.shutdown().await;
            return Over::ForGood;
        };
        batch = next;
        while let Ok(more) = waiting.try_recv() {
            batch.extend_from_slice(&more);
        }
        if let Some(shared) = client.upgrade() {
            batch.append(&mut shared.open().overflow);
        }
    }
}

/// Passes on what a server says until it ends.
///
/// One that says nothing for as long as `silence`, and then for as long again
/// after a question, has ended without a word.
async fn read<R>(mut reader: R, client: &Weak<Shared>, silence: Option<Duration>)
where
    R: AsyncRead + Unpin,
{
    let mut buffer = BytesMut::new();
    let mut was_asked = false;
    loop {
        match heard::parse(&buffer) {
            Ok(Some((heard, used))) => {
                buffer.advance(used);
                let Some(shared) = client.upgrade() else {
                    continue;
                };
                shared.take(heard);
            }
            Ok(None) => match within(silence, reader.read_buf(&mut buffer)).await {
                Some(Ok(0) | Err(_)) => return,
                Some(Ok(_)) => was_asked = false,
                None if was_asked => return tracing::info!("the bus is silent"),
                None => {
                    was_asked = true;
                    let shared = client.upgrade();
                    // A queue that is full is a question too.
                    shared.map(|shared| shared.writes.try_send(b"PING\r\n".to_vec()));
                }
            },
            Err(line) => return tracing::warn!(line, "the bus says what is not understood"),
        }
    }
}

/// Waits no longer than `limit`, if there is one.
async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}
