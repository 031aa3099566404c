//! How many bytes may be under way below the mux: a pure rule.
//!
//! `Pacer` is told what was sent and what the other side acknowledged, with
//! the time, and answers how many bytes may follow. It does no IO and reads
//! no clock, so that its tests are a simulated link.
//!
//! The rule is that of FAST TCP (Wei, Jin, Low, Hegde, 2006), a relative of
//! Vegas: once per round trip
//! `window ← (window + rate × (base + QUEUE_TARGET)) / 2`, where `base` is
//! the smallest round trip of the last seconds and `rate` the delivery rate:
//! what was under way when a frame left, by the time until it was
//! acknowledged. The link stays busy and its queue is one target long. (With
//! `window / round_trip` for the rate, as in the paper, the round trip is that
//! of an older window, and a short path oscillates.)
//!
//! Frames are also paced, at somewhat more than that rate: without pacing a
//! whole window leaves in one burst and the next waits a round trip for its
//! acknowledgements, and every key with it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Error;

/// Time that bytes of ours may wait in queues below the mux.
///
/// Larger hides keys behind bulk; much smaller lets a link run dry between
/// two acknowledgements, because operating systems schedule in milliseconds.
const QUEUE_TARGET: Duration = Duration::from_millis(25);

/// Bytes that may be under way before anything is known about the link.
///
/// One pipe's worth. Doubled every round trip until a queue appears.
const WINDOW_START: u64 = 64 * 1024;

/// Bytes that may always be under way: one full frame.
const WINDOW_MIN: u64 = 16 * 1024;

/// Bytes that are never exceeded.
///
/// Just below the 2 MiB receive window that OpenSSH gives a channel. Above it
/// the bytes wait for a window adjustment, in bursts of up to a round trip,
/// and keys with them; and more would not be faster.
const WINDOW_MAX: u64 = 2 * 1024 * 1024 - 64 * 1024;

/// Acknowledgements per window; more cost packets, fewer make bursts.
const MARKS_PER_WINDOW: u64 = 32;

/// Rounds of which the fastest counts as the link's rate.
///
/// With one, every hiccup of a busy machine would look like a slower link,
/// and bulk would lose half its rate beside a compiler.
const RATE_ROUNDS: usize = 4;

/// Age at which the base round trip is measured anew, with a drained queue.
const BASE_MAX_AGE: Duration = Duration::from_secs(10);

/// Slack within which a round trip confirms the base: clock and scheduler.
const BASE_SLACK: Duration = Duration::from_millis(1);

/// Pace as a part of a window each round trip, in percent.
///
/// Above 100 so that acknowledgements, not the pace, are what limits; not much
/// above, or a key waits for them behind a window that has left in a burst.
const PACE: u64 = 125;

/// Pace during a drain, as a part of what shall stay under way.
///
/// Below 100, or the queue would not drain; not zero, or keys would wait.
const PACE_DRAIN: u64 = 75;

/// What may be sent at once although paced: timers tick in milliseconds.
const PACE_BURST: Duration = Duration::from_millis(2);

/// Round trip below which pacing would only cost timers.
const PACE_ROUND_TRIP_MIN: Duration = Duration::from_millis(10);

/// Answer to "may a frame be sent now?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permit {
    /// Yes.
    Now,
    /// Not before this moment.
    At(Instant),
    /// Not before an acknowledgement.
    AfterAck,
}

/// Whether a frame asks for an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The receiver acknowledges everything up to this frame's end.
    Yes,
    /// The receiver stays silent; a later mark covers this frame.
    No,
}

/// Decides how many bytes may be under way; see the file's doc.
#[derive(Debug)]
pub(super) struct Pacer {
    /// Bytes handed to the transport since the start.
    sent: u64,
    /// Bytes of which the other side said that they arrived.
    acked: u64,
    /// Marks that wait for their acknowledgement, oldest first.
    ///
    /// Bounded: a mark comes every `limit / MARKS_PER_WINDOW` bytes at most,
    /// or when there is none.
    marks: VecDeque<Sent>,
    /// Value of `sent` at the newest mark.
    marked: u64,
    /// Bytes that may be under way, outside a drain.
    window: u64,
    /// Smallest round trip seen, and when it was last seen or confirmed.
    base: Option<(Duration, Instant)>,
    /// The delivery rates of the last rounds in which the window was the limit.
    rates: VecDeque<Rate>,
    /// Mean round trip of the newest round; `window / round_trip` is the rate.
    round_trip: Duration,
    /// When the pace allows the next frame.
    next_at: Option<Instant>,
    phase: Phase,
    round: Round,
}

/// A marked frame under way.
#[derive(Debug, Clone, Copy)]
struct Sent {
    /// Bytes sent since the start, up to and with this frame.
    end: u64,
    at: Instant,
    /// Bytes under way when it was sent, with it.
    flight: u64,
}

/// Bytes in a time.
#[derive(Debug, Clone, Copy)]
struct Rate {
    bytes: u64,
    time: Duration,
}

/// What the pacer does at the end of a round trip.
///
/// `Startup` → `Steady` at the first queue or the largest window; `Steady` →
/// `Drain` when the base is old; `Drain` → `Steady` when it was measured, or
/// `Startup` when it has doubled: the window shrank for the wrong reason.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Doubles the window every round trip that it was the limit, up to the
    /// largest.
    Startup,
    /// Applies the rule every round trip that the window was the limit.
    Steady,
    /// Holds bytes back until the queue is empty, then measures.
    ///
    /// `from`: value of `sent` when the queue was empty.
    Drain { from: Option<u64>, least: Duration },
}

/// What was seen during the current round trip.
#[derive(Debug, Default)]
struct Round {
    /// The round ends when this many bytes are acknowledged.
    end: u64,
    /// Sum of the round trips.
    sum: Duration,
    /// Sum of the bytes under way when these were sent.
    flights: u64,
    samples: u32,
    /// The window kept bytes back; otherwise it says nothing of the link.
    was_limit: bool,
}

impl Pacer {
    /// Starts with nothing known about the link.
    pub(super) fn new() -> Self {
        Self {
            sent: 0,
            acked: 0,
            marks: VecDeque::new(),
            marked: 0,
            window: WINDOW_START,
            base: None,
            rates: VecDeque::with_capacity(RATE_ROUNDS),
            round_trip: Duration::ZERO,
            next_at: None,
            phase: Phase::Startup,
            round: Round::default(),
        }
    }

    /// Tells whether another frame may be sent at `now`.
    ///
    /// Without an outstanding mark the answer is always yes: otherwise
    /// unmarked bytes could fill a window that shrank, and nothing would ever
    /// free it. A frame may thus exceed the window by its own length.
    pub(super) fn permit(&mut self, now: Instant) -> Permit {
        if self.marks.is_empty() {
            return Permit::Now;
        }
        if self.sent - self.acked >= self.allowed() {
            self.round.was_limit = true;
            return Permit::AfterAck;
        }
        match self.next_at {
            Some(at) if at > now => {
                self.round.was_limit = true;
                Permit::At(at)
            }
            _ => Permit::Now,
        }
    }

    /// Notes that `len` bytes go out at `now`.
    pub(super) fn on_send(&mut self, len: u64, now: Instant) -> Mark {
        self.sent += len;
        self.advance_pace(len, now);
        let spacing = self.limit() / MARKS_PER_WINDOW;
        if !self.marks.is_empty() && self.sent - self.marked < spacing {
            return Mark::No;
        }
        self.marked = self.sent;
        self.marks.push_back(Sent {
            end: self.sent,
            at: now,
            flight: self.sent - self.acked,
        });
        Mark::Yes
    }

    /// Notes the acknowledgement of the first `upto` bytes at `now`.
    ///
    /// # Errors
    /// [`Error::Protocol`] when no mark stands there; nothing has changed.
    pub(super) fn on_ack(&mut self, upto: u64, now: Instant) -> Result<(), Error> {
        let Ok(at) = self.marks.binary_search_by_key(&upto, |mark| mark.end) else {
            return Err(Error::Protocol("an acknowledgement of bytes never marked"));
        };
        let mark = self.marks[at];
        let round_trip = now - mark.at;
        self.marks.drain(..=at);
        self.acked = upto;
        self.round.sum += round_trip;
        self.round.flights += mark.flight;
        self.round.samples += 1;

        let base = self.note_base(round_trip, now);
        if let Phase::Drain { from, least } = self.phase {
            self.drain(upto, round_trip, from, least, now);
        } else if upto >= self.round.end {
            self.end_round(base, now);
        }
        Ok(())
    }

    /// Moves `next_at` by the time that `len` bytes take at the pace.
    fn advance_pace(&mut self, len: u64, now: Instant) {
        if self.round_trip < PACE_ROUND_TRIP_MIN {
            self.next_at = None;
            return;
        }
        let per_round_trip = match self.phase {
            Phase::Drain { from: None, .. } => self.drained() * PACE_DRAIN,
            _ => self.window * PACE,
        };
        let whole = scale(self.round_trip, len * 100, per_round_trip);
        let start = self.next_at.map_or(now, |at| at.max(now - PACE_BURST));
        self.next_at = Some(start + whole);
    }

    /// Bytes that may be under way in this phase.
    fn limit(&self) -> u64 {
        match self.phase {
            Phase::Drain { from: Some(_), .. } => self.drained(),
            _ => self.window,
        }
    }

    /// Bytes under way at which the next frame has to wait.
    fn allowed(&self) -> u64 {
        match self.phase {
            // Not a byte more than drained: the overhang of one frame would
            // be measured as distance, and would grow with every drain.
            Phase::Drain { from: Some(_), .. } => self.limit() - WINDOW_MIN + 1,
            _ => self.limit(),
        }
    }

    /// Bytes under way that leave every queue empty.
    fn drained(&self) -> u64 {
        let base = self.base.map_or(Duration::ZERO, |base| base.0);
        let kept = scale_bytes(self.window, base, base + QUEUE_TARGET) * 3 / 4;
        kept.max(WINDOW_MIN)
    }

    /// Keeps the smallest round trip; returns the one to use.
    fn note_base(&mut self, round_trip: Duration, now: Instant) -> Duration {
        match &mut self.base {
            Some((base, seen)) if round_trip > *base => {
                if round_trip < *base + *base / 16 + BASE_SLACK {
                    *seen = now;
                }
                *base
            }
            _ => {
                self.base = Some((round_trip, now));
                round_trip
            }
        }
    }

    fn end_round(&mut self, base: Duration, now: Instant) {
        let round = std::mem::take(&mut self.round);
        self.round.end = self.sent;
        let round_trip = round.sum / round.samples.max(1);
        self.round_trip = round_trip;
        let is_base_old = self.base.is_some_and(|(_, seen)| now - seen > BASE_MAX_AGE);
        if !round.was_limit {
            if is_base_old {
                // Nothing of ours queued: the path itself became slower.
                self.base = Some((round_trip, now));
            }
            return;
        }
        if self.rates.len() == RATE_ROUNDS {
            self.rates.pop_front();
        }
        self.rates.push_back(Rate {
            bytes: round.flights,
            time: round.sum,
        });
        match self.phase {
            Phase::Startup if round_trip < base + QUEUE_TARGET / 2 => {
                // What was acknowledged was sent under the window before: at
                // the largest it says yet nothing about that.
                if self.window == WINDOW_MAX {
                    self.phase = Phase::Steady;
                }
                self.window *= 2;
            }
            Phase::Startup | Phase::Steady | Phase::Drain { .. } => {
                self.phase = Phase::Steady;
                let aim = self.aim(base + QUEUE_TARGET);
                self.window = (self.window + aim.min(self.window * 2)) / 2;
            }
        }
        self.window = self.window.clamp(WINDOW_MIN, WINDOW_MAX);
        if is_base_old {
            self.phase = Phase::Drain {
                from: None,
                least: Duration::MAX,
            };
        }
    }

    /// Bytes that the link delivers in `time`.
    fn aim(&self, time: Duration) -> u64 {
        let delivered = |rate: &Rate| scale_bytes(rate.bytes, time, rate.time);
        self.rates
            .iter()
            .map(delivered)
            .max()
            .unwrap_or(self.window)
    }

    /// One acknowledgement while draining.
    fn drain(
        &mut self,
        upto: u64,
        round_trip: Duration,
        from: Option<u64>,
        least: Duration,
        now: Instant,
    ) {
        let limit = self.drained();
        let Some(start) = from else {
            if self.sent - self.acked <= limit {
                let from = Some(self.sent);
                self.phase = Phase::Drain { from, least };
            }
            return;
        };
        if upto <= start {
            return;
        }
        let least = least.min(round_trip);
        self.phase = Phase::Drain { from, least };
        if upto >= start + limit {
            let is_path_longer = self.base.is_some_and(|(base, _)| least > base * 2);
            self.base = Some((least, now));
            self.phase = match is_path_longer {
                true => Phase::Startup,
                false => Phase::Steady,
            };
            self.round = Round {
                end: self.sent,
                ..Round::default()
            };
        }
    }
}

/// `bytes × of / per`.
fn scale_bytes(bytes: u64, of: Duration, per: Duration) -> u64 {
    let scaled = u128::from(bytes) * of.as_nanos() / per.as_nanos().max(1);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// `time × of / per`.
fn scale(time: Duration, of: u64, per: u64) -> Duration {
    let nanos = time.as_nanos() * u128::from(of) / u128::from(per.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link with a rate and a delay, always offered more than it carries.
    struct Simulation {
        pacer: Pacer,
        now: Instant,
        bytes_per_ms: u64,
        round_trip: Duration,
        free_at: Instant,
        acks: VecDeque<(Instant, u64)>,
        delivered: u64,
    }

    impl Simulation {
        fn new(bytes_per_ms: u64, round_trip: Duration) -> Self {
            let now = Instant::now();
            Self {
                pacer: Pacer::new(),
                now,
                bytes_per_ms,
                round_trip,
                free_at: now,
                acks: VecDeque::new(),
                delivered: 0,
            }
        }

        /// Offers full frames for so long; returns the longest queue.
        fn run(&mut self, time: Duration) -> Duration {
            let end = self.now + time;
            let mut longest = Duration::ZERO;
            while self.now < end {
                while let Some((_, upto)) = self.acks.pop_front_if(|ack| ack.0 <= self.now) {
                    self.pacer.on_ack(upto, self.now).unwrap();
                    self.delivered = upto;
                }
                while self.pacer.permit(self.now) == Permit::Now {
                    let mark = self.pacer.on_send(WINDOW_MIN, self.now);
                    let busy = Duration::from_micros(WINDOW_MIN * 1000 / self.bytes_per_ms);
                    self.free_at = self.free_at.max(self.now) + busy;
                    longest = longest.max(self.free_at - self.now);
                    if mark == Mark::Yes {
                        let ack = (self.free_at + self.round_trip, self.pacer.sent);
                        self.acks.push_back(ack);
                    }
                }
                self.now += Duration::from_millis(1);
            }
            longest
        }
    }

    #[test]
    fn link_is_full_and_its_queue_short() {
        for (bytes_per_ms, round_trip_ms) in [
            (1_000, 0),
            (1_000, 100),
            (12_500, 0),
            (12_500, 20),
            (12_500, 100),
            (5_000, 300),
        ] {
            let round_trip = Duration::from_millis(round_trip_ms);
            let mut link = Simulation::new(bytes_per_ms, round_trip);
            link.run(Duration::from_secs(10));
            let before = link.delivered;
            let longest = link.run(Duration::from_secs(60));
            let rate = (link.delivered - before) / 60_000;
            let case = format!("{bytes_per_ms} B/ms, {round_trip_ms} ms: {rate} B/ms, {longest:?}");
            assert!(rate * 100 >= bytes_per_ms * 95, "{case}");
            // Of which 16 ms are the frame itself, on the slowest link.
            assert!(longest <= Duration::from_millis(70), "{case}");
        }
    }

    #[test]
    fn longer_path_is_learned_and_not_taken_for_a_queue() {
        let mut link = Simulation::new(10_000, Duration::from_millis(20));
        link.run(Duration::from_secs(20));
        link.round_trip = Duration::from_millis(150);
        link.run(Duration::from_secs(40));
        let before = link.delivered;
        link.run(Duration::from_secs(20));
        let rate = (link.delivered - before) / 20_000;
        assert!(rate >= 9_000, "{rate} B/ms");
    }

    #[test]
    fn slower_link_shrinks_the_queue_again() {
        let mut link = Simulation::new(12_500, Duration::from_millis(50));
        link.run(Duration::from_secs(20));
        link.bytes_per_ms = 1_250;
        // Several drains: the first ones still measure a part of the queue.
        link.run(Duration::from_secs(60));
        let longest = link.run(Duration::from_secs(20));
        assert!(longest <= Duration::from_millis(80), "{longest:?}");
    }

    #[test]
    fn acknowledgement_of_nothing_is_refused() {
        let mut pacer = Pacer::new();
        let now = Instant::now();
        assert_eq!(pacer.on_send(100, now), Mark::Yes);
        assert!(pacer.on_ack(99, now).is_err());
        assert!(pacer.on_ack(100, now).is_ok());
        assert!(pacer.on_ack(100, now).is_err());
    }
}
