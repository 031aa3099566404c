//! Conversations over a pipe: rights, time and slow readers.

mod discovery;
mod large;
mod streams;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio::time::timeout;

use super::access::Access;
use super::access::Admission;
use super::broker::Broker;
use super::broker::connection;
use super::broker::connection::Entry;
use super::client::ClientError;
use super::client::Login;
use super::message::Headers;
use super::service;
use crate::sys::secret::Secret;
use crate::sys::shutdown::Shutdown;

/// How long what must come may take.
const SOON: Duration = Duration::from_secs(20);

/// A broker that knows `all`, and `a` and `b`, who have subjects of their own.
fn broker(shutdown: &Shutdown) -> Arc<Broker> {
    let doorkeeper = |connect: &super::wire::connect::Connect, _: Option<IpAddr>| {
        let own = |name: &str| Access::Only {
            publish: vec![format!("{name}.>"), "shared.>".into()],
            subscribe: vec![
                format!("{name}.>"),
                "shared.>".into(),
                format!("_INBOX.{name}.>"),
            ],
        };
        match connect.auth_token.as_ref()?.reveal() {
            "all" => Some(Access::All.into()),
            name @ ("a" | "b") => Some(Admission {
                access: own(name),
                credential: Some(name.to_owned()),
            }),
            _ => None,
        }
    };
    Broker::new("broker".into(), Arc::new(doorkeeper), shutdown.clone())
}

struct Client(DuplexStream);

impl Client {
    fn dial(broker: &Arc<Broker>, room: usize) -> Self {
        let (near, far) = tokio::io::duplex(room);
        let (reader, writer) = tokio::io::split(far);
        let broker = Arc::clone(broker);
        tokio::spawn(connection::serve(
            broker,
            Entry::Stranger(None),
            reader,
            writer,
        ));
        Self(near)
    }

    async fn join(broker: &Arc<Broker>, token: &str) -> Self {
        let mut client = Self::dial(broker, 1 << 16);
        let connect = format!(
            "CONNECT {{\"auth_token\":\"{token}\",\"verbose\":false,\"pedantic\":false}}\r\n"
        );
        client.send(&connect).await;
        client.flush().await;
        client
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// All that came until the broker had done what was sent.
    async fn flush(&mut self) -> String {
        self.send("PING\r\n").await;
        self.until("PONG\r\n").await
    }

    async fn until(&mut self, end: &str) -> String {
        let mut heard = String::new();
        while !heard.ends_with(end) {
            let mut byte = [0];
            assert_eq!(
                self.0.read(&mut byte).await.unwrap(),
                1,
                "ended after {heard}"
            );
            heard.push(char::from(byte[0]));
        }
        heard.truncate(heard.len() - end.len());
        heard
    }

    async fn rest(&mut self) -> String {
        let mut heard = Vec::new();
        self.0.read_to_end(&mut heard).await.unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    }
}

#[tokio::test]
async fn what_is_not_ones_own_is_denied_and_the_connection_goes_on() {
    let broker = broker(&Shutdown::default());
    let mut a = Client::join(&broker, "a").await;
    a.send("SUB b.x 1\r\nSUB > 2\r\nSUB _INBOX.> q 3\r\nPUB b.x 0\r\n\r\n")
        .await;
    let denied = "-ERR 'Permissions Violation for Subscription to \"b.x\"'\r\n\
                  -ERR 'Permissions Violation for Subscription to \">\"'\r\n\
                  -ERR 'Permissions Violation for Subscription to \"_INBOX.>\" using queue \"q\"'\r\n\
                  -ERR 'Permissions Violation for Publish to \"b.x\"'\r\n";
    assert_eq!(a.flush().await, denied);
    a.send("SUB a.* 4\r\nPUB a.x 2\r\nhi\r\n").await;
    assert_eq!(a.flush().await, "MSG a.x 4 2\r\nhi\r\n");
}

#[tokio::test]
async fn who_was_asked_may_answer_and_nobody_else() {
    let broker = broker(&Shutdown::default());
    let mut a = Client::join(&broker, "a").await;
    let mut b = Client::join(&broker, "b").await;
    b.send("PUB _INBOX.a.1 2\r\nno\r\nSUB shared.service 1\r\n")
        .await;
    let denied = "-ERR 'Permissions Violation for Publish to \"_INBOX.a.1\"'\r\n";
    assert_eq!(b.flush().await, denied);
    a.send("SUB _INBOX.a.* 1\r\nPUB shared.service _INBOX.a.1 1\r\n?\r\n")
        .await;
    assert_eq!(a.flush().await, "");
    assert_eq!(
        b.flush().await,
        "MSG shared.service 1 _INBOX.a.1 1\r\n?\r\n"
    );
    // Several answers to the one question, none to another.
    b.send("PUB _INBOX.a.1 1\r\n1\r\nPUB _INBOX.a.1 1\r\n2\r\nPUB _INBOX.a.2 1\r\n3\r\n")
        .await;
    let denied = "-ERR 'Permissions Violation for Publish to \"_INBOX.a.2\"'\r\n";
    assert_eq!(b.flush().await, denied);
    assert_eq!(
        a.flush().await,
        "MSG _INBOX.a.1 1 1\r\n1\r\nMSG _INBOX.a.1 1 1\r\n2\r\n"
    );
}

#[tokio::test]
async fn nobody_has_another_write_for_him() {
    let broker = broker(&Shutdown::default());
    let mut a = Client::join(&broker, "a").await;
    let mut b = Client::join(&broker, "b").await;
    b.send("SUB shared.service 1\r\nSUB b.private 2\r\n").await;
    b.flush().await;
    a.send("PUB shared.service b.private 1\r\n?\r\n").await;
    let denied = "-ERR 'Permissions Violation for Publish with Reply of \"b.private\"'\r\n";
    assert_eq!(a.flush().await, denied);
    assert_eq!(b.flush().await, "");
}

#[tokio::test]
async fn a_credential_that_is_taken_back_ends_its_connections_alone() {
    let broker = broker(&Shutdown::default());
    let mut a = Client::join(&broker, "a").await;
    let mut b = Client::join(&broker, "b").await;
    let mut hub = Client::join(&broker, "all").await;
    broker.review(|credential| credential != "a");
    assert_eq!(a.rest().await, "-ERR 'User Authentication Revoked'\r\n");
    assert_eq!(
        (b.flush().await, hub.flush().await),
        (String::new(), String::new())
    );
}

#[tokio::test]
async fn a_control_character_is_no_part_of_a_subject() {
    let broker = broker(&Shutdown::default());
    let mut client = Client::join(&broker, "all").await;
    client
        .send("SUB > 1\r\nSUB a\0b 2\r\nPUB a\x1bb 0\r\n\r\nPUB a b\x7f 0\r\n\r\n")
        .await;
    let refused = "-ERR 'Invalid Subject'\r\n-ERR 'Invalid Publish Subject'\r\n-ERR 'Invalid Publish Subject'\r\n";
    assert_eq!(client.flush().await, refused);
}

#[tokio::test]
async fn a_slow_reader_is_told_and_dropped_and_nobody_waits_for_it() {
    let broker = broker(&Shutdown::default());
    let mut slow = Client::join(&broker, "all").await;
    let mut quick = Client::join(&broker, "all").await;
    let mut publisher = Client::join(&broker, "all").await;
    slow.send("SUB stream 1\r\n").await;
    slow.flush().await;
    quick.send("SUB stream 1\r\n").await;
    quick.flush().await;
    let size = 1 << 20;
    let message = format!("PUB stream {size}\r\n{}\r\n", "x".repeat(size));
    let all = 80;
    let reading = tokio::spawn(async move {
        let mut heard = vec![0; all * ("MSG stream 1 1048576\r\n".len() + size + 2)];
        quick.0.read_exact(&mut heard).await.unwrap();
    });
    for _ in 0..all {
        publisher.send(&message).await;
        // The quick one keeps up, else it would be slow itself.
        publisher.flush().await;
    }
    reading.await.unwrap();
    let heard = slow.rest().await;
    assert!(
        heard.ends_with("-ERR 'Slow Consumer'\r\n"),
        "{}",
        heard.len()
    );
    assert!(
        heard.starts_with("MSG stream 1 1048576\r\nx"),
        "{}",
        heard.len()
    );
    publisher.send("PUB stream 0\r\n\r\n").await;
    assert_eq!(publisher.flush().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_has_two_seconds() {
    let broker = broker(&Shutdown::default());
    let begun = Instant::now();
    let mut silent = Client::dial(&broker, 1 << 16);
    let mut drop_by_drop = Client::dial(&broker, 1 << 16);
    drop_by_drop.send("CONNECT {").await;
    for client in [&mut silent, &mut drop_by_drop] {
        let heard = client.rest().await;
        assert!(
            heard.ends_with("\r\n-ERR 'Authentication Timeout'\r\n"),
            "{heard}"
        );
    }
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(broker.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_answer_for_minutes_is_ended() {
    let broker = broker(&Shutdown::default());
    let mut gone = Client::join(&broker, "all").await;
    let mut alive = Client::join(&broker, "all").await;
    let begun = Instant::now();
    let answering = tokio::spawn(async move {
        loop {
            alive.until("PING\r\n").await;
            alive.send("PONG\r\n").await;
        }
    });
    let heard = gone.rest().await;
    assert_eq!(heard, "PING\r\nPING\r\n-ERR 'Stale Connection'\r\n");
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(360) && waited < Duration::from_secs(500),
        "{waited:?}"
    );
    assert!(!answering.is_finished());
    assert_eq!(broker.connections(), 1);
    answering.abort();
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_that_the_server_leaves() {
    let shutdown = Shutdown::default();
    let broker = broker(&shutdown);
    let mut client = Client::join(&broker, "all").await;
    client.send("CONNECT {\"protocol\":1}\r\n").await;
    client.flush().await;
    shutdown.begin();
    let heard = client.rest().await;
    assert!(
        heard.starts_with("INFO {") && heard.ends_with("\"ldm\":true} \r\n"),
        "{heard}"
    );
    broker.left().await;
}

fn joined(broker: &Arc<Broker>, token: &str) -> super::client::Client {
    let stream = Client::dial(broker, 1 << 16).0;
    let (reader, writer) = tokio::io::split(stream);
    let login = Login {
        token: Some(Secret::from_text(token)),
        inbox: format!("_INBOX.{token}"),
    };
    super::client::Client::join(reader, writer, login)
}

/// Waits until somebody answers at a subject.
async fn answered_by_now(asker: &super::client::Client, subject: &str) {
    let none = Headers::default();
    let nobody = Err(ClientError::NoResponders(subject.to_owned()));
    let asking = async { while asker.request(subject, &none, b"1", SOON).await == nobody {} };
    timeout(SOON, asking).await.expect("somebody answers");
}

/// Answers `shared.double` and refuses everything else.
fn doubler() -> service::Answerer {
    Arc::new(|request| {
        Box::pin(async move {
            let refused = service::ServiceError::new;
            if request.subject != "shared.double" {
                return Err(refused(404, "no such method\nhere"));
            }
            let text = String::from_utf8_lossy(&request.payload).into_owned();
            let number: u64 = text.parse().map_err(|_| refused(400, "no number"))?;
            if number == 0 {
                return Ok(vec![b'0'; 2 << 20].into());
            }
            Ok((2 * number).to_string().into_bytes().into())
        })
    })
}

#[tokio::test]
async fn a_service_answers_each_request_once_or_says_why_not() {
    let broker = broker(&Shutdown::default());
    let servers = [joined(&broker, "b"), joined(&broker, "b")];
    for server in &servers {
        let serving = service::serve(server, "shared.>", doubler()).await.unwrap();
        tokio::spawn(serving);
    }
    let asker = joined(&broker, "a");
    let ask = async |subject: &str, text: &str| {
        let deadline = Duration::from_secs(5);
        let none = Headers::default();
        let asked = asker.request(subject, &none, text.as_bytes(), deadline);
        service::read(asked.await.unwrap()).map_err(|error| (error.code, error.message))
    };
    answered_by_now(&asker, "shared.double").await;
    let answers = futures::future::join_all((1..300).map(|number: u64| {
        let text = number.to_string();
        let ask = &ask;
        async move { ask("shared.double", &text).await.unwrap() }
    }));
    for (number, answer) in (1..300).zip(answers.await) {
        assert_eq!(answer, (2 * number).to_string().as_bytes());
    }
    assert_eq!(
        ask("shared.double", "x").await.unwrap_err(),
        (400, "no number".into())
    );
    assert_eq!(
        ask("shared.half", "1").await.unwrap_err(),
        (404, "no such method here".into())
    );
    let large = ask("shared.double", "0").await.unwrap();
    assert_eq!(large.len(), 2 << 20);
}

#[tokio::test]
async fn who_asks_nobody_is_told_at_once_and_who_asks_in_vain_in_time() {
    let broker = broker(&Shutdown::default());
    let asker = joined(&broker, "a");
    let ask = |subject: &'static str, milliseconds| {
        let (asker, deadline) = (asker.clone(), Duration::from_millis(milliseconds));
        async move {
            asker
                .request(subject, &Headers::default(), b"", deadline)
                .await
        }
    };
    let nobody = ClientError::NoResponders("shared.nobody".into());
    assert_eq!(ask("shared.nobody", 5000).await, Err(nobody));
    let silent = joined(&broker, "b");
    let mut heard = silent.subscribe("shared.silent", None).await.unwrap();
    let unheard = Err(ClientError::Timeout("shared.silent".into()));
    let asking = async { while ask("shared.silent", 5).await != unheard {} };
    timeout(SOON, asking).await.expect("it is subscribed to");
    assert_eq!(heard.next().await.unwrap().subject, "shared.silent");
    let subject = ClientError::Subject("a b".into());
    assert_eq!(ask("a b", 5000).await, Err(subject));
}

#[tokio::test]
async fn a_connection_ends_with_its_last_client() {
    let broker = broker(&Shutdown::default());
    let client = joined(&broker, "a");
    let mut heard = client.subscribe("a.x", None).await.unwrap();
    client
        .publish("a.x", None, &Headers::default(), b"hi")
        .await
        .unwrap();
    assert_eq!(heard.next().await.unwrap().payload, "hi");
    assert_eq!(broker.connections(), 1);
    drop((client, heard));
    broker.left().await;
}

#[tokio::test]
async fn who_waits_when_a_connection_ends_waits_no_longer() {
    let shutdown = Shutdown::default();
    let broker = broker(&shutdown);
    let client = joined(&broker, "a");
    let mut heard = client.subscribe("shared.x", None).await.unwrap();
    let none = Headers::default();
    let asking = client.request("shared.x", &none, b"", Duration::from_secs(60));
    let ending = async {
        heard.next().await;
        shutdown.begin();
        heard.next().await
    };
    let (asked, last) = tokio::join!(asking, ending);
    assert_eq!((asked, last), (Err(ClientError::Closed), None));
    let late = client.publish("a.x", None, &Headers::default(), b"").await;
    assert_eq!(late, Err(ClientError::Closed));
}
