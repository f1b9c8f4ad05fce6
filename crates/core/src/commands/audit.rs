//! `!audit`: who asked for what, why, and what became of it. It is the list of Plans: nothing acts without one.

use serde_json::Value;

use super::{Access, Command, Decision, Failure, Subject, World, facts::FileKind, jobs::in_a_line};
use crate::{
    keeping::not_kept,
    plan::{Outcome, Plan},
    ports::Which,
    reply::{Added, Line, Reply},
    text::{
        duration::date,
        number::counted,
        target::{RoomTarget, UserTarget},
    },
};

/// Show what was asked of me, by whom, why, and what became of it
#[derive(clap::Args, Debug)]
#[command(override_usage = "!audit [@user|room|text] [--limit <number>] [--file[=csv|json]]")]
pub(super) struct Audit {
    /// Only what concerns this moderator, room or text
    #[arg(value_name = "who or what")]
    about: Vec<String>,
    /// How many jobs
    #[arg(long, value_name = "number", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Attach all of them as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

/// Jobs, newest first, and whether they are all that there ever were.
pub(super) struct Facts {
    plans: Vec<Plan>,
    are_all: bool,
}

impl Command for Audit {
    const NAME: &'static str = "audit";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!audit @mod:example.org";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let plans = world.records.plans(&Which { about: self.about(world).await?, ..Which::default() })?;
        Ok(Facts { plans, are_all: world.records.forgotten()?.plans == 0 })
    }

    fn decide(self, Facts { plans, are_all }: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let older = || not_kept("Older jobs are not kept", world.settings);
        if plans.is_empty() {
            let line = match (self.about.is_empty(), are_all) {
                (true, true) => Line::new().text("Nothing was asked of me yet."),
                (true, false) => Line::new().text("Nothing was asked of me lately."),
                (false, _) => {
                    Line::new().text("I know of nothing about ").user(self.about.join(" ")).text(".")
                }
            };
            let line = if are_all { line } else { line.text(" ").append(older()) };
            return Ok(Decision::Answer(Reply::new().paragraph(line)));
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let hidden = plans.len().saturating_sub(limit);
        let jobs = if hidden == 1 { "job" } else { "jobs" };
        let reply = Reply::new()
            .list(plans.iter().take(limit).map(|plan| in_a_line(plan, world)))
            .more(hidden, format!("{jobs}; --limit or --file shows more"));
        // The end of the list is not where it all began.
        let is_whole = hidden == 0 || self.file.is_some();
        let reply = if is_whole && !are_all { reply.paragraph(older()) } else { reply };
        let Some(kind) = self.file else { return Ok(Decision::Answer(reply)) };
        let mut table = kind.table("audit", HEADERS);
        let is_cut = plans.iter().flat_map(rows).any(|row| table.add(row.map(Value::from)) == Added::Full);
        let reply = if is_cut {
            let rows = counted(table.rows(), "step");
            reply.paragraph(format!("The file is as large as it may be: it has the newest {rows} only."))
        } else {
            reply
        };
        Ok(Decision::Answer(reply.attach(table.finish())))
    }
}

impl Audit {
    /// What to look for: the ID, where a link or an alias was given.
    async fn about(&self, world: &World<'_>) -> Result<Option<String>, Failure> {
        let about = self.about.join(" ");
        Ok(match (about.parse::<UserTarget>(), about.parse::<RoomTarget>()) {
            _ if about.is_empty() => None,
            (Ok(UserTarget(user)), _) => Some(user.to_string()),
            (_, Ok(RoomTarget::Id(room))) => Some(room.to_string()),
            (_, Ok(RoomTarget::Alias(alias))) => {
                // A room that was shut down has lost its alias; the command may still name it.
                let room = world.leads_to(&alias).await?;
                Some(room.map_or_else(|| alias.to_string(), |room| room.to_string()))
            }
            _ => Some(about),
        })
    }
}

const HEADERS: &[&str] = &[
    "job",
    "asked_at",
    "asked_by",
    "command",
    "because",
    "state",
    "decided_by",
    "changed_at",
    "step",
    "room",
    "outcome",
];

/// A row for each step.
fn rows(plan: &Plan) -> impl Iterator<Item = [String; 11]> {
    plan.steps.iter().enumerate().map(|(n, planned)| {
        let outcome = match &planned.outcome {
            None => String::new(),
            Some(Outcome::Done { effect }) => serde_json::json!(effect).to_string(),
            Some(Outcome::Failed { why, .. }) => format!("failed: {why}"),
            Some(Outcome::Stopped { by }) => format!("not begun: {by} stopped the job"),
        };
        [
            plan.id.to_string(),
            date(plan.asked_at),
            plan.asked_by.to_string(),
            plan.typed.clone(),
            plan.because.clone().unwrap_or_default(),
            plan.state.word().to_owned(),
            plan.decided_by.as_ref().map(ToString::to_string).unwrap_or_default(),
            date(plan.changed_at),
            n.to_string(),
            planned.step.target(),
            outcome,
        ]
    })
}
