//! What a client may rely on, byte by byte; each file is one list.

mod arguments;
mod headers;
mod limits;
mod logins;
mod matching;
mod messages;
mod pedantry;
mod refusals;
mod subscriptions;
