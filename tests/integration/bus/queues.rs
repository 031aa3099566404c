//! Queue groups: each message goes to one member, whoever it is.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::brokers::{Broker, flush};
use crate::support::poll::eventually;
use crate::support::wire::Wire;

/// How many messages a case sends: enough that chance leaves no member out.
const MESSAGES: usize = 200;

#[test]
fn a_group_on_one_connection_gets_each_message_once() {
    for broker in Broker::both() {
        let mut members = [joined(&broker, "SUB work q 1\r\nSUB work q 2\r\n")];
        publish(&mut broker.join(), "work");
        let heard = heard_by(&mut members);
        assert_each_once(&broker, &heard[0]);
        assert_eq!(sids(&heard[0]), ["1", "2"], "{}", broker.name);
    }
}

#[test]
fn a_group_over_connections_gets_each_message_once() {
    for broker in Broker::both() {
        let mut members: Vec<Wire> = Vec::new();
        for carrier in &broker.carriers {
            let mut member = broker.join_by(carrier, &json!({}));
            member.send(b"SUB work q 1\r\n");
            flush(&mut member);
            members.push(member);
        }
        publish(&mut broker.join(), "work");
        let heard = heard_by(&mut members);
        assert_shared(&broker, &heard);
    }
}

#[test]
fn plain_subscribers_and_each_group_get_every_message() {
    for broker in Broker::both() {
        let mut members = [
            joined(
                &broker,
                "SUB work plain\r\nSUB work a a1\r\nSUB work b b1\r\n",
            ),
            joined(&broker, "SUB work a a1\r\nSUB * A x\r\nSUB > plain\r\n"),
        ];
        publish(&mut broker.join(), "work");
        let heard = heard_by(&mut members);
        for sid in ["plain", "b1"] {
            assert_each_once(&broker, &of(&heard[0], &[sid]));
        }
        for sid in ["plain", "x"] {
            assert_each_once(&broker, &of(&heard[1], &[sid]));
        }
        assert_each_once(&broker, &of(&heard.concat(), &["a1"]));
    }
}

#[test]
fn a_group_is_one_over_all_the_subjects_that_match() {
    for broker in Broker::both() {
        let subscriptions = "SUB work.new q 1\r\nSUB work.* q 2\r\nSUB *.new q 3\r\nSUB > q 4\r\n";
        let mut members = [joined(&broker, subscriptions)];
        publish(&mut broker.join(), "work.new");
        assert_each_once(&broker, &heard_by(&mut members)[0]);
    }
}

#[test]
fn a_publisher_in_the_group_may_get_its_own_message() {
    for broker in Broker::both() {
        let mut members = [
            joined(&broker, "SUB work q 1\r\n"),
            joined(&broker, "SUB work q 1\r\n"),
        ];
        let own = publish(&mut members[0], "work");
        let heard = [own, heard_by(&mut members).concat()];
        assert_shared(&broker, &heard);
    }
}

#[test]
fn without_echo_the_other_members_get_all() {
    for broker in Broker::both() {
        let mut publisher = broker.join_by(&broker.carriers[0], &json!({ "echo": false }));
        publisher.send(b"SUB work q 1\r\n");
        let mut members = [joined(&broker, "SUB work q 1\r\n"), publisher];
        let own = publish(&mut members[1], "work");
        let heard = heard_by(&mut members);
        assert_each_once(&broker, &heard[0]);
        let own = [own, heard[1].clone()].concat();
        assert!(own.is_empty(), "{}: {own:?}", broker.name);
    }
}

#[test]
fn a_member_with_a_count_leaves_the_rest_to_the_others() {
    for broker in Broker::both() {
        let mut members = [joined(
            &broker,
            "SUB work q 1\r\nUNSUB 1 3\r\nSUB work q 2\r\n",
        )];
        publish(&mut broker.join(), "work");
        let heard = heard_by(&mut members);
        assert_each_once(&broker, &heard[0]);
        assert_eq!(of(&heard[0], &["1"]).len(), 3, "{}", broker.name);
    }
}

#[test]
fn a_member_that_unsubscribed_or_left_gets_nothing_and_loses_nothing() {
    for broker in Broker::both() {
        let mut members = [
            joined(&broker, "SUB work q 1\r\n"),
            joined(&broker, "SUB work q 1\r\n"),
        ];
        let leaving = joined(&broker, "SUB work q 1\r\nSUB leaving.here 2\r\n");
        let mut publisher = joined(&broker, "SUB answer 9\r\n");
        members[1].send(b"UNSUB 1\r\n");
        flush(&mut members[1]);
        drop(leaving);
        wait_until_unheard(&mut publisher, "leaving.here");
        publish(&mut publisher, "work");
        let heard = heard_by(&mut members);
        assert_each_once(&broker, &heard[0]);
        assert!(heard[1].is_empty(), "{}: {:?}", broker.name, heard[1]);
    }
}

/// Joins by TCP and subscribes.
#[track_caller]
fn joined(broker: &Broker, subscriptions: &str) -> Wire {
    let mut wire = broker.join();
    wire.send(subscriptions.as_bytes());
    flush(&mut wire);
    wire
}

/// Publishes the numbers from 100 on, all in one write; returns what came to
/// the publisher itself.
#[track_caller]
fn publish(publisher: &mut Wire, subject: &str) -> Vec<String> {
    let messages = (0..MESSAGES).map(|number| format!("PUB {subject} 3\r\n{}\r\n", 100 + number));
    publisher.send(messages.collect::<String>().as_bytes());
    flush(publisher)
}

/// Asks for `subject` until nobody is there to answer.
#[track_caller]
pub(super) fn wait_until_unheard(requester: &mut Wire, subject: &str) {
    eventually("the broker notices", Duration::from_secs(20), || {
        requester.send(format!("PUB {subject} answer 0\r\n\r\n").as_bytes());
        let answer = flush(requester);
        answer
            .iter()
            .any(|text| text.contains(" 503"))
            .then_some(())
    });
}

/// What each has heard of what a publisher had flushed.
#[track_caller]
fn heard_by(members: &mut [Wire]) -> Vec<Vec<String>> {
    members.iter_mut().map(flush).collect()
}

/// Those messages that came by one of these sids.
fn of(heard: &[String], sids: &[&str]) -> Vec<String> {
    let is_of = |text: &&String| {
        text.split(' ')
            .nth(2)
            .is_some_and(|sid| sids.contains(&sid))
    };
    heard.iter().filter(is_of).cloned().collect()
}

/// Every sid that a message came by, sorted.
fn sids(heard: &[String]) -> Vec<&str> {
    let sids: BTreeSet<_> = heard
        .iter()
        .filter_map(|text| text.split(' ').nth(2))
        .collect();
    sids.into_iter().collect()
}

/// Every member had some of the messages, and none had another's.
#[track_caller]
fn assert_shared(broker: &Broker, heard: &[Vec<String>]) {
    let all_have_some = heard.iter().all(|heard| !heard.is_empty());
    assert!(all_have_some, "{}", broker.name);
    assert_each_once(broker, &heard.concat());
}

#[track_caller]
fn assert_each_once(broker: &Broker, heard: &[String]) {
    let payloads = heard.iter().filter_map(|text| text.rsplit("\r\n").next());
    let mut numbers: Vec<usize> = payloads.filter_map(|number| number.parse().ok()).collect();
    numbers.sort_unstable();
    let wanted: Vec<_> = (100..100 + MESSAGES).collect();
    assert_eq!(numbers, wanted, "{}", broker.name);
}
