//! `files.watch`: what changes while somebody looks.
//!
//! One task for each path that somebody watches. The tasks share one inotify
//! descriptor; where that is used up, or the file system is one that
//! other machines change too, a task looks at its path every two seconds.
//!
//! | file | owns |
//! | --- | --- |
//! | [`watcher`] | the descriptor, and who waits for which directory |
//! | [`inbox`] | what happened since a task last looked |
//! | [`directory`], [`file`] | the task of a directory, of a file |
//! | [`source`] | when a task looks |
//! | [`news`] | what is told to whoever asked |

mod directory;
mod file;
mod inbox;
mod news;
mod source;
pub(super) mod watcher;

use std::time::Duration;

pub(super) use news::of;

/// How long changes are collected before they are told.
const COLLECT: Duration = Duration::from_millis(100);

/// How long nothing more is told of a directory that changes too fast.
const REST: Duration = Duration::from_secs(1);

/// How often a path is looked at that nobody tells about.
const LOOK: Duration = Duration::from_secs(2);

/// How many times longer than a look takes the next one waits.
const LOOK_SHARE: u32 = 20;
