//! What a setting is.

use serde::Serialize;

use super::Error;
use super::value::Kind;
use super::value::Value;

/// How like a key must be to one that exists to be meant for it.
const LIKENESS: f64 = 0.7;

/// One setting.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Definition {
    /// Its name everywhere: `terminal_font_size`.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds where nothing is set, in the words of a command line.
    #[serde(skip)]
    pub default: Option<&'static str>,
    /// What it is, for people, without a full stop.
    pub sentence: &'static str,
    /// Who is told its value.
    pub audience: Audience,
    /// When a change of the file holds.
    pub effect: Effect,
    /// Variables that set it, the strongest first.
    pub variables: &'static [&'static str],
}

/// Who is told a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Every page, by `/customize`.
    Public,
    /// Whoever asks for settings.
    Private,
}

/// When a change holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// At once.
    AtOnce,
    /// When the server is started again.
    AtRestart,
}

/// All settings of a product.
#[derive(Clone, Copy, Debug)]
pub struct Schema(pub &'static [Definition]);

impl Definition {
    /// The value where nothing is set.
    ///
    /// # Panics
    /// When the product's table has a default that its own kind refuses.
    pub fn default_value(&self) -> Option<Value> {
        let text = self.default?;
        let value = self.kind.parse(text);
        Some(value.expect("a default is of its setting's kind"))
    }

    /// Whether nobody may be shown its value.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret { .. })
    }
}

impl Schema {
    /// Finds a setting.
    ///
    /// # Errors
    /// [`Error::Unknown`], with the nearest key.
    pub fn find(self, key: &str) -> Result<&'static Definition, Error> {
        let found = self.0.iter().find(|setting| setting.key == key);
        found.ok_or_else(|| Error::Unknown {
            key: key.to_owned(),
            nearest: self.nearest(key),
        })
    }

    /// Returns the key that is spelt most like `key`.
    pub fn nearest(self, key: &str) -> Option<&'static str> {
        let wanted = key.to_lowercase().replace('-', "_");
        let likeness = |setting: &Definition| {
            let score = strsim::jaro_winkler(setting.key, &wanted);
            (score >= LIKENESS).then_some((score, setting.key))
        };
        let alike = self.0.iter().filter_map(likeness);
        let nearest = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
        nearest.map(|(_, key)| key)
    }
}
