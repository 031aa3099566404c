//! Redraws compared with what was drawn; in `twin` with xterm.js itself.

mod garbage;
mod random;
mod twin;

use super::*;

const SIZE: Size = Size { cols: 20, rows: 5 };

fn fed(text: &str) -> Screen {
    let mut screen = Screen::new(SIZE, DEFAULT_ROWS);
    screen.feed(text.as_bytes());
    screen
}

fn redrawn(screen: &Screen) -> String {
    String::from_utf8(screen.redraw()).unwrap()
}

/// A screen that was drawn from a redraw redraws the same.
fn settles(text: &str) {
    let first = redrawn(&fed(text));
    assert_eq!(redrawn(&fed(&first)), first, "{text:?}");
}

#[test]
fn a_redraw_draws_the_same_again() {
    let sessions = [
        "",
        "hello\r\nworld",
        "\x1b[31mred\x1b[0m \x1b[1;4:3;58:2::1:2:3mcurly\x1b[m x",
        "\x1b[44m\x1b[2Jblue\x1b[K\x1b[3;3Hhere",
        "e\u{301} \u{6f22}\u{5b57} \u{1f469}\u{200d}\u{1f467}|",
        "12345678901234567890wrapped",
        "12345678901234567890",
        "1234567890123456789\u{6f22}",
        "a\x1b[?1049h\x1b[2;2Halt\x1b[2;4r\x1b[?6h\x1b[1;1H",
        "\x1b7\x1b[3;3H\x1b[32m\x1b7\x1b[H\x1b[mx",
        "\x1b[3g\x1b[5G\x1bH\x1b[9G\x1bH\r\ttab",
        "\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b=\x1b[3 q\x1b]2;title\x07",
        "\x1b]8;id=1;http://x/\x1b\\link\x1b]8;;\x1b\\ no",
        "\x1b(0lqk\x1b(B \x1b)0\x0ex\x0f",
        "\x1b[4habc\x1b[1;1Hxy\x1b[?7l\x1b[?25l",
    ];
    for text in sessions {
        settles(text);
    }
}

#[test]
fn every_part_of_a_session_settles() {
    let session =
        "\x1b[?1049h\x1b[1;31mab\u{301}c\x1b[2;3H\u{6f22}\x1b]0;t\u{e9}\x07\x1b[K\x1b[?1049lz\r\n";
    for end in 0..session.len() {
        let mut screen = Screen::new(SIZE, 100);
        screen.feed(&session.as_bytes()[..end]);
        let at = usize::try_from(screen.position()).unwrap();
        // A redraw and what follows make the same as everything at once.
        let mut again = Screen::new(SIZE, 100);
        again.feed(&screen.redraw());
        again.feed(&session.as_bytes()[at..]);
        screen.feed(&session.as_bytes()[end..]);
        assert_eq!(redrawn(&again), redrawn(&screen), "cut at {end}");
    }
}

#[test]
fn what_a_cell_shows_and_how_is_drawn_exactly() {
    let cases = [
        ("a b", "a b\x1b[1;4H"),
        ("a\x1b[3Cb", "a\x1b[3Cb\x1b[1;6H"),
        ("abc\x1b[1D\x1b[K", "ab\x1b[1;3H"),
        ("\x1b[41m\x1b[K", "\x1b[0;41m\x1b[20X\x1b[1;1H"),
        ("\x1b[31;1mx", "\x1b[0;1;31mx\x1b[1;2H"),
        (
            "\x1b[38:2::1:2:3mx\x1b[m",
            "\x1b[0;38;2;1;2;3mx\x1b[1;2H\x1b[0m",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(redrawn(&fed(text)), expected, "{text:?}");
    }
}

#[test]
fn rows_that_leave_the_screen_are_kept_in_order() {
    let mut screen = Screen::new(SIZE, 1000);
    for number in 0..6000 {
        screen.feed(format!("\x1b[32mline\x1b[m {number}\r\n").as_bytes());
    }
    let Whole { blocks, rest } = screen.redraw_whole();
    let mut bytes: Vec<u8> = blocks.iter().flat_map(|block| block.unpack()).collect();
    bytes.extend(rest);
    let text = String::from_utf8(bytes).unwrap();
    let numbers: Vec<u32> = text
        .split("\x1b[0m ")
        .filter_map(|part| part.split_once("\r\n")?.0.parse().ok())
        .collect();
    assert!(
        numbers.len() >= 1000 && numbers.len() < 6000,
        "{}",
        numbers.len()
    );
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    assert_eq!(numbers.last(), Some(&5999));
}

/// Everything that a screen remembers, as bytes.
fn whole(screen: &Screen) -> String {
    let Whole { blocks, rest } = screen.redraw_whole();
    let mut bytes: Vec<u8> = blocks.iter().flat_map(|block| block.unpack()).collect();
    bytes.extend(rest);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_background_is_drawn_on_below_the_history() {
    let text = "\x1b[42mgreen\x1b[m\r\n".repeat(20);
    let drawn = whole(&fed(&text));
    let ends = drawn.matches("green").count();
    assert_eq!(drawn.matches("green\x1b[0m\r\n").count(), ends, "{drawn:?}");
}

#[test]
fn a_flood_leaves_what_the_same_lines_leave_one_by_one() {
    let long = "x".repeat(50);
    let lines = |count: usize| -> String {
        (0..count)
            .map(|n| format!("{n} \u{6f22} {}\r\n", &long[..n % 50]))
            .collect()
    };
    let floods = [
        lines(5000),
        format!("prompt$ {}tail", lines(3000)),
        format!("\x1b[2;2Hmiddle{}", lines(3000)),
        format!("\x1b[2;4r\x1b[?6h{}", lines(2000)),
        format!("\x1b[2;4r\x1b[r{}", lines(2000)),
        format!("\x1b[31m{}\x1b[m", lines(2000)),
        format!("\x1b)0\x0e{}", lines(2000)),
        format!("\x1b[?1049h{}", lines(2000)),
        format!("{}\x07{}", lines(1000), lines(1000)),
        lines(2000).replace("\r\n", "\n"),
    ];
    for (number, text) in floods.iter().enumerate() {
        let (mut at_once, mut slowly) = (Screen::new(SIZE, 100_000), Screen::new(SIZE, 100_000));
        at_once.feed(text.as_bytes());
        for piece in text.as_bytes().chunks(1000) {
            slowly.feed(piece);
        }
        assert_eq!(redrawn(&at_once), redrawn(&slowly), "flood {number}");
        assert!(whole(&at_once) == whole(&slowly), "flood {number}");
        // And goes on alike.
        at_once.feed(b"more\r\n");
        slowly.feed(b"more\r\n");
        at_once.resize(Size { cols: 30, rows: 9 });
        slowly.resize(Size { cols: 30, rows: 9 });
        assert_eq!(redrawn(&at_once), redrawn(&slowly), "flood {number}");
    }
}

#[test]
fn erasing_the_saved_lines_forgets_them() {
    let mut screen = fed(&"x\r\n".repeat(500));
    assert!(screen.capture(Extent::Everything).lines.len() > 400);
    screen.feed(b"\x1b[H\x1b[2J\x1b[3Jnow");
    let lines = screen.capture(Extent::Everything).lines;
    assert_eq!(lines, ["now", "", "", "", ""]);
}

#[test]
fn a_screen_with_more_styles_than_fit_is_drawn_into_new_tables() {
    let mut screen = Screen::new(Size { cols: 80, rows: 24 }, 100);
    for number in 0..70_000_u32 {
        let (r, g, b) = (number >> 12 & 0xff, number >> 6 & 0x3f, number & 0x3f);
        screen.feed(format!("\x1b[38;2;{r};{g};{b}me\u{301}\u{308}").as_bytes());
    }
    screen.feed(b"\x1b[m\r\nstill here\r\n");
    let shown = screen.capture(Extent::Screen);
    assert!(shown.lines.contains(&"still here".to_owned()));
    let again = {
        let mut again = Screen::new(Size { cols: 80, rows: 24 }, 100);
        again.feed(&screen.redraw());
        again
    };
    assert_eq!(redrawn(&again), redrawn(&screen));
}

#[test]
fn queries_are_answered_in_order() {
    let mut screen = fed("\x1b[3;4H\x1b[6n\x1b[c\x1b[5n\x1b[>c");
    assert_eq!(
        screen.take_answers(..),
        b"\x1b[3;4R\x1b[?62;4;9;22c\x1b[0n\x1b[>0;276;0c"
    );
    assert!(screen.take_answers(..).is_empty());
}

#[test]
fn an_answer_belongs_to_the_place_behind_its_query() {
    let (first, second) = ("text\x1b[6n", "more\x1b[5n");
    let mut screen = fed(&format!("{first}{second}tail"));
    let middle = first.len() as u64;
    assert_eq!(screen.take_answers(middle + 1..), b"\x1b[0n");
    assert!(screen.take_answers(..middle).is_empty());
    assert_eq!(screen.take_answers(middle..=middle), b"\x1b[1;5R");
    for _ in 0..MAX_ANSWERS {
        screen.feed(b"\x1b[5n");
    }
    screen.feed(b"\x1b[6n");
    let answers = screen.take_answers(..);
    assert_eq!(answers.len(), (MAX_ANSWERS - 1) * 4 + 7, "{answers:?}");
}
