//! What the store says, as an answer to whoever asked.

use crate::protocol::call::Refusal;
use crate::store::error::Error;
use crate::sys::text;

/// Turns an error of the store into a refusal: what the other side can do
/// something about in its own words, the rest as 500 and in the log.
pub(super) fn refused(error: Error) -> Refusal {
    match error {
        Error::DiskFull { .. } => Refusal::new(
            507,
            "the server's disk is full, and nothing was kept; `df -h` shows which, make room first",
        ),
        Error::TooLarge { bytes } => {
            Refusal::new(413, format!("{bytes} bytes are too many at once"))
        }
        Error::Busy => Refusal::new(503, "the server has too much to do; try again"),
        Error::Closed => Refusal::new(503, "the server is ending"),
        error => {
            tracing::error!(
                error = text::with_causes(&error),
                "work on the database failed"
            );
            Refusal::new(500, "this failed inside the server; its log says why")
        }
    }
}
