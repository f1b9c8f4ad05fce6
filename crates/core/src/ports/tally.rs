//! Counting what the database does not remember.

use std::time::Duration;

/// Is told what happens, for who measures. Must not wait for anything.
pub trait Tally: Send + Sync {
    /// A command, or a turned page of its answer, came to its decision: its name, the word for how, and after how long.
    fn command(&self, name: &'static str, outcome: &'static str, took: Duration);
}

/// Counts nothing.
impl Tally for () {
    fn command(&self, _name: &'static str, _outcome: &'static str, _took: Duration) {}
}
