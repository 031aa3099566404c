//! The store, asked on the bus: durable writes, and how soon others know.
//!
//! A write is done when it is on the disk. The baseline is the disk itself: as
//! many bytes appended to a file beside the database, and waited for one by one.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use cocalc_plus::messaging::client::answers::Answers;
use cocalc_plus::messaging::client::{Client, Login};
use cocalc_plus::messaging::message::Headers;
use cocalc_plus::messaging::stream;
use cocalc_plus::protocol::connection::ConnectionInfo;
use cocalc_plus::sys::secret::{self, Secret};
use futures::future::join_all;
use serde_json::json;

use crate::bus;
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::support::laptop::Laptop;

/// The subjects of the one account.
const ACCOUNT: &str = "hub.account.00000000-1000-4000-8000-000000000001";

/// How long an answer may take; then the figure fails.
const DEADLINE: Duration = Duration::from_secs(60);

/// Writes of which a rate is taken.
const WRITES: usize = 10_000;

/// How many writers wait at a time.
const WRITERS: usize = 200;

/// Appends of which the baseline's rate is taken.
const APPENDS: usize = 300;

/// Who follows a query.
const SUBSCRIBERS: usize = 50;

/// Writes of each run, of which every subscriber is told.
const TOLD: usize = 100;

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let laptop = Laptop::new();
    let info = bus::serve(&laptop);
    let writes = format!("durable writes of {WRITERS} writers");
    let pairs = Pairs::measure(
        &writes,
        runs,
        || runtime.block_on(write_rate(&info)),
        || append_rate(&laptop),
    );
    let mut told = Samples::default();
    repeat("write to 50 subscribers", runs, |_| {
        told.0.extend(runtime.block_on(told_after(&info)));
    });
    let latest = told.quantile(0.99);
    let baseline = "fdatasync one by one";
    vec![
        Row::ratio(&writes, Unit::PerSecond, pairs, baseline, "≥ 5000/s"),
        Row::of(
            "write to each of 50 subscribers told, p99",
            Unit::Milliseconds,
            latest,
            told,
            "≤ 20 ms",
        ),
    ]
}

fn join(info: &ConnectionInfo, name: &str) -> Client {
    let login = Login {
        token: Some(Secret::from_text(&info.token)),
        inbox: format!("_INBOX.{name}"),
    };
    let port = info.nats_port.expect("it was asked for");
    Client::connect(vec![format!("127.0.0.1:{port}")], login)
}

/// Sets an entry to something new, and waits until it is on the disk.
async fn write(client: &Client, id: usize) {
    let row = json!({ "id": format!("{id}"), "path": secret::word(16) });
    let request = json!({ "query": { "file_use": row } }).to_string();
    let (subject, none) = (format!("{ACCOUNT}.query"), Headers::default());
    let answer = client.request(&subject, &none, request.as_bytes(), DEADLINE);
    let answer = answer.await.expect("the server answers").payload;
    assert!(answer.starts_with(b"{\"result\""), "{answer:?}");
}

async fn write_rate(info: &ConnectionInfo) -> f64 {
    let client = join(info, "writers");
    let begun = Instant::now();
    let writers = (0..WRITERS).map(async |writer| {
        for _ in 0..WRITES / WRITERS {
            write(&client, writer).await;
        }
    });
    join_all(writers).await;
    WRITES as f64 / begun.elapsed().as_secs_f64()
}

/// Appends what such a write has to a file on the same disk.
fn append_rate(laptop: &Laptop) -> f64 {
    let path = laptop.home().join("appended");
    let mut file = File::create(path).expect("the home is ours");
    let begun = Instant::now();
    for _ in 0..APPENDS {
        file.write_all(&[b'x'; 256]).expect("there is room");
        file.sync_data().expect("the disk works");
    }
    APPENDS as f64 / begun.elapsed().as_secs_f64()
}

/// How long after it was asked for a write was known to the last subscriber, in
/// milliseconds.
async fn told_after(info: &ConnectionInfo) -> Vec<f64> {
    let clients: Vec<Client> = (0..SUBSCRIBERS)
        .map(|number| join(info, &format!("subscriber{number}")))
        .collect();
    let mut feeds = join_all(clients.iter().map(follow)).await;
    let writer = join(info, "writer");
    let mut told = Vec::new();
    for _ in 0..TOLD {
        let begun = Instant::now();
        let all = join_all(feeds.iter_mut().map(next));
        // The answer of the write itself is not waited for.
        let all = async {
            all.await;
            begun.elapsed()
        };
        let (elapsed, ()) = tokio::join!(all, write(&writer, WRITERS + 1));
        told.push(elapsed.as_secs_f64() * 1e3);
    }
    told
}

/// Follows a query; what matches already is passed over.
async fn follow(client: &Client) -> Answers {
    let query = json!({ "file_use": [{ "id": format!("{}", WRITERS + 1), "path": null }] });
    let request = json!({ "query": query }).to_string();
    let (subject, none) = (format!("{ACCOUNT}.changefeed"), Headers::default());
    let asked = client.request_many(&subject, &none, request.as_bytes(), stream::SILENCE);
    let mut answers = asked.await.expect("the server answers");
    next(&mut answers).await;
    answers
}

async fn next(answers: &mut Answers) {
    let answer = tokio::time::timeout(DEADLINE, answers.next()).await;
    let answer = answer.expect("it is told").expect("it goes on");
    answer.expect("it is an update");
}
