//! Remote machines as they are found: without a network, with a home that
//! several share, behind a slow proxy, with an odd `PATH` or mask, with a
//! server of another build.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::support::aftermath::{assert_reads_well, installed, names_in};
use crate::support::finished;
use crate::support::laptop::Laptop;
use crate::support::login::{Login, Shell};
use crate::support::poll::eventually;
use crate::support::served::papers;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected};
use crate::support::visitor::Visitor;
use crate::support::{bin, prepared, set_mode, skip, temporary_directory};

/// Gives each command a network of its own, in which there is nobody.
const NO_NETWORK: &str =
    "ForceCommand unshare -n sh -c 'ip link set lo up; eval \"$SSH_ORIGINAL_COMMAND\"'";

/// How many files a home may get from a connect and a terminal.
const FILES: usize = 6;

/// How many the database has: itself, three of SQLite's, its log, its lock.
const DATABASE_FILES: usize = 6;

/// Longer than a `ConnectTimeout` that a program would choose.
const SLOW_PROXY: Duration = Duration::from_secs(8);

/// Listens as a program of the user's does, and says where.
const LISTEN: &str = "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, \
    LocalAddr => \"127.0.0.1\"); print \"a\", \"t=\", $s->sockport, \".\\n\"; <STDIN>'";

#[test]
fn a_machine_without_any_network_is_enough() {
    if !prepared::is_possible() {
        return;
    }
    let sshd = Sshd::builder().line(NO_NETWORK).start();
    let laptop = Laptop::with_target("box", &sshd);
    assert_eq!(laptop.connects(&sshd)["installed"], true);
    let mut terminal = laptop.visit("box").open_terminal();
    terminal
        .line("echo routes=$(($(wc -l < /proc/net/route) - 1)).")
        .expect("routes=0.");
}

#[test]
fn the_binary_needs_no_library_and_no_file() {
    if bin() == Path::new(env!("CARGO_BIN_EXE_cocalc-plus")) {
        return skip("cargo's own build is not the static one: `make build`, COCALC_PLUS_BIN");
    }
    if !prepared::is_possible() {
        return;
    }
    let root = temporary_directory();
    fs::copy(bin(), root.path().join("cocalc-plus")).expect("`/tmp` has room");
    let laptop = Laptop::new();
    let mut chroot = laptop.command(Path::new("/usr/sbin/chroot"));
    chroot.arg(root.path()).args(["/cocalc-plus", "--version"]);
    let finished = finished::run(&mut chroot, SOON).success();
    assert!(finished.stdout.starts_with("cocalc-plus "), "{finished:#?}");
}

#[test]
fn machines_that_share_a_home_share_the_binary_and_no_server() {
    if !prepared::is_possible() {
        return;
    }
    let (sshd, laptop) = connected();
    let [home, run] = [sshd.home(), sshd.runtime()].map(|path| path.display().to_string());
    let line =
        format!("hostname elsewhere; mount --bind {home} $AT/home; mount --bind {run} $AT/run");
    let other = Sshd::builder().prepare(&line).start();
    laptop.add_target("other", &other);
    let second = laptop.connect("other");
    assert_eq!(
        (&second["installed"], &second["server"]),
        (&json!(false), &json!("started"))
    );
    laptop.run(&["ssh", "stop", "other"]).success();
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line("echo $((6*7))").expect("42");
    assert_eq!(laptop.connect("box")["server"], "reused");
}

#[test]
fn builds_for_other_machines_stay_in_a_shared_home() {
    let sshd = Sshd::start();
    let bin = sshd.home().join(".cocalc-plus/bin");
    fs::create_dir_all(&bin).expect("the home is ours");
    set_mode(&sshd.home().join(".cocalc-plus"), 0o700);
    let host = rustix::system::uname();
    let own = format!(
        "{}-{}",
        host.sysname().to_string_lossy(),
        host.machine().to_string_lossy()
    );
    for platform in [own.as_str(), "Linux-vax"] {
        for number in 1..=4 {
            let name = format!("0.0.{number}-{platform}-0123456789abcdef");
            fs::write(bin.join(name), "").expect("the home is ours");
        }
    }
    Laptop::with_target("box", &sshd).connects(&sshd);
    let count = |platform: &str| {
        let part = format!("-{platform}-");
        let names = names_in(&bin).into_iter();
        names.filter(|name| name.contains(&part)).count()
    };
    // The one that runs and two that do not.
    eventually("this machine's builds are pruned", SOON, || {
        (count(&own) == 3).then_some(())
    });
    assert_eq!(count("Linux-vax"), 4);
}

#[test]
fn a_home_gets_few_files_and_no_lock() {
    let (sshd, laptop) = connected();
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line("echo $((6*7))").expect("42");
    let locked = locked_by(&sshd.remote_processes());
    let is_locked = |path: &PathBuf| locked.contains(&inode(path));
    let home = files_below(&sshd.home());
    // The database may: where a home is another machine's, it is opened without.
    let (database, others): (Vec<_>, Vec<_>) = home.iter().partition(|path| is_of_database(path));
    assert!(others.len() <= FILES, "{home:#?}");
    assert!(database.len() <= DATABASE_FILES, "{home:#?}");
    assert!(!others.into_iter().any(is_locked), "{home:#?}");
    // Where the sockets are, on a disk of this machine, a server holds its own.
    assert!(files_below(&sshd.runtime()).iter().any(is_locked));
}

fn is_of_database(path: &Path) -> bool {
    let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
    name.is_some_and(|name| name.starts_with("hub.db"))
}

#[test]
fn a_mask_that_opens_or_closes_everything_changes_nothing() {
    for mask in ["0000", "0777"] {
        let Some(login) = Login::with_shell(Shell::Bash) else {
            return;
        };
        let sshd = Sshd::builder().login(login).start();
        sshd.write_home(".bashrc", &format!("umask {mask}\n"));
        let laptop = Laptop::with_target("box", &sshd);
        let shown = laptop.ssh(&["box", "umask"]).success().stdout;
        assert_eq!(shown.trim(), mask);
        laptop.connects(&sshd);
        let mut terminal = laptop.visit("box").open_terminal();
        terminal.line("echo $((6*7))").expect("42");
        for folder in [sshd.home().join(".cocalc-plus"), sshd.runtime()] {
            let files = files_below(&folder).into_iter();
            for path in files.filter(|path| !path.is_symlink()) {
                let mode = fs::symlink_metadata(&path).expect("it is there").mode();
                assert_eq!(mode & 0o077, 0, "umask {mask}: {}", path.display());
            }
        }
    }
}

#[test]
fn a_path_on_which_only_sh_lies_suffices() {
    let folder = temporary_directory();
    symlink("/bin/sh", folder.path().join("sh")).expect("the directory is ours");
    let path = folder.path().display().to_string();
    let sshd = Sshd::builder().env("PATH", &path).start();
    let laptop = Laptop::with_target("box", &sshd);
    assert_eq!(laptop.connects(&sshd)["installed"], true);
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line("echo $((6*7))").expect("42");
}

#[test]
fn aliases_and_functions_of_a_login_shell_change_nothing() {
    let cases = [
        (
            Shell::Bash,
            "shopt -s expand_aliases; alias cd=false ls=false; test() { false; }\n",
        ),
        (Shell::Zsh, "alias cd=false ls=false; test() { false }\n"),
        (
            Shell::Fish,
            "function cd; false; end; function ls; false; end\n",
        ),
        (Shell::Tcsh, "alias cd false; alias ls false\n"),
    ];
    for (shell, startup) in cases {
        let Some(login) = Login::with_shell(shell) else {
            return;
        };
        let sshd = Sshd::builder().login(login).start();
        sshd.write_home(shell.rc_file().expect("it reads one"), startup);
        let laptop = Laptop::with_target("box", &sshd);
        assert_eq!(laptop.connects(&sshd)["installed"], true, "{shell:?}");
        assert_eq!(installed(&sshd).len(), 1, "{shell:?}");
    }
}

#[test]
fn a_server_of_another_build_is_used() {
    let (sshd, laptop) = connected();
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line("n=6").expect("n=6");
    let server = papers(&sshd.runtime()).pid;
    let connected = laptop.connect_build(&laptop.longer_build(1), "box");
    assert_eq!(
        (&connected["installed"], &connected["server"]),
        (&json!(true), &json!("reused"))
    );
    assert_eq!(papers(&sshd.runtime()).pid, server);
    let visitor = Visitor::sign_in(connected["url"].as_str().expect("a URL"));
    terminal.end();
    terminal.resume(&visitor);
    terminal
        .keys("\u{15}")
        .line("echo n=$((n*7)).")
        .expect("n=42.");
}

#[test]
fn a_slow_proxy_is_waited_for() {
    let (door, sshd) = (Sshd::start(), Sshd::start());
    let laptop = Laptop::with_target("door", &door);
    laptop.add_target("box", &sshd);
    laptop.add_ssh_config(&format!(
        "  ProxyCommand sh -c 'sleep {}; exec ssh -F {} -W %h:%p door'",
        SLOW_PROXY.as_secs(),
        laptop.ssh_config().display()
    ));
    let finished = laptop.try_connect("box", &[]).success();
    assert!(finished.elapsed >= SLOW_PROXY, "{finished:#?}");
    assert_eq!((sshd.counts().authentications, sshd.counts().execs), (1, 1));
}

#[test]
fn nothing_listens_here_but_the_tunnel_on_its_port() {
    let (_sshd, laptop) = connected();
    let mut terminal = laptop.visit("box").open_terminal();
    terminal.line(LISTEN).expect("at=");
    let port = laptop.row("box")["local_port"].clone();
    let mut listening = listening(&laptop.processes());
    listening.dedup();
    assert_eq!(json!(listening), json!([port]));
}

#[test]
fn words_of_a_shell_that_is_no_posix_shell_are_shown() {
    let words = "'exec' is not recognized as an internal or external command,";
    let sshd = Sshd::builder()
        .line(&format!("ForceCommand echo \"{words}\" >&2; exit 1"))
        .start();
    let laptop = Laptop::with_target("box", &sshd);
    let finished = laptop.fails(&sshd, 24);
    assert_reads_well(&finished);
    assert!(finished.stderr.contains(words), "{finished:#?}");
    assert_eq!(installed(&sshd), [""; 0]);
}

/// Lists everything below a directory but directories.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = names_in(folder).into_iter().map(|name| folder.join(name));
    let below = paths.flat_map(|path| match path.is_dir() && !path.is_symlink() {
        true => files_below(&path),
        false => vec![path],
    });
    below.collect()
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |found| found.ino())
}

/// Lists the inodes that these processes hold a lock of, by `/proc/locks`:
/// `1: FLOCK  ADVISORY  WRITE 708 00:13:18232 0 EOF`.
fn locked_by(pids: &[u32]) -> Vec<u64> {
    let text = fs::read_to_string("/proc/locks").expect("Linux has it");
    let locks = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_theirs = pids.contains(&words.get(4)?.parse().ok()?);
        let (_, inode) = words.get(5)?.rsplit_once(':')?;
        is_theirs.then(|| inode.parse().ok())?
    });
    locks.collect()
}

/// Lists the TCP ports on which these processes listen, by `/proc/net/tcp`.
fn listening(pids: &[u32]) -> Vec<u16> {
    const LISTEN: &str = "0A";
    let links = pids.iter().flat_map(|pid| {
        let entries = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten();
        let links = entries.flatten().map(|entry| fs::read_link(entry.path()));
        links.flatten().collect::<Vec<_>>()
    });
    let held: Vec<String> = links.map(|link| link.display().to_string()).collect();
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/net/{name}")));
    let tables: String = tables.into_iter().flatten().collect();
    let ports = tables.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_theirs =
            *words.get(3)? == LISTEN && held.contains(&format!("socket:[{}]", words.get(9)?));
        let (_, port) = words[1].rsplit_once(':')?;
        is_theirs.then(|| u16::from_str_radix(port, 16).ok())?
    });
    ports.collect()
}
