//! `!job`: one job in full.

use serde_json::{Value, json};

use super::{Access, Command, Decision, Failure, Subject, World, facts::FileKind};
use crate::{
    execute::{Server, report, report_in_full},
    keeping::job_not_kept,
    lasting::LastWords,
    plan::{Outcome, Plan, PlanId, PlanState, PlannedStep},
    ports::Records,
    reply::{Added, Line, Reply, Table},
    text::{duration::date, number::counted},
};

/// Show one job: who asked, what was done, how it stands
///
/// A file has every step of it; one in JSON has as well what I kept of the rooms before I changed them: state, members
/// of this server, aliases, reports.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!job <job> [--file[=csv|json]]")]
pub(super) struct Job {
    /// The number of the job
    #[arg(value_name = "job", value_parser = number)]
    job: PlanId,
    /// Attach every step as a file
    #[arg(long, value_name = "csv|json", num_args = 0..=1, require_equals = true, default_missing_value = "csv")]
    file: Option<FileKind>,
}

pub(super) struct Facts {
    plan: Plan,
    undone_by: Option<PlanId>,
    /// The later job that has the last word on all that this one did for a time.
    passed_to: Option<PlanId>,
    file: Option<Table>,
}

/// From so many steps on, a message may not show all of them.
const MANY: usize = 20;

impl Command for Job {
    const NAME: &'static str = "job";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!job 12";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        let plan = job(world, self.job)?;
        let undone_by = world.records.undone_by(self.job)?;
        let file = self.file.map(|kind| steps(&plan, kind, world.records)).transpose()?;
        let passed_to = match plan.lasts_until() {
            Some(_) => LastWords::read(world.records, None)?.all_passed_to(&plan),
            None => None,
        };
        Ok(Facts { plan, undone_by, passed_to, file })
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        let Facts { plan, undone_by, passed_to, file } = facts;
        let mut reply = match plan.state {
            PlanState::Running | PlanState::Done => report_in_full(&plan, passed_to),
            PlanState::Proposed | PlanState::Cancelled | PlanState::Expired => Reply::new()
                .paragraph(Line::new().strong(format!(
                    "Job {}: {} – {}",
                    plan.id,
                    plan.command,
                    plan.state.word()
                )))
                .list(plan.steps.iter().map(|planned| planned.step.describe())),
        };
        reply = reply
            .fact(
                "Asked by",
                Line::new().code(plan.asked_by.as_str()).text(format!(", {}", date(plan.asked_at))),
            )
            .fact("Command", Line::new().user(&plan.typed));
        if plan.state == PlanState::Proposed && world.settings.is_for_another(&plan, world.lookup.me()) {
            let line = Line::new().text("another moderator than ").code(plan.asked_by.as_str());
            reply = reply.fact("Waits for", line.text(" (").code("safety.second_moderator").text(")"));
        }
        if let Some(by) = &plan.decided_by {
            reply = reply.fact("Decided by", Line::new().code(by.as_str()));
        }
        reply = reply.fact("Last change", Line::new().text(date(plan.changed_at)));
        if let Some(undone_by) = undone_by {
            reply = reply.fact("Undone by", Line::new().text(format!("job {undone_by}")));
        }
        let of = plan.steps.len() as u64;
        if let Some(file) = file {
            let rows = file.rows();
            if rows < of {
                reply = reply.paragraph(format!(
                    "The file is as large as it may be: it has the first {rows} of {}.",
                    counted(of, "step")
                ));
            }
            reply = reply.attach(file.finish());
        } else if plan.steps.len() > MANY {
            let line = Line::new().text("Every step: ").code(format!("!job {} --file", plan.id));
            reply = reply.paragraph(line.text("."));
        }
        Ok(Decision::Answer(reply))
    }
}

const HEADERS: &[&str] = &["step", "what", "room", "name", "alias", "state", "outcome", "effect"];
const HEADERS_KEPT: &[&str] =
    &["step", "what", "room", "name", "alias", "state", "outcome", "effect", "kept"];

/// Every step, as far as a file goes. As JSON with what was kept of its room, read for one step after the other: it may
/// be large.
fn steps(plan: &Plan, kind: FileKind, records: &dyn Records) -> Result<Table, Failure> {
    let name = format!("job-{}", plan.id);
    let mut table = match kind {
        FileKind::Csv => kind.table(&name, HEADERS),
        FileKind::Json => kind.table(&name, HEADERS_KEPT),
    };
    let heading = Plan { steps: Vec::new(), ..plan.clone() };
    for (n, planned) in plan.steps.iter().enumerate() {
        let mut row = row(&heading, n, planned);
        if kind == FileKind::Json {
            row.push(json!(records.kept(plan.id, n)?));
        }
        if table.add(row) == Added::Full {
            break;
        }
    }
    Ok(table)
}

/// A step, in the order of [`HEADERS`].
fn row(heading: &Plan, n: usize, planned: &PlannedStep) -> Vec<Value> {
    let room = planned.step.room_ref();
    let (state, effect) = match (&planned.outcome, &planned.state) {
        (Some(Outcome::Done { effect }), _) => ("done", Some(effect)),
        (Some(Outcome::Failed { .. }), _) => ("failed", None),
        (Some(Outcome::Stopped { .. }), _) => ("stopped", None),
        (None, Some(_)) => ("at work", None),
        (None, None) => ("not begun", None),
    };
    vec![
        json!(n),
        json!(Reply::text(planned.step.describe()).render().text),
        json!(room.map(|room| &room.id)),
        json!(room.and_then(|room| room.name.as_ref())),
        json!(room.and_then(|room| room.alias.as_ref())),
        json!(state),
        json!(planned.outcome.is_some().then(|| in_words(heading, planned))),
        json!(effect),
    ]
}

/// What the report on a job of this step alone says of it, below its heading.
fn in_words(heading: &Plan, planned: &PlannedStep) -> String {
    let said = report(&Plan { steps: vec![planned.clone()], ..heading.clone() }, Server::There)
        .blocks
        .into_iter()
        .skip(1)
        .take(1);
    Reply { blocks: said.collect(), ..Reply::default() }.render().text
}

/// A job's number, with or without a `#`.
pub(super) fn number(word: &str) -> Result<PlanId, String> {
    let number = word.trim_start_matches('#').parse().ok();
    // The database counts up to here; nobody else does.
    number
        .filter(|number| (1..=i64::MAX.unsigned_abs()).contains(number))
        .ok_or_else(|| "A job is given by its number, such as 12. !jobs lists them.".to_owned())
}

/// The job of a number. Refused when there is none.
pub(super) fn job(world: &World<'_>, id: PlanId) -> Result<Plan, Failure> {
    if let Some(plan) = world.records.plan(id)? {
        return Ok(plan);
    }
    let line = match job_not_kept(world.records, world.settings, id)? {
        Some(line) => line.text(" ").code("!audit").text(" lists those that are."),
        None => Line::new()
            .text(format!("There is no job {id}. "))
            .code("!jobs")
            .text(" lists those under way, ")
            .code("!audit")
            .text(" all of them."),
    };
    Err(Failure::told(line))
}
