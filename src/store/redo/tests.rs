//! The redo log as a file: cut, damaged, taken back and begun anew.

use std::fs;
use std::path::Path;

use super::Title;
use super::log::RedoLog;
use super::record::HEADER_BYTES;
use super::record::Recording;
use super::records::Records;
use super::records::Tail;
use crate::store::error::Error;
use crate::store::value::Value;

fn recording(number: i64) -> Recording {
    let mut recording = Recording::default();
    recording.add("INSERT INTO t VALUES (?1)", &[Value::Integer(number)]);
    recording
}

fn title() -> Title {
    Title {
        database: "abc".into(),
        base: 4,
    }
}

fn log(dir: &Path, groups: std::ops::Range<u64>) -> RedoLog {
    let mut log = RedoLog::begin(&dir.join("redo"), title()).unwrap();
    for group in groups {
        log.append(group, 1, &recording(group.cast_signed()))
            .unwrap();
    }
    log
}

fn read(dir: &Path) -> (Vec<u64>, Records) {
    let mut records = Records::open(&dir.join("redo")).unwrap().unwrap();
    let mut groups = Vec::new();
    while let Some(record) = records.next().unwrap() {
        groups.push(record.group);
    }
    (groups, records)
}

#[test]
fn what_was_appended_is_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), 5..8);
    let (groups, records) = read(dir.path());
    assert_eq!((groups, records.tail()), (vec![5, 6, 7], Tail::Whole));
    assert_eq!(records.title(), &title());
    let path = dir.path().join("redo");
    let mut log = RedoLog::go_on(&path, title(), records.end()).unwrap();
    log.append(8, 1, &recording(8)).unwrap();
    assert_eq!(read(dir.path()).0, [5, 6, 7, 8]);
}

#[test]
fn what_is_taken_back_was_never_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), 5..7);
    log.take_back(Error::Closed);
    assert_eq!(read(dir.path()).0, [5]);
    log.append(6, 1, &recording(66)).unwrap();
    assert_eq!(read(dir.path()).0, [5, 6]);
}

#[test]
fn a_log_begun_anew_has_what_came_after_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), 5..7);
    let mark = log.end();
    log.append(7, 1, &recording(7)).unwrap();
    log.begin_anew(mark).unwrap();
    log.append(8, 1, &recording(8)).unwrap();
    let (groups, records) = read(dir.path());
    assert_eq!((groups, records.title().base), (vec![7, 8], 6));
}

#[test]
fn a_log_cut_anywhere_has_the_whole_records_before_the_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("redo");
    let mut ends = vec![log(dir.path(), 5..5).len()];
    ends.extend((5..8).map(|last| log(dir.path(), 5..last + 1).len()));
    let whole = fs::read(&path).unwrap();
    for length in usize::try_from(ends[0]).unwrap()..=whole.len() {
        let whole_records = ends[1..].iter().filter(|end| **end <= length as u64);
        fs::write(&path, &whole[..length]).unwrap();
        let (groups, records) = read(dir.path());
        assert_eq!(groups.len(), whole_records.count(), "{length} bytes");
        let is_whole = ends.contains(&(length as u64));
        assert_eq!(records.tail() == Tail::Whole, is_whole, "{length} bytes");
        assert_ne!(records.tail(), Tail::Damaged, "{length} bytes");
    }
}

#[test]
fn zeros_at_the_end_are_a_torn_record_and_a_flaw_before_others_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("redo");
    let middle = usize::try_from(log(dir.path(), 5..6).len()).unwrap();
    log(dir.path(), 5..8);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &[0; 4096]].concat()).unwrap();
    let (groups, records) = read(dir.path());
    assert_eq!((groups, records.tail()), (vec![5, 6, 7], Tail::Torn));
    for flaw in [middle, middle + HEADER_BYTES + 3] {
        let mut bad = whole.clone();
        bad[flaw] ^= 0x10;
        fs::write(&path, bad).unwrap();
        let (groups, records) = read(dir.path());
        assert_eq!((groups, records.tail()), (vec![5], Tail::Damaged), "{flaw}");
    }
}

#[test]
fn what_is_no_log_is_none_and_a_newer_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("redo");
    for content in [
        &b""[..],
        b"\xff\xfe\n",
        b"cocalc-plus redo x y z\n",
        &[7; 300],
    ] {
        fs::write(&path, content).unwrap();
        assert!(Records::open(&path).unwrap().is_none(), "{content:?}");
    }
    fs::write(&path, "cocalc-plus redo 2 whatever it says\n").unwrap();
    assert!(matches!(
        Records::open(&path),
        Err(Error::Newer { found: 2, .. })
    ));
}
