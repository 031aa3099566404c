//! Servers and holders are killed at random moments, 200 times, while files
//! are saved and terminals write.
//!
//! After every kill each file is wholly the old or wholly the new content, and
//! what was answered with 200 is the new one. A terminal whose holder lives
//! loses nothing. `CRASH_SEED` repeats a run's choices, if not its moments.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::counter::assert_counts_to;
use crate::support::desk::{text, url};
use crate::support::http::Request;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::Served;
use crate::support::targets::{SOON, kill_and_wait};
use crate::support::terminal::{End, Terminal};
use crate::support::visitor::Visitor;
use crate::support::{odd, processes, say};

/// How often a server is killed.
const SERVERS: usize = 150;

/// How often a holder is killed.
const HOLDERS: usize = 50;

/// The longest that both are left to work.
const LONGEST: Duration = Duration::from_millis(120);

/// The smallest and the largest content, in bytes.
const SIZES: (f64, f64) = (1_000.0, 5_000_000.0);

/// Counts 20 numbers, then waits for 10 ms, until there is a file.
const COUNT_SLOWLY: &str = "exec 9<> <(:); i=0; while [ ! -e ~/stop ]; do \
     for ((k=0; k<20; k++)); do echo $((++i)); done; read -t 0.01 -u 9; done; echo tot''al=$i.";

#[test]
fn two_hundred_kills_cut_no_file_short_and_lose_nothing_of_other_terminals() {
    let mut world = World::new();
    let begun = Instant::now();
    for kill in world.kills() {
        match kill {
            Kill::Server => world.kill_server(),
            Kill::StartingServer => world.kill_starting_server(),
            Kill::Holder => world.kill_holder(),
        }
    }
    let saved = world.saved.load(Ordering::Relaxed);
    say(&format!(
        "{SERVERS} servers and {HOLDERS} holders killed in {:.0?}, {saved} files saved, {} half done",
        begun.elapsed(),
        world.cut_short
    ));
    assert!(saved > 200, "only {saved} saves were done in between");
    world.assert_nothing_is_left();
    world.assert_counts_are_complete();
}

/// What dies next.
#[derive(Clone, Copy)]
enum Kill {
    Server,
    /// A server that may not even listen yet.
    StartingServer,
    Holder,
}

/// How a file is saved.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// By a rename over the old one.
    Replaced,
    /// Where it is, because it has two names.
    Linked,
    /// Under a name that is free.
    Made,
}

/// A file that is saved again and again by one page.
struct Target {
    kind: Kind,
    path: PathBuf,
    random: Random,
    number: u64,
    /// What was answered with 200 last; `None` while there is no such file.
    saved: Option<Vec<u8>>,
    /// What was sent and not answered.
    sent: Option<Vec<u8>>,
}

/// A server, if one lives, with the page that it let in.
type Live = Option<(Served, Visitor)>;

struct World {
    live: Live,
    targets: Vec<Target>,
    /// Terminals whose holders live to the end.
    counts: Vec<Terminal>,
    random: Random,
    content: Vec<u8>,
    saved: AtomicU64,
    cut_short: usize,
    laptop: Laptop,
}

impl World {
    #[track_caller]
    fn new() -> Self {
        let seed = Random::seed();
        say(&format!("CRASH_SEED={seed}"));
        let laptop = Laptop::new().env("SHELL", "/bin/bash");
        let folder = laptop.home().join("d");
        fs::create_dir(&folder).expect("the home is ours");
        let kinds = [Kind::Replaced, Kind::Replaced, Kind::Linked, Kind::Made];
        let targets = kinds.into_iter().zip(0..).map(|(kind, number)| {
            let path = folder.join(format!("file-{number}"));
            if kind == Kind::Linked {
                fs::write(&path, "").expect("the home is ours");
                fs::hard_link(&path, folder.join("linked")).expect("the home is ours");
            }
            Target {
                kind,
                path,
                random: Random(seed + 1 + number),
                number: 0,
                saved: (kind == Kind::Linked).then(Vec::new),
                sent: None,
            }
        });
        let mut world = Self {
            live: None,
            targets: targets.collect(),
            counts: Vec::new(),
            random: Random(seed),
            content: odd::bytes(SIZES.1 as usize),
            saved: AtomicU64::new(0),
            cut_short: 0,
            laptop,
        };
        world.live();
        world.begin_counts();
        world
    }

    /// Shuffles the kills that are to come.
    fn kills(&mut self) -> Vec<Kill> {
        let starting = SERVERS / 5;
        let mut kills = vec![Kill::Holder; HOLDERS];
        kills.extend(vec![Kill::StartingServer; starting]);
        kills.extend(vec![Kill::Server; SERVERS - starting]);
        for last in (1..kills.len()).rev() {
            kills.swap(last, self.random.below(last as u64 + 1) as usize);
        }
        kills
    }

    #[track_caller]
    fn begin_counts(&mut self) {
        let (_, visitor) = self.live.as_ref().expect("a server was started");
        for _ in 0..2 {
            let mut terminal = visitor.open_terminal();
            terminal.line(COUNT_SLOWLY).expect("\n100\r\n");
            self.counts.push(terminal);
        }
    }

    /// Starts a server where there is none; then files are as they were left,
    /// and terminals go on.
    #[track_caller]
    fn live(&mut self) {
        if self.live.is_some() {
            return;
        }
        let served = Served::start(&self.laptop, &[]);
        let visitor = Visitor::sign_in(&served.url);
        for target in &mut self.targets {
            self.cut_short += usize::from(target.assert_whole());
        }
        for terminal in &mut self.counts {
            terminal.resume(&visitor);
        }
        self.live = Some((served, visitor));
    }

    #[track_caller]
    fn kill_server(&mut self) {
        self.live();
        let moment = self.random.moment();
        let (served, visitor) = self.live.take().expect("a server was started");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for target in &mut self.targets {
                scope.spawn(|| target.save_on(&visitor, &self.content, &is_over, &self.saved));
            }
            for terminal in &mut self.counts {
                scope.spawn(|| assert!(matches!(terminal.end(), End::Closed(_))));
            }
            pass(moment);
            kill_and_wait(served.pid());
            is_over.store(true, Ordering::Relaxed);
        });
        for target in &mut self.targets {
            // What is overwritten where it is gets completed by the next server.
            if target.kind != Kind::Linked {
                self.cut_short += usize::from(target.assert_whole());
            }
        }
    }

    #[track_caller]
    fn kill_starting_server(&mut self) {
        if self.live.is_some() {
            self.kill_server();
        }
        let mut starting = self.laptop.spawn(&["serve", "--no-open"]);
        pass(self.random.moment() / 3);
        starting.kill().expect("a child of ours");
        starting.wait().expect("a child of ours");
    }

    #[track_caller]
    fn kill_holder(&mut self) {
        self.live();
        let moment = self.random.moment();
        let (_, visitor) = self.live.as_ref().expect("a server was started");
        let mut terminal = visitor.open_terminal();
        terminal.line("i=0; while :; do echo $((++i)); done");
        terminal.expect("\n10\r\n");
        let shell = terminal.hello.pid;
        let holder = processes::parent(shell).expect("the holder lives");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let (content, is_over, saved) = (&self.content, &is_over, &self.saved);
            let save = |target| {
                scope.spawn(move || Target::save_on(target, visitor, content, is_over, saved))
            };
            let saves: Vec<_> = self.targets.iter_mut().map(save).collect();
            pass(moment);
            kill_and_wait(holder);
            is_over.store(true, Ordering::Relaxed);
            for save in saves {
                assert!(save.join().expect("it says why"), "the server was gone");
            }
        });
        assert!(matches!(terminal.end(), End::Closed(_) | End::Refused(..)));
        let is_gone =
            || !processes::is_running(shell) && !visitor.terminals().contains(&terminal.id);
        eventually("the shell is gone", SOON, || is_gone().then_some(()));
    }

    /// Looks at what stays: the files, and hidden parts that are swept later.
    #[track_caller]
    fn assert_nothing_is_left(&mut self) {
        self.live();
        let (_, visitor) = self.live.as_ref().expect("a server was started");
        let folder = self.laptop.home().join("d");
        let listing = visitor.get(&url("/files/list", &text(&folder))).json();
        let names = listing["names"].as_array().expect("names").iter();
        let names: Vec<&str> = names.filter_map(|name| name.as_str()).collect();
        let is_part = |name: &&&str| name.starts_with(".file-") && name.contains(".ccp-part-");
        let parts = names.iter().filter(is_part).count();
        say(&format!("{parts} hidden parts are left of {SERVERS} kills"));
        // A save has a hidden name only for the moment before its rename.
        assert!(parts <= SERVERS / 5, "{names:?}");
        assert!(names.len() - parts <= self.targets.len() + 1, "{names:?}");
        let saves = self.laptop.home().join(".local/share/cocalc-plus/saves");
        let saves = fs::read_dir(saves).into_iter().flatten().flatten();
        let saves: Vec<PathBuf> = saves.map(|entry| entry.path()).collect();
        assert!(saves.is_empty(), "never completed: {saves:?}");
    }

    #[track_caller]
    fn assert_counts_are_complete(mut self) {
        fs::write(self.laptop.home().join("stop"), "").expect("the home is ours");
        for terminal in &mut self.counts {
            terminal.expect("total=").expect(".\r\n");
            let output = String::from_utf8_lossy(&terminal.output).into_owned();
            let (_, total) = output.rsplit_once("total=").expect("it was printed");
            let (total, _) = total.split_once('.').expect("it ends");
            let total = total.parse().expect("a number");
            assert_counts_to(total, &terminal.numbers());
            say(&format!("a terminal counted to {total}"));
        }
    }
}

impl Target {
    /// Saves until it is over, or nobody answers; says whether somebody did.
    #[track_caller]
    fn save_on(
        &mut self,
        visitor: &Visitor,
        content: &[u8],
        is_over: &AtomicBool,
        saved: &AtomicU64,
    ) -> bool {
        while !is_over.load(Ordering::Relaxed) {
            if self.kind == Kind::Made && self.saved.take().is_some() {
                fs::remove_file(&self.path).expect("it was saved");
            }
            self.number += 1;
            let new = self.random.content(self.number, content);
            let request = Request::put(&url("/files/content", &text(&self.path)), &new);
            self.sent = Some(new);
            match visitor.signed(request).try_send(&visitor.address()) {
                Ok(answer) if answer.status == 200 => self.saved = self.sent.take(),
                Ok(answer) => panic!("{:?}: {answer:?}", self.path),
                Err(_) => return false,
            }
            saved.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Asserts that it has the old or the new content; says whether a save was
    /// cut short.
    #[track_caller]
    fn assert_whole(&mut self) -> bool {
        let found = fs::read(&self.path).ok();
        let sent = self.sent.take();
        let was_cut_short = sent.is_some();
        if was_cut_short && found == sent {
            self.saved = sent;
        } else {
            let head = |content: &Option<Vec<u8>>| {
                let content = content.as_deref()?;
                let line = content.split(|byte| *byte == b'\n').next()?;
                Some((String::from_utf8_lossy(line).into_owned(), content.len()))
            };
            let (found_head, saved, sent) = (head(&found), head(&self.saved), head(&sent));
            assert!(
                found == self.saved,
                "{:?} is {found_head:?}, saved was {saved:?}, sent {sent:?}",
                self.path
            );
        }
        was_cut_short
    }
}

/// Numbers that a seed repeats.
struct Random(u64);

impl Random {
    /// Takes `CRASH_SEED`, or a seed that nobody knows before.
    #[expect(
        clippy::disallowed_methods,
        reason = "a failed run is repeated by an environment variable"
    )]
    fn seed() -> u64 {
        let given = std::env::var("CRASH_SEED").ok();
        let given = given.and_then(|text| text.parse().ok());
        given.unwrap_or_else(|| u64::from(std::process::id()))
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn moment(&mut self) -> Duration {
        Duration::from_micros(self.below(LONGEST.as_micros() as u64))
    }

    /// Makes a content that no other save has: its number and length, then
    /// bytes. As many small ones as large ones.
    fn content(&mut self, number: u64, bytes: &[u8]) -> Vec<u8> {
        let (least, most) = SIZES;
        let share = self.below(1_000_000) as f64 / 1e6;
        let length = (least * (most / least).powf(share)) as usize;
        let mut content = format!("{number} {length}\n").into_bytes();
        let from = self.below((bytes.len() - length + 1) as u64) as usize;
        content.extend_from_slice(&bytes[from..from + length - content.len()]);
        content
    }
}

/// Lets a time pass in which nothing is waited for: the moment is to be any.
fn pass(time: Duration) {
    let (_held, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}
