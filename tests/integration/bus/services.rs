//! What the project answers, asked on the bus.

use serde_json::{Value, json};

use super::brokers::{Broker, flush, operation};
use crate::support::poll::eventually;
use crate::support::targets::SOON;
use crate::support::visitor::Visitor;
use crate::support::wire::{Heard, Wire};

#[test]
fn a_program_asks_the_project_and_is_told_what_a_page_is_told() {
    let broker = Broker::ours();
    let visitor = Visitor::sign_in(broker.url().expect("ours prints one"));
    let row = visitor.new_terminal();
    for carrier in &broker.carriers {
        let mut program = broker.join_by(carrier, &json!({}));
        program.send(b"SUB _INBOX.me.* 1\r\n");
        let answer = ask(&mut program, "project.local.terminal.list", "");
        let (headers, body) = answer.split_once("\r\n").expect("a line, a body");
        assert!(headers.starts_with("MSG _INBOX.me.1 1 "), "{headers}");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["terminals"], json!([row]), "{carrier:?}");
    }
}

#[test]
fn what_cannot_be_done_is_told_in_the_headers_of_a_service() {
    let broker = Broker::ours();
    let mut program = broker.join();
    program.send(b"SUB _INBOX.me.* 1\r\n");
    for (subject, payload, code) in [
        ("project.local.terminal.kill", "{\"id\":\"none\"}", 404),
        ("project.local.nothing", "{}", 503),
        ("project.local.terminal.list", "no JSON", 400),
    ] {
        let answer = ask(&mut program, subject, payload);
        assert!(answer.starts_with("HMSG _INBOX.me.1 1 "), "{answer}");
        let wanted = format!("Nats-Service-Error-Code: {code}\r\nNats-Service-Error: ");
        assert!(answer.contains(&wanted), "{subject}: {answer}");
    }
}

#[test]
fn a_message_that_asks_nothing_is_passed_over() {
    let broker = Broker::ours();
    let mut program = broker.join();
    program.send(b"SUB _INBOX.me.* 1\r\nSUB project.local.> 2\r\n");
    program.send(b"PUB project.local.terminal.list 2\r\n{}\r\n");
    assert_eq!(
        flush(&mut program),
        ["MSG project.local.terminal.list 2 2\r\n{}"]
    );
}

#[test]
fn a_burst_that_nobody_can_take_at_once_does_not_end_a_service() {
    let broker = Broker::ours();
    let mut program = broker.join();
    program.send(b"SUB _INBOX.me.* 1\r\n");
    let message = format!(
        "PUB project.local.nothing 1048576\r\n{}\r\n",
        "x".repeat(1 << 20)
    );
    for _ in 0..300 {
        program.send(message.as_bytes());
    }
    let answer = ask(&mut program, "project.local.terminal.list", "{}");
    assert!(answer.contains("terminals"), "{answer}");
}

#[test]
fn a_program_gets_back_all_that_it_publishes_to_itself() {
    for broker in Broker::both() {
        let mut program = broker.join();
        program.send(b"SUB echo 1\r\n");
        let text = "x".repeat(1_000_000);
        let message = format!("PUB echo 1000000\r\n{text}\r\n");
        for _ in 0..10 {
            for _ in 0..10 {
                program.send(message.as_bytes());
            }
            assert_eq!(flush(&mut program).len(), 10, "{}", broker.name);
        }
    }
}

/// Asks, until somebody answers: the project joins when the server listens.
#[track_caller]
fn ask(program: &mut Wire, subject: &str, payload: &str) -> String {
    let question = format!(
        "PUB {subject} _INBOX.me.1 {}\r\n{payload}\r\n",
        payload.len()
    );
    eventually("the project answers", SOON, || {
        program.send(question.as_bytes());
        match program.hear() {
            Heard::Operation(answer) if answer == no_responders() => None,
            Heard::Operation(answer) => Some(String::from_utf8_lossy(&answer).into_owned()),
            end @ Heard::End(_) => panic!("{end:?}"),
        }
    })
}

fn no_responders() -> Vec<u8> {
    let Heard::Operation(bytes) = operation("HMSG _INBOX.me.1 1 16 16\r\nNATS/1.0 503\r\n\r\n")
    else {
        unreachable!("it is an operation");
    };
    bytes
}
