//! How a tunnel ends whose first connect failed.

use std::time::Duration;
use std::time::Instant;

use super::http::Pages;

/// How often in a row no page may be expected until none is waited for.
const LOOKS_IN_VAIN: u32 = 5;

/// How long a page that is there needs to show it.
const FAILURE_SEEN: Duration = Duration::from_secs(1);

/// How long from one look at the pages to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Waits until a page has shown a failure, or none will come; then the tunnel
/// ends.
pub(super) async fn show_failure(pages: &Pages, until: Instant) {
    let mut unexpected = 0;
    // A page spends its code a moment before it asks where things stand.
    while pages.watching() == 0 && unexpected < LOOKS_IN_VAIN && Instant::now() < until {
        unexpected = if pages.are_expected() {
            0
        } else {
            unexpected + 1
        };
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    if pages.watching() > 0 {
        tokio::time::sleep(FAILURE_SEEN).await;
    }
}
