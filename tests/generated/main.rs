//! What is generated is fresh: `completions/` and `man/` say what the command
//! line's definition says, the reference page and the page's TypeScript what the
//! definitions of methods say.
//!
//! To write them anew: `UPDATE_GENERATED=1 cargo test --test generated`.

mod manual;
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "the room again, with the derives that only tests have"
)]
#[path = "../../src/protocol/mod.rs"]
mod protocol;
mod typescript;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use cocalc_plus::cli::completions;

#[test]
fn what_is_generated_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut generated = completions::generated().expect("the definition renders");
    let page = typescript::render().into_bytes();
    generated.push((manual::PATH.into(), manual::render().into_bytes()));
    generated.push((typescript::PATH.into(), page));
    if option_env("UPDATE_GENERATED") {
        for (path, content) in &generated {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it lies in a directory")).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    for (path, content) in &generated {
        let found = fs::read(root.join(path)).unwrap_or_default();
        assert!(
            found == *content,
            "{} is old: UPDATE_GENERATED=1 cargo test --test generated",
            path.display()
        );
    }
    let is_of_whole_directory = |path: &PathBuf| !path.starts_with("src");
    let paths = generated.into_iter().map(|(path, _)| path);
    let expected: BTreeSet<PathBuf> = paths.filter(is_of_whole_directory).collect();
    let found: BTreeSet<PathBuf> = ["completions", "man"]
        .into_iter()
        .flat_map(|dir| {
            fs::read_dir(root.join(dir))
                .unwrap()
                .map(move |entry| (dir, entry))
        })
        .map(|(dir, entry)| Path::new(dir).join(entry.unwrap().file_name()))
        .collect();
    assert_eq!(found, expected, "a file there belongs to no command");
}

fn option_env(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
    std::env::var_os(name).is_some()
}
