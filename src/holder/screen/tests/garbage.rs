//! Bytes that nobody would print: neither a panic nor memory without bound.

use super::*;

/// More than what one screen of this size takes, with its history.
const MAX_TABLE: usize = 0x10_000;

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0 >> 24
    }

    fn bytes(&mut self, alphabet: &[u8], count: usize) -> Vec<u8> {
        let mut one = || {
            let at = usize::try_from(self.next()).unwrap();
            match alphabet.len() {
                0 => (at & 0xff) as u8,
                length => alphabet[at % length],
            }
        };
        (0..count).map(|_| one()).collect()
    }

    fn size(&mut self) -> Size {
        let (cols, rows) = match self.next() % 10 {
            0 => (1000, 500),
            1 => (1, 1),
            2 => (300, 2),
            _ => (30, 12),
        };
        Size {
            cols: 1 + (self.next() % cols) as u16,
            rows: 1 + (self.next() % rows) as u16,
        }
    }
}

/// What escape sequences are made of, and anything.
const ALPHABETS: [&[u8]; 3] = [
    b"\x1b\x1b\x1b[[]()?;:0123456789hlmHJKLMPXrstu\r\n\x07\\78cDM@ab\xc3\xa9\xe6\xbc\xa2\xcc\x81\xff\x9b",
    b"\x1b\x1b[[[?!'\"$ >=<;;0012345679@ABCDEFGHIJKLMPSTXZbdegmnpqrsu~}\xe6\xbc\xa2\xcc\x81x",
    b"",
];

/// Feeds noise and changes the size, again and again.
fn storm(seed: u64, bytes: usize) {
    let mut noise = Noise(seed);
    let mut screen = Screen::new(Size { cols: 7, rows: 3 }, 50);
    let mut fed = 0;
    for round in 0_usize.. {
        let alphabet = ALPHABETS[round / 64 % ALPHABETS.len()];
        let piece = noise.bytes(alphabet, 1 + round % 300);
        fed += piece.len();
        screen.feed(&piece);
        assert_eq!(screen.fed(), fed as u64);
        assert!(screen.position() <= screen.fed());
        if round % 20 == 0 {
            let size = noise.size();
            screen.resize(size);
            screen.resize(noise.size());
            let mut again = Screen::new(size, 50);
            again.feed(&screen.redraw());
            again.redraw();
            whole(&screen);
            screen.capture(Extent::Everything);
        }
        if fed >= bytes {
            return;
        }
    }
}

fn size(cols: u16, rows: u16) -> Size {
    Size { cols, rows }
}

#[test]
fn garbage_never_panics() {
    storm(7, 300_000);
}

fn fed_with(size: Size, text: &str) -> Screen {
    let mut screen = Screen::new(size, 100);
    for piece in text.as_bytes().chunks(64 << 10) {
        screen.feed(piece);
    }
    screen
}

#[test]
fn what_is_kept_is_bounded_whatever_is_printed() {
    let links = |n: usize| format!("\x1b]8;id={n};http://x/{n}\x1b\\l");
    let styles = |n: usize| format!("\x1b[38;2;{};{};{}mx", n >> 16, n >> 8 & 255, n & 255);
    let clusters = |n: usize| {
        let marks = [n, n >> 5, n >> 10, n >> 15].map(|n| char::from_u32(0x300 + n as u32 % 32));
        format!("e{}", marks.into_iter().flatten().collect::<String>())
    };
    let all: [&dyn Fn(usize) -> String; 3] = [&links, &styles, &clusters];
    for one in all {
        let text: String = (0..150_000).map(one).collect();
        let mut screen = Screen::new(SIZE, 100);
        screen.feed(text.as_bytes());
        let count = screen.emulator.tables.count();
        assert!(count < MAX_TABLE, "{count}");
        settles(&redrawn(&screen));
    }
}

#[test]
fn long_commands_and_large_numbers_pass_by() {
    let million = "x".repeat(1 << 20);
    let marks = "\u{301}".repeat(10_000);
    let texts = [
        format!("\x1b]2;{million}\x07a"),
        format!("\x1b]8;;{million}\x1b\\a\x1b]8;;\x07"),
        format!("\x1bP{million}\x1b\\a"),
        format!("\x1bPq{million}"),
        format!("\x1b[{}ma", "1;".repeat(100_000)),
        format!("a{marks}b{marks}"),
        format!("\x1b[4;4H{}", "x\x1b[1000000000b".repeat(200)),
        "\x1b[1000000000@\x1b[1000000000P\x1b[1000000000X".repeat(200),
        "\x1b[1000000000L\x1b[1000000000M\x1b[1000000000S\x1b[1000000000T".repeat(200),
        "\x1b[1000000000I\x1b[1000000000Z\x1b[1000000000;1000000000H".repeat(200),
        "\x1b[1000000000A\x1b[1000000000B\x1b[1000000000C\x1b[1000000000D".repeat(200),
        "\x1b[?6h\x1b[2;4r\x1b[1000000000e\x1b[1000000000d\x1b[1000000000G".repeat(200),
    ];
    for text in texts {
        for size in [size(1, 1), SIZE, size(300, 100)] {
            let screen = fed_with(size, &text);
            assert!(screen.redraw().len() < 1 << 20);
        }
    }
}

#[test]
fn a_large_screen_becomes_a_tiny_one_and_large_again() {
    let (large, tiny) = (size(1000, 500), size(2, 1));
    for line in ["x".repeat(900), "\u{6f22}".repeat(450), "y".repeat(90_000)] {
        let text = format!("{line}\r\n").repeat(700_000 / line.len());
        let mut screen = Screen::new(large, 100);
        screen.feed(text.as_bytes());
        for _ in 0..3 {
            screen.resize(tiny);
            screen.resize(large);
        }
        settles(&redrawn(&screen));
    }
}
