//! The longest payload and the longest line.

use crate::bus::transcript::{Behaviour, play};

const LIMITS: &[Behaviour] = &[
    (
        "a payload of exactly one MiB passes",
        r"
        A joins
        B joins
        A > SUB foo 1
        A waits
        B > PUB foo 1048576\r\n$(x*1048576)
        A < MSG foo 1 1048576\r\n$(x*1048576)
        ",
    ),
    (
        "a payload of a byte more is refused when its size is read",
        r"
        A joins
        B joins
        A > SUB foo 1
        A waits
        B > PUB foo 1\r\nx\r\nPUB foo 1048577
        B < -ERR 'Maximum Payload Violation'
        B ended
        A < MSG foo 1 1\r\nx
        ",
    ),
    (
        "headers count as payload",
        r"
        A joins
        A > SUB foo 1\r\nHPUB foo 12 1048576\r\nNATS/1.0\r\n\r\n$(x*1048564)
        A < HMSG foo 1 12 1048576\r\nNATS/1.0\r\n\r\n$(x*1048564)
        A > HPUB foo 12 1048577
        A < -ERR 'Maximum Payload Violation'
        A ended
        ",
    ),
    (
        "a size of nine digits is too large, one of ten is no size",
        r"
        A joins
        B joins
        A > PUB foo 999999999
        A < -ERR 'Maximum Payload Violation'
        A ended
        B > PUB foo 1000000000
        B ended
        ",
    ),
    (
        "arguments of 4096 bytes pass",
        r#"
        A joins
        A > SUB $(a*4094) 1
        A > PUB $(a*4094) 1\r\nx
        A < MSG $(a*4094) 1 1\r\nx
        A > UNSUB $(a*4096)
        A > CONNECT {"name":"$(a*4085)"}
        "#,
    ),
    (
        "one byte more in SUB is refused",
        r"
        A joins
        A > SUB $(a*4095) 1
        A < -ERR 'maximum control line exceeded'
        A ended
        ",
    ),
    (
        "one byte more in PUB is refused",
        r"
        A joins
        A > PUB $(a*4095) 1
        A < -ERR 'maximum control line exceeded'
        A ended
        ",
    ),
    (
        "one byte more in HPUB is refused",
        r"
        A joins
        A > HPUB $(a*4091) 12 12
        A < -ERR 'maximum control line exceeded'
        A ended
        ",
    ),
    (
        "one byte more in UNSUB is refused, blanks at the end counted",
        r"
        A joins
        A > UNSUB $(a*4000)$( *97)
        A < -ERR 'maximum control line exceeded'
        A ended
        ",
    ),
    (
        "one byte more in a CONNECT is refused",
        r#"
        A joins
        B dials
        A > CONNECT {"name":"$(a*4086)"}
        A < -ERR 'maximum control line exceeded'
        A ended
        B > CONNECT {"name":"$(a*4086)"}
        B < -ERR 'maximum control line exceeded'
        B ended
        "#,
    ),
    (
        "a line that does not end is refused when it is too long",
        r"
        A joins
        A >> SUB $(a*4096)
        A >> a
        A < -ERR 'maximum control line exceeded'
        A ended
        B dials
        B >> CONNECT $(a*4097)
        B < -ERR 'maximum control line exceeded'
        B ended
        ",
    ),
    (
        "blanks before the first argument are not counted",
        r"
        A joins
        A > SUB $( *10000)foo 1\r\nPUB$(\t*5000)foo 0\r\n
        A < MSG foo 1 0\r\n
        ",
    ),
    (
        "nor is what follows PING",
        r"
        A joins
        A > PING $(a*5000)
        A < PONG
        ",
    ),
];

#[test]
fn limits_are_those_of_nats_server() {
    play(LIMITS);
}
