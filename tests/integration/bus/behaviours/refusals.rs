//! Operations that are none: with a word, or in silence, the end.

use crate::bus::transcript::{Behaviour, play};

/// Each ends the connection with `-ERR 'Unknown Protocol Operation'`.
const UNKNOWN: &[&str] = &[
    r"FOO\r\n",
    r"\r\n",
    r"\n",
    r" PING\r\n",
    r"PIN\r\n",
    r"PUBX foo 1\r\n",
    r"PUB\r\n",
    r"PUBfoo 1\r\n",
    r"SUB\r\n",
    r"SUX\r\n",
    r"UNSUB\r\n",
    r"UNSUB1\r\n",
    r"HPUB\r\n",
    r"MSG foo 1 1\r\nx\r\n",
    r"HMSG foo 1 1 1\r\nx\r\n",
    r"RMSG foo\r\n",
    r"RS+ foo\r\n",
    r"LS+ foo\r\n",
    r"A+ foo\r\n",
    r"-OK\r\n",
    r"+NO\r\n",
    r"GET / HTTP/1.1\r\n",
    r"\x00\r\n",
    r"\xff",
    r"PUB foo 2\r\nhixx\r\n",
    r"PUB foo 2\r\nhi\rx",
    r"PUB foo 4\r\nhi\r\nPING\r\n",
    r"HPUB foo 12 14\r\nNATS/1.0\r\n\r\nabc\r\n",
];

/// Each ends the connection without a word.
const SILENT: &[&str] = &[
    r"PUB \r\n",
    r"PUB foo\r\n",
    r"PUB foo bar baz 2\r\n",
    r"PUB foo a\r\n",
    r"PUB foo -1\r\n",
    r"PUB foo +1\r\n",
    r"PUB foo 1x\r\n",
    r"PUB foo 0x1\r\n",
    r"PUB foo 1.0\r\n",
    r"PUB foo 0000000001\r\n",
    r"PUB foo 18446744073709551617\r\n",
    r"SUB \r\n",
    r"SUB foo\r\n",
    r"SUB foo q 1 2\r\n",
    r"UNSUB \r\n",
    r"UNSUB 1 2 3\r\n",
    r"HPUB foo 12\r\n",
    r"HPUB foo r q 12 12\r\n",
    r"HPUB foo a 12\r\n",
    r"HPUB foo 12 a\r\n",
    r"HPUB foo -1 12\r\n",
    r"HPUB foo 12 -1\r\n",
    r"HPUB foo 2 1\r\n",
    r"-ERR 'x'\r\n",
    r"INFO x\r\n",
    r"CONNECT x\r\n",
    r"CONNECT []\r\n",
    r"CONNECT\r\n",
];

const LAST_WORDS: &[Behaviour] = &[
    (
        "what came before is dealt with and answered",
        r"
        A joins
        B joins
        B > SUB foo 1
        B waits
        A > PUB foo 1\r\na\r\nPING\r\nSUB foo 1\r\nPUB foo 1\r\nb\r\nFOO\r\nPUB foo 1\r\nc
        A < PONG
        A < MSG foo 1 1\r\nb
        A < -ERR 'Unknown Protocol Operation'
        A ended
        B < MSG foo 1 1\r\na
        B < MSG foo 1 1\r\nb
        ",
    ),
    (
        "a silent end too follows what was answered",
        r#"
        A joins {"verbose":true}
        A > SUB foo 1\r\nPING\r\nPUB foo x\r\nPING
        A < +OK
        A < PONG
        A ended
        "#,
    ),
    (
        "a payload that does not end as it should is not delivered",
        r"
        A joins
        B joins
        B > SUB > 1
        B waits
        A > PUB foo 2\r\nhixx
        A < -ERR 'Unknown Protocol Operation'
        A ended
        ",
    ),
];

#[test]
fn an_end_comes_as_from_nats_server() {
    play(LAST_WORDS);
}

#[test]
fn unknown_operations_are_refused_as_by_nats_server() {
    refuse(UNKNOWN, "A < -ERR 'Unknown Protocol Operation'\n");
}

#[test]
fn wrong_arguments_end_a_connection_in_silence_as_in_nats_server() {
    refuse(SILENT, "");
}

/// Asks for operations that are answered with this and the end.
#[track_caller]
fn refuse(operations: &[&str], word: &str) {
    let transcript = |operation| format!("A joins\nA >> {operation}\n{word}A ended");
    let transcripts: Vec<String> = operations.iter().map(transcript).collect();
    let named = operations.iter().copied().zip(&transcripts);
    let behaviours: Vec<Behaviour> = named.map(|(name, text)| (name, text.as_str())).collect();
    play(&behaviours);
}
