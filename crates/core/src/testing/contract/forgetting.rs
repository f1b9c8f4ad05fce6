//! What is deleted when it is over and old, and what is not.

use ruma::{OwnedEventId, owned_event_id, owned_room_id, owned_user_id};
use serde_json::json;

use crate::{
    model::{About, BlockStatus, Millis, Report, ReportKey, ReportKind},
    plan::{Effect, Origin, Outcome, Plan, PlanId, PlanState, PlannedStep, Step, Undoes},
    ports::{
        Acted, Case, CaseId, CaseState, Change, Digest, Forget, Forgotten, Hit, InboxEvent, Priority,
        Reporting, Said, Seen, Store, View, WatchedEvent, Watching, Which, WhichCases,
    },
    reply::{Line, Reply},
    speech::{Mark, Say},
};

/// What is before this is old.
const BEFORE: Millis = 1_000;
const OLD: Millis = BEFORE - 1;

/// What every store has to delete, and to keep; panics where it does not. `store` is empty.
pub fn forgetting_contract(store: &dyn Store) {
    jobs_and_cases(store);
    messages(store);
    rooms(store);
}

fn commit(store: &dyn Store, changes: Vec<Change>) {
    store.commit(changes).expect("commits");
}

fn forget(store: &dyn Store, before: Millis, at: Millis) {
    commit(store, vec![Change::Forget(Forget { before, at })]);
}

fn event(name: impl std::fmt::Display) -> OwnedEventId {
    format!("${name}").try_into().expect("an event ID")
}

/// A job about a room of its own that was done long ago.
fn job(id: PlanId) -> Plan {
    let room = format!("!r{id}:hs.test").try_into().map(|id: ruma::OwnedRoomId| id.into());
    let effect = Effect::Unblocked { before: BlockStatus::Open };
    let step = Step::UnblockRoom { room: room.expect("a room ID") };
    Plan {
        id,
        origin: Origin::Command(event(format!("job{id}"))),
        command: "unblock".into(),
        typed: format!("!unblock !r{id}:hs.test"),
        asked_by: owned_user_id!("@mod:hs.test"),
        asked_at: 1,
        because: None,
        undoes: None,
        case: None,
        lasts: None,
        state: PlanState::Done,
        decided_by: None,
        changed_at: OLD,
        expires_at: 2,
        steps: vec![PlannedStep { outcome: Some(Outcome::Done { effect }), ..PlannedStep::from(step) }],
    }
}

fn report(id: u64, received_ts: Millis) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Room, id, received_ts },
        reporter: "@ana:hs.test".into(),
        reason: Some("spam".into()),
        about: about(id),
        author: None,
    }
}

fn about(id: u64) -> About {
    About::Room { room_id: format!("!c{id}:hs.test") }
}

/// A case that was closed long ago.
fn case(id: CaseId) -> Case {
    Case {
        id,
        about: about(id),
        state: CaseState::Resolved,
        by: Some(owned_user_id!("@mod:hs.test")),
        note: Some("done".into()),
        opened_at: 1,
        changed_at: OLD,
        evidence: Some(json!({"event": {"content": {"body": "bad words"}}})),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: vec![report(id, 5)],
    }
}

fn opened(case: Case) -> [Change; 2] {
    let weighed = Reporting::Weighed { case: case.id, reports: case.reports.len() };
    [Reporting::Opened(Box::new(case)), weighed].map(Change::Reporting)
}

fn jobs_and_cases(store: &dyn Store) {
    let put = |plan: Plan| commit(store, vec![Change::Plan(Box::new(plan))]);
    let put_case = |case: Case| commit(store, opened(case).into());
    let undo = |id, of| Plan { undoes: Some(Undoes::one(of, 1)), ..job(id) };
    let hit = |case, at| {
        let (rule, author) = ("spam".to_owned(), Some("@eve:hs.test".to_owned()));
        Change::Reporting(Reporting::Hit(Hit {
            rule,
            case,
            author,
            at,
            acted: Acted::DryRun,
            said: Said::Nothing,
        }))
    };
    assert_eq!(store.forgotten(), Ok(Forgotten::default()));
    forget(store, BEFORE, 1);
    assert_eq!((store.next_plan_id(), store.next_case_id()), (Ok(1), Ok(1)));
    assert_eq!(store.forgotten(), Ok(Forgotten::default()));

    let case_of_job = |id, case| Plan { case: Some(case), ..job(id) };
    for kept in [
        // Over, and not old.
        Case { changed_at: BEFORE, ..case(1) },
        // Not closed.
        Case { state: CaseState::Claimed, ..case(2) },
        // Reported again.
        Case { reports: vec![report(3, 5), Report { about: about(3), ..report(30, BEFORE) }], ..case(3) },
        // Of these one is not weighed, one was weighed again, one has a job that is not old; and one has nothing.
        case(4),
        case(5),
        case(6),
        case(7),
        case(8),
    ] {
        put_case(kept);
    }
    commit(store, vec![Change::Reporting(Reporting::Joined { case: 4, report: report(40, 6) })]);
    commit(store, vec![hit(5, BEFORE), hit(7, 5)]);

    // 1 goes, also what was dropped (2, 3); what is not old stays (4).
    put(job(1));
    put(Plan { state: PlanState::Cancelled, ..job(2) });
    put(Plan { state: PlanState::Expired, ..job(3) });
    put(Plan { changed_at: BEFORE, ..job(4) });
    // What is not over stays (5, 6), with what it undoes (7), and what that undid (8).
    put(Plan { state: PlanState::Proposed, ..job(5) });
    put(job(8));
    put(undo(7, 8));
    put(Plan { state: PlanState::Running, ..undo(6, 7) });
    // What was undone goes with its undo (9, 10), but not while that is not old (11, 12).
    put(job(9));
    put(undo(10, 9));
    put(job(11));
    put(Plan { changed_at: BEFORE, ..undo(12, 11) });
    // What lasts stays (13), with what later was about the same (14); but not what lasted (15, 16).
    put(Plan { lasts: Some(1), ..job(13) });
    put(Plan { steps: job(13).steps, ..job(14) });
    put(Plan { lasts: Some(1), ..job(15) });
    put(Plan { origin: Origin::Ending(15), ..undo(16, 15) });
    // Jobs go with their cases (17, 19), and stay with them (18, 20, 21).
    put(case_of_job(17, 7));
    put(case_of_job(18, 2));
    put(case_of_job(19, 8));
    put(undo(20, 18));
    put(Plan { changed_at: BEFORE, ..case_of_job(21, 6) });
    put(case_of_job(22, 6));
    commit(
        store,
        vec![
            Change::Keep { plan: 1, step: 0, kept: json!("a") },
            Change::Keep { plan: 22, step: 0, kept: json!("b") },
        ],
    );

    forget(store, BEFORE, 2);
    let plans: Vec<PlanId> =
        store.plans(&Which::default()).expect("reads").into_iter().rev().map(|plan| plan.id).collect();
    assert_eq!(plans, [4, 5, 6, 7, 8, 11, 12, 13, 14, 18, 20, 21, 22]);
    assert_eq!(store.plan(20), Ok(Some(undo(20, 18))), "what is kept is whole");
    assert_eq!((store.kept(1, 0), store.kept(22, 0)), (Ok(None), Ok(Some(json!("b")))));
    let cases: Vec<CaseId> =
        store.cases(&WhichCases::default()).expect("reads").into_iter().rev().map(|case| case.id).collect();
    assert_eq!(cases, [1, 2, 3, 4, 5, 6]);
    assert_eq!(store.case(6), Ok(Some(case(6))));
    assert_eq!(store.hits(0).map(|hits| hits.into_iter().map(|hit| hit.case).collect()), Ok(vec![5]));
    assert_eq!(store.forgotten(), Ok(Forgotten { plans: 19, cases: 8 }));
    assert_eq!((store.case(8), store.case_about(&about(8)), store.plan(19)), (Ok(None), Ok(None), Ok(None)));

    // A report that was read is known, and no case; the same is reported again, and is a new one.
    let known = store.known_reports(ReportKind::Room, &[report(8, 5).key]).expect("reads");
    assert_eq!(known.map(|known| known.len()), None, "reports of that kind were never read");
    let begun = Reporting::Begun { kind: ReportKind::Room, known: [].into() };
    commit(store, vec![Change::Reporting(begun)]);
    let known = store.known_reports(ReportKind::Room, &[report(8, 5).key, report(8, 6).key]).expect("reads");
    assert_eq!(known, Some([report(8, 5).key].into()));
    put_case(Case { id: 9, about: about(8), reports: vec![report(8, 6)], ..case(8) });
    assert_eq!(store.case_about(&about(8)).expect("reads").map(|case| case.id), Some(9));

    // Numbers are not given again, also when all are gone.
    let done = |id| Change::PlanState { id, state: PlanState::Done, by: None, at: 5 };
    let dismissed = Reporting::Judged {
        case: 2,
        state: CaseState::Dismissed,
        by: owned_user_id!("@mod:hs.test"),
        note: None,
        at: 5,
    };
    commit(store, vec![done(5), done(6), Change::Reporting(dismissed)]);
    commit(store, vec![Change::Reporting(Reporting::Weighed { case: 4, reports: 2 })]);
    put(Plan { origin: Origin::Ending(13), ..undo(23, 13) });
    forget(store, BEFORE + 1, 3);
    assert_eq!(store.plans(&Which::default()), Ok(vec![]));
    assert_eq!(store.cases(&WhichCases::default()), Ok(vec![]));
    assert_eq!(store.forgotten(), Ok(Forgotten { plans: 23, cases: 9 }));
    assert_eq!((store.next_plan_id(), store.next_case_id()), (Ok(24), Ok(10)));
    forget(store, BEFORE + 1, 4);
    assert_eq!((store.next_plan_id(), store.forgotten().map(|gone| gone.plans)), (Ok(24), Ok(23)));
}

/// There are no jobs and cases.
fn messages(store: &dyn Store) {
    let say = |key: &str| Change::Say(Say::new(key, None, &Reply::text(Line::new().text(key.to_owned()))));
    let offer = |key: &str| Change::Mark(Mark::offer(key.to_owned(), "✅"));
    let send = |key: &str| {
        let event_id = event(format!("sent-{}", key.replace(' ', "-")));
        commit(store, vec![Change::Delivered { key: key.into(), version: 1, event_id }]);
    };
    let said = |key: &str| store.is_said(key).expect("reads");
    let old = [
        "answer-a",
        "plan-24",
        "run-24",
        "plan-25",
        "case-10",
        "case-11",
        "feed-1",
        "feed-2",
        "rights-lost-1",
        "introduction-!m:hs.test",
        "tombstone-waits-!n:hs.test",
    ];
    for key in old {
        commit(store, vec![say(key), offer(key)]);
        send(key);
        send(&format!("✅ {key}"));
    }
    // This was never sent, and what is offered below it neither.
    commit(store, vec![say("answer-waits"), offer("answer-waits")]);
    let view = |key: &str| View { key: key.into(), typed: "!rooms".into(), left: None, right: None };
    commit(store, vec![Change::View(view("answer-a")), Change::View(view("answer-b"))]);
    commit(store, vec![Change::Plan(Box::new(Plan { state: PlanState::Proposed, ..job(24) }))]);
    commit(store, vec![Change::Plan(Box::new(Plan { changed_at: 3_000, ..job(25) }))]);
    commit(store, opened(Case { state: CaseState::Open, ..case(10) }).into());
    let digest = |id| Digest { id, room_id: None, seen: Seen::Live, opened_at: 5, events: Vec::new() };
    commit(store, [1, 2].map(|id| Change::Watching(Watching::Digest(digest(id)))).into());
    commit(store, vec![Change::Watching(Watching::Closed(1))]);

    // When it was said is known by when things were deleted.
    forget(store, 0, 2_000);
    commit(store, vec![say("answer-b")]);
    send("answer-b");
    forget(store, 2_000, 2_500);
    assert!(old.iter().all(|key| said(key)), "at 2000 it was all there, and not before");
    forget(store, 2_001, 3_000);
    let left: Vec<&str> = old.into_iter().filter(|key| said(key)).collect();
    let once = ["rights-lost-1", "introduction-!m:hs.test", "tombstone-waits-!n:hs.test"];
    assert_eq!(left[..4], ["plan-24", "run-24", "case-10", "feed-2"]);
    assert_eq!(left[4..], once, "what is said once is not said again");
    let left: Vec<&str> = old.into_iter().filter(|key| said(&format!("✅ {key}"))).collect();
    assert_eq!(left, ["plan-24", "run-24", "case-10", "feed-2"]);
    assert!(said("answer-waits") && said("✅ answer-waits") && said("answer-b"));
    assert_eq!((store.view("answer-a"), store.view("answer-b")), (Ok(None), Ok(Some(view("answer-b")))));
    assert_eq!(store.key_of(&event("sent-answer-a")), Ok(None));
    assert_eq!(store.next_digest_id(), Ok(3));
    // A key can be said again, and what is said later goes later.
    commit(store, vec![say("answer-a")]);
    let unsent: Vec<String> = store.undelivered().expect("reads").into_iter().map(|out| out.key).collect();
    assert_eq!(unsent, ["answer-waits", "answer-a"]);
    send("answer-a");
    forget(store, 2_501, 3_001);
    assert_eq!((said("answer-a"), said("answer-b")), (true, false));
}

fn rooms(store: &dyn Store) {
    let received = |event_id: &OwnedEventId, received_at| {
        let json = json!({"body": "!version"});
        Change::Received(InboxEvent { event_id: event_id.clone(), json, received_at })
    };
    let (old, new, waiting) = (owned_event_id!("$old"), owned_event_id!("$new"), owned_event_id!("$waiting"));
    commit(store, vec![received(&old, OLD), received(&new, BEFORE), received(&waiting, OLD)]);
    commit(store, vec![Change::Handled(old.clone()), Change::Handled(new.clone())]);
    let room_id = owned_room_id!("!watched:hs.test");
    let watched = |name: &str, received_at| WatchedEvent {
        event_id: event(name),
        room_id: room_id.clone(),
        json: json!({"type": "m.room.name"}),
        received_at,
        seen: Seen::Live,
    };
    let seen = |event: WatchedEvent| Change::Watching(Watching::Seen(event));
    let (a, b, c) = (watched("a", OLD), watched("b", BEFORE), watched("c", OLD));
    commit(store, vec![seen(a.clone()), seen(b.clone()), seen(c.clone())]);
    let id = store.next_digest_id().expect("reads");
    let digest =
        Digest { id, room_id: Some(room_id), seen: Seen::Live, opened_at: 5, events: vec![b.clone()] };
    commit(store, vec![Change::Watching(Watching::Digest(digest)), Change::Watching(Watching::Closed(id))]);
    commit(store, vec![Change::Watching(Watching::Unwanted(vec![a.event_id.clone()]))]);

    forget(store, BEFORE, 4_000);
    // What is forgotten would be new; what is not is known.
    commit(store, vec![received(&old, 5_000), received(&new, 5_000), received(&waiting, 5_000)]);
    let left: Vec<OwnedEventId> =
        store.unhandled().expect("reads").into_iter().map(|event| event.event_id).collect();
    assert_eq!(left, [waiting, old]);
    commit(store, vec![seen(a.clone()), seen(b), seen(c.clone())]);
    let untold: Vec<OwnedEventId> =
        store.untold().expect("reads").into_iter().map(|event| event.event_id).collect();
    assert_eq!(untold, [c.event_id, a.event_id]);
    assert_eq!(store.next_digest_id(), Ok(id + 1));
}
