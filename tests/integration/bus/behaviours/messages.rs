//! Publishing, hearing, `PING` and `+OK`.

use crate::bus::transcript::{Behaviour, play};

const MESSAGES: &[Behaviour] = &[
    (
        "a message reaches its subscriber",
        r"
        A joins
        B joins
        A > SUB messages.a 1
        A waits
        B > PUB messages.a 5\r\nhello
        A < MSG messages.a 1 5\r\nhello
        ",
    ),
    (
        "a publisher hears itself, unless it asked for no echo",
        r#"
        A joins
        B joins {"echo":false}
        A > SUB foo 1\r\nPUB foo 1\r\na
        A < MSG foo 1 1\r\na
        B > SUB foo 2\r\nPUB foo 1\r\nb
        A < MSG foo 1 1\r\nb
        A > PUB foo 1\r\nc
        A < MSG foo 1 1\r\nc
        B < MSG foo 2 1\r\nc
        "#,
    ),
    (
        "a reply subject is passed on, whatever it is",
        r#"
        A joins
        B joins {"no_responders":false,"pedantic":true}
        A > SUB foo 1
        A waits
        B > PUB foo inbox.7 2\r\nhi\r\nPUB foo a..b 0\r\n\r\nPUB foo > 0\r\n\r\nPUB foo * 0\r\n
        A < MSG foo 1 inbox.7 2\r\nhi
        A < MSG foo 1 a..b 0\r\n
        A < MSG foo 1 > 0\r\n
        A < MSG foo 1 * 0\r\n
        "#,
    ),
    (
        "an empty message is a message",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 0\r\n
        A < MSG foo 1 0\r\n
        ",
    ),
    (
        "a payload is bytes: line ends, zeros, verbs",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 15\r\n\r\n\x00PING\r\n\xff\xfe\r\n.\r
        A < MSG foo 1 15\r\n\r\n\x00PING\r\n\xff\xfe\r\n.\r
        ",
    ),
    (
        "a client's messages keep their order",
        r"
        A joins
        B joins
        A > SUB foo 1\r\nSUB bar 2
        A waits
        B > PUB foo 1\r\n1\r\nPUB bar 1\r\n2\r\nPUB foo 1\r\n3\r\nPUB bar 1\r\n4\r\nPUB foo 1\r\n5
        A < MSG foo 1 1\r\n1
        A < MSG bar 2 1\r\n2
        A < MSG foo 1 1\r\n3
        A < MSG bar 2 1\r\n4
        A < MSG foo 1 1\r\n5
        ",
    ),
    (
        "a PONG comes behind all that was published before the PING",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nPING\r\nPUB foo 1\r\nb\r\nUNSUB 1\r\nPUB foo 1\r\nc\r\nPING
        A < MSG foo 1 1\r\na
        A < PONG
        A < MSG foo 1 1\r\nb
        A < PONG
        ",
    ),
    (
        "a verbose client gets +OK for each operation but PING and PONG",
        r#"
        A joins {"verbose":true}
        A > SUB foo 1
        A < +OK
        A > SUB foo q 2
        A < +OK
        A > UNSUB 1 9
        A < +OK
        A > UNSUB 1
        A < +OK
        A > UNSUB nobody
        A < +OK
        A > UNSUB 2
        A < +OK
        A > PING
        A < PONG
        A > PONG
        A > PUB foo 2\r\nhi
        A < +OK
        A > HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi
        A < +OK
        A > SUB a..b 3
        A < -ERR 'Invalid Subject'
        "#,
    ),
    (
        "a verbose publisher gets +OK before its own message",
        r#"
        A joins {"verbose":true}
        A > SUB foo 1\r\nPUB foo 1\r\na\r\nPING
        A < +OK
        A < +OK
        A < MSG foo 1 1\r\na
        A < PONG
        "#,
    ),
    (
        "each byte may come alone",
        r#"
        A joins
        A >. SUB foo 1\r\nPUB foo r 5\r\nhello\r\nHPUB foo 12 14\r\nNATS/1.0\r\n\r\nab\r\nPING
        A < MSG foo 1 r 5\r\nhello
        A < HMSG foo 1 12 14\r\nNATS/1.0\r\n\r\nab
        A < PONG
        A >. UNSUB 1\r\nPUB foo 0\r\n\r\nCONNECT {"verbose":true}\r\nSUB foo 2\r\npub foo 0\r\n
        A < +OK
        A < +OK
        A < +OK
        A < MSG foo 2 0\r\n
        "#,
    ),
    (
        "an operation may end in the midst of a write",
        r"
        A joins
        A >> SUB foo 1\r\nPUB foo 10\r
        A >> \n01234
        A >> 56789
        A >> \r
        A >> \nPUB foo 1\r\nx\r\nPI
        A >> NG\r\n
        A < MSG foo 1 10\r\n0123456789
        A < MSG foo 1 1\r\nx
        A < PONG
        ",
    ),
];

#[test]
fn messages_pass_as_through_nats_server() {
    play(MESSAGES);
}
