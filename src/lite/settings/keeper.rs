//! The settings of a running hub, and how they change.
//!
//! The file is read anew whenever somebody asks: it is a page long, and so a
//! change by hand or by another process is seen like one by a page.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value as Json;

use super::Error;
use super::file;
use super::file::ConfigFile;
use super::layers::Above;
use super::layers::Found;
use super::layers::Settings;
use super::schema::Audience;
use super::schema::Definition;
use super::schema::Effect;
use super::schema::Schema;
use super::value::Value;
use crate::sys::lock::Lock;

/// The settings of a product, of which a hub began with some.
#[derive(Clone, Debug)]
pub struct Keeper {
    schema: Schema,
    path: PathBuf,
    lock: PathBuf,
    above: Above,
    /// What held when the hub began; nobody has begun for a command.
    begun_with: Option<Settings>,
}

/// A setting as pages and programs see it:
/// `{"key":"port","kind":{"type":"number","least":0,"most":65535},"sentence":"…",`
/// `"audience":"private","effect":"at-restart","variables":["COCALC_PORT","PORT"],`
/// `"value":6060,"is_set":true,"origin":"file","from":"`/…/config.toml` line 3",`
/// `"in_file":6060,"default":null,"needs_restart":true}`.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What it is.
    #[serde(flatten)]
    pub definition: &'static Definition,
    /// What holds; nothing of a secret.
    pub value: Option<Value>,
    /// Whether there is a value, also of a secret.
    pub is_set: bool,
    /// Where it is from: `default`, `file`, `environment` or `flag`.
    pub origin: &'static str,
    /// The same for people.
    pub from: String,
    /// What the file says, whatever holds; nothing of a secret.
    pub in_file: Option<Value>,
    /// Whether the file says anything.
    pub is_in_file: bool,
    /// What would hold if nobody said anything.
    pub default: Option<Value>,
    /// Whether the hub began with something else, and goes on with that.
    pub needs_restart: bool,
}

impl Keeper {
    /// Keeps the file at `path`; processes of this machine that change it wait
    /// for each other at `lock`.
    pub fn new(schema: Schema, path: PathBuf, lock: PathBuf, above: Above) -> Self {
        Self {
            schema,
            path,
            lock,
            above,
            begun_with: None,
        }
    }

    /// Reads what a hub begins with.
    ///
    /// # Errors
    /// Those of [`ConfigFile::read`].
    pub fn begin(&mut self) -> Result<Settings, Error> {
        let settings = self.read()?;
        self.begun_with = Some(settings.clone());
        Ok(settings)
    }

    /// Reads what holds now.
    ///
    /// # Errors
    /// Those of [`ConfigFile::read`].
    pub fn read(&self) -> Result<Settings, Error> {
        Settings::read(self.schema, &self.path, &self.above)
    }

    /// Where the file stands.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The settings that there are.
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// Lists every setting.
    ///
    /// # Errors
    /// Those of [`ConfigFile::read`].
    pub fn rows(&self) -> Result<Vec<Row>, Error> {
        let file = ConfigFile::read(self.schema, &self.path)?;
        let settings = Settings::of(self.schema, &file, &self.above);
        let row = |(definition, found): (&'static Definition, &Found)| {
            let shown = |value: Option<Value>| value.filter(|_| !definition.is_secret());
            let in_file = file.get(definition.key).map(|(value, _)| value.clone());
            Row {
                definition,
                is_set: found.value.is_some(),
                value: shown(found.value.clone()),
                origin: found.origin.word(),
                from: found.origin.to_string(),
                is_in_file: in_file.is_some(),
                in_file: shown(in_file),
                default: definition.default_value(),
                needs_restart: self.needs_restart(definition, found),
            }
        };
        Ok(settings.iter().map(row).collect())
    }

    /// Sets a setting in the file, or takes it out.
    ///
    /// Blocks the thread while another process changes the file.
    ///
    /// # Errors
    /// [`Error`]; the file is as it was.
    pub fn change(&self, key: &str, value: Option<Value>) -> Result<(), Error> {
        let definition = self.schema.find(key)?;
        let _lock = self.lock()?;
        ConfigFile::read(self.schema, &self.path)?.change(definition, value)
    }

    /// Replaces the file's whole text, if it is good and nobody else has changed
    /// the file since it had the text `before`.
    ///
    /// # Errors
    /// [`Error`]; the file is as it was.
    pub fn replace(&self, before: &str, text: &str) -> Result<Replaced, Error> {
        ConfigFile::parse(self.schema, &self.path, text.to_owned())?;
        let _lock = self.lock()?;
        // What stands there may be what is to be mended.
        let found = file::text(&self.path)?;
        if found != before {
            return Ok(Replaced::ByAnother);
        }
        file::write(&self.path, text).map(|()| Replaced::Done)
    }

    /// The values that every page is told.
    ///
    /// # Errors
    /// Those of [`ConfigFile::read`].
    pub fn public(&self) -> Result<Map<String, Json>, Error> {
        let settings = self.read()?;
        let public = settings
            .iter()
            .filter(|(definition, _)| definition.audience == Audience::Public);
        let told = public.filter_map(|(definition, found)| {
            let value = serde_json::to_value(found.value.as_ref()?).ok()?;
            Some((definition.key.to_owned(), value))
        });
        Ok(told.collect())
    }

    fn lock(&self) -> Result<Lock, Error> {
        Lock::take(&self.lock).map_err(|source| Error::File {
            path: self.lock.clone(),
            source,
        })
    }

    fn needs_restart(&self, definition: &Definition, found: &Found) -> bool {
        let begun_with = self
            .begun_with
            .as_ref()
            .and_then(|all| all.found(definition.key));
        definition.effect == Effect::AtRestart
            && begun_with.is_some_and(|begun| begun.value != found.value)
    }
}

impl Row {
    /// Whether a change holds only when a server is started again.
    pub fn is_for_restart(&self) -> bool {
        self.definition.effect == Effect::AtRestart
    }
}

/// What became of a file that should be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It was.
    Done,
    /// Somebody else has changed it meanwhile, so it was not.
    ByAnother,
}
