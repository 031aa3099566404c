//! Files as the system keeps them: by descriptor, without following links.
//!
//! Whoever walks a tree holds the directory open and names its entries, so
//! that nobody can put a symbolic link in the way between two looks.
//!
//! | file | owns |
//! | --- | --- |
//! | [`copying`] | content from file to file, as the file system does it best |
//! | [`dir`] | an open directory and what is done to its entries |
//! | [`network`] | who keeps a file system: this machine or another |
//! | [`space`] | room on a disk |
//! | [`stat`] | what a name is: kind, size, times, owner |
//! | [`temporary`] | a new file that appears whole, in place of the old |
//! | [`watch`] | being told what changes |

pub mod copying;
pub mod dir;
pub mod network;
pub mod space;
pub mod stat;
pub mod temporary;
pub mod watch;
