//! The contract that every store keeps.

mod forgetting;
mod hits;
mod stopping;
mod undoing;
mod upgrading;

use std::collections::BTreeSet;

use ruma::{OwnedEventId, owned_event_id, owned_room_id, owned_user_id};
use serde_json::{Value, json};

use crate::{
    model::{About, BlockStatus, Report, ReportKey, ReportKind, Switch},
    plan::{Effect, Inside, Origin, Outcome, Plan, PlanState, PlannedStep, Step, StepState, Undoes},
    ports::{
        Case, CaseState, Change, Decision, Digest, FORWARDED, Gap, InboxEvent, Priority, Queue, Reporting,
        Seen, Store, UNTOLD_AT_ONCE, VIEWS_KEPT, View, WatchedEvent, Watching, Which, WhichCases,
    },
    reply::{Attachment, Line, Reply},
    speech::{Effort, Mark, Marked, Say, Sendable},
};

pub use self::forgetting::forgetting_contract;

/// What every store has to keep; panics where it does not. `store` is empty.
pub fn store_contract(store: &dyn Store) {
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
        origin: Origin::Command(a.clone()),
        command: "block".into(),
        typed: "!block #bad:hs.test 100%_sure".into(),
        asked_by: owned_user_id!("@mod:hs.test"),
        asked_at: 1,
        because: Some("100%_sure".into()),
        undoes: None,
        case: None,
        lasts: None,
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
    let undo = Plan {
        id: 2,
        origin: Origin::Command(b.clone()),
        undoes: Some(Undoes::one(1, 2)),
        state: PlanState::Cancelled,
        ..plan.clone()
    };
    commit(vec![Change::Plan(Box::new(undo.clone()))]);
    assert_eq!(store.undone_by(1), Ok(None));
    commit(vec![Change::PlanState { id: 2, state: PlanState::Running, by: None, at: 5 }]);
    assert_eq!(store.undone_by(1), Ok(Some(2)));
    commit(vec![Change::Plan(Box::new(Plan {
        id: 3,
        origin: Origin::Command(owned_event_id!("$c")),
        ..undo.clone()
    }))]);
    assert_eq!(store.undone_by(1), Ok(Some(2)));
    commit(vec![Change::PlanState { id: 3, state: PlanState::Done, by: None, at: 6 }]);
    assert_eq!(store.undone_by(1), Ok(Some(3)), "the newest");
    let running = Which { states: vec![PlanState::Running], ..Which::default() };
    assert_eq!(store.plans(&running).map(|plans| plans.iter().map(|plan| plan.id).collect()), Ok(vec![2]));
    let since = |at| store.plans(&Which { since: Some(at), ..Which::default() }).map(|plans| plans.len());
    assert_eq!((since(4), since(5), since(6), since(7)), (Ok(3), Ok(2), Ok(1), Ok(0)));
    let newest = Which { limit: Some(1), ..Which::default() };
    assert_eq!(store.plans(&newest).map(|plans| plans.iter().map(|plan| plan.id).collect()), Ok(vec![3]));

    // One command makes one Plan: a second Plan of the same event is an error, and nothing of that commit stays.
    // (The store in memory has no constraints; it is the database that has to hold this.)

    // The outbox: a message is sent in its newest version; an edit replaces what was sent first.
    let say = |key: &str, text: &str| {
        Say::new(key, Some(a.clone()), &Reply::new().paragraph(Line::new().text(text)))
    };
    commit(vec![
        Change::Mark(Mark { to: Marked::Event(a.clone()), emoji: "👀".into(), effort: Effort::Once }),
        Change::Mark(Mark { to: Marked::Message("m".into()), emoji: "✅".into(), effort: Effort::Surely }),
        Change::Say(say("m", "one")),
        Change::Say(say("m", "two")),
        Change::SayOnce(say("once", "first")),
        Change::SayOnce(say("once", "second")),
    ]);
    assert_eq!((store.is_said("m"), store.is_said("n")), (Ok(true), Ok(false)));
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
        Change::Mark(Mark { to: Marked::Message("lost".into()), emoji: "❌".into(), effort: Effort::Once }),
        Change::GaveUp { key: "lost".into(), version: 1 },
    ]);
    assert_eq!(store.queue(), Ok(Queue { unhandled: 0, undelivered: 0 }));

    // Views: the newest, each with the command as it was typed first.
    let view = |n: usize, right: Option<&str>| View {
        key: format!("answer-{n}"),
        typed: "!rooms".into(),
        left: None,
        right: right.map(str::to_owned),
    };
    commit(vec![Change::View(view(0, Some("20"))), Change::View(view(1, None))]);
    assert_eq!(store.view("answer-0"), Ok(Some(view(0, Some("20")))));
    commit(vec![Change::View(View { typed: "!other".into(), ..view(0, Some("40")) })]);
    assert_eq!(store.view("answer-0"), Ok(Some(view(0, Some("40")))), "what was typed stays");
    commit((2..=VIEWS_KEPT).map(|n| Change::View(view(n, None))).collect());
    assert_eq!(store.view("answer-0"), Ok(None), "the oldest goes");
    assert_eq!(store.view("answer-1"), Ok(Some(view(1, None))));

    // Whom a message mentions comes back, and nobody else; an edit mentions whom it says itself.
    let mentioned = |store: &dyn Store| {
        let undelivered = store.undelivered().expect("reads");
        undelivered.into_iter().find_map(|out| match out.what {
            Sendable::Message { rendered, .. } if out.key == "mentions" => Some(rendered.mentions),
            _ => None,
        })
    };
    let (ana, mod_) = (owned_user_id!("@ana:hs.test"), owned_user_id!("@mod:hs.test"));
    let both = Reply::text("look").mention(&mod_).mention(&ana);
    commit(vec![Change::Say(Say::new("mentions", None, &both))]);
    assert_eq!(mentioned(store), Some(vec![mod_, ana.clone()]));
    commit(vec![Change::Say(Say::new("mentions", None, &Reply::text("look").mention(&ana)))]);
    assert_eq!(mentioned(store), Some(vec![ana.clone()]));
    commit(vec![Change::Say(Say::new("mentions", None, &Reply::text("look")))]);
    assert_eq!(mentioned(store), Some(vec![]));
    let once = Say::new("mentions", None, &Reply::text("look").mention(&ana));
    commit(vec![Change::GaveUp { key: "mentions".into(), version: 3 }]);
    commit(vec![Change::SayOnce(Say { key: "mentions-once".into(), ..once })]);
    let undelivered = store.undelivered().expect("reads");
    assert!(
        matches!(&undelivered[..], [out] if matches!(&out.what, Sendable::Message { rendered, .. } if rendered.mentions == [ana])),
        "{undelivered:?}"
    );
    commit(vec![Change::GaveUp { key: "mentions-once".into(), version: 1 }]);

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

    watching(store);
    reporting(store);
    // Another management room: nothing of the old one is handled, confirmed or edited there.
    let (late, proposal) = (owned_event_id!("$late"), owned_event_id!("$proposal"));
    let id = store.next_plan_id().expect("reads");
    commit(vec![
        Change::Received(inbox(&late)),
        Change::Plan(Box::new(Plan { id, origin: Origin::Command(proposal), ..plan.clone() })),
        Change::Say(say("feed-2", "refused")),
        Change::GaveUp { key: "feed-2".into(), version: 1 },
        Change::Say(say("run-2", "done")),
        Change::Say(say("run-3", "begun")),
        Change::Delivered { key: "run-3".into(), version: 1, event_id: owned_event_id!("$begun") },
        Change::Moved,
    ]);
    // But for how a job ended that was confirmed there.
    assert_eq!(pending(store), want(&[("run-2", 1, "done")]));
    commit(vec![Change::GaveUp { key: "run-2".into(), version: 1 }]);
    assert_eq!(store.queue(), Ok(Queue::default()));
    assert_eq!(store.plan(id).map(|plan| plan.map(|plan| plan.state)), Ok(Some(PlanState::Expired)));
    assert_eq!(store.plan(2).map(|plan| plan.map(|plan| plan.state)), Ok(Some(PlanState::Running)));
    assert_eq!(store.key_of(&sent), Ok(None));
    assert_eq!(store.view("answer-1"), Ok(None));
    assert_eq!(store.open_digests(), Ok(vec![]));
    // What of a watched room was in a message that never came there is told in the new room.
    assert_eq!(store.untold().map(|all| all.len()), Ok(1));
    commit(vec![Change::Say(say("m", "five"))]);
    assert_eq!(pending(store), want(&[("m", 5, "five")]));

    // Who asked something is answered before watched rooms are told about.
    commit(vec![Change::Say(say("feed-1", "told")), Change::Say(say("n", "answer"))]);
    assert_eq!(pending(store), want(&[("m", 5, "five"), ("n", 1, "answer"), ("feed-1", 1, "told")]));
    undoing::holds(store, &plan);
    stopping::holds(store, &plan);
    upgrading::holds(store);
}

/// What happens in watched rooms: each event is told once, in the order of arrival.
fn watching(store: &dyn Store) {
    let commit = |changes: Vec<Watching>| {
        store.commit(changes.into_iter().map(Change::Watching).collect()).expect("commits");
    };
    let room = owned_room_id!("!watched:hs.test");
    let event = |id: &str| WatchedEvent {
        event_id: id.try_into().expect("an event ID"),
        room_id: room.clone(),
        json: json!({"event_id": id, "content": {"name": "“ü”"}}),
        received_at: 5,
        seen: Seen::Later,
    };
    let [a, b, c, d] = ["$wa", "$wb", "$wc", "$wd"].map(event);
    commit(vec![Watching::Seen(b.clone()), Watching::Seen(a.clone()), Watching::Seen(b.clone())]);
    assert_eq!(store.untold(), Ok(vec![b.clone(), a.clone()]));
    assert_eq!(store.next_digest_id(), Ok(1));
    let digest = |id, events: &[&WatchedEvent]| Digest {
        id,
        room_id: Some(room.clone()),
        seen: Seen::Live,
        opened_at: 9,
        events: events.iter().map(|event| (*event).clone()).collect(),
    };
    commit(vec![Watching::Digest(digest(1, &[&a])), Watching::Seen(c.clone()), Watching::Seen(d.clone())]);
    assert_eq!(store.untold(), Ok(vec![b.clone(), c.clone(), d.clone()]));
    let second = Digest { room_id: None, seen: Seen::Later, ..digest(2, &[&b]) };
    commit(vec![
        Watching::Digest(digest(1, &[&c])),
        Watching::Digest(second.clone()),
        Watching::Unwanted(vec![d.event_id.clone()]),
    ]);
    assert_eq!(store.untold(), Ok(vec![]));
    assert_eq!(store.open_digests(), Ok(vec![digest(1, &[&a, &c]), second.clone()]));
    assert_eq!(store.next_digest_id(), Ok(3));
    // What was told, or not wanted, does not come again.
    commit(vec![Watching::Closed(1), Watching::Seen(a), Watching::Seen(c), Watching::Seen(d)]);
    assert_eq!((store.untold(), store.open_digests()), (Ok(vec![]), Ok(vec![second])));
    assert_eq!(store.next_digest_id(), Ok(3));

    let gap =
        |from: &str| Gap { room_id: room.clone(), from: from.into(), to: "s1".into(), seen: Seen::Live };
    commit(vec![Watching::Gap(gap("t2")), Watching::Gap(gap("t1"))]);
    assert_eq!(store.gaps(), Ok(vec![gap("t2"), gap("t1")]));
    // What came after a gap waits for it.
    let late = event("$we");
    commit(vec![Watching::Seen(late.clone()), Watching::Filled(gap("t2"))]);
    assert_eq!((store.gaps(), store.untold()), (Ok(vec![gap("t1")]), Ok(vec![])));
    commit(vec![Watching::Filled(gap("t1"))]);
    assert_eq!(store.untold(), Ok(vec![late.clone()]));
    commit(vec![Watching::Unwanted(vec![late.event_id])]);
    // A flood is not read whole.
    let flood = (0..=UNTOLD_AT_ONCE).map(|n| Watching::Seen(event(&format!("$f{n}")))).collect();
    commit(flood);
    assert_eq!(store.untold().map(|all| all.len()), Ok(UNTOLD_AT_ONCE));
    let told = (0..=UNTOLD_AT_ONCE).map(|n| event(&format!("$f{n}")).event_id).collect();
    commit(vec![Watching::Unwanted(told)]);

    assert_eq!(store.position(&room), Ok(None));
    for token in ["t1", "t2"] {
        commit(vec![Watching::Position { room_id: room.clone(), token: token.into() }]);
        assert_eq!(store.position(&room), Ok(Some(token.into())));
    }
}

/// Abuse reports: each is known once, by its number and its time, and belongs to one case.
fn reporting(store: &dyn Store) {
    let commit = |change: Reporting| store.commit(vec![Change::Reporting(change)]).expect("commits");
    let key = |id, received_ts| ReportKey { kind: ReportKind::Event, id, received_ts };
    let about = |event: &str| About::Event { room_id: "!r:hs.test".into(), event_id: event.into() };
    let report = |id, received_ts, event: &str| Report {
        key: key(id, received_ts),
        reporter: "@ana:hs.test".into(),
        reason: Some("“spam”".into()),
        about: about(event),
        author: None,
    };
    let known = |keys: &[ReportKey]| store.known_reports(ReportKind::Event, keys).expect("the store reads");
    assert_eq!(known(&[key(1, 5)]), None, "nothing was ever read");
    commit(Reporting::Begun { kind: ReportKind::Event, known: BTreeSet::from([key(1, 5), key(2, 6)]) });
    // The number of a deleted report is given again.
    assert_eq!(known(&[key(1, 5), key(2, 7), key(3, 8)]), Some(BTreeSet::from([key(1, 5)])));
    assert_eq!(store.known_reports(ReportKind::User, &[]), Ok(None));
    assert_eq!((store.next_case_id(), store.cases(&WhichCases::default())), (Ok(1), Ok(vec![])));
    let case = Case {
        id: 1,
        about: about("$a"),
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: 9,
        changed_at: 9,
        evidence: Some(json!({"event": {"content": {"body": "ü"}}})),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: vec![report(3, 8, "$a")],
    };
    commit(Reporting::Opened(Box::new(case.clone())));
    commit(Reporting::Joined { case: 1, report: report(4, 9, "$a") });
    commit(Reporting::Joined { case: 1, report: report(3, 8, "$a") });
    let case = Case { reports: vec![report(3, 8, "$a"), report(4, 9, "$a")], ..case };
    assert_eq!(store.case(1), Ok(Some(case.clone())));
    assert_eq!(store.case_about(&about("$a")), Ok(Some(case.clone())));
    assert_eq!((store.case(2), store.case_about(&about("$b"))), (Ok(None), Ok(None)));
    assert_eq!(known(&[key(3, 8), key(4, 9)]).map(|known| known.len()), Some(2));
    let other =
        Case { id: 2, about: about("$b"), evidence: None, reports: vec![report(5, 9, "$b")], ..case.clone() };
    commit(Reporting::Opened(Box::new(other.clone())));
    let by = owned_user_id!("@mod:hs.test");
    commit(Reporting::Judged {
        case: 1,
        state: CaseState::Resolved,
        by: by.clone(),
        note: Some("done".into()),
        at: 20,
    });
    let judged = Case {
        state: CaseState::Resolved,
        by: Some(by.clone()),
        note: Some("done".into()),
        changed_at: 20,
        decisions: vec![Decision {
            state: CaseState::Resolved,
            by: by.clone(),
            note: Some("done".into()),
            at: 20,
        }],
        ..case
    };
    let which = |which: WhichCases| store.cases(&which).expect("the store reads");
    assert_eq!(which(WhichCases::default()), [other.clone(), judged.clone()]);
    assert_eq!(which(WhichCases { limit: Some(1), ..WhichCases::default() }), std::slice::from_ref(&other));
    assert_eq!(
        which(WhichCases { states: vec![CaseState::Open, CaseState::Claimed], ..WhichCases::default() }),
        [other]
    );
    assert_eq!(which(WhichCases { by: Some(by), ..WhichCases::default() }), std::slice::from_ref(&judged));
    let room = about("$b").room_id().map(str::to_owned);
    assert_eq!(
        which(WhichCases { room, before: Some(2), ..WhichCases::default() }),
        std::slice::from_ref(&judged)
    );
    assert_eq!(which(WhichCases { room: Some("!none".into()), ..WhichCases::default() }), []);
    let wrote = |id: &str, evidence: Value| {
        let opened =
            Case { id: 3, about: about(id), evidence: Some(evidence), reports: Vec::new(), ..judged.clone() };
        Case { decisions: Vec::new(), ..opened }
    };
    let third = wrote("$c", json!({"event": {"sender": "@eve:far.test"}, "author": {"id": ""}}));
    commit(Reporting::Opened(Box::new(third.clone())));
    let author = |author: &str| which(WhichCases { author: Some(author.into()), ..WhichCases::default() });
    assert_eq!(author("@eve:far.test"), [third]);
    assert_eq!(author("@nobody:far.test"), []);
    assert_eq!(store.next_case_id(), Ok(4));
    weighing(store);
}

/// What rules make of cases, what was forwarded, and who is ignored. There are the cases 1, with two reports, and 2.
fn weighing(store: &dyn Store) {
    let commit = |change: Reporting| store.commit(vec![Change::Reporting(change)]).expect("commits");
    assert_eq!(store.unweighed(), Ok(vec![(1, 0), (2, 0)]));
    commit(Reporting::Weighed { case: 1, reports: 1 });
    commit(Reporting::Weighed { case: 2, reports: 1 });
    assert_eq!(store.unweighed(), Ok(vec![(1, 1)]));
    commit(Reporting::Weighed { case: 1, reports: 2 });
    // What was weighed stays weighed.
    commit(Reporting::Weighed { case: 1, reports: 1 });
    assert_eq!(store.unweighed(), Ok(vec![]));
    commit(Reporting::Prioritized { case: 2 });
    let priority = |id| store.case(id).expect("the store reads").map(|case| case.priority);
    assert_eq!((priority(1), priority(2)), (Some(Priority::Normal), Some(Priority::High)));
    hits::of_rules(store);
    let ignored = |reporter: &str, to| commit(Reporting::Ignored { reporter: reporter.into(), to });
    ignored("@ana:hs.test", Switch::On);
    ignored("@ana:hs.test", Switch::On);
    ignored("@eve:hs.test", Switch::On);
    ignored("@eve:hs.test", Switch::Off);
    assert_eq!(store.ignored_reporters(), Ok(BTreeSet::from(["@ana:hs.test".to_owned()])));
    let about = About::Room { room_id: "!r:hs.test".into() };
    let forwarded = |at| Report {
        key: ReportKey { kind: ReportKind::Room, id: 0, received_ts: at },
        reporter: "@ana:hs.test".into(),
        reason: None,
        about: about.clone(),
        author: None,
    };
    commit(Reporting::Forwarded(forwarded(8)));
    commit(Reporting::Forwarded(forwarded(9)));
    let waiting = store.forwarded().expect("the store reads");
    assert_eq!(waiting.iter().map(|report| report.key.received_ts).collect::<Vec<_>>(), [8, 9]);
    assert!(waiting[0].key.id > FORWARDED && waiting[1].key.id > waiting[0].key.id);
    commit(Reporting::Joined { case: 1, report: waiting[1].clone() });
    commit(Reporting::Joined { case: 1, report: waiting[1].clone() });
    assert_eq!(store.forwarded(), Ok(waiting[..1].to_vec()));
    assert_eq!(store.unweighed(), Ok(vec![(1, 2)]));
    commit(Reporting::Joined { case: 1, report: waiting[0].clone() });
    commit(Reporting::Forwarded(forwarded(10)));
    let newest = store.forwarded().expect("the store reads");
    assert!(newest[0].key.id > waiting[1].key.id, "a number is never given again");
    commit(Reporting::Told(newest[0].key));
    assert_eq!((store.forwarded(), store.unweighed()), (Ok(vec![]), Ok(vec![(1, 2)])), "no case has it");
    assert_eq!(store.known_reports(ReportKind::Room, &[]), Ok(None), "reports of rooms were never read");
}
