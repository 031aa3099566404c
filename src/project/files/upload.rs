//! Uploads that go on where they stopped, in constant memory.
//!
//! What has arrived lies beside its target as `.NAME.ccp-part-ID`; its length
//! is the offset. The id is made of path, size and time of change, so that the
//! same request finds the part again after a lost network, a reload, and a
//! restart of the server, which needs to remember nothing. When all is there
//! it is put in place as a save is (see [`super::content::save`]).

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

use super::Files;
use super::blocking;
use super::calls::make_parents;
use super::content::condition::Condition;
use super::content::save;
use super::content::save::Draft;
use super::content::save::Failure;
use super::entry;
use super::hash;
use super::parts;
use super::refusal::refuse;
use super::stream;
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
    is_busy: bool,
}

/// An upload whose bytes are arriving; nobody else may send any meanwhile.
struct Busy {
    files: Arc<Files>,
    upload: Upload,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(mut all) = self.files.uploads.0.lock()
            && let Some(upload) = all.get_mut(&self.upload.id)
        {
            upload.is_busy = false;
        }
    }
}

impl Uploads {
    fn remember(&self, upload: Upload) {
        let Ok(mut all) = self.0.lock() else { return };
        if let Some(known) = all.get_mut(&upload.id) {
            known.condition = upload.condition;
            return;
        }
        if all.len() >= MAX_UPLOADS {
            let rests = all.values().find(|upload| !upload.is_busy);
            if let Some(id) = rests.map(|upload| upload.id.clone()) {
                all.remove(&id);
            }
        }
        all.insert(upload.id.clone(), upload);
    }

    fn forget(&self, id: &str) {
        if let Ok(mut all) = self.0.lock() {
            all.remove(id);
        }
    }

    fn take(files: &Arc<Files>, id: &str) -> Result<Busy, Refusal> {
        let mut all = files.uploads.0.lock().map_err(|_| unknown())?;
        let upload = all.get_mut(id).ok_or_else(unknown)?;
        if upload.is_busy {
            let text = "this file is being uploaded already; ask where it stands";
            return Err(Refusal::new(409, text).because(OFFSET));
        }
        upload.is_busy = true;
        Ok(Busy {
            files: Arc::clone(files),
            upload: upload.clone(),
        })
    }
}

fn unknown() -> Refusal {
    Refusal::new(404, "no such upload; begin it again to go on with it")
}

/// Begins an upload, or finds what has arrived of it.
///
/// # Errors
/// 409 `exists`, 507 when the disk has no room for it, else as the system says.
pub(super) fn begin(files: &Files, asked: &UploadRequest) -> Result<UploadPlace, Refusal> {
    let path = files.path(&asked.path)?;
    let failed = |error: io::Error| refuse("upload", &path, &error);
    make_parents(&path, path.parent().unwrap_or(Path::new("/")))?;
    let target = save::resolve(&path).map_err(failed)?;
    if save::existing(&target).map_err(failed)?.is_some() {
        if !asked.overwrite {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        dir::check_writable(&target).map_err(failed)?;
    }
    let upload = Upload {
        id: id(&target, asked),
        target,
        size: asked.size,
        mtime: asked.mtime,
        condition: match asked.overwrite {
            true => Condition::None,
            false => Condition::Absent,
        },
        is_busy: false,
    };
    let (folder, name) = upload.place();
    let dir = Dir::locate(folder).map_err(failed)?;
    let (_, offset) = upload.open_or_make(&dir, name).map_err(failed)?;
    let room = space::available(folder).map_err(failed)?;
    if room < asked.size - offset {
        return Err(failed(io::ErrorKind::StorageFull.into()));
    }
    let id = upload.id.clone();
    files.uploads.remember(upload);
    Ok(UploadPlace {
        id,
        offset,
        done: false,
        entry: None,
    })
}

/// Takes bytes from `offset` on; the last ones put the file into its place.
///
/// # Errors
/// 404 when a server that was restarted since does not know the id, 409
/// `offset` when it stands elsewhere, 507 when the disk is full: what has
/// arrived stays.
pub(super) async fn receive(
    files: Arc<Files>,
    id: String,
    offset: u64,
    body: Body,
) -> Result<UploadPlace, Refusal> {
    let opened = match Uploads::take(&files, &id) {
        Ok(busy) => {
            let upload = busy.upload.clone();
            let opened = blocking(move || upload.open_at(offset)).await;
            opened.map(|part| (busy, part))
        }
        Err(refusal) => Err(refusal),
    };
    let (busy, part) = match opened {
        Ok(opened) => opened,
        Err(refusal) => {
            stream::discard(body).await;
            return Err(refusal);
        }
    };
    let (part, ended) = stream::drain(body, part).await?;
    let upload = busy.upload.clone();
    ended.map_err(|cut| cut.refusal(|error| refuse("upload", &upload.target, error)))?;
    if part.left > 0 {
        return Ok(UploadPlace {
            id,
            offset: upload.size - part.left,
            done: false,
            entry: None,
        });
    }
    let place = blocking(move || upload.put_in_place(part.file, &busy.files)).await?;
    files.uploads.forget(&id);
    Ok(place)
}

/// Forgets an upload and what has arrived of it.
///
/// # Errors
/// 404, 409 while it arrives, else as the system says.
pub(super) fn cancel(files: &Arc<Files>, id: &str) -> Result<(), Refusal> {
    let busy = Uploads::take(files, id)?;
    let (folder, name) = busy.upload.place();
    let part = parts::named(name, id);
    let removed = Dir::locate(folder).and_then(|dir| dir.remove_in(&part));
    if let Err(error) = removed
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(refuse("forget the upload of", &busy.upload.target, &error));
    }
    files.uploads.forget(id);
    Ok(())
}

/// A part that bytes are added to, no more than it lacks.
struct Part {
    file: File,
    left: u64,
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
        let (folder, name) = self.place();
        let dir = Dir::locate(folder).map_err(failed)?;
        let (mut file, arrived) = self.open_or_make(&dir, name).map_err(failed)?;
        if arrived != offset {
            let text = format!("{arrived} bytes have arrived, not {offset}");
            return Err(Refusal::new(409, text).because(OFFSET));
        }
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let left = self.size - offset;
        Ok(Part { file, left })
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
