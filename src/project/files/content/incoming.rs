//! A save's new content on its way from the request to the disk.

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use sha2::Digest;
use sha2::Sha256;

use super::condition::Condition;
use super::save::Draft;
use super::save::Failure;
use crate::project::files::Files;
use crate::project::files::hash;
use crate::project::files::refusal::refuse;
use crate::protocol::files::Saved;
use crate::web::bytes::stream;
use crate::web::bytes::stream::blocking;

/// Writes, hashes and counts.
struct Incoming {
    draft: Draft,
    hasher: Sha256,
    size: u64,
}

impl Write for Incoming {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.draft.file().write(piece)?;
        self.hasher.update(&piece[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Saves a request's body as the file that a path leads to.
///
/// # Errors
/// [`Failure`]; the old content is intact then.
pub(in crate::project::files) async fn save(
    files: Arc<Files>,
    path: PathBuf,
    condition: Condition,
    body: Body,
) -> Result<Saved, Failure> {
    let (at, begun) = (path.clone(), Arc::clone(&files));
    let draft = match blocking(move || Draft::begin(&at, &begun.undo)).await {
        Ok(draft) => draft,
        Err(refusal) => {
            stream::discard(body).await;
            return Err(refusal.into());
        }
    };
    let incoming = Incoming {
        draft,
        hasher: Sha256::new(),
        size: 0,
    };
    let (incoming, ended) = stream::drain(body.into_data_stream(), incoming).await?;
    ended.map_err(|cut| cut.refusal(|error| refuse("save", &path, error)))?;
    let Incoming {
        draft,
        hasher,
        size,
    } = incoming;
    let committed = blocking(move || Ok(draft.commit(&condition, &files.saving, &files.undo)));
    let saved = committed.await??;
    Ok(Saved {
        hash: hash::hex(hasher),
        mtime: saved.modified_ms(),
        size,
    })
}
