//! The NATS client protocol, read and written.
//!
//! The source is the reference of the client protocol in the NATS
//! documentation, and what `nats-server` does.
//!
//! | file | owns |
//! | --- | --- |
//! | [`connect`] | the first words: INFO and CONNECT |
//! | [`operation`] | what a client asks for, read |
//! | [`delivery`] | what a subscriber receives, written |
//! | [`heard`] | what a server says, read by a client |

pub mod connect;
pub(super) mod delivery;
pub(super) mod heard;
pub(super) mod operation;
