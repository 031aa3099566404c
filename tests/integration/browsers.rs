//! What the page shows of terminals that others use, or that end.

use std::fs;

use serde_json::{Value, json};

use crate::support::chromium::Page;
use crate::support::counter;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::processes;
use crate::support::served::Served;
use crate::support::sshd::Sshd;
use crate::support::targets::{SOON, connected};
use crate::support::visitor::Visitor;

/// A target, a page with a terminal in a window of 1280 × 800.
struct Shown {
    page: Page,
    laptop: Laptop,
    _sshd: Sshd,
}

impl Shown {
    #[track_caller]
    fn new() -> Self {
        let (sshd, laptop) = connected();
        let mut page = Page::open(&url(&laptop));
        page.ask("wait-state ready");
        page.ask("type PS1=rea''dy:");
        page.ask("wait-text ready:");
        Self {
            page,
            laptop,
            _sshd: sshd,
        }
    }

    /// Opens the same terminal in a second browser of 500 × 600.
    #[track_caller]
    fn second(&self) -> Page {
        let mut second = self.page.open_another(&url(&self.laptop), (500, 600));
        second.ask("wait-state ready");
        second.ask("wait-text ready:");
        second
    }

    /// Signs in as a third page, which shows nothing.
    #[track_caller]
    fn visitor(&self) -> Visitor {
        self.laptop.visit("box")
    }
}

#[test]
fn the_smaller_of_two_browsers_decides_until_one_asks_for_its_size() {
    let mut shown = Shown::new();
    let large = size(&mut shown.page, "alone");
    let mut second = shown.second();
    shown.page.ask("wait-page the smallest of 2 browsers");
    let small = size(&mut shown.page, "both");
    assert!(
        small.1 < large.1 && small.0 < large.0,
        "{small:?} {large:?}"
    );
    second.ask(&format!("wait-text both={} {}.", small.0, small.1));
    assert_eq!(size(&mut second, "second"), small);
    shown.page.ask("click Use my size");
    second.ask("wait-page Use my size");
    assert_eq!(size(&mut shown.page, "mine"), large);
    shown.page.ask("click Fit every browser");
    second.ask("wait-no-page Use my size");
    assert_eq!(size(&mut shown.page, "given"), small);
    drop(second);
    shown.page.ask("wait-no-page the smallest of 2 browsers");
    assert_eq!(size(&mut shown.page, "again"), large);
    assert_eq!(shown.page.ask("console"), "[]");
}

#[test]
fn what_two_browsers_type_arrives_once_each() {
    let mut shown = Shown::new();
    let mut second = shown.second();
    shown
        .page
        .ask("type n=0; add() { n=$((n+1)); echo n=$n.; }; echo ready=$((6*7))");
    // Else the other types into the same line.
    second.ask("wait-text ready=42");
    for number in 1..=10 {
        let typist = match number % 2 {
            0 => &mut shown.page,
            _ => &mut second,
        };
        typist.ask("type add");
        let seen = format!("wait-text n={number}.");
        shown.page.ask(&seen);
        second.ask(&seen);
    }
}

#[test]
fn a_query_is_answered_once_by_two_browsers() {
    let mut shown = Shown::new();
    let mut second = shown.second();
    // All that is typed within two seconds, without a key.
    let ask = "ask() { local all; stty raw -echo min 0 time 20; printf '\\033[6n' >/dev/tty; \
               all=$(cat); stty sane; all=${all//[^R]/}; echo $1=${#all}.; }";
    for page in [&mut shown.page, &mut second] {
        page.ask(&format!("type {ask}"));
        page.ask("type ask answers");
        page.ask("wait-text answers=1.");
        page.ask("type clear");
        page.ask("wait-no-text answers=1.");
    }
}

#[test]
fn a_page_that_is_loaded_again_has_all_lines_of_a_count() {
    let mut shown = Shown::new();
    shown.page.ask(&format!("type {}", counter::COUNT));
    shown.page.ask("wait-line 1");
    shown.page.ask("reload");
    shown.page.ask("wait-state ready");
    shown.page.ask("wait-text counted=42");
    let lines: Vec<String> =
        serde_json::from_str(&shown.page.ask("history")).expect("lines are JSON");
    let numbers: Vec<u64> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let first = counter::LAST + 1 - numbers.len() as u64;
    let wrong = numbers
        .iter()
        .zip(first..)
        .find(|(number, at)| *number != at);
    assert_eq!(wrong, None, "the first wrong one and what should be there");
    assert!(numbers.len() >= 9_990, "only {} lines", numbers.len());
}

#[test]
fn erasing_up_to_the_last_cell_does_not_stop_a_terminal() {
    let mut shown = Shown::new();
    // Without a line above the screen, and so without one below it.
    for erase in ["[1J", "[?1J"] {
        let to_the_end = format!("\\033[2J\\033[3J\\033[999;999Hx\\033{erase}\\033[H");
        shown
            .page
            .ask(&format!("type printf '{to_the_end}%s\\n' n=$((6*7))."));
        shown.page.ask("wait-text n=42.");
        shown.page.ask("type echo n=$((6*8)).");
        shown.page.ask("wait-text n=48.");
    }
    assert_eq!(shown.page.ask("console"), "[]");
}

#[test]
fn the_page_says_how_a_program_ended() {
    let mut shown = Shown::new();
    shown.page.ask("type exit 7");
    shown.page.ask("wait-page exited with status 7");
    shown.page.ask("click Start again");
    shown.page.ask("wait-no-page exited with status 7");
    shown.page.ask("type kill -9 $$");
    shown
        .page
        .ask("wait-page was ended by signal 9 (SIGKILL, killed)");
}

#[test]
fn a_page_that_comes_back_sees_how_a_program_ended_meanwhile() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let mut page = Page::open(&served.url);
    page.ask("wait-state ready");
    page.ask("type mkfifo ~/gate; echo rea''dy; read word <~/gate; echo last $word; exit 7");
    page.ask("wait-text ready");
    drop(page);
    fs::write(laptop.home().join("gate"), "words\n").expect("the shell reads it");
    let ended = || {
        let rows = laptop.run(&["terminal", "list", "--json"]).success().json();
        (rows[0]["exit"]["code"] == 7).then_some(())
    };
    eventually("the shell has ended", SOON, ended);
    let table = laptop.run(&["terminal", "list"]).success().stdout;
    assert!(table.contains("ended with exit code 7"), "{table}");
    let again = laptop.run(&["serve", "--daemon", "--json"]).success();
    let mut page = Page::open(again.json()["url"].as_str().expect("a URL"));
    page.ask("wait-page exited with status 7");
    page.ask("wait-text last words");
    let gone = || {
        let rows = laptop.run(&["terminal", "list", "--json"]).success().json();
        (rows == serde_json::json!([])).then_some(())
    };
    eventually("who was told needs no holder", SOON, gone);
}

#[test]
fn a_page_that_comes_back_to_a_killed_terminal_shows_another() {
    let mut shown = Shown::new();
    let visitor = shown.visitor();
    for others in [1, 0] {
        let id = visitor.terminals().remove(0);
        shown.page.ask("goto about:blank");
        for _ in 0..others {
            visitor.new_terminal();
        }
        visitor.call("terminal.kill", &json!({ "id": id }));
        shown.page.ask(&format!("goto {}", url(&shown.laptop)));
        shown.page.ask("wait-state ready");
        shown.page.ask("type echo it''s here");
        shown.page.ask("wait-text its here");
        let terminals = visitor.terminals();
        assert_eq!(terminals.len(), 1, "{terminals:?}");
        assert_ne!(terminals[0], id);
    }
}

#[test]
fn the_page_says_that_a_holder_was_killed() {
    let mut shown = Shown::new();
    let visitor = shown.visitor();
    let rows = visitor.call("terminal.list", &serde_json::json!({}));
    let shell = rows["terminals"][0]["pid"].as_u64().expect("a pid");
    let shell = u32::try_from(shell).expect("a pid");
    processes::kill(processes::parent(shell).expect("it runs"));
    shown
        .page
        .ask("wait-page the process that kept this terminal was killed");
    assert_eq!(shown.page.ask("state"), "ready");
    shown.page.ask("click Start again");
    shown.page.ask("wait-no-page was killed");
    shown.page.ask("type echo n=$((6*7)).");
    shown.page.ask("wait-text n=42.");
}

/// Asks the shell for its size, as rows and columns.
#[track_caller]
fn size(page: &mut Page, word: &str) -> (u16, u16) {
    page.ask(&format!("type echo {word}=$(stty size)."));
    let mark = format!("\n{word}=");
    page.ask(&format!("wait-line {word}="));
    let text: Value = serde_json::from_str(&page.ask("text")).expect("text is JSON");
    let text = text.as_str().expect("a string");
    let (_, size) = text.rsplit_once(&mark).expect("it was waited for");
    let (size, _) = size.split_once('.').expect("it ends");
    let (rows, cols) = size.split_once(' ').expect("two numbers");
    (rows.parse().expect("rows"), cols.parse().expect("columns"))
}

/// Returns a fresh URL of the connected target.
#[track_caller]
fn url(laptop: &Laptop) -> String {
    let connected = laptop.connect("box");
    connected["url"].as_str().expect("a URL").to_owned()
}
