//! What one connection asks for, done in order.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::Broker;
use super::MAX_PAYLOAD_BYTES;
use super::interest::Matches;
use super::outbox::Pushed;
use super::peer::NotAdded;
use super::peer::Peer;
use super::subscription::Subscription;
use super::subscription::Take;
use crate::messaging::ending::Ending;
use crate::messaging::subject;
use crate::messaging::wire::connect::Connect;
use crate::messaging::wire::operation;
use crate::messaging::wire::operation::Op;
use crate::messaging::wire::operation::Parsed;
use crate::messaging::wire::operation::Publish;

/// How many subjects a connection remembers the receivers of; then it begins
/// again, for most subjects are inboxes that are used once.
const MAX_ROUTES: usize = 1024;

/// A subject is remembered that is no longer than this, in bytes.
const MAX_ROUTE_BYTES: usize = 256;

/// A subject is remembered that has no more receivers than this.
const MAX_ROUTE_RECEIVERS: usize = 4096;

/// How many operations are done until others have their turn.
const MAX_AT_ONCE: usize = 1024;

/// How long a turn is.
const TURN: Duration = Duration::from_millis(2);

/// After how many operations it is looked how long they took.
const LOOK_AT_CLOCK: usize = 16;

/// How many subscriptions are taken away until others have their turn.
const LEAVE_AT_ONCE: usize = 256;

/// The status that an asker gets whom nobody hears.
const NO_RESPONDERS: &[u8] = b"NATS/1.0 503\r\n\r\n";

/// One connection's side of the protocol; owned by the task that reads.
pub(super) struct Session {
    broker: Arc<Broker>,
    peer: Arc<Peer>,
    /// Where it comes from, if it has an address.
    source: Option<IpAddr>,
    is_verbose: bool,
    is_pedantic: bool,
    wants_no_responders: bool,
    /// Where subjects lead, as of `generation`.
    routes: HashMap<Box<[u8]>, Route>,
    generation: u64,
    /// Who sleeps and has something to write now.
    woken: Vec<Arc<Peer>>,
    /// For whom much waits.
    full: Vec<Arc<Peer>>,
    /// Chooses members of queue groups; xorshift, never 0.
    chance: u64,
}

/// What follows the operations that were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Further {
    /// More that was received whole.
    Ready,
    /// The start of one, of which at least that many bytes are needed.
    Needs(usize),
}

/// Where a subject leads.
#[derive(Clone)]
enum Route {
    /// Nowhere: this connection may not publish there.
    Denied,
    /// To these.
    To(Arc<Matches>),
}

impl Session {
    /// Begins one.
    pub(super) fn new(broker: Arc<Broker>, peer: Arc<Peer>, source: Option<IpAddr>) -> Self {
        Self {
            chance: peer.id.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            broker,
            peer,
            source,
            is_verbose: true,
            is_pedantic: true,
            wants_no_responders: false,
            routes: HashMap::new(),
            generation: 0,
            woken: Vec::new(),
            full: Vec::new(),
        }
    }

    /// Does what was received whole, for a while; returns how many bytes that
    /// was, and what the rest is.
    ///
    /// # Errors
    /// Why the connection ends.
    pub(super) fn take_some(&mut self, received: &[u8]) -> Result<(usize, Further), Ending> {
        if !received.is_empty() {
            self.peer.hear();
        }
        if self.peer.outbox.is_ending() {
            return Err(Ending::Gone);
        }
        let begun = Instant::now();
        let mut used = 0;
        for count in 1.. {
            let rest = &received[used..];
            let is_connect = matches!(rest.first(), None | Some(b'C' | b'c'));
            if !is_connect && !self.peer.is_in() {
                return Err(Ending::Unauthorized);
            }
            match operation::parse(rest, MAX_PAYLOAD_BYTES)? {
                Parsed::Op(op, length) => {
                    self.take(op)?;
                    used += length;
                }
                Parsed::Incomplete(needed) => return Ok((used, Further::Needs(needed))),
            }
            if count == MAX_AT_ONCE || (count % LOOK_AT_CLOCK == 0 && begun.elapsed() > TURN) {
                break;
            }
        }
        Ok((used, Further::Ready))
    }

    /// Waits until those who received something and read have read much of it.
    pub(super) async fn receivers_read(&mut self) {
        while let Some(peer) = self.full.last() {
            peer.outbox.drained().await;
            self.full.pop();
        }
    }

    /// Wakes whoever received something.
    pub(super) fn wake_receivers(&mut self) {
        for peer in self.woken.drain(..) {
            peer.outbox.wake();
        }
    }

    /// Takes away all that it subscribed to, and lets others have their turn.
    pub(super) async fn leave(&self) {
        for (count, one) in self.peer.take_subscriptions().into_iter().enumerate() {
            self.broker.interest.remove(&one);
            if count % LEAVE_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn take(&mut self, op: Op) -> Result<(), Ending> {
        match op {
            Op::Connect(json) => return self.connect(json),
            Op::Publish(message) => return self.publish(&message),
            Op::Subscribe {
                pattern,
                queue,
                sid,
            } => return self.subscribe(pattern, queue, sid),
            Op::Unsubscribe { sid, max } => self.unsubscribe(sid, max),
            Op::Ping => self.say(b"PONG\r\n"),
            Op::Pong | Op::Ignored => {}
        }
        Ok(())
    }

    fn connect(&mut self, json: &[u8]) -> Result<(), Ending> {
        let connect = Connect::read(json).ok_or(Ending::Malformed)?;
        if connect.auth_token.is_some() || !self.peer.is_in() {
            match (self.broker.doorkeeper)(&connect, self.source) {
                Some(admission) => self.peer.let_in(admission),
                None => return Err(Ending::Unauthorized),
            }
        }
        if !matches!(connect.protocol, None | Some(0 | 1)) {
            return Err(Ending::Version);
        }
        self.peer.wants(&connect);
        self.is_verbose = connect.verbose.unwrap_or(self.is_verbose);
        self.is_pedantic = connect.pedantic.unwrap_or(self.is_pedantic);
        self.wants_no_responders = connect.no_responders.unwrap_or(self.wants_no_responders);
        if self.wants_no_responders && !self.peer.takes_headers() {
            return Err(Ending::NoHeaders);
        }
        self.acknowledge();
        Ok(())
    }

    fn subscribe(
        &mut self,
        pattern: &[u8],
        queue: Option<&[u8]>,
        sid: &[u8],
    ) -> Result<(), Ending> {
        if !subject::is_pattern(pattern) {
            self.say(b"-ERR 'Invalid Subject'\r\n");
            return Ok(());
        }
        if !self.peer.may_subscribe(pattern) {
            self.deny("Subscription to", pattern, queue);
            return Ok(());
        }
        let one = Subscription::new(pattern, queue, sid, Arc::clone(&self.peer));
        let one = Arc::new(one);
        match self.peer.add(&one) {
            Ok(()) => self.broker.interest.insert(one),
            Err(NotAdded::Known) => {}
            Err(NotAdded::TooMany) => return Err(Ending::Subscriptions),
        }
        self.acknowledge();
        Ok(())
    }

    fn unsubscribe(&mut self, sid: &[u8], max: u64) {
        if let Some(one) = self.peer.subscription(sid)
            && (max == 0 || one.end_after(max))
        {
            self.end(&one);
        }
        self.acknowledge();
    }

    fn end(&self, one: &Subscription) {
        self.broker.interest.remove(one);
        one.peer.forget(one);
    }

    fn publish(&mut self, message: &Publish) -> Result<(), Ending> {
        if message.headers.is_some() && !self.peer.takes_headers() {
            return Err(Ending::Malformed);
        }
        if !self.may_go(message) {
            return Ok(());
        }
        let mut is_answer = false;
        let receivers = match self.route(message.subject) {
            Route::To(receivers) => receivers,
            Route::Denied if self.peer.may_answer(message.subject) => {
                is_answer = true;
                Arc::new(self.broker.interest.find(message.subject))
            }
            Route::Denied => {
                self.deny("Publish to", message.subject, None);
                return Ok(());
            }
        };
        self.acknowledge();
        if !self.deliver_to_all(&receivers, message) {
            self.say_that_nobody_hears(message);
        } else if is_answer {
            self.peer.was_heard_at(message.subject);
        }
        Ok(())
    }

    /// Says whether the words of a message are in order, and tells it if not.
    fn may_go(&mut self, message: &Publish) -> bool {
        let is_printable = [Some(message.subject), message.reply]
            .into_iter()
            .flatten()
            .all(subject::is_printable);
        let is_literal = !self.is_pedantic || subject::is_literal(message.subject);
        if !is_printable || !is_literal {
            self.say(b"-ERR 'Invalid Publish Subject'\r\n");
        }
        match message.reply {
            Some(reply) if !self.peer.may_subscribe(reply) => {
                self.deny("Publish with Reply of", reply, None);
                false
            }
            // The reference tells what is not literal, and passes it on.
            _ => is_printable,
        }
    }

    /// Finds where a subject leads, by memory if nothing changed since.
    fn route(&mut self, wanted: &[u8]) -> Route {
        let generation = self.broker.interest.generation();
        if generation != self.generation || self.routes.len() == MAX_ROUTES {
            self.routes.clear();
            self.generation = generation;
        }
        if let Some(route) = self.routes.get(wanted) {
            return route.clone();
        }
        let route = if self.peer.may_publish(wanted) {
            Route::To(Arc::new(self.broker.interest.find(wanted)))
        } else {
            Route::Denied
        };
        let is_small = match &route {
            Route::Denied => true,
            Route::To(receivers) => receivers.count() <= MAX_ROUTE_RECEIVERS,
        };
        if is_small && wanted.len() <= MAX_ROUTE_BYTES {
            self.routes.insert(wanted.into(), route.clone());
        }
        route
    }

    /// Says whether anybody received it.
    fn deliver_to_all(&mut self, receivers: &Matches, message: &Publish) -> bool {
        let mut is_heard = false;
        for one in &receivers.plain {
            is_heard |= self.deliver(one, message);
        }
        for members in &receivers.queues {
            let first = self.choose(members.len());
            let (after, before) = (&members[first..], &members[..first]);
            // One that is just leaving has the next take its place.
            is_heard |= after
                .iter()
                .chain(before)
                .any(|one| self.deliver(one, message));
        }
        is_heard
    }

    fn deliver(&mut self, one: &Arc<Subscription>, message: &Publish) -> bool {
        if one.peer.id == self.peer.id && !self.peer.takes_echo() {
            return false;
        }
        match one.take() {
            Take::No => {
                self.end(one);
                return false;
            }
            Take::Last => self.end(one),
            Take::Yes => {}
        }
        match one.peer.deliver(&one.sid, message) {
            Pushed::Wake => self.woken.push(Arc::clone(&one.peer)),
            Pushed::Queued => {}
            Pushed::Crowded => {
                if !self.full.iter().any(|peer| peer.id == one.peer.id) {
                    self.full.push(Arc::clone(&one.peer));
                }
            }
            Pushed::Refused | Pushed::Overflowed => return false,
        }
        true
    }

    fn say_that_nobody_hears(&mut self, request: &Publish) {
        let Some(reply) = request.reply.filter(|_| self.wants_no_responders) else {
            return;
        };
        let status = Publish {
            subject: reply,
            reply: None,
            headers: Some(NO_RESPONDERS),
            payload: b"",
            sizes: (b"16", b"16"),
        };
        let inboxes = self.broker.interest.find(reply);
        let own = inboxes.plain.iter().find(|one| one.peer.id == self.peer.id);
        if let Some(own) = own
            && own.peer.deliver(&own.sid, &status) == Pushed::Wake
        {
            self.woken.push(Arc::clone(&self.peer));
        }
    }

    fn choose(&mut self, count: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance % u64::try_from(count).expect("a count")).expect("below count")
    }

    fn acknowledge(&mut self) {
        if self.is_verbose {
            self.say(b"+OK\r\n");
        }
    }

    fn deny(&mut self, what: &str, place: &[u8], queue: Option<&[u8]>) {
        let place = place.escape_ascii();
        let queue = queue.map_or_else(String::new, |name| {
            format!(" using queue \"{}\"", name.escape_ascii())
        });
        let line = format!("-ERR 'Permissions Violation for {what} \"{place}\"{queue}'\r\n");
        self.say(line.as_bytes());
    }

    fn say(&mut self, line: &[u8]) {
        if self.peer.say(line) == Pushed::Wake {
            self.woken.push(Arc::clone(&self.peer));
        }
    }
}
