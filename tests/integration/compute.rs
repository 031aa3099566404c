//! A server that is attached to another.

use serde_json::{Value, json};

use crate::support::desk::Desk;
use crate::support::hub::{Member, ask, make_key};
use crate::support::laptop::Laptop;
use crate::support::poll::{self, eventually};
use crate::support::processes;
use crate::support::served::Served;
use crate::support::targets::SOON;
use crate::support::visitor::Visitor;
use crate::support::websocket::Said;

/// Two servers, the second a compute server of the first.
struct Attached {
    hub: Desk,
    laptop: Laptop,
    served: Served,
    key: Value,
}

impl Attached {
    fn new(scope: &str) -> Self {
        let hub = Desk::new();
        let key = make_key(&hub.served, scope);
        let secret = key["secret"].as_str().expect("a secret");
        let port = hub.served.info.port;
        let place = format!("http://localhost:{port}?apiKey={secret}&id=1");
        let laptop = Laptop::new().env("COMPUTE_SERVER", &place);
        let served = Served::start(&laptop, &[]);
        Self {
            hub,
            laptop,
            served,
            key,
        }
    }

    /// What the hub's bus says of the compute server's home.
    fn home(&self) -> Option<String> {
        let mut member = Member::join(&self.hub.served, &self.hub.served.info.token);
        let asked = json!({ "names": ["HOME"] });
        let answer = member.request("_INBOX.hub.a", "project.compute-1.environment", &asked);
        let (_, payload) = answer.split_once('{')?;
        let payload: Value = serde_json::from_str(&format!("{{{payload}")).ok()?;
        payload["variables"]["HOME"].as_str().map(str::to_owned)
    }

    #[track_caller]
    fn answers(&self) {
        let home = eventually("the compute server answers", SOON * 3, || self.home());
        assert_eq!(home, self.laptop.home().display().to_string());
    }
}

#[test]
fn an_attached_server_answers_at_its_hub_after_either_is_killed() {
    let mut both = Attached::new("project:compute-1");
    both.answers();
    processes::kill(both.served.pid());
    both.served.end();
    let gone = || both.home().is_none().then_some(());
    eventually("nobody answers", SOON, gone);
    both.served = Served::start(&both.laptop, &[]);
    both.answers();
    both.hub.replace_server();
    both.answers();
}

#[test]
fn a_page_of_an_attached_server_reaches_the_hub_by_it() {
    let both = Attached::new("account");
    both.answers();
    let page = Visitor::sign_in(&both.served.url);
    let mut socket = page.websocket("/conat-remote");
    let Said::Binary(info) = socket.next() else {
        panic!("no INFO");
    };
    let info = String::from_utf8_lossy(&info).into_owned();
    assert!(info.contains(&both.hub.served.info.id), "{info}");
    let inbox = "_INBOX.account-00000000-1000-4000-8000-000000000001.a";
    let asked = format!(
        "CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB {inbox} 1\r\n\
         PUB project.local.environment {inbox} 18\r\n{{\"names\":[\"HOME\"]}}\r\n"
    );
    assert!(socket.send_binary(asked.into_bytes()), "it is open");
    let mut heard = String::new();
    let home = both.hub.laptop.home().display().to_string();
    while !heard.contains(&home) {
        match socket.next() {
            Said::Binary(bytes) => heard.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {heard}"),
        }
    }
    // A stranger reaches neither.
    let stranger = Visitor {
        key: "wrong".into(),
        ..page.clone()
    };
    assert!(stranger.try_websocket("/conat-remote").is_err());
}

#[test]
fn what_an_attached_server_lacks_its_hub_is_asked_for() {
    let both = Attached::new("project:compute-1");
    both.answers();
    let reply = crate::support::hub::try_ask(
        &both.served,
        &both.served.info.token,
        "projects.createProject",
        &json!({}),
    );
    let error = reply.json()["error"].clone();
    assert_eq!(error["code"], 501, "{error}");
    let said = error["message"].as_str().expect("words");
    assert!(said.starts_with("the remote hub says: "), "{said}");
    // The hub knows its own methods for an attached server.
    assert!(ask(&both.served, "system.ping", &json!({}))["now"].is_u64());
}

#[test]
fn a_revoked_key_ends_the_attachment_and_the_log_says_why() {
    let both = Attached::new("project:compute-1");
    both.answers();
    ask(
        &both.hub.served,
        "keys.revoke",
        &json!({ "id": both.key["id"] }),
    );
    let gone = || both.home().is_none().then_some(());
    eventually("nobody answers", SOON, gone);
    let secret = both.key["secret"].as_str().expect("a secret");
    let told = || {
        let log = both.laptop.read("serve.log");
        assert!(!log.contains(secret), "the log has the key");
        log.contains("refuses us").then_some(())
    };
    poll::eventually("the log says why", SOON, told);
}

#[test]
fn a_hub_that_is_none_keeps_a_server_from_starting_and_no_child_sees_the_key() {
    let laptop = Laptop::new().env("COMPUTE_SERVER", "http://hub.example?id=1");
    let failed = laptop.run(&["serve", "--no-open"]);
    assert!(!failed.status.success(), "{failed:?}");
    assert!(failed.stderr.contains("it has no `apiKey`"), "{failed:?}");
    let both = Attached::new("project:compute-1");
    both.answers();
    let page = Visitor::sign_in(&both.served.url);
    let told = page.call("environment", &json!({}));
    let names = told["variables"].as_object().expect("variables");
    assert!(!names.contains_key("COMPUTE_SERVER"), "{told}");
}
