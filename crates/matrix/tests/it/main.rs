//! The crate against a real Synapse. Each test starts one, and plays its scenarios on it one after another,
//! each with users of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod attachments;
mod connecting;
mod encrypted;
mod reading;
mod support;
