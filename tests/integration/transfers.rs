//! Files on their way: uploads, downloads, archives, copies, trash; and all of
//! that through a tunnel.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::desk::{Desk, text, url};
use crate::support::doors::Door;
use crate::support::finished;
use crate::support::http::{Request, Response};
use crate::support::poll::eventually;
use crate::support::{find_program, set_mode, skip};

/// How long a job may take.
const JOB: Duration = Duration::from_secs(60);

#[test]
fn an_upload_arrives_whole_and_keeps_its_time() {
    let desk = Desk::new();
    let content = bytes(3_000_000);
    let path = desk.path(OsStr::from_bytes(b"new/dir/caf\xe9"));
    let place = begin(&desk, &path, content.len(), false).json();
    assert_eq!(
        (&place["offset"], &place["done"]),
        (&json!(0), &json!(false))
    );
    let half = send(&desk, &place, 0, &content[..1_000_000]).json();
    assert_eq!(half["offset"], 1_000_000);
    assert!(!path.exists(), "it is not whole");
    let whole = send(&desk, &half, 1_000_000, &content[1_000_000..]).json();
    assert_eq!(
        (&whole["done"], &whole["entry"]["size"]),
        (&json!(true), &json!(3_000_000))
    );
    assert_eq!(fs::read(&path).expect("it is there"), content);
    assert_eq!(
        fs::metadata(&path).expect("it is there").mtime(),
        1_700_000_000
    );
    let folder = path.parent().expect("a directory");
    assert_eq!(
        fs::read_dir(folder).expect("ours").count(),
        1,
        "no part stays"
    );
}

#[test]
fn an_empty_upload_is_a_file() {
    let desk = Desk::new();
    let path = desk.path("empty");
    let place = begin(&desk, &path, 0, false).json();
    assert_eq!(send(&desk, &place, 0, b"").json()["done"], true);
    assert_eq!(fs::read(&path).expect("it is there"), b"");
}

#[test]
fn an_upload_goes_on_after_a_cut_and_a_killed_server() {
    let mut desk = Desk::new();
    let content = bytes(5_000_000);
    let path = desk.path("f");
    let place = begin(&desk, &path, content.len(), false).json();
    let request = Request::put(&upload_url(&place, 0), &content);
    let request = desk.visitor.signed(request);
    let mut connection = request.begin(&desk.visitor.address()).expect("it listens");
    connection
        .write_all(&content[..2_000_000])
        .expect("it reads");
    let part = || {
        let mut entries = fs::read_dir(desk.path("")).expect("ours").flatten();
        let part = entries.find(|entry| entry.file_name().as_bytes().starts_with(b".f.ccp-part-"));
        part.and_then(|part| part.metadata().ok())
            .map(|part| part.len())
    };
    eventually("bytes are on the disk", JOB, || {
        part().filter(|length| *length > 0)
    });
    drop(connection);
    desk.replace_server();
    let place = begin(&desk, &path, content.len(), false).json();
    let offset = usize::try_from(place["offset"].as_u64().expect("a number")).expect("small");
    assert!(offset > 0 && offset <= 2_000_000, "{offset}");
    let wrong = send(&desk, &place, offset + 1, &content[offset + 1..]);
    assert_eq!(
        (wrong.status, &wrong.json()["error"]["reason"]),
        (409, &json!("offset"))
    );
    assert_eq!(
        send(&desk, &place, offset, &content[offset..]).json()["done"],
        true
    );
    assert_eq!(fs::read(&path).expect("it is there"), content);
}

#[test]
fn an_upload_replaces_only_what_it_shall() {
    let desk = Desk::new();
    let path = desk.write("f", "old");
    set_mode(&path, 0o600);
    let refused = begin(&desk, &path, 3, false);
    assert_eq!(
        (refused.status, &refused.json()["error"]["reason"]),
        (409, &json!("exists"))
    );
    let place = begin(&desk, &path, 3, true).json();
    assert_eq!(send(&desk, &place, 0, b"new").json()["done"], true);
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    assert_eq!(
        fs::metadata(&path).expect("it is there").mode() & 0o777,
        0o600
    );
    // One that appears while the bytes arrive is found at the end.
    let late = desk.path("late");
    let place = begin(&desk, &late, 3, false).json();
    desk.write("late", "first");
    let refused = send(&desk, &place, 0, b"new");
    assert_eq!(
        (refused.status, &refused.json()["error"]["reason"]),
        (409, &json!("exists"))
    );
    assert_eq!(fs::read(&late).expect("it is there"), b"first");
}

#[test]
fn a_forgotten_upload_leaves_nothing_and_takes_nothing() {
    let desk = Desk::new();
    let place = begin(&desk, &desk.path("f"), 10, false).json();
    send(&desk, &place, 0, b"12345");
    let forget = format!("/files/upload/{}", place["id"].as_str().expect("an id"));
    let forgotten = desk.visitor.send(Request::new("DELETE", &forget));
    assert_eq!(forgotten.status, 200, "{forgotten:?}");
    assert_eq!(desk.names(), [""; 0]);
    assert_eq!(send(&desk, &place, 5, b"67890").status, 404);
    let place = begin(&desk, &desk.path("f"), 3, false).json();
    assert_eq!(send(&desk, &place, 0, b"more than three").status, 400);
}

#[test]
fn an_upload_that_has_no_room_is_refused_before_it_begins() {
    let desk = Desk::with_small_disk();
    let refused = begin(&desk, &desk.path("f"), 5_000_000, false);
    assert_eq!(refused.status, 507, "{refused:?}");
}

#[test]
fn a_large_upload_and_download_take_constant_memory() {
    const PIECE: usize = 50_000_000;
    const PIECES: usize = 6;
    let desk = Desk::new();
    let path = desk.path("large");
    let place = begin(&desk, &path, PIECE * PIECES, false).json();
    let content = bytes(PIECE);
    let before = peak_kb(desk.served.pid());
    for number in 0..PIECES {
        let answer = send(&desk, &place, number * PIECE, &content);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let size = (PIECE * PIECES) as u64;
    assert_eq!(fs::metadata(&path).expect("it is there").len(), size);
    let answer = desk.open(&desk.ticket(&path, "download"));
    assert_eq!(answer.bytes.len() as u64, size);
    let grown = peak_kb(desk.served.pid()) - before;
    assert!(grown < 24_000, "the server grew by {grown} kB");
}

#[test]
fn a_download_that_was_cut_goes_on_with_its_ticket() {
    let desk = Desk::new();
    let content = bytes(40_000_000);
    let path = desk.write("f", &content);
    let link = desk.ticket(&path, "download");
    let request = Request::get(&link).header("cookie", &desk.visitor.cookie_header());
    let mut connection = request.begin(&desk.visitor.address()).expect("it listens");
    let mut some = vec![0; 1000];
    std::io::Read::read_exact(&mut connection, &mut some).expect("it sends");
    drop(connection);
    let rest = || {
        let rest = desk.open_with(&link, &[("range", "bytes=20000000-")]);
        (rest.status == 206).then_some(rest)
    };
    let rest = eventually("the server has seen the cut", JOB, rest);
    assert_eq!(rest.bytes, content[20_000_000..]);
    assert_eq!(desk.open(&link).status, 403, "it was sent to its end");
}

#[test]
fn an_archive_unpacks_to_what_was_there() {
    let desk = Desk::new();
    let tree = odd_tree(&desk);
    let answer = desk.open(&desk.ticket(&tree, "download"));
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    let archive = desk.laptop.file("a.zip");
    fs::write(&archive, &answer.bytes).expect("the directory is ours");
    let out = desk.laptop.file("out");
    fs::create_dir(&out).expect("the directory is ours");
    if let Some(python) = find_program("python3") {
        let mut list = desk.laptop.command(&python);
        list.args(["-m", "zipfile", "-t"]).arg(&archive);
        let said = finished::run(&mut list, JOB).success().stdout;
        assert!(!said.contains("bad"), "{said}");
    } else {
        skip("no python3 to check an archive with");
    }
    let Some(unzip) = find_program("unzip") else {
        // The names are looked at by the unit tests then.
        return;
    };
    let mut unpack = desk.laptop.command(&unzip);
    // `-^`: names keep their control characters.
    unpack.args(["-qq", "-^"]).arg(&archive).arg("-d").arg(&out);
    finished::run(&mut unpack, JOB).success();
    same_trees(&tree, &out.join("tree"), &[b"fifo"]);
    let told = fs::read_to_string(out.join("not-in-this-archive.txt")).expect("it is told");
    assert!(
        told.contains("tree/fifo: a pipe, socket or device"),
        "{told}"
    );
}

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

#[test]
fn files_pass_through_a_tunnel() {
    let door = Door::tunnel();
    let visitor = door.sign_in();
    let content = bytes(8_000_000);
    let home = visitor.get(&url("/files/list", "~")).json()["path"].clone();
    let path = format!("{}/through", home.as_str().expect("a path"));
    let asked = json!({ "path": path, "size": content.len() });
    let place = visitor.send(Request::post("/files/upload", &asked)).json();
    let sent = visitor.send(Request::put(&upload_url(&place, 0), &content));
    assert_eq!(sent.json()["done"], true, "{sent:?}");
    let asked = json!({ "path": path, "as": "download" });
    let link = visitor.send(Request::post("/files/ticket", &asked)).json()["url"].clone();
    let link = Request::get(link.as_str().expect("a URL"));
    let cookie = visitor.cookie_header();
    assert_eq!(door.send(&link).status, 401, "no cookie");
    let answer = door.send(&link.clone().header("cookie", &cookie));
    assert_eq!((answer.status, answer.bytes == content), (200, true));
    assert_eq!(
        door.send(&link.header("cookie", &cookie)).status,
        403,
        "it was used"
    );
    let wrong = Request::get("/files/get?ticket=wrong").header("cookie", &cookie);
    assert_eq!(door.send(&wrong).status, 403);
    let mut watch = visitor.websocket("/files/watch");
    watch.send_text(&json!({ "watch": home }).to_string());
    assert!(watch.text().contains("\"watching\":true"));
}

/// Makes a tree with everything that is hard to carry.
fn odd_tree(desk: &Desk) -> PathBuf {
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
fn same_trees(expected: &Path, found: &Path, but: &[&[u8]]) {
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

/// Returns a directory on another file system than the home.
fn other_disk(desk: &Desk) -> Option<tempfile::TempDir> {
    let other = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    (device(other.path()) != device(&desk.laptop.home())).then_some(other)
}

#[track_caller]
fn begin(desk: &Desk, path: &Path, size: usize, overwrite: bool) -> Response {
    let body = json!({
        "path": text(path), "size": size, "mtime": 1_700_000_000_000_u64, "overwrite": overwrite,
    });
    desk.visitor.send(Request::post("/files/upload", &body))
}

#[track_caller]
fn send(desk: &Desk, place: &Value, offset: usize, content: &[u8]) -> Response {
    desk.visitor
        .send(Request::put(&upload_url(place, offset), content))
}

#[track_caller]
fn upload_url(place: &Value, offset: usize) -> String {
    let id = place["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {place}"));
    format!("/files/upload/{id}?offset={offset}")
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

/// Returns bytes that do not repeat soon.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[7]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Returns the most memory that a process has had.
fn peak_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let words = line.and_then(|line| line.split_whitespace().next());
    words
        .and_then(|word| word.parse().ok())
        .expect("a number of kB")
}
