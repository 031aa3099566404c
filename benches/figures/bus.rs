//! The bus beside `nats-server`: the same clients, the same loopback.
//!
//! Client and broker share the processors, so a broker that takes less leaves
//! more for the client; the same for both.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples};
use crate::support::bin;
use crate::support::finished;
use crate::support::laptop::Laptop;
use crate::support::nats_server::{NatsServer, TOKEN};
use crate::support::served::papers;

/// How long an answer may take; then the figure fails.
const DEADLINE: Duration = Duration::from_secs(60);

/// Messages of which a median is taken.
const SINGLE: usize = 2000;

/// Messages from one publisher to one subscriber.
const STREAM: usize = 500_000;

/// Messages from one publisher to each of the subscribers.
const FANNED: usize = 20_000;

/// Subscribers of one subject.
const SUBSCRIBERS: usize = 100;

/// What a message carries.
const PAYLOAD: [u8; 128] = [b'x'; 128];

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let reference = NatsServer::start();
    let laptop = Laptop::new();
    let mut serve = laptop.command(&bin());
    serve.args(["serve", "--daemon", "--nats-port", "0", "--no-open"]);
    finished::run(&mut serve, DEADLINE).success();
    let info = papers(&laptop.runtime());
    let port = info.nats_port.expect("it was asked for");
    let ours = Broker::new((Ipv4Addr::LOCALHOST, port).into(), &info.token);
    let theirs = Broker::new(reference.address(), TOKEN);
    let row = |measure: &str, unit, aim, take: fn(&Broker) -> f64| {
        let pairs = Pairs::measure(measure, runs, || take(&ours), || take(&theirs));
        Row::ratio(measure, unit, pairs, "`nats-server`", aim)
    };
    vec![
        row(
            "publish to deliver, p50",
            Unit::Milliseconds,
            "≤ 1.5",
            deliver,
        ),
        row(
            "request and reply, p50",
            Unit::Milliseconds,
            "≤ 1.5",
            request,
        ),
        row(
            "1 publisher to 1 subscriber, 128 bytes",
            Unit::PerSecond,
            "≥ 0.7",
            stream,
        ),
        row(
            "1 publisher to 100 subscribers, 128 bytes",
            Unit::PerSecond,
            "≥ 0.7",
            fan_out,
        ),
    ]
}

/// A broker and what lets a client in.
struct Broker {
    address: SocketAddr,
    token: String,
}

/// A client that reads what it is sent and nothing more.
struct Client {
    reader: BufReader<TcpStream>,
    line: Vec<u8>,
    payload: Vec<u8>,
}

impl Broker {
    fn new(address: SocketAddr, token: &str) -> Self {
        let token = token.to_owned();
        Self { address, token }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("the broker listens");
        stream.set_nodelay(true).expect("a socket has the option");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("a socket has the option");
        let mut client = Client {
            reader: BufReader::with_capacity(64 << 10, stream),
            line: Vec::new(),
            payload: Vec::new(),
        };
        client.read_line();
        let token = &self.token;
        let connect = format!(
            "CONNECT {{\"auth_token\":\"{token}\",\"verbose\":false,\"pedantic\":false}}\r\n"
        );
        client.send(connect.as_bytes());
        client.settle();
        client
    }
}

impl Client {
    fn send(&mut self, bytes: &[u8]) {
        self.reader
            .get_mut()
            .write_all(bytes)
            .expect("the broker reads");
    }

    /// Waits until everything sent so far has been done.
    fn settle(&mut self) {
        self.send(b"PING\r\n");
        while self.read_line() != b"PONG\r\n" {}
    }

    fn read_line(&mut self) -> &[u8] {
        self.line.clear();
        self.reader
            .read_until(b'\n', &mut self.line)
            .expect("the broker answers");
        &self.line
    }

    /// Reads one message; whatever else comes is passed over.
    fn read_message(&mut self) {
        loop {
            let line = self.read_line();
            assert!(
                !line.is_empty() && !line.starts_with(b"-ERR"),
                "{}",
                line.escape_ascii()
            );
            if let Some(size) = line.strip_prefix(b"MSG ").and_then(last_number) {
                self.payload.resize(size + 2, 0);
                return self
                    .reader
                    .read_exact(&mut self.payload)
                    .expect("the message is whole");
            }
        }
    }
}

fn last_number(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    text.split_whitespace().last()?.parse().ok()
}

fn published(subject: &str) -> Vec<u8> {
    let mut message = format!("PUB {subject} {}\r\n", PAYLOAD.len()).into_bytes();
    message.extend_from_slice(&PAYLOAD);
    message.extend_from_slice(b"\r\n");
    message
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn deliver(broker: &Broker) -> f64 {
    let (mut publisher, mut subscriber) = (broker.connect(), broker.connect());
    subscriber.send(b"SUB bench.deliver 1\r\n");
    subscriber.settle();
    let message = published("bench.deliver");
    let once = |_| {
        let begun = Instant::now();
        publisher.send(&message);
        subscriber.read_message();
        milliseconds(begun)
    };
    Samples((0..SINGLE).map(once).collect()).median()
}

fn request(broker: &Broker) -> f64 {
    let (mut asker, mut answerer) = (broker.connect(), broker.connect());
    answerer.send(b"SUB bench.service 1\r\n");
    answerer.settle();
    let answering = thread::spawn(move || {
        for _ in 0..SINGLE {
            answerer.read_message();
            answerer.send(b"PUB bench.inbox 2\r\nok\r\n");
        }
    });
    asker.send(b"SUB bench.inbox 1\r\n");
    asker.settle();
    let once = |_| {
        let begun = Instant::now();
        asker.send(b"PUB bench.service bench.inbox 2\r\nhi\r\n");
        asker.read_message();
        milliseconds(begun)
    };
    let taken = Samples((0..SINGLE).map(once).collect()).median();
    answering.join().expect("all were answered");
    taken
}

fn stream(broker: &Broker) -> f64 {
    through(broker, 1, STREAM)
}

fn fan_out(broker: &Broker) -> f64 {
    through(broker, SUBSCRIBERS, FANNED)
}

/// Messages a second that arrive at all subscribers together.
fn through(broker: &Broker, subscribers: usize, messages: usize) -> f64 {
    let readers: Vec<Client> = (0..subscribers)
        .map(|_| {
            let mut reader = broker.connect();
            reader.send(b"SUB bench.stream 1\r\n");
            reader.settle();
            reader
        })
        .collect();
    let mut publisher = broker.connect();
    let batch = published("bench.stream").repeat(100);
    let begun = Instant::now();
    let reading: Vec<_> = readers
        .into_iter()
        .map(|mut reader| thread::spawn(move || (0..messages).for_each(|_| reader.read_message())))
        .collect();
    for _ in 0..messages / 100 {
        publisher.send(&batch);
    }
    for reader in reading {
        reader.join().expect("all arrived");
    }
    (subscribers * messages) as f64 / begun.elapsed().as_secs_f64()
}
