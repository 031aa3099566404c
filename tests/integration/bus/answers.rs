//! Many answers to one question, by our client over either broker.

use std::sync::Arc;
use std::time::Duration;

use cocalc_plus::messaging::client::answers::Answers;
use cocalc_plus::messaging::client::{Client, Login};
use cocalc_plus::messaging::message::Headers;
use cocalc_plus::messaging::service::{self, Answerer, Body, ServiceError};
use cocalc_plus::sys::secret::Secret;
use futures::StreamExt as _;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::brokers::Broker;
use crate::support::wire::Carrier;

/// How long what must come may take.
const SOON: Duration = Duration::from_secs(20);

/// How many parts a stream has.
const MANY: usize = 3000;

/// The bytes of each part of a flood.
const LARGE: usize = 64 << 10;

#[test]
fn a_stream_comes_whole_to_our_client_and_to_one_written_elsewhere() {
    over_both(async |broker, service| {
        let asker = join(broker, "asker");
        let mut slow = ask(&asker, "answers.flood").await;
        assert_eq!(part(&mut slow).await, LARGE);
        // Besides one who takes none.
        let mut answers = ask(&asker, "answers.count").await;
        for number in 0..MANY {
            let answer = answers
                .next()
                .await
                .expect("there are more")
                .expect("it is there");
            assert_eq!(answer.payload, number.to_string(), "{}", broker.name);
        }
        assert_eq!(answers.next().await, None, "{}", broker.name);
        for _ in 0..100 {
            assert_eq!(part(&mut slow).await, LARGE);
        }
        let elsewhere = elsewhere(broker).await;
        let inbox = elsewhere.new_inbox();
        let mut heard = elsewhere.subscribe(inbox.clone()).await.expect("a subject");
        let asked = elsewhere.publish_with_reply("answers.count", inbox, "".into());
        asked.await.expect("it is connected");
        for number in 0..MANY {
            let message = timeout(SOON, heard.next())
                .await
                .expect("it comes")
                .expect("it is open");
            assert_eq!(message.payload, number.to_string(), "{}", broker.name);
            assert!(message.reply.is_some(), "where it is stopped");
        }
        let end = timeout(SOON, heard.next())
            .await
            .expect("it comes")
            .expect("it is open");
        assert!(end.payload.is_empty() && end.reply.is_none(), "{end:?}");
        drop((slow, service));
    });
}

#[test]
fn a_stream_ends_when_whoever_asked_stops_it_or_is_gone() {
    over_both(async |broker, mut service| {
        let name = broker.name;
        let asker = join(broker, "asker");
        drop(ask(&asker, "answers.flood").await);
        service.is_dropped(name).await;
        let mut answers = ask(&asker, "answers.flood").await;
        part(&mut answers).await;
        drop(answers);
        service.is_dropped(name).await;
        // Unsubscribed, stopped, and cut off without a word.
        let elsewhere = elsewhere(broker).await;
        let ask = async || {
            let inbox = elsewhere.new_inbox();
            let mut heard = elsewhere.subscribe(inbox.clone()).await.expect("a subject");
            let asked = elsewhere.publish_with_reply("answers.ticks", inbox, "".into());
            asked.await.expect("it is connected");
            let first = timeout(SOON, heard.next()).await.expect("it comes");
            (heard, first.expect("it is open"))
        };
        let (mut heard, _) = ask().await;
        heard.unsubscribe().await.expect("it is connected");
        service.is_dropped(name).await;
        let (mut heard, first) = ask().await;
        let stop = elsewhere.publish(first.reply.expect("a part has one"), "".into());
        stop.await.expect("it is connected");
        service.is_dropped(name).await;
        while !timeout(SOON, heard.next())
            .await
            .expect("it ends")
            .expect("it is open")
            .payload
            .is_empty()
        {}
        let (heard, _) = ask().await;
        drop(heard);
        drop(elsewhere);
        service.is_dropped(name).await;
    });
}

#[test]
fn what_is_larger_than_a_message_passes_in_pieces() {
    over_both(async |broker, service| {
        let asker = join(broker, "asker");
        for seed in 0..3_u8 {
            let payload: Vec<u8> = (seed..251).cycle().take(5_000_000).collect();
            let none = Headers::default();
            let answer = asker.request("answers.echo", &none, &payload, SOON).await;
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", broker.name));
            assert!(answer.payload == payload, "{}", broker.name);
        }
        drop(service);
    });
}

#[test]
fn an_asker_learns_at_once_that_its_own_connection_is_cut() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for broker in Broker::both() {
            let service = serve(&broker).await;
            let asker = join(&broker, "asker");
            let mut answers = ask(&asker, "answers.ticks").await;
            part(&mut answers).await;
            let name = broker.name;
            drop(broker);
            let ended = async { while let Some(Ok(_)) = answers.next().await {} };
            timeout(SOON, ended)
                .await
                .unwrap_or_else(|_| panic!("{name}: it goes on"));
            drop(service);
        }
    });
}

/// A service that runs, and what it tells of its streams.
struct Service {
    _client: Client,
    dropped: mpsc::UnboundedReceiver<()>,
}

impl Service {
    async fn is_dropped(&mut self, name: &str) {
        let dropped = timeout(SOON, self.dropped.recv()).await;
        dropped.unwrap_or_else(|_| panic!("{name}: a source goes on"));
    }
}

/// Tells when it is dropped.
struct Source(mpsc::UnboundedSender<()>);

impl Drop for Source {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn over_both(case: impl AsyncFn(&Broker, Service)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for broker in Broker::both() {
            let service = serve(&broker).await;
            case(&broker, service).await;
        }
    });
}

async fn serve(broker: &Broker) -> Service {
    let client = join(broker, "service");
    let (sender, dropped) = mpsc::unbounded_channel();
    let serving = service::serve(&client, "answers.>", answerer(sender)).await;
    tokio::spawn(serving.expect("it is a pattern"));
    // Its subscription is made when this has come back.
    let mut ready = client.subscribe("ready", None).await.expect("a pattern");
    let none = Headers::default();
    client
        .publish("ready", None, &none, b"")
        .await
        .expect("it is connected");
    ready.next().await.expect("it is connected");
    Service {
        _client: client,
        dropped,
    }
}

fn answerer(dropped: mpsc::UnboundedSender<()>) -> Answerer {
    Arc::new(move |request| {
        let source = Source(dropped.clone());
        Box::pin(async move {
            let kept = move |_: &Result<Vec<u8>, ServiceError>| {
                let _source = &source;
            };
            let parts = match request.subject.as_str() {
                "answers.count" => {
                    let numbers = (0..MANY).map(|number| Ok(number.to_string().into_bytes()));
                    return Ok(Body::Many(stream::iter(numbers).boxed()));
                }
                "answers.echo" => return Ok(Body::One(request.payload.to_vec())),
                "answers.flood" => stream::repeat_with(|| Ok(vec![b'x'; LARGE])).boxed(),
                _ => {
                    let ticks = tokio::time::interval(Duration::from_millis(5));
                    let tick = async |mut ticks: tokio::time::Interval| {
                        ticks.tick().await;
                        Some((Ok(b"tick".to_vec()), ticks))
                    };
                    stream::unfold(ticks, tick).boxed()
                }
            };
            Ok(Body::Many(parts.inspect(kept).boxed()))
        })
    })
}

async fn ask(asker: &Client, subject: &str) -> Answers {
    let none = Headers::default();
    let asked = asker.request_many(subject, &none, b"", SOON).await;
    asked.expect("it is connected")
}

/// The size of the next part.
async fn part(answers: &mut Answers) -> usize {
    let next = timeout(SOON, answers.next()).await.expect("it comes");
    let part = next.expect("there are more").expect("it is connected");
    part.payload.len()
}

fn join(broker: &Broker, name: &str) -> Client {
    let login = Login {
        token: Some(Secret::from_text(&broker.token)),
        inbox: format!("_INBOX.{name}"),
    };
    Client::connect(vec![address(broker)], login)
}

async fn elsewhere(broker: &Broker) -> async_nats::Client {
    let options = async_nats::ConnectOptions::with_token(broker.token.clone());
    let connected = options.connect(format!("nats://{}", address(broker))).await;
    connected.expect("the broker listens")
}

fn address(broker: &Broker) -> String {
    let Carrier::Tcp(port) = &broker.carriers[0] else {
        panic!("the first way in is TCP");
    };
    format!("127.0.0.1:{port}")
}
