//! The judgement of Gleipnir: what a moderator typed becomes an answer, a refusal or a [`plan::Plan`]; a confirmed
//! Plan is executed step by step. Everything outside is reached through the traits in [`ports`]; nothing here knows
//! the Matrix SDK, HTTP, SQL or the wall clock.

pub mod actions;
pub mod automatic;
pub mod cards;
pub mod commands;
pub mod desk;
pub mod execute;
pub mod feed;
pub mod guard;
pub mod incoming;
pub mod keeping;
mod lasting;
mod limits;
pub mod model;
pub mod outcome;
pub mod plan;
pub mod ports;
mod power;
pub mod reply;
pub mod reports;
mod rights;
pub mod rules;
pub mod speech;
pub mod text;
mod wrote;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use ruma;
