//! `config`: settings by flag, environment, file and default.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::bin;
use crate::support::chromium;
use crate::support::finished::Finished;
use crate::support::http::Request;
use crate::support::laptop::Laptop;
use crate::support::served::{Served, papers};
use crate::support::set_mode;
use crate::support::visitor::{Visitor, spend};

const ACCOUNT: &str = "00000000-1000-4000-8000-000000000001";

fn file(laptop: &Laptop) -> PathBuf {
    laptop.home().join(".config/cocalc-plus/config.toml")
}

fn write(laptop: &Laptop, text: &str) {
    let path = file(laptop);
    fs::create_dir_all(path.parent().expect("a directory")).expect("the home is ours");
    fs::write(&path, text).expect("the home is ours");
    set_mode(&path, 0o600);
}

/// Runs `config` with these words.
#[track_caller]
fn config(laptop: &Laptop, words: &[&str]) -> Finished {
    laptop.run(&[&["config"], words].concat())
}

/// One row of `config list --json`.
#[track_caller]
fn row(laptop: &Laptop, key: &str) -> Value {
    let rows = config(laptop, &["list", "--json"]).success().json();
    let rows = rows.as_array().expect("an array").clone();
    let found = rows.into_iter().find(|row| row["key"] == key);
    found.expect("every setting is listed")
}

#[test]
fn a_setting_is_set_got_listed_and_taken_out() {
    let laptop = Laptop::new();
    assert_eq!(
        config(&laptop, &["path"]).success().stdout.trim_end(),
        file(&laptop).display().to_string()
    );
    config(&laptop, &["get", "port"]).failure(1);
    config(&laptop, &["set", "port", "6060"]).success();
    assert_eq!(
        fs::read_to_string(file(&laptop)).expect("it is made"),
        "port = 6060\n"
    );
    let mode = fs::metadata(file(&laptop))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(config(&laptop, &["get", "port"]).success().stdout, "6060\n");
    let from = format!("`{}` line 1", file(&laptop).display());
    let found = row(&laptop, "port");
    assert_eq!(
        (&found["value"], &found["from"]),
        (&json!(6060), &json!(from))
    );
    let table = config(&laptop, &["list"]).success().stdout;
    assert!(table.contains("terminal_font_size"), "{table}");
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("port ") && line.contains("config.toml line 1")),
        "{table}"
    );
    config(&laptop, &["unset", "port"]).success();
    assert_eq!(row(&laptop, "port")["origin"], "default");
}

#[test]
fn the_file_may_be_elsewhere() {
    let laptop = Laptop::new();
    let place = laptop.file("settings").display().to_string();
    let laptop = laptop.env("XDG_CONFIG_HOME", &place);
    config(&laptop, &["set", "site_name", "lab"]).success();
    let text = fs::read_to_string(laptop.file("settings/cocalc-plus/config.toml"));
    assert_eq!(text.expect("it is made"), "site_name = \"lab\"\n");
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_what_is_allowed() {
    let laptop = Laptop::new();
    let said = |words: &[&str], code| config(&laptop, words).failure(code).stderr;
    let unknown = said(&["set", "prot", "1"], 2);
    assert!(
        unknown.contains("there is no setting `prot`; did you mean `port`?"),
        "{unknown}"
    );
    let range = said(&["set", "port", "65536"], 2);
    assert!(
        range.contains("`port` is a whole number from 0 to 65535"),
        "{range}"
    );
    assert!(!file(&laptop).exists(), "nothing was written");
    write(&laptop, "# mine\nport = 6060\nthema = \"dark\"\n");
    for words in [&["list"][..], &["get", "port"], &["set", "port", "1"]] {
        let broken = said(words, 1);
        let place = format!(
            "`{}` line 3: there is no setting `thema`; did you mean `theme`?",
            file(&laptop).display()
        );
        assert!(broken.contains(&place), "{broken}");
        assert!(broken.contains("hint: cocalc-plus config edit"), "{broken}");
    }
    let serve = laptop.run(&["serve", "--no-open"]).failure(26);
    assert!(
        serve.stderr.contains("line 3: there is no setting `thema`"),
        "{serve:#?}"
    );
    let laptop = laptop.env("PORT", "many");
    write(&laptop, "");
    let serve = laptop.run(&["serve", "--no-open"]);
    assert!(
        serve
            .stderr
            .contains("the environment's `PORT`: `port` is a whole number"),
        "{serve:#?}"
    );
}

#[test]
fn flags_win_over_the_environment_over_the_file() {
    let laptop = Laptop::new();
    let port = |at: u16| {
        std::net::TcpListener::bind(("127.0.0.1", at))
            .map(|it| it.local_addr().expect("it is bound").port())
    };
    let [one, two, three] = [(); 3].map(|()| port(0).expect("one is free").to_string());
    config(&laptop, &["set", "port", &one]).success();
    let served = Served::start(&laptop, &[]);
    assert_eq!(served.info.port.to_string(), one);
    drop(served);
    let laptop = laptop.env("PORT", &two);
    let served = Served::start(&laptop, &[]);
    assert_eq!(served.info.port.to_string(), two);
    drop(served);
    let served = Served::start(&laptop, &["--port", &three]);
    assert_eq!(served.info.port.to_string(), three);
    assert_eq!(row(&laptop, "port")["origin"], "environment");
    let laptop = laptop.env("COCALC_PORT", &one);
    assert_eq!(
        row(&laptop, "port")["from"],
        "the environment's `COCALC_PORT`"
    );
}

#[test]
fn a_secret_is_never_an_argument_and_never_shown() {
    let laptop = Laptop::new();
    let refused = config(&laptop, &["set", "auth_token", "long-enough"]).failure(1);
    assert!(
        refused
            .stderr
            .contains("hint: cocalc-plus config set auth_token - < FILE"),
        "{refused:#?}"
    );
    let mut command = laptop.command(&bin());
    let child = command.args(["config", "set", "auth_token", "-"]);
    let mut child = child
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"correct-horse\n").expect("it reads");
    drop(input);
    let ended = child.wait_with_output().expect("it ends");
    assert!(ended.status.success());
    assert!(!String::from_utf8_lossy(&ended.stderr).contains("horse"));
    assert_eq!(
        config(&laptop, &["get", "auth_token"]).success().stdout,
        "set\n"
    );
    let listed = row(&laptop, "auth_token");
    assert_eq!(
        (&listed["is_set"], &listed["value"], &listed["in_file"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let all = config(&laptop, &["list"]).success().stdout;
    assert!(!all.contains("horse"), "{all}");
    let served = Served::start(&laptop, &[]);
    assert_eq!(spend(served.info.port, "correct-horse").status, 200);
    set_mode(&file(&laptop), 0o644);
    let open = config(&laptop, &["list"]).failure(1);
    assert!(
        open.stderr.contains("can be read by other users") && open.stderr.contains("chmod 600"),
        "{open:#?}"
    );
}

#[test]
fn a_chosen_token_signs_in_and_reaches_no_child() {
    let laptop = Laptop::new()
        .env("AUTH_TOKEN", "correct-horse")
        .env("COMPUTE_SERVER", "http://x?apiKey=battery-staple&id=1");
    // In the background, as the token has to come through to there.
    let started = laptop
        .run(&["serve", "--daemon", "--no-open", "--json"])
        .success()
        .json();
    let url = started["url"].as_str().expect("a URL");
    let visitor = Visitor::sign_in(url);
    assert_eq!(spend(visitor.port, "correct-horse").status, 200);
    let bearer = Request::get("/customize").header("authorization", "Bearer correct-horse");
    assert_eq!(bearer.send(&visitor.address()).status, 200);
    let mut terminal = visitor.open_terminal();
    terminal
        .line("env; tr '\\0' '\\n' < /proc/$$/environ; echo end=$((6*7))")
        .expect("end=42");
    let shown = String::from_utf8_lossy(&terminal.output).into_owned();
    let server = papers(&laptop.runtime()).pid;
    for secret in ["correct-horse", "battery-staple"] {
        assert!(!shown.contains(secret), "{shown}");
        for pid in laptop.processes().into_iter().filter(|pid| *pid != server) {
            let read = |name| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let told =
                String::from_utf8_lossy(&[read("environ"), read("cmdline")].concat()).into_owned();
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn a_token_comes_from_a_file_or_stdin() {
    let laptop = Laptop::new();
    let path = laptop.file("token");
    fs::write(&path, "correct-horse\n").expect("it is ours");
    let served = Served::start(&laptop, &["--token-file", &path.display().to_string()]);
    assert_eq!(spend(served.info.port, "correct-horse").status, 200);
    drop(served);
    fs::write(&path, "a blank\n").expect("it is ours");
    let refused = laptop.run(&[
        "serve",
        "--no-open",
        "--token-file",
        &path.display().to_string(),
    ]);
    assert!(
        refused
            .stderr
            .contains("`--token-file`: `auth_token` is a secret without blanks"),
        "{refused:#?}"
    );
    let daemon = laptop
        .run(&["serve", "--daemon", "--token-file", "-"])
        .failure(1);
    assert!(
        daemon
            .stderr
            .contains("hint: cocalc-plus serve --daemon --token-file FILE"),
        "{daemon:#?}"
    );
}

#[test]
fn the_data_directory_of_the_file_is_where_every_command_looks() {
    let laptop = Laptop::new();
    let data = laptop.file("data").display().to_string();
    config(&laptop, &["set", "data", &data]).success();
    let served = Served::start(&laptop, &[]);
    assert!(laptop.file("data/credentials.json").exists());
    let status = laptop
        .run(&["serve", "--daemon-status", "--json"])
        .success()
        .json();
    assert_eq!(status["port"], served.info.port);
}

#[test]
fn an_editor_changes_the_file_and_cannot_break_it() {
    let laptop = Laptop::new();
    write(&laptop, "# mine\nport = 6060\n");
    let edit = |laptop: &Laptop, script: &str| {
        let path = laptop.file("editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it is ours");
        set_mode(&path, 0o755);
        config(laptop, &["edit"])
    };
    let editor = format!("{} --wait", laptop.file("editor").display());
    let laptop = laptop.env("EDITOR", &editor);
    edit(&laptop, "sed -i s/6060/7070/ \"$2\"").success();
    assert_eq!(
        fs::read_to_string(file(&laptop)).expect("it is there"),
        "# mine\nport = 7070\n"
    );
    let broken = edit(&laptop, "echo 'port = x' >> \"$2\"").failure(1);
    assert!(broken.stderr.contains("line 3: "), "{broken:#?}");
    let kept = broken.stderr.split_whitespace().find(|word| {
        word.contains("config.")
            && word.starts_with('/')
            && *word != file(&laptop).display().to_string()
    });
    let kept = fs::read_to_string(kept.expect("it is named")).expect("it is kept");
    assert_eq!(kept, "# mine\nport = 7070\nport = x\n");
    assert_eq!(
        fs::read_to_string(file(&laptop)).expect("it is there"),
        "# mine\nport = 7070\n"
    );
    edit(&laptop, "echo x > \"$2\"; exit 3").failure(1);
    assert_eq!(
        fs::read_to_string(file(&laptop)).expect("it is there"),
        "# mine\nport = 7070\n"
    );
    // What is broken already can be mended.
    write(&laptop, "prot = 1\n");
    edit(&laptop, "sed -i s/prot/port/ \"$2\"").success();
    assert_eq!(
        fs::read_to_string(file(&laptop)).expect("it is there"),
        "port = 1\n"
    );
    let meanwhile = format!(
        "echo 'port = 2' > {}; echo 'port = 3' > \"$2\"",
        file(&laptop).display()
    );
    let late = edit(&laptop, &meanwhile).failure(1);
    assert!(
        late.stderr
            .contains("somebody else has changed the file meanwhile"),
        "{late:#?}"
    );
}

#[test]
fn two_who_change_the_file_at_once_both_succeed() {
    let laptop = Laptop::new();
    let changes = (0..20).map(|at| {
        let (key, value) = if at % 2 == 0 {
            ("port", "6060")
        } else {
            ("site_name", "lab")
        };
        laptop.spawn(&["config", "set", key, value])
    });
    for mut change in changes.collect::<Vec<_>>() {
        assert!(change.wait().expect("it ends").success());
    }
    let text = fs::read_to_string(file(&laptop)).expect("it is there");
    assert!(
        text.contains("port = 6060\n") && text.contains("site_name = \"lab\"\n"),
        "{text}"
    );
    let beside = fs::read_dir(file(&laptop).parent().expect("a directory")).expect("it is there");
    assert_eq!(beside.count(), 1, "nothing is left behind");
}

/// Calls `settings.VERB` as a page does.
#[track_caller]
fn call(visitor: &Visitor, verb: &str, payload: &Value) -> Value {
    let subject = format!("hub.account.{ACCOUNT}.settings.{verb}");
    let call = json!({ "id": 1, "subject": subject, "payload": payload });
    visitor
        .signed(Request::post("/call", &call))
        .send(&visitor.address())
        .json()
}

#[test]
fn a_page_reads_and_changes_settings() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let visitor = Visitor::sign_in(&served.url);
    let find = |reply: &Value, key: &str| {
        let rows = reply["payload"]["settings"]
            .as_array()
            .expect("rows")
            .clone();
        rows.into_iter()
            .find(|row| row["key"] == key)
            .expect("it is listed")
    };
    let reply = call(&visitor, "get", &json!({}));
    assert_eq!(
        reply["payload"]["file"],
        file(&laptop).display().to_string()
    );
    let size = find(&reply, "terminal_font_size");
    assert_eq!(
        size["kind"],
        json!({ "type": "number", "least": 8, "most": 32 })
    );
    assert_eq!((&size["value"], &size["default"]), (&json!(14), &json!(14)));
    let reply = call(
        &visitor,
        "set",
        &json!({ "key": "terminal_font_size", "value": 20 }),
    );
    assert_eq!(find(&reply, "terminal_font_size")["value"], 20);
    assert_eq!(
        config(&laptop, &["get", "terminal_font_size"])
            .success()
            .stdout,
        "20\n"
    );
    let told = visitor.get("/customize").json();
    assert_eq!(told["settings"]["terminal_font_size"], 20);
    assert!(told["settings"].get("port").is_none(), "{told}");
    let reply = call(&visitor, "set", &json!({ "key": "port", "value": 6060 }));
    assert_eq!(find(&reply, "port")["needs_restart"], true);
    let reply = call(&visitor, "set", &json!({ "key": "port", "value": null }));
    assert_eq!(find(&reply, "port")["needs_restart"], false);
    // By hand, while the server runs.
    config(&laptop, &["set", "site_name", "lab"]).success();
    assert_eq!(
        visitor.get("/customize").json()["settings"]["site_name"],
        "lab"
    );
    for (change, code) in [
        (json!({ "key": "terminal_font_size", "value": 99 }), 400),
        (json!({ "key": "terminal_font_size", "value": "20" }), 400),
        (json!({ "key": "nothing", "value": 1 }), 404),
        (
            json!({ "key": "auth_token", "value": "correct-horse" }),
            403,
        ),
        (json!({ "value": 1 }), 400),
    ] {
        let reply = call(&visitor, "set", &change);
        assert_eq!(reply["error"]["code"], code, "{change} {reply}");
    }
    assert_eq!(call(&visitor, "forget", &json!({}))["error"]["code"], 503);
    write(&laptop, "oops\n");
    let reply = call(&visitor, "get", &json!({}));
    assert_eq!(reply["error"]["code"], 409, "{reply}");
    assert_eq!(visitor.get("/customize").status, 200);
}

#[test]
fn settings_are_changed_on_the_page_by_keyboard() {
    let laptop = Laptop::new();
    let served = Served::start(&laptop, &[]);
    let file = file(&laptop).display().to_string();
    chromium::run("settings.mjs", &[&served.url, &file]).success();
}
