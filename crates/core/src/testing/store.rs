//! A store in memory, and the contract that every store keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use ruma::{EventId, OwnedEventId};
use serde_json::Value;

use super::Moment;
use crate::{
    plan::{Plan, PlanId, PlanState},
    ports::{Change, InboxEvent, Queue, Records, Store, StoreError, Which},
    reply::{Attachment, Rendered},
    speech::{Delivery, Effort, Marked, Say, Sendable},
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
    commits: usize,
    /// The commit that fails.
    broken: Option<(usize, Moment)>,
}

#[derive(Clone, Debug)]
struct Out {
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
                if let Some(plan) = self.plans.get_mut(&plan) {
                    plan.steps[step].state = Some(state);
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
            Change::Mark(mark) => {
                let key = mark.key();
                let what = What::Reaction { to: mark.to, emoji: mark.emoji.to_owned(), effort: mark.effort };
                self.put(key, what, Again::Ignored);
            }
            Change::Delivered { key, version, event_id } => {
                if let Some(out) = self.outbox.iter_mut().find(|out| out.key == key) {
                    out.sent = out.sent.max(version);
                    out.event_id.get_or_insert(event_id);
                }
            }
            Change::GaveUp { key, version } => {
                if let Some(out) = self.outbox.iter_mut().find(|out| out.key == key) {
                    out.sent = out.sent.max(version);
                }
            }
        }
    }

    fn move_house(&mut self) {
        self.handled.extend(self.inbox.iter().map(|event| event.event_id.clone()));
        for plan in self.plans.values_mut().filter(|plan| plan.state == PlanState::Proposed) {
            plan.state = PlanState::Expired;
        }
        for out in &mut self.outbox {
            (out.sent, out.event_id) = (out.version, None);
            if let What::Message { reply_to, .. } | What::File { reply_to, .. } = &mut out.what {
                *reply_to = None;
            }
        }
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

    fn put(&mut self, key: String, what: What, again: Again) {
        match self.outbox.iter_mut().find(|out| out.key == key) {
            None => self.outbox.push(Out { key, version: 1, sent: 0, event_id: None, what }),
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
        let matches = |plan: &&Plan| {
            let named = about.as_ref().is_none_or(|about| {
                plan.asked_by.as_str().to_lowercase().contains(about)
                    || plan.typed.to_lowercase().contains(about)
                    || plan.steps.iter().any(|step| step.step.room().as_str().to_lowercase().contains(about))
            });
            named && (which.states.is_empty() || which.states.contains(&plan.state))
        };
        let limit = which.limit.unwrap_or(usize::MAX);
        Ok(self.inner().plans.values().rev().filter(matches).take(limit).cloned().collect())
    }

    fn next_plan_id(&self) -> Result<PlanId, StoreError> {
        Ok(self.inner().plans.keys().next_back().map_or(1, |last| last + 1))
    }

    fn kept(&self, plan: PlanId, step: usize) -> Result<Option<Value>, StoreError> {
        Ok(self.inner().kept.get(&(plan, step)).cloned())
    }

    fn undone_by(&self, id: PlanId) -> Result<Option<PlanId>, StoreError> {
        let dropped = |plan: &&Plan| matches!(plan.state, PlanState::Cancelled | PlanState::Expired);
        let inner = self.inner();
        Ok(inner.plans.values().rfind(|plan| plan.undoes == Some(id) && !dropped(plan)).map(|plan| plan.id))
    }

    fn key_of(&self, event: &EventId) -> Result<Option<String>, StoreError> {
        let inner = self.inner();
        let out = inner.outbox.iter().find(|out| out.event_id.as_deref() == Some(event));
        Ok(out.map(|out| out.key.clone()))
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

    fn unhandled(&self) -> Result<Vec<InboxEvent>, StoreError> {
        let inner = self.inner();
        Ok(inner.inbox.iter().filter(|event| !inner.handled.contains(&event.event_id)).cloned().collect())
    }

    fn undelivered(&self) -> Result<Vec<Delivery>, StoreError> {
        let inner = self.inner();
        let pending = || inner.outbox.iter().filter(|out| out.version > out.sent);
        let is_reaction = |out: &&Out| matches!(out.what, What::Reaction { .. });
        let messages = pending().filter(|out| !is_reaction(out));
        let reactions = pending().filter(is_reaction);
        Ok(messages.chain(reactions).filter_map(|out| inner.delivery(out)).collect())
    }
}

/// What every store has to keep; panics where it does not. `store` is empty.
pub fn store_contract(store: &dyn Store) {
    use ruma::{owned_event_id, owned_room_id, owned_user_id};
    use serde_json::json;

    use crate::{
        model::BlockStatus,
        plan::{Effect, Inside, Outcome, PlannedStep, Step, StepState},
        reply::{Line, Reply},
        speech::Mark,
    };

    let commit = |changes| store.commit(changes).expect("commits");
    let (a, b) = (owned_event_id!("$a"), owned_event_id!("$b"));
    let inbox = |event_id: &OwnedEventId| InboxEvent {
        event_id: event_id.clone(),
        json: json!({"event_id": event_id}),
        received_at: 7,
    };

    // The inbox: each event once, in the order of arrival, until it is handled.
    assert_eq!(store.cursor(), Ok(None));
    commit(vec![Change::Received(inbox(&b)), Change::Received(inbox(&a)), Change::Cursor("s1".into())]);
    commit(vec![Change::Received(inbox(&a)), Change::Cursor("s2".into())]);
    assert_eq!(store.cursor(), Ok(Some("s2".into())));
    assert_eq!(store.unhandled(), Ok(vec![inbox(&b), inbox(&a)]));
    let clear = json!({"type": "m.room.message"});
    commit(vec![Change::Decrypted { event_id: a.clone(), json: clear.clone() }, Change::Handled(b.clone())]);
    assert_eq!(
        store.unhandled().map(|all| all.into_iter().map(|event| event.json).collect()),
        Ok(vec![clear])
    );
    commit(vec![Change::Handled(a.clone()), Change::Received(inbox(&a))]);
    assert_eq!(store.unhandled(), Ok(vec![]));

    // Plans.
    assert_eq!(store.next_plan_id(), Ok(1));
    let room = owned_room_id!("!Bad:hs.test");
    let plan = Plan {
        id: 1,
        event_id: a.clone(),
        command: "block".into(),
        typed: "!block #bad:hs.test 100%_sure".into(),
        asked_by: owned_user_id!("@mod:hs.test"),
        asked_at: 1,
        because: Some("100%_sure".into()),
        undoes: None,
        state: PlanState::Proposed,
        decided_by: None,
        changed_at: 1,
        expires_at: 99,
        steps: vec![
            PlannedStep::from(Step::BlockRoom { room: room.clone().into() }),
            PlannedStep::from(Step::UnblockRoom { room: owned_room_id!("!other").into() }),
        ],
    };
    commit(vec![Change::Plan(Box::new(plan.clone()))]);
    assert_eq!(store.plan(1), Ok(Some(plan.clone())));
    assert_eq!(store.plan(2), Ok(None));
    assert_eq!(store.next_plan_id(), Ok(2));
    let about = |text: &str| Which { about: Some(text.into()), ..Which::default() };
    for (text, found) in
        [("@mod", 1), ("!bad:", 1), ("#bad", 1), ("!OTHER", 1), ("100%_", 1), ("100%x", 0), ("@evil", 0)]
    {
        assert_eq!(store.plans(&about(text)).map(|plans| plans.len()), Ok(found), "{text}");
    }
    let by = Some(owned_user_id!("@other:hs.test"));
    let state = StepState::Blocking { before: BlockStatus::Open };
    let outcome =
        Outcome::Done { effect: Effect::Blocked { before: BlockStatus::Open, inside: Inside::Members(3) } };
    commit(vec![
        Change::PlanState { id: 1, state: PlanState::Running, by: by.clone(), at: 2 },
        Change::Working { plan: 1, step: 0, state: state.clone() },
        Change::Keep { plan: 1, step: 1, kept: json!({"name": "x"}) },
        Change::Ended { plan: 1, step: 0, outcome: outcome.clone(), at: 3 },
    ]);
    let now = store.plan(1).expect("reads").expect("is there");
    assert_eq!((now.state, now.decided_by, now.changed_at), (PlanState::Running, by.clone(), 3));
    assert_eq!(now.steps[0].state, Some(state));
    assert_eq!(now.steps[0].outcome, Some(outcome));
    assert_eq!(now.steps[1], plan.steps[1]);
    assert_eq!(store.kept(1, 1), Ok(Some(json!({"name": "x"}))));
    assert_eq!(store.kept(1, 0), Ok(None));
    commit(vec![Change::PlanState { id: 1, state: PlanState::Done, by: None, at: 4 }]);
    assert_eq!(store.plan(1).map(|plan| plan.and_then(|plan| plan.decided_by)), Ok(by));
    let undo =
        Plan { id: 2, event_id: b.clone(), undoes: Some(1), state: PlanState::Cancelled, ..plan.clone() };
    commit(vec![Change::Plan(Box::new(undo.clone()))]);
    assert_eq!(store.undone_by(1), Ok(None));
    commit(vec![Change::PlanState { id: 2, state: PlanState::Running, by: None, at: 5 }]);
    assert_eq!(store.undone_by(1), Ok(Some(2)));
    commit(vec![Change::Plan(Box::new(Plan { id: 3, event_id: owned_event_id!("$c"), ..undo.clone() }))]);
    assert_eq!(store.undone_by(1), Ok(Some(2)));
    commit(vec![Change::PlanState { id: 3, state: PlanState::Done, by: None, at: 6 }]);
    assert_eq!(store.undone_by(1), Ok(Some(3)), "the newest");
    let running = Which { states: vec![PlanState::Running], ..Which::default() };
    assert_eq!(store.plans(&running).map(|plans| plans.iter().map(|plan| plan.id).collect()), Ok(vec![2]));
    let newest = Which { limit: Some(1), ..Which::default() };
    assert_eq!(store.plans(&newest).map(|plans| plans.iter().map(|plan| plan.id).collect()), Ok(vec![3]));

    // One command makes one Plan: a second Plan of the same event is an error, and nothing of that commit stays.
    // (The store in memory has no constraints; it is the database that has to hold this.)

    // The outbox: a message is sent in its newest version; an edit replaces what was sent first.
    let say = |key: &str, text: &str| {
        Say::new(key, Some(a.clone()), &Reply::new().paragraph(Line::new().text(text)))
    };
    commit(vec![
        Change::Mark(Mark { to: Marked::Event(a.clone()), emoji: "👀", effort: Effort::Once }),
        Change::Mark(Mark { to: Marked::Message("m".into()), emoji: "✅", effort: Effort::Surely }),
        Change::Say(say("m", "one")),
        Change::Say(say("m", "two")),
        Change::SayOnce(say("once", "first")),
        Change::SayOnce(say("once", "second")),
    ]);
    let pending = |store: &dyn Store| -> Vec<(String, u32, String)> {
        let describe = |what: &Sendable| match what {
            Sendable::Message { replaces, rendered, .. } => {
                format!(
                    "{}{}",
                    rendered.text,
                    replaces.as_ref().map(|id| format!(" for {id}")).unwrap_or_default()
                )
            }
            Sendable::File { attachment, .. } => attachment.name.clone(),
            Sendable::Reaction { to, emoji, .. } => format!("{emoji} on {to}"),
        };
        let undelivered = store.undelivered().expect("reads");
        undelivered.iter().map(|out| (out.key.clone(), out.version, describe(&out.what))).collect()
    };
    let want = |rows: &[(&str, u32, &str)]| -> Vec<(String, u32, String)> {
        rows.iter().map(|(key, version, what)| ((*key).to_owned(), *version, (*what).to_owned())).collect()
    };
    assert_eq!(pending(store), want(&[("m", 2, "two"), ("once", 1, "first"), ("👀 $a", 1, "👀 on $a")]));
    let sent = owned_event_id!("$sent");
    commit(vec![Change::Delivered { key: "m".into(), version: 2, event_id: sent.clone() }]);
    assert_eq!(store.key_of(&sent), Ok(Some("m".into())));
    assert_eq!(
        pending(store),
        want(&[("once", 1, "first"), ("👀 $a", 1, "👀 on $a"), ("✅ m", 1, "✅ on $sent")])
    );
    commit(vec![
        Change::Say(say("m", "three")),
        Change::GaveUp { key: "once".into(), version: 1 },
        Change::GaveUp { key: "👀 $a".into(), version: 1 },
        Change::Delivered { key: "✅ m".into(), version: 1, event_id: owned_event_id!("$r") },
    ]);
    assert_eq!(pending(store), want(&[("m", 3, "three for $sent")]));
    // The edit is another event; the message is still known by its first one.
    commit(vec![Change::Delivered { key: "m".into(), version: 3, event_id: owned_event_id!("$edit") }]);
    commit(vec![Change::Say(say("m", "four"))]);
    assert_eq!(pending(store), want(&[("m", 4, "four for $sent")]));
    assert_eq!(store.queue(), Ok(Queue { unhandled: 0, undelivered: 1 }));
    commit(vec![Change::Delivered { key: "m".into(), version: 4, event_id: owned_event_id!("$edit2") }]);

    // A reaction to a message that never came is not waited for.
    commit(vec![
        Change::Say(say("lost", "never sent")),
        Change::Mark(Mark { to: Marked::Message("lost".into()), emoji: "❌", effort: Effort::Once }),
        Change::GaveUp { key: "lost".into(), version: 1 },
    ]);
    assert_eq!(store.queue(), Ok(Queue { unhandled: 0, undelivered: 0 }));

    // A file goes with its message, and is sent once.
    let with_file = Say {
        attachment: Some(Attachment {
            name: "a.csv".into(),
            mime: "text/csv".into(),
            bytes: vec![0, 255, 10],
        }),
        ..say("f", "see the file")
    };
    commit(vec![Change::Say(with_file)]);
    assert_eq!(pending(store), want(&[("f", 1, "see the file"), ("f-file", 1, "a.csv")]));
    let bytes = store.undelivered().expect("reads").into_iter().find_map(|out| match out.what {
        Sendable::File { attachment, .. } => Some(attachment.bytes),
        Sendable::Message { .. } | Sendable::Reaction { .. } => None,
    });
    assert_eq!(bytes, Some(vec![0, 255, 10]));

    // Another management room: nothing of the old one is handled, confirmed or edited there.
    let (late, proposal) = (owned_event_id!("$late"), owned_event_id!("$proposal"));
    commit(vec![
        Change::Received(inbox(&late)),
        Change::Plan(Box::new(Plan { id: 4, event_id: proposal, ..plan.clone() })),
        Change::Moved,
    ]);
    assert_eq!(store.queue(), Ok(Queue::default()));
    assert_eq!(store.plan(4).map(|plan| plan.map(|plan| plan.state)), Ok(Some(PlanState::Expired)));
    assert_eq!(store.plan(2).map(|plan| plan.map(|plan| plan.state)), Ok(Some(PlanState::Running)));
    assert_eq!(store.key_of(&sent), Ok(None));
    commit(vec![Change::Say(say("m", "five"))]);
    assert_eq!(pending(store), want(&[("m", 5, "five")]));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        super::store_contract(&super::MemoryStore::default());
    }
}
