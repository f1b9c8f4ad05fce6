//! The executor: the only holder of [`Effects`]. It takes a confirmed Plan through its steps, one small unit of work
//! at a time; after each, what is now known is made durable and the report in the room is edited. Going on after a
//! crash is therefore the same code as going on after a pause.

mod admin;
mod alias;
mod block;
mod bring;
mod deactivate;
mod erase;
mod extremities;
mod filed;
mod limit;
mod listing;
mod logout;
mod many;
mod media;
mod member;
mod moving;
mod password;
mod power;
mod protect;
mod purge;
mod redact;
mod report;
mod restore;
mod retry;
mod sanction;
mod settle;
mod shutdown;
mod shutdown_v1;
mod since;
mod supervise;
mod tell;
mod token;
mod trace;
mod webhook;
mod work;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::{Notify, watch};
use tracing::{Instrument as _, debug, info, warn};

pub use self::report::{Server, report, report_in_full};
use self::settle::settle;
use crate::{
    commands::InForce,
    guard,
    model::{Millis, Scope, Switch},
    plan::{Effect, Origin, Outcome, Plan, PlanId, PlanResult, PlanState, PlannedStep, Step, StepState},
    ports::{Change, Clock, Effects, Fault, Store, StoreError, Which},
    rules::safety,
    speech::{Effort, NO, PARTLY, Say, YES},
    text::duration::in_words,
};

/// How long until a report is edited, after so many edits: one second at first, ten at last. Most Plans are done before
/// the first.
fn edit_after(edits: Millis) -> Millis {
    (1_000 * (edits + 1)).min(10_000)
}

/// Why nothing is done to a room.
const UNKNOWN_ROOM: &str = "The server does not know this room (any more).";
impl Patience {
    fn is_over(self, waited: Duration) -> bool {
        match self {
            Self::Brief => waited > Duration::from_secs(30),
            Self::Limited => waited > Duration::from_hours(1),
            Self::Endless => false,
        }
    }
}

/// Whether a step can have been tried in its present state before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It was not.
    First,
    /// It may have been: by a process that died, or by one that got no answer.
    Again,
}

/// What one unit of work led to.
enum Advance {
    /// There is more to do.
    Working {
        /// Where to go on.
        state: StepState,
        /// What to keep, before anything is changed.
        keep: Option<Value>,
        /// When to go on.
        pace: Pace,
    },
    /// Nothing could be done or learnt now.
    Retry {
        /// Why.
        fault: Fault,
        /// For how long to try.
        patience: Patience,
    },
    /// The step is over, and whether it happened is not known.
    Unknown(Fault),
    /// The step is over.
    Ended(Outcome),
}

/// When to go on.
enum Pace {
    /// At once.
    Now,
    /// After a pause that grows.
    Poll,
}

/// For how long to try again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// A fault that may well stay: half a minute.
    Brief,
    /// As long as nothing was begun: an hour.
    Limited,
    /// The server has accepted the work: until it can be asked.
    Endless,
}

impl Advance {
    /// A fault before the server accepted anything: tried again if it passes, the end of the step otherwise.
    fn fault(fault: Fault) -> Self {
        if fault.is_passing() {
            Self::Retry { fault, patience: Patience::Limited }
        } else {
            Self::Ended(Outcome::Failed { why: fault.to_string(), but: None })
        }
    }

    /// A fault when the change may have been asked for already: the end of the step only if it stays.
    fn doubt(fault: Fault) -> Self {
        if fault.is_passing() {
            Self::Retry { fault, patience: Patience::Limited }
        } else if fault.may_have_acted() {
            Self::Retry { fault, patience: Patience::Brief }
        } else {
            Self::Unknown(fault)
        }
    }
}

/// What follows from a write that can be repeated; nothing, if it was accepted.
fn refused(written: Result<(), Fault>) -> Option<Advance> {
    match written {
        Ok(()) => None,
        Err(fault) if fault.may_have_acted() => Some(Advance::doubt(fault)),
        Err(fault) => Some(Advance::fault(fault)),
    }
}

/// A write was accepted, and does not show.
fn unchanged() -> Advance {
    let what = "it accepted the change, but reading it back still shows the old one";
    Advance::Retry { fault: Fault::BadAnswer(what.into()), patience: Patience::Brief }
}

fn failed(why: impl Into<String>, but: Option<&str>) -> Advance {
    Advance::Ended(Outcome::Failed { why: why.into(), but: but.map(str::to_owned) })
}

/// Executes Plans.
pub struct Executor {
    effects: Arc<dyn Effects>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: InForce,
    /// Wakes those who send messages.
    said: Arc<Notify>,
    /// Never held while anything is waited for.
    running: Mutex<HashSet<PlanId>>,
    /// Whether it is to end after the work in hand.
    winding_down: watch::Sender<bool>,
}

impl Executor {
    /// An executor for the Plans in `store`. `said` is notified when there is something to send.
    pub fn new(
        effects: Arc<dyn Effects>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: impl Into<InForce>,
        said: Arc<Notify>,
    ) -> Self {
        let (settings, winding_down) = (settings.into(), watch::Sender::new(false));
        Self { effects, store, clock, settings, said, running: Mutex::default(), winding_down }
    }

    /// Executes one Plan from its first step without an outcome to the end, or until it is told to wind down. Does nothing if
    /// it is not to be executed.
    pub async fn run(&self, id: PlanId) -> Result<(), StoreError> {
        let began = self.clock.now();
        let mut polls = 0;
        let mut away_since = None;
        let mut said = None;
        // Who came to this state in this very run, and has not tried anything in it, knows that it was not tried.
        let mut turn = Turn::Again;
        // Most steps are quicker than a message: what is said first is usually how it went.
        let (mut edits, mut edited_at) = (0, self.clock.now());
        // What is to end by itself is tried until it ends; what does not get on keeps nothing else from it.
        let mut aside = BTreeSet::new();
        while let Some(plan) = self.store.plan(id)?.filter(|plan| plan.state == PlanState::Running) {
            if self.is_winding_down() {
                return Ok(());
            }
            let Some(n) = next_step(&plan, &mut aside) else {
                self.store.in_turn(&mut || self.commit(self.finish(&plan)?))?;
                self.log(&plan, began);
                return Ok(());
            };
            if self.is_behind(&plan)? {
                self.pause(Duration::from_millis(200)).await;
                continue;
            }
            let now = self.clock.now();
            let mut next = plan.clone();
            let mut changes = Vec::new();
            let mut server = report::Server::There;
            let span = trace::step(&plan, n);
            let advance = self.advance(&plan, n, turn).instrument(span.clone()).await;
            trace::step_advanced(&span, &advance);
            drop(span);
            let pause = match advance {
                Advance::Working { state, keep, pace } => {
                    away_since = None;
                    turn = match &plan.steps[n].state {
                        Some(before) if before.is_like(&state) => Turn::Again,
                        _ => Turn::First,
                    };
                    changes.extend(keep.map(|kept| Change::Keep { plan: id, step: n, kept }));
                    if next.steps[n].state.as_ref() != Some(&state) {
                        changes.push(Change::Working { plan: id, step: n, state: state.clone() });
                    }
                    next.steps[n].state = Some(state);
                    match pace {
                        Pace::Now => Duration::ZERO,
                        Pace::Poll => {
                            polls += 1;
                            Duration::from_millis((200 * polls).min(5_000))
                        }
                    }
                }
                Advance::Retry { fault, patience } => {
                    // Who asks the bot to slow down is there.
                    if !matches!(fault, Fault::RateLimited { .. }) {
                        turn = Turn::Again;
                    }
                    // So is who refuses.
                    if !matches!(fault, Fault::RateLimited { .. } | Fault::Refused { .. }) {
                        server = report::Server::Away;
                    }
                    // A fault of another kind is waited for anew.
                    let since = match away_since {
                        Some((kind, since)) if kind == patience => since,
                        _ => {
                            // Once: a server that is away for an hour would fill the log.
                            warn!(plan = id, step = n, %fault, "trying again until it passes");
                            now
                        }
                    };
                    away_since = Some((patience, since));
                    let waited = Duration::from_millis(u64::try_from(now - since).unwrap_or_default());
                    if fault.is_passing() && matches!(plan.origin, Origin::Ending(_)) {
                        debug!(plan = id, step = n, %fault, "trying again to end it");
                        aside.insert(n);
                        turn = Turn::Again;
                        retry_after(&fault, waited)
                    } else if patience.is_over(waited) {
                        let fault = work::in_words(&plan.steps[n].step, &fault);
                        let why = format!("{fault} I tried for {}.", in_words(waited));
                        let state = plan.steps[n].state.as_ref().filter(|state| **state != StepState::Trying);
                        let but = state.map(|_| work::uncertain(&plan.steps[n].step));
                        self.end(&mut next, n, Outcome::Failed { why, but }, &mut changes);
                        Duration::ZERO
                    } else {
                        debug!(plan = id, step = n, %fault, "trying again");
                        retry_after(&fault, waited)
                    }
                }
                Advance::Unknown(fault) => {
                    (polls, away_since) = (0, None);
                    let but = Some(work::uncertain(&plan.steps[n].step));
                    self.end(&mut next, n, Outcome::Failed { why: fault.to_string(), but }, &mut changes);
                    Duration::ZERO
                }
                Advance::Ended(outcome) => {
                    (polls, away_since) = (0, None);
                    self.end(&mut next, n, outcome, &mut changes);
                    Duration::ZERO
                }
            };
            if next.steps.iter().all(|step| step.outcome.is_some()) {
                // Moderators may judge the case that it is about at the same time.
                self.store.in_turn(&mut || {
                    let last = changes.iter().cloned().chain(self.finish(&next)?).collect();
                    self.commit(last)
                })?;
                self.log(&next, began);
                return Ok(());
            }
            if next.is_reported()
                && (now - edited_at >= edit_after(edits) || is_about_to_wait(&next.steps[n], turn))
            {
                (edits, edited_at) = (edits + 1, now);
                let report = Self::say(&next, PlanState::Running, server);
                // Nobody needs to read the same again.
                if said.as_ref() != Some(&report) {
                    said = Some(report.clone());
                    changes.push(report);
                }
            }
            self.commit(changes)?;
            if !pause.is_zero() {
                self.pause(pause).await;
            }
        }
        Ok(())
    }

    /// Whether an earlier Plan has not finished with a room of this one. What was asked for first is done first, or the
    /// two would undo each other.
    fn is_behind(&self, plan: &Plan) -> Result<bool, StoreError> {
        let running = self.store.plans(&Which { states: vec![PlanState::Running], ..Which::default() })?;
        let lanes: HashSet<String> = plan.steps.iter().map(|ours| ours.step.lane()).collect();
        Ok(running.iter().filter(|other| other.id < plan.id).any(|other| {
            other.steps.iter().any(|theirs| theirs.outcome.is_none() && lanes.contains(&theirs.step.lane()))
        }))
    }

    async fn advance(&self, plan: &Plan, n: usize, turn: Turn) -> Advance {
        let planned = &plan.steps[n];
        let settings = &*self.settings.now();
        if let Some(why) = safety::forbidden(&planned.step, &settings.management) {
            return Advance::Ended(Outcome::Failed { why, but: None });
        }
        let (effects, state) = (&*self.effects, planned.state.as_ref());
        // Who it is against may have become a moderator since it was proposed.
        if state.is_none() {
            match guard::objection(effects, settings, std::slice::from_ref(&planned.step)).await {
                Ok(None) => {}
                Ok(Some(why)) => return failed(why, None),
                Err(fault) => return Advance::fault(fault),
            }
        }
        // What is put right may have become somebody else's since.
        if plan.undoes.is_some() {
            match since::changed(effects, &planned.step).await {
                Ok(false) => {}
                Ok(true) => return Advance::Ended(Outcome::Done { effect: Effect::ChangedSince }),
                Err(fault) if state.is_some() => return Advance::doubt(fault),
                Err(fault) => return Advance::fault(fault),
            }
        }
        if let Step::RedactUser { user, rooms, reason, since, limit } = &planned.step {
            let wish = redact::Wish {
                user,
                rooms,
                management: &settings.management,
                reason: reason.as_deref(),
                scope: Scope { since: *since, limit: *limit },
            };
            return redact::all(effects, &wish, state).await;
        }
        let files = match &planned.step {
            Step::QuarantineAll { files, only } => Some((files, only, Switch::On)),
            Step::ReleaseAll { files, only } => Some((files, only, Switch::Off)),
            _ => None,
        };
        if let Some((of, only, to)) = files {
            let work = many::Work { of, only: only.as_deref(), to, settings };
            return many::advance(effects, &work, state).await;
        }
        if let Step::Deactivate { user, erase } = &planned.step {
            return deactivate::advance(effects, user, *erase, state, plan.steps.len()).await;
        }
        if let Step::RestoreRoom { room, restoration } = &planned.step {
            let is_block =
                |step: &Step| matches!(step, Step::BlockRoom { room: other } if other.id == room.id);
            let is_blocked_after = plan.steps[n..].iter().any(|planned| is_block(&planned.step));
            let work = restore::Work { old: room, what: restoration, is_blocked_after };
            return restore::advance(effects, &work, state, turn).await;
        }
        match planned.step.room_ref() {
            Some(room) => work::in_a_room(effects, &room.id, &planned.step, state, turn).await,
            None => work::elsewhere(effects, &planned.step, state, turn).await,
        }
    }

    fn end(&self, plan: &mut Plan, n: usize, outcome: Outcome, changes: &mut Vec<Change>) {
        info!(plan = plan.id, step = n, ?outcome, "a step ended");
        changes.push(Change::Ended {
            plan: plan.id,
            step: n,
            outcome: outcome.clone(),
            at: self.clock.now(),
        });
        changes.extend(work::remembered(&plan.steps[n].step, &outcome).map(Change::Reporting));
        plan.steps[n].outcome = Some(outcome);
    }

    fn finish(&self, plan: &Plan) -> Result<Vec<Change>, StoreError> {
        let emoji = match plan.result() {
            PlanResult::Done => YES,
            PlanResult::Partly => PARTLY,
            PlanResult::Failed => NO,
        };
        trace::job_ended(plan);
        let at = self.clock.now();
        let mut changes = vec![Change::PlanState { id: plan.id, state: PlanState::Done, by: None, at }];
        if plan.is_reported() {
            changes.push(Self::say(plan, PlanState::Done, report::Server::There));
        }
        changes.extend(plan.mark(emoji, Effort::Surely));
        let over = Plan { state: PlanState::Done, ..plan.clone() };
        changes.extend(settle(&*self.store, &self.settings.now(), &over, at)?);
        Ok(changes)
    }

    fn say(plan: &Plan, state: PlanState, server: report::Server) -> Change {
        let plan = Plan { state, ..plan.clone() };
        let reply = report(&plan, server);
        Change::Say(Say::new(Plan::report_key(plan.id), plan.origin.event().cloned(), &reply))
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        if !changes.is_empty() {
            self.store.commit(changes)?;
            self.said.notify_one();
        }
        Ok(())
    }
}

/// The first step without an outcome that was not set aside; all of them are begun again with the last.
fn next_step(plan: &Plan, aside: &mut BTreeSet<usize>) -> Option<usize> {
    let open = || (0..plan.steps.len()).filter(|n| plan.steps[*n].outcome.is_none());
    let next = open().find(|n| !aside.contains(n));
    if next.is_none() {
        aside.clear();
    }
    next.or_else(|| open().next())
}

/// Whether the next call to the server takes as long as all the work, so that nothing can be said meanwhile.
fn is_about_to_wait(planned: &PlannedStep, turn: Turn) -> bool {
    planned.outcome.is_none()
        && turn == Turn::First
        && matches!(planned.state, Some(StepState::AskingV1 { .. }))
}

/// How long to wait before the next try: what the server asked for, or longer the longer it has been away.
fn retry_after(fault: &Fault, waited: Duration) -> Duration {
    match fault {
        // A minute at most: an absurd wish must not put the Plan to sleep.
        Fault::RateLimited { retry_after: Some(after) } => (*after).min(Duration::from_mins(1)),
        _ => (waited / 4).clamp(Duration::from_millis(500), Duration::from_secs(15)),
    }
}
