//! Stopping a job that is at work: what it has begun is finished, and nothing else is begun.

use ruma::UserId;

use super::{Desk, Handled, ended, say_to};
use crate::{
    plan::{Origin, Plan, PlanId, PlanState, Step},
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
        let stop = Change::Stop { plan: id, by: sender.to_owned(), at: self.clock.now() };
        let changes = [stop, say_to(event, &Reply::text(line))].into_iter().chain(ended(event, YES));
        self.done(event, changes.collect(), Handled::Stopped(id))
    }
}

/// Why there is nothing to stop.
fn too_late(plan: Option<&Plan>, id: PlanId) -> Reply {
    let line = Line::new().text(format!("Job {id} "));
    let shows = |line: Line| line.code(format!("!job {id}")).text(" shows it.");
    let Some(plan) = plan.filter(|plan| plan.state == PlanState::Running) else {
        return Reply::text(shows(line.text("has ended already. ")));
    };
    Reply::text(match &plan.origin {
        Origin::Outcome(_) => shows(line.text("tells reporters what was decided, and is not stopped. ")),
        _ if plan.undoes.is_some() => {
            let line = line.text("puts something right, and that is not left half-way. When it has ended, ");
            line.code(format!("!undo {id}")).text(" takes it back.")
        }
        _ if plan.is_stopped() => shows(line.text("is being stopped already. ")),
        _ => {
            let line =
                line.text("is at the last of what it has to do, and finishes that. When it has ended, ");
            line.code(format!("!undo {id}")).text(" puts right what can be put right.")
        }
    })
}
