//! The official Rust client reports of ours what it reports of `nats-server`.

use std::future::Future;
use std::time::Duration;

use ::async_nats::{Client, ConnectOptions, HeaderMap, Message, RequestErrorKind, Subscriber};
use futures::StreamExt as _;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::brokers::Broker;
use super::clients::compare;
use crate::support::wire::Carrier;

/// How long a behaviour may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// How many messages a queue group shares, and how many requests run at once.
const MANY: usize = 200;

const LARGE: usize = 900_000;

#[test]
fn the_rust_client_finds_no_difference() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let report = |broker: &Broker| runtime.block_on(report(broker));
    compare(&report(&Broker::reference()), &report(&Broker::ours()));
}

/// Asks all behaviours of a broker.
async fn report(broker: &Broker) -> Value {
    let [a, b] = [connect(broker, true).await, connect(broker, true).await];
    let silent = connect(broker, false).await;
    json!({
        "publish and subscribe": told(publish_and_subscribe(&a, &b)).await,
        "request and reply": told(request_and_reply(&a, &b)).await,
        "headers": told(headers(&a, &b)).await,
        "queue group": told(queue_group(&a, &b)).await,
        "wildcards": told(wildcards(&a, &b)).await,
        "drain subscription": told(drain_subscription(&a, &b)).await,
        "no responders": told(no_responders(&a)).await,
        "unsubscribe after": told(unsubscribe_after(&a, &b)).await,
        "large message": told(large_message(&a, &b)).await,
        "parallel requests": told(parallel_requests(&a, &b)).await,
        "no echo": told(no_echo(&silent, &b)).await,
        "greeting": a.server_info().max_payload,
    })
}

async fn connect(broker: &Broker, has_echo: bool) -> Client {
    let Carrier::Tcp(port) = &broker.carriers[0] else {
        panic!("the first way in is TCP");
    };
    let options = ConnectOptions::with_token(broker.token.clone());
    let options = if has_echo { options } else { options.no_echo() };
    let connected = options.connect(format!("nats://127.0.0.1:{port}")).await;
    connected.unwrap_or_else(|cause| panic!("{}: {cause}", broker.name))
}

/// What a behaviour reports, unless it hangs.
async fn told(behaviour: impl Future<Output = Value>) -> Value {
    let told = timeout(DEADLINE, behaviour).await;
    told.unwrap_or_else(|_| json!("FAILED: it takes too long"))
}

async fn publish_and_subscribe(a: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(a, "plain").await;
    let every_byte: Vec<u8> = (0..=255).collect();
    for payload in [b"hello".to_vec(), Vec::new(), every_byte] {
        publish(b, "plain", payload).await;
    }
    let heard = heard(&mut subscriber, 3).await;
    json!(
        heard
            .iter()
            .map(|message| message.payload.to_vec())
            .collect::<Vec<_>>()
    )
}

async fn request_and_reply(a: &Client, b: &Client) -> Value {
    serve(a, "service", "", |request| format!("re: {request}")).await;
    json!(ask(b, "service", "hi").await)
}

async fn headers(a: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(a, "with.headers").await;
    let mut headers = HeaderMap::new();
    headers.insert("One", "1");
    headers.append("Two", "a b");
    headers.append("Two", "c");
    let sent = b.publish_with_headers("with.headers", headers, "x".into());
    sent.await.expect("it is connected");
    let message = heard(&mut subscriber, 1).await.remove(0);
    let headers = message.headers.clone().expect("headers were sent");
    let values = |name| {
        headers
            .get_all(name)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    json!([values("One"), values("Two"), text(&message)])
}

async fn queue_group(a: &Client, b: &Client) -> Value {
    let member = |client: &Client| {
        let client = client.clone();
        async move {
            client
                .queue_subscribe("work", "q".into())
                .await
                .expect("it is connected")
        }
    };
    let mut members = [member(a).await, member(a).await, member(b).await];
    let mut plain = subscribed(b, "work").await;
    flushed(&[a, b]).await;
    for number in 0..MANY {
        publish(b, "work", number.to_string()).await;
    }
    publish(b, "work", "last").await;
    let plain = heard(&mut plain, MANY + 1).await.len();
    flushed(&[b, a]).await;
    for member in &mut members {
        member.unsubscribe().await.expect("it is connected");
    }
    let shares = join_all(members.iter_mut().map(rest)).await;
    let mut shared: Vec<usize> = shares
        .concat()
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    shared.sort_unstable();
    json!({ "each once": shared == (0..MANY).collect::<Vec<_>>(), "plain": plain })
}

async fn wildcards(a: &Client, b: &Client) -> Value {
    let mut report = json!({});
    for pattern in ["w.*", "w.>", "w.*.c", "*.b", "w.b"] {
        let mut subscriber = subscribed(a, pattern).await;
        for subject in ["w", "w.b", "w.b.c", "w.b.c.d", "x.b", "W.b"] {
            publish(b, subject, subject).await;
        }
        flushed(&[b, a]).await;
        subscriber.unsubscribe().await.expect("it is connected");
        report[pattern] = json!(rest(&mut subscriber).await);
    }
    report
}

async fn drain_subscription(a: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(a, "drained").await;
    for number in 0..10 {
        publish(b, "drained", number.to_string()).await;
    }
    flushed(&[b]).await;
    subscriber.drain().await.expect("it is connected");
    let heard = rest(&mut subscriber).await;
    publish(b, "drained", "late").await;
    flushed(&[b, a]).await;
    json!([heard, rest(&mut subscriber).await])
}

async fn no_responders(a: &Client) -> Value {
    let failed = a.request("nobody.hears", "x".into()).await;
    json!(failed.is_err_and(|cause| cause.kind() == RequestErrorKind::NoResponders))
}

async fn unsubscribe_after(a: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(a, "thrice").await;
    subscriber
        .unsubscribe_after(3)
        .await
        .expect("it is connected");
    flushed(&[a]).await;
    for number in 0..5 {
        publish(b, "thrice", number.to_string()).await;
    }
    json!(rest(&mut subscriber).await)
}

async fn large_message(a: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(a, "large").await;
    let payload: Vec<u8> = (0..=250).cycle().take(LARGE).collect();
    publish(b, "large", payload.clone()).await;
    let message = heard(&mut subscriber, 1).await.remove(0);
    json!([message.payload.len(), message.payload == payload])
}

async fn parallel_requests(a: &Client, b: &Client) -> Value {
    for client in [a, b] {
        let double = |request: &str| (2 * request.parse::<usize>().unwrap_or(0)).to_string();
        serve(client, "double", "workers", double).await;
    }
    let numbers: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    json!(join_all(numbers.iter().map(|number| ask(a, "double", number))).await)
}

async fn no_echo(silent: &Client, b: &Client) -> Value {
    let mut subscriber = subscribed(silent, "echoed").await;
    publish(silent, "echoed", "own").await;
    flushed(&[silent]).await;
    publish(b, "echoed", "other").await;
    json!(text(&heard(&mut subscriber, 1).await[0]))
}

/// Subscribes, and waits until the broker knows it.
async fn subscribed(client: &Client, pattern: &'static str) -> Subscriber {
    let subscriber = client.subscribe(pattern).await.expect("it is connected");
    flushed(&[client]).await;
    subscriber
}

/// Answers each request, in a queue group if it has a name.
async fn serve(
    client: &Client,
    subject: &'static str,
    group: &str,
    answer: impl Fn(&str) -> String + Send + 'static,
) {
    let subscribed = match group {
        "" => client.subscribe(subject).await,
        group => client.queue_subscribe(subject, group.into()).await,
    };
    let mut requests = subscribed.expect("it is connected");
    flushed(&[client]).await;
    let client = client.clone();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let reply = request.reply.clone().expect("it is a request");
            let answer = answer(&text(&request));
            // The case may be over.
            let _ = client.publish(reply, answer.into()).await;
        }
    });
}

async fn ask(client: &Client, subject: &'static str, payload: &str) -> String {
    let answer = client.request(subject, payload.to_owned().into()).await;
    answer.map_or_else(|cause| format!("FAILED: {cause}"), |answer| text(&answer))
}

async fn publish(client: &Client, subject: &'static str, payload: impl Into<bytes::Bytes>) {
    let published = client.publish(subject, payload.into()).await;
    published.expect("it is connected");
}

/// Waits until the broker has dealt with what each has sent.
///
/// A request that nobody hears: the client's own flush only writes.
async fn flushed(clients: &[&Client]) {
    for client in clients {
        let answered = client.request("nobody.flushes", "".into()).await;
        assert!(answered.is_err(), "nobody hears it");
    }
}

/// The next messages.
async fn heard(subscriber: &mut Subscriber, count: usize) -> Vec<Message> {
    subscriber.take(count).collect().await
}

/// The texts that come until the subscription ends.
async fn rest(subscriber: &mut Subscriber) -> Vec<String> {
    subscriber.map(|message| text(&message)).collect().await
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.payload).into_owned()
}
