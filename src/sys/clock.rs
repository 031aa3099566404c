//! Wall time.
#![expect(clippy::disallowed_methods, reason = "the one owner of the wall clock")]
#![expect(unsafe_code, reason = "the local time zone has no safe interface")]

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Milliseconds since 1970, UTC; 0 for a clock set before that.
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The time in UTC, `2026-11-21T12:00:00Z`.
pub fn utc() -> String {
    format!("{}Z", written(&broken_down(libc::gmtime_r)))
}

/// The time on this machine's wall, `2026-11-21T12:00:00`, in its time zone.
pub fn local() -> String {
    written(&broken_down(libc::localtime_r))
}

fn written(tm: &libc::tm) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        tm.tm_year + 1900,
        tm.tm_mon + 1,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec
    )
}

/// The time in UTC, as a part of a file's name: `20261121T120000Z`.
pub fn utc_compact() -> String {
    let tm = broken_down(libc::gmtime_r);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        tm.tm_year + 1900,
        tm.tm_mon + 1,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec
    )
}

/// `localtime_r` or `gmtime_r`.
type Converter = unsafe extern "C" fn(*const libc::time_t, *mut libc::tm) -> *mut libc::tm;

fn broken_down(convert: Converter) -> libc::tm {
    let seconds = libc::time_t::try_from(now_ms() / 1000).unwrap_or_default();
    // SAFETY: an all-zero `tm` is a valid one (a null zone name among it), and
    // both pointers are to locals that outlive the call.
    unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        convert(&raw const seconds, &raw mut tm);
        tm
    }
}
