//! Who shows the terminal: whose size it has, and who leads; does no IO.
//!
//! The size is the smallest width and the smallest height of all who have a
//! size, or that of the one who last asked for its own. Who goes or hides does
//! not count any more; when nobody counts, the size stays as it is.

use crate::protocol::terminal::SizedBy;
use crate::sys::pty::Size;

/// The widest and highest terminal; an emulator's memory grows with both.
const MAX_CELLS: u16 = 1000;

/// The narrowest terminal that xterm.js draws.
const MIN_COLS: u16 = 2;

/// Names a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat(u64);

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(super) struct Audience {
    members: Vec<Member>,
    /// Numbers seats, and orders what members did.
    count: u64,
}

#[derive(Debug)]
struct Member {
    seat: Seat,
    size: Option<Size>,
    /// Whether it keeps a size of its own and always answers (version 1).
    is_independent: bool,
    /// When it last typed or resized.
    acted: u64,
    /// When it asked for its own size.
    claimed: Option<u64>,
}

/// What one member is told of the audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// How many members have a size.
    pub(super) clients: u32,
    /// Whether this one answers what programs ask.
    pub(super) leads: bool,
    /// Whose size the terminal has.
    pub(super) sized_by: SizedBy,
}

impl Audience {
    /// Takes a member, with the size that it has.
    pub(super) fn enter(&mut self, size: Option<Size>, is_independent: bool) -> Seat {
        let seat = Seat(self.next());
        self.members.push(Member {
            seat,
            size,
            is_independent,
            acted: seat.0,
            claimed: None,
        });
        seat
    }

    /// Lets a member go.
    pub(super) fn leave(&mut self, seat: Seat) {
        self.members.retain(|member| member.seat != seat);
    }

    /// Notes a member's size; none while it is not to be seen.
    pub(super) fn resize(&mut self, seat: Seat, size: Option<Size>) {
        let now = self.next();
        if let Some(member) = self.member(seat) {
            member.size = size;
            member.acted = now;
        }
    }

    /// Notes whether a member asks for its own size; else nobody does.
    pub(super) fn claim(&mut self, seat: Seat, is_mine: bool) {
        let now = self.next();
        if !is_mine {
            for member in &mut self.members {
                member.claimed = None;
            }
        }
        if let Some(member) = self.member(seat) {
            member.claimed = is_mine.then_some(now);
        }
    }

    /// Notes that a member typed.
    pub(super) fn typed(&mut self, seat: Seat) {
        let now = self.next();
        if let Some(member) = self.member(seat) {
            member.acted = now;
        }
    }

    /// How many members have a size.
    pub(super) fn count(&self) -> usize {
        self.sized().count()
    }

    /// The size that the terminal should have; none when nobody has one.
    pub(super) fn size(&self) -> Option<Size> {
        if let Some(claimer) = self.claimer() {
            return claimer.size;
        }
        self.sized()
            .filter_map(|member| member.size)
            .reduce(|a, b| Size {
                cols: a.cols.min(b.cols),
                rows: a.rows.min(b.rows),
            })
    }

    /// What a member is told.
    pub(super) fn part(&self, seat: Seat) -> Part {
        let claimer = self.claimer().map(|member| member.seat);
        let leader = self
            .sized()
            .max_by_key(|member| (member.is_independent, member.acted));
        Part {
            clients: u32::try_from(self.count()).unwrap_or(u32::MAX),
            leads: leader.is_some_and(|member| member.seat == seat),
            sized_by: match claimer {
                None => SizedBy::Smallest,
                Some(claimer) if claimer == seat => SizedBy::You,
                Some(_) => SizedBy::Other,
            },
        }
    }

    fn sized(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.size.is_some())
    }

    fn claimer(&self) -> Option<&Member> {
        let claimed = self.sized().filter(|member| member.claimed.is_some());
        claimed.max_by_key(|member| member.claimed)
    }

    fn member(&mut self, seat: Seat) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.seat == seat)
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// Bounds a size; none when either side is 0.
pub(super) fn clamp(cols: u16, rows: u16) -> Option<Size> {
    let size = Size {
        cols: cols.clamp(MIN_COLS, MAX_CELLS),
        rows: rows.min(MAX_CELLS),
    };
    (cols > 0 && rows > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(cols: u16, rows: u16) -> Option<Size> {
        Some(Size { cols, rows })
    }

    #[test]
    fn the_smallest_of_all_counts_until_one_asks_for_its_own() {
        let mut audience = Audience::default();
        assert_eq!(audience.size(), None);
        let a = audience.enter(size(120, 30), false);
        let b = audience.enter(size(80, 50), false);
        let looker = audience.enter(None, false);
        assert_eq!(audience.size(), size(80, 30));
        audience.claim(a, true);
        assert_eq!(audience.size(), size(120, 30));
        assert_eq!(audience.part(a).sized_by, SizedBy::You);
        assert_eq!(audience.part(b).sized_by, SizedBy::Other);
        audience.claim(b, true);
        assert_eq!(audience.size(), size(80, 50), "the last who asked");
        audience.leave(b);
        assert_eq!(audience.size(), size(120, 30));
        let c = audience.enter(size(90, 40), false);
        audience.claim(c, true);
        audience.claim(a, false);
        assert_eq!(audience.size(), size(90, 30), "nobody's any more");
        audience.leave(c);
        assert_eq!(audience.part(looker).sized_by, SizedBy::Smallest);
        audience.resize(a, None);
        assert_eq!((audience.size(), audience.count()), (None, 0));
    }

    #[test]
    fn exactly_one_with_a_size_leads_the_one_that_last_acted() {
        let mut audience = Audience::default();
        let a = audience.enter(size(80, 24), false);
        let b = audience.enter(size(80, 24), false);
        let looker = audience.enter(None, false);
        let leaders = |audience: &Audience| [a, b, looker].map(|seat| audience.part(seat).leads);
        assert_eq!(leaders(&audience), [false, true, false]);
        audience.typed(a);
        assert_eq!(leaders(&audience), [true, false, false]);
        audience.typed(looker);
        assert_eq!(leaders(&audience), [true, false, false]);
        audience.resize(a, None);
        assert_eq!(leaders(&audience), [false, true, false]);
        // One that cannot be told answers always, so nobody else may.
        audience.enter(size(80, 24), true);
        audience.typed(b);
        assert_eq!(leaders(&audience), [false; 3]);
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(clamp(5000, 1), size(1000, 1));
        assert_eq!(clamp(1, u16::MAX), size(2, 1000));
        assert_eq!((clamp(0, 9), clamp(9, 0)), (None, None));
    }
}
