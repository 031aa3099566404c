//! A flood that nobody reads: memory stays flat, and everything else is fast.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::bare::BarePty;
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

/// How long another terminal is looked at before the flood.
const CALM: Duration = Duration::from_secs(1);

/// How much longer another terminal's echo may take during the flood.
const SLOWER: u32 = 3;

/// An echo that takes less is never slow: both differ by what the machine does.
const ECHO_NOISE: Duration = Duration::from_millis(1);

/// How long after a bare pty's prompt ours may come.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How long a program floods before it is interrupted: a page is behind by then.
const FLOOD: Duration = Duration::from_millis(300);

/// How often it is, so that the median is no accident.
const INTERRUPTS: usize = 9;

#[test]
fn a_stalled_page_costs_no_memory_and_delays_no_other_terminal() {
    let laptop = Laptop::new().env("SHELL", "/bin/bash");
    let served = Served::start(&laptop, &[]);
    let visitor = Visitor::sign_in(&served.url);
    let mut stalled = prepared(&visitor);
    let mut other = prepared(&visitor);
    other.line("cat").expect("cat\r\n");
    let calm = median(echoes(&mut other, CALM, || {}));
    stalled.line("yes").expect("y\r\ny\r\n");
    // From here on nothing is read, and so nothing acknowledged.
    let holder = processes::parent(stalled.hello.pid).expect("it runs");
    let before = [served.pid(), holder].map(memory);
    let mut most = before;
    let flooded = median(echoes(&mut other, STALL, || {
        let now = [served.pid(), holder].map(memory);
        most = [most[0].max(now[0]), most[1].max(now[1])];
    }));
    let grown = [most[0] - before[0], most[1] - before[1]];
    say(&format!(
        "under a flood: server +{} kB, holder +{} kB; another terminal's echo {flooded:.1?}, before {calm:.1?}",
        grown[0] >> 10,
        grown[1] >> 10
    ));
    assert!(grown.iter().all(|bytes| *bytes < GROWTH_BYTES), "{grown:?}");
    let limit = calm.max(ECHO_NOISE) * SLOWER;
    assert!(flooded < limit, "{flooded:?}, without a flood {calm:?}");
}

#[test]
fn a_flood_is_interrupted_at_once() {
    let laptop = Laptop::new().env("SHELL", "/bin/bash");
    let served = Served::start(&laptop, &[]);
    let visitor = Visitor::sign_in(&served.url);
    let mut flooded = prepared(&visitor);
    let mut stalled = Terminal::attach_as(&visitor, &flooded.id, "stalled");
    stalled.expect("ready:");
    let mut bare = BarePty::start(&laptop, Path::new("/bin/bash"), &["--norc"]);
    bare.type_bytes(b"PS1=rea''dy:\r");
    bare.read_until("ready:");
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    // In turns, so that both see the same machine.
    for _ in 0..INTERRUPTS {
        ours.push(interrupt(&mut flooded));
        floor.push(interrupt_bare(&mut bare));
    }
    let (ours, floor) = (median(ours), median(floor));
    say(&format!(
        "Ctrl-C under a flood: {ours:.1?}, on a bare pty {floor:.1?}"
    ));
    assert!(ours < floor + AT_ONCE, "{ours:?}, on a bare pty {floor:?}");
}

/// Types words for so long; returns how long the echo of each took.
#[track_caller]
fn echoes(terminal: &mut Terminal, length: Duration, mut between: impl FnMut()) -> Vec<Duration> {
    let begun = Instant::now();
    let mut taken = Vec::new();
    while begun.elapsed() < length {
        let word = format!("w{}.", taken.len());
        let typed = Instant::now();
        terminal
            .line(&word)
            .expect(&word)
            .expect(&format!("{word}\r\n"));
        taken.push(typed.elapsed());
        between();
    }
    taken
}

/// Floods a terminal and interrupts that; returns how long until the prompt.
#[track_caller]
fn interrupt(terminal: &mut Terminal) -> Duration {
    terminal.line("yes").expect("y\r\ny\r\n");
    let flooded = Instant::now();
    while flooded.elapsed() < FLOOD {
        terminal.expect("y\r\n");
    }
    let typed = Instant::now();
    terminal.keys("\u{3}").expect("ready:");
    typed.elapsed()
}

/// The same on a pty that nobody stands between.
fn interrupt_bare(bare: &mut BarePty) -> Duration {
    bare.type_bytes(b"yes\r");
    bare.read_for(FLOOD);
    let typed = Instant::now();
    bare.type_bytes(b"\x03");
    bare.read_until("ready:");
    typed.elapsed()
}

fn median(mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    taken[taken.len() / 2]
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
