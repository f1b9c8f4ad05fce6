//! Stopping a job that is at work: what it has begun is finished, and nothing else is begun.

use ruma::UserId;

use super::{Desk, Handled, ended, say_to};
use crate::{
    plan::{Plan, PlanId, PlanState, Step, StepState},
    ports::{Change, InboxEvent, StoreError, in_turn},
    reply::{Line, Reply},
    speech::YES,
};

impl Desk {
    /// A moderator does not want what a report tells. It is no question when the job is over.
    pub(super) async fn stop_reported(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: PlanId,
    ) -> Result<Handled, StoreError> {
        match self.plan(id)? {
            Some(plan) if plan.state == PlanState::Running => self.stop(event, sender, &plan).await,
            _ => self.done(event, Vec::new(), Handled::Ignored),
        }
    }

    /// Whoever may do something may stop it.
    pub(super) async fn stop(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        plan: &Plan,
    ) -> Result<Handled, StoreError> {
        let steps: Vec<Step> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
        match self.may_all(sender, &plan.command, &steps).await {
            Ok(()) => in_turn(&*self.store, || self.stop_now(event, sender, plan.id)),
            Err(failure) => self.fail(event, failure),
        }
    }

    /// As the job is now: it went on while the rights were asked for.
    fn stop_now(&self, event: &InboxEvent, sender: &UserId, id: PlanId) -> Result<Handled, StoreError> {
        let Some(plan) = self.plan(id)?.filter(Plan::can_be_stopped) else {
            return self.refuse(event, &too_late(self.plan(id)?.as_ref(), id));
        };
        let line =
            Line::new().text(format!("Job {id} ({}) is stopped by ", plan.command)).code(sender.as_str());
        let line = line
            .text(". What it has begun it finishes; it begins nothing else. Its report says what was done.");
        let stop = Change::Stop { plan: id, by: sender.to_owned() };
        let changes = [stop, say_to(event, &Reply::text(line))].into_iter().chain(ended(event, YES));
        self.done(event, changes.collect(), Handled::Cancelled(id))
    }
}

/// Why there is nothing to stop.
fn too_late(plan: Option<&Plan>, id: PlanId) -> Reply {
    let is_marked = |plan: &Plan| {
        plan.steps.iter().any(|planned| matches!(planned.state, Some(StepState::Stopped { .. })))
    };
    let words = match plan {
        Some(plan) if plan.state == PlanState::Running && is_marked(plan) => "is being stopped already.",
        Some(plan) if plan.state == PlanState::Running => {
            "has begun the last of what it has to do, and finishes that. Afterwards it can be undone, as far as that is possible."
        }
        _ => "has ended already.",
    };
    Reply::text(Line::new().text(format!("Job {id} {words} ")).code(format!("!job {id}")).text(" shows it."))
}
