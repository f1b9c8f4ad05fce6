//! How several jobs are put right by one: every change is taken back once, to what it was before the oldest of them, unless
//! somebody else has had the last word on it.

use std::{
    cmp::Reverse as Descending,
    collections::{BTreeSet, HashMap, HashSet},
};

use ruma::UserId;

use crate::{
    model::Millis,
    plan::{
        Effect, Origin, Outcome, Plan, PlanId, PlanState, PlannedStep, Reverse, Snapshots, Step, Undoes,
        Undone, Wanted, without_double_blocks,
    },
    reply::Line,
};

/// One change that takes something back.
pub(super) struct Put {
    /// The change.
    pub(super) step: Step,
    /// The jobs that it puts right, newest first: all changed the same.
    pub(super) jobs: Vec<PlanId>,
    /// What the newest of them did.
    newest: Step,
}

/// Something that is left as it is.
pub(super) struct Stay {
    /// The job that did it.
    pub(super) job: PlanId,
    /// Why.
    pub(super) why: Line,
}

/// What becomes of what several jobs did.
#[derive(Default)]
pub(super) struct Together {
    /// What is done, in this order.
    pub(super) puts: Vec<Put>,
    /// What is left as it is.
    pub(super) stays: Vec<Stay>,
    /// The jobs of which something was put right already.
    pub(super) righted: BTreeSet<PlanId>,
}

impl Together {
    /// Takes back what those of all jobs did that are meant. `plans` are in any order; `kept` is what was kept of rooms that
    /// they shut down, `me` the bot.
    pub(super) fn of(
        plans: &[Plan],
        is_meant: impl Fn(&Plan) -> bool,
        kept: &Snapshots,
        me: &UserId,
    ) -> Self {
        let mut order: Vec<&Plan> =
            plans.iter().filter(|plan| matches!(plan.state, PlanState::Running | PlanState::Done)).collect();
        order.sort_by_key(|plan| Descending((ended(plan), plan.id)));
        let mut together = Self::default();
        let is_over = |plan: &&Plan| plan.state == PlanState::Done && is_meant(plan);
        let restored = restored(&plans.iter().filter(is_over).collect::<Vec<_>>());
        // By whom the last word on something was said, and which change takes it back.
        let (mut last, mut switches) = (HashMap::<String, &Plan>::new(), HashMap::<String, usize>::new());
        for plan in order {
            if plan.state == PlanState::Done && is_meant(plan) {
                for (n, planned) in plan.steps.iter().enumerate().rev() {
                    if restored.contains(&(plan.id, n)) {
                        together.righted.insert(plan.id);
                        continue;
                    }
                    let Some(Outcome::Done { effect }) = &planned.outcome else { continue };
                    let reverse = match planned.step.reverse(effect) {
                        Reverse::By(step) => Ok(vec![step]),
                        Reverse::Restore(shut) => shut.restore(kept.get(&(plan.id, n)), me, Wanted::Same),
                        Reverse::Cannot(why) => Err(why),
                        Reverse::Nothing(_) => continue,
                    };
                    match reverse {
                        Ok(steps) => together.take_back(plan, planned, steps, &last, &mut switches),
                        Err(why) => together.stays.push(Stay { job: plan.id, why }),
                    }
                }
            } else {
                let has_word = |planned: &&PlannedStep| speaks(planned) && !plan.is_in_vain(&planned.step);
                for matter in plan.steps.iter().filter(has_word).filter_map(matter) {
                    last.entry(matter).or_insert(plan);
                }
            }
        }
        // Who did something and took it back has left nothing to do.
        let (puts, righted): (Vec<_>, Vec<_>) = together.puts.into_iter().partition(|put| {
            put.jobs.len() < 2 || put.step.switch().is_none() || !put.newest.ends_as(&put.step)
        });
        together.puts = puts;
        without_double_blocks(&mut together.puts, |put| &put.step);
        together.righted.extend(righted.into_iter().flat_map(|put| put.jobs));
        together
    }

    fn take_back(
        &mut self,
        plan: &Plan,
        planned: &PlannedStep,
        steps: Vec<Step>,
        last: &HashMap<String, &Plan>,
        switches: &mut HashMap<String, usize>,
    ) {
        // What was made in the place of something else may be what somebody else did something about.
        let mut matters = matter(planned).into_iter().chain(steps.iter().filter_map(Step::matter));
        if let Some(later) = matters.find_map(|matter| last.get(&matter)) {
            if later.puts_right(plan.id) && !later.failed_to_undo(plan.id) {
                self.righted.insert(plan.id);
            } else {
                let why = planned.step.describe();
                let why = why.text(format!(": job {} ({}) of ", later.id, later.command));
                let why = why.code(later.asked_by.as_str()).text(" is about the same, and came later.");
                self.stays.push(Stay { job: plan.id, why });
            }
            return;
        }
        for step in steps {
            self.put(plan, Put { jobs: vec![plan.id], newest: planned.step.clone(), step }, switches);
        }
    }

    fn put(&mut self, plan: &Plan, put: Put, switches: &mut HashMap<String, usize>) {
        let Some(switch) = put.step.switch() else {
            // A room is opened before it is brought back: a block of before must not take the place of that.
            if let Step::RestoreRoom { .. } = &put.step {
                put.step.matter().map(|matter| switches.remove(&matter));
            }
            return self.puts.push(put);
        };
        match switches.get(&switch).map(|n| &mut self.puts[*n]) {
            None => {
                switches.insert(switch, self.puts.len());
                self.puts.push(put);
            }
            Some(newer) => {
                newer.step = from_now(put.step, &newer.step);
                if !newer.jobs.contains(&plan.id) {
                    newer.jobs.push(plan.id);
                }
            }
        }
    }

    /// Leaves out what may not be done, and says why it stays.
    pub(super) fn leave_out(&mut self, why_not: impl Fn(&Step) -> Option<String>) {
        let (stays, puts): (Vec<_>, Vec<_>) = std::mem::take(&mut self.puts)
            .into_iter()
            .map(|put| (why_not(&put.step), put))
            .partition(|(why, _)| why.is_some());
        self.puts = puts.into_iter().map(|(_, put)| put).collect();
        for (why, put) in stays {
            let job = put.jobs.last().copied().unwrap_or_default();
            let why = put.newest.describe().text(": ").name_long(why.unwrap_or_default());
            self.stays.push(Stay { job, why });
        }
    }

    /// The steps of the Plan that does it.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.puts.iter().map(|put| put.step.clone()).collect()
    }

    /// Which jobs that Plan puts right, with which of its steps, and what it leaves.
    pub(super) fn undoes(&self) -> Undoes {
        let ids: BTreeSet<PlanId> = self.puts.iter().flat_map(|put| &put.jobs).copied().collect();
        let steps_for = |id: &PlanId| {
            let steps = self.puts.iter().enumerate().filter(|(_, put)| put.jobs.contains(id));
            steps.map(|(n, _)| n).collect()
        };
        Undoes {
            jobs: ids.iter().rev().map(|id| Undone { plan: *id, steps: steps_for(id) }).collect(),
            stays: self.stays.iter().map(Stay::line).collect(),
        }
    }

    /// The jobs of which something is put right.
    pub(super) fn put_right(&self) -> HashSet<PlanId> {
        self.puts.iter().flat_map(|put| &put.jobs).copied().collect()
    }
}

impl Stay {
    /// “Job 12: …”
    pub(super) fn line(&self) -> Line {
        Line::new().text(format!("Job {}: ", self.job)).append(self.why.clone())
    }
}

/// The step that leads from what holds now to where `older` leads, where `newer` would have come first.
fn from_now(older: Step, newer: &Step) -> Step {
    match (older, newer) {
        (Step::SetPower { room, user, to, .. }, Step::SetPower { was, .. }) => {
            Step::SetPower { room, user, was: *was, to }
        }
        (older, _) => older,
    }
}

/// Of jobs that are all taken back: the shutdowns that one of them undid, and the steps that did so. Together they have left
/// nothing to do.
fn restored(jobs: &[&Plan]) -> HashSet<(PlanId, usize)> {
    let mut found = HashSet::new();
    for undo in jobs {
        for (n, planned) in undo.steps.iter().enumerate() {
            let (Step::RestoreRoom { room, .. }, Some(Outcome::Done { .. })) =
                (&planned.step, &planned.outcome)
            else {
                continue;
            };
            let shut = jobs.iter().filter(|plan| undo.puts_right(plan.id)).flat_map(|plan| {
                let steps = plan.steps.iter().enumerate();
                let is_it =
                    |step: &Step| matches!(step, Step::ShutDownRoom { room: shut, .. } if shut.id == room.id);
                steps.filter(move |(_, planned)| is_it(&planned.step)).map(|(n, _)| (plan.id, n))
            });
            let shut: Vec<_> = shut.collect();
            if shut.is_empty() {
                continue;
            }
            found.extend(shut);
            found.insert((undo.id, n));
            // The block goes with the shutdown.
            let blocks = undo.steps.iter().enumerate().filter(|(_, planned)| match &planned.step {
                Step::BlockRoom { room: other } | Step::UnblockRoom { room: other } => other.id == room.id,
                _ => false,
            });
            found.extend(blocks.map(|(n, _)| (undo.id, n)));
        }
    }
    found
}

/// When a job ended: of two about the same the later one has the last word, whichever was asked for first.
fn ended(plan: &Plan) -> Millis {
    if plan.state == PlanState::Done { plan.changed_at } else { Millis::MAX }
}

/// Whether a step did something, or is about to.
fn speaks(planned: &PlannedStep) -> bool {
    match &planned.outcome {
        None => true,
        Some(Outcome::Done { effect }) => *effect != Effect::ChangedSince,
        Some(Outcome::Failed { .. } | Outcome::Stopped { .. }) => false,
    }
}

fn matter(planned: &PlannedStep) -> Option<String> {
    planned.step.matter().or_else(|| match &planned.outcome {
        // What was made has its name only then.
        Some(Outcome::Done { effect }) => match planned.step.reverse(effect) {
            Reverse::By(step) => step.matter(),
            Reverse::Restore(_) | Reverse::Nothing(_) | Reverse::Cannot(_) => None,
        },
        Some(Outcome::Failed { .. } | Outcome::Stopped { .. }) | None => None,
    })
}

/// Whether somebody asked for it: what ends by itself, nobody did.
pub(super) fn was_asked_for(plan: &Plan) -> bool {
    !matches!(plan.origin, Origin::Ending(_))
}
