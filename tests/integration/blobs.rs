//! Blobs: what is kept under the name of its content.

use std::fs;
use std::io::{Read as _, Write as _};

use crate::support::desk::Desk;
use crate::support::doors::Door;
use crate::support::http::{Request, Response, read_response};
use crate::support::odd::bytes;
use crate::support::poll::eventually;
use crate::support::targets::SOON;
use crate::support::visitor::Visitor;

/// The boundary of every form here.
const FORM: &str = "multipart/form-data; boundary=blob";

/// Four bytes and their name.
const PIXEL: (&[u8], &str) = (b"\x89PNG", "4effda12-c261-41e2-a4fe-b6f0d342feb6");

#[test]
fn a_blob_is_found_by_the_name_of_its_content_through_both_doors() {
    for door in Door::both() {
        let page = door.sign_in();
        let content = bytes(3_000_000);
        let uuid = kept(&post(&page, "", &form("file", &content)));
        assert_eq!(kept(&post(&page, "", &form("file", &content))), uuid);
        let place = format!("/blobs/a%20plot.png?uuid={uuid}");
        let blob = page.get(&place);
        assert_eq!((blob.status, &blob.bytes), (200, &content), "{}", door.kind);
        for (name, value) in [
            ("content-type", "image/png"),
            ("content-disposition", "inline"),
            ("content-length", "3000000"),
            ("cache-control", "private, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
        ] {
            assert_eq!(blob.header(name), Some(value), "{name}");
        }
        let tag = format!("\"{uuid}\"");
        assert_eq!(blob.header("etag"), Some(&*tag));
        let known = page.send(Request::get(&place).header("if-none-match", &tag));
        assert_eq!((known.status, known.body.len()), (304, 0));
        let part = page.send(Request::get(&place).header("range", "bytes=10-19"));
        assert_eq!((part.status, &part.bytes[..]), (206, &content[10..20]));
        let head = page.send(Request::new("HEAD", &place));
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-length"), Some("3000000"));
        let saved = page.get(&format!("{place}&download"));
        assert_eq!(saved.bytes, content);
        let disposition = saved.header("content-disposition").unwrap_or_default();
        assert!(disposition.starts_with("attachment; filename=\"a plot.png\""));
    }
}

#[test]
fn what_could_act_is_a_file_to_save() {
    let desk = Desk::new();
    let uuid = kept(&post(
        &desk.visitor,
        "",
        &form("file", b"<svg onload=alert(1)>"),
    ));
    for name in [
        "a.svg",
        "a.html",
        "a.HTM",
        "a.xml",
        "a.js",
        "a.pdf",
        "a",
        "a.png.svg",
    ] {
        let blob = desk.visitor.get(&format!("/blobs/{name}?uuid={uuid}"));
        let header = |name| blob.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("content-type"), "application/octet-stream", "{name}");
        assert!(
            header("content-disposition").starts_with("attachment"),
            "{name}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
    }
}

#[test]
fn a_picture_needs_the_cookie_and_a_form_the_key() {
    let door = Door::server();
    let page = door.sign_in();
    let uuid = kept(&post(&page, "", &form("file", PIXEL.0)));
    let place = format!("/blobs/a.png?uuid={uuid}");
    let cookie = format!("cocalc-plus-{}={}", door.port, page.cookie);
    let picture = Request::get(&place);
    assert_eq!(door.send(&picture).status, 401);
    let shown = door.send(&picture.header("cookie", &cookie));
    assert_eq!((shown.status, &shown.bytes[..]), (200, PIXEL.0));
    let sent = Request::new("POST", "/blobs")
        .header("cookie", &cookie)
        .header("content-type", FORM)
        .body(&form("file", b"x"));
    assert_eq!(door.send(&sent).status, 401);
}

#[test]
fn a_blob_with_a_time_passes() {
    let desk = Desk::new();
    let uuid = kept(&post(&desk.visitor, "?ttl=1", &form("file", PIXEL.0)));
    let place = format!("/blobs/a.png?uuid={uuid}");
    let age = |blob: &Response| blob.header("cache-control").map(str::to_owned);
    let first = desk.visitor.get(&place);
    assert_ne!(
        age(&first).as_deref(),
        Some("private, max-age=31536000, immutable")
    );
    let gone = || (desk.visitor.get(&place).status == 404).then_some(());
    eventually("the blob passes", SOON, gone);
    assert_eq!(kept(&post(&desk.visitor, "", &form("file", PIXEL.0))), uuid);
    assert_eq!(desk.visitor.get(&place).bytes, PIXEL.0);
}

#[test]
fn a_blob_outlives_its_server() {
    let mut desk = Desk::new();
    let uuid = kept(&post(&desk.visitor, "", &form("file", PIXEL.0)));
    assert_eq!(uuid, PIXEL.1);
    desk.replace_server();
    let blob = desk.visitor.get(&format!("/blobs/a.png?uuid={uuid}"));
    assert_eq!((blob.status, &blob.bytes[..]), (200, PIXEL.0));
}

#[test]
fn bad_forms_are_refused_by_name_and_leave_nothing() {
    let desk = Desk::new();
    let page = &desk.visitor;
    let whole = form("file", b"content");
    let refused = |query: &str, kind: &str, body: &[u8]| {
        let request = Request::new("POST", &format!("/blobs{query}"));
        let answer = page.send(request.header("content-type", kind).body(body));
        (answer.status, answer.body)
    };
    for (query, kind, body, expected) in [
        ("", "application/json", &b"{}"[..], "in the field `file`"),
        ("", "multipart/form-data", &whole, "in the field `file`"),
        ("", FORM, b"", "the form ended"),
        ("", FORM, &whole[..whole.len() / 2], "the form ended"),
        ("", FORM, &form("other", b"content"), "in the field `file`"),
        ("", FORM, &[0xff; 5000], "the form ended"),
        ("?ttl=soon", FORM, &whole, "`ttl` is a number"),
        ("?ttl=-1", FORM, &whole, "`ttl` is a number"),
    ] {
        let (status, answer) = refused(query, kind, body);
        assert_eq!(status, 400, "{kind} {answer}");
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
    for wrong in [
        "",
        "?uuid=",
        "?uuid=..%2f..%2fcredentials.json",
        "?uuid=1%00",
    ] {
        assert_eq!(page.get(&format!("/blobs/a{wrong}")).status, 400, "{wrong}");
    }
    let absent = "/blobs/a?uuid=00000000-0000-4000-8000-000000000000";
    assert_eq!(page.get(absent).status, 404);
    assert_eq!(files_below(&desk), 0);
}

#[test]
fn a_form_that_is_cut_off_leaves_nothing() {
    let desk = Desk::new();
    let body = form("file", &bytes(4_000_000));
    let request = desk.visitor.signed(Request::new("POST", "/blobs"));
    let request = request
        .header("content-type", FORM)
        .header("content-length", &body.len().to_string());
    let mut connection = request.begin(&desk.served.address()).expect("it listens");
    connection.write_all(&body[..2_000_000]).expect("it reads");
    drop(connection);
    // The next is served, and nothing is left of this one.
    kept(&post(&desk.visitor, "", &form("file", PIXEL.0)));
    let only_one = || (files_below(&desk) == 1).then_some(());
    eventually("the half blob is gone", SOON, only_one);
}

#[test]
fn a_full_disk_refuses_a_blob_and_keeps_the_others() {
    let data = "~/.local/share/cocalc-plus";
    let desk = Desk::after(&format!(
        "mkdir -p {data} && mount -t tmpfs -o size=4m none {data}"
    ));
    let uuid = kept(&post(&desk.visitor, "", &form("file", PIXEL.0)));
    let full = post(&desk.visitor, "", &form("file", &bytes(8_000_000)));
    assert_eq!(full.status, 507, "{full:?}");
    assert!(full.body.contains("the disk is full; `df -h`"), "{full:?}");
    let blob = desk.visitor.get(&format!("/blobs/a.png?uuid={uuid}"));
    assert_eq!(blob.bytes, PIXEL.0);
    kept(&post(&desk.visitor, "", &form("file", &bytes(1_000))));
}

#[test]
fn a_large_blob_is_never_in_memory() {
    let desk = Desk::new();
    let size = 200 << 20;
    let before = resident(desk.served.pid());
    let head = b"--blob\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let tail = b"\r\n--blob--\r\n";
    let request = desk.visitor.signed(Request::new("POST", "/blobs"));
    let request = request.header("content-type", FORM).header(
        "content-length",
        &(head.len() + size + tail.len()).to_string(),
    );
    let mut connection = request.begin(&desk.served.address()).expect("it listens");
    connection.write_all(head).expect("it reads");
    let piece = bytes(1 << 20);
    let mut most = 0;
    for _ in 0..size >> 20 {
        connection.write_all(&piece).expect("it reads");
        most = most.max(resident(desk.served.pid()));
    }
    connection.write_all(tail).expect("it reads");
    let uuid = kept(&read_response(&mut connection).expect("it answers"));
    let place = format!("/blobs/f.bin?uuid={uuid}");
    let request = desk.visitor.signed(Request::get(&place));
    let mut connection = request.begin(&desk.served.address()).expect("it listens");
    let mut read = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = connection.read(&mut buffer) {
        read += length;
        most = most.max(resident(desk.served.pid()));
    }
    assert!(read > size, "{read}");
    assert!(most < before + (32 << 20), "{before} {most}");
}

/// The bytes of memory that a process holds.
fn resident(pid: u32) -> usize {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).expect("it runs");
    let pages: usize = text
        .split(' ')
        .nth(1)
        .expect("a field")
        .parse()
        .expect("a number");
    pages * 4096
}

fn form(field: &str, content: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--blob\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nnothing\r\n\
         --blob\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"f\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--blob--\r\n");
    body
}

fn post(page: &Visitor, query: &str, body: &[u8]) -> Response {
    let request = Request::new("POST", &format!("/blobs{query}")).header("content-type", FORM);
    page.send(request.body(body))
}

/// The name of a blob that was taken.
#[track_caller]
fn kept(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["uuid"].as_str().expect("a name").to_owned()
}

/// How many files lie below the blobs' directory.
fn files_below(desk: &Desk) -> usize {
    let root = desk.laptop.home().join(".local/share/cocalc-plus/blobs");
    let mut dirs = vec![root];
    let mut count = 0;
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            match entry.file_type().expect("it is there").is_dir() {
                true => dirs.push(entry.path()),
                false => count += 1,
            }
        }
    }
    count
}
