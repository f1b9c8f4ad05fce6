//! What was done for a time is undone when that time is over: as a Plan of its own, once, also after a restart.

use tracing::info;

use super::Desk;
use crate::{
    lasting::LastWords,
    plan::{Origin, Plan, PlanState, PlannedStep, Snapshots, Undoes, Wanted},
    ports::{Change, StoreError, in_turn},
    text::clean::clean,
};

impl Desk {
    /// Undoes what was to last until now.
    pub(super) fn end_what_is_over(&self) -> Result<(), StoreError> {
        in_turn(&*self.store, || self.end_now())
    }

    fn end_now(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let over = self.store.lasting()?.into_iter().filter(|plan| plan.lasts_until() <= Some(now));
        let over: Vec<Plan> = over.collect();
        if over.is_empty() {
            return Ok(());
        }
        let words = LastWords::read(self.store.as_records(), None)?;
        for over in over {
            // What a later job is about to do may come to nothing: then it is this one's to end after all.
            if over.steps.iter().any(|planned| words.is_being_passed(over.id, planned)) {
                continue;
            }
            // What a later job did again, or undid, is not this one's to end.
            let mut own = over.clone();
            own.steps.retain(|planned| !words.is_passed(over.id, planned));
            // No room is shut down for a time, so nothing that was kept is needed.
            let steps = own.reverses(&Snapshots::new(), self.lookup.me(), Wanted::Same).steps;
            let id = self.store.next_plan_id()?;
            info!(plan = id, of = over.id, "the time of a plan is over");
            // One without steps is done at once, and keeps this from being looked at again and again.
            let plan = Plan {
                id,
                origin: Origin::Ending(over.id),
                command: "end".to_owned(),
                typed: format!("end of {}", clean(&over.typed, 500)),
                asked_by: over.asked_by,
                asked_at: now,
                because: over.because,
                undoes: Some(Undoes::one(over.id, steps.len())),
                case: over.case,
                lasts: None,
                state: PlanState::Running,
                decided_by: over.decided_by,
                changed_at: now,
                expires_at: now,
                steps: steps.into_iter().map(PlannedStep::from).collect(),
            };
            self.commit(vec![Change::Plan(Box::new(plan))])?;
            self.bells.confirmed.notify_one();
        }
        Ok(())
    }
}
