//! `!jobs`: what is under way.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::{
    plan::{Origin, Plan, PlanState},
    ports::Which,
    reply::{Line, Reply},
    text::duration::date,
};

/// List the jobs that wait for a confirmation, and those at work
#[derive(clap::Args, Debug)]
pub(super) struct Jobs {}

impl Command for Jobs {
    const NAME: &'static str = "jobs";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!jobs";
    type Facts = Vec<Plan>;

    async fn gather(&self, world: &World<'_>) -> Result<Vec<Plan>, Failure> {
        let states = vec![PlanState::Proposed, PlanState::Running];
        Ok(world.records.plans(&Which { states, ..Which::default() })?)
    }

    fn decide(self, plans: Vec<Plan>, world: &World<'_>) -> Result<Decision, Failure> {
        if plans.is_empty() {
            return Ok(Decision::Answer(Reply::new().paragraph(
                Line::new().text("Nothing is under way. ").code("!audit").text(" shows what was done."),
            )));
        }
        Ok(Decision::Answer(Reply::new().list(plans.iter().map(|plan| in_a_line(plan, world)))))
    }
}

/// Number, state, command, who and when.
pub(super) fn in_a_line(plan: &Plan, world: &World<'_>) -> Line {
    let state = match plan.state {
        PlanState::Proposed if world.settings.is_for_another(plan, world.lookup.me()) => {
            "waits for another moderator than who asked".to_owned()
        }
        PlanState::Proposed => "waits for a confirmation".to_owned(),
        PlanState::Running => {
            let how = if plan.is_stopped() { "stopping" } else { "at work" };
            let done = plan.steps.iter().filter(|step| step.outcome.is_some() && !step.is_stopped()).count();
            match plan.steps.len() {
                1 => how.to_owned(),
                steps => format!("{how} ({done} of {steps} steps)"),
            }
        }
        PlanState::Done if plan.is_stopped() => {
            let done = plan.steps.iter().filter(|planned| !planned.has_failed()).count();
            format!("stopped ({done} of {} steps)", plan.steps.len())
        }
        PlanState::Done => match plan.result() {
            crate::plan::PlanResult::Done => "done",
            crate::plan::PlanResult::Partly => "partly done",
            crate::plan::PlanResult::Failed => "failed",
        }
        .to_owned(),
        state => state.word().to_owned(),
    };
    let line = Line::new().strong(format!("{}", plan.id)).text(format!(" {} {state}: ", date(plan.asked_at)));
    let line = match plan.steps.as_slice() {
        [only] => line.append(only.step.describe()),
        steps => {
            let line = steps.first().map_or(line.clone(), |first| line.append(first.step.describe()));
            line.text(format!(" and {} more", steps.len().saturating_sub(1)))
        }
    };
    let line = match &plan.origin {
        Origin::Rule { rule, .. } => line.text(", by the rule ").user(rule),
        _ => line.text(", asked by ").code(plan.asked_by.as_str()),
    };
    match &plan.because {
        Some(because) => line.text(", because ").user(because),
        None => line,
    }
}
