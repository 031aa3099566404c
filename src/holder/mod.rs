//! The process that owns a terminal and outlives the server.
//!
//! (tables to come)

mod client;
mod connection;
mod delivery;
mod error;
mod inputs;
mod process;
mod ring;
mod shell;
mod socket;
mod terminal;
mod wire;

#[cfg(test)]
mod tests;

pub use client::Connected;
pub use client::SUBCOMMAND;
pub use client::SpawnOptions;
pub use client::connect;
pub use client::kill;
pub use client::list;
pub use client::socket_path;
pub use client::spawn;
pub use error::Error;
pub use process::HoldOptions;
pub use process::hold;
pub use wire::FrameReader;
pub use wire::FrameWriter;
