//! Everything that can keep the binary from being installed, provoked.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::account::Account;
use crate::support::aftermath::{installed, names_in};
use crate::support::laptop::Laptop;
use crate::support::login::Login;
use crate::support::set_mode;
use crate::support::sshd::Sshd;

/// Every place with too little room for the binary.
const ALL_FULL: &str = "for d in $AT/home /var/tmp /dev/shm; do\n\
    mount -t tmpfs -o size=3m,mode=1777 none $d; done; chmod 700 $AT/home";

/// Every place where programs may not run.
const ALL_NOEXEC: &str = "for d in $AT/home /var/tmp /dev/shm; do\n\
    mount -t tmpfs -o noexec,mode=1777 none $d; done; chmod 700 $AT/home";

/// What is done to a packed binary.
type Damage = fn(Vec<u8>) -> Vec<u8>;

/// A home on btrfs whose quota is smaller than the binary.
const QUOTA: &str = "truncate -s 128M $AT/disk; mkfs.btrfs -q $AT/disk; mkdir $AT/btrfs\n\
    mount -o loop $AT/disk $AT/btrfs; btrfs quota enable $AT/btrfs\n\
    btrfs -q subvolume create $AT/btrfs/home >/dev/null; chmod 700 $AT/btrfs/home\n\
    btrfs qgroup limit 3M $AT/btrfs/home; mount --bind $AT/btrfs/home $AT/home\n";

/// The same places, too small as well.
const FALLBACKS_FULL: &str =
    "for d in /var/tmp /dev/shm; do mount -t tmpfs -o size=3m,mode=1777 none $d; done";

#[test]
fn without_room_anywhere_each_place_is_named() {
    let Some(sshd) = Sshd::mounting(ALL_FULL) else {
        return;
    };
    let sshd = sshd.start();
    let finished = Laptop::with_target("box", &sshd).fails(&sshd, 22);
    for place in [".cocalc-plus: no room", "/var/tmp/ccp-", "/dev/shm/ccp-"] {
        assert!(finished.stderr.contains(place), "{place}: {finished:#?}");
    }
}

#[test]
fn a_disk_without_a_single_free_block_is_full_too() {
    let fill = "cat /dev/zero > $AT/home/x 2>/dev/null || true; cat /dev/zero > /var/tmp/x 2>/dev/null || true; \
                cat /dev/zero > /dev/shm/x 2>/dev/null || true";
    let Some(sshd) = Sshd::mounting(&format!("{ALL_FULL}\n{fill}")) else {
        return;
    };
    let sshd = sshd.start();
    Laptop::with_target("box", &sshd).fails(&sshd, 22);
}

#[test]
fn a_quota_that_is_used_up_counts_as_a_full_disk() {
    let Some(sshd) = Sshd::mounting(&format!("{QUOTA}{FALLBACKS_FULL}")) else {
        return;
    };
    let sshd = sshd.start();
    let finished = Laptop::with_target("box", &sshd).fails(&sshd, 22);
    assert!(
        finished.stderr.contains("disk or quota full"),
        "{finished:#?}"
    );
}

#[test]
fn where_programs_may_not_run_each_place_is_named() {
    let Some(sshd) = Sshd::mounting(ALL_NOEXEC) else {
        return;
    };
    let sshd = sshd.start();
    let finished = Laptop::with_target("box", &sshd).fails(&sshd, 21);
    assert_eq!(
        finished.stderr.matches("(noexec)").count(),
        3,
        "{finished:#?}"
    );
}

#[test]
fn the_next_place_is_used_when_the_home_cannot_hold_the_binary() {
    let homes = [
        ("full", "mount -t tmpfs -o size=3m,mode=700 none $AT/home"),
        ("quota", QUOTA),
        ("noexec", "mount -t tmpfs -o noexec,mode=700 none $AT/home"),
        (
            "read-only",
            "mount --bind $AT/home $AT/home; mount -o remount,ro,bind $AT/home",
        ),
        (
            "another's",
            "mkdir -m 700 $AT/home/.cocalc-plus; chown 65534 $AT/home/.cocalc-plus",
        ),
        (
            "open",
            "mkdir -m 777 $AT/home/.cocalc-plus; chmod 777 $AT/home/.cocalc-plus",
        ),
        ("a file", "touch $AT/home/.cocalc-plus"),
    ];
    thread::scope(|scope| {
        for (what, mounts) in homes {
            scope.spawn(move || uses_the_next_place(what, mounts));
        }
    });
}

#[track_caller]
fn uses_the_next_place(what: &str, mounts: &str) {
    let Some(sshd) = Sshd::mounting(mounts) else {
        return;
    };
    let sshd = sshd.start();
    let laptop = Laptop::with_target("box", &sshd);
    assert_eq!(laptop.connects(&sshd)["installed"], true, "{what}");
    let uid = sshd.login().account().uid;
    let next = names_in(&sshd.inside(format!("/var/tmp/ccp-{uid}/bin")));
    assert_eq!((installed(&sshd).len(), next.len()), (0, 1), "{what}");
    laptop.run(&["ssh", "stop", "box"]).success();
    assert_eq!(laptop.connects(&sshd)["installed"], false, "{what}");
}

#[test]
fn roots_of_others_or_open_to_others_are_named_with_what_closes_them() {
    let mounts = "mkdir -m 777 $AT/home/.cocalc-plus; chmod 777 $AT/home/.cocalc-plus\n\
        for d in /var/tmp /dev/shm; do mkdir -m 700 $d/ccp-0; chown 65534 $d/ccp-0; done";
    let Some(sshd) = Sshd::mounting(mounts) else {
        return;
    };
    let sshd = sshd.start();
    let finished = Laptop::with_target("box", &sshd).fails(&sshd, 20);
    let closes = format!("chmod 700 {}", sshd.home().join(".cocalc-plus").display());
    for word in [closes.as_str(), "/var/tmp/ccp-0: belongs to another user"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
}

#[test]
fn a_binary_that_another_user_planted_is_never_run() {
    let Some(other) = Account::other() else {
        return;
    };
    let model = Sshd::start();
    Laptop::with_target("box", &model).connect("box");
    let name = installed(&model).pop().expect("it is installed");
    let plant = format!(
        "for d in $AT/home/.cocalc-plus /var/tmp/ccp-0; do\n\
         mkdir -p -m 700 $d/bin; printf '#!/bin/sh\\ntouch {{}}/planted\\n' | sed \"s|{{}}|$AT|\" > $d/bin/{name}\n\
         chmod 755 $d/bin/{name}; chown -R {uid} $d; done",
        uid = other.uid
    );
    let Some(sshd) = Sshd::mounting(&plant) else {
        return;
    };
    let sshd = sshd.start();
    let laptop = Laptop::with_target("box", &sshd);
    assert_eq!(laptop.connects(&sshd)["installed"], true);
    assert!(!sshd.home().with_file_name("planted").exists());
    let used = names_in(&sshd.inside("/dev/shm/ccp-0/bin"));
    assert_eq!(used, [name], "the first place that is ours");
}

#[test]
fn a_squatted_runtime_directory_moves_the_sockets_on() {
    // A `/tmp` of the remote side's own, with the case's directory in it.
    let mounts = "mkdir /var/tmp/at; mount --bind $AT /var/tmp/at; mount -t tmpfs -o mode=1777 none /tmp\n\
        mkdir -p $AT; mount --move /var/tmp/at $AT; rmdir /var/tmp/at\n\
        mkdir -m 777 /tmp/ccp-0; touch /tmp/ccp-0/server.sock; chown -R 65534 /tmp/ccp-0";
    let Some(sshd) = Sshd::mounting(mounts) else {
        return;
    };
    let sshd = sshd.env("COCALC_PLUS_RUNTIME", "").start();
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connects(&sshd);
    laptop
        .visit("box")
        .open_terminal()
        .line("echo $((6*7))")
        .expect("42");
    let squatted = names_in(&sshd.inside("/tmp/ccp-0"));
    assert_eq!(squatted, ["server.sock"], "nothing of ours lies there");
    assert!(!names_in(&sshd.inside("/var/tmp/ccp-0")).is_empty());
}

#[test]
fn a_runtime_directory_open_to_others_is_refused_with_what_closes_it() {
    let sshd = Sshd::start();
    set_mode(&sshd.runtime(), 0o755);
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.fails(&sshd, 26);
    for word in ["chmod 700", "COCALC_PLUS_RUNTIME"] {
        assert!(finished.stderr.contains(word), "{word}: {finished:#?}");
    }
    set_mode(&sshd.runtime(), 0o700);
    laptop.connects(&sshd);
}

#[test]
fn a_remote_needs_neither_head_nor_gzip_nor_a_program_that_hashes() {
    let lacks: [&[&str]; 4] = [
        &["head"],
        &["gzip"],
        &["sha256sum", "shasum", "openssl"],
        &["head", "gzip", "sha256sum", "shasum", "openssl"],
    ];
    thread::scope(|scope| {
        for programs in lacks {
            scope.spawn(move || installs_without(programs));
        }
    });
}

#[track_caller]
fn installs_without(programs: &[&str]) {
    let hide = format!(
        "mkdir /var/tmp/upper /var/tmp/work; cd /usr/bin\n\
         mount -t overlay -o lowerdir=/usr/bin,upperdir=/var/tmp/upper,workdir=/var/tmp/work none /usr/bin\n\
         cd /usr/bin; rm -f {}; cd /",
        programs.join(" ")
    );
    let Some(sshd) = Sshd::mounting(&hide) else {
        return;
    };
    let sshd = sshd.start();
    let laptop = Laptop::with_target("box", &sshd);
    for program in programs {
        let missing = format!("! command -v {program}");
        laptop.ssh(&["box", &missing]).success();
    }
    assert_eq!(laptop.connects(&sshd)["installed"], true, "{programs:?}");
}

#[test]
fn what_arrives_damaged_is_refused_and_sent_anew() {
    let damages: [(&str, Damage); 3] = [
        ("truncated", |packed| packed[..packed.len() / 2].to_vec()),
        ("bytes changed", |mut packed| {
            let middle = packed.len() / 2;
            packed[middle..middle + 64].fill(0x55);
            packed
        }),
        ("another file", |_| pack(b"#!/bin/sh\necho 0.1.0\n")),
    ];
    thread::scope(|scope| {
        for (what, damage) in damages {
            scope.spawn(move || refuses(what, damage));
        }
    });
}

#[track_caller]
fn refuses(what: &str, damage: Damage) {
    let (first, sshd) = (Sshd::start(), Sshd::start());
    let laptop = Laptop::with_target("first", &first);
    laptop.connect("first");
    laptop.run(&["ssh", "stop", "first"]).success();
    let payload = payload(&laptop);
    let packed = fs::read(&payload).expect("it was sent");
    fs::write(&payload, damage(packed)).expect("the cache is ours");
    laptop.add_target("box", &sshd);
    let finished = laptop.try_connect("box", &[]).failure(23);
    assert!(
        finished.stderr.contains("arrived damaged"),
        "{what}: {finished:#?}"
    );
    assert!(
        finished.stderr.contains("\nhint: cocalc-plus ssh box"),
        "{what}: {finished:#?}"
    );
    assert_eq!(installed(&sshd), [""; 0], "{what}");
    assert_eq!(laptop.connects(&sshd)["installed"], true, "{what}");
}

/// The packed binary that this laptop keeps.
fn payload(laptop: &Laptop) -> PathBuf {
    let cache = laptop.home().join(".cache/cocalc-plus");
    let mut names = names_in(&cache).into_iter();
    let name = names.find(|name| name.starts_with("payload-"));
    cache.join(name.expect("a binary was sent"))
}

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory has room");
    encoder.finish().expect("memory has room")
}

#[test]
fn what_killed_installers_left_is_removed_and_what_runs_is_spared() {
    let sshd = Sshd::start();
    let bin = sshd.home().join(".cocalc-plus/bin");
    fs::create_dir_all(&bin).expect("the home is ours");
    set_mode(&sshd.home().join(".cocalc-plus"), 0o700);
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    // No process has a number beyond the kernel's limit of 2^22.
    let dead = format!(".new-{host}-9999999-abc");
    let alive = format!(".new-{host}-{}-abc", std::process::id());
    let elsewhere = ".new-elsewhere-9999999-abc".to_owned();
    for name in [&dead, &alive, &elsewhere] {
        fs::write(bin.join(name), "half").expect("the home is ours");
    }
    Laptop::with_target("box", &sshd).connect("box");
    let left = names_in(&bin);
    assert!(!left.contains(&dead), "{left:?}");
    assert!(
        left.contains(&alive) && left.contains(&elsewhere),
        "{left:?}"
    );
}

#[test]
fn a_wrong_owner_is_seen_for_a_user_who_is_not_root() {
    let Some(login) = Login::with_password() else {
        return;
    };
    let sshd = Sshd::builder()
        .login(login)
        .line("PubkeyAuthentication yes")
        .start();
    let root = sshd.home().join(".cocalc-plus");
    fs::create_dir(&root).expect("root may");
    set_mode(&root, 0o700);
    chown(&root, Some(0), Some(0)).expect("root may");
    let laptop = Laptop::with_target("box", &sshd);
    laptop.connects(&sshd);
    let uid = sshd.login().account().uid;
    let next = PathBuf::from(format!("/var/tmp/ccp-{uid}"));
    assert_eq!(names_in(&next.join("bin")).len(), 1);
    laptop.run(&["ssh", "stop", "box"]).success();
    remove(&next);
}

/// Removes what a user who is deleted would leave.
fn remove(folder: &Path) {
    fs::remove_dir_all(folder).expect("it was installed there");
}
