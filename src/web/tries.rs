//! Wrong credentials: how many a source may show, and what the log says.
//!
//! A token bucket for each source, and one for all together. An empty bucket
//! refuses what is wrong with 429, and keeps a secret that a person chose from
//! being compared at all. Secrets of 256 random bits are compared all the same:
//! nobody guesses them, so whoever shows one is let in, however many tries
//! somebody else makes from the same address.
//!
//! The log has a line when it begins and then one a minute with the count, so
//! that no number of tries washes other lines out of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::Notify;

use super::peer::Peer;
use crate::sys::shutdown::Shutdown;

/// What a source may show: a page that comes back after its server was started
/// anew asks at a dozen doors at once with what was right before.
const OF_ONE: Limit = Limit {
    at_once: 30,
    one_in: Duration::from_secs(3),
};

/// What all sources together may show.
const OF_ALL: Limit = Limit {
    at_once: 150,
    one_in: Duration::from_millis(600),
};

/// How many sources are told apart; those beyond share the bucket of all.
const MAX_SOURCES: usize = 1024;

/// Between two lines in the log.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What was wrong, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A code, or a token in place of one.
    Code,
    /// A token of programs.
    Token,
    /// A cookie or a key.
    Page,
    /// A proof of having been signed in before.
    Proof,
    /// A token in a CONNECT of the bus.
    Connect,
}

/// Counts wrong credentials.
#[derive(Debug)]
pub(super) struct Tries {
    /// For short sections; never held over an await.
    counted: Mutex<Counted>,
    grew: Notify,
}

#[derive(Debug)]
struct Counted {
    all: Bucket,
    sources: HashMap<IpAddr, Bucket>,
    /// How many the log does not know of, and the last of them.
    untold: u64,
    last: Option<(IpAddr, What)>,
}

/// How many at once, and how often another one.
#[derive(Clone, Copy, Debug)]
struct Limit {
    at_once: u32,
    one_in: Duration,
}

/// What is left of a limit, as the moment at which it is whole again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    whole_at: Instant,
}

impl Tries {
    /// Begins with whole buckets.
    pub(super) fn new() -> Self {
        let whole_at = Instant::now();
        let counted = Counted {
            all: Bucket { whole_at },
            sources: HashMap::new(),
            untold: 0,
            last: None,
        };
        Self {
            counted: Mutex::new(counted),
            grew: Notify::new(),
        }
    }

    /// Says whether a secret that a person chose may be compared now.
    pub(super) fn may_compare(&self, peer: Peer) -> bool {
        let Some(source) = peer.source() else {
            return true;
        };
        self.with(|counted| counted.wait(source, Instant::now()))
            .is_zero()
    }

    /// Counts a wrong one.
    ///
    /// # Errors
    /// How long the source shall wait, when there were too many.
    pub(super) fn count(&self, peer: Peer, what: What) -> Result<(), Duration> {
        let Some(source) = peer.source() else {
            tracing::debug!(?what, "refused a wrong credential of this user");
            return Ok(());
        };
        let counted = self.with(|counted| counted.count(source, what, Instant::now()));
        self.grew.notify_one();
        counted
    }

    /// Tells the log, until shutdown.
    pub(super) async fn tell(&self, shutdown: Shutdown) {
        let telling = async {
            loop {
                self.grew.notified().await;
                self.tell_once();
                tokio::time::sleep(TELL_EVERY).await;
            }
        };
        tokio::select! {
            () = telling => {}
            () = shutdown.begun() => self.tell_once(),
        }
    }

    fn tell_once(&self) {
        let (count, last) =
            self.with(|counted| (std::mem::take(&mut counted.untold), counted.last.take()));
        if let Some((source, what)) = last {
            let what = what.word();
            tracing::warn!("refused {count} wrong credentials, the last from {source}: a {what}");
        }
    }

    fn with<T>(&self, section: impl FnOnce(&mut Counted) -> T) -> T {
        section(&mut self.counted.lock().expect("no section panics"))
    }
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
            Self::Page => "cookie or key",
            Self::Proof => "proof",
            Self::Connect => "token on the bus",
        }
    }
}

impl Counted {
    /// How long a source shall wait; zero when it need not.
    fn wait(&self, source: IpAddr, now: Instant) -> Duration {
        let own = self.sources.get(&source);
        let own = own.map_or(Duration::ZERO, |bucket| bucket.wait(OF_ONE, now));
        own.max(self.all.wait(OF_ALL, now))
    }

    fn count(&mut self, source: IpAddr, what: What, now: Instant) -> Result<(), Duration> {
        self.untold += 1;
        self.last = Some((source, what));
        let wait = self.wait(source, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.all.take(OF_ALL, now);
        if self.sources.len() == MAX_SOURCES && !self.sources.contains_key(&source) {
            self.sources.retain(|_, bucket| bucket.whole_at > now);
        }
        if self.sources.len() < MAX_SOURCES || self.sources.contains_key(&source) {
            let fresh = Bucket { whole_at: now };
            self.sources
                .entry(source)
                .or_insert(fresh)
                .take(OF_ONE, now);
        }
        Ok(())
    }
}

impl Bucket {
    /// How long until there is one in it.
    fn wait(self, limit: Limit, now: Instant) -> Duration {
        let missing = self.whole_at.saturating_duration_since(now);
        let room = limit.one_in * (limit.at_once - 1);
        missing.saturating_sub(room)
    }

    fn take(&mut self, limit: Limit, now: Instant) {
        self.whole_at = self.whole_at.max(now) + limit.one_in;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// Counts as many as are let through before the first refusal.
    fn burst(tries: &Tries, source: IpAddr, now: Instant) -> (usize, Duration) {
        let mut passed = 0;
        loop {
            match tries.with(|counted| counted.count(source, What::Code, now)) {
                Ok(()) => passed += 1,
                Err(wait) => return (passed, wait),
            }
        }
    }

    #[test]
    fn a_source_has_its_own_bucket_that_fills_again() {
        let (tries, now) = (Tries::new(), Instant::now());
        assert_eq!(burst(&tries, source(1), now), (30, OF_ONE.one_in));
        assert_eq!(burst(&tries, source(2), now), (30, OF_ONE.one_in));
        let later = now + OF_ONE.one_in;
        assert_eq!(burst(&tries, source(1), later).0, 1);
        let rested = later + OF_ONE.one_in * OF_ONE.at_once;
        assert_eq!(burst(&tries, source(1), rested).0, 30);
    }

    #[test]
    fn all_sources_together_have_one_too() {
        let (tries, now) = (Tries::new(), Instant::now());
        let passed: usize = (0..100).map(|at| burst(&tries, source(at), now).0).sum();
        assert_eq!(passed, 150);
        let wait = tries.with(|counted| counted.wait(source(5000), now));
        assert!(!wait.is_zero(), "a new source has to wait too");
    }

    #[test]
    fn memory_is_bounded_whoever_knocks() {
        let (tries, mut now) = (Tries::new(), Instant::now());
        for at in 0..5000 {
            now += OF_ALL.one_in;
            let _ = tries.with(|counted| counted.count(source(at), What::Token, now));
        }
        tries.with(|counted| {
            assert!(counted.sources.len() <= MAX_SOURCES);
            assert_eq!(counted.untold, 5000);
        });
    }

    #[test]
    fn this_user_never_waits() {
        let tries = Tries::new();
        for _ in 0..1000 {
            assert_eq!(tries.count(Peer::Owner, What::Token), Ok(()));
        }
        assert!(tries.may_compare(Peer::Owner));
    }
}
