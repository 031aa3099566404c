//! Uploads that go on where they stopped, in constant memory.
//!
//! What has arrived lies beside its target as `.NAME.ccp-part-ID`; its length
//! is the offset. The id is made of path, size and time of change, so that the
//! same request finds the part again after a lost network, a reload, and a
//! restart of the server, which needs to remember nothing. When all is there
//! it is put in place as a save is (see [`super::content::save`]).
//!
//! One request at a time sends bytes. One that begins the upload again, or
//! gives it up, ends that: the page which sent them may be gone, or may have
//! gone on to this without the server having heard that it hung up.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use futures::StreamExt;

use super::Files;
use super::calls::make_parents;
use super::content::condition::Condition;
use super::content::save;
use super::content::save::Draft;
use super::content::save::Failure;
use super::entry;
use super::hash;
use super::parts;
use super::refusal::refuse;
use super::turns::Turn;
use super::turns::Turns;
use crate::protocol::call::Refusal;
use crate::protocol::files::EXISTS;
use crate::protocol::files::OFFSET;
use crate::protocol::files::UploadPlace;
use crate::protocol::files::UploadRequest;
use crate::sys::disk::dir;
use crate::sys::disk::dir::Dir;
use crate::sys::disk::space;
use crate::sys::disk::stat::Stat;
use crate::sys::disk::temporary::Temporary;
use crate::sys::process;
use crate::web::bytes::stream;
use crate::web::bytes::stream::blocking;

/// How many hexadecimal digits an id has.
const ID_DIGITS: usize = 24;

/// The most uploads that are known; one that rests goes when one begins, and
/// is found again by asking for it.
const MAX_UPLOADS: usize = 4096;

/// The uploads that pages have begun or resumed; never held over an await.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashMap<String, Upload>>);

#[derive(Clone, Debug)]
struct Upload {
    /// The file that it will be, links resolved.
    target: PathBuf,
    id: String,
    size: u64,
    mtime: Option<i64>,
    condition: Condition,
    /// Whose bytes it takes; until they are on the disk, or it is in place.
    turns: Turns,
}

impl Uploads {
    /// Keeps an upload; one that is known already goes on as this one.
    fn remember(&self, mut upload: Upload) -> Upload {
        let Ok(mut all) = self.0.lock() else {
            return upload;
        };
        if let Some(known) = all.get(&upload.id) {
            upload.turns = known.turns.clone();
        } else if all.len() >= MAX_UPLOADS {
            let rests = all.values().find(|upload| upload.turns.are_free());
            if let Some(id) = rests.map(|upload| upload.id.clone()) {
                all.remove(&id);
            }
        }
        all.insert(upload.id.clone(), upload.clone());
        upload
    }

    fn forget(&self, id: &str) {
        if let Ok(mut all) = self.0.lock() {
            all.remove(id);
        }
    }

    fn find(&self, id: &str) -> Result<Upload, Refusal> {
        let all = self.0.lock().map_err(|_| unknown())?;
        all.get(id).cloned().ok_or_else(unknown)
    }
}

fn busy() -> Refusal {
    let text = "this file is being uploaded already; ask where it stands";
    Refusal::new(409, text).because(OFFSET)
}

fn unknown() -> Refusal {
    Refusal::new(404, "no such upload; begin it again to go on with it")
}

/// Begins an upload, or finds what has arrived of it.
///
/// # Errors
/// 409 `exists`, 507 when the disk has no room for it, 409 `offset` when what
/// was sent before does not get to the disk for 10 s, else as the system says.
pub(super) async fn begin(files: Arc<Files>, asked: UploadRequest) -> Result<UploadPlace, Refusal> {
    let finder = Arc::clone(&files);
    let upload = blocking(move || Upload::of(&finder, &asked)).await?;
    let upload = files.uploads.remember(upload);
    let turn = upload.turns.interrupt().await.ok_or_else(busy)?;
    blocking(move || {
        let place = upload.begin();
        drop(turn);
        place
    })
    .await
}

/// Takes bytes from `offset` on; the last ones put the file into its place.
///
/// # Errors
/// 404 when a server that was restarted since does not know the id, 409
/// `offset` when it stands elsewhere or another request sends, 507 when the
/// disk is full: what has arrived stays.
pub(super) async fn receive(
    files: Arc<Files>,
    id: String,
    offset: u64,
    body: Body,
) -> Result<UploadPlace, Refusal> {
    let opened = match files.uploads.find(&id) {
        Ok(upload) => blocking(move || Ok((upload.open_at(offset)?, upload))).await,
        Err(refusal) => Err(refusal),
    };
    let (part, upload) = match opened {
        Ok(opened) => opened,
        Err(refusal) => {
            stream::discard(body).await;
            return Err(refusal);
        }
    };
    let pieces = body
        .into_data_stream()
        .take_until(Box::pin(part.turn.interrupted()));
    let (part, ended) = stream::drain(pieces, part).await?;
    ended.map_err(|cut| cut.refusal(|error| refuse("upload", &upload.target, error)))?;
    if part.left > 0 {
        return Ok(UploadPlace {
            id,
            offset: upload.size - part.left,
            done: false,
            entry: None,
        });
    }
    blocking(move || {
        let place = upload.put_in_place(part.file, &files)?;
        files.uploads.forget(&place.id);
        drop(part.turn);
        Ok(place)
    })
    .await
}

/// Forgets an upload and what has arrived of it, also while it arrives.
///
/// # Errors
/// 404, 409 when its last bytes do not get to the disk for 10 s, else as the
/// system says.
pub(super) async fn cancel(files: Arc<Files>, id: String) -> Result<(), Refusal> {
    let upload = files.uploads.find(&id)?;
    let turn = upload.turns.interrupt().await.ok_or_else(busy)?;
    blocking(move || {
        upload.remove()?;
        files.uploads.forget(&upload.id);
        drop(turn);
        Ok(())
    })
    .await
}

/// A part that bytes are added to, no more than it lacks.
struct Part {
    file: File,
    left: u64,
    turn: Turn,
}

impl Write for Part {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() as u64 > self.left {
            let text = "there are more bytes than the upload's size";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let written = self.file.write(piece)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload {
    /// Finds where it is to go, and makes the directories on the way.
    fn of(files: &Files, asked: &UploadRequest) -> Result<Self, Refusal> {
        let path = files.path(&asked.path)?;
        make_parents(&path, path.parent().unwrap_or(Path::new("/")))?;
        let target = save::resolve(&path).map_err(|error| refuse("upload", &path, &error))?;
        Ok(Self {
            id: id(&target, asked),
            target,
            size: asked.size,
            mtime: asked.mtime,
            condition: match asked.overwrite {
                true => Condition::None,
                false => Condition::Absent,
            },
            turns: Turns::default(),
        })
    }

    /// Makes its part or finds it, if the file may go there.
    fn begin(self) -> Result<UploadPlace, Refusal> {
        let failed = |error: io::Error| refuse("upload", &self.target, &error);
        if save::existing(&self.target).map_err(failed)?.is_some() {
            if matches!(self.condition, Condition::Absent) {
                return Err(failed(io::ErrorKind::AlreadyExists.into()));
            }
            dir::check_writable(&self.target).map_err(failed)?;
        }
        let (folder, name) = self.place();
        let dir = Dir::locate(folder).map_err(failed)?;
        let (_, offset) = self.open_or_make(&dir, name).map_err(failed)?;
        let room = space::available(folder).map_err(failed)?;
        if room < self.size - offset {
            // What has arrived stays, for when there is room.
            if offset == 0 {
                self.remove()?;
            }
            return Err(failed(io::ErrorKind::StorageFull.into()));
        }
        Ok(UploadPlace {
            id: self.id,
            offset,
            done: false,
            entry: None,
        })
    }

    fn remove(&self) -> Result<(), Refusal> {
        let (folder, name) = self.place();
        let part = parts::named(name, &self.id);
        match Dir::locate(folder).and_then(|dir| dir.remove_in(&part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(refuse("forget the upload of", &self.target, &error))
            }
            _ => Ok(()),
        }
    }

    fn place(&self) -> (&Path, &OsStr) {
        let folder = self.target.parent().unwrap_or(Path::new("/"));
        (folder, self.target.file_name().unwrap_or_default())
    }

    /// Opens the part, made if it is missing; returns how much has arrived.
    fn open_or_make(&self, dir: &Dir, name: &OsStr) -> io::Result<(File, u64)> {
        let part = parts::named(name, &self.id);
        match dir.create_in(&part, 0o666) {
            Ok(file) => return Ok((file, 0)),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        let (file, stat) = self.reopen(dir, name)?;
        Ok((file, stat.size))
    }

    /// Opens the part that is there; nobody else may have put it there.
    fn reopen(&self, dir: &Dir, name: &OsStr) -> io::Result<(File, Stat)> {
        let (file, stat) = dir.reopen_in(&parts::named(name, &self.id))?;
        let is_ours = stat.uid == process::uid() && stat.links == 1;
        match is_ours && stat.size <= self.size {
            true => Ok((file, stat)),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    fn open_at(&self, offset: u64) -> Result<Part, Refusal> {
        let failed = |error: io::Error| refuse("upload", &self.target, &error);
        let turn = self.turns.take_free().ok_or_else(busy)?;
        let (folder, name) = self.place();
        let dir = Dir::locate(folder).map_err(failed)?;
        let (mut file, arrived) = self.open_or_make(&dir, name).map_err(failed)?;
        if arrived != offset {
            let text = format!("{arrived} bytes have arrived, not {offset}");
            return Err(Refusal::new(409, text).because(OFFSET));
        }
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let left = self.size - offset;
        Ok(Part { file, left, turn })
    }

    fn put_in_place(self, file: File, files: &Files) -> Result<UploadPlace, Refusal> {
        let failed = |error: io::Error| refuse("upload", &self.target, &error);
        let (folder, name) = self.place();
        let dir = Dir::locate(folder).map_err(failed)?;
        let time = self.mtime.and_then(|time| u64::try_from(time).ok());
        if let Some(time) = time.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))) {
            file.set_modified(time).map_err(failed)?;
        }
        let part = Temporary::adopt(dir, file, &parts::named(name, &self.id));
        let draft = Draft::of(self.target.clone(), part);
        let committed = draft.commit(&self.condition, &files.saving, &files.undo);
        committed.map_err(|failure| match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Changed { .. } => failed(io::ErrorKind::AlreadyExists.into()).because(EXISTS),
        })?;
        Ok(UploadPlace {
            entry: Some(entry::at(&self.target).map_err(failed)?),
            id: self.id,
            offset: self.size,
            done: true,
        })
    }
}

/// Says whether this may be an upload's id.
pub(super) fn is_id(word: &[u8]) -> bool {
    word.len() == ID_DIGITS && word.iter().all(|digit| b"0123456789abcdef".contains(digit))
}

/// Names an upload, the same whenever it is asked for.
fn id(target: &Path, asked: &UploadRequest) -> String {
    let mut told = target.as_os_str().as_bytes().to_vec();
    told.push(0);
    told.extend(asked.size.to_le_bytes());
    told.extend(asked.mtime.unwrap_or(-1).to_le_bytes());
    let mut hash = hash::of_bytes(&told);
    hash.truncate(ID_DIGITS);
    hash
}
