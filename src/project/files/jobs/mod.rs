//! Copying, moving and deleting, which may take long.
//!
//! | file | owns |
//! | --- | --- |
//! | [`job`] | beginning, following and ending a job |
//! | [`transfer`] | what the jobs do with the paths of a request |
//! | [`tree`] | whole trees, by descriptor |

pub(super) mod job;
pub(super) mod transfer;
pub(super) mod tree;
