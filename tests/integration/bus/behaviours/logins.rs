//! `CONNECT`, and what comes instead of one.

use crate::bus::transcript::{Behaviour, play};

const LOGINS: &[Behaviour] = &[
    (
        "verbose and pedantic is who says nothing about it",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN"}
        A < +OK
        A > SUB foo 1
        A < +OK
        A > PUB foo..bar 0\r\n
        A < -ERR 'Invalid Publish Subject'
        A < +OK
        A > PUB foo 0\r\n
        A < +OK
        A < MSG foo 1 0\r\n
        A > CONNECT {"verbose":false,"pedantic":false}
        "#,
    ),
    (
        "who says nothing about headers knows none",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN","verbose":false}
        A > HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi
        A ended
        "#,
    ),
    (
        "fields that nobody knows do not matter, nor does the case of names",
        r#"
        A dials
        A > CONNECT {"AUTH_TOKEN":"$TOKEN","Verbose":false,"zz":[1,{"a":null}],"name":"é\\u00e9","tls_required":false}
        A > PING
        A < PONG
        "#,
    ),
    (
        "operations may follow in the same write",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN","verbose":false}\r\nSUB foo 1\r\nPUB foo 2\r\nhi\r\nPING
        A < MSG foo 1 2\r\nhi
        A < PONG
        "#,
    ),
    (
        "the last of two tokens counts",
        r#"
        A dials
        A > CONNECT {"auth_token":"wrong","auth_token":"$TOKEN"}
        A < +OK
        A > CONNECT {"verbose":false}
        "#,
    ),
    (
        "a second CONNECT changes what it names",
        r#"
        A joins
        A > SUB foo 1\r\nCONNECT {"verbose":true}
        A < +OK
        A > PUB foo 0\r\n
        A < +OK
        A < MSG foo 1 0\r\n
        A > CONNECT {"echo":false}
        A < +OK
        A > PUB foo 0\r\n
        A < +OK
        A > CONNECT {"verbose":false,"pedantic":true}
        A > PUB foo.* 0\r\n
        A < -ERR 'Invalid Publish Subject'
        "#,
    ),
    (
        "a second CONNECT with a wrong token ends the connection",
        r#"
        A joins
        A > CONNECT {"auth_token":"wrong"}
        A < -ERR 'Authorization Violation'
        A ended
        "#,
    ),
];

const REFUSED: &[Behaviour] = &[
    (
        "a wrong token is refused",
        r#"
        A dials
        A > CONNECT {"auth_token":"wrong","verbose":true}\r\nPING
        A < -ERR 'Authorization Violation'
        A ended
        "#,
    ),
    (
        "the start of the token is refused",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN "}
        A < -ERR 'Authorization Violation'
        A ended
        "#,
    ),
    (
        "an empty token is refused",
        r#"
        A dials
        A > CONNECT {"auth_token":"","verbose":false}
        A < -ERR 'Authorization Violation'
        A ended
        "#,
    ),
    (
        "no token is refused",
        r"
        A dials
        A > CONNECT {}
        A < -ERR 'Authorization Violation'
        A ended
        B dials
        B > CONNECT null
        B < -ERR 'Authorization Violation'
        B ended
        ",
    ),
    (
        "the token as user and password is refused",
        r#"
        A dials
        A > CONNECT {"user":"$TOKEN","pass":"$TOKEN"}
        A < -ERR 'Authorization Violation'
        A ended
        "#,
    ),
    (
        "another operation before CONNECT is refused",
        r"
        A dials
        A > PUB foo 1\r\nx
        A < -ERR 'Authorization Violation'
        A ended
        B dials
        B > PING
        B < -ERR 'Authorization Violation'
        B ended
        C dials
        C >> \r\n
        C < -ERR 'Authorization Violation'
        C ended
        D dials
        D >> \x16\x03\x01
        D < -ERR 'Authorization Violation'
        D ended
        ",
    ),
    (
        "what begins like CONNECT is an unknown operation",
        r"
        A dials
        A > CONFUSE {}
        A < -ERR 'Unknown Protocol Operation'
        A ended
        ",
    ),
    (
        "a CONNECT that is no JSON object ends the connection in silence",
        r"
        A dials
        A > CONNECT x
        A ended
        B dials
        B > CONNECT []
        B ended
        C dials
        C > CONNECT
        C ended
        ",
    ),
    (
        "a field of another type ends the connection in silence",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN","verbose":"yes"}
        A ended
        B dials
        B > CONNECT {"auth_token":5}
        B ended
        "#,
    ),
    (
        "what follows the object ends the connection in silence",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN"} x
        A ended
        "#,
    ),
    (
        "a protocol of the future is refused",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN","verbose":true,"protocol":2}
        A < -ERR 'invalid client protocol'
        A ended
        B dials
        B > CONNECT {"auth_token":"$TOKEN","verbose":true,"protocol":-1}
        B < -ERR 'invalid client protocol'
        B ended
        "#,
    ),
    (
        "no responders without headers is refused",
        r#"
        A dials
        A > CONNECT {"auth_token":"$TOKEN","verbose":true,"headers":false,"no_responders":true}
        A < -ERR 'no responders requires headers support'
        A ended
        B dials
        B > CONNECT {"auth_token":"$TOKEN","no_responders":true}
        B < -ERR 'no responders requires headers support'
        B ended
        "#,
    ),
    (
        "who does not CONNECT in time is refused",
        r#"
        A dials
        B dials
        B >> CONNECT {"auth_token":
        A < -ERR 'Authentication Timeout'
        A ended
        B < -ERR 'Authentication Timeout'
        B ended
        "#,
    ),
];

#[test]
fn logins_are_answered_as_by_nats_server() {
    play(LOGINS);
}

#[test]
fn logins_are_refused_as_by_nats_server() {
    play(REFUSED);
}
