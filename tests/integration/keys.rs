//! API keys: what they open, on the bus and at the door, and how they end.

use std::fs;

use serde_json::{Value, json};

use cocalc_plus::sys::clock;

use crate::support::desk::Desk;
use crate::support::http::Request;
use crate::support::hub::{API, Member, ask, make_key, refusal, try_ask};
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::served::Served;
use crate::support::targets::SOON;

#[test]
fn a_key_of_the_account_opens_the_door_and_the_bus() {
    let desk = Desk::new();
    let key = make_key(&desk.served, "account");
    let secret = text(&key, "secret");
    assert!(
        secret.starts_with(&format!("sk-{}-", text(&key, "id"))),
        "{key}"
    );
    assert_eq!(status(&desk.served, "/customize", secret), 200);
    assert_eq!(
        status(&desk.served, "/customize", &secret[..secret.len() - 1]),
        401
    );
    let mut member = Member::join(&desk.served, secret);
    let inbox = "_INBOX.account-00000000-1000-4000-8000-000000000001.a";
    let answer = member.request(inbox, "project.local.terminal.list", &json!({}));
    assert!(answer.ends_with("{\"terminals\":[]}"), "{answer}");
    // It is the account and not the hub.
    member.send("SUB > 1\r\n");
    let denied = "-ERR 'Permissions Violation for Subscription to \">\"'";
    assert_eq!(member.hear(), denied);
    let listed = ask(&desk.served, "keys.list", &json!({}));
    assert_eq!(listed[0]["name"], "test");
    assert!(listed[0]["lastUsed"].is_u64(), "{listed}");
    assert!(listed[0]["secret"].is_null(), "{listed}");
}

#[test]
fn a_key_of_a_project_has_the_bus_alone_and_only_that_project() {
    let desk = Desk::new();
    let key = make_key(&desk.served, "project:compute-1");
    let secret = text(&key, "secret");
    let refused = get(&desk.served, "/customize", secret);
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.body.contains("for the bus alone"), "{refused:?}");
    let mut member = Member::join(&desk.served, secret);
    member.send("SUB project.local.> 1\r\nSUB project.compute-1.> 2\r\nPING\r\n");
    let denied = "-ERR 'Permissions Violation for Subscription to \"project.local.>\"'";
    assert_eq!(
        (member.hear().as_str(), member.hear().as_str()),
        (denied, "PONG")
    );
    let subject = "hub.project.compute-1.api";
    let asked = json!({ "name": "keys.list", "args": [] });
    let answer = member.request("_INBOX.project-compute-1.a", subject, &asked);
    assert!(answer.contains("Nats-Service-Error-Code: 403"), "{answer}");
}

#[test]
fn a_key_that_is_revoked_is_cut_off_at_once() {
    let desk = Desk::new();
    let (kept, gone) = (
        make_key(&desk.served, "account"),
        make_key(&desk.served, "account"),
    );
    let mut kept_member = Member::join(&desk.served, text(&kept, "secret"));
    let mut member = Member::join(&desk.served, text(&gone, "secret"));
    member.send("PING\r\n");
    assert_eq!(member.hear(), "PONG");
    ask(&desk.served, "keys.revoke", &json!({ "id": gone["id"] }));
    assert_eq!(member.hear(), "-ERR 'User Authentication Revoked'");
    assert_eq!(
        status(&desk.served, "/customize", text(&gone, "secret")),
        401
    );
    kept_member.send("PING\r\n");
    assert_eq!(kept_member.hear(), "PONG");
    let mut again = Member::join(&desk.served, text(&gone, "secret"));
    assert_eq!(again.hear(), "-ERR 'Authorization Violation'");
    let absent = refusal(&desk.served, "keys.revoke", &json!({ "id": gone["id"] }));
    assert_eq!(absent.0, 404, "{absent:?}");
}

#[test]
fn a_key_ends_with_its_time() {
    let desk = Desk::new();
    let end = clock::now_ms() + 1500;
    let wish = json!({ "name": "short", "expires": end });
    let key = ask(&desk.served, "keys.create", &wish);
    let mut member = Member::join(&desk.served, text(&key, "secret"));
    member.send("PING\r\n");
    assert_eq!(member.hear(), "PONG");
    assert_eq!(member.hear(), "-ERR 'User Authentication Revoked'");
    assert_eq!(
        status(&desk.served, "/customize", text(&key, "secret")),
        401
    );
    let past = json!({ "name": "past", "expires": end - 3_600_000 });
    assert_eq!(refusal(&desk.served, "keys.create", &past).0, 400);
}

#[test]
fn keys_outlive_a_killed_server_and_no_file_has_their_text() {
    let mut desk = Desk::new();
    let key = make_key(&desk.served, "account");
    let gone = make_key(&desk.served, "account");
    ask(&desk.served, "keys.revoke", &json!({ "id": gone["id"] }));
    desk.replace_server();
    assert_eq!(
        status(&desk.served, "/customize", text(&key, "secret")),
        200
    );
    assert_eq!(
        status(&desk.served, "/customize", text(&gone, "secret")),
        401
    );
    let secret = text(&key, "secret").as_bytes();
    let data = desk.laptop.home().join(".local/share/cocalc-plus");
    let is_used = || {
        let listed = ask(&desk.served, "keys.list", &json!({}));
        listed[0]["lastUsed"].is_u64().then_some(())
    };
    eventually("its use is noted", SOON, is_used);
    let mut files = 0;
    for entry in fs::read_dir(data).expect("the data directory").flatten() {
        let Ok(content) = fs::read(entry.path()) else {
            continue;
        };
        files += 1;
        let has = content.windows(secret.len()).any(|window| window == secret);
        assert!(!has, "{}", entry.path().display());
    }
    assert!(files > 1, "{files}");
}

#[test]
fn wrong_wishes_are_refused_by_name() {
    let desk = Desk::new();
    for (name, argument, code, words) in [
        ("keys.create", json!({}), 400, "missing field `name`"),
        ("keys.create", json!({ "name": " " }), 400, "1 to 200 bytes"),
        (
            "keys.create",
            json!({ "name": "a", "scope": "root" }),
            400,
            "no scope",
        ),
        (
            "keys.create",
            json!({ "name": "a", "scope": "project:a.>" }),
            400,
            "no scope",
        ),
        (
            "keys.revoke",
            json!({ "id": "nothing" }),
            404,
            "no key `nothing`",
        ),
        (
            "system.manageApiKeys",
            json!({ "action": "burn" }),
            400,
            "no action",
        ),
        (
            "projects.createProject",
            json!({}),
            501,
            "there is one project",
        ),
        ("purchases.getBalance", json!({}), 501, "nothing is sold"),
        ("system.nothing", json!({}), 404, "no method"),
    ] {
        let (refused, said) = refusal(&desk.served, name, &argument);
        assert_eq!(refused, code, "{name} {argument}: {said}");
        assert!(said.contains(words), "{name} {argument}: {said}");
    }
}

#[test]
fn the_api_answers_as_the_original_does() {
    let desk = Desk::new();
    let account = API.split('.').nth(2).expect("an id");
    let names = ask(&desk.served, "system.getNames", &json!([account, "nobody"]));
    assert_eq!(
        names,
        json!({ account: { "first_name": "CoCalc", "last_name": "User" } })
    );
    assert!(ask(&desk.served, "system.ping", &json!({}))["now"].is_u64());
    let customize = ask(&desk.served, "system.getCustomize", &json!({}));
    assert_eq!(customize["account"], account);
    assert_eq!(
        ask(&desk.served, "projects.getSshKeys", &json!({})),
        json!([])
    );
    assert_eq!(ask(&desk.served, "db.touch", &json!({})), Value::Null);
    let wish = json!({ "action": "create", "name": "ci" });
    let made = ask(&desk.served, "system.manageApiKeys", &wish);
    assert_eq!(
        status(&desk.served, "/customize", text(&made[0], "secret")),
        200
    );
    let listed = ask(
        &desk.served,
        "system.manageApiKeys",
        &json!({ "action": "get" }),
    );
    assert_eq!(
        (&listed[0]["name"], &listed[0]["secret"]),
        (&json!("ci"), &Value::Null)
    );
    let gone = json!({ "action": "delete", "id": made[0]["id"] });
    ask(&desk.served, "system.manageApiKeys", &gone);
    assert_eq!(ask(&desk.served, "keys.list", &json!({})), json!([]));
    let query = json!({ "accounts": { "account_id": account, "font_size": null } });
    let found = ask(&desk.served, "db.userQuery", &json!({ "query": query }));
    assert_eq!(found["accounts"]["font_size"], 14, "{found}");
    let wrong = json!({ "query": { "nothing": { "a": null } } });
    assert_eq!(refusal(&desk.served, "db.userQuery", &wrong).0, 404);
    let settings = ask(&desk.served, "settings.get", &json!({}));
    assert!(settings["settings"].is_array(), "{settings}");
}

#[test]
fn the_same_is_answered_on_the_bus_and_nobody_asks_for_another() {
    let desk = Desk::new();
    let mut hub = Member::join(&desk.served, &desk.served.info.token);
    let asked = json!({ "name": "system.ping", "args": [] });
    let answer = hub.request("_INBOX.hub.a", API, &asked);
    assert!(answer.contains("{\"now\":"), "{answer}");
    let answer = hub.request("_INBOX.hub.b", "hub.account.somebody.api", &asked);
    assert!(answer.contains("no account `somebody`"), "{answer}");
    let key = make_key(&desk.served, "account");
    let mut member = Member::join(&desk.served, text(&key, "secret"));
    member.send("PUB hub.account.somebody.api 0\r\n\r\n");
    let denied = "-ERR 'Permissions Violation for Publish to \"hub.account.somebody.api\"'";
    assert_eq!(member.hear(), denied);
    let no_json = try_ask(&desk.served, text(&key, "secret"), "", &json!({}));
    assert_eq!(no_json.json()["error"]["code"], 404);
}

#[test]
fn keys_are_made_listed_and_revoked_by_commands() {
    let desk = Desk::new();
    let run = |arguments: &[&str]| desk.laptop.run(arguments);
    let none = run(&["key", "list"]).success();
    assert!(none.stderr.contains("no keys; make one"), "{none:?}");
    let made = run(&["key", "create", "ci", "--expires", "30d"]).success();
    let secret = made.stdout.trim();
    assert_eq!(status(&desk.served, "/customize", secret), 200);
    let other = [
        "key",
        "create",
        "gpu",
        "--scope",
        "project:compute-1",
        "--json",
    ];
    let other = run(&other).success().json();
    let table = run(&["key", "list"]).success().stdout;
    let head = table.lines().next().unwrap_or_default().to_lowercase();
    let columns: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(columns.join(" "), "id name scope made last used ends");
    assert!(table.contains("project:compute-1"), "{table}");
    assert!(
        table.contains("in 29 days") || table.contains("in 30 days"),
        "{table}"
    );
    assert!(!table.contains(text(&other, "secret")), "{table}");
    run(&["key", "revoke", text(&other, "id")]).success();
    let listed = run(&["key", "list", "--json"]).success().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let again = run(&["key", "revoke", text(&other, "id")]).failure(1);
    assert!(
        again.stderr.contains("hint: cocalc-plus key list"),
        "{again:?}"
    );
    run(&["key", "create", "a", "--scope", "root"]).failure(2);
    run(&["key", "create", "a", "--expires", "soon"]).failure(2);
}

#[test]
fn without_a_server_there_are_no_keys_and_the_command_says_what_to_do() {
    let laptop = Laptop::new();
    let failed = laptop.run(&["key", "list"]).failure(3);
    assert!(
        failed.stderr.contains("hint: cocalc-plus serve --daemon"),
        "{failed:?}"
    );
}

fn get(served: &Served, path: &str, bearer: &str) -> crate::support::http::Response {
    let bearer = format!("Bearer {bearer}");
    let request = Request::get(path).header("authorization", &bearer);
    request.send(&served.address())
}

fn status(served: &Served, path: &str, bearer: &str) -> u16 {
    get(served, path, bearer).status
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("it has one")
}
