//! The rule about the page: the folders of `src/web/app/src` import leftward.

use crate::table::{Folder, Table};
use crate::tree::{Refusal, Tree};

/// Where the page's sources lie.
const SOURCES: &str = "src/web/app/src/";

/// Applies the rule to every `.ts` and `.tsx` below a folder of the table.
///
/// Files directly in `src/web/app/src`, the entry points, may import all.
pub(crate) fn refusals(tree: &Tree, table: &Table) -> Vec<Refusal> {
    let mut found = Vec::new();
    for (path, text) in tree.files(SOURCES, &["ts", "tsx"]) {
        let Some((folder, _)) = path[SOURCES.len()..].split_once('/') else {
            continue;
        };
        let Some(row) = table.folders.iter().find(|row| row.name == folder) else {
            found.push(Refusal::new(
                path,
                1,
                format!("the folder `{folder}` has no row"),
            ));
            continue;
        };
        if is_product(path) {
            let imports = imports(text).into_iter();
            found.extend(imports.filter_map(|import| judge(path, row, &import)));
        }
    }
    found
}

/// Tells a source of the page from a test of it.
pub(crate) fn is_product(path: &str) -> bool {
    !path.contains(".test.")
}

fn judge(path: &str, row: &Folder, import: &Import) -> Option<Refusal> {
    let target = resolve(path, &import.specifier)?;
    let refuse = |text: String| Some(Refusal::new(path, import.line, text));
    let Some(inner) = target.strip_prefix(SOURCES) else {
        return refuse(format!("`{}` leaves `{SOURCES}`", import.specifier));
    };
    let to = inner.split('/').next().unwrap_or_default();
    let is_permitted = to == row.name || row.imports.contains(&to);
    if is_permitted {
        return None;
    }
    refuse(format!(
        "`{}` may not import `{to}`: {}",
        row.name, row.reason
    ))
}

/// Resolves a relative specifier against its file; `None` is a package.
fn resolve(path: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with('.') {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// One module that a file asks for.
struct Import {
    specifier: String,
    line: usize,
}

/// Finds `import … from "x"`, `import "x"`, `import("x")`, `export … from "x"`.
fn imports(text: &str) -> Vec<Import> {
    let tokens = tokens(text);
    let word = |text: &str| Token::Word(text.to_owned());
    let mut found = Vec::new();
    for (at, (token, line)) in tokens.iter().enumerate() {
        let Token::Text(specifier) = token else {
            continue;
        };
        let follows = |expected: &[Token]| {
            let start = at.saturating_sub(expected.len());
            tokens[start..at]
                .iter()
                .map(|(token, _)| token)
                .eq(expected)
        };
        if follows(&[word("from")])
            || follows(&[word("import")])
            || follows(&[word("import"), Token::Mark('(')])
        {
            found.push(Import {
                specifier: specifier.clone(),
                line: *line,
            });
        }
    }
    found
}

#[derive(PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

/// Splits TypeScript into words, strings and marks; comments are dropped.
///
/// A regular expression reads as marks and words: one with a quote in it hides
/// the rest of its line, and no import stands there.
fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if matches!(first, '"' | '\'' | '`') {
            let (length, inner) = string(rest, first);
            (length, Some(Token::Text(inner)))
        } else if first.is_alphanumeric() || matches!(first, '_' | '$') {
            let is_end = |mark: char| !(mark.is_alphanumeric() || matches!(mark, '_' | '$'));
            let length = rest.find(is_end).unwrap_or(rest.len());
            (length, Some(Token::Word(rest[..length].to_owned())))
        } else {
            let mark = (!first.is_whitespace()).then_some(Token::Mark(first));
            (first.len_utf8(), mark)
        };
        found.extend(token.map(|token| (token, line)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Measures a string literal with its quotes and returns what is inside.
fn string(text: &str, quote: char) -> (usize, String) {
    let mut is_escaped = false;
    for (at, mark) in text.char_indices().skip(1) {
        let is_broken = mark == '\n' && quote != '`';
        if is_broken || (mark == quote && !is_escaped) {
            return (at + mark.len_utf8(), text[1..at].to_owned());
        }
        is_escaped = mark == '\\' && !is_escaped;
    }
    (text.len(), text[1..].to_owned())
}
