//! The order in which the desk handles what arrived.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use ruma::OwnedEventId;

use super::{Desk, Wish, about::About};
use crate::{
    commands::line::{Read, read as read_line},
    incoming::{Incoming, read},
    model::Millis,
    plan::{Plan, PlanState, Step},
    ports::{InboxEvent, StoreError, Which},
    rules::case::CaseAction,
};

/// How long the next command waits for a block that was asked for before it.
const BRIEF: Duration = Duration::from_secs(5);
/// A job of so many steps is waited for as long as they are quick.
const FEW: usize = 20;
/// How long the next command waits for one that can be overtaken.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many commands read aside at the same time.
const READINGS: usize = 32;
/// After what time is tried again what has to wait, while a reading is on.
const AGAIN: Duration = Duration::from_secs(2);
/// How often is looked whether what was asked for before is done.
const MOMENT: Duration = Duration::from_millis(20);

impl Desk {
    /// Handles every event that was received and not handled, in order; then drops what has waited too long for a
    /// confirmation. A command that takes long is gone on with beside the others, if it does not act before it is
    /// confirmed, or if they are about something else: neither a long list nor a slow room keeps anybody from acting
    /// elsewhere. Says whether something is left that has to wait.
    pub async fn work(&self) -> Result<Left, StoreError> {
        let mut round = Round::default();
        let mut readings = FuturesUnordered::new();
        loop {
            if round.queue.is_empty() {
                let unhandled = self.store.unhandled()?.into_iter();
                let new = unhandled.filter(|event| !round.begun.contains(&event.event_id));
                round.queue.extend(new.map(|event| (self.about(&event), event)));
            }
            let early = self.early()?;
            let may_begin = readings.len() < READINGS;
            let now = self.clock.now();
            let next = round.first(|about, event| {
                let has_waited = self.has_waited(event, now);
                let goes_past = |plan: &Plan| has_waited && plan.steps.len() > FEW && about.may_go_past(plan);
                !early.iter().any(|plan| about.concerns(plan) && !goes_past(plan))
            });
            let Some((about, event)) = next.filter(|_| may_begin).and_then(|n| round.queue.remove(n)) else {
                if readings.is_empty() {
                    if !round.queue.is_empty() {
                        round.left = Left::Behind;
                    }
                    break;
                }
                tokio::select! {
                    Some(handled) = readings.next() => round.note(handled),
                    // What arrived may be what others wait for.
                    () = self.bells.received.notified() => round.begin_again(),
                    () = self.clock.sleep(MOMENT), if !early.is_empty() && !round.queue.is_empty() => {}
                    () = self.clock.sleep(AGAIN), if !round.waiting.is_empty() => round.begin_again(),
                }
                continue;
            };
            round.begun.insert(event.event_id.clone());
            let (id, acting) = (event.event_id.clone(), event.event_id.clone());
            let can_be_overtaken = self.can_be_overtaken(&event);
            let desk = self.afresh();
            let mut handling = async move { (id, desk.handle_and_log(&event).await) }.boxed();
            let mut patience = self.clock.sleep(PATIENCE);
            // What acts steps aside only for others that are there.
            let is_named = matches!(about, About::Named(_));
            let mut has_company = !round.queue.is_empty();
            loop {
                tokio::select! {
                    biased;
                    handled = &mut handling => {
                        round.note(handled);
                        break;
                    }
                    Some(handled) = readings.next() => round.note(handled),
                    () = self.bells.received.notified(), if is_named && !has_company => {
                        has_company = true;
                        round.begin_again();
                    }
                    () = &mut patience, if can_be_overtaken || (is_named && has_company) => {
                        // What is in a file may be shown as it is by then: that has to be as it was asked for.
                        if !can_be_overtaken || matches!(about, About::Attached(_)) {
                            round.aside.push((acting, about));
                        }
                        readings.push(handling);
                        break;
                    }
                }
            }
        }
        // A decision that arrived in time counts, however long it had to wait here.
        if self.store.queue()?.unhandled == 0 {
            self.afresh().expire()?;
            self.end_what_is_over()?;
        }
        round.failed.map_or(Ok(round.left), Err)
    }

    /// Handles an event, and logs how that ended.
    async fn handle_and_log(&self, event: &InboxEvent) -> Result<Left, StoreError> {
        let began = self.clock.now();
        let handled = self.handle(event).await?;
        self.log(event, handled, began);
        Ok(handled.left())
    }

    /// Whether what follows an event may be handled before it: a page is turned, or a command says so.
    fn can_be_overtaken(&self, event: &InboxEvent) -> bool {
        match read(&event.json, self.lookup.me()) {
            Incoming::Reaction { key, .. } => {
                matches!(Wish::of(&key), Some(Wish::Left | Wish::Right))
                    || self.in_force.now().cards.action(&key) == Some(CaseAction::More)
            }
            Incoming::Text { text, .. } => {
                let Read::Found(found) = read_line(&text, self.lookup.me()) else { return false };
                let arguments = found.entry.parse(&found.arguments());
                arguments.is_ok_and(|arguments| found.entry.can_be_overtaken(&arguments))
            }
            Incoming::Undecryptable { .. } | Incoming::Nothing => false,
        }
    }

    /// What an event is about, as far as it says so.
    fn about(&self, event: &InboxEvent) -> About {
        About::of(event, self.lookup.me(), |found| {
            let arguments = found.entry.parse(&found.arguments());
            arguments.is_ok_and(|arguments| found.entry.can_be_overtaken(&arguments))
        })
    }

    /// Whether an event has waited long enough for a job of many steps: hundreds of quick ones take long all the same.
    fn has_waited(&self, event: &InboxEvent, now: Millis) -> bool {
        now.saturating_sub(event.received_at.max(self.since)) > brief()
    }

    /// What was asked for before and is about to be done: what is asked for next about the same is to find it done.
    /// Not so for what takes long, for what reporters are told, nor when the work does not get on; what was left of an
    /// earlier run could not get on before this one.
    fn early(&self) -> Result<Vec<Plan>, StoreError> {
        let mut running =
            self.store.plans(&Which { states: vec![PlanState::Running], ..Which::default() })?;
        let oldest = self.clock.now() - brief();
        let is_waited_for = |step: &Step| !step.takes_long() && !matches!(step, Step::Tell { .. });
        running.retain(|plan| {
            plan.changed_at.max(self.since) > oldest
                && plan.steps.iter().all(|planned| is_waited_for(&planned.step))
        });
        Ok(running)
    }
}

/// [`BRIEF`], as times are kept.
fn brief() -> Millis {
    Millis::try_from(BRIEF.as_millis()).unwrap_or(Millis::MAX)
}

/// Whether received events are left that have to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Left {
    /// All were handled.
    #[default]
    Nothing,
    /// Some wait for keys, or for our own messages.
    Waiting,
    /// Some wait for what was asked for before them.
    Behind,
}

/// What is being handled.
#[derive(Default)]
struct Round {
    /// Read from the store, and not begun.
    queue: VecDeque<(About, InboxEvent)>,
    /// What acts, or is about users in a file, was begun and takes long: what may be about the same waits for it.
    aside: Vec<(OwnedEventId, About)>,
    begun: HashSet<OwnedEventId>,
    /// Begun, and to be begun again in a while.
    waiting: Vec<OwnedEventId>,
    left: Left,
    failed: Option<StoreError>,
}

impl Round {
    /// The first that need not wait: neither for what is about to be done, nor for what arrived before it.
    fn first(&self, is_free: impl Fn(&About, &InboxEvent) -> bool) -> Option<usize> {
        (0..self.queue.len()).find(|n| {
            let (about, event) = &self.queue[*n];
            let earlier = self.queue.iter().take(*n).map(|(earlier, _)| earlier);
            let aside = self.aside.iter().map(|(_, aside)| aside);
            is_free(about, event) && earlier.chain(aside).all(|earlier| about.may_overtake(earlier))
        })
    }

    /// What waits is handled once more, and what arrived is looked at.
    fn begin_again(&mut self) {
        self.queue.clear();
        for id in self.waiting.drain(..) {
            self.begun.remove(&id);
        }
    }

    fn note(&mut self, (event, handled): (OwnedEventId, Result<Left, StoreError>)) {
        self.aside.retain(|(aside, _)| *aside != event);
        match handled {
            Ok(Left::Waiting) => {
                self.left = Left::Waiting;
                self.waiting.push(event);
            }
            Ok(Left::Nothing | Left::Behind) => {}
            // It stays; those behind it must not wait for it.
            Err(error) => self.failed = Some(error),
        }
    }
}
