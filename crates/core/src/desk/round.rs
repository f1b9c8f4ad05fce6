//! The order in which the desk handles what arrived.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use ruma::OwnedEventId;

use super::{Desk, Wish};
use crate::{
    commands::line::{Read, read as read_line},
    incoming::{Incoming, read},
    plan::{PlanState, Step},
    ports::{InboxEvent, StoreError, Which},
    rules::case::CaseAction,
};

/// How long the next command waits for a block that was asked for before it.
const BRIEF: Duration = Duration::from_secs(5);
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
    /// confirmation. A command that can be overtaken, and takes long, is gone on with beside the others: a long list
    /// keeps nobody from acting. Says whether something is left that has to wait.
    pub async fn work(&self) -> Result<Left, StoreError> {
        let mut round = Round::default();
        let mut readings = FuturesUnordered::new();
        loop {
            if round.queue.is_empty() {
                let unhandled = self.store.unhandled()?.into_iter();
                round.queue.extend(unhandled.filter(|event| !round.begun.contains(&event.event_id)));
            }
            let is_early = self.is_early()?;
            let event = match round.queue.pop_front() {
                Some(event) if !is_early && readings.len() < READINGS => event,
                next if readings.is_empty() => {
                    if next.is_some() {
                        round.left = Left::Behind;
                    }
                    break;
                }
                next => {
                    if let Some(event) = next {
                        round.queue.push_front(event);
                    }
                    tokio::select! {
                        Some(handled) = readings.next() => round.note(handled),
                        // What arrived may be what others wait for.
                        () = self.received.notified() => round.begin_again(),
                        () = self.clock.sleep(MOMENT), if is_early => {}
                        () = self.clock.sleep(AGAIN), if !round.waiting.is_empty() => round.begin_again(),
                    }
                    continue;
                }
            };
            round.begun.insert(event.event_id.clone());
            let id = event.event_id.clone();
            let can_be_overtaken = self.can_be_overtaken(&event);
            let mut handling = async move { (id, self.handle(&event).await) }.boxed();
            let mut patience = self.clock.sleep(PATIENCE);
            loop {
                tokio::select! {
                    biased;
                    handled = &mut handling => {
                        round.note(handled);
                        break;
                    }
                    Some(handled) = readings.next() => round.note(handled),
                    () = &mut patience, if can_be_overtaken => {
                        readings.push(handling);
                        break;
                    }
                }
            }
        }
        // A decision that arrived in time counts, however long it had to wait here.
        if self.store.queue()?.unhandled == 0 {
            self.expire()?;
            self.end_what_is_over()?;
        }
        round.failed.map_or(Ok(round.left), Err)
    }

    /// Whether what follows an event may be handled before it: a page is turned, or a command says so.
    fn can_be_overtaken(&self, event: &InboxEvent) -> bool {
        match read(&event.json, self.lookup.me()) {
            Incoming::Reaction { key, .. } => {
                matches!(Wish::of(&key), Some(Wish::Left | Wish::Right))
                    || self.settings.cards.action(&key) == Some(CaseAction::More)
            }
            Incoming::Text { text, .. } => {
                let Read::Found(found) = read_line(&text, self.lookup.me()) else { return false };
                let arguments = found.entry.parse(&found.arguments());
                arguments.is_ok_and(|arguments| found.entry.can_be_overtaken(&arguments))
            }
            Incoming::Undecryptable { .. } | Incoming::Nothing => false,
        }
    }

    /// Whether something that was asked for before is about to be done: what is asked for next is to find it done.
    /// Not so for what takes long, for what reporters are told, nor when the work does not get on; what was left of an
    /// earlier run could not get on before this one.
    fn is_early(&self) -> Result<bool, StoreError> {
        let running = self.store.plans(&Which { states: vec![PlanState::Running], ..Which::default() })?;
        let oldest = self.clock.now() - i64::try_from(BRIEF.as_millis()).unwrap_or(i64::MAX);
        let is_waited_for = |step: &Step| !step.takes_long() && !matches!(step, Step::Tell { .. });
        Ok(running.iter().any(|plan| {
            plan.changed_at.max(self.since) > oldest
                && plan.steps.iter().all(|planned| is_waited_for(&planned.step))
        }))
    }
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
    queue: VecDeque<InboxEvent>,
    begun: HashSet<OwnedEventId>,
    /// Begun, and to be begun again in a while.
    waiting: Vec<OwnedEventId>,
    left: Left,
    failed: Option<StoreError>,
}

impl Round {
    /// What waits is handled once more.
    fn begin_again(&mut self) {
        for id in self.waiting.drain(..) {
            self.begun.remove(&id);
        }
    }

    fn note(&mut self, (event, handled): (OwnedEventId, Result<Left, StoreError>)) {
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
