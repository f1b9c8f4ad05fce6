//! Which job has the last word on something that was done for a time. Only that job ends it: what a later one did again,
//! or undid, is no longer the older one's to end.

use std::collections::{BTreeSet, HashMap};

use ruma::UserId;

use crate::{
    model::{MemberChange, Millis},
    plan::{Effect, Outcome, Plan, PlanId, PlanState, PlannedStep, Step, StepState},
    ports::{Records, StoreError, Which},
    reply::Line,
    text::duration::date,
};

/// The job with the last word on each subject of steps ([`Step::subject`]).
#[derive(Default)]
pub(crate) struct LastWords(HashMap<String, PlanId>);

impl LastWords {
    /// Of all jobs, or of those about a user.
    pub(crate) fn read(records: &dyn Records, about: Option<&UserId>) -> Result<Self, StoreError> {
        let states = vec![PlanState::Running, PlanState::Done];
        let about = about.map(ToString::to_string);
        let mut words = HashMap::new();
        for plan in records.plans(&Which { states, about, ..Which::default() })? {
            for subject in plan.steps.iter().filter(|planned| speaks(planned)).filter_map(key) {
                let last = words.entry(subject).or_insert(plan.id);
                *last = plan.id.max(*last);
            }
        }
        Ok(Self(words))
    }

    /// Whether what a step of a job did was done again, or undone, by a later one.
    pub(crate) fn is_passed(&self, plan: PlanId, planned: &PlannedStep) -> bool {
        key(planned).and_then(|subject| self.0.get(&subject)).is_some_and(|last| *last > plan)
    }
}

/// Whether a step did something, or is about to.
fn speaks(planned: &PlannedStep) -> bool {
    match &planned.outcome {
        None => true,
        Some(Outcome::Done { effect }) => *effect != Effect::ChangedSince,
        Some(Outcome::Failed { .. } | Outcome::Stopped { .. }) => false,
    }
}

fn key(planned: &PlannedStep) -> Option<String> {
    planned.step.subject().map(|(what, _)| format!("{what} {}", planned.step.target()))
}

/// What holds for a time, and has not ended.
#[derive(Default)]
pub(crate) struct Temporary(HashMap<String, Held>);

/// Something that holds for a time.
pub(crate) struct Held {
    /// The job that did it, and ends it.
    pub(crate) plan: PlanId,
    /// When.
    pub(crate) until: Millis,
    step: Step,
    /// Where a step stands that takes its place: how it was before is how it was before the older one.
    pub(crate) begun: StepState,
}

impl Temporary {
    /// What holds for a time of what was done to some users.
    pub(crate) fn read<'a>(
        records: &dyn Records,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> Result<Self, StoreError> {
        let users: BTreeSet<&UserId> = users.into_iter().collect();
        let is_about =
            |planned: &PlannedStep| planned.step.subject().is_some_and(|(_, user)| users.contains(user));
        let lasting: Vec<Plan> = if users.is_empty() { Vec::new() } else { records.lasting()? };
        if !lasting.iter().flat_map(|plan| &plan.steps).any(is_about) {
            return Ok(Self::default());
        }
        let only = if users.len() == 1 { users.first().copied() } else { None };
        let words = LastWords::read(records, only)?;
        let mut held = HashMap::new();
        for plan in &lasting {
            let Some(until) = plan.lasts_until() else { continue };
            for planned in plan.steps.iter().filter(|planned| is_about(planned)) {
                let (Some(subject), Some(begun)) = (key(planned), begun(planned)) else { continue };
                if !words.is_passed(plan.id, planned) {
                    let step = planned.step.clone();
                    held.insert(subject, Held { plan: plan.id, until, step, begun });
                }
            }
        }
        Ok(Self(held))
    }

    /// What a step would take the place of, because it would do the same.
    pub(crate) fn of(&self, step: &Step) -> Option<&Held> {
        let planned = PlannedStep::from(step.clone());
        let held = self.0.get(&key(&planned)?)?;
        let is_same = match (&held.step, step) {
            (Step::Sanction { .. }, Step::Sanction { .. }) => true,
            (Step::Member { change: before, .. }, Step::Member { change, .. }) => before == change,
            // It is no step if the level is another one now.
            (Step::SetPower { to: before, .. }, Step::SetPower { was, to, .. }) => {
                before == to && *to == Some(*was)
            }
            _ => false,
        };
        is_same.then_some(held)
    }
}

impl Held {
    /// “until 2026-11-23 … (job 1)”
    pub(crate) fn until(&self) -> String {
        format!("until {} (job {})", date(self.until), self.plan)
    }

    /// That a job takes its place.
    pub(crate) fn passes_to(&self, plan: PlanId, lasts: Option<Millis>) -> Line {
        let line = Line::new().text("Job ").text(self.plan.to_string()).text(" was to end this ");
        let line = line.text(format!("at {}: ", date(self.until))).append(self.step.describe());
        line.text(match lasts {
            Some(_) => format!(". Job {plan} takes its place, and ends it at its own time."),
            None => format!(". Job {plan} takes its place: it does not end by itself any more."),
        })
    }
}

/// Where a step stands that takes the place of one that changed something.
fn begun(planned: &PlannedStep) -> Option<StepState> {
    let Some(Outcome::Done { effect }) = &planned.outcome else { return None };
    match (&planned.step, effect) {
        (Step::Sanction { .. }, Effect::Sanctioned { before: false }) => {
            Some(StepState::Sanctioning { before: false })
        }
        (Step::Member { change: MemberChange::Ban, .. }, Effect::MemberChanged { before })
            if before.as_deref() != Some("ban") =>
        {
            Some(StepState::ChangingMember { before: before.clone() })
        }
        (Step::SetPower { to, .. }, Effect::PowerSet { before }) if before != to => {
            Some(StepState::Empowering { before: *before })
        }
        _ => None,
    }
}
