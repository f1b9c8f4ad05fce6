//! `!rules`: what is done about abuse reports without asking: which rules there are, what they make of a case or an event,
//! and what they would have made of past cases.

mod list;
mod replay;
mod trial;

use self::{list::listed, replay::Replay, trial::Trial};
use super::{Access, Command, Decision, Failure, Subject, World, facts::FileKind, sheet::Sheet};
use crate::{
    ports::Hit,
    reply::{Line, Reply},
    rules::reports::Matches,
};

/// Show the rules that react to abuse reports, and try them
///
/// Without arguments, lists the rules of my configuration with what they did in the last 7 days. `test` says, condition by condition, what each rule makes of a case or of any event, reported or not, and what it would do. `replay` weighs the cases of a past time by what I kept of them. Nothing is ever done by this command.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!rules | !rules test <event link|[room] event|case> | !rules replay <time> [--page <number>] [--file[=csv|json]]"
)]
pub(super) struct Rules {
    /// Whether to try the rules on one thing, or on past cases
    #[arg(value_name = "test|replay", ignore_case = true)]
    what: Option<What>,
    /// For `test`, a link to an event, its ID, its room and its ID, or the number of a case; for `replay`, how far back, such as 7d
    #[arg(value_name = "event|case|time", num_args = 1..=2)]
    of: Vec<String>,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Attach what `replay` found as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum What {
    Test,
    Replay,
}

pub(super) enum Facts {
    /// What the rules did in the last days.
    Hits(Vec<Hit>),
    Trial(Box<Trial>),
    Replay(Replay),
}

/// How many lines a page shows.
const SHOWN: usize = 60;

impl Command for Rules {
    const NAME: &'static str = "rules";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!rules replay 7d";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        if world.settings.rules.list.is_empty() {
            return Err(Failure::told(
                Line::new()
                    .text("There are no rules: I do nothing about reports by myself. They are written in my configuration, as ")
                    .code("[[reports.rules]]")
                    .text("; config.toml.example says how."),
            ));
        }
        match self.what {
            None => Ok(Facts::Hits(world.records.hits(world.now.saturating_sub(list::SPAN))?)),
            Some(_) if self.of.is_empty() => Err(Failure::told(
                Line::new()
                    .text("What of? Such as ")
                    .code("!rules test 12")
                    .text(" for a case, or ")
                    .code("!rules replay 7d")
                    .text("."),
            )),
            Some(What::Test) => Ok(Facts::Trial(Box::new(trial::gather(world, &self.of).await?))),
            Some(What::Replay) => Ok(Facts::Replay(replay::gather(world, &self.of)?)),
        }
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let rules = &world.settings.rules;
        let which = match rules.matches {
            Matches::First => "Of those that match a case, the first acts.",
            Matches::All => "All that match a case act.",
        };
        let (heading, lines, tail, table) = match facts {
            Facts::Hits(hits) => {
                let tail =
                    format!("{which} They do {} things an hour at most without asking.", rules.per_hour);
                (list::heading(rules), listed(rules, &hits), tail, None)
            }
            Facts::Trial(trial) => {
                let lines = trial.lines(rules);
                (trial.heading(), lines, format!("{which} Nothing was done."), None)
            }
            Facts::Replay(replay) => {
                let table = self.file.map(|kind| replay.table(kind, rules));
                let tail = format!("{which} Nothing was done.");
                (replay.heading(), replay.lines(rules), tail, table)
            }
        };
        let sheet = Sheet::of(lines, world.at, self.page, SHOWN)?;
        let reply = Reply::new()
            .paragraph(heading.text(format!("{}:", sheet.words())))
            .list(sheet.lines.clone())
            .paragraph(tail);
        Ok(match table {
            Some(table) => Decision::Answer(reply.attach(table.finish())),
            None => sheet.decide(reply),
        })
    }
}
