//! The process dies at every point, and answers are lost: each event is redacted once, and counted once.

use gleipnir_core::{
    execute::{Server, report},
    model::{Account, RateLimit},
    plan::{RedactionRun, RoomLeft, Step, StepState},
    ports::{EffectsOnPeople as _, Fault},
    ruma::{event_id, owned_user_id, room_id},
    testing::Stage,
};
use std::time::Duration;

use super::{attic, busy, empower, eve, lounge, message, redacted};
use crate::{
    deaths::{Script, at_every_point},
    scene::{has, left_behind, plan, under_way},
};

const LINES: &[&str] = &["!redact @eve:hs.test", "!confirm 1"];

/// A clean room, one in which something is redacted already, and what is redacted one by one.
fn mixed() -> Stage {
    let stage = busy();
    stage.homeserver.change_room(lounge(), |room| room.events.push(message("$a3", 70)));
    stage.homeserver.redact_elsewhere(lounge(), event_id!("$a2"), &eve());
    stage
}

async fn survives(stage: fn() -> Stage) {
    at_every_point(&Script { stage, lines: LINES }, async |stage: &mut Stage, point: &str| {
        assert_eq!(redacted(stage, point).len(), 11, "{point}");
    })
    .await;
}

#[tokio::test]
async fn each_event_is_redacted_once_whenever_the_process_dies() {
    survives(mixed).await;
}

#[tokio::test]
async fn an_answer_of_the_task_that_is_lost_asks_for_no_second_one() {
    survives(|| {
        let stage = mixed();
        stage.homeserver.lose_answer("redact_user", Fault::Timeout);
        stage
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_one_redaction_that_is_lost_makes_no_second_one() {
    survives(|| {
        let stage = mixed();
        stage.homeserver.lose_answer("redact_event", Fault::Broken { status: 500, message: "x".into() });
        stage
    })
    .await;
}

#[tokio::test]
async fn a_server_that_lists_no_tasks_is_believed_by_the_events() {
    let mut stage = mixed();
    stage.homeserver.fail_always("tasks", Fault::NotRouted { status: 404 });
    stage.homeserver.lose_answer("redact_user", Fault::Timeout);
    stage.say(LINES[0]).await;
    has(&stage.say(LINES[1]).await, &["are redacted. Redacted: 9 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "no list").len(), 11);
}

#[tokio::test]
async fn a_task_that_fails_as_a_whole_leaves_the_rooms_to_be_asked_for_one_by_one() {
    let stage = busy();
    stage.homeserver.redact_user_elsewhere(&eve(), room_id!("!gone:hs.test"));
    let run = Box::new(RedactionRun::default());
    let begun = StepState::FollowingRedaction { redact_id: "redact1".into(), run };
    let step = Step::RedactUser { user: eve(), rooms: vec![], reason: None, since: None, limit: None };
    has(
        &left_behind(&stage, step.clone(), Some(begun)).await,
        &["are redacted. Redacted: 9 events in 2 rooms."],
    );
    assert_eq!(redacted(&stage, "failed").len(), 10);
    // One that the server has forgotten.
    let stage = busy();
    let run = Box::new(RedactionRun::default());
    let begun = StepState::FollowingRedaction { redact_id: "redact9".into(), run };
    has(&left_behind(&stage, step, Some(begun)).await, &["are redacted. Redacted: 9 events in 2 rooms."]);
}

#[tokio::test]
async fn a_server_that_accepts_and_does_nothing_is_not_believed() {
    let stage = busy();
    stage.homeserver.ignore_changes();
    let step = Step::RedactUser { user: eve(), rooms: vec![], reason: None, since: None, limit: None };
    let report = left_behind(&stage, step, None).await;
    has(
        &report,
        &[
            "❌ Could not redact the messages",
            "Nothing could be redacted: ",
            "accepted its redaction, and still shows it.",
        ],
    );
    assert_eq!(stage.homeserver.redactions().len(), 0);
}

#[tokio::test]
async fn one_event_that_breaks_the_server_keeps_no_other_from_being_redacted() {
    let mut stage = busy();
    let broken = || Fault::Broken { status: 500, message: "Internal server error".into() };
    // The first is tried twice: at once, and behind the four others.
    stage.homeserver.fail_once("context", broken());
    stage.say(LINES[0]).await;
    has(&stage.say(LINES[1]).await, &["are redacted. Redacted: 9 events in 2 rooms."]);
    let mut stage = busy();
    stage.say(LINES[0]).await;
    stage.homeserver.fail_always("context", broken());
    has(
        &stage.say(LINES[1]).await,
        &[
            "but 5 events could not be. Redacted: 4 events in 2 rooms.",
            "`$odd`: “The homeserver failed: Internal",
        ],
    );
    assert_eq!(redacted(&stage, "broken").len(), 5);
}

#[tokio::test]
async fn how_far_it_is_stands_in_the_report() {
    let run = |left: usize| {
        let left =
            (0..left).map(|n| RoomLeft { room: super::numbered(n), events: 9, is_unread: false }).collect();
        let run = RedactionRun {
            is_counted: true,
            rooms: 14,
            todo: left,
            redacted: 120,
            ..RedactionRun::default()
        };
        Box::new(run)
    };
    let early = Box::new(RedactionRun { rooms: 3, ..RedactionRun::default() });
    let asked = Box::new(RedactionRun { redacted: 0, ..*run(14) });
    for (state, said) in [
        (
            StepState::RedactingUser { run: early },
            "🧹 reading what there is, so far in 3 rooms: redact the messages",
        ),
        (
            StepState::FollowingRedaction { redact_id: "x".into(), run: asked },
            "🧹 ▱▱▱▱▱▱▱▱▱▱ the server is at work in 14 rooms: redact the messages",
        ),
        (
            StepState::RedactingUser { run: run(8) },
            "🧹 ▰▰▰▰▱▱▱▱▱▱ room 7 of 14, 120 events redacted: redact the messages of `@eve:hs.test`",
        ),
    ] {
        let stage = busy();
        let step = Step::RedactUser { user: eve(), rooms: vec![], reason: None, since: None, limit: None };
        let id = under_way(&stage, step, Some(state));
        has(&report(&plan(&stage, id), Server::There).render().text, &[said]);
    }
}

#[tokio::test]
async fn slowing_down_is_obeyed_and_loses_nothing() {
    let mut stage = mixed();
    for _ in 0..3 {
        let retry_after = Some(Duration::from_secs(5));
        stage.homeserver.fail_once("redact_event", Fault::RateLimited { retry_after });
    }
    stage.say(LINES[0]).await;
    has(&stage.say(LINES[1]).await, &["Redacted: 9 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "slowly").len(), 11);
}

#[tokio::test]
async fn what_an_earlier_version_had_begun_goes_on() {
    let rooms = vec![attic().to_owned(), lounge().to_owned()];
    let step =
        || Step::RedactUser { user: eve(), rooms: rooms.clone(), reason: None, since: None, limit: None };
    let stage = busy();
    let old: StepState =
        serde_json::from_str(r#"{"at":"asking_redaction","known":[]}"#).expect("an old state");
    assert_eq!(old, StepState::AskingRedaction { known: vec![], run: Box::new(RedactionRun::default()) });
    has(&left_behind(&stage, step(), Some(old)).await, &["are redacted. Redacted: 9 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "asking").len(), 10);

    let stage = busy();
    stage.homeserver.redact_user_elsewhere(&eve(), attic());
    let old = r#"{"at":"following_redaction","redact_id":"redact1"}"#;
    let old: StepState = serde_json::from_str(old).expect("an old state");
    has(&left_behind(&stage, step(), Some(old)).await, &["are redacted. Redacted: 7 events in 1 room."]);
    assert_eq!(redacted(&stage, "following").len(), 10);
}

#[tokio::test]
async fn an_unlimited_bot_says_nothing_of_waiting() {
    let mut stage = busy();
    empower(&stage, attic());
    stage.homeserver.change_room(attic(), |room| {
        room.events.extend((0..50).map(|n| super::event("m.sticker", &format!("$s{n}"), 90, &eve())));
    });
    has(&stage.say(LINES[0]).await, &["Synapse lets me redact about one event in 5 seconds"]);
    stage.say("!cancel 1").await;
    let me = owned_user_id!("@bot:hs.test");
    let limit = RateLimit { messages_per_second: 0, burst_count: 0 };
    stage.homeserver.put_account(&me, Account { admin: true, ..Account::default() });
    stage.homeserver.set_rate_limit(&me, Some(limit)).await.expect("it is set");
    assert!(!stage.say(LINES[0]).await.contains("about one event"));
}
