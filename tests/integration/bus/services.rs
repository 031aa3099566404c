//! What the project answers, asked on the bus.

use cocalc_plus::lite::asking::{AskError, Project};
use cocalc_plus::messaging::client::{Client, ClientError, Login};
use cocalc_plus::protocol::call::KillTerminal;
use cocalc_plus::protocol::methods::{Nothing, terminal};
use cocalc_plus::sys::secret::Secret;
use serde_json::{Value, json};

use super::brokers::{Broker, PATH, flush, operation};
use crate::support::poll::eventually;
use crate::support::targets::SOON;
use crate::support::visitor::Visitor;
use crate::support::websocket::Said;
use crate::support::wire::{Carrier, Heard, Wire};

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

#[test]
fn whoever_may_ask_finds_the_project_by_the_convention_of_nats() {
    let broker = Broker::ours();
    let mut program = broker.join();
    program.send(b"SUB _INBOX.me.* 1\r\n");
    // Everybody answers `$SRV.PING`, in no order.
    let ping = ask(&mut program, "$SRV.PING.project-local", "");
    assert!(ping.contains("\"name\":\"project-local\""), "{ping}");
    let info = ask(&mut program, "$SRV.INFO.project-local", "");
    let endpoint = "\"subject\":\"project.local.terminal.list\"";
    assert!(info.contains(endpoint), "{info}");
    // A page finds what is its own, and does not ask around.
    let visitor = Visitor::sign_in(broker.url().expect("ours prints one"));
    let mut page = visitor.websocket(PATH);
    let inbox = "_INBOX.account-00000000-1000-4000-8000-000000000001.me";
    let words = format!(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true}}\r\n\
         SUB {inbox} 1\r\nPUB $SRV.PING {inbox} 0\r\n\r\n\
         PUB $SRV.PING.project-local {inbox} 0\r\n\r\n"
    );
    page.send_binary(words.into_bytes());
    let mut heard = String::new();
    while !heard.ends_with("}\r\n") || !heard.contains("MSG") {
        let Said::Binary(bytes) = page.next() else {
            panic!("ended after {heard}");
        };
        heard.push_str(&String::from_utf8_lossy(&bytes));
    }
    assert!(
        heard.contains("Violation for Publish to \"$SRV.PING\"'"),
        "{heard}"
    );
    assert!(heard.contains("\"name\":\"project-local\""), "{heard}");
}

#[test]
fn the_methods_are_called_by_their_types() {
    let broker = Broker::ours();
    let visitor = Visitor::sign_in(broker.url().expect("ours prints one"));
    let row = visitor.new_terminal();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let Carrier::Tcp(port) = &broker.carriers[0] else {
            panic!("the first way in is TCP");
        };
        let login = Login {
            token: Some(Secret::from_text(&broker.token)),
            inbox: "_INBOX.hub".to_owned(),
        };
        let client = Client::connect(vec![format!("127.0.0.1:{port}")], login);
        let project = Project::new(client, "local");
        // Whoever asked the page before knows that the project has joined.
        let listed = loop {
            match project.call::<terminal::List>(&Nothing {}).await {
                Err(AskError::Bus(ClientError::NoResponders(_))) => tokio::task::yield_now().await,
                listed => break listed.expect("it answers"),
            }
        };
        assert_eq!(listed.terminals.len(), 1);
        assert_eq!(row["id"], *listed.terminals[0].id);
        let kill = |id: &str| KillTerminal { id: id.to_owned() };
        let refused = project.call::<terminal::Kill>(&kill("none")).await;
        let code = match refused {
            Err(AskError::Refused(error)) => error.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code, 404);
    });
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
