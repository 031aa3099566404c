//! Who wants which subject: a trie of tokens.
//!
//! ```text
//! a ─┬─ b ── [1, 7]          1 subscribed to `a.b`
//!    ├─ * ── [2]             2 to `a.*`
//!    └─ > ── [3]             3 to `a.>`
//! ```
//!
//! A look-up follows at most three ways at each token: those that subscriptions
//! have made, however many these are. Connections keep what they found, and throw it away when the
//! generation has moved on.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::subscription::Subscription;
use crate::messaging::subject;

/// All subscriptions of a broker.
#[derive(Debug, Default)]
pub(super) struct Interest {
    /// For short sections; never held over an await.
    root: RwLock<Level>,
    generation: AtomicU64,
}

/// Who receives a message on one subject.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Each of these.
    pub(super) plain: Vec<Arc<Subscription>>,
    /// One of each of these, the members of a queue group.
    pub(super) queues: Vec<Vec<Arc<Subscription>>>,
}

impl Matches {
    /// How many subscriptions there are, of groups all members.
    pub(super) fn count(&self) -> usize {
        self.plain.len() + self.queues.iter().map(Vec::len).sum::<usize>()
    }
}

/// The ways on from one place in the trie.
#[derive(Debug, Default)]
struct Level {
    literal: HashMap<Box<[u8]>, Node>,
    any: Option<Box<Node>>,
    rest: Option<Box<Node>>,
}

/// One place in the trie: who subscribed to what leads here.
#[derive(Debug, Default)]
struct Node {
    plain: Members,
    queues: HashMap<Box<[u8]>, Members>,
    next: Level,
}

/// Subscriptions by their addresses, so that one of very many is found at once.
type Members = HashMap<usize, Arc<Subscription>>;

impl Interest {
    /// Changes with every subscription that comes or goes.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Adds a subscription to a valid pattern.
    pub(super) fn insert(&self, subscription: Arc<Subscription>) {
        let mut root = self.root.write().unwrap_or_else(PoisonError::into_inner);
        let pattern = Arc::clone(&subscription);
        let node = root.reach(subject::tokens(&pattern.pattern));
        match &subscription.queue {
            Some(queue) => node.queues.entry(queue.clone()).or_default(),
            None => &mut node.plain,
        }
        .insert(address(&subscription), subscription);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Takes a subscription away; nothing happens when it is gone already.
    pub(super) fn remove(&self, subscription: &Subscription) {
        let mut root = self.root.write().unwrap_or_else(PoisonError::into_inner);
        let tokens: Vec<&[u8]> = subject::tokens(&subscription.pattern).collect();
        root.remove(&tokens, subscription);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Finds who receives what is published to a subject.
    pub(super) fn find(&self, wanted: &[u8]) -> Matches {
        let root = self.root.read().unwrap_or_else(PoisonError::into_inner);
        let tokens: Vec<&[u8]> = subject::tokens(wanted).collect();
        let mut found = Found::default();
        if tokens.iter().all(|token| !token.is_empty()) {
            root.collect(&tokens, &mut found);
        }
        found.matches
    }
}

/// What a look-up has gathered.
#[derive(Default)]
struct Found {
    matches: Matches,
    /// Which of the matches' queues belongs to a name.
    slots: HashMap<Box<[u8]>, usize>,
}

impl Found {
    fn add(&mut self, node: &Node) {
        self.matches.plain.extend(node.plain.values().cloned());
        for (name, members) in &node.queues {
            // A group is one by its name, whatever pattern its members chose.
            let queues = &mut self.matches.queues;
            let slot = *self.slots.entry(name.clone()).or_insert_with(|| {
                queues.push(Vec::new());
                queues.len() - 1
            });
            queues[slot].extend(members.values().cloned());
        }
    }
}

impl Level {
    fn reach<'a>(&mut self, mut tokens: impl Iterator<Item = &'a [u8]>) -> &mut Node {
        let first = tokens.next().expect("a pattern has a token");
        let mut node = self.child(first);
        for token in tokens {
            node = node.next.child(token);
        }
        node
    }

    fn child(&mut self, token: &[u8]) -> &mut Node {
        match token {
            b"*" => self.any.get_or_insert_default(),
            b">" => self.rest.get_or_insert_default(),
            _ => self.literal.entry(token.into()).or_default(),
        }
    }

    fn collect(&self, tokens: &[&[u8]], found: &mut Found) {
        let Some((token, rest)) = tokens.split_first() else {
            return;
        };
        if let Some(node) = &self.rest {
            found.add(node);
        }
        for node in [self.any.as_deref(), self.literal.get(*token)] {
            match node {
                Some(node) if rest.is_empty() => found.add(node),
                Some(node) => node.next.collect(rest, found),
                None => {}
            }
        }
    }

    /// Removes it below here, and every place that leads nowhere any more.
    fn remove(&mut self, tokens: &[&[u8]], gone: &Subscription) {
        let Some((token, rest)) = tokens.split_first() else {
            return;
        };
        let child = match *token {
            b"*" => self.any.as_deref_mut(),
            b">" => self.rest.as_deref_mut(),
            token => self.literal.get_mut(token),
        };
        let Some(node) = child else { return };
        if rest.is_empty() {
            node.remove(gone);
        } else {
            node.next.remove(rest, gone);
        }
        if node.is_empty() {
            match *token {
                b"*" => self.any = None,
                b">" => self.rest = None,
                token => drop(self.literal.remove(token)),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.literal.is_empty() && self.any.is_none() && self.rest.is_none()
    }
}

impl Node {
    fn remove(&mut self, gone: &Subscription) {
        let Some(queue) = &gone.queue else {
            self.plain.remove(&address(gone));
            return;
        };
        if let Some(members) = self.queues.get_mut(queue) {
            members.remove(&address(gone));
            if members.is_empty() {
                self.queues.remove(queue);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.queues.is_empty() && self.next.is_empty()
    }
}

fn address(one: &Subscription) -> usize {
    std::ptr::from_ref(one).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(interest: &Interest, pattern: &str, queue: Option<&str>) -> Arc<Subscription> {
        let queue = queue.map(|name| name.as_bytes().into());
        let one = Arc::new(Subscription::for_tests(pattern.as_bytes(), queue));
        interest.insert(Arc::clone(&one));
        one
    }

    fn count(interest: &Interest, wanted: &str) -> (usize, usize) {
        let found = interest.find(wanted.as_bytes());
        (found.plain.len(), found.queues.len())
    }

    #[test]
    fn a_subject_reaches_each_pattern_that_matches_it() {
        let interest = Interest::default();
        let patterns = ["a", "a.b", "a.*", "a.>", "*.b", "*", ">", "*.*", "a.b.c"];
        for pattern in patterns {
            subscribe(&interest, pattern, None);
        }
        for wanted in ["a", "a.b", "b.b", "a.b.c", "x.y.z", "a..b", "a.*"] {
            let expected = patterns
                .iter()
                .filter(|_| !wanted.contains(".."))
                .filter(|pattern| subject::covers(pattern.as_bytes(), wanted.as_bytes()))
                .count();
            assert_eq!(count(&interest, wanted), (expected, 0), "{wanted}");
        }
    }

    #[test]
    fn a_group_is_one_by_its_name() {
        let interest = Interest::default();
        for (pattern, queue) in [("a.b", "q"), ("a.*", "q"), ("a.b", "r"), ("c", "q")] {
            subscribe(&interest, pattern, Some(queue));
        }
        let found = interest.find(b"a.b");
        let mut sizes: Vec<usize> = found.queues.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2]);
    }

    #[test]
    fn nothing_is_left_of_what_was_removed() {
        let interest = Interest::default();
        let all = [
            subscribe(&interest, "a.b.c", None),
            subscribe(&interest, "a.*", Some("q")),
            subscribe(&interest, "a.>", None),
            subscribe(&interest, "a.b", None),
        ];
        for one in &all {
            interest.remove(one);
            interest.remove(one);
        }
        assert!(interest.root.read().unwrap().is_empty());
    }

    #[test]
    fn a_change_is_a_new_generation() {
        let interest = Interest::default();
        let before = interest.generation();
        let one = subscribe(&interest, "a", None);
        let between = interest.generation();
        interest.remove(&one);
        assert!(before < between && between < interest.generation());
    }
}
