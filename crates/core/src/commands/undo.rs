//! `!undo`: put a finished job right, as far as its steps can be reversed.

use super::{Access, Acting, Command, Decision, Draft, Failure, Subject, World, job::no_such_job};
use crate::{
    plan::{Origin, Plan, PlanId, PlanState},
    ports::{Records, StoreError, Which},
    reply::{Line, Reply},
};

/// Put a finished job right, as far as that is possible
#[derive(clap::Args, Debug)]
#[command(override_usage = "!undo <job|last> [--dry-run] [--yes]")]
pub(super) struct Undo {
    /// The number of the job, or `last` for your own last one
    #[arg(value_name = "job|last", value_parser = target)]
    target: Target,
    #[command(flatten)]
    acting: Acting,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Last,
    Job(PlanId),
}

fn target(word: &str) -> Result<Target, String> {
    match word.to_lowercase().as_str() {
        "last" => Ok(Target::Last),
        _ => super::job::number(word).map(Target::Job),
    }
}

pub(super) struct Facts {
    plan: Plan,
    undone_by: Option<PlanId>,
    /// What was done after it, newest first.
    later: Vec<Plan>,
}

impl Command for Undo {
    const NAME: &'static str = "undo";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!undo 12";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        let records = world.records;
        let plan = match self.target {
            Target::Job(id) => records.plan(id)?.ok_or_else(|| no_such_job(id))?,
            Target::Last => {
                // One that is still at work is the last one too: going past it would undo something else.
                let states = vec![PlanState::Proposed, PlanState::Running, PlanState::Done];
                let plans = records.plans(&Which { states, ..Which::default() })?;
                plans
                    .into_iter()
                    .find(|plan| plan.asked_by == world.asker && is_somebodys_own(plan))
                    .ok_or_else(|| Failure::told(Line::new().text("You have no job that I could undo.")))?
            }
        };
        let states = vec![PlanState::Running, PlanState::Done];
        let later = records.plans(&Which { states, ..Which::default() })?;
        Ok(Facts {
            undone_by: undone_by(records, plan.id)?,
            later: later.into_iter().filter(|other| other.id > plan.id && !other.has_failed()).collect(),
            plan,
        })
    }

    fn decide(
        self,
        Facts { plan, undone_by, later }: Facts,
        _world: &World<'_>,
    ) -> Result<Decision, Failure> {
        if let Some(by) = undone_by {
            return Err(told(format!("Job {} was undone by job {by} already.", plan.id)));
        }
        match plan.state {
            PlanState::Done => {}
            PlanState::Running => {
                return Err(told(format!(
                    "Job {} is at work. Wait until it is done; !job {0} shows how it stands.",
                    plan.id
                )));
            }
            PlanState::Proposed => {
                return Err(told(format!("Job {} has not begun. !cancel {0} drops it.", plan.id)));
            }
            PlanState::Cancelled | PlanState::Expired => {
                return Err(told(format!("Job {} was never done: it is {}.", plan.id, plan.state.word())));
            }
        }
        let (steps, cannot) = plan.reverses();
        if steps.is_empty() {
            let reply = Reply::new()
                .paragraph(Line::new().text(format!("There is nothing of job {} that I can undo.", plan.id)));
            return Err(Failure::Told(Box::new(if cannot.is_empty() { reply } else { reply.list(cannot) })));
        }
        let caution = later
            .iter()
            .find(|other| {
                other.steps.iter().any(|theirs| steps.iter().any(|ours| ours.lane() == theirs.step.lane()))
            })
            .map(|other| {
                let what = if steps[0].room_ref().is_some() { "room" } else { "target" };
                format!("Job {} ({}) came later and is about the same {what}.", other.id, other.command)
            });
        // Where nothing is asked the preview is not shown.
        let so_far = if plan.cannot_be_undone_wholly() { ", as far as it can be" } else { "" };
        let mut preview = Reply::new()
            .paragraph(Line::new().text(format!("To undo job {}:", plan.id)))
            .list(steps.iter().map(crate::plan::Step::describe));
        if !cannot.is_empty() {
            preview = preview.paragraph(Line::new().text("Left as it is:")).list(cannot);
        }
        Ok(Decision::Propose(Box::new(Draft {
            steps,
            because: Some(format!("undo of job {}{so_far}", plan.id)),
            preview,
            undoes: Some(plan.id),
            case: plan.case,
            lasts: None,
            caution,
            acting: self.acting,
        })))
    }
}

/// Whether somebody asked for it in so many words: an undo is not what is meant by the last thing, nor is telling reporters
/// what came of a case, which cannot be taken back.
fn is_somebodys_own(plan: &Plan) -> bool {
    plan.undoes.is_none() && !matches!(plan.origin, Origin::Outcome(_))
}

/// The Plan that undid another, or is about to. One that failed in every step undid nothing.
pub(super) fn undone_by(records: &dyn Records, id: PlanId) -> Result<Option<PlanId>, StoreError> {
    let Some(by) = records.undone_by(id)? else { return Ok(None) };
    Ok((!records.plan(by)?.as_ref().is_some_and(Plan::has_failed)).then_some(by))
}

fn told(sentence: String) -> Failure {
    Failure::told(Line::new().text(sentence))
}
