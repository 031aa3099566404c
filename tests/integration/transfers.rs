//! Files on their way: uploads, downloads, archives; and all of that through
//! a tunnel.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::desk::{Desk, text, url};
use crate::support::doors::Door;
use crate::support::finished;
use crate::support::http::{Connection, Request, Response};
use crate::support::odd::{bytes, odd_tree, same_trees};
use crate::support::poll::eventually;
use crate::support::targets::{SOON, connected};
use crate::support::watch::Watch;
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
    let connection = send_some(&desk, &path, &place, &content, 2_000_000);
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
fn an_upload_is_given_up_while_it_arrives() {
    let desk = Desk::new();
    let content = bytes(5_000_000);
    let path = desk.path("f");
    let place = begin(&desk, &path, content.len(), false).json();
    let connection = send_some(&desk, &path, &place, &content, 2_000_000);
    let id = place["id"].as_str().expect("an id");
    let forget = Request::new("DELETE", &format!("/files/upload/{id}"));
    assert_eq!(desk.visitor.send(forget).status, 200);
    let names = fs::read_dir(desk.path("")).expect("ours");
    assert_eq!(names.count(), 0, "nothing stays, hidden or not");
    drop(connection);
}

#[test]
fn an_upload_is_given_up_after_a_restart_of_the_server() {
    let mut desk = Desk::new();
    let content = bytes(5_000_000);
    let path = desk.path("f");
    let place = begin(&desk, &path, content.len(), false).json();
    drop(send_some(&desk, &path, &place, &content, 2_000_000));
    desk.replace_server();
    let forget = format!("/files/upload/{}", place["id"].as_str().expect("an id"));
    let forget = Request::new("DELETE", &forget);
    assert_eq!(desk.visitor.send(forget.clone()).status, 404, "no old ids");
    fs::write(&path, "made meanwhile").expect("ours");
    assert_eq!(begin(&desk, &path, content.len(), true).status, 200);
    assert_eq!(desk.visitor.send(forget).status, 200);
    assert_eq!(desk.names(), ["f"]);
    assert_eq!(fs::read(&path).expect("it is there"), b"made meanwhile");
}

#[test]
fn an_upload_begun_again_goes_on_from_a_request_that_hangs() {
    let desk = Desk::new();
    let content = bytes(5_000_000);
    let path = desk.path("f");
    let place = begin(&desk, &path, content.len(), false).json();
    let connection = send_some(&desk, &path, &place, &content, 2_000_000);
    let second = send(&desk, &place, 2_000_000, &content[2_000_000..]);
    assert_eq!(
        (second.status, &second.json()["error"]["reason"]),
        (409, &json!("offset")),
        "one at a time sends"
    );
    let place = begin(&desk, &path, content.len(), false).json();
    let offset = usize::try_from(place["offset"].as_u64().expect("a number")).expect("small");
    assert!(offset > 0 && offset <= 2_000_000, "{offset}");
    let whole = send(&desk, &place, offset, &content[offset..]);
    assert_eq!(whole.json()["done"], true, "{whole:?}");
    assert_eq!(fs::read(&path).expect("it is there"), content);
    drop(connection);
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
    // Only the server sees the disk.
    let seen = format!("/proc/{}/root{}", desk.served.pid(), text(&desk.path("")));
    let names = fs::read_dir(seen).expect("the server runs");
    assert_eq!(names.count(), 0, "nothing stays, hidden or not");
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
    let mut watch = Watch::open(&visitor, home.as_str().expect("a path"));
    assert_eq!(watch.news()["watching"], true);
}

#[test]
fn a_tunnel_says_by_a_word_that_its_target_is_away() {
    let (mut sshd, laptop) = connected();
    let visitor = laptop.visit("box");
    sshd.stop();
    let refused = eventually("the target is away", SOON, || {
        let answer = visitor.get("/files/list?path=/");
        (answer.status >= 500).then_some(answer)
    });
    // Else a page would take it for the server's own refusal, and give up.
    assert_eq!(refused.json()["error"]["reason"], "away");
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

/// Sends the first bytes of an upload and no more; returns when some have
/// reached the disk.
#[track_caller]
fn send_some(desk: &Desk, path: &Path, place: &Value, content: &[u8], length: usize) -> Connection {
    let request = Request::put(&upload_url(place, 0), content);
    let request = desk.visitor.signed(request);
    let mut connection = request.begin(&desk.visitor.address()).expect("it listens");
    connection.write_all(&content[..length]).expect("it reads");
    let id = place["id"].as_str().expect("an id");
    let name = path.file_name().and_then(OsStr::to_str).expect("a name");
    let part = path.with_file_name(format!(".{name}.ccp-part-{id}"));
    eventually("bytes are on the disk", JOB, || {
        fs::metadata(&part).ok().filter(|part| part.len() > 0)
    });
    connection
}

#[track_caller]
fn upload_url(place: &Value, offset: usize) -> String {
    let id = place["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {place}"));
    format!("/files/upload/{id}?offset={offset}")
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
