//! What lasts: bytes by their name.

pub mod blobs;
