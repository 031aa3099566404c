//! What a save expects to replace: `If-Match` and `If-None-Match`.

use axum::http::HeaderMap;
use axum::http::header;

use crate::protocol::call::Refusal;

/// What must be there for a save to take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::project::files) enum Condition {
    /// Whatever is there, or nothing.
    None,
    /// Nothing: `If-None-Match: *`.
    Absent,
    /// Anything: `If-Match: *`.
    Present,
    /// Content of this hash: `If-Match: "9f86…"`.
    Hash(String),
}

impl Condition {
    /// Reads the condition of a request.
    ///
    /// # Errors
    /// 400 for one that is neither of those.
    pub(in crate::project::files) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
            (None, None) => Ok(Self::None),
            (None, Some("*")) => Ok(Self::Absent),
            (Some("*"), None) => Ok(Self::Present),
            (Some(tag), None) if is_hash(tag.trim_matches('"')) => {
                Ok(Self::Hash(tag.trim_matches('"').to_owned()))
            }
            _ => Err(Refusal::new(
                400,
                "a save has `If-Match: \"<sha256>\"`, `If-None-Match: *` or neither",
            )),
        }
    }

    /// Says whether content of this hash (`None`: no file) may be replaced.
    pub(in crate::project::files) fn allows(&self, hash: Option<&str>) -> bool {
        match (self, hash) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::Hash(wanted), Some(found)) => wanted == found,
            _ => false,
        }
    }
}

fn is_hash(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_hash_or_a_star() {
        let hash = "a".repeat(64);
        let of = |name: &'static str, value: &str| {
            Condition::of(&HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )]))
        };
        assert_eq!(Condition::of(&HeaderMap::new()), Ok(Condition::None));
        assert_eq!(of("if-none-match", "*"), Ok(Condition::Absent));
        assert_eq!(
            of("if-match", &format!("\"{hash}\"")),
            Ok(Condition::Hash(hash.clone()))
        );
        assert_eq!(of("if-match", "\"abc\"").unwrap_err().code, 400);
        assert_eq!(of("if-none-match", "\"abc\"").unwrap_err().code, 400);
        let wanted = Condition::Hash(hash.clone());
        assert!(wanted.allows(Some(&hash)) && !wanted.allows(None));
        assert!(!wanted.allows(Some("b")) && !Condition::Absent.allows(Some(&hash)));
    }
}
