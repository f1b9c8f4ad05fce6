//! Which Plans a Plan puts right: one, or all that somebody asked for in some time.

use serde::{Deserialize, Serialize};

use super::{Plan, PlanId, PlanState, PlannedStep, Step};
use crate::reply::Line;

/// What a Plan puts right, and what of that it leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undoes {
    /// The Plans, the newest first; never empty in a Plan.
    pub jobs: Vec<Undone>,
    /// What stays as it is, and why.
    pub stays: Vec<Line>,
}

/// A Plan that another one puts right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Its number.
    pub plan: PlanId,
    /// The steps of the other that are for it, counted from 0. One step can be for several Plans.
    pub steps: Vec<usize>,
}

impl Undoes {
    /// So many Plans are named.
    const NAMED: usize = 5;

    /// One Plan, with all of so many steps.
    pub fn one(plan: PlanId, steps: usize) -> Self {
        Self { jobs: vec![Undone { plan, steps: (0..steps).collect() }], stays: Vec::new() }
    }

    /// “job 12”, “jobs 12, 11 and 9”, “40 jobs”, of those that `is_meant`.
    pub fn words(&self, is_meant: impl Fn(PlanId) -> bool) -> String {
        let ids: Vec<String> =
            self.jobs.iter().filter(|job| is_meant(job.plan)).map(|job| job.plan.to_string()).collect();
        match &ids[..] {
            [] => "nothing".to_owned(),
            [only] => format!("job {only}"),
            [first @ .., last] if ids.len() <= Self::NAMED => format!("jobs {} and {last}", first.join(", ")),
            _ => format!("{} jobs", ids.len()),
        }
    }
}

impl Plan {
    /// Whether it puts a Plan right, or is to.
    pub fn puts_right(&self, plan: PlanId) -> bool {
        self.undone(plan).is_some()
    }

    /// Whether it was to put a Plan right and did nothing of that, or nothing that matters: a room that nobody is back in is
    /// not restored by being open.
    pub fn failed_to_undo(&self, plan: PlanId) -> bool {
        self.state == PlanState::Done
            && self.steps_for(plan).next().is_some()
            && self.right_steps_for(plan).next().is_none()
    }

    /// Its steps that put a Plan right, or are to: not those that failed, or were in vain.
    pub fn right_steps_for(&self, plan: PlanId) -> impl Iterator<Item = &PlannedStep> {
        self.steps_for(plan).filter(|planned| !planned.has_failed() && !self.is_in_vain(&planned.step))
    }

    /// Whether a step only made way for bringing back a room, and that failed.
    pub fn is_in_vain(&self, step: &Step) -> bool {
        let (Step::UnblockRoom { room } | Step::BlockRoom { room }) = step else { return false };
        self.steps.iter().any(|planned| {
            let restored = match &planned.step {
                Step::RestoreRoom { room, .. } => Some(&room.id),
                _ => None,
            };
            planned.has_failed() && restored == Some(&room.id)
        })
    }

    /// Whether it was to put a Plan right and left something of that undone.
    pub fn failed_to_undo_all_of(&self, plan: PlanId) -> bool {
        self.state == PlanState::Done && self.steps_for(plan).any(PlannedStep::has_failed)
    }

    /// Its steps that put a Plan right.
    pub fn steps_for(&self, plan: PlanId) -> impl Iterator<Item = &PlannedStep> {
        let steps = self.undone(plan).into_iter().flat_map(|undone| &undone.steps);
        steps.filter_map(|n| self.steps.get(*n))
    }

    fn undone(&self, plan: PlanId) -> Option<&Undone> {
        self.undoes.as_ref()?.jobs.iter().find(|undone| undone.plan == plan)
    }
}
