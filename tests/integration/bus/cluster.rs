//! The server's own client goes on in a cluster of which a server is lost.

use std::sync::Arc;
use std::time::Duration;

use cocalc_plus::messaging::client::{Client, ClientError, Login};
use cocalc_plus::messaging::message::Headers;
use cocalc_plus::messaging::service::{self, Answerer};
use cocalc_plus::sys::secret::Secret;

use crate::support::nats_server::{NatsServer, TOKEN};

/// How long an answer may take, and the cluster to know who answers.
const DEADLINE: Duration = Duration::from_secs(5);

/// How many questions are answered before a server is killed, and after it.
const MANY: u32 = 500;

#[test]
fn a_client_goes_on_when_its_server_of_a_cluster_is_killed() {
    let [first, second, third] = NatsServer::cluster();
    let (a, b, c) = (address(&first), address(&second), address(&third));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let server = join(&[&c, &a], "server");
        let serving = service::serve(&server, "load.double", doubler()).await;
        tokio::spawn(serving.expect("it is a pattern"));
        let asker = join(&[&b, &a, &c], "asker");
        let mut ledger = server
            .subscribe("load.ledger", None)
            .await
            .expect("a pattern");
        let bystander = join(&[&a], "bystander");
        answered(&asker, 1).await;
        answered(&bystander, 1).await;
        for number in 0..MANY {
            answered(&asker, number).await;
            note(&bystander, number).await;
        }
        // Killed: the asker finds another by itself.
        drop(second);
        for number in MANY..2 * MANY {
            answered(&asker, number).await;
            note(&bystander, number).await;
        }
        for number in 0..2 * MANY {
            let noted = ledger.next().await.expect("it is connected");
            assert_eq!(noted.payload, number.to_string(), "between two that lived");
        }
    });
}

/// Asks until it is answered, and rightly: what was asked of a server that was
/// just lost fails, and is never answered wrongly.
async fn answered(client: &Client, number: u32) {
    let none = Headers::default();
    for _ in 0..100 {
        let text = number.to_string();
        match client
            .request("load.double", &none, text.as_bytes(), DEADLINE)
            .await
        {
            Ok(answer) => return assert_eq!(answer.payload, (2 * number).to_string()),
            Err(ClientError::Closed | ClientError::Timeout(_)) => {}
            // The cluster has not told yet who answers.
            Err(ClientError::NoResponders(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no answer to {number}");
}

async fn note(client: &Client, number: u32) {
    let (text, none) = (number.to_string(), Headers::default());
    let noted = client.publish("load.ledger", None, &none, text.as_bytes());
    noted.await.expect("it is connected");
}

fn doubler() -> Answerer {
    Arc::new(|request| {
        Box::pin(async move {
            let text = String::from_utf8_lossy(&request.payload).into_owned();
            let number: u32 = text.parse().expect("a number");
            Ok((2 * number).to_string().into_bytes().into())
        })
    })
}

fn join(servers: &[&String], name: &str) -> Client {
    let login = Login {
        token: Some(Secret::from_text(TOKEN)),
        inbox: format!("_INBOX.{name}"),
    };
    Client::connect(
        servers.iter().map(|&server| server.clone()).collect(),
        login,
    )
}

fn address(server: &NatsServer) -> String {
    server.address().to_string()
}
