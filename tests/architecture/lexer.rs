//! Finds the paths which a Rust file names, token by token.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

/// What one file names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Every path, outside of test modules.
    pub(crate) paths: Vec<Named>,
    /// The file modules under `#[cfg(test)]`, as full module paths.
    pub(crate) test_modules: Vec<Vec<String>>,
    /// Names which mean something of ours, so that `open::` may be a module.
    pub(crate) ours: BTreeSet<String>,
    /// Lines with `#[macro_export]`, which exports from the crate's root.
    pub(crate) exported_macros: Vec<usize>,
}

/// A path and where it stands.
#[derive(Debug)]
pub(crate) struct Named {
    /// `["crate", "ssh", "master"]`; a glob ends in `*`.
    pub(crate) segments: Vec<String>,
    /// The module that names it, for `self` and `super`.
    pub(crate) module: Vec<String>,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// Lexes `text`, which is the module `module` of the crate.
pub(crate) fn names(text: &str, module: Vec<String>) -> Result<Names, LexError> {
    let tokens: TokenStream = text.parse()?;
    let mut reader = Reader {
        names: Names::default(),
        module,
    };
    reader.walk(tokens);
    Ok(reader.names)
}

struct Reader {
    names: Names,
    module: Vec<String>,
}

impl Reader {
    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(word) if word == "mod" => self.module_at(&tokens, at),
                TokenTree::Ident(word) if word == "use" => self.use_at(&tokens, at + 1),
                TokenTree::Ident(word) => {
                    if word == "macro_export" {
                        self.names.exported_macros.push(word.span().start().line);
                    }
                    let is_extern = at > 0 && is_word(&tokens[at - 1], "crate");
                    if is_path_root(&tokens, at) {
                        self.path_at(&tokens, at, &[], is_extern)
                    } else {
                        at + 1
                    }
                }
                TokenTree::Group(group) => {
                    self.walk(group.stream());
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    /// Reads `mod name;` or `mod name { … }` and returns the index behind it.
    fn module_at(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return at + 1;
        };
        let is_test = is_under_cfg_test(tokens, at);
        self.names.ours.insert(name.to_string());
        self.module.push(name.to_string());
        let body = tokens.get(at + 2).and_then(brace);
        match body {
            Some(body) if !is_test => self.walk(body.stream()),
            None if is_test => self.names.test_modules.push(self.module.clone()),
            _ => {}
        }
        self.module.pop();
        at + 2 + usize::from(body.is_some())
    }

    /// Reads what follows `use`, which may be one name or a bare group.
    fn use_at(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let start = at + if is_colons(tokens, at) { 2 } else { 0 };
        match tokens.get(start) {
            Some(TokenTree::Ident(_)) => self.path_at(tokens, start, &[], true),
            Some(TokenTree::Group(group)) => {
                self.group(group, &[], true);
                start + 1
            }
            _ => start,
        }
    }

    /// Reads `a::b::{c, d}` from its first word; returns the index behind it.
    fn path_at(
        &mut self,
        tokens: &[TokenTree],
        start: usize,
        prefix: &[String],
        is_use: bool,
    ) -> usize {
        let mut segments = prefix.to_vec();
        segments.push(tokens[start].to_string());
        let line = tokens[start].span().start().line;
        let mut at = start + 1;
        while is_colons(tokens, at) {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(word)) => segments.push(word.to_string()),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    segments.push("*".to_owned());
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.group(group, &segments, is_use);
                    return at + 3;
                }
                // A turbofish: what is inside it is read by the caller.
                _ => break,
            }
            at += 3;
        }
        if segments.len() > 1 || is_use {
            self.keep(segments, line, is_use);
        }
        at
    }

    /// Reads the members of `prefix::{ … }`.
    fn group(&mut self, group: &Group, prefix: &[String], is_use: bool) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(_) => self.path_at(&tokens, at, prefix, is_use),
                TokenTree::Group(inner) => {
                    self.group(inner, prefix, is_use);
                    at + 1
                }
                TokenTree::Punct(star) if star.as_char() == '*' => {
                    let glob = [prefix, &["*".to_owned()]].concat();
                    self.keep(glob, star.span().start().line, is_use);
                    at + 1
                }
                _ => at + 1,
            };
            // `as name` renames; the new name is no path.
            if tokens.get(at).is_some_and(|token| is_word(token, "as")) {
                at += 2;
            }
        }
    }

    fn keep(&mut self, mut segments: Vec<String>, line: usize, is_use: bool) {
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        if is_use && segments.len() > 1 {
            self.names.ours.extend(segments.last().cloned());
        }
        self.names.paths.push(Named {
            segments,
            module: self.module.clone(),
            line,
        });
    }
}

/// Tells whether a path can begin at `at`: not after `.`, `a::` or `>::`.
fn is_path_root(tokens: &[TokenTree], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).map(|index| &tokens[index]);
    match before(1) {
        Some(TokenTree::Punct(dot)) if dot.as_char() == '.' => false,
        Some(TokenTree::Punct(_)) if at >= 2 && is_colons(tokens, at - 2) => !before(3)
            .is_some_and(|token| match token {
                TokenTree::Punct(angle) => angle.as_char() == '>',
                TokenTree::Ident(_) => true,
                TokenTree::Group(_) | TokenTree::Literal(_) => false,
            }),
        _ => true,
    }
}

/// Tells whether the item whose `mod` stands at `at` is under `#[cfg(test)]`.
fn is_under_cfg_test(tokens: &[TokenTree], at: usize) -> bool {
    let mut end = at;
    while let Some(before) = end.checked_sub(1).map(|index| &tokens[index]) {
        match before {
            TokenTree::Ident(word) if word == "pub" => end -= 1,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => end -= 1,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && end >= 2 => {
                let attribute = group.stream().to_string().replace(' ', "");
                if attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,") {
                    return true;
                }
                end -= 2;
            }
            _ => return false,
        }
    }
    false
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |index: usize| match tokens.get(index) {
        Some(TokenTree::Punct(mark)) => mark.as_char() == ':',
        _ => false,
    };
    is_colon(at) && is_colon(at + 1)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn brace(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}
