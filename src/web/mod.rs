//! The page and its door: embedded files, origins, cookie and key.
//!
//! The laptop's tunnel and the remote's server are both doors to the same
//! workspace, so both use this room: [`gate::Gate`] decides who may pass by `origins`,
//! [`credentials`] and `codes`, [`assets`] holds the built page (`app/`, embedded
//! by `build.rs`), and [`session`] tells pages where the connection stands.
//!
//! # Decisions
//!
//! - **Who**: the cookie (HttpOnly, SameSite=Strict, port in its name).
//!   **From where**: the key in origin storage, because a cookie on
//!   `localhost` reaches every port and storage does not. Both are needed.
//! - Cookie and key end with the process that listens: after it anybody on the
//!   machine may listen on that port, and browsers would show him both. What
//!   one process hands to its successor while both listen stays.
//! - A program shows the connection file's token as `Authorization: Bearer`
//!   and sends no `Origin`.
//! - The order of refusals is Host (403), Origin (403), credentials (401), so
//!   that a rebinding page learns nothing, not even whether it is signed in.
//! - Codes in URLs work once, for ten minutes, and only by POST.
//! - What is refused is refused before routing: an unknown path without
//!   credentials is 401 like every other.

pub mod assets;
pub mod bytes;
mod codes;
pub mod credentials;
pub mod gate;
pub mod keyring;
mod origins;
pub mod outside;
pub mod peer;
pub mod serve;
pub mod session;
pub mod signin;
mod tries;
