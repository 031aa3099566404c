//! The binary itself: which build this is, and installing it elsewhere.
//!
//! An installed binary is named by version, platform and content hash,
//! `bin/0.1.0-Linux-x86_64-9f2c41d07be3a655`: two builds of one version lie
//! side by side, and a home that machines of two kinds share holds both.

pub mod build;
pub mod payload;
pub mod prune;
