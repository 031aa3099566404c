//! A program that counts, to see whether all of its output arrived.

use super::terminal::Terminal;

/// How far [`begin`] counts.
pub(crate) const LAST: u64 = 100_000;

/// Prints 1 to 100,000, about 690 kB: more than a client may have on the way,
/// less than a holder remembers.
pub(crate) const COUNT: &str =
    "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo $i; done; echo counted=$((6*7))";

/// Begins to count, and leaves in the middle.
#[track_caller]
pub(crate) fn begin(terminal: &mut Terminal) {
    terminal.line(COUNT).expect("\n20000\r\n");
}

/// Reads the rest of a count: nothing is missing and nothing comes twice.
#[track_caller]
pub(crate) fn assert_complete(mut terminal: Terminal) {
    terminal.expect("counted=42");
    assert_counts_to(LAST, &terminal.numbers());
}

/// Asserts that these are all numbers from 1 on, in order.
#[track_caller]
pub(crate) fn assert_counts_to(last: u64, numbers: &[u64]) {
    let wrong = numbers
        .iter()
        .zip(1..)
        .find(|(number, wanted)| *number != wanted);
    assert_eq!(
        (numbers.len() as u64, wrong),
        (last, None),
        "the first wrong one and its place"
    );
}
