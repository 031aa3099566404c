//! Questions and answers that are larger than one message.

use super::*;
use crate::messaging::chunks;
use crate::messaging::chunks::Torn;
use crate::messaging::service::Answerer;
use crate::messaging::service::Body;

/// Answers with what was asked, `shared.parts` in two parts; `shared.size` with
/// its length, and `shared.large` with 2 MiB.
fn echo() -> Answerer {
    Arc::new(|request| {
        Box::pin(async move {
            let payload = request.payload.to_vec();
            Ok(match request.subject.as_str() {
                "shared.parts" => {
                    let parts = [Ok(payload.clone()), Ok(payload)];
                    Body::Many(Box::pin(futures::stream::iter(parts)))
                }
                "shared.large" => vec![b'x'; 2 << 20].into(),
                "shared.size" => payload.len().to_string().into_bytes().into(),
                _ => payload.into(),
            })
        })
    })
}

/// Serves twice, as `b`.
async fn serve(broker: &Arc<Broker>) {
    for _ in 0..2 {
        let server = joined(broker, "b");
        let serving = service::serve(&server, "shared.>", echo()).await;
        tokio::spawn(serving.unwrap());
        let mut ready = server.subscribe("b.ready", None).await.unwrap();
        let none = Headers::default();
        server.publish("b.ready", None, &none, b"").await.unwrap();
        ready.next().await.unwrap();
    }
}

fn bytes(count: usize, seed: usize) -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at * 31 + seed) % 251).unwrap();
    (0..count).map(byte).collect()
}

#[tokio::test]
async fn what_is_larger_than_a_message_is_asked_and_answered_whole() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let asker = joined(&broker, "a");
    let none = Headers::default();
    for count in [
        0,
        1,
        1 << 20,
        (1 << 20) + 1,
        3_000_000,
        chunks::MAX_WHOLE_BYTES,
    ] {
        let payload = bytes(count, 7);
        let answer = asker.request("shared.echo", &none, &payload, SOON).await;
        assert!(answer.unwrap().payload == payload, "{count}");
    }
    // Between one another, by two servers of one group, on one connection.
    let asking = (0..12).map(async |seed| {
        let payload = bytes(2_000_000 + seed, seed);
        let none = Headers::default();
        let asked = asker.request_many("shared.parts", &none, &payload, SOON);
        let mut answers = asked.await.unwrap();
        for _ in 0..2 {
            let answer = answers.next().await.unwrap().unwrap();
            assert!(answer.payload == payload, "{seed}");
        }
        assert_eq!(answers.next().await, None);
    });
    futures::future::join_all(asking).await;
    let size = chunks::MAX_WHOLE_BYTES + 1;
    let refused = asker
        .request("shared.size", &none, &bytes(size, 0), SOON)
        .await;
    assert!(
        matches!(refused, Err(ClientError::TooLarge(bytes)) if bytes >= size),
        "{refused:?}"
    );
}

#[tokio::test]
async fn who_cannot_put_pieces_together_is_sent_none() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let mut plain = Client::join(&broker, "a").await;
    plain
        .send("CONNECT {\"headers\":true}\r\nSUB _INBOX.a.* 1\r\n")
        .await;
    plain.send("PUB shared.large _INBOX.a.1 0\r\n\r\n").await;
    let heard = plain.until("\r\n\r\n\r\n").await;
    assert!(
        heard.contains("Nats-Service-Error-Code: 413"),
        "{}",
        heard.len()
    );
    // Nobody at the other end puts pieces together.
    let (server, asker) = (joined(&broker, "b"), joined(&broker, "all"));
    let mut alone = server.subscribe("b.plain", None).await.unwrap();
    let (payload, none) = (bytes(2 << 20, 0), Headers::default());
    let asking = asker.request("b.plain", &none, &payload, SOON);
    let answering = async {
        let question = alone.next().await.unwrap();
        let reply = question.reply.unwrap();
        server.publish(&reply, None, &none, b"done").await.unwrap();
    };
    let (asked, ()) = tokio::join!(asking, answering);
    assert!(matches!(asked, Err(ClientError::TooLarge(_))), "{asked:?}");
}

#[tokio::test]
async fn an_answer_of_which_a_piece_is_missing_is_an_error_at_once() {
    let broker = broker(&Shutdown::default());
    let server = joined(&broker, "b");
    let asker = joined(&broker, "all");
    for pieces in [
        &["x 0 3", "x 2 3"][..],
        &["x 1 3"],
        &["x 0 3", "y 1 3"],
        &["none"],
    ] {
        let mut asked = server.subscribe("b.broken", None).await.unwrap();
        let answering = async {
            let reply = asked.next().await.unwrap().reply.unwrap();
            for words in pieces {
                let headers = Headers::default().with(chunks::CHUNK_HEADER, words);
                server
                    .publish(&reply, None, &headers, b"piece")
                    .await
                    .unwrap();
            }
        };
        let none = Headers::default();
        let asking = async {
            loop {
                let answer = asker.request("b.broken", &none, b"", SOON).await;
                if answer != Err(ClientError::NoResponders("b.broken".into())) {
                    break answer;
                }
            }
        };
        let (answer, ()) = tokio::join!(asking, answering);
        assert_eq!(answer, Err(ClientError::Torn(Torn::Gap)), "{pieces:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_of_which_pieces_are_missing_is_refused_and_holds_no_place() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let mut plain = Client::join(&broker, "a").await;
    plain
        .send("CONNECT {\"headers\":true}\r\nSUB _INBOX.a.* 1\r\n")
        .await;
    for (rest, code) in [(Some("x 2 3"), 400), (Some("y 1 3"), 400), (None, 408)] {
        let first = "NATS/1.0\r\nMessage-Chunk: x 0 3\r\nMessage-Rest: ask\r\n\r\n";
        plain
            .send(&question("shared.size", " _INBOX.a.1", first))
            .await;
        let line = plain.until("\r\n").await;
        let inbox = line.split(' ').nth(3).unwrap().to_owned();
        plain.until("Message-Rest: x\r\n\r\n\r\n").await;
        if let Some(words) = rest {
            let headers = format!("NATS/1.0\r\nMessage-Chunk: {words}\r\n\r\n");
            plain.send(&question(&inbox, "", &headers)).await;
        }
        let heard = plain.until("\r\n\r\n\r\n").await;
        assert!(heard.contains(&format!("Code: {code}\r\n")), "{heard}");
    }
    let unasked = "NATS/1.0\r\nMessage-Chunk: x 0 3\r\n\r\n";
    plain
        .send(&question("shared.size", " _INBOX.a.1", unasked))
        .await;
    let heard = plain.until("\r\n\r\n\r\n").await;
    assert!(heard.contains("Code: 400\r\n"), "{heard}");
}

/// `HPUB` with a payload of one byte.
fn question(subject: &str, reply: &str, headers: &str) -> String {
    let (block, size) = (headers.len(), headers.len() + 1);
    format!("HPUB {subject}{reply} {block} {size}\r\n{headers}x\r\n")
}
