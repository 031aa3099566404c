//! The sources under test: paths and texts, read from disk or written here.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// The sources, by path from the crate's root with `/` between the parts.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the sources of this crate.
    pub(crate) fn of_this_crate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut tree = Self::default();
        for part in ["src", "tests", "benches", "build.rs"] {
            tree.read(root, part);
        }
        tree
    }

    /// Builds a tree from literal sources.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let owned = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self(owned.collect())
    }

    /// Returns the text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Lists the files below `folder` whose name ends in one of `endings`.
    pub(crate) fn files<'a>(
        &'a self,
        folder: &'a str,
        endings: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .filter(move |(path, _)| path.starts_with(folder) && endings.contains(&ending(path)))
    }

    /// Refuses every Rust file that does not open with its `//!` doc.
    pub(crate) fn files_without_doc(&self) -> Vec<Refusal> {
        self.files("", &["rs"])
            .filter(|(_, text)| !text.starts_with("//!"))
            .map(|(path, _)| Refusal::new(path, 1, "a file opens with its `//!` doc".to_owned()))
            .collect()
    }

    fn read(&mut self, root: &Path, part: &str) {
        let here = root.join(part);
        if here.is_dir() {
            for entry in fs::read_dir(&here).expect("a directory of the checkout is readable") {
                let name = entry.expect("the checkout is readable").file_name();
                let name = name.to_str().expect("a source has a UTF-8 name");
                if !["node_modules", "dist"].contains(&name) {
                    self.read(root, &format!("{part}/{name}"));
                }
            }
        } else if ["rs", "ts", "tsx"].contains(&ending(part)) && here.is_file() {
            let text = fs::read_to_string(&here).expect("a source is UTF-8");
            self.0.insert(part.to_owned(), text);
        }
    }
}

/// One sentence against one line of one file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    path: String,
    line: Option<usize>,
    text: String,
}

impl Refusal {
    /// Refuses `line` (from 1) of `path`.
    pub(crate) fn new(path: &str, line: usize, text: String) -> Self {
        Self {
            path: path.to_owned(),
            line: Some(line),
            text,
        }
    }

    /// Refuses a row of the table itself.
    pub(crate) fn of_table(text: String) -> Self {
        Self {
            path: "tests/architecture/table.rs".to_owned(),
            line: None,
            text,
        }
    }
}

impl fmt::Display for Refusal {
    /// Writes `` `src/lite/http.rs:41`: … ``.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "`{}:{line}`: {}", self.path, self.text),
            None => write!(out, "`{}`: {}", self.path, self.text),
        }
    }
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}
