//! The server's database: where it lies, and what keeps a start from using it.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::desk::Desk;
use crate::support::laptop::Laptop;
use crate::support::processes;
use crate::support::served::Served;

/// Where the database lies.
fn database(laptop: &Laptop) -> PathBuf {
    laptop.home().join(".local/share/cocalc-plus/hub.db")
}

/// Starts a server whose log is a file, and stops it; returns the log.
fn log_of_a_run(laptop: &Laptop) -> String {
    let log = laptop.file("server.log");
    let _ = fs::remove_file(&log);
    let mut served = Served::start(laptop, &["--log", &log.display().to_string()]);
    processes::signal(served.pid(), Signal::TERM);
    assert_eq!(served.end(), Some(0));
    fs::read_to_string(log).expect("it wrote a log")
}

#[test]
fn a_start_says_where_the_database_lies_and_a_stop_leaves_it_whole() {
    let laptop = Laptop::new();
    let log = log_of_a_run(&laptop);
    let path = database(&laptop);
    assert!(log.contains(&path.display().to_string()), "{log}");
    let wal = path.with_file_name("hub.db-wal");
    assert!(path.exists() && !wal.exists(), "it was closed");
    assert!(!log_of_a_run(&laptop).contains("ERROR"));
}

#[test]
fn a_damaged_database_is_set_aside_and_named() {
    let laptop = Laptop::new();
    log_of_a_run(&laptop);
    fs::write(database(&laptop), [0x5a; 9000]).expect("it is ours");
    let log = log_of_a_run(&laptop);
    assert!(log.contains("hub.db.corrupt-2"), "{log}");
    assert!(!log_of_a_run(&laptop).contains("corrupt"), "once");
}

#[test]
fn a_database_of_a_newer_build_is_refused_with_what_to_do() {
    let laptop = Laptop::new();
    log_of_a_run(&laptop);
    let path = database(&laptop);
    let mut newer = fs::read(&path).expect("it is ours");
    newer[60..64].copy_from_slice(&1000_u32.to_be_bytes());
    fs::write(&path, &newer).expect("it is ours");
    let refused = laptop.run(&["serve", "--no-open"]).failure(26);
    let (path_text, said) = (path.display().to_string(), &refused.stderr);
    assert!(said.contains("is of version 1000"), "{refused:#?}");
    assert!(
        said.contains(&path_text) && said.contains("hint: "),
        "{refused:#?}"
    );
    assert_eq!(fs::read(&path).expect("it is ours"), newer);
}

#[test]
fn terminals_work_without_a_database_on_a_full_or_read_only_disk() {
    let data = "~/.local/share/cocalc-plus";
    let full = format!(
        "mkdir -p {data} && mount -t tmpfs -o size=64k none {data} && cat /dev/zero > {data}/x || true"
    );
    let read_only =
        format!("mkdir -p {data} && mount -t tmpfs none {data} && mount -o remount,ro {data}");
    for line in [full, read_only] {
        let desk = Desk::after(&line);
        assert_eq!(desk.visitor.get("/customize").status, 200, "{line}");
    }
}

#[test]
fn another_job_of_this_machine_works_without_the_database() {
    let laptop = Laptop::new();
    let _first = Served::start(&laptop, &[]);
    let log = laptop.file("second.log");
    let bin = crate::support::bin();
    let mut command = laptop.command(&bin);
    command.env("SLURM_JOB_ID", "17");
    let arguments = ["--log", &log.display().to_string()];
    let second = Served::start_by(&laptop, &mut command, &arguments);
    assert_eq!(second.health(&second.address()).status, 200);
    let said = fs::read_to_string(log).expect("it wrote a log");
    assert!(said.contains("is open in another process"), "{said}");
}
