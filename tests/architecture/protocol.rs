//! The rule about identity: no body in `protocol` names an account or project.
//!
//! Who somebody is comes from the subject or the credential; a field in a body
//! would be a second answer, chosen by the sender.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tree::{Refusal, Tree};

const IDENTITIES: [&str; 2] = ["account_id", "project_id"];

/// Refuses the fields (and serde names) of structs and enums.
pub(crate) fn refusals(tree: &Tree) -> Vec<Refusal> {
    let below = tree.files("src/protocol/", &["rs"]);
    let root = tree.files("src/protocol.rs", &["rs"]);
    let mut found = Vec::new();
    for (path, text) in below.chain(root) {
        let tokens: TokenStream = text.parse().unwrap_or_default();
        let mut lines = Vec::new();
        find_bodies(tokens, &mut lines);
        found.extend(lines.into_iter().map(|(line, name)| {
            let text =
                format!("a body has no `{name}`: identity comes from the subject or credential");
            Refusal::new(path, line, text)
        }));
    }
    found
}

/// Finds `struct X { … }` and `enum X { … }`, also inside modules and macros.
fn find_bodies(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let mut is_body = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "struct" || word == "enum" => is_body = true,
            TokenTree::Punct(mark) if mark.as_char() == ';' => is_body = false,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                if is_body {
                    find_identities(group.stream(), found);
                } else {
                    find_bodies(group.stream(), found);
                }
                is_body = false;
            }
            _ => {}
        }
    }
}

/// Finds the fields, and the literals of attributes such as `rename`.
fn find_identities(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in tokens {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => find_identities(group.stream(), found),
            TokenTree::Punct(_) => {}
            word => {
                let word = word.to_string();
                let bare = word.trim_matches('"');
                if IDENTITIES.contains(&bare) {
                    found.push((line, bare.to_owned()));
                }
            }
        }
    }
}
