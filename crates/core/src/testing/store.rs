//! A store in memory.

mod cases;
mod forgetting;
mod moving;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId};
use serde_json::Value;

use self::{cases::Cases, forgetting::Forgetting, watch::Watch};
use super::Moment;
use crate::{
    model::{About, Millis, Report, ReportKey, ReportKind},
    plan::{Origin, Outcome, Plan, PlanId, PlanState},
    ports::{
        Case, CaseId, Change, Digest, DigestId, Forgotten, Gap, Hit, InboxEvent, Queue, Records, Store,
        StoreError, VIEWS_KEPT, View, WatchedEvent, Which, WhichCases,
    },
    reply::{Attachment, Rendered},
    speech::{Delivery, Effort, FEED, Marked, Say, Sendable},
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Clone, Debug, Default)]
struct Inner {
    cursor: Option<String>,
    inbox: Vec<InboxEvent>,
    handled: BTreeSet<OwnedEventId>,
    plans: BTreeMap<PlanId, Plan>,
    kept: BTreeMap<(PlanId, usize), Value>,
    outbox: Vec<Out>,
    /// Events of former management rooms.
    elsewhere: BTreeSet<OwnedEventId>,
    replaced: BTreeMap<OwnedRoomId, OwnedRoomId>,
    views: Vec<View>,
    watch: Watch,
    cases: Cases,
    forgetting: Forgetting,
    commits: usize,
    /// The commit that fails.
    broken: Option<(usize, Moment)>,
}

#[derive(Clone, Debug)]
struct Out {
    /// The how-manieth it is.
    seq: u64,
    key: String,
    version: u32,
    sent: u32,
    event_id: Option<OwnedEventId>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Message { reply_to: Option<OwnedEventId>, rendered: Rendered },
    File { reply_to: Option<OwnedEventId>, attachment: Attachment },
    Reaction { to: Marked, emoji: String, effort: Effort },
}

impl What {
    fn answer_nothing(&mut self) {
        if let Self::Message { reply_to, .. } | Self::File { reply_to, .. } = self {
            *reply_to = None;
        }
    }
}

impl MemoryStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panics while holding it")
    }

    /// Makes the next commit fail, as a full disk does.
    pub fn break_next_commit(&self) {
        self.break_commit(self.commits() + 1, Moment::Before);
    }

    /// Makes the commit of this number fail (the first is 1).
    pub fn break_commit(&self, commit: usize, moment: Moment) {
        self.inner().broken = Some((commit, moment));
    }

    /// How many commits there were.
    pub fn commits(&self) -> usize {
        self.inner().commits
    }

    /// What a message under a key says in its newest version.
    pub fn said(&self, key: &str) -> Option<Rendered> {
        self.inner().outbox.iter().find(|out| out.key == key).and_then(|out| match &out.what {
            What::Message { rendered, .. } => Some(rendered.clone()),
            What::File { .. } | What::Reaction { .. } => None,
        })
    }

    /// The file that came with a message under a key.
    pub fn file(&self, key: &str) -> Option<Attachment> {
        let key = format!("{key}-file");
        self.inner().outbox.iter().find(|out| out.key == key).and_then(|out| match &out.what {
            What::File { attachment, .. } => Some(attachment.clone()),
            What::Message { .. } | What::Reaction { .. } => None,
        })
    }

    /// The keys of everything ever said, in order.
    pub fn keys(&self) -> Vec<String> {
        self.inner().outbox.iter().map(|out| out.key.clone()).collect()
    }
}

impl Inner {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Received(event) => {
                if !self.inbox.iter().any(|known| known.event_id == event.event_id) {
                    self.inbox.push(event);
                }
            }
            Change::Cursor(cursor) => self.cursor = Some(cursor),
            Change::Moved => self.move_house(),
            Change::Upgraded { from, to } => self.upgrade(from, to),
            Change::Decrypted { event_id, json } => {
                if let Some(event) = self.inbox.iter_mut().find(|event| event.event_id == event_id) {
                    event.json = json;
                }
            }
            Change::Handled(event_id) => {
                self.handled.insert(event_id);
            }
            Change::Plan(plan) => {
                self.plans.insert(plan.id, *plan);
            }
            Change::PlanState { id, state, by, at } => {
                if let Some(plan) = self.plans.get_mut(&id) {
                    plan.state = state;
                    plan.changed_at = at;
                    plan.decided_by = by.or(plan.decided_by.take());
                }
            }
            Change::Working { plan, step, state } => {
                let step = self.plans.get_mut(&plan).map(|plan| &mut plan.steps[step]);
                if let Some(step) = step.filter(|step| step.outcome.is_none()) {
                    step.state = Some(state);
                }
            }
            Change::Stop { plan, by, at } => {
                if let Some(plan) = self.plans.get_mut(&plan) {
                    for n in plan.not_begun().collect::<Vec<_>>() {
                        plan.steps[n].outcome = Some(Outcome::Stopped { by: by.clone() });
                    }
                    plan.changed_at = at;
                }
            }
            Change::Keep { plan, step, kept } => {
                self.kept.insert((plan, step), kept);
            }
            Change::Ended { plan, step, outcome, at } => {
                if let Some(plan) = self.plans.get_mut(&plan) {
                    plan.steps[step].outcome = Some(outcome);
                    plan.changed_at = at;
                }
            }
            Change::Say(say) => self.say(say, Again::Edits),
            Change::SayOnce(say) => self.say(say, Again::Ignored),
            Change::View(view) => {
                match self.views.iter_mut().find(|known| known.key == view.key) {
                    // What was typed stays.
                    Some(known) => (known.left, known.right) = (view.left, view.right),
                    None => self.views.push(view),
                }
                let old = self.views.len().saturating_sub(VIEWS_KEPT);
                self.views.drain(..old);
            }
            Change::Mark(mark) => {
                let key = mark.key();
                let what =
                    What::Reaction { to: mark.to, emoji: mark.emoji.into_owned(), effort: mark.effort };
                self.put(key, what, Again::Ignored);
            }
            Change::Delivered { key, version, event_id } => {
                if let Some(out) = self.outbox.iter_mut().find(|out| out.key == key) {
                    out.sent = out.sent.max(version);
                    out.event_id.get_or_insert(event_id);
                }
            }
            Change::Watching(change) => self.watch.apply(change),
            Change::Reporting(change) => self.cases.apply(change),
            Change::Forget(forget) => self.forget(forget),
            Change::GaveUp { key, version } => {
                if let Some(out) = self.outbox.iter_mut().find(|out| out.key == key) {
                    out.sent = out.sent.max(version);
                }
            }
        }
    }

    fn lasting(&self) -> impl Iterator<Item = &Plan> {
        let is_undone = |id| {
            let dropped = |plan: &Plan| matches!(plan.state, PlanState::Cancelled | PlanState::Expired);
            let has_left =
                |undo: &Plan| !matches!(undo.origin, Origin::Ending(_)) && undo.failed_to_undo_all_of(id);
            self.plans.values().any(|undo| undo.puts_right(id) && !dropped(undo) && !has_left(undo))
        };
        self.plans.values().filter(move |plan| plan.lasts_until().is_some() && !is_undone(plan.id))
    }

    fn say(&mut self, say: Say, again: Again) {
        let file = say.attachment.map(|attachment| {
            (format!("{}-file", say.key), What::File { reply_to: say.reply_to.clone(), attachment })
        });
        self.put(say.key, What::Message { reply_to: say.reply_to, rendered: say.rendered }, again);
        if let Some((key, what)) = file {
            self.put(key, what, Again::Ignored);
        }
    }

    fn put(&mut self, key: String, mut what: What, again: Again) {
        match &what {
            What::Reaction { to: Marked::Event(event), .. } if self.elsewhere.contains(event) => return,
            What::Message { reply_to: Some(to), .. } | What::File { reply_to: Some(to), .. }
                if self.elsewhere.contains(to) =>
            {
                what.answer_nothing();
            }
            _ => {}
        }
        match self.outbox.iter_mut().find(|out| out.key == key) {
            None => {
                let seq = self.outbox.last().map_or(0, |last| last.seq).max(self.forgetting.last_said) + 1;
                self.outbox.push(Out { seq, key, version: 1, sent: 0, event_id: None, what });
            }
            Some(out) if again == Again::Edits => {
                out.version += 1;
                out.what = what;
            }
            Some(_) => {}
        }
    }

    fn delivery(&self, out: &Out) -> Option<Delivery> {
        let what = match &out.what {
            What::Message { reply_to, rendered } => Sendable::Message {
                reply_to: reply_to.clone(),
                replaces: out.event_id.clone(),
                rendered: rendered.clone(),
            },
            What::File { reply_to, attachment } => {
                Sendable::File { reply_to: reply_to.clone(), attachment: attachment.clone() }
            }
            What::Reaction { to, emoji, effort } => Sendable::Reaction {
                to: match to {
                    Marked::Event(event) => event.clone(),
                    Marked::Message(key) => {
                        self.outbox.iter().find(|out| out.key == *key)?.event_id.clone()?
                    }
                },
                emoji: emoji.clone(),
                effort: *effort,
            },
        };
        Some(Delivery { key: out.key.clone(), version: out.version, what })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Edits,
    Ignored,
}

impl Records for MemoryStore {
    fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.inner().plans.get(&id).cloned())
    }

    fn plans(&self, which: &Which) -> Result<Vec<Plan>, StoreError> {
        let about = which.about.as_ref().map(|about| about.to_lowercase());
        let inner = self.inner();
        // Also what undoes something about the case.
        let concerns = |plan: &Plan, case: CaseId| {
            let undone = plan.undoes.iter().flat_map(|undoes| &undoes.jobs);
            let mut about = undone.filter_map(|undone| inner.plans.get(&undone.plan)?.case);
            plan.case == Some(case) || about.any(|of| of == case)
        };
        let matches = |plan: &&Plan| {
            let named = about.as_ref().is_none_or(|about| {
                plan.asked_by.as_str().to_lowercase().contains(about)
                    || plan.typed.to_lowercase().contains(about)
                    || plan.steps.iter().any(|step| step.step.target().to_lowercase().contains(about))
            });
            let of_case = which.case.is_none_or(|case| concerns(plan, case));
            let is_new = which.since.is_none_or(|since| plan.changed_at >= since);
            named && of_case && is_new && (which.states.is_empty() || which.states.contains(&plan.state))
        };
        let limit = which.limit.unwrap_or(usize::MAX);
        Ok(inner.plans.values().rev().filter(matches).take(limit).cloned().collect())
    }

    fn next_plan_id(&self) -> Result<PlanId, StoreError> {
        let inner = self.inner();
        Ok(inner.plans.keys().next_back().map_or(1, |last| last + 1).max(inner.forgetting.plans_from))
    }

    fn kept(&self, plan: PlanId, step: usize) -> Result<Option<Value>, StoreError> {
        Ok(self.inner().kept.get(&(plan, step)).cloned())
    }

    fn undone_by(&self, id: PlanId) -> Result<Option<PlanId>, StoreError> {
        let dropped = |plan: &&Plan| matches!(plan.state, PlanState::Cancelled | PlanState::Expired);
        let inner = self.inner();
        let undoes = |plan: &&Plan| plan.puts_right(id) && !dropped(plan) && !plan.failed_to_undo(id);
        Ok(inner.plans.values().rfind(undoes).map(|plan| plan.id))
    }

    fn lasting(&self) -> Result<Vec<Plan>, StoreError> {
        Ok(self.inner().lasting().cloned().collect())
    }

    fn key_of(&self, event: &EventId) -> Result<Option<String>, StoreError> {
        let inner = self.inner();
        let out = inner.outbox.iter().find(|out| out.event_id.as_deref() == Some(event));
        Ok(out.map(|out| out.key.clone()))
    }

    fn is_said(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.inner().outbox.iter().any(|out| out.key == key))
    }

    fn view(&self, key: &str) -> Result<Option<View>, StoreError> {
        Ok(self.inner().views.iter().find(|view| view.key == key).cloned())
    }

    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        Ok(self.inner().cases.case(id))
    }

    fn case_about(&self, about: &About) -> Result<Option<Case>, StoreError> {
        Ok(self.inner().cases.about(about))
    }

    fn cases(&self, which: &WhichCases) -> Result<Vec<Case>, StoreError> {
        Ok(self.inner().cases.list(which))
    }

    fn hits(&self, since: Millis) -> Result<Vec<Hit>, StoreError> {
        Ok(self.inner().cases.hits(since))
    }

    fn ignored_reporters(&self) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.inner().cases.ignored())
    }

    fn forgotten(&self) -> Result<Forgotten, StoreError> {
        Ok(self.inner().forgetting.forgotten)
    }

    fn queue(&self) -> Result<Queue, StoreError> {
        let unhandled = self.unhandled()?.len() as u64;
        Ok(Queue { unhandled, undelivered: self.undelivered()?.len() as u64 })
    }
}

impl Store for MemoryStore {
    fn as_records(&self) -> &dyn Records {
        self
    }

    fn in_turn(&self, work: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        work()
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.commits += 1;
        let broken = inner.broken.filter(|(commit, _)| *commit == inner.commits);
        if !matches!(broken, Some((_, Moment::Before))) {
            for change in changes {
                inner.apply(change);
            }
        }
        broken.map_or(Ok(()), |_| Err(StoreError("disk full".to_owned())))
    }

    fn cursor(&self) -> Result<Option<String>, StoreError> {
        Ok(self.inner().cursor.clone())
    }

    fn replaced_by(&self, room: &RoomId) -> Result<Option<OwnedRoomId>, StoreError> {
        Ok(self.inner().replaced.get(room).cloned())
    }

    fn unhandled(&self) -> Result<Vec<InboxEvent>, StoreError> {
        let inner = self.inner();
        Ok(inner.inbox.iter().filter(|event| !inner.handled.contains(&event.event_id)).cloned().collect())
    }

    fn known_reports(
        &self,
        kind: ReportKind,
        keys: &[ReportKey],
    ) -> Result<Option<BTreeSet<ReportKey>>, StoreError> {
        Ok(self.inner().cases.known(kind, keys))
    }

    fn unweighed(&self) -> Result<Vec<(CaseId, usize)>, StoreError> {
        Ok(self.inner().cases.unweighed())
    }

    fn forwarded(&self) -> Result<Vec<Report>, StoreError> {
        Ok(self.inner().cases.forwarded())
    }

    fn next_case_id(&self) -> Result<CaseId, StoreError> {
        Ok(self.inner().cases.next_id())
    }

    fn untold(&self) -> Result<Vec<WatchedEvent>, StoreError> {
        Ok(self.inner().watch.untold())
    }

    fn open_digests(&self) -> Result<Vec<Digest>, StoreError> {
        Ok(self.inner().watch.open_digests())
    }

    fn next_digest_id(&self) -> Result<DigestId, StoreError> {
        Ok(self.inner().watch.next_digest_id())
    }

    fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        Ok(self.inner().watch.gaps())
    }

    fn position(&self, room: &RoomId) -> Result<Option<String>, StoreError> {
        Ok(self.inner().watch.position(room))
    }

    fn undelivered(&self) -> Result<Vec<Delivery>, StoreError> {
        let inner = self.inner();
        let pending = || inner.outbox.iter().filter(|out| out.version > out.sent);
        let is_reaction = |out: &&Out| matches!(out.what, What::Reaction { .. });
        let is_feed = |out: &&Out| out.key.starts_with(FEED);
        let answers = pending().filter(|out| !is_reaction(out) && !is_feed(out));
        let messages = answers.chain(pending().filter(|out| !is_reaction(out) && is_feed(out)));
        let reactions = pending().filter(is_reaction);
        Ok(messages.chain(reactions).filter_map(|out| inner.delivery(out)).collect())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        crate::testing::store_contract(&super::MemoryStore::default());
        crate::testing::forgetting_contract(&super::MemoryStore::default());
    }
}
