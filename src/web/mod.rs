//! The page and its door: embedded files, origins, cookie and key.
//!
//! The laptop's tunnel and the remote's server are both doors to the same
//! workspace, so both use this room.
//!
//! | file | holds |
//! | --- | --- |
//! | [`gate`], [`denial`] | who may pass, and what the others are told |
//! | `origins`, [`outside`] | the names that are served, and the one for other machines |
//! | [`credentials`], `codes`, [`signin`] | what signs in, and how a browser gets it |
//! | `tries` | how much that is wrong is looked at, and what the log says |
//! | [`serve`], [`peer`] | connections: how they come, and for how long each may take |
//! | [`assets`] | the built page (`app/`, embedded by `build.rs`) |
//! | [`session`] | telling pages where the connection stands |
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
//! - Wrong credentials are limited by address, and right ones are not: who has
//!   256 random bits is let in whatever others try.
//! - What is refused is refused before routing: an unknown path without
//!   credentials is 401 like every other.

pub mod assets;
pub mod bytes;
mod codes;
pub mod credentials;
pub mod denial;
pub mod gate;
pub mod keyring;
mod origins;
pub mod outside;
pub mod peer;
pub mod serve;
pub mod session;
pub mod signin;
mod tries;
