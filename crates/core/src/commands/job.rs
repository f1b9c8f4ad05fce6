//! `!job`: one job in full.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::{
    execute::report_in_full,
    plan::{Plan, PlanId, PlanState},
    reply::{Line, Reply},
    text::duration::date,
};

/// Show one job: who asked, what was done, how it stands
#[derive(clap::Args, Debug)]
pub(super) struct Job {
    /// The number of the job
    #[arg(value_name = "job", value_parser = number)]
    job: PlanId,
}

impl Command for Job {
    const NAME: &'static str = "job";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!job 12";
    type Facts = (Option<Plan>, Option<PlanId>);

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        Ok((world.records.plan(self.job)?, super::undo::undone_by(world.records, self.job)?))
    }

    fn decide(self, (plan, undone_by): Self::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let Some(plan) = plan else { return Err(no_such_job(self.job)) };
        let mut reply = match plan.state {
            PlanState::Running | PlanState::Done => report_in_full(&plan),
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
        if let Some(by) = &plan.decided_by {
            reply = reply.fact("Decided by", Line::new().code(by.as_str()));
        }
        reply = reply.fact("Last change", Line::new().text(date(plan.changed_at)));
        if let Some(undone_by) = undone_by {
            reply = reply.fact("Undone by", Line::new().text(format!("job {undone_by}")));
        }
        Ok(Decision::Answer(reply))
    }
}

/// A job's number, with or without a `#`.
pub(super) fn number(word: &str) -> Result<PlanId, String> {
    let number = word.trim_start_matches('#').parse().ok();
    // The database counts up to here; nobody else does.
    number
        .filter(|number| (1..=i64::MAX.unsigned_abs()).contains(number))
        .ok_or_else(|| "A job is given by its number, such as 12. !jobs lists them.".to_owned())
}

pub(super) fn no_such_job(id: PlanId) -> Failure {
    Failure::told(
        Line::new()
            .text(format!("There is no job {id}. "))
            .code("!jobs")
            .text(" lists those under way, ")
            .code("!audit")
            .text(" all of them."),
    )
}
