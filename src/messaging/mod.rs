//! The bus: a broker that speaks the NATS client protocol.
//!
//! It passes bytes on by subject and knows no hub, project or account: who may
//! do what arrives as patterns ([`access::Access`]), what carries a connection
//! as a reader and a writer ([`broker::connection::serve`]). Clients are those that the
//! NATS project makes; `nats-server` is the reference, and the tests run the
//! same conversations with both.
//!
//! # Decisions
//!
//! - Delivery is at most once and in the order of each publisher, as with NATS.
//!   Nothing is stored.
//! - A message is at most 1 MiB ([`broker::MAX_PAYLOAD_BYTES`]); the questions and
//!   answers of our own client are cut and put together up to 16 MiB ([`chunks`]).
//! - One who reads too slowly is told and cut off when 64 MiB wait for him. While
//!   half of that waits and he reads, publishers wait, 10 ms behind each of
//!   their reads; for one who has read nothing for two seconds they do not.
//! - Whoever has shown no credential has no right, not even to ask PING, and
//!   two seconds.
//! - A reply goes where the asker may read, and whoever was asked may write
//!   there for ten minutes after he did so last and was heard ([`access`]).
//! - A stream of answers waits for the one who reads it slowly, and nothing else
//!   does ([`stream`]).
//! - Where the reference closes without a word, so do we; the log says why.
//! - Stricter than the reference: a subject with a control character is
//!   refused.
//!
//! | part | owns |
//! | --- | --- |
//! | [`subject`] | subjects, patterns, which covers which |
//! | [`wire`] | the protocol, read and written |
//! | [`access`] | what a connection may do |
//! | [`broker`] | who is connected, and passing messages on |
//! | [`ending`] | why a connection ends, and what it is told |
//! | [`message`] | subject, headers, payload |
//! | [`client`] | publishing, subscribing and asking from within |
//! | [`chunks`] | messages that are larger than one may be |
//! | [`service`] | answering requests |
//! | [`stream`] | many answers to one request |

pub mod access;
pub mod broker;
pub mod chunks;
pub mod client;
pub mod ending;
pub mod message;
pub mod service;
pub mod stream;
pub mod subject;
#[cfg(test)]
mod tests;
pub mod wire;
