//! A tree with everything that is hard to carry, and comparing two of them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use super::desk::Desk;
use super::set_mode;

/// Makes a tree with everything that is hard to carry.
pub(crate) fn odd_tree(desk: &Desk) -> PathBuf {
    let tree = desk.path("tree");
    fs::create_dir_all(tree.join("sub/deeper")).expect("ours");
    fs::create_dir(tree.join("empty")).expect("ours");
    for name in [
        &b"caf\xe9"[..],
        "größe 文".as_bytes(),
        b"new\nline",
        b"-rf",
        b"a'b",
    ] {
        fs::write(tree.join(OsStr::from_bytes(name)), name).expect("ours");
    }
    fs::write(tree.join("sub/deeper/large.bin"), bytes(2_000_000)).expect("ours");
    fs::write(tree.join("sub/packed.gz"), bytes(100_000)).expect("ours");
    set_mode(&tree.join("sub/packed.gz"), 0o640);
    symlink("../sub", tree.join("empty/link")).expect("ours");
    symlink("/etc/passwd", tree.join("absolute")).expect("ours");
    symlink("nowhere", tree.join("broken")).expect("ours");
    let mkfifo = desk
        .laptop
        .command(Path::new("/usr/bin/mkfifo"))
        .arg(tree.join("fifo"))
        .status();
    assert!(mkfifo.expect("coreutils are installed").success());
    tree
}

/// Compares names, kinds, modes, contents and link texts.
#[track_caller]
pub(crate) fn same_trees(expected: &Path, found: &Path, but: &[&[u8]]) {
    let names = |dir: &Path| {
        let entries = fs::read_dir(dir).unwrap_or_else(|cause| panic!("{dir:?}: {cause}"));
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.retain(|name| !but.contains(&name.as_bytes()));
        names.sort_unstable();
        names
    };
    assert_eq!(names(expected), names(found));
    for name in names(expected) {
        let (expected, found) = (expected.join(&name), found.join(&name));
        let [old, new] = [&expected, &found].map(|path| path.symlink_metadata().expect("there"));
        assert_eq!(old.mode(), new.mode(), "{found:?}");
        if old.is_dir() {
            same_trees(&expected, &found, but);
        } else if old.is_symlink() {
            assert_eq!(fs::read_link(&expected).ok(), fs::read_link(&found).ok());
        } else if old.is_file() {
            assert!(
                fs::read(&expected).ok() == fs::read(&found).ok(),
                "{found:?}"
            );
            assert_eq!(old.mtime() / 2, new.mtime() / 2, "{found:?}");
        }
    }
}

/// Returns bytes that do not repeat soon.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[7]
    };
    std::iter::repeat_with(next).take(length).collect()
}
