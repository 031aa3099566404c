//! Which value of a setting holds, and where it is from.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use super::Error;
use super::file::ConfigFile;
use super::schema::Definition;
use super::schema::Schema;
use super::value::Value;

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The product's table.
    Default,
    /// A line of the file.
    File {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Environment(&'static str),
    /// The command line.
    Flag(&'static str),
    /// Somebody who wants to set it now.
    Asked,
}

impl Origin {
    /// The word for programs: `default`, `file`, `environment` or `flag`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
            Self::Asked => "asked",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "`{}` line {line}", path.display()),
            Self::Environment(name) => write!(f, "the environment's `{name}`"),
            Self::Flag(flag) => write!(f, "`{flag}`"),
            Self::Asked => f.write_str("what was asked for"),
        }
    }
}

/// What stands above the file; the same for a process's life.
#[derive(Clone, Debug, Default)]
pub struct Above {
    flags: Vec<(&'static str, &'static str, Value)>,
    environment: Vec<(&'static str, &'static str, Value)>,
}

impl Above {
    /// Reads the environment by `variable`.
    ///
    /// # Errors
    /// [`Error::Wrong`].
    pub fn environment(
        schema: Schema,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let mut environment = Vec::new();
        for definition in schema.0 {
            let set = |name: &&'static str| Some((*name, variable(name)?));
            let Some((name, text)) = definition.variables.iter().find_map(set) else {
                continue;
            };
            let value = read(definition, &text, Origin::Environment(name))?;
            environment.push((definition.key, name, value));
        }
        Ok(Self {
            flags: Vec::new(),
            environment,
        })
    }

    /// Adds a flag of the command line.
    ///
    /// # Errors
    /// [`Error::Wrong`], or [`Error::Unknown`] for one that sets nothing.
    pub fn flag(
        mut self,
        schema: Schema,
        key: &str,
        flag: &'static str,
        text: &str,
    ) -> Result<Self, Error> {
        let definition = schema.find(key)?;
        let value = read(definition, text, Origin::Flag(flag))?;
        self.flags.push((definition.key, flag, value));
        Ok(self)
    }

    /// Finds what holds for a setting.
    pub fn find(&self, definition: &Definition, file: &ConfigFile) -> Found {
        let of = |given: &&(&'static str, &'static str, Value)| given.0 == definition.key;
        let flag = self.flags.iter().find(of);
        let flag = flag.map(|(_, flag, value)| (value.clone(), Origin::Flag(flag)));
        let variable = self.environment.iter().find(of);
        let variable = variable.map(|(_, name, value)| (value.clone(), Origin::Environment(name)));
        let above = flag.or(variable);
        let origin = |line| Origin::File {
            path: file.path().to_owned(),
            line,
        };
        let own = file.get(definition.key);
        let own = own.map(|(value, line)| (value.clone(), origin(line)));
        match above.or(own) {
            Some((value, origin)) => Found {
                value: Some(value),
                origin,
            },
            None => Found {
                value: definition.default_value(),
                origin: Origin::Default,
            },
        }
    }
}

/// What holds for a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The value; some settings need none.
    pub value: Option<Value>,
    /// Where it is from.
    pub origin: Origin,
}

/// What holds for every setting.
#[derive(Clone, Debug)]
pub struct Settings(Vec<(&'static Definition, Found)>);

impl Settings {
    /// Reads the file at `path` below what stands above it.
    ///
    /// # Errors
    /// Those of [`ConfigFile::read`].
    pub fn read(schema: Schema, path: &Path, above: &Above) -> Result<Self, Error> {
        Ok(Self::of(schema, &ConfigFile::read(schema, path)?, above))
    }

    /// The same of a file that was read.
    pub fn of(schema: Schema, file: &ConfigFile, above: &Above) -> Self {
        let found = |definition| (definition, above.find(definition, file));
        Self(schema.0.iter().map(found).collect())
    }

    /// Every setting with what holds.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Definition, &Found)> {
        self.0
            .iter()
            .map(|(definition, found)| (*definition, found))
    }

    /// What holds for one; nothing for a key that is no setting.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.found(key)?.value.as_ref()
    }

    /// The same with where it is from.
    pub fn found(&self, key: &str) -> Option<&Found> {
        let mut all = self.0.iter();
        all.find(|(definition, _)| definition.key == key)
            .map(|(_, found)| found)
    }

    /// A text that is set.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.value(key)?.text().filter(|text| !text.is_empty())
    }

    /// A number that is set, if it is of this type.
    pub fn number<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        self.value(key)?.number()?.try_into().ok()
    }
}

fn read(definition: &Definition, text: &str, origin: Origin) -> Result<Value, Error> {
    definition.kind.parse(text).ok_or_else(|| Error::Wrong {
        origin,
        key: definition.key,
        allowed: definition.kind.allowed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lite::settings::schema::Audience;
    use crate::lite::settings::schema::Effect;
    use crate::lite::settings::value::Kind;

    const SCHEMA: Schema = Schema(&[Definition {
        key: "port",
        kind: Kind::Number {
            least: 0,
            most: 65_535,
        },
        default: Some("1"),
        sentence: "The port",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PORT", "PORT"],
    }]);

    #[test]
    fn flags_win_over_the_environment_over_the_file_over_the_default() {
        let file =
            |text: &str| ConfigFile::parse(SCHEMA, Path::new("/c.toml"), text.to_owned()).unwrap();
        let above = |pairs: &[(&str, &str)]| {
            let find = |name: &str| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            Above::environment(SCHEMA, find)
        };
        let says = |above: &Above, text: &str| {
            let settings = Settings::of(SCHEMA, &file(text), above);
            let found = settings.found("port").unwrap().clone();
            (found.value.unwrap().to_string(), found.origin.to_string())
        };
        let is = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
        let none = above(&[]).unwrap();
        assert_eq!(says(&none, ""), is("1", "default"));
        assert_eq!(says(&none, "\nport = 2"), is("2", "`/c.toml` line 2"));
        let plain = above(&[("PORT", "3")]).unwrap();
        assert_eq!(
            says(&plain, "port = 2"),
            is("3", "the environment's `PORT`")
        );
        let both = above(&[("PORT", "3"), ("COCALC_PORT", "4")]).unwrap();
        let said = says(&both, "port = 2");
        assert_eq!(said, is("4", "the environment's `COCALC_PORT`"));
        let flag = both.flag(SCHEMA, "port", "--port", "5").unwrap();
        assert_eq!(says(&flag, "port = 2"), is("5", "`--port`"));
        let wrong = above(&[("PORT", "x")]).unwrap_err().to_string();
        let said = "the environment's `PORT`: `port` is a whole number from 0 to 65535";
        assert_eq!(wrong, said);
    }
}
