//! An account's queries and feeds, asked on the bus of a real server.

use std::time::Instant;

use cocalc_plus::messaging::client::answers::Answers;
use cocalc_plus::messaging::client::{Client, ClientError, Login};
use cocalc_plus::messaging::message::{Headers, Message};
use cocalc_plus::messaging::stream;
use cocalc_plus::sys::secret::Secret;
use serde_json::{Value, json};

use crate::support::laptop::Laptop;
use crate::support::processes;
use crate::support::served::Served;
use crate::support::targets::SOON;

/// The subjects of the one account.
const ACCOUNT: &str = "hub.account.00000000-1000-4000-8000-000000000001";

fn start(laptop: &Laptop) -> Served {
    Served::start(laptop, &["--nats-port", "0"])
}

fn join(served: &Served) -> Client {
    let login = Login {
        token: Some(Secret::from_text(&served.info.token)),
        inbox: "_INBOX.test".to_owned(),
    };
    let port = served.info.nats_port.expect("it was asked for");
    Client::connect(vec![format!("127.0.0.1:{port}")], login)
}

/// Asks; a server that has just begun to listen may not answer yet.
async fn ask(client: &Client, subject: &str, payload: &Value) -> Message {
    let (subject, payload) = (format!("{ACCOUNT}.{subject}"), payload.to_string());
    let (none, until) = (Headers::default(), Instant::now() + SOON);
    loop {
        match client
            .request(&subject, &none, payload.as_bytes(), SOON)
            .await
        {
            Err(ClientError::NoResponders(_)) if Instant::now() < until => {}
            answer => return answer.expect("somebody answers"),
        }
    }
}

async fn query(client: &Client, query: Value) -> Value {
    let answer = ask(client, "query", &json!({ "query": query })).await;
    serde_json::from_slice(&answer.payload).expect("JSON")
}

async fn follow(client: &Client, resume: Value) -> Answers {
    // A refusal shows that somebody answers.
    ask(client, "changefeed", &json!({ "query": 7 })).await;
    let request = json!({ "query": { "projects": [{ "title": null }] }, "resume": resume });
    let (subject, none) = (format!("{ACCOUNT}.changefeed"), Headers::default());
    let payload = request.to_string();
    let asked = client.request_many(&subject, &none, payload.as_bytes(), stream::SILENCE);
    asked.await.expect("somebody answers")
}

async fn next(answers: &mut Answers) -> Value {
    let answer = tokio::time::timeout(SOON, answers.next()).await;
    let answer = answer
        .expect("it comes")
        .expect("it goes on")
        .expect("it is there");
    serde_json::from_slice(&answer.payload).expect("JSON")
}

fn title(title: &str) -> Value {
    json!({ "projects": { "project_id": "local", "title": title } })
}

#[test]
fn a_feed_goes_on_after_the_server_was_killed() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let laptop = Laptop::new();
        let mut served = start(&laptop);
        let client = join(&served);
        let mut feed = follow(&client, Value::Null).await;
        let first = next(&mut feed).await;
        assert_eq!(first["rows"][0]["project_id"], "local", "{first}");
        for name in ["one", "two"] {
            query(&client, title(name)).await;
        }
        let one = next(&mut feed).await;
        assert_eq!(one["new_val"]["title"], "one", "{one}");
        assert_eq!(one["prev"], first["seq"]);
        processes::kill(served.pid());
        served.end();
        let served = start(&laptop);
        let client = join(&served);
        let resume = json!({ "since": one["seq"], "epoch": first["epoch"] });
        let mut feed = follow(&client, resume).await;
        assert_eq!(next(&mut feed).await["resync"], false);
        query(&client, title("three")).await;
        for (name, old) in [("two", "one"), ("three", "two")] {
            let update = next(&mut feed).await;
            assert_eq!(update["new_val"]["title"], name, "{update}");
            assert_eq!(update["old_val"]["title"], old, "{update}");
        }
    });
}

#[test]
fn a_user_query_of_the_hubs_api_is_one_of_the_same_tables() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let laptop = Laptop::new();
        let served = start(&laptop);
        let client = join(&served);
        let ask = async |query: Value| {
            let request = json!({ "name": "db.userQuery", "args": [{ "query": query }] });
            ask(&client, "api", &request).await
        };
        ask(title("mine")).await;
        let found = query(&client, json!({ "projects": [{ "title": null }] })).await;
        assert_eq!(found["result"]["projects"][0]["title"], "mine", "{found}");
        let refused = ask(json!({ "projects": [{ "colour": null }] })).await;
        let code = refused.headers.get("Nats-Service-Error-Code");
        assert_eq!(code, Some("400"));
    });
}

#[test]
fn a_query_that_is_refused_has_a_code_and_names_the_field() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let laptop = Laptop::new();
        let served = start(&laptop);
        let client = join(&served);
        let refused = query(&client, json!({ "projects": [{ "colour": null }] })).await;
        assert_eq!(refused["error"]["code"], "no-field", "{refused}");
        assert_eq!(refused["error"]["field"], "colour", "{refused}");
        let others = json!({ "accounts": { "account_id": "somebody", "first_name": "x" } });
        assert_eq!(query(&client, others).await["error"]["code"], "not-yours");
        let own = query(&client, json!({ "accounts": [{ "first_name": null }] })).await;
        assert_eq!(
            own["result"]["accounts"].as_array().map(Vec::len),
            Some(1),
            "{own}"
        );
    });
}
