//! Typing into a terminal from a program.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::time::timeout;

use super::client;
use super::error::Error;
use super::wire::FrameReader;
use super::wire::FrameWriter;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::VERSION;
use crate::sys::secret;

/// How much is on its way to the pty at once.
const PIECE_BYTES: usize = 4 << 10;

/// How long a program may read nothing of what is typed.
const STALL_DEADLINE: Duration = Duration::from_secs(30);

/// Types everything that `input` says, and waits until the pty has it.
///
/// Returns how many bytes that were. The client takes no part in the size.
///
/// # Errors
/// Those of [`client::connect`]; [`Error::Stalled`] when the program reads
/// nothing for 30 s, [`Error::Ended`] when it has ended, or what `input` says:
/// what was typed by then stays typed.
pub async fn type_all(
    dir: &Path,
    id: &str,
    mut input: impl AsyncRead + Unpin,
) -> Result<u64, Error> {
    let socket = client::socket_path(dir, id)?;
    let hello = ClientHello {
        version: VERSION,
        client: secret::word(16),
        cols: 0,
        rows: 0,
        resume: None,
        layout: None,
    };
    let (_, mut reader, mut writer) = client::connect(&socket, &hello).await?;
    let mut seq = 0;
    loop {
        let mut bytes = Vec::with_capacity(PIECE_BYTES);
        let read = input.read_buf(&mut bytes).await;
        if read.map_err(Error::file("stdin"))? == 0 {
            return Ok(seq);
        }
        let end = seq + bytes.len() as u64;
        writer.send(&Frame::Data { seq, bytes }).await?;
        let taking = taken(&mut reader, &mut writer, end);
        let stalled = |_| Error::Stalled { taken: seq };
        timeout(STALL_DEADLINE, taking).await.map_err(stalled)??;
        seq = end;
    }
}

/// Waits until the pty has taken everything up to a position.
async fn taken(
    reader: &mut FrameReader<OwnedReadHalf>,
    writer: &mut FrameWriter<OwnedWriteHalf>,
    end: u64,
) -> Result<(), Error> {
    loop {
        let drawn = match reader.next().await?.ok_or(Error::Vanished)? {
            Frame::Ack { seq } if seq >= end => return Ok(()),
            Frame::Exit(exit) => return Err(Error::Ended(exit)),
            Frame::Refused(refused) => return Err(Error::Refused(refused)),
            Frame::Replay { seq, .. } => seq,
            Frame::Data { seq, bytes } => seq + bytes.len() as u64,
            _ => continue,
        };
        writer.send(&Frame::Ack { seq: drawn }).await?;
    }
}
