//! How an operation may be written.

use crate::bus::transcript::{Behaviour, play};

const ARGUMENTS: &[Behaviour] = &[
    (
        "a verb may have letters of any case",
        r#"
        A joins
        A > sUb foo 1\r\npub foo 2\r\nhi\r\nhPuB foo 12 12\r\nNATS/1.0\r\n\r\n\r\nuNsUb 1\r\nPub foo 1\r\nx
        A < MSG foo 1 2\r\nhi
        A < HMSG foo 1 12 12\r\nNATS/1.0\r\n\r\n
        A > pInG
        A < PONG
        A > poNg
        A > connect {"verbose":true}
        A < +OK
        "#,
    ),
    (
        "arguments may be apart by blanks and tabs, also behind the last",
        r#"
        A joins
        A > SUB   foo    1   \r\nPUB   foo   2   \r\nhi
        A < MSG foo 1 2\r\nhi
        A > SUB\tbar\t2\r\nPUB\tbar\tr\t2\r\nhi
        A < MSG bar 2 r 2\r\nhi
        A > SUB \t baz \t q\t 3 \t\r\nHPUB \t baz \tr\t 12\t 14 \t\r\nNATS/1.0\r\n\r\nhi
        A < HMSG baz 3 r 12 14\r\nNATS/1.0\r\n\r\nhi
        A > UNSUB \t 3 \t\r\nUNSUB\t2\t 9 \r\nPUB baz 0\r\n\r\nPUB bar 0\r\n
        A < MSG bar 2 0\r\n
        A > CONNECT \t{"verbose":true}  \t
        A < +OK
        A > CONNECT{ }
        A < +OK
        "#,
    ),
    (
        "a line may end by a newline alone, a payload may not",
        r#"
        A joins
        A >> SUB foo 1\nPUB foo 2\nhi\r\nPING\nCONNECT {"verbose":false}\nPONG\n
        A < MSG foo 1 2\r\nhi
        A < PONG
        A >> PUB foo 2\r\nhi\n
        A < -ERR 'Unknown Protocol Operation'
        A ended
        "#,
    ),
    (
        "what follows PING, PONG and +OK does not matter",
        r"
        A joins
        A > PING foo
        A < PONG
        A > PINGG
        A < PONG
        A > PONG foo\r\nPONGX\r\n+OK\r\n+OK foo\r\n+ok
        A > PING \r
        A < PONG
        ",
    ),
    (
        "an INFO from a client is no error",
        r"
        A joins
        A > INFO {}
        ",
    ),
    (
        "a size is passed on as it was written, up to nine digits",
        r"
        A joins
        A > SUB foo 1\r\nPUB foo 00000\r\n\r\nPUB foo 002\r\nhi\r\nPUB foo 000000001\r\nx
        A < MSG foo 1 00000\r\n
        A < MSG foo 1 002\r\nhi
        A < MSG foo 1 000000001\r\nx
        ",
    ),
    (
        "a queue group's name is any word",
        r"
        A joins
        A > SUB foo q.* 1\r\nSUB foo q..a 2\r\nSUB foo > 3\r\nSUB foo \x01 4\r\nPUB foo 0\r\n
        A <~ MSG foo 1 0\r\n
        A <~ MSG foo 2 0\r\n
        A <~ MSG foo 3 0\r\n
        A <~ MSG foo 4 0\r\n
        ",
    ),
];

#[test]
fn operations_are_read_as_by_nats_server() {
    play(ARGUMENTS);
}
