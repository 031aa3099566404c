//! The product against real processes: sshd, terminals, a browser.

#[path = "../support/mod.rs"]
mod support;
