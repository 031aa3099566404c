//! Random sessions, redrawn and compared with an xterm.js that was never
//! disconnected.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::twin::compare;
use super::*;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// One of the numbers below a bound.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A number that is mostly small.
    fn small(&mut self) -> usize {
        match self.below(8) {
            0 => self.below(400),
            1 => 0,
            _ => self.below(6),
        }
    }
}

/// What a session is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Moves,
    Cells,
    Rows,
    Erasing,
    Styles,
    Wide,
    Screens,
    Modes,
    Charsets,
    Tabs,
    Saved,
    Resets,
    Titles,
    Queries,
}

use Kind::*;

const ALL: [Kind; 20] = [
    Text, Text, Text, Text, Moves, Moves, Cells, Cells, Rows, Erasing, Styles, Styles, Wide, Wide,
    Screens, Modes, Charsets, Tabs, Saved, Queries,
];

fn text(n: &mut Numbers, cols: usize) -> String {
    let letters = "abc defghijklmnopqrstuvwxyz~{|}[]^`#@";
    match n.below(12) {
        0 => "\r\n".into(),
        1 => "\n".into(),
        2 => "\x08".into(),
        3 => "\r".into(),
        4 => "x".repeat(n.below(cols * 2) + 1),
        5 => format!("{}\r\n", "y".repeat(n.below(cols))),
        _ => {
            let count = n.below(12) + 1;
            (0..count)
                .map(|_| letters.chars().nth(n.below(letters.len())).unwrap())
                .collect()
        }
    }
}

fn wide(n: &mut Numbers) -> String {
    let all = [
        "\u{6f22}\u{5b57}",
        "\u{6f22}",
        "a\u{6f22}",
        "e\u{301}",
        "\u{301}",
        "\u{1f389}",
        "\u{1f469}\u{200d}\u{1f467}",
        "\u{2764}\u{fe0f}",
        "\u{1f1e9}\u{1f1ea}",
        "\u{6f22}\u{301}",
        "\u{ac00}\u{ac01}\u{ac02}",
        "\u{1f972}\u{f0001}",
        "\u{4e00}\x08\u{301}",
        "\u{4e00}\x08b",
    ];
    n.one_of(&all).into()
}

fn move_(n: &mut Numbers, rows: usize, cols: usize) -> String {
    let (row, col) = (n.below(rows + 2), n.below(cols + 2));
    match n.below(8) {
        0..=2 => format!("\x1b[{row};{col}H"),
        3 => format!("\x1b[{}{}", n.small(), n.one_of(&['G', '`', 'd'])),
        4 => n
            .one_of(&["\x1bM", "\x1bD", "\x1bE", "\x0b", "\x0c"])
            .into(),
        _ => format!(
            "\x1b[{}{}",
            n.small(),
            n.one_of(&['A', 'B', 'C', 'D', 'E', 'F', 'a', 'e'])
        ),
    }
}

fn style(n: &mut Numbers) -> String {
    let (a, b, c) = (n.below(8), n.below(256), n.below(256));
    match n.below(16) {
        0 => format!("\x1b[4{a}m"),
        1 => format!("\x1b[3{a};1m"),
        2 => "\x1b[m".into(),
        3 => format!("\x1b[38;2;{a};{b};{c}m"),
        4 => format!("\x1b[48;2;{b};{c};{a}m"),
        5 => format!("\x1b[48:5:{b};38:2::{a}:{b}:{c}m"),
        6 => format!("\x1b[4:{};58:2::{a}:{b}:{c}m", n.below(7)),
        7 => format!("\x1b[4;58;5;{b}m"),
        8 => format!("\x1b[10{a};9{a}m"),
        9 => format!("\x1b[{}m", n.below(60)),
        10 => format!(
            "\x1b[{};{}m",
            n.below(30),
            n.one_of(&[39, 49, 59, 53, 55, 24, 27])
        ),
        11 => format!("\x1b]8;id={};http://x/{a}\x1b\\", n.below(2)),
        12 => format!("\x1b]8;;http://y/{a}\x07"),
        13 => n
            .one_of(&[
                "\x1b]8;;\x07",
                "\x1b]8;;\x1b\\",
                "\x1b]8;x;\x07",
                "\x1b]8;\x07",
            ])
            .into(),
        14 => format!("\x1b[{}\"q", n.below(3)),
        _ => format!(
            "\x1b[38;{};{a};48;{};{b};{c}m",
            n.one_of(&[2, 5, 9]),
            n.one_of(&[2, 5])
        ),
    }
}

fn mode(n: &mut Numbers) -> String {
    let private = [
        1, 6, 6, 7, 7, 7, 9, 12, 25, 45, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004,
        2026,
    ];
    match n.below(9) {
        0..=4 => format!("\x1b[?{}{}", n.one_of(&private), n.one_of(&['h', 'l'])),
        5 => format!("\x1b[4{}", n.one_of(&['h', 'l'])),
        6 => format!("\x1b[20{}", n.one_of(&['h', 'l', 'l'])),
        7 => format!("\x1b[{} q", n.below(9)),
        _ => n
            .one_of(&["\x1b=", "\x1b>", "\x1b[>1u", "\x1b[<u", "\x1b[=3;1u"])
            .into(),
    }
}

/// Something that a program may print.
fn sequence(n: &mut Numbers, kind: Kind, (cols, rows): (usize, usize)) -> String {
    let count = n.small();
    match kind {
        Text => text(n, cols),
        Moves => move_(n, rows, cols),
        Cells => match n.below(6) {
            0 => format!("\x1b[{count} {}", n.one_of(&['@', 'A'])),
            1 => format!("\x1b[{count}'{}", n.one_of(&['}', '~'])),
            _ => format!("\x1b[{count}{}", n.one_of(&['@', 'P', 'X', 'b'])),
        },
        Rows => match n.below(4) {
            0 => format!("\x1b[{};{}r", n.below(rows + 2), n.below(rows + 3)),
            1 => n.one_of(&["\x1b[r", "\x1b#8", "\x1bM", "\x1bD"]).into(),
            _ => format!("\x1b[{count}{}", n.one_of(&['L', 'M', 'S', 'T'])),
        },
        Erasing => match n.below(4) {
            0 => format!("\x1b[?{}{}", n.below(4), n.one_of(&['J', 'K'])),
            1 => n
                .one_of(&[
                    "\x1b[H\x1b[2J",
                    "\x1b[H\x1b[2J\x1b[3J",
                    "\x1b[H\x1b[J",
                    "\x1b[2J",
                ])
                .into(),
            _ => format!("\x1b[{}{}", n.below(4), n.one_of(&['J', 'K', 'K'])),
        },
        Styles => style(n),
        Wide => wide(n),
        Screens => {
            let screen = n.one_of(&[47, 1047, 1049, 1049]);
            format!("\x1b[?{screen}{}", n.one_of(&['h', 'l']))
        }
        Modes => mode(n),
        Charsets => match n.below(4) {
            0 => n
                .one_of(&[
                    "\x0e", "\x0f", "\x1bn", "\x1bo", "\x1b~", "\x1b%G", "\x1b[?2h",
                ])
                .into(),
            1 => "\x1b(0".into(),
            _ => {
                let sign = n.one_of(&['(', ')', '*', '+', '-', '.', '/']);
                format!(
                    "\x1b{sign}{}",
                    n.one_of(&['0', 'B', 'A', '4', '5', 'K', '=', 'x'])
                )
            }
        },
        Tabs => match n.below(3) {
            0 => "\t".into(),
            1 => n.one_of(&["\x1bH", "\x1b[g", "\x1b[3g", "\t\t"]).into(),
            _ => format!("\x1b[{count}{}", n.one_of(&['I', 'Z'])),
        },
        Saved => n
            .one_of(&[
                "\x1b7",
                "\x1b8",
                "\x1b[s",
                "\x1b[u",
                "\x1b[?1048h",
                "\x1b[?1048l",
            ])
            .into(),
        Resets => n.one_of(&["\x1b[!p", "\x1bc"]).into(),
        Titles => match n.below(3) {
            0 => format!("\x1b]{};t{count}\x07", n.one_of(&[0, 2])),
            _ => format!("\x1b[{};{}t", n.one_of(&[22, 23]), n.below(3)),
        },
        Queries => match n.below(4) {
            0 => format!(
                "\x1b[?{}$p",
                n.one_of(&[
                    1, 3, 6, 7, 9, 25, 45, 47, 66, 67, 1000, 1006, 1048, 2004, 7777
                ])
            ),
            1 => format!("\x1b[{}$p", n.one_of(&[2, 4, 12, 20, 3])),
            _ => n.one_of(&["\x1b[6n", "\x1b[5n", "\x1b[?6n"]).into(),
        },
    }
}

/// How a session is drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redraw {
    Screen,
    Whole,
}

/// A session for the comparison with a twin: sizes, pieces, and checks.
struct Session {
    screen: Screen,
    lines: String,
    told: String,
    answers: Vec<u8>,
    size: (usize, usize),
}

impl Session {
    fn new((cols, rows): (usize, usize)) -> Self {
        let mut session = Self {
            screen: Screen::new(size(cols, rows), DEFAULT_ROWS),
            lines: String::new(),
            told: format!("{cols}x{rows}"),
            answers: Vec::new(),
            size: (cols, rows),
        };
        session.say(serde_json::json!({ "size": [cols, rows], "redraw": "" }));
        session
    }

    fn say(&mut self, line: serde_json::Value) {
        self.lines.push_str(&format!("{line}\n"));
    }

    fn print(&mut self, text: &str) {
        self.screen.feed(text.as_bytes());
        self.told.push_str(&format!(" {text:?}"));
        self.answers.extend(self.screen.take_answers(..));
        self.say(serde_json::json!({ "output": STANDARD.encode(text) }));
    }

    /// Resizes the screen; the twin is drawn again, as the page is.
    fn resize(&mut self, (cols, rows): (usize, usize)) {
        self.screen.resize(size(cols, rows));
        self.size = (cols, rows);
        self.told.push_str(&format!(" {cols}x{rows}"));
        self.answers.clear();
        let redraw = STANDARD.encode(self.screen.redraw());
        self.say(serde_json::json!({ "size": [cols, rows], "redraw": redraw }));
    }

    fn check(&mut self, how: Redraw) {
        let redraw = match how {
            Redraw::Screen => self.screen.redraw(),
            Redraw::Whole => whole(&self.screen).into_bytes(),
        };
        self.say(serde_json::json!({
            "check": self.told,
            "above": how == Redraw::Whole,
            "redraw": STANDARD.encode(redraw),
            "rest": "",
            "answers": STANDARD.encode(&self.answers),
        }));
    }
}

fn size(cols: usize, rows: usize) -> Size {
    Size {
        cols: u16::try_from(cols).unwrap(),
        rows: u16::try_from(rows).unwrap(),
    }
}

const SIZES: [(usize, usize); 8] = [
    (12, 5),
    (12, 5),
    (20, 6),
    (2, 1),
    (3, 2),
    (5, 1),
    (80, 24),
    (200, 60),
];

/// Draws random sessions of so many sequences, and compares.
fn compare_random(seeds: std::ops::Range<u64>, length: usize, kinds: &[Kind], how: Redraw) {
    let mut lines = String::new();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let mut n = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        n.next();
        let at = n.below(SIZES.len());
        let mut session = Session::new(SIZES[at]);
        session.told = format!("seed {seed}: {}", session.told);
        for step in 0..length {
            let kind = n.one_of(kinds);
            let text = sequence(&mut n, kind, session.size);
            session.print(&text);
            if step % 16 == 15 && n.below(3) == 0 {
                let (cols, rows) = (n.below(24) + 2, n.below(8) + 1);
                session.resize((cols, rows));
            }
        }
        session.check(how);
        lines.push_str(&session.lines);
    }
    let report = compare(&lines);
    assert_eq!(report["checks"], count, "{report:#}");
    assert_eq!(report["differences"], serde_json::json!([]));
}

/// What sessions are made of.
fn kinds() -> Vec<Kind> {
    let mut kinds = ALL.to_vec();
    kinds.extend([Titles, Resets]);
    kinds
}

#[test]
fn a_redraw_equals_a_twin_whatever_was_printed() {
    compare_random(0..600, 30, &kinds(), Redraw::Screen);
}

#[test]
fn a_redraw_with_history_equals_a_twin() {
    compare_random(5000..5300, 16, &kinds(), Redraw::Whole);
}

/// Compares sessions that are written out, at 12 × 5.
fn compare_all(sessions: &[&str], how: Redraw) {
    let mut lines = String::new();
    for text in sessions {
        let mut session = Session::new((12, 5));
        session.print(text);
        session.check(how);
        lines.push_str(&session.lines);
    }
    let report = compare(&lines);
    assert_eq!(report["checks"], sessions.len(), "{report:#}");
    assert_eq!(report["differences"], serde_json::json!([]));
}

#[test]
fn halves_of_wide_characters_are_moved_as_the_page_moves_them() {
    let sessions = [
        "\u{6f22}\u{5b57}\u{6f22}\x1b[2G\x1b[@",
        "\u{6f22}\u{5b57}\u{6f22}\x1b[2G\x1b[P",
        "\u{6f22}\u{5b57}\u{6f22}\x1b[G\x1b[P\x1b[44m\x1b[@x",
        "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\x1b[G\x1b[@",
        "a\u{6f22}\u{5b57}\x1b[4h\x1b[3Gx\u{6f22}\x1b[Gy",
        "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\x1b[4h\x1b[2Gz\u{5b57}",
        "\u{6f22}\u{5b57}\x1b[2G\x1b[42mx\x1b[m\x1b[H\x1b[@\x1b[41my",
        "\x1b[?7l0123456789\u{6f22}x\u{5b57}y",
        "\x1b[7m\u{4e00}\x08\u{301}\u{301}x",
        "\u{6f22}\x08\x1b[3@\x1b[41m\x1b[4Gab\x1b[5 @",
        "\u{6f22}\u{5b57}\x1b[3'}\x1b[2'~\x1b[2 A\x1b[4G\x1b[2X",
    ];
    compare_all(&sessions, Redraw::Screen);
    compare_all(&sessions, Redraw::Whole);
}

#[test]
fn what_is_erased_becomes_history_as_in_the_page() {
    let lines = "one\r\ntwo\r\n\r\nfour\x1b[3;2H";
    let many = "many\r\n".repeat(8);
    let sessions = [
        format!("{lines}\x1b[2J"),
        format!("{lines}\x1b[H\x1b[2Jnext"),
        format!("{lines}\x1b[H\x1b[2J\x1b[3Jnext"),
        format!("{lines}\x1b[44m\x1b[2J\x1b[2J"),
        format!("{many}\x1b[2J{many}\x1b[H\x1b[2J"),
        format!("{many}\x1b[3Jafter{many}"),
        format!("{many}\x1b[2;4r{lines}\x1b[2J"),
        format!("{many}\x1b[1;3r{lines}\x1b[2J\x1b[r{many}"),
        format!("{many}\x1b[?1049h{lines}\x1b[41m\x1b[2J\x1b[3J\x1b[?1049l"),
        format!("{many}\x1b7{many}\x1b[2J\x1b8here"),
        format!("{lines}\x1b[?2J\x1b[1J\x1b[J"),
        format!("{many}\x1b[5;12Hx\x1b[1J"),
        "\x1b[44m\x1b[2J".into(),
        "  \x1b[2J\x1b[3;3H\x1b7\r\n\n\n\n\n\x1b8saved".into(),
    ];
    let sessions: Vec<&str> = sessions.iter().map(String::as_str).collect();
    compare_all(&sessions, Redraw::Whole);
    compare_all(&sessions, Redraw::Screen);
}
