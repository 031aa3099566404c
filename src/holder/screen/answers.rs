//! What a page answers to queries, for when there is none.
//!
//! Not answered are colours and the size in pixels: only a page knows them.

use super::emulator::Emulator;
use super::style::push;

/// How the page describes itself: a VT220 with pictures and colours.
const DEVICE: &[u8] = b"\x1b[?62;4;9;22c";

/// How xterm.js describes its version.
const DEVICE_VERSION: &[u8] = b"\x1b[>0;276;0c";

/// What is said of a mode: `CSI ? MODE ; STATE $ y`.
#[derive(Clone, Copy, Debug)]
enum State {
    Unknown = 0,
    Set = 1,
    Reset = 2,
    AlwaysSet = 3,
    AlwaysReset = 4,
}

impl Emulator {
    /// Says what it is (DA).
    pub(super) fn answer_device(&mut self) {
        self.answer.extend_from_slice(DEVICE);
    }

    /// Says which version it is (DA2).
    pub(super) fn answer_version(&mut self) {
        self.answer.extend_from_slice(DEVICE_VERSION);
    }

    /// Says that it is well, or where the cursor is (DSR); with a sign that was
    /// asked with.
    pub(super) fn answer_status(&mut self, about: u16, sign: &str) {
        let (row, col) = (self.buffer().y + 1, self.buffer().x + 1);
        match (about, sign) {
            (5, "") => self.answer.extend_from_slice(b"\x1b[0n"),
            (6, _) => push(&mut self.answer, format_args!("\x1b[{sign}{row};{col}R")),
            _ => {}
        }
    }

    /// Says how large it is (`CSI 18 t`).
    pub(super) fn answer_size(&mut self) {
        let (rows, cols) = (self.rows, self.cols);
        push(&mut self.answer, format_args!("\x1b[8;{rows};{cols}t"));
    }

    /// Says whether a mode is set (DECRQM).
    pub(super) fn answer_mode(&mut self, mode: u16) {
        let state = match mode {
            2 => State::AlwaysReset,
            4 => state(self.switches.is_inserting),
            12 => State::AlwaysSet,
            20 => state(self.switches.returns),
            _ => State::Unknown,
        };
        let state = state as u8;
        push(&mut self.answer, format_args!("\x1b[{mode};{state}$y"));
    }

    /// Says whether a private mode is set (DECRQM).
    pub(super) fn answer_private_mode(&mut self, mode: u16) {
        let switches = self.switches;
        let state = match mode {
            1 => state(switches.has_cursor_keys),
            6 => state(switches.has_origin),
            7 => state(switches.has_wrap),
            8 => State::AlwaysSet,
            25 => state(!switches.is_cursor_hidden),
            47 | 1047 | 1049 => state(self.is_alternate()),
            67 | 1005 | 1015 => State::AlwaysReset,
            1048 => State::Set,
            2031 => State::Unknown,
            mode => self.modes.is_set(mode).map_or(State::Unknown, state),
        } as u8;
        push(&mut self.answer, format_args!("\x1b[?{mode};{state}$y"));
    }
}

fn state(is_set: bool) -> State {
    if is_set { State::Set } else { State::Reset }
}
