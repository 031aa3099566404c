//! Plays a conversation with a broker: what is sent, and what has to come.
//!
//! ```text
//! A joins
//! B joins {"headers":false}
//! A > SUB foo 1
//! A waits
//! B > PUB foo 5\r\nhello
//! A < MSG foo 1 5\r\nhello
//! A > FOO
//! A < -ERR 'Unknown Protocol Operation'
//! A ended
//! ```
//!
//! | line | means |
//! | --- | --- |
//! | `A joins JSON` | connects and signs in, these fields of `CONNECT` changed |
//! | `A dials` | connects only; the `INFO` is taken |
//! | `A > TEXT` | sends this and CRLF |
//! | `A >> TEXT` | sends this alone |
//! | `A >. TEXT` | sends this and CRLF, each byte in a write of its own |
//! | `A < TEXT` | this operation comes next; CRLF at its end is left out |
//! | `A <~ TEXT` | these come next, such lines side by side in any order |
//! | `A waits` | until the broker has dealt with all that was sent |
//! | `A ended` | the broker closes, and nothing comes before |
//! | `A leaves` | closes the connection |
//!
//! In a text `\r \n \t \\ \xNN` are bytes, `$TOKEN` is the credential and
//! `$(a*4096)` is `a` so many times. At the end nothing else may have come on
//! any connection.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use super::brokers::{Broker, operation};
use crate::support::wire::{Carrier, DEADLINE, Heard, Wire};

/// A behaviour: its name as a sentence, and the conversation.
pub(super) type Behaviour<'a> = (&'a str, &'a str);

/// Asks each behaviour of both brokers over every carrier, and then tells of
/// all that went otherwise.
///
/// They share a broker, which may learn late that a connection has closed: a
/// behaviour that counts on nobody listening has subjects of its own.
#[track_caller]
pub(super) fn play(behaviours: &[Behaviour]) {
    let mut failed = Vec::new();
    for broker in Broker::both() {
        for carrier in &broker.carriers {
            for (name, transcript) in behaviours {
                let stage = Stage::new(&broker, carrier, name);
                let place = stage.place();
                // Its own words are among what the case said.
                let played = catch_unwind(AssertUnwindSafe(|| stage.play(transcript)));
                failed.extend(played.is_err().then_some(place));
            }
        }
    }
    assert!(failed.is_empty(), "otherwise went {failed:#?}");
}

/// The connections of one conversation.
struct Stage<'a> {
    broker: &'a Broker,
    carrier: &'a Carrier,
    name: &'a str,
    actors: BTreeMap<&'a str, Actor>,
    /// Lines of `<~` that were not compared yet.
    any_order: Vec<(&'a str, Vec<u8>)>,
}

struct Actor {
    wire: Wire,
    /// What came before a `PONG` that was waited for.
    heard: VecDeque<Heard>,
    has_ended: bool,
}

impl<'a> Stage<'a> {
    fn new(broker: &'a Broker, carrier: &'a Carrier, name: &'a str) -> Self {
        Self {
            broker,
            carrier,
            name,
            actors: BTreeMap::new(),
            any_order: Vec::new(),
        }
    }

    fn play(mut self, transcript: &'a str) {
        for line in transcript.lines().map(str::trim) {
            if !line.is_empty() {
                self.step(line);
            }
        }
        self.compare_any_order();
        // What one connection sent last reaches another behind its `PONG`.
        for _ in 0..2 {
            let names: Vec<_> = self.actors.keys().copied().collect();
            names.into_iter().for_each(|name| self.wait(name));
        }
        for (name, actor) in &self.actors {
            let heard: Vec<_> = actor.heard.iter().map(shown).collect();
            assert!(heard.is_empty(), "{}: {name} heard {heard:?}", self.place());
        }
    }

    fn step(&mut self, line: &'a str) {
        let (name, rest) = line.split_once(' ').expect("a line is a name and a verb");
        let (verb, text) = rest.split_once(' ').unwrap_or((rest, ""));
        if verb == "<~" {
            self.any_order.push((name, self.bytes(text)));
            return;
        }
        self.compare_any_order();
        match verb {
            "joins" => self.join(name, text),
            "dials" => self.dial(name),
            ">" => self.send(name, &self.line(text)),
            ">>" => self.send(name, &self.bytes(text)),
            ">." => self
                .line(text)
                .chunks(1)
                .for_each(|byte| self.send(name, byte)),
            "<" => {
                let wanted = Heard::Operation(self.bytes(text));
                let heard = self.hear(name);
                assert_eq!(shown(&heard), shown(&wanted), "{}: `{line}`", self.place());
            }
            "waits" => self.wait(name),
            "ended" => {
                let heard = self.hear(name);
                let has_ended = matches!(heard, Heard::End(_));
                assert!(has_ended, "{}: {}", self.place(), shown(&heard));
                self.actor(name).has_ended = true;
            }
            "leaves" => drop(self.actors.remove(name).expect("it has joined")),
            _ => panic!("no such verb: `{line}`"),
        }
    }

    fn join(&mut self, name: &'a str, fields: &str) {
        let fields: Value = match fields {
            "" => json!({}),
            fields => serde_json::from_str(fields).expect("fields are JSON"),
        };
        let wire = self.broker.join_by(self.carrier, &fields);
        self.actors.insert(name, Actor::new(wire));
    }

    fn dial(&mut self, name: &'a str) {
        let mut wire = Wire::dial(self.carrier);
        let info = shown(&wire.hear());
        assert!(info.starts_with("INFO {"), "{}: {info}", self.place());
        self.actors.insert(name, Actor::new(wire));
    }

    fn send(&mut self, name: &str, bytes: &[u8]) {
        self.actor(name).wire.send(bytes);
    }

    fn hear(&mut self, name: &str) -> Heard {
        let place = self.place();
        let actor = self.actor(name);
        let heard = actor.heard.pop_front();
        let heard = heard.or_else(|| actor.wire.hear_within(DEADLINE));
        heard.unwrap_or_else(|| panic!("{place}: {name} hears nothing"))
    }

    fn wait(&mut self, name: &str) {
        let place = self.place();
        let actor = self.actor(name);
        if actor.has_ended {
            return;
        }
        actor.wire.send(b"PING\r\n");
        loop {
            match actor.wire.hear_within(DEADLINE) {
                Some(heard) if heard == operation("PONG") => return,
                Some(heard @ Heard::Operation(_)) => actor.heard.push_back(heard),
                other => {
                    let heard: Vec<_> = actor.heard.iter().map(shown).collect();
                    panic!("{place}: no PONG for {name} but {other:?} after {heard:?}");
                }
            }
        }
    }

    /// Compares the lines of `<~`, a connection's as a set with repetitions.
    fn compare_any_order(&mut self) {
        let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, bytes) in self.any_order.split_off(0) {
            let texts = wanted.entry(name).or_default();
            texts.push(shown(&Heard::Operation(bytes)));
        }
        for (name, mut wanted) in wanted {
            let mut heard: Vec<_> = wanted.iter().map(|_| shown(&self.hear(name))).collect();
            heard.sort();
            wanted.sort();
            assert_eq!(heard, wanted, "{}: {name}", self.place());
        }
    }

    fn actor(&mut self, name: &str) -> &mut Actor {
        self.actors.get_mut(name).expect("it has joined")
    }

    fn line(&self, text: &str) -> Vec<u8> {
        [&self.bytes(text)[..], b"\r\n"].concat()
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        unescaped(&text.replace("$TOKEN", &self.broker.token))
    }

    fn place(&self) -> String {
        let (broker, carrier) = (self.broker.name, self.carrier);
        format!("{} ({broker}, {carrier:?})", self.name)
    }
}

impl Actor {
    fn new(wire: Wire) -> Self {
        Self {
            wire,
            heard: VecDeque::new(),
            has_ended: false,
        }
    }
}

/// What was heard as text, a long one cut.
fn shown(heard: &Heard) -> String {
    match heard {
        Heard::Operation(bytes) => {
            let text = bytes.escape_ascii().to_string();
            match text.get(..300) {
                Some(start) => format!("{start}… ({} bytes)", bytes.len()),
                None => text.replace("\\'", "'").replace("\\\"", "\""),
            }
        }
        Heard::End(_) => "the end".to_owned(),
    }
}

/// Puts bytes in the place of escapes and repetitions.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '$']) {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (special, behind) = match &rest[at..] {
            found if found.starts_with("$(") => repeated(found),
            found if found.starts_with('$') => (b"$".to_vec(), 1),
            found => escaped(found),
        };
        bytes.extend_from_slice(&special);
        rest = &rest[at + behind..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// `$(a.*300)`: the bytes, and how long the text was.
fn repeated(text: &str) -> (Vec<u8>, usize) {
    let end = text.find(')').expect("a repetition ends");
    let (what, count) = text[2..end].rsplit_once('*').expect("`$(text*count)`");
    let count = count.parse().expect("a number");
    (unescaped(what).repeat(count), end + 1)
}

/// `\x00` or `\r`: the byte, and how long the text was.
fn escaped(text: &str) -> (Vec<u8>, usize) {
    let code = match text.as_bytes()[1] {
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'\\' => b'\\',
        b'x' => {
            let byte = u8::from_str_radix(&text[2..4], 16).expect("two digits");
            return (vec![byte], 4);
        }
        other => panic!("no such escape: \\{}", char::from(other)),
    };
    (vec![code], 2)
}
