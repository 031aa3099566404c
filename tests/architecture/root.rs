//! The rule about the crate's root: `src/lib.rs` is its doc and `pub mod` lines.
//!
//! A name exported there would hide which room it comes from.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tree::{Refusal, Tree};

/// Refuses everything in `src/lib.rs` but its doc and `pub mod` lines.
pub(crate) fn refusals(tree: &Tree) -> Vec<Refusal> {
    let text = tree.text("src/lib.rs").unwrap_or_default();
    items(text)
        .into_iter()
        .filter(|item| !item.text.starts_with("pub mod ") || !item.text.ends_with(" ;"))
        .map(|item| {
            let shown: String = item.text.chars().take(40).collect();
            let text = format!("the crate root exports no name: only `pub mod`, not `{shown}`");
            Refusal::new("src/lib.rs", item.line, text)
        })
        .collect()
}

/// One top-level item of a file, as tokens joined by spaces.
struct Item {
    /// `pub mod ssh ;`
    text: String,
    /// The line where it begins, from 1.
    line: usize,
}

/// Splits a file into its items; attributes and docs are left out.
fn items(text: &str) -> Vec<Item> {
    let tokens: TokenStream = text.parse().unwrap_or_default();
    let mut found: Vec<Item> = Vec::new();
    let mut is_open = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Punct(hash) if hash.as_char() == '#') {
            tokens.next_if(|next| matches!(next, TokenTree::Punct(_)));
            tokens.next();
            continue;
        }
        let is_end =
            is_body(&token) || matches!(&token, TokenTree::Punct(mark) if mark.as_char() == ';');
        match found.last_mut().filter(|_| is_open) {
            Some(item) => item.text = format!("{} {token}", item.text),
            None => found.push(Item {
                text: token.to_string(),
                line: token.span().start().line,
            }),
        }
        is_open = !is_end;
    }
    found
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}
