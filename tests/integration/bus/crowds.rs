//! Many at once, and some that mean no good: nobody else notices.

use std::time::{Duration, Instant};

use serde_json::json;

use super::brokers::{Broker, PATH, flush, operation};
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::support::served::Served;
use crate::support::visitor::Visitor;
use crate::support::wire::{Carrier, Heard, Wire};

/// Longer than a second is what the kernel waits where a queue was full.
const AT_ONCE: Duration = Duration::from_secs(10);

#[test]
fn a_thousand_that_come_at_once_are_all_served() {
    let broker = Broker::ours();
    let begun = Instant::now();
    let mut crowd: Vec<Wire> = (0..1000).map(|_| Wire::dial(&broker.carriers[0])).collect();
    for wire in &mut crowd {
        wire.send(connect(&broker.token).as_bytes());
    }
    for wire in &mut crowd {
        assert!(matches!(wire.hear(), Heard::Operation(line) if line.starts_with(b"INFO {")));
        assert_eq!(wire.hear(), operation("PONG"));
    }
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[test]
fn those_who_say_nothing_or_half_a_word_disturb_nobody() {
    let broker = Broker::ours();
    let mut idle = Vec::new();
    for carrier in &broker.carriers {
        for words in ["", "CONN", "CONNECT {\"auth_token\":"] {
            for _ in 0..50 {
                let mut wire = Wire::dial(carrier);
                wire.send(words.as_bytes());
                idle.push(wire);
            }
        }
    }
    let mut client = broker.join();
    client.send(b"SUB here 1\r\nPUB here 2\r\nhi\r\n");
    assert_eq!(flush(&mut client), ["MSG here 1 2\r\nhi"]);
    for wire in &mut idle {
        assert!(matches!(wire.hear(), Heard::Operation(line) if line.starts_with(b"INFO {")));
        assert_eq!(wire.hear(), operation("-ERR 'Authentication Timeout'"));
        assert!(matches!(wire.hear(), Heard::End(_)));
    }
    assert_eq!(flush(&mut client), [""; 0]);
}

#[test]
fn too_large_a_frame_ends_its_own_connection_alone() {
    let broker = Broker::ours();
    let websocket = broker
        .carriers
        .iter()
        .find(|carrier| matches!(carrier, Carrier::WebSocket(_, PATH)))
        .expect("ours has one");
    let mut good = broker.join_by(websocket, &json!({}));
    let mut bad = broker.join_by(websocket, &json!({}));
    bad.send(&vec![b' '; 3 << 20]);
    assert!(matches!(bad.hear(), Heard::End(_)));
    assert_eq!(flush(&mut good), [""; 0]);
}

#[test]
fn more_connections_than_a_login_may_open_files_and_its_programs_keep_their_limit() {
    let laptop = Laptop::new();
    let mut shell = laptop.command("/bin/sh".as_ref());
    shell
        .args(["-c", "ulimit -Sn 256; exec \"$0\" \"$@\""])
        .arg(bin());
    let served = Served::start_by(&laptop, &mut shell, &["--nats-port", "0"]);
    let port = served.info.nats_port.expect("it was asked for");
    let mut crowd: Vec<Wire> = (0..400).map(|_| Wire::dial(&Carrier::Tcp(port))).collect();
    for wire in &mut crowd {
        wire.send(connect(&served.info.token).as_bytes());
        wire.hear();
        assert_eq!(wire.hear(), operation("PONG"));
    }
    let mut terminal = Visitor::sign_in(&served.url).open_terminal();
    terminal
        .line("echo may open $(ulimit -Sn).")
        .expect("may open 256.");
}

fn connect(token: &str) -> String {
    format!("CONNECT {{\"auth_token\":\"{token}\",\"verbose\":false}}\r\nPING\r\n")
}
