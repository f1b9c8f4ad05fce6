//! Gleipnir, a moderation bot for Matrix homeservers: the shell around [`gleipnir_core`]. It reads the configuration,
//! connects, keeps the database, carries events in and messages out, and decides nothing about moderation.

mod backup;
mod check;
pub mod cli;
mod clock;
pub mod config;
mod deliver;
mod disk;
#[cfg(test)]
mod docs;
mod event_loop;
mod homeserver;
mod http;
mod intake;
mod management;
mod mas;
mod outages;
mod setup;
pub mod store;

pub use crate::event_loop::{Ended, run};
