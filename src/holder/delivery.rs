//! What one client is sent next; decides, and does no IO.
//!
//! ```text
//!            resume is held, same layout           acked, not too far behind
//! attach ─────────────────────────────▶ live ◀────────────────────────────┐
//!    │                                   │  unacknowledged = window ──▶ waits
//!    │ else                              │                               │ acked, and
//!    └──────▶ replay ──last─────────────▶│                               ▼ too far behind
//!                ▲  another layout, History, or a backlog                skips
//!                └──────────────────────────────────────────────────────────┘
//! ```
//!
//! *Too far behind* is a mebibyte at first, so that a burst arrives byte for
//! byte. A client that had to skip is *flooded*: until it has
//! caught up its window is small and it skips early, so that what it shows, and
//! the answer to Ctrl-C, is never old. It gets at most [`SKIPS_PER_SECOND`]
//! redraws.
//!
//! A replay goes out whole, whatever the window: it is bounded itself, and the
//! client acknowledges it before anything live follows beyond the window.

use std::time::Duration;

use tokio::time::Instant;

use super::replay::Replay;
use super::ring::CHUNK_BYTES;
use super::terminal::State;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::View;
use crate::protocol::terminal::WINDOW_BYTES;

/// How often a flooded client is drawn a new screen; a browser shows 60 a second.
const SKIPS_PER_SECOND: u32 = 30;

/// How far a client may be behind until it is drawn the screen instead.
const BACKLOG_BYTES: u64 = 1 << 20;

/// The window of a flooded client. Small, because time goes by lines: 32 KiB of
/// short ones take xterm.js 50 to 180 ms, in which Ctrl-C is not answered.
const FLOODED_WINDOW_BYTES: u64 = 8 << 10;

/// How far a flooded client may be behind without skipping.
const FLOODED_BACKLOG_BYTES: u64 = 16 << 10;

/// What to send to a client.
#[derive(Debug)]
pub(super) enum Next {
    /// This, now.
    Frame(Frame),
    /// Nothing before this moment.
    Later(Instant),
    /// Nothing before something changes.
    Nothing,
}

/// How far one client is.
#[derive(Debug)]
pub(super) struct Delivery {
    replay: Option<Replay>,
    /// Where live output continues.
    sent: u64,
    /// Acknowledged, or before a replay and so no longer on the way.
    settled: u64,
    /// The last replay's bytes, until it is acknowledged.
    owed: u64,
    /// What the client was last told; none in version 1.
    view: Option<View>,
    has_views: bool,
    wants_all: bool,
    is_flooded: bool,
    skipped_at: Option<Instant>,
}

impl Delivery {
    /// Begins after what the client says it has drawn, or with a replay.
    pub(super) fn new(hello: &ClientHello, version: u16, state: &mut State) -> Self {
        let has_views = version >= 2;
        let is_same = !has_views || hello.layout == Some(state.layout);
        let resumed = hello
            .resume
            .filter(|&position| is_same && state.ring.holds(position));
        let position = resumed.unwrap_or_default();
        let mut delivery = Self {
            replay: None,
            sent: position,
            settled: position,
            owed: 0,
            view: None,
            has_views,
            wants_all: false,
            is_flooded: false,
            skipped_at: None,
        };
        if resumed.is_none() {
            delivery.begin(Replay::of_screen(state), FLOODED_WINDOW_BYTES);
        }
        delivery
    }

    /// Notes that everything below `seq` is drawn; nonsense changes nothing.
    pub(super) fn acknowledge(&mut self, seq: u64) {
        if self.replay.is_none() && seq >= self.settled {
            self.settled = seq.min(self.sent);
            self.owed = 0;
        }
    }

    /// Notes that the client typed: what comes of it is not kept waiting.
    pub(super) fn hurry(&mut self) {
        self.skipped_at = None;
    }

    /// Notes that the client asks for everything.
    pub(super) fn ask_for_all(&mut self) {
        self.wants_all = true;
    }

    /// Takes what to send now. `view` is what the client should know.
    pub(super) fn next(&mut self, state: &mut State, view: View, now: Instant) -> Next {
        if self.has_views && self.view != Some(view) {
            let is_new_layout = self.view.is_some_and(|known| known.layout != view.layout);
            self.view = Some(view);
            if is_new_layout {
                self.redraw(state, view);
            }
            return Next::Frame(Frame::View(view));
        }
        if self.wants_all && self.replay.is_none() {
            self.wants_all = false;
            let replay = Replay::of_all(state);
            self.skip(replay, WINDOW_BYTES, state, view);
        }
        if self.replay.is_none() && self.window() > 0 && self.is_too_far_behind(state) {
            let pause = Duration::from_secs(1) / SKIPS_PER_SECOND;
            if let Some(due) = self
                .skipped_at
                .map(|at| at + pause)
                .filter(|&due| due > now)
            {
                return Next::Later(due);
            }
            self.is_flooded = true;
            self.skipped_at = Some(now);
            self.redraw(state, view);
        }
        // Nothing more comes: who has not drawn everything gets the last screen.
        let is_over = state.exit.is_some() && self.window() == 0;
        if is_over && self.replay.is_none() && !self.is_complete(state) {
            self.redraw(state, view);
        }
        if let Some(replay) = &mut self.replay {
            let (frame, is_last) = replay.next_chunk();
            if is_last {
                self.replay = None;
            }
            return Next::Frame(frame);
        }
        self.live(state)
    }

    fn live(&mut self, state: &State) -> Next {
        let limit = self.window().min(CHUNK_BYTES);
        if self.sent == state.ring.end() {
            self.is_flooded &= self.settled < self.sent || self.owed > 0;
            return Next::Nothing;
        }
        if limit == 0 {
            return Next::Nothing;
        }
        let bytes = state.ring.copy(self.sent, limit);
        let seq = self.sent;
        self.sent += bytes.len() as u64;
        Next::Frame(Frame::Data { seq, bytes })
    }

    /// Tells whether everything was sent, acknowledged or not.
    pub(super) fn is_complete(&self, state: &State) -> bool {
        self.replay.is_none() && self.sent == state.ring.end()
    }

    fn redraw(&mut self, state: &mut State, view: View) {
        let replay = Replay::of_screen(state);
        // A flooded client draws this before anything else is sent.
        self.skip(replay, FLOODED_WINDOW_BYTES, state, view);
    }

    /// Goes on with a replay; what lies between is not sent, but answered.
    fn skip(&mut self, replay: Replay, owed: u64, state: &mut State, view: View) {
        if view.leads {
            state.answer_skipped(self.sent, replay.seq());
        }
        self.begin(replay, owed);
    }

    fn begin(&mut self, replay: Replay, owed: u64) {
        self.sent = replay.seq();
        self.settled = replay.seq();
        self.owed = owed;
        self.replay = Some(replay);
    }

    fn is_too_far_behind(&self, state: &State) -> bool {
        let behind = state.ring.end() - self.sent;
        let limit = if self.is_flooded {
            FLOODED_BACKLOG_BYTES
        } else {
            BACKLOG_BYTES
        };
        behind > limit || !state.ring.holds(self.sent)
    }

    /// How many bytes may still go out before an acknowledgement.
    fn window(&self) -> usize {
        let whole = if self.is_flooded {
            FLOODED_WINDOW_BYTES
        } else {
            WINDOW_BYTES
        };
        let on_the_way = self.sent - self.settled + self.owed;
        usize::try_from(whole.saturating_sub(on_the_way)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ring::RING_BYTES;
    use super::*;
    use crate::protocol::terminal::Exit;
    use crate::protocol::terminal::SizedBy;

    const VIEW: View = View {
        cols: 80,
        rows: 24,
        layout: 0,
        clients: 1,
        leads: true,
        sized_by: SizedBy::Smallest,
    };

    fn state(length: usize) -> State {
        let mut state = State::new(crate::sys::pty::Size { cols: 80, rows: 24 }, 100);
        print(&mut state, length);
        state
    }

    fn print(state: &mut State, length: usize) {
        for _ in 0..length / 16 {
            state.print(b"0123456789abcd\r\n");
        }
    }

    fn delivery(resume: Option<u64>, state: &mut State) -> Delivery {
        let hello = ClientHello {
            version: 2,
            client: "a".into(),
            cols: 80,
            rows: 24,
            resume,
            layout: Some(0),
        };
        Delivery::new(&hello, 2, state)
    }

    /// Takes all frames and counts: views, replays that ended, live bytes.
    fn take(delivery: &mut Delivery, state: &mut State, now: Instant) -> (usize, usize, usize) {
        let mut taken = (0, 0, 0);
        while let Next::Frame(frame) = delivery.next(state, VIEW, now) {
            match frame {
                Frame::View(_) => taken.0 += 1,
                Frame::Replay { last, .. } => taken.1 += usize::from(last),
                Frame::Data { bytes, .. } => taken.2 += bytes.len(),
                other => panic!("{other:?}"),
            }
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_position_resumes_without_a_replay() {
        let (mut state, now) = (state(1600), Instant::now());
        let mut delivery = delivery(Some(1590), &mut state);
        assert_eq!(take(&mut delivery, &mut state, now), (1, 0, 10));
        assert!(delivery.is_complete(&state));
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_position_or_layout_begins_with_a_replay() {
        let (mut state, now) = (state(RING_BYTES * 2), Instant::now());
        for resume in [None, Some(0), Some(state.ring.end() + 1)] {
            let mut delivery = delivery(resume, &mut state);
            assert_eq!(
                take(&mut delivery, &mut state, now),
                (1, 1, 0),
                "{resume:?}"
            );
        }
        state.layout = 1;
        let mut delivery = delivery(Some(state.ring.end()), &mut state);
        assert_eq!(take(&mut delivery, &mut state, now), (1, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_window_is_on_the_way() {
        let window = WINDOW_BYTES as usize;
        let (mut state, now) = (state(2 * window), Instant::now());
        let mut delivery = delivery(Some(0), &mut state);
        assert_eq!(take(&mut delivery, &mut state, now), (1, 0, window));
        delivery.acknowledge(u64::MAX);
        delivery.acknowledge(0);
        assert_eq!(take(&mut delivery, &mut state, now), (0, 0, window));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_behind_is_drawn_the_screen_and_not_too_often() {
        let (mut state, now) = (state(1 << 20), Instant::now());
        let mut delivery = delivery(Some(0), &mut state);
        take(&mut delivery, &mut state, now);
        print(&mut state, RING_BYTES * 3);
        let nothing = take(&mut delivery, &mut state, now);
        assert_eq!(nothing, (0, 0, 0), "nothing before it acknowledges");
        delivery.acknowledge(1000);
        assert_eq!(take(&mut delivery, &mut state, now), (0, 1, 0));
        assert!(delivery.is_complete(&state));
        // Flooded: far less is too far now, but one at a time.
        print(&mut state, 100 << 10);
        delivery.acknowledge(u64::MAX);
        assert!(matches!(
            delivery.next(&mut state, VIEW, now),
            Next::Later(_)
        ));
        let later = now + Duration::from_millis(40);
        assert_eq!(take(&mut delivery, &mut state, later), (0, 1, 0));
        // What comes of a key is shown at once.
        print(&mut state, 100 << 10);
        delivery.acknowledge(u64::MAX);
        delivery.hurry();
        assert_eq!(take(&mut delivery, &mut state, later), (0, 1, 0));
        // Caught up, a burst arrives byte for byte again.
        delivery.acknowledge(u64::MAX);
        assert_eq!(take(&mut delivery, &mut state, later), (0, 0, 0));
        print(&mut state, 160_000);
        assert_eq!(take(&mut delivery, &mut state, later), (0, 0, 160_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_layout_is_told_and_then_drawn() {
        let (mut state, now) = (state(160), Instant::now());
        let mut delivery = delivery(None, &mut state);
        take(&mut delivery, &mut state, now);
        state.layout = 1;
        let view = View { layout: 1, ..VIEW };
        let told = delivery.next(&mut state, view, now);
        assert!(matches!(told, Next::Frame(Frame::View(told)) if told == view));
        let drawn = delivery.next(&mut state, view, now);
        assert!(matches!(
            drawn,
            Next::Frame(Frame::Replay { whole: false, .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_not_drawn_everything_gets_the_last_screen() {
        let (mut state, now) = (state(1 << 20), Instant::now());
        let mut delivery = delivery(Some(0), &mut state);
        take(&mut delivery, &mut state, now);
        assert!(!delivery.is_complete(&state));
        state.exit = Some(Exit {
            code: Some(0),
            signal: None,
        });
        assert_eq!(take(&mut delivery, &mut state, now), (0, 1, 0));
        assert!(delivery.is_complete(&state));
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_sent_to_who_asks_for_it() {
        let (mut state, now) = (state(16_000), Instant::now());
        let mut delivery = delivery(None, &mut state);
        take(&mut delivery, &mut state, now);
        delivery.ask_for_all();
        let all = delivery.next(&mut state, VIEW, now);
        assert!(matches!(
            all,
            Next::Frame(Frame::Replay { whole: true, .. })
        ));
    }
}
