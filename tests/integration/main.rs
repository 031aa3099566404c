//! The product against real processes: sshds, login shells, a browser.
//!
//! One module a subject. Every case has an sshd and a laptop of its own, so
//! all run side by side; what measures time takes the machine for itself.
//!
//! What users of other programs complain about, and which case shows that it
//! does not happen here:
#![doc = include_str!("complaints.md")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod blobs;
mod browser;
mod browsers;
mod bus;
mod complaints;
mod compute;
mod config;
mod connect;
mod crash;
mod doctor;
mod doctor_places;
mod endings;
mod environment;
mod failures_install;
mod failures_kills;
mod failures_login;
mod failures_shell;
mod failures_state;
mod files;
mod flow;
mod hostile;
mod install;
mod jobs;
mod keys;
mod machines;
mod outside;
mod reconnect;
mod registry;
mod round_trips;
mod routes;
mod serve;
mod sshd_kinds;
mod store;
mod survival;
mod terminal;
mod terminal_attach;
mod terminal_cli;
mod terminal_open;
mod transfers;
mod tries;
mod watches;
