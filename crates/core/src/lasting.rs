//! Which job has the last word on something that was done for a time. Only that job ends it: what a later one did again,
//! or undid, is no longer the older one's to end.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use ruma::UserId;

use crate::{
    model::{MemberChange, Millis},
    plan::{Effect, Outcome, Plan, PlanId, PlanState, PlannedStep, Step, StepState},
    ports::{Records, StoreError, Which},
    reply::Line,
    text::duration::{as_typed, date},
};

/// The job with the last word on each subject of steps ([`Step::subject`]).
#[derive(Default)]
pub(crate) struct LastWords(HashMap<String, Word>);

/// The last word on something.
struct Word {
    plan: PlanId,
    /// Whether it is still to be done: it may be stopped, or fail, and then says nothing.
    is_open: bool,
}

impl LastWords {
    /// Of all jobs, or of those about a user.
    pub(crate) fn read(records: &dyn Records, about: Option<&UserId>) -> Result<Self, StoreError> {
        Ok(Self::of(&begun_plans(records, about)?))
    }

    fn of<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Self {
        let mut words: HashMap<String, Word> = HashMap::new();
        for plan in plans {
            for planned in plan.steps.iter().filter(|planned| speaks(planned)) {
                let Some(subject) = key(planned) else { continue };
                let word = Word { plan: plan.id, is_open: planned.outcome.is_none() };
                match words.get_mut(&subject) {
                    Some(last) if last.plan > plan.id => {}
                    Some(last) => *last = word,
                    None => drop(words.insert(subject, word)),
                }
            }
        }
        Self(words)
    }

    /// Whether what a step of a job did was done again, or undone, by a later one.
    pub(crate) fn is_passed(&self, plan: PlanId, planned: &PlannedStep) -> bool {
        self.passed_to(plan, planned).is_some()
    }

    fn passed_to(&self, plan: PlanId, planned: &PlannedStep) -> Option<PlanId> {
        let last = self.0.get(&key(planned)?)?;
        (last.plan > plan).then_some(last.plan)
    }

    /// Whether a later job is about to do that again, or to undo it, and has not yet.
    pub(crate) fn is_being_passed(&self, plan: PlanId, planned: &PlannedStep) -> bool {
        let last = key(planned).and_then(|subject| self.0.get(&subject));
        last.is_some_and(|last| last.plan > plan && last.is_open)
    }

    /// The newest of the later jobs that have the last word on all that a job did; none while it has it on some of that.
    pub(crate) fn all_passed_to(&self, plan: &Plan) -> Option<PlanId> {
        let did = plan.steps.iter().filter(|planned| planned.can_be_undone());
        did.map(|planned| self.passed_to(plan.id, planned)).collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// The jobs that are done or at work: all, or those about a user.
fn begun_plans(records: &dyn Records, about: Option<&UserId>) -> Result<Vec<Plan>, StoreError> {
    let states = vec![PlanState::Running, PlanState::Done];
    records.plans(&Which { states, about: about.map(ToString::to_string), ..Which::default() })
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
    key_of(&planned.step)
}

fn key_of(step: &Step) -> Option<String> {
    step.subject().map(|(what, _)| format!("{what} {}", step.target()))
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
        let held = self.0.get(&key_of(step)?)?;
        renews(step, &held.step).then_some(held)
    }
}

/// Whether a step does what an older one about the same did, and that still holds.
fn renews(step: &Step, older: &Step) -> bool {
    match (older, step) {
        (Step::Sanction { .. }, Step::Sanction { .. }) => true,
        (Step::Member { change: before, .. }, Step::Member { change, .. }) => before == change,
        // It is no step if the level is another one now.
        (Step::SetPower { to: before, .. }, Step::SetPower { was, to, .. }) => {
            before == to && *to == Some(*was)
        }
        _ => false,
    }
}

/// What was done for a time until a later job took its place. Once that one is undone, nothing of it is left.
pub(crate) struct Lost {
    /// The job that did it.
    pub(crate) plan: PlanId,
    /// The job that took its place.
    pub(crate) by: PlanId,
    until: Millis,
    left: Duration,
    step: Step,
}

impl Lost {
    /// What is lost by some steps that undo some jobs.
    pub(crate) fn read<'a>(
        records: &dyn Records,
        undone: &BTreeSet<PlanId>,
        steps: impl IntoIterator<Item = &'a Step>,
        now: Millis,
    ) -> Result<Vec<Self>, StoreError> {
        let undoing: HashMap<String, &Step> =
            steps.into_iter().filter_map(|step| Some((key_of(step)?, step))).collect();
        // What an undo does again is not lost by it.
        let is_ended = |planned: &PlannedStep| {
            let step = key(planned).and_then(|key| undoing.get(&key));
            step.is_some_and(|step| !step.ends_as(&planned.step))
        };
        let mut held = if undoing.is_empty() { Vec::new() } else { records.lasting()? };
        held.retain(|plan| !undone.contains(&plan.id) && plan.steps.iter().any(is_ended));
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let (undone, others): (Vec<Plan>, Vec<Plan>) =
            begun_plans(records, None)?.into_iter().partition(|plan| undone.contains(&plan.id));
        let words = LastWords::of(&others);
        let mut lost = Vec::new();
        for plan in &held {
            let Some(until) = plan.lasts_until().filter(|until| *until > now) else { continue };
            let left = Duration::from_millis(until.saturating_sub(now).unsigned_abs());
            let is_own = |planned: &&PlannedStep| is_ended(planned) && !words.is_passed(plan.id, planned);
            for planned in plan.steps.iter().filter(is_own).filter(|planned| begun(planned).is_some()) {
                let renews = |later: &PlannedStep| {
                    key(later) == key(planned) && renews(&later.step, &planned.step) && begun(later).is_some()
                };
                let mut later = undone.iter().filter(|later| later.id > plan.id);
                if let Some(later) = later.find(|later| later.steps.iter().any(renews)) {
                    let step = planned.step.clone();
                    lost.push(Self { plan: plan.id, by: later.id, until, left, step });
                }
            }
        }
        Ok(lost)
    }

    /// What it was, and how it is done again for the rest of its time.
    pub(crate) fn line(&self) -> Line {
        let Self { plan, by, .. } = self;
        let line = Line::new().text(format!("Job {plan} did this until {}: ", date(self.until)));
        let line = line.append(self.step.describe());
        let line = line
            .text(format!(". Job {by} took its place: once job {by} is undone, it holds no more at all."));
        match self.again() {
            Some(command) => {
                line.text(" To let it hold until then again, send this afterwards: ").code(command)
            }
            None => line,
        }
    }

    fn again(&self) -> Option<String> {
        let what = match &self.step {
            Step::Sanction { user, sanction } => format!("{} {user}", sanction.command()),
            Step::Member { room, user, change: MemberChange::Ban, .. } => format!("ban {user} {}", room.id),
            // Nothing else about power is done for a time.
            Step::SetPower { room, user, .. } => format!("mute {user} {}", room.id),
            _ => return None,
        };
        Some(format!("!{what} --for {}", as_typed(self.left)))
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
