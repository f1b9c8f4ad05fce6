//! `!log`: how much is logged, and changing that for a time.

use std::time::Duration;

use super::{Access, Command, Decision, Failure, Subject, Tuning, World};
use crate::{ports::LogLevel, reply::Line, text::duration::parse_duration};

/// Log more or less for a time, or tell how much I log
///
/// Without a duration for 10 minutes, at most for a day; then what my configuration says counts again, and a restart ends it as well.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!log [error|warn|info|debug|trace] [duration]")]
pub(super) struct Log {
    /// How much
    #[arg(value_name = "error|warn|info|debug|trace", hide_possible_values = true)]
    level: Option<LogLevel>,
    /// For how long, such as 30m
    #[arg(value_name = "duration", value_parser = parse_duration)]
    time: Option<Duration>,
}

/// For how long, if nothing is said.
const USUALLY: Duration = Duration::from_mins(10);
/// For how long at most.
const LONGEST: Duration = Duration::from_hours(24);

impl Command for Log {
    const NAME: &'static str = "log";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!log debug 30m";
    type Facts = ();

    async fn gather(&self, _world: &World<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn decide(self, (): (), _world: &World<'_>) -> Result<Decision, Failure> {
        let Some(level) = self.level else { return Ok(Decision::Tune(Tuning::Logging)) };
        let time = self.time.unwrap_or(USUALLY);
        if time.is_zero() || time > LONGEST {
            let line = Line::new().text("Give a time of up to 24 hours, like ");
            return Err(Failure::told(line.code("!log debug 30m").text(".")));
        }
        Ok(Decision::Tune(Tuning::LogFor { level, time }))
    }
}
