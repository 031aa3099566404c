//! The project daemon: what lives in one home directory.
//!
//! It knows messages, its terminals, its files, the environment of
//! programs and the OS, and nothing of the
//! hub: its calls arrive as subject and payload, whatever carried them, and its
//! bytes of terminals and files are routes that the product mounts.

pub mod calls;
pub mod environment;
pub mod files;
mod router;
pub mod terminal;
