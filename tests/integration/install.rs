//! Bringing the binary to a remote: what is shown, and what may go wrong.

use std::fs;
use std::path::Path;
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::sshd::Sshd;
use crate::support::targets::SOON;
use crate::support::wan::Wan;
use crate::support::{set_mode, temporary_directory};

/// Slow enough that an upload lasts for seconds.
const SLOW: u64 = 1 << 20;

#[test]
fn an_upload_shows_a_bar_with_its_rate() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    wan.set_rate(Some(4 * SLOW));
    let mut person = laptop.on_terminal(&["ssh", "box", "--no-open"]);
    person
        .expect("uploading")
        .expect("/s")
        .expect("binary installed");
    person.expect("http://localhost:");
    assert!(person.end().success());
}

#[test]
fn another_machine_is_an_error_that_names_both() {
    let folder = temporary_directory();
    let uname = folder.path().join("uname");
    fs::write(
        &uname,
        "#!/bin/sh\n[ \"$1\" = -s ] && echo Plan9 || echo vax\n",
    )
    .expect("ours");
    set_mode(&uname, 0o755);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let sshd = Sshd::builder().env("PATH", &path).start();
    let finished = Laptop::with_target("box", &sshd)
        .try_connect("box", &[])
        .failure(25);
    assert!(finished.stderr.contains("Plan9-vax"), "{finished:#?}");
    assert!(finished.stderr.contains("Linux-"), "{finished:#?}");
}

#[test]
fn simultaneous_installs_from_two_laptops_are_harmless() {
    let sshd = Sshd::start();
    let laptops = [
        Laptop::with_target("box", &sshd),
        Laptop::with_target("box", &sshd),
    ];
    let origins: Vec<_> = thread::scope(|scope| {
        let both = laptops
            .each_ref()
            .map(|laptop| scope.spawn(|| laptop.connect("box")));
        both.map(|one| one.join().expect("it succeeds")["server"].clone())
            .into()
    });
    assert!(origins.contains(&json!("started")), "{origins:?}");
    assert_eq!(installed(&sshd).len(), 1, "{:?}", installed(&sshd));
    assert_eq!(
        laptops[0].row("box")["remote_port"],
        laptops[1].row("box")["remote_port"]
    );
}

#[test]
fn a_named_directory_is_installed_in_unless_it_is_open_to_others() {
    let folder = temporary_directory();
    let home = folder.path().display().to_string();
    let sshd = Sshd::builder().env("COCALC_PLUS_HOME", &home).start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect("box");
    assert_eq!(
        (installed(&sshd).len(), folder.path().join("bin").exists()),
        (1, false)
    );
    laptop.run(&["ssh", "stop", "box"]).success();
    fs::remove_dir_all(sshd.home().join(".cocalc-plus")).expect("it is installed");
    set_mode(folder.path(), 0o700);
    assert_eq!(laptop.connect("box")["installed"], true);
    assert_eq!(
        (installed(&sshd).len(), folder.path().join("bin").exists()),
        (0, true)
    );
}

#[test]
fn a_damaged_binary_is_installed_again() {
    let sshd = Sshd::start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connect("box");
    laptop.run(&["ssh", "stop", "box"]).success();
    let bin = sshd.home().join(".cocalc-plus/bin");
    let name = installed(&sshd).pop().expect("it is installed");
    set_mode(&bin.join(&name), 0o600);
    assert_eq!(laptop.connect("box")["installed"], true);
    assert_eq!(installed(&sshd), [name]);
}

#[test]
fn a_connection_that_breaks_during_an_upload_leaves_nothing_half_installed() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    // So slow that it is under way however late this test looks.
    wan.set_rate(Some(SLOW / 8));
    let finished = thread::scope(|scope| {
        let connect = scope.spawn(|| laptop.try_connect("box", &[]));
        wait_until_uploading(&wan);
        wan.cut();
        connect.join().expect("it ends")
    });
    let finished = finished.failure(14);
    assert!(finished.stderr.contains("hint: "), "{finished:#?}");
    let is_clean = || installed(&sshd).is_empty().then_some(());
    eventually("nothing is installed", SOON, is_clean);
    assert_eq!(laptop.rows(), json!([]));
    laptop.wait_until_idle(SOON);
}

#[test]
fn an_interrupted_command_leaves_nothing_running() {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    // So slow that it is under way however late this test looks.
    wan.set_rate(Some(SLOW / 8));
    let mut command = laptop.spawn(&["ssh", "box", "--no-open"]);
    wait_until_uploading(&wan);
    processes::signal(command.id(), Signal::INT);
    command.wait().expect("a child of ours");
    laptop.wait_until_idle(SOON);
    assert_eq!(laptop.rows(), json!([]));
    let is_clean = || installed(&sshd).is_empty().then_some(());
    eventually("nothing is installed", SOON, is_clean);
}

/// Waits until a part of the binary is under way.
#[track_caller]
fn wait_until_uploading(wan: &Wan) {
    let is_under_way = || (wan.bytes_up() > 200_000).then_some(());
    eventually("the upload is under way", SOON, is_under_way);
}

/// Lists what lies beside the installed binaries.
fn installed(sshd: &Sshd) -> Vec<String> {
    let folder = sshd.home().join(".cocalc-plus/bin");
    let entries = fs::read_dir(Path::new(&folder))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
