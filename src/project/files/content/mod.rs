//! Reading a file for an editor, and replacing it, never by halves.
//!
//! | file | owns |
//! | --- | --- |
//! | [`read`] | a file's bytes, with what a save needs to know |
//! | [`condition`] | what a save expects to replace |
//! | [`incoming`] | the new content, from the request to the disk |
//! | [`save`] | putting it into its place by a rename |
//! | [`in_place`] | overwriting where a rename would do harm |

pub(super) mod condition;
pub(super) mod in_place;
pub(super) mod incoming;
pub(super) mod read;
pub(super) mod save;
