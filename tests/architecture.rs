//! Keeps the direction of the crate's rooms.
//!
//! `tests/architecture/table.rs` says which room may import which, who owns
//! which outside crate, and how the folders of `src/web/app/src` look at each
//! other. The rules read the sources as tokens, so that a word in a comment, a
//! string or a `#[cfg(test)]` module is no import, and one inside a macro is.
//!
//! To permit an edge: change its row, in a commit of its own whose body argues
//! for it.

#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/protocol.rs"]
mod protocol;
#[path = "architecture/rooms.rs"]
mod rooms;
#[path = "architecture/root.rs"]
mod root;
#[path = "architecture/table.rs"]
mod table;
#[path = "architecture/tree.rs"]
mod tree;
#[path = "architecture/typescript.rs"]
mod typescript;
#[path = "architecture/wrong.rs"]
mod wrong;

use table::{TABLE, Table};
use tree::{Refusal, Tree};

/// Applies every rule to a tree of sources; one sentence a line at most once.
fn refusals(tree: &Tree, table: &Table) -> Vec<Refusal> {
    let mut found = tree.files_without_doc();
    found.extend(rooms::refusals(tree, table));
    found.extend(root::refusals(tree));
    found.extend(protocol::refusals(tree));
    found.extend(typescript::refusals(tree, table));
    found.sort();
    found.dedup();
    found
}

#[test]
fn the_crate_keeps_its_architecture() {
    let tree = Tree::of_this_crate();
    let found = refusals(&tree, &TABLE);
    let listed: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} refused:\n{}\n\nmove the code, or change tests/architecture/table.rs in its own commit",
        listed.len(),
        listed.join("\n"),
    );
}

#[test]
fn the_sources_are_really_read() {
    let tree = Tree::of_this_crate();
    for wanted in ["src/lib.rs", "src/main.rs", "tests/architecture.rs"] {
        assert!(tree.text(wanted).is_some(), "`{wanted}` was not read");
    }
    let pages = tree
        .files("src/web/app/src/", &["ts", "tsx"])
        .filter(|(path, _)| typescript::is_product(path))
        .count();
    assert!(pages > 0, "no TypeScript was read below `src/web/app/src`");
}
