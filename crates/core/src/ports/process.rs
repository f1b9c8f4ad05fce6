//! What of the bot's own process can be looked at and changed while it runs. Nothing of it is on the homeserver, so no job
//! comes of it.

use std::time::Duration;

use crate::model::Millis;

/// The bot's own process.
pub trait Process: Send + Sync {
    /// How much is logged now.
    fn logging(&self) -> Logging;
    /// Logs so much for a time, and then again what the configuration says.
    fn log_for(&self, level: LogLevel, time: Duration) -> Logging;
    /// Reads the configuration again and puts in force what can be changed without a restart: all of it, or nothing when
    /// the file cannot be used. The error says what is wrong with the file, in words, and has no secret.
    fn reload(&self) -> Result<Reloaded, String>;
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// What keeps the bot from working.
    Error,
    /// What somebody should look at.
    Warn,
    /// What was asked for, and how it went.
    Info,
    /// What was tried.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word for it, as in `log.level`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How much is logged, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// What the configuration says: a level, or several with what they are of.
    pub configured: String,
    /// What is logged instead, and until when.
    pub now: Option<(LogLevel, Millis)>,
}

/// What came of reading the configuration again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What is otherwise now: the key, and how, such as `safety.confirm_over` and `10, was 5`.
    pub changed: Vec<(String, String)>,
    /// The keys that differ from what the bot was started with, and need a restart.
    pub needs_restart: Vec<String>,
}
