//! The shapes that cross a process or a machine; no IO.
//!
//! Whoever reads one of these files can write the other side: each type's
//! documentation shows one literal example of what travels, with units and
//! bounds. Rules that hold for all of them:
//!
//! - Version first: [`attach::Ready`] and [`terminal::ClientHello`] say which
//!   version they speak before anything else; the lower of both sides' versions
//!   is used, and a side that no longer speaks it says which side to upgrade.
//! - Unknown fields and unknown frame types are ignored, so that an old holder
//!   serves a newer server and an old page a newer tunnel.
//! - Nothing here names who is asking: identity comes from the credential and
//!   the subject, never from a field of a body.
//!
//! | file | carries |
//! | --- | --- |
//! | [`attach`] | the line that a remote's `attach` prints before its stdio becomes the mux |
//! | [`auth`] | signing a browser in, and the names of cookie, header and subprotocol |
//! | [`call`] | a page's request to its project, and the reply |
//! | [`connection`] | the connection-info file of a running server |
//! | [`control`] | the socket between `ssh` on the laptop and its tunnel |
//! | [`files`] | listings, content, uploads, watches and jobs |
//! | [`methods`] | what a project answers: one definition a method |
//! | [`pathtext`] | names and paths of any bytes, as JSON strings |
//! | [`session`] | what a page shows while a target connects, reconnects or fails |
//! | [`terminal`] | terminal bytes, page ↔ server ↔ holder |

pub mod attach;
pub mod auth;
pub mod call;
pub mod connection;
pub mod control;
pub mod ending;
pub mod files;
pub mod keys;
pub mod methods;
pub mod pathtext;
pub mod session;
pub mod terminal;
