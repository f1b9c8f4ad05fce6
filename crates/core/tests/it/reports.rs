//! Abuse reports become cases: each once, none lost, whatever the homeserver's list does and whoever dies when.

mod bursts;
mod draupnir;
mod evidence;
mod forwarded;
mod polling;

use gleipnir_core::{
    model::{About, Millis, Report, ReportKey, ReportKind},
    ports::{Case, CaseId, CaseState, Change, Clock as _, Records as _, Reporting, Store as _, WhichCases},
    rules::case::Evidence,
    ruma::{RoomId, room_id},
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::moderator;

/// When the stage's clock begins.
const START: Millis = 1_795_219_200_000;

fn lounge() -> &'static RoomId {
    room_id!("!lounge:hs.test")
}

/// A stage with the room “Lounge” and ten messages in it, `$m0` to `$m9`; reports are read already.
async fn stage() -> Stage {
    let mut stage = unbegun();
    assert_eq!(stage.poll_reports().await, "");
    stage
}

/// As [`stage`], before reports are read for the first time.
fn unbegun() -> Stage {
    let stage = Stage::default();
    stage.room(lounge(), "Lounge", "#lounge:hs.test", 2);
    stage.homeserver.change_room(lounge(), |room| {
        room.events = (0..10).map(message).collect();
        room.state = ["@user0:hs.test", "@nobody:hs.test"].map(member).to_vec();
    });
    stage
}

fn message(n: usize) -> Value {
    json!({"type": "m.room.message", "event_id": format!("$m{n}"), "sender": "@user0:hs.test",
        "room_id": lounge(), "origin_server_ts": START, "content": {"msgtype": "m.text", "body": format!("words {n}")}})
}

fn member(user: &str) -> Value {
    json!({"type": "m.room.member", "event_id": format!("$of-{user}"), "sender": user, "state_key": user,
        "content": {"membership": "join", "displayname": "Zoe"}})
}

/// A report of the message `$m<n>`, so many milliseconds after the beginning.
fn of_event(id: u64, after: Millis, reporter: &str, n: usize) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::Event, id, received_ts: START + after },
        reporter: reporter.to_owned(),
        reason: Some(format!("reason {id}")),
        about: about(n),
        author: Some("@user0:hs.test".to_owned()),
    }
}

fn about(n: usize) -> About {
    About::Event { room_id: lounge().to_string(), event_id: format!("$m{n}") }
}

fn of_user(id: u64, after: Millis, reporter: &str, user: &str) -> Report {
    Report {
        key: ReportKey { kind: ReportKind::User, id, received_ts: START + after },
        about: About::User { user_id: user.to_owned() },
        author: Some(user.to_owned()),
        ..of_event(id, after, reporter, 0)
    }
}

/// Files a report; the server keeps the event with it.
fn file(stage: &Stage, report: Report) {
    let event = match &report.about {
        About::Event { event_id, .. } => {
            event_id.strip_prefix("$m").and_then(|n| n.parse().ok()).map(message)
        }
        About::User { .. } | About::Room { .. } => None,
    };
    stage.homeserver.report(report, event);
}

/// All cases, newest first.
fn cases(stage: &Stage) -> Vec<Case> {
    stage.store.cases(&WhichCases::default()).expect("the store reads")
}

fn case(stage: &Stage, id: CaseId) -> Case {
    stage.store.case(id).expect("the store reads").expect("there is such a case")
}

fn evidence(case: &Case) -> Evidence {
    serde_json::from_value(case.evidence.clone().expect("it is kept")).expect("it is evidence")
}

/// The number of each report of each case, in the order in which they were seen.
fn numbers(stage: &Stage) -> Vec<Vec<u64>> {
    let mut cases = cases(stage);
    cases.reverse();
    cases.iter().map(|case| case.reports.iter().map(|report| report.key.id).collect()).collect()
}

/// The numbers of all reports in cases, sorted: one that is there twice is seen.
fn taken(stage: &Stage) -> Vec<u64> {
    let mut all = numbers(stage).concat();
    all.sort_unstable();
    all
}

/// The keys of all cards that were shown.
fn cards(stage: &Stage) -> Vec<String> {
    let is_card = |key: &String| key.strip_prefix("case-").is_some_and(|id| id.parse::<u64>().is_ok());
    stage.store.keys().into_iter().filter(is_card).collect()
}

/// A moderator decides about a case.
fn judge(stage: &Stage, id: CaseId, to: CaseState) {
    let at = stage.clock.now();
    let judged = Reporting::Judged { case: id, state: to, by: moderator().to_owned(), note: None, at };
    stage.store.commit(vec![Change::Reporting(judged)]).expect("the store writes");
}

/// Polls until nothing waits; how often.
async fn poll_all(stage: &mut Stage) -> usize {
    use gleipnir_core::reports::Found;
    let mut polls = 1;
    while stage.try_poll_reports().await.expect("the store works") == Found::More {
        polls += 1;
        assert!(polls < 200, "it never ends");
    }
    polls
}
