//! The message broker speaks the NATS client protocol, as `nats-server` does.
//!
//! Whatever the specification leaves open is what `nats-server` does: each
//! behaviour here is asked of it and of ours, and one text says what both have
//! to answer. By what is asked:
//!
//! | what | where |
//! | --- | --- |
//! | bytes against bytes, over every carrier | `behaviours`, by `transcript` |
//! | what chance or time has a part in | `queues`, `endings`, `streams` |
//! | clients written elsewhere, in three languages | `clients`, `async_nats` |
//! | what only ours has: origins, unix sockets | `doors` |
//! | streams of answers, over both brokers | `answers` |
//! | our own client in a cluster of the reference | `cluster` |
//! | what the project answers | `services` |
//! | what the hub answers an account | `feeds` |
//! | many at once, and those that mean no good | `crowds` |

mod answers;
mod async_nats;
mod behaviours;
mod brokers;
mod clients;
mod cluster;
mod crowds;
mod doors;
mod endings;
mod feeds;
mod queues;
mod services;
mod streams;
mod transcript;
