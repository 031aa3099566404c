//! The neutral hub: HTTP on a TCP port and a unix socket.
//!
//! Lite knows the page, its door, messages, settings and a running instance,
//! and no product: what answers a subject, which further routes there are and what
//! stopping means arrive as arguments of [`http::Hub`]. It knows no terminal,
//! no ssh and no container.

pub mod api;
pub mod asking;
pub mod blobs;
pub mod bus;
pub mod call;
mod carrier;
pub mod certificate;
pub mod client;
pub mod feeds;
pub mod http;
pub mod identity;
pub mod keys;
pub mod listen;
pub mod remote;
pub mod settings;
mod stored;
pub mod tables;
