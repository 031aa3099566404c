//! Files, page ↔ project.
//!
//! **Path text.** A path is absolute; `~` and `~/…` mean the home directory in
//! requests. It is UTF-8 as is. Each byte that is not part of valid UTF-8 is
//! written as the character U+10FF00 + byte, and a genuine character
//! U+10FF00..=U+10FFFF byte by byte in the same way, so that every name is a
//! JSON string and comes back as it was. A page shows such characters as `�`.
//!
//! **Calls** are defined in [`super::methods::files`].
//!
//! **HTTP**, behind the door; a refusal's body is `{"error":{"code":404,…}}`:
//!
//! ```text
//! GET    /files/list?path=P            200 Listing, gzip when accepted
//! GET    /files/content?path=P[&max=N] 200 the bytes; 206 for a Range; 413 when larger than N
//!                                      ETag: "sha256" of whole files up to 32 MiB
//!                                      X-File-Mode (octal) X-File-Mtime (ms) X-File-Size X-File-Writable (1|0)
//! PUT    /files/content?path=P         200 Saved; 412 `changed` with {"error":…,"hash":…}; 507: the old file is intact
//!                                      If-Match: "sha256" | If-None-Match: * (must not exist)
//! POST   /files/ticket   TicketRequest 200 Ticket
//! GET    /files/get?ticket=T           200 or 206; needs the cookie, not the key
//! POST   /files/upload   UploadRequest 200 UploadPlace; 409 `exists`
//! PUT    /files/upload/ID?offset=N     200 UploadPlace; 409 `offset` when N is not where it stands
//! DELETE /files/upload/ID              200 {}
//! ```

use serde::Deserialize;
use serde::Serialize;

use super::call::Refusal;

/// A [`Refusal`]'s reason: something of that name is there already.
pub const EXISTS: &str = "exists";

/// A [`Refusal`]'s reason: the disk has other content than the page thinks.
pub const CHANGED: &str = "changed";

/// A [`Refusal`]'s reason: no trash can take it; it can only be deleted.
pub const NO_TRASH: &str = "no-trash";

/// A [`Refusal`]'s reason: an upload goes on elsewhere; ask where.
pub const OFFSET: &str = "offset";

/// What kind of thing a name is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A unix socket.
    Socket,
    /// A character device.
    Char,
    /// A block device.
    Block,
}

/// One name:
/// `{"name":"a.txt","kind":"file","size":5,"mtime":1795248000000,"mode":420,"link":null,"readable":true}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Entry {
    /// The last part of its path, as path text.
    pub name: String,
    /// What it is, a link itself.
    pub kind: Kind,
    /// Its length in bytes.
    pub size: u64,
    /// When its content changed, in milliseconds since 1970.
    pub mtime: i64,
    /// Its permission bits as a number: `0o644` is 420.
    pub mode: u32,
    /// Where it leads, of a symbolic link.
    pub link: Option<Link>,
    /// Whether this user may read it, or what it leads to.
    pub readable: bool,
}

/// Where a symbolic link leads: `{"to":"../b","kind":"directory"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Link {
    /// The link's own text, as path text.
    pub to: String,
    /// What is there; `null` when it leads nowhere, or in a circle.
    pub kind: Option<Kind>,
}

/// A directory's entries as columns of one length, in no order:
/// `{"path":"/home/u","generation":"1795248000.5","names":["a"],"kinds":"f","sizes":[5],"mtimes":[1795248000000],"modes":[420]}`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The directory, with `~` resolved.
    pub path: String,
    /// Equal while no name came, went or changed; compared, never parsed.
    pub generation: String,
    /// The names, as path text.
    pub names: Vec<String>,
    /// One letter each: `f`ile, `d`irectory, `l`ink, `L`ink to a directory,
    /// fifo `p`, `s`ocket, `c`har, `b`lock.
    pub kinds: String,
    /// Lengths in bytes; 0 where the directory may not be searched.
    pub sizes: Vec<u64>,
    /// In milliseconds since 1970.
    pub mtimes: Vec<i64>,
    /// Permission bits.
    pub modes: Vec<u32>,
}

/// A path: `{"path":"~/a.txt"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Place {
    /// As path text.
    pub path: String,
}

/// Asks for something new and empty: `{"path":"~/new","kind":"directory"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Create {
    /// Its path; missing parents are made.
    pub path: String,
    /// [`Kind::File`] or [`Kind::Directory`].
    pub kind: Kind,
}

/// Gives something another path on the same file system:
/// `{"from":"/a","to":"/b","overwrite":false}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rename {
    /// The old path.
    pub from: String,
    /// The new path.
    pub to: String,
    /// Whether a file at the new path may be replaced.
    #[serde(default)]
    pub overwrite: bool,
}

/// Asks to copy or move: `{"from":["/a","/b"],"to_dir":"/c"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Transfer {
    /// What.
    pub from: Vec<String>,
    /// Into which directory.
    pub to_dir: String,
}

/// Several paths: `{"paths":["/a"]}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Paths {
    /// As path text.
    pub paths: Vec<String>,
}

/// Several things in a trash: `{"ids":["/home/u/.local/share/Trash/info/a.trashinfo"]}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ids {
    /// From [`Trashed`].
    pub ids: Vec<String>,
}

/// What went into a trash, as far as it got:
/// `{"trashed":[{"path":"/a","id":"…"}],"error":null}`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Trashed {
    /// In the order of the request.
    pub trashed: Vec<TrashedItem>,
    /// Why the next one did not, when some did; the rest was not tried.
    pub error: Option<Refusal>,
}

/// One thing in a trash.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TrashedItem {
    /// Where it was.
    pub path: String,
    /// By which it is restored; good as long as the trash keeps it.
    pub id: String,
}

/// What came back from a trash: `{"restored":[{"path":"/a","entry":…}]}`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Restored {
    /// In the order of the request.
    pub restored: Vec<RestoredItem>,
}

/// One thing that came back.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RestoredItem {
    /// Where it is again.
    pub path: String,
    /// What it is.
    pub entry: Entry,
}

/// A job was started: `{"job":"k3f9a2"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Started {
    /// To ask after it.
    pub job: String,
}

/// Asks after a job, or ends it: `{"id":"k3f9a2","cancel":true}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct JobRequest {
    /// Which.
    pub id: String,
    /// Whether it shall stop; what it has made of the entry under way goes.
    #[serde(default)]
    pub cancel: bool,
}

/// How far a job is:
/// `{"state":"running","unit":"bytes","done":512,"total":1024,"paths":[],"error":null}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Job {
    /// Where it stands.
    pub state: JobState,
    /// What is counted.
    pub unit: JobUnit,
    /// How much is done.
    pub done: u64,
    /// Of how much; grows while it is being counted.
    pub total: u64,
    /// What a copy or move has made, complete, in the order of the request.
    pub paths: Vec<String>,
    /// Why it failed; a job that was cancelled has 499.
    pub error: Option<Refusal>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits or works.
    Running,
    /// All of it is done.
    Done,
    /// It stopped; what was complete stays.
    Failed,
}

/// What a job counts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum JobUnit {
    /// Bytes of files.
    Bytes,
    /// Files, directories and links.
    Entries,
}

/// What was saved: `{"hash":"9f86…","mtime":1795248000000,"size":4}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// The content's SHA-256 in hexadecimal, for the next `If-Match`.
    pub hash: String,
    /// In milliseconds since 1970.
    pub mtime: i64,
    /// In bytes.
    pub size: u64,
}

/// Asks for a URL that a browser may open by itself:
/// `{"path":"~/a.png","as":"preview"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TicketRequest {
    /// Of what.
    pub path: String,
    /// To what end.
    #[serde(rename = "as")]
    pub purpose: Purpose,
}

/// What a URL shall do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Saves the file, a directory as a zip archive; until it was sent whole.
    Download,
    /// Saves a directory or file as a zip archive; until it was sent whole.
    Archive,
    /// Shows an image, PDF, sound, film or text in place, for ten minutes.
    Preview,
}

/// A URL for [`TicketRequest`]: `{"url":"/files/get?ticket=abc…"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// On the origin of the page; begun within ten minutes.
    pub url: String,
}

/// Begins an upload, or finds where it stopped:
/// `{"path":"~/a.iso","size":1048576,"mtime":1795248000000,"overwrite":false}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct UploadRequest {
    /// Where the file shall be; missing parents are made.
    pub path: String,
    /// Its whole length in bytes.
    pub size: u64,
    /// What its time of change shall be, in milliseconds since 1970.
    #[serde(default)]
    pub mtime: Option<i64>,
    /// Whether a file that is there may be replaced.
    #[serde(default)]
    pub overwrite: bool,
}

/// Where an upload stands: `{"id":"a1b2…","offset":4096,"done":false,"entry":null}`.
///
/// Path, size and mtime together are one upload, also after a restart of the
/// server. A PUT at `offset == size` (an empty one, for an empty file) ends it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct UploadPlace {
    /// To send the bytes to.
    pub id: String,
    /// How many bytes are there.
    pub offset: u64,
    /// Whether the file is in its place.
    pub done: bool,
    /// The file, once it is.
    pub entry: Option<Entry>,
}

/// What is told of a watched path, spelled as it was asked for; one of the other fields is set.
///
/// ```text
/// {"path":P,"watching":true}                 from now on nothing is missed
/// {"path":P,"changed":[Entry…],"removed":["a"]}
/// {"path":P,"again":true}                    too much at once: list again
/// {"path":P,"gone":true}                     no such directory any more; the watch has ended
/// {"path":P,"polling":true,"why":"…"}        looked at every 2 s instead
/// {"path":P,"file":{"hash":"9f86…","mtime":1795248000000,"size":4}}, null when there is none
/// {"path":P,"error":{"code":403,"message":"…"}}   it cannot be watched
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WatchNews {
    /// What was asked for.
    pub path: String,
    /// What happened.
    #[serde(flatten)]
    pub event: WatchEvent,
}

/// What happened to something watched; see [`WatchNews`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum WatchEvent {
    /// Names came, changed or went, collected for 100 ms.
    Names {
        /// As they are now.
        changed: Vec<Entry>,
        /// Names that are not there any more.
        removed: Vec<String>,
    },
    /// The file is another one now; sent once at the beginning, too.
    File {
        /// `null` when there is none, or it is no regular file.
        file: Option<FileState>,
    },
    /// It is looked at every two seconds instead.
    Polling {
        /// Always true.
        polling: bool,
        /// A sentence for a person.
        why: String,
    },
    /// It is being watched.
    Watching {
        /// Always true.
        watching: bool,
    },
    /// Too much at once.
    Again {
        /// Always true.
        again: bool,
    },
    /// It is no more. Were it made again, that it is watched is told again.
    Gone {
        /// Always true.
        gone: bool,
    },
    /// It cannot be watched.
    Error {
        /// Why.
        error: Refusal,
    },
}

/// What a watched file is now: `{"hash":"9f86…","mtime":1795248000000,"size":4}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FileState {
    /// The content's SHA-256; `null` above 32 MiB, or when it is unreadable.
    pub hash: Option<String>,
    /// In milliseconds since 1970.
    pub mtime: i64,
    /// In bytes.
    pub size: u64,
}
