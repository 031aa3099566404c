//! What is written to the local terminal, the *window*; does no IO.
//!
//! ```text
//!            the terminal has the window's size
//! painted ──────────────────────────────────────▶ exact
//!     ▲             it has another one              │
//!     └─────────────────────────────────────────────┘
//! ```
//!
//! *Exact*: the program's bytes go to the window as they are, and its emulator
//! does the rest. *Painted*: in another size they would end up elsewhere, so a
//! twin of the screen is fed, and what fits is painted. Pictures, bells and the
//! clipboard do not reach a painted window.

use std::fmt::Write;

use super::super::screen::Screen;
use crate::protocol::terminal::SizedBy;
use crate::protocol::terminal::View;
use crate::sys::pty::Size;

/// Keeps the title, scrolls what the window shows out of the way.
const BEGIN: &str = "\x1b[22;2t\x1b[999;1H";

/// Undoes whatever a program may have set, the cursor staying where it is.
///
/// What was under way is cancelled first. Margins and origin mode put the
/// cursor home, so it is saved around them.
const RESET: &str = concat!(
    "\x18\x1b[<99u\x1b7\x1b[?1049l\x1b[<99u\x1b7\x1b[?6l\x1b[r\x1b8\x1b[!p",
    "\x1b[?1;5;9;12;45;66;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026;2031l",
    "\x1b[?7;25h\x1b[4;20l\x1b>\x1b(B\x1b)B\x0f\x1b[0m\x1b]8;;\x1b\\\x1b[0 q",
);

/// Gives back the palette, foreground, background and cursor.
const RESET_COLORS: &str = "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";

/// Clears without scrolling: some emulators keep what `CSI 2 J` erases.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Gives the title back, and begins a line below what was shown.
const END: &str = "\x1b[23;2t\r\n\x1b[J";

/// What takes all tab stops away, as a program or a redraw does it.
const NO_TABS: &[u8] = b"\x1b[3g";

/// How far apart tab stops are.
const TAB_CELLS: usize = 8;

/// The local terminal, and what it shows of another.
pub(super) struct Canvas {
    id: String,
    window: Size,
    /// What the holder said last; nothing in version 1, where the terminal has
    /// the size of the window that was resized last.
    view: Option<View>,
    twin: Screen,
    /// Whether the program's bytes go to the window.
    is_exact: bool,
    /// Whether the twin has changed since it was painted.
    is_stale: bool,
    /// The modes that the window has, if it was painted last.
    modes: Option<Vec<u8>>,
    /// What was last said of the size.
    notice: Option<String>,
    marks: Marks,
}

/// What the window would keep, and is given back at the end.
///
/// Not where nothing was changed: colours and tab stops may be the person's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    has_colors: bool,
    has_tabs: bool,
}

impl Canvas {
    /// Begins in a window that shows something else.
    pub(super) fn new(id: &str, window: Size) -> (Self, Vec<u8>) {
        let canvas = Self {
            id: id.to_owned(),
            window,
            view: None,
            twin: Screen::new(window, 0),
            is_exact: true,
            is_stale: false,
            modes: None,
            notice: None,
            marks: Marks::default(),
        };
        let mut out = BEGIN.as_bytes().to_vec();
        out.extend(std::iter::repeat_n(b'\n', window.rows.into()));
        (canvas, out)
    }

    /// Takes another size of the window; returns what to write.
    pub(super) fn resize(&mut self, window: Size) -> Vec<u8> {
        self.window = window;
        if self.view.is_none() {
            return Vec::new();
        }
        self.is_exact = self.fits();
        self.is_stale = !self.is_exact;
        self.modes = None;
        if !self.is_exact {
            return Vec::new();
        }
        let mut out = [RESET, CLEAR].concat().into_bytes();
        let redraw = self.twin.redraw();
        out.extend(self.shown(redraw));
        out
    }

    /// Takes what the holder says; a replay follows where the size is new.
    pub(super) fn take_view(&mut self, view: View) {
        self.view = Some(view);
        self.is_stale |= !self.is_exact;
    }

    /// Takes a piece of a replay; returns what to write.
    pub(super) fn replay(&mut self, clear: bool, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if clear {
            self.is_exact = self.fits();
            self.is_stale = !self.is_exact;
            self.twin = Screen::new(self.size(), 0);
            self.modes = None;
            out.extend_from_slice([RESET, &self.unmark(), CLEAR].concat().as_bytes());
        }
        out.extend(self.print(bytes));
        out
    }

    /// Takes output; returns what to write.
    pub(super) fn print(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.twin.feed(bytes);
        if self.is_exact {
            return self.shown(bytes.to_vec());
        }
        self.is_stale = true;
        Vec::new()
    }

    /// Notes what bytes for the window change for good.
    fn shown(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.marks.has_colors |= self.twin.has_colors();
        self.marks.has_tabs |= bytes.windows(NO_TABS.len()).any(|window| window == NO_TABS);
        bytes
    }

    /// Says whether there is something to paint.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Paints what changed.
    pub(super) fn paint(&mut self) -> Vec<u8> {
        self.is_stale = false;
        let mut out = b"\x1b[?2026h\x1b[?25l".to_vec();
        out.extend(self.twin.paint_rows(self.window));
        let modes = self.twin.paint_modes();
        if self.modes.as_ref() != Some(&modes) {
            out.extend_from_slice([RESET, "\x1b[?25l"].concat().as_bytes());
            out.extend(self.shown(modes.clone()));
            self.modes = Some(modes);
            self.notice = None;
        }
        out.extend(self.notice());
        out.extend(self.twin.paint_cursor(self.window));
        out.extend_from_slice(b"\x1b[?2026l");
        out
    }

    /// Takes what the twin answers to queries that the window does not see.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        let answers = self.twin.take_answers(..);
        if self.is_exact { Vec::new() } else { answers }
    }

    /// What leaves the window as it was found, a line below what it shows.
    pub(super) fn farewell(&self) -> String {
        [RESET, &self.unmark(), END].concat()
    }

    /// What to write before the farewell: a program's own screen goes with it,
    /// and painted it is on the window's main one.
    pub(super) fn leave(&self) -> &'static str {
        if !self.is_exact && self.twin.is_alternate() {
            CLEAR
        } else {
            ""
        }
    }

    /// Gives back what the window would keep.
    fn unmark(&self) -> String {
        let mut out = String::new();
        if self.marks.has_colors {
            out.push_str(RESET_COLORS);
        }
        if self.marks.has_tabs {
            out.push_str("\x1b7\x1b[3g");
            for col in (0..usize::from(self.window.cols))
                .step_by(TAB_CELLS)
                .skip(1)
            {
                let _ = write!(out, "\x1b[{}G\x1bH", col + 1);
            }
            out.push_str("\x1b8");
        }
        out
    }

    fn size(&self) -> Size {
        self.view.map_or(self.window, |view| Size {
            cols: view.cols,
            rows: view.rows,
        })
    }

    fn fits(&self) -> bool {
        self.size() == self.window
    }

    /// Says whose size it is: on the last row where it is free, and stays so,
    /// else as the title, once.
    fn notice(&mut self) -> Vec<u8> {
        let words = self.view.and_then(|view| {
            let text = words(&self.id, view, self.window)?;
            Some((view, text))
        });
        let Some((view, text)) = words else {
            return Vec::new();
        };
        if self.window.rows > view.rows {
            let cols = self.window.cols.into();
            let text: String = text.chars().take(cols).collect();
            return format!("\x1b[{};1H\x1b[2m{text}\x1b[0m", self.window.rows).into_bytes();
        }
        if self.notice.as_ref() == Some(&text) {
            return Vec::new();
        }
        let title = format!("\x1b]2;{text}\x1b\\").into_bytes();
        self.notice = Some(text);
        title
    }
}

/// Why a window shows another size; nothing while its own is on the way.
fn words(id: &str, view: View, window: Size) -> Option<String> {
    let why = match view.sized_by {
        SizedBy::Smallest if view.clients > 1 => {
            format!("the smallest of {} windows", view.clients)
        }
        SizedBy::Other => "another window's size".to_owned(),
        SizedBy::Smallest | SizedBy::You => return None,
    };
    Some(format!(
        "{id} has {} × {}, {why}; this window has {} × {}",
        view.cols, view.rows, window.cols, window.rows
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(cols: u16, rows: u16) -> View {
        View {
            cols,
            rows,
            layout: 1,
            clients: 2,
            leads: true,
            sized_by: SizedBy::Smallest,
        }
    }

    fn canvas(window: (u16, u16), view: View) -> Canvas {
        let (cols, rows) = window;
        let (mut canvas, _) = Canvas::new("t1", Size { cols, rows });
        canvas.take_view(view);
        canvas.replay(true, b"");
        canvas
    }

    /// What a window of this size shows after these bytes.
    fn shown(window: (u16, u16), bytes: &[u8]) -> Vec<String> {
        let (cols, rows) = window;
        let mut screen = Screen::new(Size { cols, rows }, 0);
        screen.feed(bytes);
        screen.capture(super::super::super::Extent::Screen).lines
    }

    #[test]
    fn in_its_own_size_bytes_pass_as_they_are() {
        let mut canvas = canvas((80, 24), view(80, 24));
        let bytes = b"\x1b[6n\x1b]2;x\x07a";
        assert_eq!(canvas.print(bytes), bytes);
        assert!(!canvas.is_stale() && canvas.take_answers().is_empty());
    }

    #[test]
    fn in_a_larger_window_it_wraps_where_the_terminal_does_and_says_why() {
        let mut canvas = canvas((60, 5), view(4, 3));
        assert!(canvas.print(b"abcdef\r\n\x1b[6n").is_empty() && canvas.is_stale());
        let painted = canvas.paint();
        let notice = "t1 has 4 × 3, the smallest of 2 windows; this window has 60";
        assert_eq!(
            shown((60, 5), &painted)[..4],
            ["abcd", "ef", "", ""].map(str::to_owned)
        );
        assert!(shown((60, 5), &painted)[4].starts_with(notice));
        assert_eq!(canvas.take_answers(), b"\x1b[3;1R");
    }

    #[test]
    fn in_a_smaller_window_the_cursor_stays_in_sight() {
        let mut canvas = canvas((3, 2), view(10, 4));
        canvas.print("1\r\n2\r\n3\r\nab世x".as_bytes());
        let painted = canvas.paint();
        assert_eq!(shown((3, 2), &painted), ["3", "ab"]);
        let title = String::from_utf8_lossy(&painted).into_owned();
        assert!(title.contains("\x1b]2;t1 has 10 × 4"), "{title}");
        assert!(!String::from_utf8_lossy(&canvas.paint()).contains("\x1b]2;"));
    }

    #[test]
    fn a_window_that_fits_again_is_drawn_exactly() {
        let mut canvas = canvas((10, 3), view(5, 2));
        canvas.print(b"\x1b[31mabc");
        canvas.paint();
        let out = canvas.resize(Size { cols: 5, rows: 2 });
        assert_eq!(shown((5, 2), &out), ["abc", ""]);
        assert_eq!(canvas.print(b"d"), b"d");
    }

    #[test]
    fn modes_reach_a_painted_window_and_are_taken_back() {
        let mut canvas = canvas((10, 3), view(5, 2));
        canvas.print(b"\x1b[?1h\x1b[?2004h");
        let painted = String::from_utf8(canvas.paint()).unwrap();
        assert!(painted.contains("\x1b[?1h\x1b[?2004h"), "{painted:?}");
        canvas.print(b"\x1b[?2004l");
        let painted = String::from_utf8(canvas.paint()).unwrap();
        assert!(
            painted.contains(RESET) && !painted.contains("2004h"),
            "{painted:?}"
        );
    }

    #[test]
    fn colours_and_tab_stops_are_given_back_where_they_were_changed() {
        let mut canvas = canvas((20, 3), view(20, 3));
        let plain = canvas.farewell();
        assert!(!plain.contains("\x1b]104") && !plain.contains("\x1b[3g"));
        canvas.print(b"\x1b]11;#000000\x1b\\\x1b[3g");
        let farewell = canvas.farewell();
        assert!(farewell.contains("\x1b]104"), "{farewell:?}");
        assert!(
            farewell.contains("\x1b[3g\x1b[9G\x1bH\x1b[17G\x1bH\x1b8"),
            "{farewell:?}"
        );
    }
}
