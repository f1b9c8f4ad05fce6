//! Conversations about statistics of abuse reports.

use std::time::Duration;

use gleipnir_core::{
    model::{About, Millis, Report, ReportKey},
    plan::{Origin, Plan, PlanState},
    ports::{Case, CaseId, CaseState, Change, Clock as _, Priority, Records as _, Reporting, Store as _},
    reply::Attachment,
    rules::stats::{HEIGHT, WIDTH},
    ruma::{UserId, owned_event_id, user_id},
    testing::Stage,
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, other, stage, watcher};

const HOUR: Millis = 60 * 60 * 1000;
const DAY: Millis = 24 * HOUR;

/// A case of a message by `author` in `room`, opened so long ago.
fn case(stage: &Stage, id: CaseId, ago: Millis, author: &str, room: &str) -> Case {
    let at = stage.clock.now() - ago;
    let about = About::Event { room_id: room.to_owned(), event_id: format!("$bad{id}") };
    let report = Report {
        key: ReportKey { kind: about.kind(), id, received_ts: at },
        reporter: "@rep:hs.test".to_owned(),
        reason: None,
        about: about.clone(),
        author: Some(author.to_owned()),
    };
    Case {
        id,
        about,
        state: CaseState::Open,
        by: None,
        note: None,
        opened_at: at,
        changed_at: at,
        evidence: Some(json!({"room": {"id": room, "name": "Lounge", "alias": null}})),
        priority: Priority::Normal,
        decisions: Vec::new(),
        reports: vec![report],
    }
}

fn open(stage: &Stage, id: CaseId, ago: Millis, author: &str, room: &str) {
    let case = case(stage, id, ago, author, room);
    commit(stage, Change::Reporting(Reporting::Opened(Box::new(case))));
}

fn judge(stage: &Stage, id: CaseId, far: CaseState, by: &UserId, ago: Millis) {
    let at = stage.clock.now() - ago;
    commit(
        stage,
        Change::Reporting(Reporting::Judged { case: id, state: far, by: by.to_owned(), note: None, at }),
    );
}

/// A job about a case, without steps: only who asked for it when counts.
fn job(stage: &Stage, about: CaseId, far: PlanState, by: &UserId, ago: Millis) {
    let at = stage.clock.now() - ago;
    let plan = Plan {
        id: stage.store.next_plan_id().expect("the store reads"),
        origin: Origin::Command(owned_event_id!("$earlier")),
        command: "kick".to_owned(),
        typed: "!kick".to_owned(),
        asked_by: by.to_owned(),
        asked_at: at,
        because: None,
        undoes: None,
        case: Some(about),
        lasts: None,
        state: far,
        decided_by: None,
        changed_at: at,
        expires_at: at,
        steps: Vec::new(),
    };
    commit(stage, Change::Plan(Box::new(plan)));
}

fn commit(stage: &Stage, change: Change) {
    stage.store.commit(vec![change]).expect("the store writes");
}

/// What is answered to a line, and the file that goes with it.
async fn answer(stage: &mut Stage, line: &str) -> (String, Option<Attachment>) {
    let event = stage.hear(watcher(), line);
    stage.handle().await;
    let key = format!("answer-{event}");
    let said = stage.store.said(&key).expect("an answer");
    assert!(said.text.len() <= 10_000 && said.html.len() <= 18_000);
    (said.text, stage.store.file(&key))
}

#[tokio::test]
async fn nothing_is_told_as_well() {
    let mut stage = stage();
    let (said, file) = answer(&mut stage, "!stats").await;
    has(&said, &["No new case, none settled. None is open now.", "`!stats --since 52w` looks back further."]);
    assert_eq!(file, None);
    has(&answer(&mut stage, "!stats --since soon").await.0, &["“soon” is not a duration"]);
    has(&answer(&mut stage, "!stats --since 0d").await.0, &["Looking back takes some time, like 7d."]);
    has(&answer(&mut stage, "!stats --file=png").await.0, &["csv", "json"]);
}

#[tokio::test]
async fn decisions_and_jobs_are_the_first_action() {
    let mut stage = stage();
    for id in 1..=5 {
        open(&stage, id, 5 * DAY, "@eve:far.test", "!lounge:hs.test");
    }
    // Claimed after one hour, settled by somebody else later.
    judge(&stage, 1, CaseState::Claimed, moderator(), 5 * DAY - HOUR);
    judge(&stage, 1, CaseState::Resolved, other(), DAY);
    // A job came before the decision.
    job(&stage, 2, PlanState::Done, moderator(), 5 * DAY - 2 * HOUR);
    judge(&stage, 2, CaseState::Dismissed, moderator(), 2 * DAY);
    // A job alone; what was dropped is none.
    job(&stage, 3, PlanState::Cancelled, other(), 5 * DAY - HOUR);
    job(&stage, 3, PlanState::Running, moderator(), 5 * DAY - 3 * HOUR);
    job(&stage, 4, PlanState::Expired, other(), 5 * DAY - HOUR);
    // Nobody executes the one that runs: what is asked waits for it no longer than a moment.
    stage.clock.pass(Duration::from_secs(6));
    let (said, file) = answer(&mut stage, "!stats --since 7d").await;
    has(
        &said,
        &[
            "5 new cases (5 messages), 2 settled. 3 are open now.",
            "2 cases wait for a moderator, the oldest for 5 days.",
            "First action: half within 2 hours, 9 in 10 within 3 hours, the slowest after 3 hours.",
            "By the server of who was reported:\n• `far.test`: 5",
            "By room:\n• Lounge (`!lounge:hs.test`): 5",
            "By moderator:\n• `@mod:hs.test`: 2\n• `@other:hs.test`: 1\n• no moderator: 2",
        ],
    );
    let picture = file.expect("a picture");
    assert_eq!((picture.name.as_str(), picture.mime.as_str()), ("reports.png", "image/png"));
    assert_eq!(picture.pixels(), Some((WIDTH, HEIGHT)));
    // Before those five days nothing was opened; and what is asked for as a file comes instead of the picture.
    open(&stage, 6, 60 * DAY, "no user", "no room");
    let (said, file) = answer(&mut stage, "!stats --since 7d --file").await;
    has(&said, &["5 new cases"]);
    let file = file.expect("a file");
    let csv = String::from_utf8(file.bytes).unwrap();
    assert_eq!((file.name.as_str(), csv.lines().count()), ("stats.csv", 6));
    has(&csv, &["\n1,event,resolved,far.test,!lounge:hs.test,Lounge,", ",'@other:hs.test\n"]);
    has(
        &answer(&mut stage, "!stats --since 90d").await.0,
        &["6 new cases", "• `no room`: 1", "• no server: 1"],
    );
}

#[tokio::test]
async fn a_case_from_before_decisions_were_kept_has_its_last_one() {
    let mut stage = stage();
    let old = Case {
        state: CaseState::Resolved,
        by: Some(moderator().to_owned()),
        changed_at: stage.clock.now() - DAY,
        ..case(&stage, 1, 3 * DAY, "@eve:far.test", "!lounge:hs.test")
    };
    commit(&stage, Change::Reporting(Reporting::Opened(Box::new(old))));
    has(
        &answer(&mut stage, "!stats").await.0,
        &["1 new case (1 message), 1 settled.", "First action: after 2 days."],
    );
}

#[tokio::test]
async fn thousands_of_cases_are_one_message_and_one_file() {
    let mut stage = stage();
    let hostile = "</li>\n# **@room** `x` https://evil.example";
    let cases = (1..=5000_u64).map(|id| {
        let author = format!("@eve:{}{}.test", "long-".repeat(40), id % 50);
        let room = format!("!{}:hs.test", id % 70);
        let ago = Millis::try_from(id).unwrap() * HOUR;
        let evidence = json!({"room": {"id": room, "name": hostile.repeat(9), "alias": null}});
        let case = Case { evidence: Some(evidence), ..case(&stage, id, ago, &author, &room) };
        Change::Reporting(Reporting::Opened(Box::new(case)))
    });
    stage.store.commit(cases.collect()).unwrap();
    let before = stage.store.keys().len();
    let begun = std::time::Instant::now();
    let (said, file) = answer(&mut stage, "!stats --since 52w").await;
    // In a build without optimization, on a machine that is busy.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    has(&said, &["5,000 new cases", "40 more servers: ", "60 more rooms: ", "5,000 are open now."]);
    assert!(!said.contains("\n# "), "{said}");
    assert!(file.expect("a picture").bytes.len() < 200_000);
    let (_, file) = answer(&mut stage, "!stats --since 52w --file=json").await;
    let rows: Vec<Value> = serde_json::from_slice(&file.expect("a file").bytes).unwrap();
    assert_eq!((rows.len(), &rows[0]["case"]), (5000, &json!(5000)));
    let answers =
        stage.store.keys().into_iter().skip(before).filter(|key| key.starts_with("answer-")).count();
    assert_eq!(answers, 4, "a message and a file for each");
}

#[tokio::test]
async fn what_rules_did_is_no_moderators_action() {
    let mut stage = stage();
    let me = user_id!("@bot:hs.test");
    for id in 1..=4 {
        open(&stage, id, 5 * DAY, "@eve:far.test", "!lounge:hs.test");
    }
    // Settled by a rule, with a job.
    job(&stage, 1, PlanState::Done, me, 5 * DAY);
    judge(&stage, 1, CaseState::Resolved, me, 5 * DAY);
    // A rule acted, and a moderator looked at it a day later; then a rule had the last word.
    job(&stage, 2, PlanState::Done, me, 5 * DAY);
    judge(&stage, 2, CaseState::Claimed, moderator(), 4 * DAY);
    judge(&stage, 2, CaseState::Resolved, me, 3 * DAY);
    // A rule acted, and nobody has looked yet.
    job(&stage, 3, PlanState::Done, me, 5 * DAY);
    let (said, _) = answer(&mut stage, "!stats --since 7d").await;
    has(
        &said,
        &[
            "4 new cases (4 messages), 2 settled. 2 are open now.",
            "2 cases wait for a moderator",
            "First action: after 1 day.",
            "By moderator:\n• `@mod:hs.test`: 1\n• no moderator: 3",
        ],
    );
    assert!(!said.contains(me.as_str()), "{said}");
}
