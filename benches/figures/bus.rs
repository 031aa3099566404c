//! The bus beside `nats-server`: the same clients, the same loopback.
//!
//! Client and broker share the processors, so a broker that takes less leaves
//! more for the client; the same for both.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use cocalc_plus::protocol::connection::ConnectionInfo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tungstenite::{Message, WebSocket};

use crate::memory;
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
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

/// Subscriptions that have nothing to do with what is measured.
const OTHERS: usize = 100_000;

/// WebSockets that wait; twice as many files are open, half of them here.
const IDLE: usize = 10_000;

/// How long memory is let settle.
const REST: Duration = Duration::from_secs(1);

/// What a message carries.
const PAYLOAD: [u8; 128] = [b'x'; 128];

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    open_many_files();
    let reference = NatsServer::start();
    let laptop = Laptop::new();
    let info = serve(&laptop);
    let port = info.nats_port.expect("it was asked for");
    let ours = Broker::new((Ipv4Addr::LOCALHOST, port).into(), &info.token);
    let theirs = Broker::new(reference.address(), TOKEN);
    let beside = |measure: &str, unit, aim, take: fn(&Broker) -> f64| {
        let pairs = Pairs::measure(measure, runs, || take(&ours), || take(&theirs));
        Row::ratio(measure, unit, pairs, "`nats-server`", aim)
    };
    let (time, rate) = (Unit::Milliseconds, Unit::PerSecond);
    let fanned = "1 publisher to 100 subscribers, 128 bytes";
    let crowd = "publish to deliver among 100,000 subscriptions";
    let pairs = Pairs::measure(crowd, runs, || among(&ours), || deliver(&ours));
    vec![
        beside("publish to deliver, p50", time, "≤ 1.5", deliver),
        beside("request and reply, p50", time, "≤ 1.5", request),
        beside(
            "1 publisher to 1 subscriber, 128 bytes",
            rate,
            "≥ 0.7",
            stream,
        ),
        beside(fanned, rate, "≥ 0.7", fan_out),
        Row::ratio(crowd, time, pairs, "without them", "≤ 1.2"),
        Row::alone(
            "an idle WebSocket client, PSS",
            Unit::Bytes,
            idle(runs),
            "≤ 0.02 MB",
        ),
    ]
}

/// Starts a server whose bus has a port.
pub(crate) fn serve(laptop: &Laptop) -> ConnectionInfo {
    let mut serve = laptop.command(&bin());
    serve.args(["serve", "--daemon", "--nats-port", "0", "--no-open"]);
    finished::run(&mut serve, DEADLINE).success();
    papers(&laptop.runtime())
}

/// Lets this process have as many connections as the system allows it.
fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("up to the maximum is allowed");
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

/// The same beside a client with very many subscriptions to other subjects.
fn among(broker: &Broker) -> f64 {
    let mut other = broker.connect();
    for number in 0..OTHERS {
        other.send(format!("SUB bench.other.{number} {number}\r\n").as_bytes());
    }
    other.settle();
    deliver(broker)
}

/// What a new server's memory grows by with each WebSocket that waits.
fn idle(runs: Runs) -> Samples {
    let mut samples = Samples::default();
    repeat("idle WebSocket clients", runs, |_| {
        let laptop = Laptop::new();
        let info = serve(&laptop);
        thread::sleep(REST);
        let before = memory::proportional_set(info.pid);
        let clients: Vec<_> = (0..IDLE).map(|_| websocket(&info)).collect();
        thread::sleep(REST);
        let grown = memory::proportional_set(info.pid) - before;
        samples.0.push(grown / clients.len() as f64);
    });
    samples
}

/// Joins by WebSocket, subscribes to something and waits until that is done.
fn websocket(info: &ConnectionInfo) -> WebSocket<TcpStream> {
    let (port, token) = (info.port, &info.token);
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
    let url = format!("ws://localhost:{port}/conat");
    let (mut socket, _) = tungstenite::client(url, stream).expect("the bus is a WebSocket");
    let connect = format!(
        "CONNECT {{\"auth_token\":\"{token}\",\"verbose\":false}}\r\nSUB bench.idle 1\r\nPING\r\n"
    );
    socket
        .send(Message::binary(connect.into_bytes()))
        .expect("the bus reads");
    loop {
        let heard = socket.read().expect("the bus answers").into_data();
        if heard.ends_with(b"PONG\r\n") {
            return socket;
        }
    }
}
