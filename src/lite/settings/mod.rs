//! Settings with a schema: one definition for each, which everybody reads.
//!
//! ```text
//! a flag > the environment > config.toml > the default
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | [`schema`] | what a setting is: key, kind, default, sentence, who sees it |
//! | [`value`] | values, and whether a kind takes them |
//! | [`file`] | `config.toml`: read with line numbers, changed in place |
//! | [`layers`] | which value holds, and where it is from |
//! | [`keeper`] | the settings of a running hub, and how they change |
//! | [`calls`] | `settings.get` and `settings.set` |
//!
//! Which settings there are is the product's business: it hands over a table of
//! [`schema::Definition`]s. What keeps a file from being read keeps a server
//! from starting, by name and line: one that half obeys would be worse.

pub mod calls;
pub mod file;
pub mod keeper;
pub mod layers;
pub mod schema;
pub mod value;

use std::io;
use std::path::PathBuf;

use self::layers::Origin;

/// Why settings cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is no TOML.
    #[error("`{path}` line {line}: {message}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A key of the file that is no setting.
    #[error("`{path}` line {line}: there is no setting `{key}`{}", nearest_clause(*nearest))]
    UnknownInFile {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The setting that is spelt most like it.
        nearest: Option<&'static str>,
    },
    /// A key that somebody asks for and that is no setting.
    #[error("there is no setting `{key}`{}", nearest_clause(*nearest))]
    Unknown {
        /// The key.
        key: String,
        /// The setting that is spelt most like it.
        nearest: Option<&'static str>,
    },
    /// A value that its setting does not take; nothing has changed.
    #[error("{origin}: `{key}` is {allowed}")]
    Wrong {
        /// Where it stands.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// What it takes.
        allowed: String,
    },
    /// A file with a secret that other users can read.
    #[error("`{path}` holds `{key}` and can be read by other users")]
    Open {
        /// Which file.
        path: PathBuf,
        /// The secret.
        key: &'static str,
    },
    /// A file that cannot be read or written; it is as it was.
    #[error("cannot use `{path}`")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

fn nearest_clause(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |key| format!("; did you mean `{key}`?"))
}
