//! Clients written elsewhere report of ours what they report of `nats-server`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cocalc_plus::protocol::auth;
use serde_json::{Value, json};

use super::brokers::{Broker, PATH};
use crate::support::chromium;
use crate::support::finished;
use crate::support::laptop::Laptop;
use crate::support::wire::Carrier;

/// How long all behaviours may take together.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the page keeps its key.
const KEY_NAME: &str = "cocalc-plus.key";

/// Where the one account of a plain server may be answered.
const INBOX: &str = "_INBOX.account-00000000-1000-4000-8000-000000000001";

#[test]
fn the_python_client_finds_no_difference() {
    let python = root().join("target/python/bin/python");
    let is_installed = python.is_file();
    assert!(
        is_installed,
        "no nats-py: type `install/dependencies.sh test`"
    );
    let laptop = Laptop::new();
    let report = |broker: &Broker| {
        let Carrier::Tcp(port) = &broker.carriers[0] else {
            panic!("the first way in is TCP");
        };
        let mut command = laptop.command(&python);
        command.arg(script("behaviours.py"));
        command.args([&format!("nats://127.0.0.1:{port}"), &broker.token]);
        finished::run(&mut command, DEADLINE).success().json()
    };
    compare(&report(&Broker::reference()), &report(&Broker::ours()));
}

#[test]
fn the_javascript_client_finds_no_difference_in_a_page() {
    let reference = Broker::reference();
    let Carrier::WebSocket(port, _) = &reference.carriers[1] else {
        panic!("the second way in is a WebSocket");
    };
    let socket = format!("ws://127.0.0.1:{port}");
    let wanted = report_of_page("-", &socket, &json!({ "token": reference.token }));
    let ours = Broker::ours();
    let sign_in = json!({
        "protocol": auth::WEBSOCKET_PROTOCOL,
        "keyPrefix": auth::WEBSOCKET_KEY_PREFIX,
        "keyName": KEY_NAME,
        "inboxPrefix": INBOX,
    });
    let url = ours.url().expect("ours prints one");
    compare(&wanted, &report_of_page(url, PATH, &sign_in));
}

#[track_caller]
fn report_of_page(page: &str, socket: &str, sign_in: &Value) -> Value {
    // A path from the root stays itself behind the drivers' own directory.
    let script = script("behaviours.mjs").display().to_string();
    let arguments = [page, socket, &sign_in.to_string()];
    chromium::run(&script, &arguments).success().json()
}

/// Compares two reports a behaviour at a time; none may have failed.
#[track_caller]
pub(super) fn compare(reference: &Value, ours: &Value) {
    let reference = reference.as_object().expect("an object");
    assert!(!reference.is_empty(), "no behaviour was asked");
    for (behaviour, wanted) in reference {
        let failed = wanted.as_str().filter(|text| text.starts_with("FAILED"));
        assert_eq!(failed, None, "{behaviour}, in nats-server itself");
        assert_eq!(&ours[behaviour], wanted, "{behaviour}");
    }
}

fn script(name: &str) -> PathBuf {
    root().join("tests/bus").join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
