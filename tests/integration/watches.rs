//! What a page is told about directories and files that change.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::desk::{Desk, text};
use crate::support::watch::Watch;

#[test]
fn without_inotify_a_directory_is_looked_at_and_the_page_told() {
    for (limit, words) in [
        ("max_inotify_watches", "max_user_watches="),
        ("max_inotify_instances", "max_user_instances="),
    ] {
        let desk = Desk::after(&format!("echo 0 > /proc/sys/user/{limit}"));
        let path = desk.write("f", "old");
        let mut watch = desk.watch(&desk.path(""));
        let polling = watch.news();
        assert_eq!(polling["polling"], true, "{polling}");
        assert!(
            polling["why"].as_str().expect("words").contains(words),
            "{polling}"
        );
        desk.write("new", "12345");
        assert_eq!(changed(&mut watch, "new")["size"], 5);
        fs::remove_file(&path).expect("it is ours");
        until(&mut watch, |news| news["removed"] == json!(["f"]));
        let mut watch = desk.watch(&desk.path("new"));
        until(&mut watch, |news| news["file"]["size"] == 5);
        desk.write("new", "1");
        until(&mut watch, |news| news["file"]["size"] == 1);
    }
}

#[test]
fn what_changes_in_a_directory_is_told() {
    let desk = Desk::new();
    let mut watch = desk.watch(&desk.path(""));
    assert_eq!(watch.news()["watching"], true);
    let odd = OsStr::from_bytes(b"caf\xe9");
    let path = desk.write(odd, "12345");
    let entry = changed(&mut watch, "caf\u{10ffe9}");
    assert_eq!(
        (&entry["kind"], &entry["size"]),
        (&json!("file"), &json!(5))
    );
    fs::remove_file(path).expect("it is ours");
    let is_removed = |news: &Value| news["removed"] == json!(["caf\u{10ffe9}"]);
    until(&mut watch, is_removed);
    for number in 0..2000 {
        desk.write(number.to_string(), "");
    }
    // Each name, or the word that there were too many; a slow disk decides.
    let mut told = 0;
    while told < 2000 {
        let news = watch.news();
        told += news["changed"].as_array().map_or(0, Vec::len);
        if news["again"] == true {
            break;
        }
    }
    fs::remove_dir_all(desk.path("")).expect("it is ours");
    until(&mut watch, |news| news["gone"] == true);
}

#[test]
fn a_directory_that_is_made_again_is_watched_again() {
    let desk = Desk::new();
    let (above, below) = (desk.path("above"), desk.path("above/below"));
    for gone in [&below, &above] {
        fs::create_dir_all(&below).expect("the directory is ours");
        let mut watch = desk.watch(&below);
        assert_eq!(watch.news()["watching"], true);
        fs::remove_dir_all(gone).expect("it is ours");
        until(&mut watch, |news| news["gone"] == true);
        fs::create_dir_all(&below).expect("the directory is ours");
        until(&mut watch, |news| news["watching"] == true);
        desk.write("above/below/new", "");
        changed(&mut watch, "new");
    }
}

#[test]
fn a_file_under_an_editor_is_told_however_it_is_written() {
    let desk = Desk::new();
    let path = desk.write("f", "one");
    let mut watch = desk.watch(&path);
    let hash =
        |content: &str| desk.save(&desk.path("hashed"), content, None).json()["hash"].clone();
    let (one, two, three) = (hash("one"), hash("two"), hash("three"));
    until(&mut watch, |news| news["file"]["hash"] == one);
    desk.write("f", "two");
    until(&mut watch, |news| news["file"]["hash"] == two);
    let beside = desk.write("beside", "three");
    fs::rename(beside, &path).expect("the directory is ours");
    until(&mut watch, |news| news["file"]["hash"] == three);
    fs::remove_file(&path).expect("it is ours");
    until(&mut watch, |news| news["file"].is_null());
    desk.write("f", "one");
    until(&mut watch, |news| news["file"]["hash"] == one);
}

#[test]
fn nothing_watched_costs_nothing_and_a_wrong_path_says_so() {
    let desk = Desk::new();
    let mut watch = desk.watch(Path::new("relative"));
    assert_eq!(watch.news()["error"]["code"], 400);
    assert!(watch.news().is_null(), "the watch has ended");
    watch.ask(&text(&desk.path("")));
    until(&mut watch, |news| news["watching"] == true);
    watch.stop();
    assert!(watch.news().is_null(), "the watch has ended");
    desk.write("f", "");
    assert_eq!(watch.news_within(Duration::from_secs(1)), None);
}

/// Waits for news that are as wanted.
#[track_caller]
fn until(watch: &mut Watch, is_wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let news = watch.news();
        if is_wanted(&news) {
            return news;
        }
    }
}

/// Waits until a name came or changed; returns its entry.
#[track_caller]
fn changed(watch: &mut Watch, name: &str) -> Value {
    let find = |news: &Value| {
        let mut entries = news["changed"].as_array()?.iter();
        entries.find(|entry| entry["name"] == name).cloned()
    };
    let news = until(watch, |news| find(news).is_some());
    find(&news).expect("it was found a moment ago")
}
