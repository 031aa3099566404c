//! The trash of the freedesktop specification, version 1.0, which desktops and
//! `gio trash` share.
//!
//! `~/.local/share/Trash` for what lies on the file system of the home, else
//! `$topdir/.Trash/$uid` or `$topdir/.Trash-$uid` where the file system is
//! mounted, each with the checks that the specification demands. What is put
//! there is renamed, never copied; where no trash can take it, that is said.
//! The cache of directory sizes, which is optional, is not kept.
//!
//! | file | owns |
//! | --- | --- |
//! | [`can`] | putting something into a trash, and bringing it back |
//! | [`info`] | the descriptions in a trash |

pub(super) mod can;
mod info;
