//! The grid: two screens of cells, and how they scroll, move and wrap anew.
//!
//! ```text
//! Buffer ─ rows kept above the screen ─┬─ Line ─ Cell: glyph, width, style
//!          rows of the screen ─────────┘
//! ```
//!
//! It behaves as the buffers of xterm.js 6.0 do, because a page that is drawn a
//! screen must go on as one that was always there: what becomes of half a wide
//! character, or of a saved cursor when rows scroll, is what it does there.
//! `avt`, which stood here first, is right in its own way, and so could not be
//! equal. Glyphs and styles are numbers that mean nothing here.

mod buffer;
mod cell;
mod line;
mod resize;

pub(super) use self::buffer::Above;
pub(super) use self::buffer::Buffer;
pub(super) use self::buffer::PULLED_ROWS;
pub(super) use self::cell::Cell;
pub(super) use self::line::Line;
