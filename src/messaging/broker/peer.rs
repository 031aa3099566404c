//! What others see of a connection: where its messages go, and what it takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::outbox::MAX_PENDING_BYTES;
use super::outbox::Outbox;
use super::outbox::Pushed;
use super::replies::Replies;
use super::subscription::Subscription;
use crate::messaging::access::Admission;
use crate::messaging::wire::connect::Connect;
use crate::messaging::wire::delivery;
use crate::messaging::wire::operation::Publish;

/// How many subscriptions one connection may have.
const MAX_SUBSCRIPTIONS: usize = 1 << 18;

/// Why a subscription was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAdded {
    /// There is one of that name, which stays as it is.
    Known,
    /// There are as many as there may be.
    TooMany,
}

/// One connection, as others see it.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number, unique in this broker's life.
    pub(super) id: u64,
    /// What waits to be written to it.
    pub(super) outbox: Outbox,
    admission: OnceLock<Admission>,
    takes_headers: AtomicBool,
    takes_echo: AtomicBool,
    takes_info: AtomicBool,
    was_heard: AtomicBool,
    /// Its subscriptions by the names it gave them. For short sections; never
    /// held over an await.
    subscriptions: Mutex<HashMap<Box<[u8]>, Arc<Subscription>>>,
    /// Where it may answer, besides where it may publish anyway. For short
    /// sections; never held over an await.
    replies: Mutex<Replies>,
}

impl Peer {
    /// Makes one without any right.
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            outbox: Outbox::new(MAX_PENDING_BYTES),
            admission: OnceLock::new(),
            takes_headers: AtomicBool::new(false),
            takes_echo: AtomicBool::new(true),
            takes_info: AtomicBool::new(false),
            was_heard: AtomicBool::new(false),
            subscriptions: Mutex::default(),
            replies: Mutex::default(),
        }
    }

    /// Gives it its rights, for good.
    pub(super) fn let_in(&self, admission: Admission) {
        // A second CONNECT changes what is sent, never who it is.
        let _ = self.admission.set(admission);
    }

    /// Says whether it has shown who it is.
    pub(super) fn is_in(&self) -> bool {
        self.admission.get().is_some()
    }

    /// The credential that let it in, if that may be taken back.
    pub(super) fn credential(&self) -> Option<&str> {
        self.admission.get()?.credential.as_deref()
    }

    /// Sets what its CONNECT says about what others send to it.
    pub(super) fn wants(&self, connect: &Connect) {
        let set = |flag: &AtomicBool, wanted: Option<bool>| {
            if let Some(wanted) = wanted {
                flag.store(wanted, Ordering::Relaxed);
            }
        };
        set(&self.takes_headers, connect.headers);
        set(&self.takes_echo, connect.echo);
        set(
            &self.takes_info,
            connect.protocol.map(|version| version >= 1),
        );
    }

    /// Whether it takes an INFO that is not the first.
    pub(super) fn takes_info(&self) -> bool {
        self.takes_info.load(Ordering::Relaxed)
    }

    /// Whether it receives what it published itself.
    pub(super) fn takes_echo(&self) -> bool {
        self.takes_echo.load(Ordering::Relaxed)
    }

    /// Whether it said that it understands headers.
    pub(super) fn takes_headers(&self) -> bool {
        self.takes_headers.load(Ordering::Relaxed)
    }

    /// Says whether it may publish to a subject by its rights alone.
    pub(super) fn may_publish(&self, subject: &[u8]) -> bool {
        self.admission
            .get()
            .is_some_and(|admission| admission.access.may_publish(subject))
    }

    /// Says whether it may publish to a subject because it was asked there.
    pub(super) fn may_answer(&self, subject: &[u8]) -> bool {
        self.replies().allow(subject)
    }

    /// Notes that an answer which it gave at a subject was received.
    pub(super) fn was_heard_at(&self, subject: &[u8]) {
        self.replies().renew(subject);
    }

    /// Says whether it may subscribe to a pattern.
    pub(super) fn may_subscribe(&self, pattern: &[u8]) -> bool {
        self.admission
            .get()
            .is_some_and(|admission| admission.access.may_subscribe(pattern))
    }

    /// Puts a line into its outbox; it is written when the outbox is woken.
    pub(super) fn say(&self, line: &[u8]) -> Pushed {
        self.outbox.push(|out| out.extend_from_slice(line))
    }

    /// Lets go of all that is kept for it.
    pub(super) fn discard(&self) {
        self.outbox.discard();
        *self.replies() = Replies::default();
    }

    /// Notes that bytes came from it.
    pub(super) fn hear(&self) {
        self.was_heard.store(true, Ordering::Relaxed);
    }

    /// Says whether bytes came from it since it was asked last.
    pub(super) fn was_heard(&self) -> bool {
        self.was_heard.swap(false, Ordering::Relaxed)
    }

    /// Puts a message into its outbox.
    pub(super) fn deliver(&self, sid: &[u8], message: &Publish) -> Pushed {
        if let Some(reply) = message.reply
            && !self.may_publish(reply)
        {
            self.replies().expect(reply);
        }
        let takes_headers = self.takes_headers();
        let pushed = self.outbox.push(|out| {
            delivery::push_message(out, sid, takes_headers, message);
        });
        if pushed == Pushed::Overflowed {
            tracing::warn!(
                connection = self.id,
                "dropped a connection that reads too slowly"
            );
        }
        pushed
    }

    /// Adds a subscription; says why not, when it has one of that name or too many.
    pub(super) fn add(&self, subscription: &Arc<Subscription>) -> Result<(), NotAdded> {
        let mut all = self.subscriptions();
        if all.len() == MAX_SUBSCRIPTIONS {
            return Err(NotAdded::TooMany);
        }
        match all.entry(subscription.sid.clone()) {
            Entry::Occupied(_) => Err(NotAdded::Known),
            Entry::Vacant(free) => {
                free.insert(Arc::clone(subscription));
                Ok(())
            }
        }
    }

    /// Finds a subscription by its name.
    pub(super) fn subscription(&self, sid: &[u8]) -> Option<Arc<Subscription>> {
        self.subscriptions().get(sid).cloned()
    }

    /// Forgets a subscription that has ended.
    pub(super) fn forget(&self, gone: &Subscription) {
        let mut all = self.subscriptions();
        if all
            .get(&gone.sid)
            .is_some_and(|one| std::ptr::eq(&**one, gone))
        {
            all.remove(&gone.sid);
        }
    }

    /// Takes all subscriptions away.
    pub(super) fn take_subscriptions(&self) -> Vec<Arc<Subscription>> {
        std::mem::take(&mut *self.subscriptions())
            .into_values()
            .collect()
    }

    fn subscriptions(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Arc<Subscription>>> {
        self.subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
