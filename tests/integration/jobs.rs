//! Copying, moving, deleting, and the trash.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::desk::{Desk, text};
use crate::support::odd::{bytes, odd_tree, same_trees};
use crate::support::poll::eventually;
use crate::support::skip;

/// How long a job may take.
const JOB: Duration = Duration::from_secs(60);

#[test]
fn copies_find_names_of_their_own_and_keep_everything() {
    let desk = Desk::new();
    let tree = odd_tree(&desk);
    let job = json!({ "from": [text(&tree)], "to_dir": text(&desk.path("")) });
    let done = finish(&desk, "copy", &job);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["paths"], json!([text(&desk.path("tree copy"))]));
    assert_eq!(done["done"], done["total"], "{done}");
    same_trees(&tree, &desk.path("tree copy"), &[]);
    let again = finish(&desk, "copy", &job);
    assert_eq!(again["paths"], json!([text(&desk.path("tree copy 2"))]));
    let inside = json!({ "from": [text(&tree)], "to_dir": text(&tree.join("sub")) });
    let refused = finish(&desk, "copy", &inside);
    assert!(
        refused["error"]["message"]
            .as_str()
            .expect("words")
            .contains("inside itself")
    );
    assert_eq!(desk.names(), ["tree", "tree copy", "tree copy 2"]);
}

#[test]
fn a_move_renames_and_across_disks_copies_and_deletes() {
    let desk = Desk::new();
    let tree = odd_tree(&desk);
    fs::create_dir(desk.path("to")).expect("ours");
    let job = json!({ "from": [text(&tree)], "to_dir": text(&desk.path("to")) });
    assert_eq!(finish(&desk, "move", &job)["state"], "done");
    assert!(desk.path("to/tree/sub").is_dir() && !tree.exists());
    let tree = odd_tree(&desk);
    let taken = finish(&desk, "move", &job);
    assert_eq!(taken["error"]["reason"], "exists", "{taken}");
    assert!(tree.join("sub").is_dir());
    let Some(other) = other_disk(&desk) else {
        skip("`/dev/shm` is not another file system");
        return;
    };
    let twin = desk.path("twin");
    finish(
        &desk,
        "copy",
        &json!({ "from": [text(&tree)], "to_dir": text(&desk.path("")) }),
    );
    fs::rename(desk.path("tree copy"), &twin).expect("ours");
    let job = json!({ "from": [text(&tree)], "to_dir": text(other.path()) });
    let moved = finish(&desk, "move", &job);
    assert_eq!(moved["state"], "done", "{moved}");
    assert!(!tree.exists());
    same_trees(&twin, &other.path().join("tree"), &[]);
}

#[test]
fn deleting_follows_no_link_and_spares_the_home() {
    let desk = Desk::new();
    let tree = odd_tree(&desk);
    let outside = desk.laptop.file("outside");
    fs::create_dir(&outside).expect("ours");
    fs::write(outside.join("keep"), "").expect("ours");
    symlink(&outside, tree.join("to-outside")).expect("ours");
    let done = finish(&desk, "delete", &json!({ "paths": [text(&tree)] }));
    assert_eq!(
        (&done["state"], &done["unit"]),
        (&json!("done"), &json!("entries"))
    );
    assert!(!tree.exists() && outside.join("keep").exists());
    for path in ["~", "/", "~/.."] {
        let refused = finish(&desk, "delete", &json!({ "paths": [path] }));
        assert_eq!(refused["error"]["code"], 400, "{path}: {refused}");
    }
}

#[test]
fn a_cancelled_copy_leaves_nothing() {
    let desk = Desk::new();
    let path = desk.path("large");
    let file = fs::File::create(&path).expect("ours");
    for _ in 0..40 {
        (&file)
            .write_all(&bytes(10_000_000))
            .expect("`/tmp` has room");
    }
    let Some(other) = other_disk(&desk) else {
        skip("`/dev/shm` is not another file system");
        return;
    };
    let job = json!({ "from": [text(&path)], "to_dir": text(other.path()) });
    let id = desk.call("copy", &job)["job"].clone();
    desk.call("job", &json!({ "id": id, "cancel": true }));
    let ended = wait(&desk, &id);
    // It may have been done by then.
    if ended["state"] == "failed" {
        assert_eq!(ended["error"]["code"], 499, "{ended}");
        assert_eq!(fs::read_dir(other.path()).expect("ours").count(), 0);
    }
}

#[test]
fn what_is_trashed_comes_back() {
    let desk = Desk::new();
    let paths: Vec<PathBuf> = [&b"caf\xe9"[..], b"-rf", b"new\nline"]
        .map(|name| desk.write(OsStr::from_bytes(name), name))
        .into();
    let texts: Vec<String> = paths.iter().map(|path| text(path)).collect();
    let trashed = desk.call("trash", &json!({ "paths": texts }));
    assert_eq!(desk.names(), [""; 0]);
    let trash = desk.laptop.home().join(".local/share/Trash");
    assert_eq!(
        fs::read_dir(trash.join("files"))
            .expect("it is made")
            .count(),
        3
    );
    let items = trashed["trashed"].as_array().expect("items").iter();
    let ids: Vec<&Value> = items.map(|item| &item["id"]).collect();
    let restored = desk.call("restore", &json!({ "ids": ids }));
    assert_eq!(restored["restored"][0]["path"], texts[0]);
    for (path, name) in paths.iter().zip([&b"caf\xe9"[..], b"-rf", b"new\nline"]) {
        assert_eq!(fs::read(path).expect("it is back"), name);
    }
}

#[test]
fn another_disks_trash_is_used_there() {
    let desk = Desk::with_small_disk();
    desk.save(&desk.path("f"), "x", None);
    let paths = json!({ "paths": [text(&desk.path("f"))] });
    let trashed = desk.call("trash", &paths);
    let id = trashed["trashed"][0]["id"].as_str().expect("an id");
    let top = text(&desk.path(""));
    assert!(id.starts_with(&format!("{top}/.Trash-")), "{id}");
    desk.call("restore", &json!({ "ids": [id] }));
    assert_eq!(desk.read(&desk.path("f")).body, "x");
}

/// Returns a directory on another file system than the home.
fn other_disk(desk: &Desk) -> Option<tempfile::TempDir> {
    let other = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    (device(other.path()) != device(&desk.laptop.home())).then_some(other)
}

/// Begins a job and waits for its end.
#[track_caller]
fn finish(desk: &Desk, verb: &str, payload: &Value) -> Value {
    let id = desk.call(verb, payload)["job"].clone();
    wait(desk, &id)
}

#[track_caller]
fn wait(desk: &Desk, id: &Value) -> Value {
    eventually("the job ends", JOB, || {
        let job = desk.call("job", &json!({ "id": id }));
        (job["state"] != "running").then_some(job)
    })
}
