//! `UNSUB`, its count, sids that are used twice, and clients that leave.

use crate::bus::transcript::{Behaviour, play};

const SUBSCRIPTIONS: &[Behaviour] = &[
    (
        "UNSUB ends a subscription at once",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nUNSUB 1\r\nPUB foo 1\r\nb
        A < MSG foo 1 1\r\na
        ",
    ),
    (
        "UNSUB with a count ends it after so many messages",
        r"
        A joins
        B joins
        A > SUB foo 1\r\nUNSUB 1 2
        A waits
        B > PUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        ",
    ),
    (
        "the count begins at the SUB: exactly so many were delivered",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nUNSUB 1 2\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        ",
    ),
    (
        "the count begins at the SUB: more were delivered",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nUNSUB 1 1\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        ",
    ),
    (
        "the count begins at the SUB: fewer were delivered",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nUNSUB 1 2\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        ",
    ),
    (
        "a later count replaces an earlier one",
        r"
        A joins
        A > SUB foo 1\r\nUNSUB 1 1\r\nUNSUB 1 2\r\nPUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        ",
    ),
    (
        "a count that is none ends it at once",
        r"
        A joins
        A > SUB foo 1\r\nSUB foo 2\r\nSUB foo 3\r\nSUB foo 4\r\nSUB foo 5
        A > UNSUB 1 0\r\nUNSUB 2 -1\r\nUNSUB 3 x\r\nUNSUB 4 99999999999999\r\nUNSUB 5 9\r\nUNSUB 5
        A > PUB foo 1\r\na
        ",
    ),
    (
        "a sid that was used up may be used again",
        r"
        A joins
        A > SUB foo 1\r\nUNSUB 1 1\r\nPUB foo 1\r\na\r\nSUB foo 1\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc
        A < MSG foo 1 1\r\na
        A < MSG foo 1 1\r\nb
        A < MSG foo 1 1\r\nc
        ",
    ),
    (
        "a SUB with a sid in use changes nothing",
        r#"
        A joins {"verbose":true}
        A > SUB foo 1
        A < +OK
        A > SUB bar 1
        A < +OK
        A > SUB foo q 1
        A < +OK
        A > CONNECT {"verbose":false}
        A > PUB foo 1\r\na\r\nPUB bar 1\r\nb
        A < MSG foo 1 1\r\na
        A > UNSUB 1\r\nPUB foo 1\r\na\r\nPUB bar 1\r\nb
        "#,
    ),
    (
        "a sid is any word",
        r"
        A joins
        A > SUB foo a.b\r\nSUB foo -1\r\nSUB foo ✓\r\nUNSUB -1\r\nPUB foo 0\r\n
        A <~ MSG foo a.b 0\r\n
        A <~ MSG foo ✓ 0\r\n
        ",
    ),
    (
        "another client's UNSUB and sid are its own",
        r"
        A joins
        B joins
        A > SUB foo 1
        A waits
        B > SUB foo 1\r\nUNSUB 1\r\nPUB foo 1\r\na
        A < MSG foo 1 1\r\na
        ",
    ),
    (
        "a client that leaves takes no message from the others",
        r"
        A joins
        B joins
        C joins
        A > SUB foo 1
        B > SUB foo 1
        A waits
        B waits
        C > PUB foo 1\r\na
        A < MSG foo 1 1\r\na
        B < MSG foo 1 1\r\na
        A leaves
        C > PUB foo 1\r\nb\r\nPUB foo 1\r\nc
        B < MSG foo 1 1\r\nb
        B < MSG foo 1 1\r\nc
        ",
    ),
];

#[test]
fn subscriptions_end_as_in_nats_server() {
    play(SUBSCRIPTIONS);
}
