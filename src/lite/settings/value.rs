//! Values of settings, and which of them a kind takes.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::web::outside::Outside;

/// A value: `"gpu1"`, `6060` or `true`.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Which values a setting takes: `{"type":"number","least":8,"most":32}`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Kind {
    /// A text on one line.
    Text {
        /// The most characters.
        most: usize,
    },
    /// A whole number.
    Number {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// On or off.
    Switch,
    /// One of several words.
    Choice {
        /// The words.
        of: &'static [&'static str],
    },
    /// An absolute path.
    Path,
    /// A name or address of this machine, perhaps behind `https://`.
    Host,
    /// A text that nobody is shown.
    Secret {
        /// The fewest characters.
        least: usize,
    },
}

/// The most characters of a secret or a path.
const MOST: usize = 4096;

impl Kind {
    /// Reads a value from the words of a command line or the environment.
    pub fn parse(self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Number { .. } => Value::Number(text.parse().ok()?),
            Self::Switch => Value::Switch(match text {
                "true" | "on" | "yes" | "1" => true,
                "false" | "off" | "no" | "0" => false,
                _ => return None,
            }),
            _ => Value::Text(text.to_owned()),
        };
        self.takes(&value).then_some(value)
    }

    /// Says whether a value is one of these.
    pub fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text { most }, Value::Text(text)) => {
                is_line(text) && text.chars().count() <= most
            }
            (Self::Number { least, most }, Value::Number(number)) => {
                (least..=most).contains(number)
            }
            (Self::Switch, Value::Switch(_)) => true,
            (Self::Choice { of }, Value::Text(text)) => of.contains(&text.as_str()),
            (Self::Path, Value::Text(text)) => {
                text.starts_with('/') && is_line(text) && text.len() <= MOST
            }
            (Self::Host, Value::Text(text)) => Outside::parse(text).is_some(),
            (Self::Secret { least }, Value::Text(text)) => {
                let length = text.chars().count();
                is_line(text) && !text.contains(' ') && (least..=MOST).contains(&length)
            }
            _ => false,
        }
    }

    /// Says what is taken: `a whole number from 0 to 65535`.
    pub fn allowed(self) -> String {
        match self {
            Self::Text { most } => format!("a text on one line, at most {most} characters"),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Choice { of } => format!("one of `{}`", of.join("`, `")),
            Self::Path => "an absolute path".to_owned(),
            Self::Host => "a name or address under which browsers reach this machine, behind `https://` for TLS".to_owned(),
            Self::Secret { least: 0 | 1 } => "a secret without blanks".to_owned(),
            Self::Secret { least } => {
                format!("a secret of at least {least} characters without blanks")
            }
        }
    }
}

impl Value {
    /// Returns a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a number.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => on.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Hides texts, some of which are secrets.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => on.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_takes_its_own_values_and_no_others() {
        let port = Kind::Number {
            least: 0,
            most: 65_535,
        };
        let theme = Kind::Choice {
            of: &["auto", "dark"],
        };
        let token = Kind::Secret { least: 7 };
        let name = Kind::Text { most: 3 };
        for (kind, text, is_taken) in [
            (port, "0", true),
            (port, "65535", true),
            (port, "65536", false),
            (port, "-1", false),
            (port, "80 ", false),
            (port, "", false),
            (Kind::Switch, "on", true),
            (Kind::Switch, "maybe", false),
            (theme, "dark", true),
            (theme, "Dark", false),
            (Kind::Path, "/a b", true),
            (Kind::Path, "a", false),
            (Kind::Path, "/a\nb", false),
            (token, "seven77", true),
            (token, "sechs6", false),
            (token, "with a blank", false),
            (name, "äöü", true),
            (name, "four", false),
            (name, "a\tb", false),
        ] {
            assert_eq!(kind.parse(text).is_some(), is_taken, "{kind:?} {text:?}");
        }
        assert!(!port.takes(&Value::Text("80".into())), "a file has types");
    }

    #[test]
    fn a_text_is_not_shown_where_programmers_look() {
        assert_eq!(format!("{:?}", Value::Text("secret".into())), "Text(…)");
    }
}
