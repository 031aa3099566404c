//! What a browser opens by itself: downloads, archives, previews.
//!
//! | file | owns |
//! | --- | --- |
//! | [`ticket`] | the URLs' tickets |
//! | [`get`] | files, to be saved or shown |
//! | [`archive`] | directories, as zip archives |

pub(super) mod archive;
pub(super) mod get;
pub(super) mod ticket;
