//! One cell of the grid.

/// The bits of [`Cell::look`] that hold the width.
const WIDTH_SHIFT: u32 = 30;

/// What a cell holds: a glyph, how many cells it takes, and a style's number.
///
/// A wide glyph's second cell has no glyph and no width. Neither is bound to
/// the other: what moves or erases cells may leave half of a wide character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Cell {
    /// A character, or the number of a cluster; 0 where nothing was written.
    glyph: u32,
    /// The width in the upper bits, the style in the others.
    look: u32,
}

impl Cell {
    /// A cell with a glyph that takes so many cells, 0, 1 or 2.
    pub(in super::super) const fn new(glyph: u32, width: u8, style: u32) -> Self {
        Self {
            glyph,
            look: (width as u32) << WIDTH_SHIFT | style,
        }
    }

    /// A cell to which nothing was written, or which was erased.
    pub(in super::super) const fn blank(style: u32) -> Self {
        Self::new(0, 1, style)
    }

    /// The cell behind a wide character's first one.
    pub(in super::super) fn second(style: u32) -> Self {
        Self::new(0, 0, style)
    }

    /// What it shows; 0 is nothing.
    pub(in super::super) fn glyph(self) -> u32 {
        self.glyph
    }

    /// How many cells its glyph takes.
    pub(in super::super) fn width(self) -> u8 {
        (self.look >> WIDTH_SHIFT) as u8
    }

    /// The number of its style.
    pub(in super::super) fn style(self) -> u32 {
        self.look & ((1 << WIDTH_SHIFT) - 1)
    }

    /// Whether something was written to it.
    pub(in super::super) fn has_glyph(self) -> bool {
        self.glyph != 0
    }

    /// Whether it is nothing but the second half of a wide character, perhaps
    /// of one that is gone.
    pub(in super::super) fn is_second(self) -> bool {
        self.glyph == 0 && self.width() == 0
    }
}
