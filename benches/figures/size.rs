//! The shipped binary's size, and what an install sends of it.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::row::{Row, Unit};
use crate::sample::{Runs, Samples};
use crate::support::bin;

/// Takes the figures; they do not vary.
pub(crate) fn rows(_: Runs) -> Vec<Row> {
    let bytes = fs::read(bin()).expect("the binary is there");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(&bytes).expect("memory takes all");
    let packed = encoder.finish().expect("memory takes all");
    let row = |measure, bytes: &[u8], aim| {
        Row::alone(measure, Unit::Bytes, Samples(vec![bytes.len() as f64]), aim)
    };
    vec![
        row("binary", &bytes, "≤ 20 MB"),
        row("binary, gzip -6", &packed, "≤ 8 MB"),
    ]
}
