//! Parts of a file: the `Range` header of RFC 9110 section 14.

use axum::http::HeaderMap;
use axum::http::header;

/// Which bytes of a file a response has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    Whole,
    /// From the first up to the second, which is not among them.
    Part(u64, u64),
    /// Some that the file does not have.
    Beyond,
}

/// Reads which bytes a request wants of a file that has `size`.
///
/// Several ranges at once, and what is not understood, count as no range; so
/// does one that continues another version than `tag`.
pub fn wanted(headers: &HeaderMap, size: u64, tag: Option<&str>) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_other = text(header::IF_RANGE).is_some_and(|known| Some(known) != tag);
    match text(header::RANGE) {
        Some(range) if !is_other => parse(range, size).unwrap_or(Wanted::Whole),
        _ => Wanted::Whole,
    }
}

fn parse(range: &str, size: u64) -> Option<Wanted> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let part = match (first, last) {
        ("", last) => {
            let count: u64 = last.parse().ok()?;
            (size.saturating_sub(count), size)
        }
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some(match part {
        (first, end) if first < end => Wanted::Part(first, end),
        _ => Wanted::Beyond,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0, 1)),
            ("bytes=2-", Wanted::Part(2, 10)),
            ("bytes=-3", Wanted::Part(7, 10)),
            ("bytes=-30", Wanted::Part(0, 10)),
            ("bytes=5-99", Wanted::Part(5, 10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
            assert_eq!(wanted(&headers, 10, None), expected, "{range}");
        }
    }

    #[test]
    fn another_version_is_sent_whole() {
        let mut headers = HeaderMap::from_iter([(header::RANGE, "bytes=5-".parse().unwrap())]);
        headers.insert(header::IF_RANGE, "\"old\"".parse().unwrap());
        assert_eq!(wanted(&headers, 10, Some("\"new\"")), Wanted::Whole);
        assert_eq!(wanted(&headers, 10, Some("\"old\"")), Wanted::Part(5, 10));
    }
}
