//! Files: listing, reading, saving, and links that a browser opens.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::account::Account;
use crate::support::desk::{Desk, text, url};
use crate::support::http::{Request, read_response};
use crate::support::visitor::Visitor;
use crate::support::{processes, set_mode};

/// Names that break what takes them for text, options or lines.
const ODD_NAMES: [&[u8]; 6] = [
    b"caf\xe9",
    b"new\nline",
    b"-rf",
    b" leading",
    b"\xff\xfe",
    b"a\"b\\c%2f",
];

#[test]
fn odd_names_are_listed_read_saved_and_renamed() {
    let desk = Desk::new();
    for (number, name) in ODD_NAMES.iter().enumerate() {
        let path = desk.write(OsStr::from_bytes(name), "content");
        assert_eq!(desk.read(&path).body, "content", "{path:?}");
        assert_eq!(desk.save(&path, "saved", None).status, 200, "{path:?}");
        let to = desk.path(format!("renamed {number}"));
        let renamed = json!({ "from": text(&path), "to": text(&to) });
        desk.call("rename", &renamed);
        let back = json!({ "from": text(&to), "to": text(&path) });
        desk.call("rename", &back);
        assert_eq!(fs::read(&path).expect("it has its name"), b"saved");
    }
    let mut expected: Vec<String> = ODD_NAMES
        .iter()
        .map(|name| text(Path::new(OsStr::from_bytes(name))))
        .collect();
    expected.sort_unstable();
    assert_eq!(desk.names(), expected);
}

#[test]
fn special_files_links_and_circles_are_shown_and_never_waited_for() {
    let desk = Desk::new();
    let path = |name| desk.path(name);
    let mkfifo = desk
        .laptop
        .command(Path::new("/usr/bin/mkfifo"))
        .arg(path("fifo"))
        .status();
    assert!(mkfifo.expect("coreutils are installed").success());
    fs::create_dir(path("sub")).expect("the directory is ours");
    symlink("sub", path("to-dir")).expect("the directory is ours");
    symlink("circle", path("circle")).expect("the directory is ours");
    symlink("/dev/zero", path("zero")).expect("the directory is ours");
    let listing = desk.list(&path(""));
    let kinds = listing["kinds"].as_str().expect("letters");
    let names = listing["names"].as_array().expect("names").iter();
    let mut rows: Vec<(&str, char)> = names
        .map(|name| name.as_str().expect("a name"))
        .zip(kinds.chars())
        .collect();
    rows.sort_unstable();
    let expected = [
        ("circle", 'l'),
        ("fifo", 'p'),
        ("sub", 'd'),
        ("to-dir", 'L'),
        ("zero", 'l'),
    ];
    assert_eq!(rows, expected);
    for (name, words) in [
        ("fifo", "pipe, socket or device"),
        ("zero", "pipe, socket or device"),
        ("sub", "it is a directory"),
    ] {
        let answers = [desk.read(&path(name)), desk.save(&path(name), "x", None)];
        for answer in answers {
            assert_eq!(answer.status, 400, "{name}: {answer:?}");
            assert!(answer.body.contains(words), "{name}: {answer:?}");
        }
    }
    let circle = desk.call("stat", &json!({ "path": text(&path("circle")) }));
    assert_eq!(circle["link"], json!({ "to": "circle", "kind": null }));
}

#[test]
fn a_refusal_names_the_path_and_the_next_step() {
    let desk = Desk::new();
    let absent = desk.read(&desk.path("absent"));
    assert_eq!(absent.status, 404);
    let error = &absent.json()["error"];
    assert!(
        error["message"]
            .as_str()
            .expect("words")
            .contains("/d/absent`"),
        "{error}"
    );
    let relative = desk.visitor.get(&url("/files/list", "relative"));
    assert_eq!(relative.status, 400);
    desk.write("there", "");
    let there = json!({ "path": "~/d/there", "kind": "file" });
    let refusal = desk.refusal("create", &there);
    assert_eq!(
        (&refusal["code"], &refusal["reason"]),
        (&json!(409), &json!("exists"))
    );
}

#[test]
fn what_another_user_closed_is_a_refusal_and_the_rest_is_shown() {
    let Some(user) = Account::other() else {
        return;
    };
    let desk = Desk::of_user(&user);
    let closed = desk.path("closed");
    fs::create_dir(&closed).expect("root may write everywhere");
    set_mode(&closed, 0o700);
    let secret = desk.write("secret", "root's");
    set_mode(&secret, 0o600);
    let readonly = desk.write("readonly", "root's");
    set_mode(&readonly, 0o644);
    assert_eq!(desk.names(), ["closed", "readonly", "secret"]);
    let list = desk.visitor.get(&url("/files/list", &text(&closed)));
    assert_eq!(list.status, 403, "{list:?}");
    assert_eq!(desk.read(&secret).status, 403);
    let shown = desk.call("stat", &json!({ "path": text(&secret) }));
    assert_eq!(shown["readable"], false);
    assert_eq!(desk.read(&readonly).header("x-file-writable"), Some("0"));
    for path in [&secret, &readonly, &closed.join("new")] {
        let refused = desk.save(path, "mine", None);
        assert_eq!(refused.status, 403, "{path:?}: {refused:?}");
        assert!(refused.body.contains("ls -ld"), "{refused:?}");
    }
    assert_eq!(desk.watch(&closed).news()["error"]["code"], 403);
}

#[test]
fn a_directory_that_is_closed_is_named_where_a_name_cannot_come_or_go() {
    let Some(user) = Account::other() else {
        return;
    };
    let desk = Desk::of_user(&user);
    let closed = desk.path("closed");
    fs::create_dir(&closed).expect("root may write everywhere");
    let path = desk.write("closed/f", "mine");
    user.own(&path);
    let new = closed.join("new");
    let words = format!("may not change the directory `{}`", closed.display());
    for (verb, payload) in [
        ("trash", json!({ "paths": [text(&path)] })),
        ("create", json!({ "path": text(&new), "kind": "file" })),
        ("rename", json!({ "from": text(&path), "to": text(&new) })),
    ] {
        let refused = desk.refusal(verb, &payload);
        assert_eq!(refused["code"], 403, "{verb}: {refused}");
        let message = refused["message"].as_str().expect("words");
        assert!(message.contains(&words), "{verb}: {message}");
    }
    assert!(desk.save(&new, "new", None).body.contains(&words));
    assert_eq!(desk.save(&path, "saved", None).status, 200);
    // As `/tmp` is; the file is root's.
    set_mode(&closed, 0o1777);
    let theirs = desk.write("closed/theirs", "");
    let refused = desk.refusal("trash", &json!({ "paths": [text(&theirs)] }));
    assert_eq!(refused["code"], 403, "{refused}");
    let message = refused["message"].as_str().expect("words");
    assert!(message.contains("only what is their own"), "{message}");
    desk.call("trash", &json!({ "paths": [text(&path)] }));
}

#[test]
fn a_file_of_another_user_stays_theirs_when_it_is_saved() {
    let Some(user) = Account::other() else {
        return;
    };
    let desk = Desk::of_user(&user);
    let path = desk.write("shared", "old");
    set_mode(&path, 0o666);
    let inode = fs::metadata(&path).expect("it is there").ino();
    let tag = desk.read(&path).header("etag").expect("a tag").to_owned();
    assert_eq!(
        desk.save(&path, "new", Some(("if-match", &tag))).status,
        200
    );
    let found = fs::metadata(&path).expect("it is there");
    assert_eq!(
        (found.uid(), found.ino()),
        (0, inode),
        "it was overwritten in place"
    );
    // In a directory that takes no new name, too.
    let folder = desk.path("folder");
    fs::create_dir(&folder).expect("root may write everywhere");
    let inside = desk.write("folder/f", "old");
    set_mode(&inside, 0o666);
    assert_eq!(desk.save(&inside, "new", None).status, 200);
    assert_eq!(fs::read(&inside).expect("it is there"), b"new");
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 1);
}

#[test]
fn a_stale_save_is_412_and_tells_the_other_content() {
    let desk = Desk::new();
    let path = desk.write("f", "one");
    let read = desk.read(&path);
    let tag = read.header("etag").expect("a tag").to_owned();
    assert_eq!(read.header("x-file-mode"), Some("644"));
    assert_eq!(read.header("x-file-writable"), Some("1"));
    let saved = desk.save(&path, "two", Some(("if-match", &tag)));
    assert_eq!((saved.status, &saved.json()["size"]), (200, &json!(3)));
    let stale = desk.save(&path, "three", Some(("if-match", &tag)));
    assert_eq!(stale.status, 412, "{stale:?}");
    assert_eq!(stale.json()["error"]["reason"], "changed");
    assert_eq!(stale.json()["hash"], saved.json()["hash"]);
    let exists = desk.save(&path, "four", Some(("if-none-match", "*")));
    assert_eq!(
        (exists.status, &exists.json()["error"]["reason"]),
        (412, &json!("exists"))
    );
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "two");
}

#[test]
fn of_two_pages_that_save_at_once_one_learns_of_the_other() {
    let desk = Desk::new();
    let path = desk.write("f", "0");
    for round in 0..20 {
        let tag = desk.read(&path).header("etag").expect("a tag").to_owned();
        let save = |who: &str| desk.save(&path, format!("{who} {round}"), Some(("if-match", &tag)));
        let statuses = std::thread::scope(|scope| {
            let both = ["a", "b"].map(|who| scope.spawn(move || save(who).status));
            both.map(|one| one.join().expect("it answers"))
        });
        assert!(
            statuses == [200, 412] || statuses == [412, 200],
            "{statuses:?}"
        );
    }
}

#[test]
fn a_save_keeps_mode_link_owner_and_other_names() {
    let desk = Desk::new();
    let path = desk.write("f", "old");
    set_mode(&path, 0o750);
    symlink("f", desk.path("link")).expect("the directory is ours");
    assert_eq!(desk.save(&desk.path("link"), "new", None).status, 200);
    let found = fs::metadata(&path).expect("it is there");
    assert_eq!(found.mode() & 0o7777, 0o750);
    assert!(desk.path("link").is_symlink());
    fs::hard_link(&path, desk.path("other")).expect("the directory is ours");
    assert_eq!(desk.save(&path, "both", None).status, 200);
    assert_eq!(fs::read(desk.path("other")).expect("it is there"), b"both");
    let readonly = desk.write("readonly", "old");
    set_mode(&readonly, 0o444);
    if let Some(other) = Account::other() {
        other.own(&path);
        fs::remove_file(desk.path("other")).expect("it is ours");
        assert_eq!(desk.save(&path, "theirs", None).status, 200);
        assert_eq!(fs::metadata(&path).expect("it is there").uid(), other.uid);
    } else {
        assert_eq!(desk.save(&readonly, "new", None).status, 403);
    }
}

#[test]
fn a_full_disk_is_507_and_the_old_file_is_intact() {
    let desk = Desk::with_small_disk();
    let path = desk.path("f");
    assert_eq!(desk.save(&path, vec![b'o'; 300_000], None).status, 200);
    let tag = desk.read(&path).header("etag").expect("a tag").to_owned();
    let full = desk.save(&path, vec![b'n'; 2_000_000], None);
    assert_eq!(full.status, 507, "{full:?}");
    assert!(full.body.contains("disk is full"), "{full:?}");
    assert_eq!(desk.read(&path).header("etag"), Some(&*tag));
    assert_eq!(desk.names(), ["f"], "no temporary stays");
    assert_eq!(
        desk.save(&path, "small", Some(("if-match", &tag))).status,
        200
    );
}

#[test]
fn a_read_only_disk_is_called_that() {
    let line = "mount -t tmpfs none ~/d && echo old > ~/d/f && mount -o remount,ro ~/d";
    let desk = Desk::after(line);
    let path = desk.path("f");
    for name in ["f", "new"] {
        let refused = desk.save(&desk.path(name), "new", None);
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(refused.body.contains("mounted read-only"), "{refused:?}");
    }
    let refused = desk.refusal("trash", &json!({ "paths": [text(&path)] }));
    assert_eq!(refused["code"], 403, "{refused}");
    let message = refused["message"].as_str().expect("a sentence");
    assert!(message.contains("mounted read-only"), "{message}");
    assert_eq!(desk.read(&path).body, "old\n");
}

#[test]
fn a_killed_server_leaves_the_old_content_or_the_new() {
    let mut desk = Desk::new();
    let contents: Vec<Vec<u8>> = (0..3_u8)
        .map(|n| vec![b'a' + n; 3_000_000 + usize::from(n)])
        .collect();
    let path = desk.write("f", &contents[0]);
    let linked = desk.write("linked", &contents[0]);
    fs::hard_link(&linked, desk.path("other name")).expect("the directory is ours");
    for round in 0..50_u64 {
        let target = if round % 4 == 0 { &linked } else { &path };
        let content = &contents[usize::try_from(round % 3).expect("it is small")];
        let request = Request::put(&url("/files/content", &text(target)), content);
        let request = desk.visitor.signed(request);
        let address = desk.visitor.address();
        std::thread::scope(|scope| {
            let saving = scope.spawn(move || request.try_send(&address));
            // The moment wanders through receiving, writing and renaming.
            let moment = std::time::Instant::now() + Duration::from_micros(round * 700);
            while std::time::Instant::now() < moment {
                std::thread::yield_now();
            }
            processes::kill(desk.served.pid());
            let _ = saving.join();
        });
        desk.replace_server();
        for path in [&path, &linked] {
            let found = fs::read(path).expect("it is there");
            let is_whole = contents.contains(&found);
            assert!(
                is_whole,
                "round {round}: {path:?} has {} bytes",
                found.len()
            );
        }
    }
    let visible = |name: &String| !name.starts_with('.');
    let names: Vec<String> = desk.names().into_iter().filter(visible).collect();
    assert_eq!(names, ["f", "linked", "other name"]);
}

#[test]
fn a_page_that_goes_in_the_middle_of_a_save_changes_nothing() {
    let desk = Desk::new();
    let path = desk.write("f", "old");
    let request = Request::put(&url("/files/content", &text(&path)), &[b'n'; 100_000]);
    let mut connection = desk
        .visitor
        .signed(request)
        .begin(&desk.visitor.address())
        .expect("the server listens");
    std::io::Write::write_all(&mut connection, &[b'n'; 50_000]).expect("it reads");
    drop(connection);
    // The next request of another connection comes after it, or does not:
    // what counts is that no state is ever seen but the old.
    assert_eq!(desk.read(&path).body, "old");
    assert_eq!(desk.names(), ["f"]);
}

#[test]
fn a_file_that_grows_while_it_is_read_is_sent_as_it_was_begun() {
    let desk = Desk::new();
    let size = 64 << 20;
    let path = desk.write("log", vec![b'x'; size]);
    let request = desk
        .visitor
        .signed(Request::get(&url("/files/content", &text(&path))));
    let mut connection = request.begin(&desk.visitor.address()).expect("it listens");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .expect("it is ours");
    for _ in 0..100 {
        std::io::Write::write_all(&mut file, &[b'y'; 10_000]).expect("`/tmp` has room");
    }
    let answer = read_response(&mut connection).expect("it is whole");
    assert!(answer.bytes.len() >= size, "{}", answer.bytes.len());
    assert_eq!(
        answer.header("content-length"),
        Some(&*answer.bytes.len().to_string())
    );
}

#[test]
fn ten_thousand_names_are_packed_and_whole() {
    let desk = Desk::new();
    let names: Vec<String> = (0..10_000)
        .map(|number| format!("file {number:05}"))
        .collect();
    names.iter().for_each(|name| drop(desk.write(name, "")));
    assert_eq!(desk.names(), names);
    let request = Request::get(&url("/files/list", &text(&desk.path(""))));
    let packed = desk
        .visitor
        .send(request.header("accept-encoding", "br, gzip"));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let plain = desk.list(&desk.path("")).to_string().len();
    assert!(
        packed.bytes.len() < plain / 4,
        "{} of {plain}",
        packed.bytes.len()
    );
}

#[test]
fn a_download_works_once_with_the_cookie_alone() {
    let desk = Desk::new();
    let path = desk.write("a b.html", "<script>1</script>");
    let link = desk.ticket(&path, "download");
    let stranger = Request::get(&link).send(&desk.visitor.address());
    assert_eq!(stranger.status, 401, "no cookie");
    let answer = desk.open(&link);
    assert_eq!((answer.status, &*answer.body), (200, "<script>1</script>"));
    let disposition = answer.header("content-disposition").expect("it is saved");
    assert_eq!(
        disposition,
        "attachment; filename=\"a b.html\"; filename*=UTF-8''a%20b.html"
    );
    assert_eq!(desk.open(&link).status, 403, "it was used");
    assert_eq!(desk.open("/files/get?ticket=wrong").status, 403);
}

#[test]
fn a_preview_can_do_nothing_as_our_page() {
    let desk = Desk::new();
    for (name, kind) in [
        ("a.svg", "image/svg+xml"),
        ("a.html", "text/plain; charset=utf-8"),
        ("a.png", "image/png"),
    ] {
        let link = desk.ticket(&desk.write(name, "<svg/>"), "preview");
        for _ in 0..2 {
            let shown = desk.open(&link);
            let header = |name| shown.header(name).unwrap_or_default().to_owned();
            assert_eq!(
                (shown.status, header("content-type")),
                (200, kind.to_owned())
            );
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
            assert_eq!(header("content-disposition"), "inline");
        }
        let part = desk.open_with(&link, &[("range", "bytes=1-3")]);
        assert_eq!((part.status, &*part.body), (206, "svg"));
        assert_eq!(part.header("content-range"), Some("bytes 1-3/6"));
    }
}

#[test]
fn a_second_user_gets_nothing_with_a_link() {
    let desk = Desk::new();
    let link = desk.ticket(&desk.write("secret", "x"), "preview");
    let other = Visitor {
        cookie: "another".to_owned(),
        ..desk.visitor.clone()
    };
    let request = Request::get(&link).header("cookie", &other.cookie_header());
    assert_eq!(request.send(&other.address()).status, 401);
    assert_eq!(other.get(&url("/files/list", "/")).status, 401);
    assert!(other.try_websocket("/conat").is_err());
}
