//! The product: what `serve` is made of.
//!
//! Plus decides what Lite leaves open: a project of its own in the same
//! process, named `local`; the instance's directory and lock; a TCP port on
//! 127.0.0.1 and a unix socket, both always; and what stopping means.

mod account;
mod keeping;
pub mod keys;
pub mod outside;
pub mod serve;
pub mod settings;
pub mod storing;
pub mod terminals;
