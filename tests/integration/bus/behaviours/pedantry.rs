//! Subjects that are none, for pedantic clients and for others.

use crate::bus::transcript::{Behaviour, play};

const PEDANTRY: &[Behaviour] = &[
    (
        "who is not pedantic may publish to any subject",
        r"
        A joins
        A > PUB foo..bar 0\r\n\r\nPUB .foo 0\r\n\r\nPUB foo. 0\r\n\r\nPUB foo.*.bar 0\r\n\r\nPUB foo.> 0\r\n
        A > PUB foo.>.bar 0\r\n\r\nPUB * 0\r\n\r\nPUB > 0\r\n\r\nPUB . 0\r\n
        ",
    ),
    (
        "a pedantic client learns of an empty token and of a wildcard",
        r#"
        A joins {"pedantic":true}
        A > PUB foo..bar 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB .foo 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB foo. 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB foo.*.bar 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB foo.> 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB foo.>.bar 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > PUB * 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A > HPUB > 12 12\r\nNATS/1.0\r\n\r\n
        A < -ERR 'Invalid Publish Subject'
        "#,
    ),
    (
        "a wildcard within a token and odd letters are no error",
        r#"
        A joins {"pedantic":true}
        A > PUB foo* 0\r\n\r\nPUB *foo 0\r\n\r\nPUB >foo 0\r\n\r\nPUB foo> 0\r\n\r\nPUB a.*b.c 0\r\n
        A > PUB föö 0\r\n\r\nPUB $SYS.x 0\r\n
        "#,
    ),
    (
        "a message whose subject was complained of is delivered all the same",
        r#"
        A joins {"pedantic":true}
        A > SUB foo.* 1\r\nPUB foo.* 1\r\nx
        A < -ERR 'Invalid Publish Subject'
        A < MSG foo.* 1 1\r\nx
        B joins {"pedantic":true,"verbose":true}
        B > PUB foo.* 1\r\ny
        B < -ERR 'Invalid Publish Subject'
        B < +OK
        A < MSG foo.* 1 1\r\ny
        "#,
    ),
    (
        "a subscription to no subject is refused, and that is all",
        r#"
        A joins
        A > SUB foo..bar 1
        A < -ERR 'Invalid Subject'
        A > SUB .foo 2
        A < -ERR 'Invalid Subject'
        A > SUB foo. 3
        A < -ERR 'Invalid Subject'
        A > SUB . 4
        A < -ERR 'Invalid Subject'
        A > SUB foo.>.bar 5
        A < -ERR 'Invalid Subject'
        A > SUB >.foo q 6
        A < -ERR 'Invalid Subject'
        A > SUB *.>.> 7
        A < -ERR 'Invalid Subject'
        A > SUB foo 1\r\nPUB foo 1\r\nx
        A < MSG foo 1 1\r\nx
        B joins {"pedantic":true}
        B > SUB foo..bar 1
        B < -ERR 'Invalid Subject'
        "#,
    ),
];

#[test]
fn subjects_are_refused_as_by_nats_server() {
    play(PEDANTRY);
}
