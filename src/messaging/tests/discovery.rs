//! Finding services by the convention of NATS.

use serde_json::Value;

use super::*;
use crate::messaging::service::discovery::Description;
use crate::messaging::service::discovery::Endpoint;

async fn offer(broker: &Arc<Broker>) {
    let server = joined(broker, "all");
    let description = Description {
        name: "doubling".into(),
        description: "Doubles numbers".into(),
        endpoints: vec![Endpoint {
            name: "double".into(),
            subject: "shared.double".into(),
        }],
    };
    let serving = service::offer(&server, description, "shared.>", doubler()).await;
    tokio::spawn(serving.unwrap());
}

/// Asks until somebody answers, and reads what the first says.
async fn ask(asker: &super::super::client::Client, subject: &str) -> Value {
    let none = Headers::default();
    loop {
        match asker.request(subject, &none, b"", SOON).await {
            Ok(answer) => return serde_json::from_slice(&answer.payload).unwrap(),
            Err(ClientError::NoResponders(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{subject}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_service_is_found_by_everybody_by_its_name_and_by_its_id() {
    let broker = broker(&Shutdown::default());
    offer(&broker).await;
    let asker = joined(&broker, "all");
    let ping = ask(&asker, "$SRV.PING").await;
    assert_eq!(ping["type"], "io.nats.micro.v1.ping_response");
    let id = ping["id"].as_str().unwrap();
    for name in ["", ".doubling", &format!(".doubling.{id}")] {
        for verb in ["PING", "INFO", "STATS"] {
            let answer = ask(&asker, &format!("$SRV.{verb}{name}")).await;
            let kind = format!("io.nats.micro.v1.{}_response", verb.to_lowercase());
            assert_eq!(answer["type"], kind);
            let named = [&answer["name"], &answer["id"], &answer["metadata"]];
            assert_eq!(named, [&ping["name"], &ping["id"], &ping["metadata"]]);
        }
    }
    let info = ask(&asker, "$SRV.INFO.doubling").await;
    assert_eq!(info["endpoints"][0]["subject"], "shared.double");
    assert_eq!(info["endpoints"][0]["queue_group"], "q");
}

#[tokio::test]
async fn a_service_counts_what_it_was_asked() {
    let broker = broker(&Shutdown::default());
    offer(&broker).await;
    let asker = joined(&broker, "all");
    ask(&asker, "$SRV.PING.doubling").await;
    let none = Headers::default();
    for text in ["1", "2", "x"] {
        let asked = asker.request("shared.double", &none, text.as_bytes(), SOON);
        asked.await.unwrap();
    }
    let asked = asker.request("shared.half", &none, b"", SOON);
    asked.await.unwrap();
    let stats = ask(&asker, "$SRV.STATS.doubling").await;
    let endpoint = &stats["endpoints"][0];
    assert_eq!(endpoint["num_requests"], 3);
    assert_eq!(endpoint["num_errors"], 1);
    assert_eq!(endpoint["last_error"], "400:no number");
    assert!(endpoint["processing_time"].is_u64());
    let started = stats["started"].as_str().unwrap();
    assert!(started.len() == 20 && started.ends_with('Z'), "{started}");
}
