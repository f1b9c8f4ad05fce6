//! What commands ask of the bot's own process.

use std::time::Duration;

use crate::ports::LogLevel;

/// What is asked of the bot's own process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuning {
    /// How much is logged.
    Logging,
    /// To log so much for a time.
    LogFor {
        /// How much.
        level: LogLevel,
        /// For how long.
        time: Duration,
    },
    /// To read the configuration again.
    Reload,
}
