//! Which Plans are executed, and until when: all that are confirmed, beside each other, until there is to be an end of it.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinSet};
use tracing::{Instrument as _, debug, error, info};

use super::{Executor, trace};
use crate::{
    model::Millis,
    plan::{Outcome, Plan, PlanId, PlanState},
    ports::Which,
};

impl Executor {
    /// Executes every confirmed Plan, those of an earlier run first, and new ones whenever `confirmed` is notified.
    /// Plans run beside each other; the steps of one Plan run one after the other. Returns after
    /// [`wind_down`](Self::wind_down), when every unit of work in hand is committed. Dropping it breaks those off: what they
    /// did is found out when the Plan goes on.
    pub async fn supervise(self: Arc<Self>, confirmed: Arc<Notify>) {
        let mut tasks = JoinSet::new();
        while !self.is_winding_down() {
            match self.store.plans(&Which { states: vec![PlanState::Running], ..Which::default() }) {
                Ok(plans) => {
                    let mut running = self.running();
                    for plan in plans.into_iter().rev() {
                        if running.insert(plan.id) {
                            let executor = self.clone();
                            tasks.spawn(async move { executor.run_until_done(plan.id).await });
                        }
                    }
                }
                Err(error) => debug!(%error, "cannot read the plans"),
            }
            tokio::select! {
                () = confirmed.notified() => {}
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a plan stopped half-way; it goes on after a restart");
                    }
                }
                () = self.pause(Duration::from_secs(30)) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Begins nothing more: every Plan stops after the unit of work in hand, and goes on when an executor takes it up again.
    pub fn wind_down(&self) {
        self.winding_down.send_replace(true);
    }

    fn running(&self) -> MutexGuard<'_, HashSet<PlanId>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_winding_down(&self) -> bool {
        *self.winding_down.borrow()
    }

    /// The Plans that are being worked on.
    pub fn at_work(&self) -> BTreeSet<PlanId> {
        self.running().iter().copied().collect()
    }

    /// Waits, but not when nothing more is to be begun.
    pub(super) async fn pause(&self, time: Duration) {
        let mut winding_down = self.winding_down.subscribe();
        tokio::select! {
            () = self.clock.sleep(time) => {}
            _ = winding_down.wait_for(|is_so| *is_so) => {}
        }
    }

    async fn run_until_done(&self, id: PlanId) {
        while let Err(error) = self.run(id).instrument(trace::job(id)).await {
            if self.is_winding_down() {
                break;
            }
            debug!(plan = id, %error, "cannot write down how the plan goes; trying again");
            self.pause(Duration::from_secs(5)).await;
        }
        self.running().remove(&id);
    }

    /// Logs how a Plan ended that this process has worked on since a time.
    pub(super) fn log(&self, plan: &Plan, began: Millis) {
        let done =
            plan.steps.iter().filter(|step| step.outcome.as_ref().is_some_and(Outcome::is_done)).count();
        let stopped = plan.steps.iter().filter(|step| step.is_stopped()).count();
        info!(
            plan = plan.id,
            command = plan.command,
            moderator = %plan.asked_by,
            outcome = if stopped > 0 { "stopped" } else { plan.result().word() },
            done,
            failed = plan.steps.len() - done - stopped,
            stopped,
            took_ms = self.clock.now() - began,
            "a job ended"
        );
    }
}
