//! `HPUB`, `HMSG`, and the word that nobody answers.

use crate::bus::transcript::{Behaviour, play};

const HEADERS: &[Behaviour] = &[
    (
        "headers pass unchanged",
        r"
        A joins
        A > SUB foo 1
        A > HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi
        A < HMSG foo 1 12 14\r\nNATS/1.0\r\n\r\nhi
        A > HPUB foo inbox 23 23\r\nNATS/1.0\r\nA: 1\r\na:2\r\n\r\n
        A < HMSG foo 1 inbox 23 23\r\nNATS/1.0\r\nA: 1\r\na:2\r\n\r\n
        ",
    ),
    (
        "nobody looks into a header block",
        r"
        A joins
        A > SUB foo 1\r\nHPUB foo 5 7\r\nabcdehi
        A < HMSG foo 1 5 7\r\nabcdehi
        ",
    ),
    (
        "a header block of no bytes makes a plain message",
        r"
        A joins
        A > SUB foo 1\r\nHPUB foo 0 2\r\nhi\r\nHPUB foo r 0 0\r\n
        A < MSG foo 1 2\r\nhi
        A < MSG foo 1 r 0\r\n
        ",
    ),
    (
        "a subscriber that knows no headers gets none",
        r#"
        A joins {"headers":false,"no_responders":false}
        B joins
        A > SUB foo 1
        A waits
        B > HPUB foo r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nHPUB foo 12 12\r\nNATS/1.0\r\n\r\n
        A < MSG foo 1 r 2\r\nhi
        A < MSG foo 1 0\r\n
        "#,
    ),
    (
        "a client that knows no headers may not publish any",
        r#"
        A joins {"headers":false,"no_responders":false}
        A > HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi
        A ended
        "#,
    ),
];

const NO_RESPONDERS: &[Behaviour] = &[
    (
        "a request that nobody hears is answered at once",
        r"
        A joins
        A > SUB inbox.* 2\r\nPUB unheard.a inbox.1 1\r\nx
        A < HMSG inbox.1 2 16 16\r\nNATS/1.0 503\r\n\r\n
        A > HPUB unheard.a inbox.2 12 13\r\nNATS/1.0\r\n\r\nz
        A < HMSG inbox.2 2 16 16\r\nNATS/1.0 503\r\n\r\n
        A > PUB unheard..a inbox.3 0\r\n
        A < HMSG inbox.3 2 16 16\r\nNATS/1.0 503\r\n\r\n
        ",
    ),
    (
        "a verbose requester gets +OK first",
        r#"
        A joins {"verbose":true}
        A > SUB inbox.* 2
        A < +OK
        A > PUB unheard.b inbox.1 1\r\nx
        A < +OK
        A < HMSG inbox.1 2 16 16\r\nNATS/1.0 503\r\n\r\n
        "#,
    ),
    (
        "only the requester learns it, and only by a subscription of its own",
        r"
        A joins
        B joins
        B > SUB inbox.* 9
        B waits
        A > PUB unheard.c inbox.1 1\r\nx
        A > SUB inbox.1 3\r\nPUB unheard.c inbox.1 1\r\nx
        A < HMSG inbox.1 3 16 16\r\nNATS/1.0 503\r\n\r\n
        ",
    ),
    (
        "a queue group's member does not learn it",
        r"
        A joins
        A > SUB inbox.* q 2\r\nPUB unheard.d inbox.1 1\r\nx
        ",
    ),
    (
        "who did not ask for it does not learn it",
        r#"
        A joins {"no_responders":false}
        A > SUB inbox.* 2\r\nPUB unheard.e inbox.1 1\r\nx
        "#,
    ),
    (
        "a message without a reply subject is lost in silence",
        r"
        A joins
        A > SUB > 2\r\nUNSUB 2\r\nPUB unheard.f 1\r\nx
        ",
    ),
    (
        "one's own subscription is a responder, unless there is no echo",
        r#"
        A joins
        A > SUB heard.a 1\r\nSUB inbox.* 2\r\nPUB heard.a inbox.1 1\r\nx
        A < MSG heard.a 1 inbox.1 1\r\nx
        B joins {"echo":false}
        B > SUB heard.b 1\r\nSUB inbox.* 2\r\nPUB heard.b inbox.1 1\r\nx
        B < HMSG inbox.1 2 16 16\r\nNATS/1.0 503\r\n\r\n
        "#,
    ),
    (
        "a member of a queue group is a responder",
        r"
        A joins
        B joins
        B > SUB heard.c q 9
        B waits
        A > SUB inbox.* 2\r\nPUB heard.c inbox.1 1\r\nx
        B < MSG heard.c 9 inbox.1 1\r\nx
        ",
    ),
    (
        "an answer comes to the requester alone",
        r"
        A joins
        B joins
        B > SUB heard.d 9
        B waits
        A > SUB inbox.a.* 2\r\nPUB heard.d inbox.a.1 1\r\nx
        B < MSG heard.d 9 inbox.a.1 1\r\nx
        B > PUB inbox.a.1 2\r\nyz
        A < MSG inbox.a.1 2 2\r\nyz
        ",
    ),
];

#[test]
fn headers_pass_as_through_nats_server() {
    play(HEADERS);
}

#[test]
fn a_request_that_nobody_hears_is_answered_as_by_nats_server() {
    play(NO_RESPONDERS);
}
