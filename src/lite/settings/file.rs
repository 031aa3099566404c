//! `config.toml`: read with line numbers, changed in place.
//!
//! ```toml
//! # who comes here is greeted by this
//! site_name = "lab"
//! port = 6060
//! ```
//!
//! A change keeps comments, order and blanks; the file is written under another
//! name and renamed, mode 0600. Two processes that change it wait for each
//! other, on one machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use toml_edit::Document;
use toml_edit::DocumentMut;
use toml_edit::RawString;
use toml_edit::TomlError;

use super::Error;
use super::layers::Origin;
use super::schema::Definition;
use super::schema::Schema;
use super::value::Value;
use crate::sys::files;

/// The settings of a file.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    text: String,
    values: BTreeMap<&'static str, (Value, usize)>,
}

impl ConfigFile {
    /// Reads a file; one that is not there sets nothing.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Syntax`], [`Error::UnknownInFile`],
    /// [`Error::Wrong`] or [`Error::Open`].
    pub fn read(schema: Schema, path: &Path) -> Result<Self, Error> {
        let path = real(path);
        let text = text(&path)?;
        let file = Self::parse(schema, &path, text)?;
        file.check_mode(schema)?;
        Ok(file)
    }

    /// Reads a text as what would stand at `path`.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::UnknownInFile`] or [`Error::Wrong`].
    pub fn parse(schema: Schema, path: &Path, text: String) -> Result<Self, Error> {
        let document =
            Document::parse(text.as_str()).map_err(|error| syntax(path, &text, &error))?;
        let mut values = BTreeMap::new();
        for (key, item) in document.iter() {
            let named = document.key(key).and_then(toml_edit::Key::span);
            let line = line_of(&text, named.or_else(|| item.span()));
            let Ok(definition) = schema.find(key) else {
                return Err(Error::UnknownInFile {
                    path: path.to_owned(),
                    line,
                    key: key.to_owned(),
                    nearest: schema.nearest(key),
                });
            };
            let value = value_of(item).filter(|value| definition.kind.takes(value));
            let value = value.ok_or_else(|| Error::Wrong {
                origin: Origin::File {
                    path: path.to_owned(),
                    line,
                },
                key: definition.key,
                allowed: definition.kind.allowed(),
            })?;
            values.insert(definition.key, (value, line));
        }
        let path = path.to_owned();
        drop(document);
        Ok(Self { path, text, values })
    }

    /// Returns a value and its line.
    pub fn get(&self, key: &str) -> Option<(&Value, usize)> {
        self.values.get(key).map(|(value, line)| (value, *line))
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets a setting, or takes it out, and writes the file.
    ///
    /// # Errors
    /// [`Error::Wrong`] or [`Error::File`]; the file is as it was.
    pub fn change(&self, definition: &Definition, value: Option<Value>) -> Result<(), Error> {
        let mut document: DocumentMut = self.text.parse().expect("it was read before");
        match value {
            Some(value) => {
                if !definition.kind.takes(&value) {
                    return Err(Error::Wrong {
                        origin: Origin::Asked,
                        key: definition.key,
                        allowed: definition.kind.allowed(),
                    });
                }
                put(&mut document, definition.key, value);
            }
            None => take_out(&mut document, definition.key),
        }
        write(&self.path, &document.to_string())
    }

    /// Refuses a secret that other users can read.
    fn check_mode(&self, schema: Schema) -> Result<(), Error> {
        let is_set = |definition: &&Definition| {
            definition.is_secret() && self.values.contains_key(definition.key)
        };
        let Some(secret) = schema.0.iter().find(is_set) else {
            return Ok(());
        };
        let mode = fs::metadata(&self.path).map_or(0, |found| found.permissions().mode());
        if mode & 0o044 == 0 {
            return Ok(());
        }
        Err(Error::Open {
            path: self.path.clone(),
            key: secret.key,
        })
    }
}

/// Returns a file's text; one that is not there has none.
///
/// # Errors
/// [`Error::File`], also where other users can write the file.
pub(super) fn text(path: &Path) -> Result<String, Error> {
    let text = match files::read_private(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    };
    text.map_err(|source| failed(path, source))
}

/// Writes a file's text, and makes the directory.
///
/// # Errors
/// [`Error::File`]; the file is as it was.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let path = real(path);
    let dir = path.parent().unwrap_or(Path::new("/"));
    let written = files::make_dir(dir).and_then(|()| files::write_private(&path, text.as_bytes()));
    written.map_err(|source| failed(&path, source))
}

/// A link into somebody's collection of such files stays one.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}

fn value_of(item: &toml_edit::Item) -> Option<Value> {
    match item.as_value()? {
        toml_edit::Value::Boolean(on) => Some(Value::Switch(*on.value())),
        toml_edit::Value::Integer(number) => Some(Value::Number(*number.value())),
        toml_edit::Value::String(text) => Some(Value::Text(text.value().clone())),
        _ => None,
    }
}

/// Puts a value where the last one stood, with the words beside it.
fn put(document: &mut DocumentMut, key: &str, value: Value) {
    let mut value = match value {
        Value::Switch(on) => toml_edit::Value::from(on),
        Value::Number(number) => toml_edit::Value::from(number),
        Value::Text(text) => toml_edit::Value::from(text),
    };
    if let Some(old) = document.get(key).and_then(toml_edit::Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    match document.get_mut(key) {
        Some(item) => *item = toml_edit::Item::Value(value),
        None => {
            document.insert(key, toml_edit::Item::Value(value));
        }
    }
}

/// Takes a key out; the comment above it stays, above what follows.
fn take_out(document: &mut DocumentMut, key: &str) {
    let keys = document.iter().map(|(key, _)| key.to_owned());
    let next = keys.skip_while(|other| other != key).nth(1);
    let Some((removed, _)) = document.remove_entry(key) else {
        return;
    };
    let text = |raw: Option<&RawString>| {
        raw.and_then(RawString::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let above = text(removed.leaf_decor().prefix());
    if above.trim().is_empty() {
        return;
    }
    match next.and_then(|next| document.key_mut(&next)) {
        Some(mut next) => {
            let decor = next.leaf_decor_mut();
            let own = text(decor.prefix());
            decor.set_prefix(format!("{above}{own}"));
        }
        None => {
            let below = text(Some(document.trailing()));
            document.set_trailing(format!("{above}{below}"));
        }
    }
}

fn syntax(path: &Path, text: &str, error: &TomlError) -> Error {
    Error::Syntax {
        path: path.to_owned(),
        line: line_of(text, error.span()),
        message: error.message().trim().replace('\n', ", "),
    }
}

/// The line in which a range begins, from 1.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    1 + text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lite::settings::schema::Audience;
    use crate::lite::settings::schema::Effect;
    use crate::lite::settings::value::Kind;

    const fn setting(key: &'static str, kind: Kind) -> Definition {
        Definition {
            key,
            kind,
            default: None,
            sentence: "Something",
            audience: Audience::Private,
            effect: Effect::AtOnce,
            variables: &[],
        }
    }

    const PORT: Kind = Kind::Number {
        least: 0,
        most: 65_535,
    };

    const SCHEMA: Schema = Schema(&[
        setting("port", PORT),
        setting("site_name", Kind::Text { most: 20 }),
        setting("auth_token", Kind::Secret { least: 7 }),
    ]);

    fn parse(text: &str) -> Result<ConfigFile, Error> {
        ConfigFile::parse(SCHEMA, Path::new("/c.toml"), text.to_owned())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            (
                "# one\nprot = 1\n",
                "`/c.toml` line 2: there is no setting `prot`; did you mean `port`?",
            ),
            (
                "site-name = 'x'",
                "`/c.toml` line 1: there is no setting `site-name`; did you mean `site_name`?",
            ),
            (
                "[server]\nport = 1\n",
                "`/c.toml` line 1: there is no setting `server`",
            ),
            (
                "site_name = 'a'\n\nport = 'x'\n",
                "`/c.toml` line 3: `port` is a whole number from 0 to 65535",
            ),
            (
                "port = 65536",
                "`/c.toml` line 1: `port` is a whole number from 0 to 65535",
            ),
            (
                "auth_token = 'short'",
                "`/c.toml` line 1: `auth_token` is a secret of at least 7 characters without blanks",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), said, "{text}");
        }
        let broken = parse("port = 1\nsite_name = \n").unwrap_err().to_string();
        assert!(broken.starts_with("`/c.toml` line 2: "), "{broken}");
        let twice = parse("port = 1\nport = 2\n").unwrap_err().to_string();
        assert!(twice.starts_with("`/c.toml` line 2: "), "{twice}");
    }

    #[test]
    fn a_change_keeps_every_other_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/c.toml");
        let read = || ConfigFile::read(SCHEMA, &path).unwrap();
        let change = |key: &str, value: Option<Value>| {
            read().change(SCHEMA.find(key).unwrap(), value).unwrap();
            fs::read_to_string(&path).unwrap()
        };
        assert_eq!(change("port", Some(Value::Number(1))), "port = 1\n");
        fs::write(
            &path,
            "# top\n\n# why\nport  =  1  # mine\n\n# name\nsite_name = 'a'\n# end\n",
        )
        .unwrap();
        assert_eq!(
            change("port", Some(Value::Number(2))),
            "# top\n\n# why\nport  =  2  # mine\n\n# name\nsite_name = 'a'\n# end\n"
        );
        assert_eq!(
            change("site_name", Some(Value::Text("b\"c".into()))),
            "# top\n\n# why\nport  =  2  # mine\n\n# name\nsite_name = 'b\"c'\n# end\n"
        );
        assert_eq!(
            change("port", None),
            "# top\n\n# why\n\n# name\nsite_name = 'b\"c'\n# end\n"
        );
        assert_eq!(
            change("site_name", None),
            "# top\n\n# why\n\n# name\n# end\n"
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_link_stays_one_and_a_secret_is_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.toml"), dir.path().join("c.toml"));
        fs::write(&real, "port = 1\n").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let file = ConfigFile::read(SCHEMA, &link).unwrap();
        file.change(SCHEMA.find("port").unwrap(), Some(Value::Number(7)))
            .unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "port = 7\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        fs::write(&real, "auth_token = 'long-enough'\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            ConfigFile::read(SCHEMA, &link),
            Err(Error::Open { .. })
        ));
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(ConfigFile::read(SCHEMA, &link).is_ok());
    }
}
