//! The project daemon: what lives in one home directory.
//!
//! It knows messages, its terminals and the OS, and nothing of the hub: its
//! calls arrive as subject and payload, whatever carried them, and its
//! WebSocket of terminal bytes is a route that the product mounts.

pub mod calls;
pub mod terminal;
