//! A flood that nobody reads: memory stays flat, and everything else is fast.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::laptop::Laptop;
use crate::support::processes;
use crate::support::say;
use crate::support::served::Served;
use crate::support::terminal::Terminal;
use crate::support::visitor::Visitor;

/// How long a page is stalled.
const STALL: Duration = Duration::from_secs(5);

/// How much a process may grow meanwhile.
const GROWTH_BYTES: u64 = 16 << 20;

/// Generous: a busy machine is no failure. On a quiet one it is far below.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn a_stalled_page_costs_no_memory_and_delays_no_other_terminal() {
    let laptop = Laptop::new().env("SHELL", "/bin/bash");
    let served = Served::start(&laptop, &[]);
    let visitor = Visitor::sign_in(&served.url);
    let mut stalled = prepared(&visitor);
    let mut other = prepared(&visitor);
    other.line("cat").expect("cat\r\n");
    stalled.line("yes").expect("y\r\ny\r\n");
    // From here on nothing is read, and so nothing acknowledged.
    let holder = processes::parent(stalled.hello.pid).expect("it runs");
    let before = [served.pid(), holder].map(memory);
    let mut most = before;
    let mut echoes = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < STALL {
        let word = format!("w{}", echoes.len());
        let typed = Instant::now();
        other
            .line(&word)
            .expect(&word)
            .expect(&format!("{word}\r\n"));
        echoes.push(typed.elapsed());
        let now = [served.pid(), holder].map(memory);
        most = [most[0].max(now[0]), most[1].max(now[1])];
    }
    echoes.sort_unstable();
    let median = echoes[echoes.len() / 2];
    let grown = [most[0] - before[0], most[1] - before[1]];
    say(&format!(
        "under a flood: server +{} kB, holder +{} kB; another terminal's echo {median:.1?}, longest {:.1?} of {}",
        grown[0] >> 10,
        grown[1] >> 10,
        echoes[echoes.len() - 1],
        echoes.len()
    ));
    assert!(grown.iter().all(|bytes| *bytes < GROWTH_BYTES), "{grown:?}");
    assert!(median < AT_ONCE / 4, "{median:?}");
}

#[test]
fn a_flood_is_interrupted_at_once() {
    let laptop = Laptop::new().env("SHELL", "/bin/bash");
    let served = Served::start(&laptop, &[]);
    let visitor = Visitor::sign_in(&served.url);
    let mut flooded = prepared(&visitor);
    let mut stalled = Terminal::attach_as(&visitor, &flooded.id, "stalled");
    stalled.expect("ready:");
    let mut taken: Vec<Duration> = (0..5).map(|_| interrupt(&mut flooded)).collect();
    taken.sort_unstable();
    say(&format!("Ctrl-C under a flood: {taken:.1?}"));
    assert!(taken[2] < AT_ONCE, "{taken:?}");
}

/// Floods a terminal and interrupts that; returns how long until the prompt.
#[track_caller]
fn interrupt(terminal: &mut Terminal) -> Duration {
    terminal.line("yes").expect("y\r\ny\r\n");
    // Well into the flood: a page that reads all is behind by now.
    let flooded = Instant::now();
    while flooded.elapsed() < Duration::from_millis(300) {
        terminal.expect("y\r\n");
    }
    let typed = Instant::now();
    terminal.keys("\u{3}").expect("ready:");
    typed.elapsed()
}

/// Opens a terminal with a prompt of its own.
#[track_caller]
fn prepared(visitor: &Visitor) -> Terminal {
    let mut terminal = visitor.open_terminal();
    terminal.line("PS1=rea''dy:").expect("ready:");
    terminal
}

/// Returns a process's resident memory in bytes, `VmRSS` of `/proc/PID/status`.
#[track_caller]
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a process has memory") << 10
}
