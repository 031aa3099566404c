//! Many subscriptions, many messages, and clients that vanish meanwhile.

use std::thread;

use serde_json::json;

use super::brokers::{Broker, flush};
use super::queues::wait_until_unheard;
use crate::support::wire::{Heard, Wire};

/// How many subscriptions one client makes.
const SUBSCRIPTIONS: usize = 20_000;

/// How many messages each publisher sends.
const MESSAGES: usize = 5_000;

#[test]
fn a_client_may_have_very_many_subscriptions() {
    for broker in Broker::both() {
        let mut wire = broker.join();
        let subscriptions =
            (0..SUBSCRIPTIONS).map(|number| format!("SUB many.{number}.* {number}\r\n"));
        wire.send(subscriptions.collect::<String>().as_bytes());
        assert_eq!(flush(&mut wire), Vec::<String>::new(), "{}", broker.name);
        wire.send(b"PUB many.19999.a 0\r\n\r\nPUB many.20000.a 0\r\n\r\nPUB many.0.a 0\r\n\r\n");
        let wanted = ["MSG many.19999.a 19999 0\r\n", "MSG many.0.a 0 0\r\n"];
        assert_eq!(flush(&mut wire), wanted, "{}", broker.name);
    }
}

#[test]
fn each_publishers_order_is_kept_while_all_publish() {
    for broker in Broker::both() {
        let mut subscriber = broker.join();
        subscriber.send(b"SUB from.* 1\r\n");
        flush(&mut subscriber);
        thread::scope(|scope| {
            for (number, carrier) in broker.carriers.iter().enumerate() {
                let mut publisher = broker.join_by(carrier, &json!({}));
                scope.spawn(move || publish_numbers(&mut publisher, &format!("from.{number}")));
            }
            let mut next = vec![0; broker.carriers.len()];
            for _ in 0..MESSAGES * next.len() {
                let (publisher, number) = numbered(&subscriber.hear());
                assert_eq!(number, next[publisher], "{}", broker.name);
                next[publisher] += 1;
            }
        });
    }
}

#[test]
fn a_subscriber_that_vanishes_does_not_disturb_the_others() {
    for broker in Broker::both() {
        let mut staying = listening(&broker);
        for carrier in &broker.carriers {
            let mut vanishing = broker.join_by(carrier, &json!({}));
            vanishing.send(b"SUB stream.0 1\r\nSUB vanishing 2\r\n");
            flush(&mut vanishing);
            let mut publisher = broker.join();
            publisher.send(b"SUB answer 9\r\n");
            thread::scope(|scope| {
                scope.spawn(|| publish_numbers(&mut publisher, "stream.0"));
                // In the midst: much was sent to it that it never reads.
                vanishing.hear();
                drop(vanishing);
                assert_numbers(&broker, &mut staying, MESSAGES);
            });
            wait_until_unheard(&mut publisher, "vanishing");
        }
    }
}

#[test]
fn what_a_client_published_before_it_vanished_is_delivered() {
    for broker in Broker::both() {
        let mut subscriber = listening(&broker);
        for carrier in &broker.carriers {
            let mut vanishing = broker.join_by(carrier, &json!({}));
            let unfinished = b"PUB stream.0 1\r\n0\r\nPUB stream.0 1\r\n1\r\nPUB stream.0 100\r\n2";
            vanishing.send(unfinished);
            drop(vanishing);
            assert_numbers(&broker, &mut subscriber, 2);
            assert_eq!(
                flush(&mut subscriber),
                Vec::<String>::new(),
                "{}",
                broker.name
            );
        }
    }
}

/// Publishes the numbers from 0 on.
fn publish_numbers(publisher: &mut Wire, subject: &str) {
    for number in 0..MESSAGES {
        let payload = number.to_string();
        let size = payload.len();
        publisher.send(format!("PUB {subject} {size}\r\n{payload}\r\n").as_bytes());
    }
    flush(publisher);
}

/// Joins, and hears what is published to `stream.0`.
#[track_caller]
fn listening(broker: &Broker) -> Wire {
    let mut wire = broker.join();
    wire.send(b"SUB stream.0 1\r\n");
    flush(&mut wire);
    wire
}

/// Hears the numbers of the first publisher, from 0 on.
#[track_caller]
fn assert_numbers(broker: &Broker, wire: &mut Wire, count: usize) {
    for number in 0..count {
        assert_eq!(numbered(&wire.hear()), (0, number), "{}", broker.name);
    }
}

/// Reads `MSG from.PUBLISHER 1 SIZE`, CRLF, `NUMBER`.
#[track_caller]
fn numbered(heard: &Heard) -> (usize, usize) {
    let Heard::Operation(bytes) = heard else {
        panic!("{heard:?}");
    };
    let text = String::from_utf8_lossy(bytes);
    let publisher = text
        .split(['.', ' '])
        .nth(2)
        .and_then(|word| word.parse().ok());
    let number = text
        .rsplit("\r\n")
        .next()
        .and_then(|word| word.parse().ok());
    (publisher.expect("a publisher"), number.expect("a number"))
}
