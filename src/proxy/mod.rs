//! Carrying streams and requests to somewhere else.
//!
//! [`mux`] makes many streams of one connection; [`http`] passes requests and
//! WebSockets on over any stream. Neither knows who sent them or whether they
//! may pass: that is decided before.

pub mod http;
pub mod mux;
pub mod websocket;
