//! Many answers to one question: order, ends, windows, and who has gone.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::*;
use crate::messaging::client::Client as Asker;
use crate::messaging::client::answers::Answers;
use crate::messaging::service::Answerer;
use crate::messaging::service::Body;
use crate::messaging::service::ServiceError;
use crate::messaging::stream;

/// The bytes of the parts of `shared.flood`.
const LARGE: usize = 64 << 10;

/// What a service of tests knows of its streams.
#[derive(Default)]
struct Sources {
    /// How many parts of `shared.flood` were made.
    made: AtomicUsize,
    /// How many sources there are.
    open: AtomicUsize,
}

/// Counts a source until it is dropped.
struct Open(Arc<Sources>);

impl Open {
    fn new(sources: &Arc<Sources>) -> Self {
        sources.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(sources))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves, as `b`:
///
/// | subject | answers |
/// | --- | --- |
/// | `shared.count` | 1, 2 … up to the number that was asked |
/// | `shared.fail` | 1, then an error |
/// | `shared.flood` | large parts without end |
/// | `shared.idle` | nothing, for ever |
/// | others | once |
async fn serve(broker: &Arc<Broker>) -> Arc<Sources> {
    let sources = Arc::new(Sources::default());
    let server = joined(broker, "b");
    let serving = service::serve(&server, "shared.>", answerer(&sources));
    tokio::spawn(serving.await.unwrap());
    // Its subscription is made when this has come back.
    let mut heard = server.subscribe("b.ready", None).await.unwrap();
    let none = Headers::default();
    server.publish("b.ready", None, &none, b"").await.unwrap();
    heard.next().await.unwrap();
    sources
}

fn answerer(sources: &Arc<Sources>) -> Answerer {
    let sources = Arc::clone(sources);
    Arc::new(move |request| {
        let sources = Arc::clone(&sources);
        Box::pin(async move {
            let open = Open::new(&sources);
            let kept = move |_: &Result<Vec<u8>, ServiceError>| {
                let _open = &open;
            };
            let parts = match request.subject.as_str() {
                "shared.count" => {
                    let text = String::from_utf8_lossy(&request.payload).into_owned();
                    let last: u64 = text.parse().unwrap();
                    let numbers = (1..=last).map(|number| Ok(number.to_string().into_bytes()));
                    futures::stream::iter(numbers).inspect(kept).boxed()
                }
                "shared.fail" => {
                    let parts = [Ok(b"1".to_vec()), Err(ServiceError::new(409, "no\nmore"))];
                    futures::stream::iter(parts).inspect(kept).boxed()
                }
                "shared.flood" => {
                    let part = move |_| {
                        sources.made.fetch_add(1, Ordering::SeqCst);
                        Ok(vec![b'x'; LARGE])
                    };
                    let parts = futures::stream::iter(0..u64::MAX).map(part);
                    parts.inspect(kept).boxed()
                }
                "shared.idle" => futures::stream::pending().inspect(kept).boxed(),
                _ => return Ok(b"once".to_vec().into()),
            };
            Ok(Body::Many(parts))
        })
    })
}

async fn ask(asker: &Asker, subject: &str, payload: &str) -> Answers {
    let none = Headers::default();
    let asked = asker.request_many(subject, &none, payload.as_bytes(), stream::SILENCE);
    asked.await.unwrap()
}

/// A question with a window, as a client writes it.
fn flood(reply: &str, window: usize) -> String {
    let headers = format!("NATS/1.0\r\nStream-Window: {window}\r\n\r\n");
    let size = headers.len();
    format!("HPUB shared.flood {reply} {size} {size}\r\n{headers}\r\n")
}

async fn all(mut answers: Answers) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(answer) = answers.next().await {
        heard.push(match answer.map(service::read) {
            Ok(Ok(payload)) => String::from_utf8(payload.to_vec()).unwrap(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        });
    }
    heard
}

/// Waits until no source is left; in paused time, at most so long.
async fn no_source(sources: &Sources, deadline: Duration) {
    let none = async {
        while sources.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(deadline, none)
        .await
        .expect("the source is dropped");
}

#[tokio::test]
async fn parts_come_in_order_and_then_the_end() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let asker = joined(&broker, "a");
    let numbers: Vec<String> = (1..=5000).map(|number| number.to_string()).collect();
    let streams = (0..20).map(async |_| all(ask(&asker, "shared.count", "5000").await).await);
    for heard in futures::future::join_all(streams).await {
        assert!(heard == numbers, "{}", heard.len());
    }
    assert_eq!(all(ask(&asker, "shared.count", "0").await).await.len(), 0);
    assert_eq!(
        all(ask(&asker, "shared.fail", "").await).await,
        ["1", "no more (409)"]
    );
    assert_eq!(all(ask(&asker, "shared.once", "").await).await, ["once"]);
    let nobody = all(ask(&asker, "a.nobody", "").await).await;
    assert_eq!(nobody, ["nobody answers `a.nobody`"]);
    no_source(&sources, SOON).await;
}

#[tokio::test]
async fn a_client_that_knows_nothing_of_streams_gets_parts_and_an_empty_message() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let mut plain = Client::join(&broker, "a").await;
    plain
        .send("CONNECT {\"headers\":true}\r\nSUB _INBOX.a.* 1\r\n")
        .await;
    plain.send("PUB shared.count _INBOX.a.1 1\r\n2\r\n").await;
    let mut subjects = Vec::new();
    for number in ["1", "2"] {
        let line = plain.until("\r\n").await;
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!((words[1], words[4]), ("_INBOX.a.1", "1"), "{line}");
        subjects.push(words[3].to_owned());
        assert_eq!(plain.until("\r\n").await, number);
    }
    assert!(subjects[0] == subjects[1] && subjects[0].starts_with("_INBOX.b."));
    assert_eq!(plain.until("\r\n").await, "MSG _INBOX.a.1 1 0");
    assert_eq!(plain.until("\r\n").await, "");
    plain.send("PUB shared.fail _INBOX.a.1 0\r\n\r\n").await;
    let heard = plain.until("\r\n\r\n\r\n").await;
    assert!(heard.ends_with("Nats-Service-Error-Code: 409\r\nNats-Service-Error: no more"));
    no_source(&sources, SOON).await;
}

#[tokio::test]
async fn an_empty_message_to_a_parts_reply_subject_stops_the_stream() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let mut plain = Client::join(&broker, "a").await;
    plain
        .send("CONNECT {\"headers\":true}\r\nSUB _INBOX.a.* 1\r\n")
        .await;
    plain.send(&flood("_INBOX.a.1", 65536)).await;
    let line = plain.until("\r\n").await;
    let service = line.split(' ').nth(3).unwrap().to_owned();
    plain.until("x\r\n").await;
    plain.send(&format!("PUB {service} 0\r\n\r\n")).await;
    assert_eq!(plain.until("\r\n").await, "MSG _INBOX.a.1 1 0");
    no_source(&sources, SOON).await;
    assert_eq!(sources.made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_wants_no_more_ends_the_stream() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let asker = joined(&broker, "a");
    // In the middle, before the first part, and with an ordinary request.
    let mut middle = ask(&asker, "shared.flood", "").await;
    middle.next().await.unwrap().unwrap();
    drop((middle, ask(&asker, "shared.flood", "").await));
    let none = Headers::default();
    let asked = asker.request("shared.flood", &none, b"", SOON).await;
    assert_eq!(asked.unwrap().payload.len(), LARGE);
    no_source(&sources, SOON).await;
    assert_eq!(asker.waiting(), 0);
}

#[tokio::test]
async fn a_slow_asker_holds_back_his_own_stream_and_nothing_else() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let asker = joined(&broker, "a");
    let mut slow = ask(&asker, "shared.flood", "").await;
    slow.next().await.unwrap().unwrap();
    for _ in 0..20 {
        // On the same connection, and on another.
        for asker in [&asker, &joined(&broker, "a")] {
            let answered = all(ask(asker, "shared.count", "1000").await);
            assert_eq!(timeout(SOON, answered).await.unwrap().len(), 1000);
        }
    }
    let most = stream::WINDOW / LARGE + 1;
    let made = sources.made.load(Ordering::SeqCst);
    assert!(
        made <= most,
        "{made} parts are on the way to one who takes none"
    );
    for _ in 0..1000 {
        assert_eq!(slow.next().await.unwrap().unwrap().payload.len(), LARGE);
    }
    let made = sources.made.load(Ordering::SeqCst);
    assert!((1001..=1001 + most).contains(&made), "{made}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_lasts_and_keeps_the_right_to_answer() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let mut plain = Client::join(&broker, "a").await;
    plain
        .send("CONNECT {\"headers\":true}\r\nSUB _INBOX.a.* 1\r\n")
        .await;
    plain.send("PUB shared.idle _INBOX.a.1 0\r\n\r\n").await;
    let begun = Instant::now();
    for count in 1..=240 {
        let line = plain.until("\r\n").await;
        assert!(line.starts_with("HMSG _INBOX.a.1 1 _INBOX.b."), "{line}");
        let rest = plain.until("{}\r\n").await;
        assert_eq!(rest, "NATS/1.0\r\nStream-Keep-Alive: 30\r\n\r\n");
        assert_eq!(begun.elapsed().as_secs(), 30 * count);
        // Else the broker would ask in between whether it lives.
        plain.send("PONG\r\n").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_asker_waits_for_an_idle_service_and_not_for_one_that_is_gone() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let asker = joined(&broker, "a");
    let mut answers = ask(&asker, "shared.idle", "").await;
    let hours = timeout(Duration::from_secs(3 * 3600), answers.next()).await;
    assert!(hours.is_err(), "{hours:?}");
    let mut silent = Client::join(&broker, "b").await;
    silent.send("SUB b.silent 1\r\n").await;
    silent.flush().await;
    let all_may = joined(&broker, "all");
    let mut answers = ask(&all_may, "b.silent", "").await;
    let heard = silent.until("\r\n").await;
    let inbox = heard.split(' ').nth(3).unwrap().to_owned();
    silent
        .send(&format!("PUB {inbox} _INBOX.b.1 1\r\n1\r\n"))
        .await;
    assert_eq!(answers.next().await.unwrap().unwrap().payload, "1");
    // What is cut off says nothing: nobody hears of it but by silence.
    drop(silent);
    let begun = Instant::now();
    let ended = answers.next().await.unwrap();
    assert_eq!(ended, Err(ClientError::Timeout("b.silent".into())));
    assert_eq!(begun.elapsed(), stream::SILENCE);
    assert_eq!(answers.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_service_learns_within_a_keep_alive_that_nobody_listens() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let mut leaving = Client::join(&broker, "a").await;
    let mut cut = Client::join(&broker, "a").await;
    for (plain, own) in [(&mut leaving, "_INBOX.a.1"), (&mut cut, "_INBOX.a.2")] {
        let subscribe = format!("CONNECT {{\"headers\":true}}\r\nSUB {own}.* 1\r\n");
        plain.send(&subscribe).await;
        let idle = format!("PUB shared.idle {own}.idle 0\r\n\r\n");
        plain.send(&idle).await;
        plain.send(&flood(&format!("{own}.flood"), 9)).await;
        plain.until("x\r\n").await;
    }
    let (idle, held_back) = (2, 2);
    assert_eq!(sources.open.load(Ordering::SeqCst), idle + held_back);
    leaving.send("UNSUB 1\r\n").await;
    drop(cut);
    no_source(&sources, stream::KEEP_ALIVE + Duration::from_secs(1)).await;
    assert_eq!(leaving.flush().await, "");
}

#[tokio::test]
async fn streams_are_as_many_as_may_be_and_keep_no_question_waiting() {
    let broker = broker(&Shutdown::default());
    let sources = serve(&broker).await;
    let asker = joined(&broker, "a");
    let (told, mut refused) = mpsc::unbounded_channel();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..4100 {
        let (mut answers, told) = (ask(&asker, "shared.idle", "").await, told.clone());
        waiting.spawn(async move {
            let _ = told.send(service::read(answers.next().await.unwrap().unwrap()));
        });
    }
    for _ in 0..4 {
        assert_eq!(refused.recv().await.unwrap().unwrap_err().code, 429);
    }
    let none = Headers::default();
    let asked = asker.request("shared.once", &none, b"", SOON).await;
    assert_eq!(asked.unwrap().payload, "once");
    assert_eq!(sources.open.load(Ordering::SeqCst), 4096);
}

#[tokio::test]
async fn a_window_that_is_none_is_refused() {
    let broker = broker(&Shutdown::default());
    serve(&broker).await;
    let asker = joined(&broker, "a");
    for window in ["0", "1048577", "x"] {
        let headers = Headers::default().with(stream::WINDOW_HEADER, window);
        let asked = asker.request("shared.count", &headers, b"1", SOON).await;
        assert_eq!(
            service::read(asked.unwrap()).unwrap_err().code,
            400,
            "{window}"
        );
    }
}

#[tokio::test]
async fn what_ends_while_much_waits_to_be_written_is_told_all_the_same() {
    let (near, mut far) = tokio::io::duplex(64);
    let (reader, writer) = tokio::io::split(near);
    let login = Login {
        token: None,
        inbox: "_INBOX.a".into(),
    };
    let client = Asker::join(reader, writer, login);
    let heard = client.subscribe("a.x", None).await.unwrap();
    let none = Headers::default();
    // Nobody writes meanwhile: there is room for no more.
    while let Some(published) = client.publish("a.y", None, &none, b"").now_or_never() {
        published.unwrap();
    }
    drop(heard);
    let reading = async {
        let mut told = String::new();
        while !told.contains("UNSUB 1\r\n") {
            let mut bytes = [0; 64];
            let count = far.read(&mut bytes).await.unwrap();
            assert!(count > 0, "it ended");
            told.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    timeout(SOON, reading).await.expect("it is unsubscribed");
}
