//! Which subscription hears which subject.

use crate::bus::transcript::{Behaviour, play};

const MATCHING: &[Behaviour] = &[
    (
        "a star is one token and an arrow is one or more at the end",
        r"
        A joins
        A > SUB foo.* 1\r\nSUB foo.> 2\r\nSUB *.* 3\r\nSUB > 4\r\nSUB foo.*.baz 5
        A > SUB *.bar.* 6\r\nSUB foo 7\r\nSUB foo.bar 8\r\nSUB *.> 9
        A > PUB foo 0\r\n
        A <~ MSG foo 4 0\r\n
        A <~ MSG foo 7 0\r\n
        A > PUB foo.bar 0\r\n
        A <~ MSG foo.bar 1 0\r\n
        A <~ MSG foo.bar 2 0\r\n
        A <~ MSG foo.bar 3 0\r\n
        A <~ MSG foo.bar 4 0\r\n
        A <~ MSG foo.bar 8 0\r\n
        A <~ MSG foo.bar 9 0\r\n
        A > PUB foo.bar.baz 0\r\n
        A <~ MSG foo.bar.baz 2 0\r\n
        A <~ MSG foo.bar.baz 4 0\r\n
        A <~ MSG foo.bar.baz 5 0\r\n
        A <~ MSG foo.bar.baz 6 0\r\n
        A <~ MSG foo.bar.baz 9 0\r\n
        A > PUB $SYS.a 0\r\n
        A <~ MSG $SYS.a 3 0\r\n
        A <~ MSG $SYS.a 4 0\r\n
        A <~ MSG $SYS.a 9 0\r\n
        ",
    ),
    (
        "letters have their case",
        r"
        A joins
        A > SUB foo 1\r\nSUB FOO 2\r\nPUB Foo 0\r\n\r\nPUB FOO 0\r\n
        A < MSG FOO 2 0\r\n
        ",
    ),
    (
        "a star or an arrow within a token is a letter",
        r"
        A joins
        A > SUB *a.b 1\r\nSUB a*.b 2\r\nSUB a>.b 3\r\nSUB a.>b 4\r\nSUB ** 5\r\nSUB >> 6
        A > PUB *a.b 0\r\n\r\nPUB a*.b 0\r\n\r\nPUB a>.b 0\r\n\r\nPUB a.>b 0\r\n\r\nPUB ** 0\r\n\r\nPUB >> 0\r\n
        A < MSG *a.b 1 0\r\n
        A < MSG a*.b 2 0\r\n
        A < MSG a>.b 3 0\r\n
        A < MSG a.>b 4 0\r\n
        A < MSG ** 5 0\r\n
        A < MSG >> 6 0\r\n
        A > PUB xa.b 0\r\n\r\nPUB ax.b 0\r\n\r\nPUB a.xb 0\r\n\r\nPUB xx 0\r\n
        ",
    ),
    (
        "a subject with an empty token reaches nobody",
        r"
        A joins
        A > SUB > 1\r\nSUB *.* 2\r\nSUB foo.> 3\r\nSUB *.*.* 4\r\nSUB * 5
        A > PUB foo. 0\r\n\r\nPUB .foo 0\r\n\r\nPUB foo..bar 0\r\n\r\nPUB . 0\r\n\r\nPUB .. 0\r\n\r\nPUB foo.bar. 0\r\n
        ",
    ),
    (
        "a published star or arrow is a token like others",
        r"
        A joins
        A > SUB * 1\r\nSUB a 2\r\nSUB > 3\r\nSUB a.* 4\r\nSUB a.b 5\r\nSUB a.> 6
        A > PUB * 0\r\n
        A <~ MSG * 1 0\r\n
        A <~ MSG * 3 0\r\n
        A > PUB > 0\r\n
        A <~ MSG > 1 0\r\n
        A <~ MSG > 3 0\r\n
        A > PUB a.* 0\r\n
        A <~ MSG a.* 3 0\r\n
        A <~ MSG a.* 4 0\r\n
        A <~ MSG a.* 6 0\r\n
        A > PUB a.> 0\r\n
        A <~ MSG a.> 3 0\r\n
        A <~ MSG a.> 4 0\r\n
        A <~ MSG a.> 6 0\r\n
        ",
    ),
    (
        "what is no ASCII is letters",
        r"
        A joins
        A > SUB föö.✓ 3\r\nSUB \xff.> 4
        A > PUB föö.✓ 0\r\n\r\nPUB \xff.\xfe 0\r\n
        A < MSG föö.✓ 3 0\r\n
        A < MSG \xff.\xfe 4 0\r\n
        ",
    ),
    (
        "a subject may have very many tokens",
        r"
        A joins
        A > SUB $(a.*1900)b 1\r\nSUB $(*.*1900)* 2\r\nSUB $(a.*1900)> 3
        A > PUB $(a.*1900)b 0\r\n
        A <~ MSG $(a.*1900)b 1 0\r\n
        A <~ MSG $(a.*1900)b 2 0\r\n
        A <~ MSG $(a.*1900)b 3 0\r\n
        A > PUB $(a.*1899)b 0\r\n
        ",
    ),
    (
        "one client may hear a message by several subscriptions",
        r"
        A joins
        B joins
        A > SUB foo 1\r\nSUB foo 2\r\nSUB * 3
        A waits
        B > SUB foo 1
        B > PUB foo 1\r\nx
        A <~ MSG foo 1 1\r\nx
        A <~ MSG foo 2 1\r\nx
        A <~ MSG foo 3 1\r\nx
        B < MSG foo 1 1\r\nx
        ",
    ),
];

#[test]
fn subjects_match_as_in_nats_server() {
    play(MATCHING);
}
