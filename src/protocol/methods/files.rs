//! Files and directories. Paths are path text; `~` is the home.

use super::Nothing;
use super::methods;
use crate::protocol::files as shapes;
use crate::protocol::files::Entry;
use crate::protocol::files::Ids;
use crate::protocol::files::JobRequest;
use crate::protocol::files::Paths;
use crate::protocol::files::Place;
use crate::protocol::files::Restored;
use crate::protocol::files::Started;
use crate::protocol::files::Transfer;
use crate::protocol::files::Trashed;

methods! {
    /// Tells where the home directory is.
    Home = "files.home", Reads, 20 s: Nothing => One Place;

    /// Describes what is at a path, a link itself; 404 when nothing is.
    Stat = "files.stat", Reads, 20 s: Place => One Entry;

    /// Makes an empty file or a directory, and the directories above it.
    /// 409 `exists` when something is there.
    Create = "files.create", Changes, 20 s: shapes::Create => One Entry;

    /// Gives something another path on the same file system. 409 `exists`
    /// when something is there.
    Rename = "files.rename", Changes, 20 s: shapes::Rename => One Entry;

    /// Begins to copy into a directory; ask after the job with `files.job`.
    Copy = "files.copy", Changes, 20 s: Transfer => One Started;

    /// Begins to move into a directory; ask after the job with `files.job`.
    Move = "files.move", Changes, 20 s: Transfer => One Started;

    /// Begins to delete for good; ask after the job with `files.job`.
    Delete = "files.delete", Changes, 20 s: Paths => One Started;

    /// Puts into the trash, one after the other, up to the first that does not
    /// go. 409 `no-trash` where there is none for the very first.
    Trash = "files.trash", Changes, 20 s: Paths => One Trashed;

    /// Brings back from the trash. 409 `exists` when something is there.
    Restore = "files.restore", Changes, 20 s: Ids => One Restored;

    /// Tells how far a job is, or stops it; 404 when it is not known (any more).
    Job = "files.job", Changes, 20 s: JobRequest => One shapes::Job;

    /// Tells what changes at a directory or file from now on. List when the
    /// first news has come: what changed before that is told to nobody.
    Watch = "files.watch", Reads, 20 s: Place => Many shapes::WatchNews;
}
