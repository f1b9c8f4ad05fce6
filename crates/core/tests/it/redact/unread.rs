//! One room that is slow or broken keeps no other from being redacted, and one that holds very much is not read at once.

use gleipnir_core::{
    model::{REDACT_USER, ScheduledTask},
    plan::{PlanResult, Step, StepState},
    ports::{Clock as _, Fault, Records as _},
    ruma::RoomId,
    testing::Stage,
};

use super::{attic, busy, empower, eve, event, lounge, message, put, redacted, stage};
use crate::scene::{has, left_behind, plan, plans};

fn broken() -> Fault {
    Fault::Broken { status: 500, message: "Internal server error".into() }
}

fn breaks(stage: &Stage, room: &RoomId, fault: Option<Fault>) {
    stage.homeserver.change_room(room, |room| room.unreadable = fault);
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_left_out_and_named() {
    for (fault, why) in [(broken(), "The homeserver failed"), (Fault::Timeout, "did not answer in time")] {
        let mut stage = busy();
        breaks(&stage, lounge(), Some(fault.clone()));
        has(
            &stage.say("!redact @eve:hs.test").await,
            &[
                "2 events in 1 room: 2 messages",
                "Left out, because I cannot read them:",
                "`!lounge:hs.test` could not be read (",
                why,
                "do it?",
            ],
        );
        breaks(&stage, lounge(), None);
        // What was confirmed is what is done.
        has(&stage.say("!confirm 1").await, &["are redacted. Redacted: 2 events in 1 room."]);
        assert_eq!(redacted(&stage, "left out"), ["$b1", "$b2"]);
        // Where nothing else is to be done, that is no answer that all is well.
        breaks(&stage, lounge(), Some(fault.clone()));
        has(
            &stage.say("!redact @eve:hs.test").await,
            &[
                "Nothing was done.",
                "There is nothing to redact of `@eve:hs.test` in 1 room",
                "Left out, because",
                why,
            ],
        );
        breaks(&stage, attic(), Some(fault));
        has(&stage.say("!redact @eve:hs.test").await, &[why, "Nothing was done."]);
        assert_eq!(plans(&stage).len(), 1);
    }
    // What is asked about the room besides stands in the way of no other either.
    for method in ["history", "room", "state", "member"] {
        let mut stage = busy();
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(
            &stage.say("!redact @eve:hs.test").await,
            &["in 1 room", "Left out, because I cannot read them:"],
        );
    }
    // A server that is away is another matter.
    let mut stage = busy();
    stage.homeserver.fail_once("history", Fault::Away("refused".into()));
    has(&stage.say("!redact @eve:hs.test").await, &["I cannot reach the homeserver"]);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn a_room_that_breaks_while_at_work_is_reported_and_the_others_are_redacted() {
    for fault in [broken(), Fault::Timeout] {
        let mut stage = busy();
        stage.say("!redact @eve:hs.test").await;
        breaks(&stage, attic(), Some(fault.clone()));
        let before = stage.clock.now();
        has(
            &stage.say("!confirm 1").await,
            &[
                "Job 1: redact – partly done",
                "but 1 room could not be read. Redacted: 7 events in 1 room.",
                "`!attic:hs.test`: “The homeserver",
            ],
        );
        assert!(stage.clock.now() - before < 60_000, "it is not waited for");
        assert_eq!(plan(&stage, 1).result(), PlanResult::Partly);
        assert_eq!(redacted(&stage, "others").len(), 8);
        breaks(&stage, attic(), None);
        stage.say("!redact @eve:hs.test").await;
        has(&stage.say("!confirm 2").await, &["are redacted. Redacted: 2 events in 1 room."]);
        // Where no room can be read, nothing is called done.
        stage.homeserver.change_room(attic(), |room| room.events.push(message("$b9", 90)));
        stage.say("!redact @eve:hs.test").await;
        breaks(&stage, attic(), Some(fault.clone()));
        breaks(&stage, lounge(), Some(fault));
        has(&stage.say("!confirm 3").await, &["❌ Could not ", "Nothing could be redacted: The homeserver"]);
    }
}

#[tokio::test]
async fn a_room_that_breaks_once_is_read_again() {
    for n in 0..8 {
        let mut stage = busy();
        stage.say("!redact @eve:hs.test").await;
        for _ in 0..n {
            stage.homeserver.fail_once("history", Fault::Away("restarting".into()));
        }
        stage.homeserver.fail_once("history", broken());
        has(&stage.say("!confirm 1").await, &["are redacted. Redacted: 9 events in 2 rooms. 1 state event"]);
        assert_eq!(redacted(&stage, "once").len(), 10);
    }
}

#[tokio::test]
async fn little_is_read_where_little_is_wanted() {
    let mut stage = stage();
    put(&stage, lounge(), "join", (0..3_000).map(|n| message(&format!("$m{n}"), 1_000 + n)).collect());
    let before = stage.homeserver.calls();
    has(&stage.say("!redact @eve:hs.test !lounge:hs.test --limit 2").await, &["2 events in 1 room"]);
    assert!(stage.homeserver.calls() - before < 20, "{}", stage.homeserver.calls() - before);
    stage.say("!confirm 1").await;
    assert_eq!(redacted(&stage, "newest"), ["$m2998", "$m2999"]);
}

/// The most events that are kept by one state of the job.
fn kept(stage: &Stage) -> usize {
    match &stage.store.plan(1).expect("the store reads").expect("a job").steps[0].state {
        Some(StepState::RedactingUser { run }) => run.current.singles.as_ref().map_or(0, Vec::len),
        _ => 0,
    }
}

#[tokio::test]
async fn very_many_single_events_are_kept_by_the_hundred() {
    let stage = stage();
    let reaction = |n: i64| event("m.reaction", &format!("$x{n}"), 1_000 + n, &eve());
    put(&stage, lounge(), "join", (0..1_200).map(reaction).collect());
    empower(&stage, lounge());
    // Some are redacted already, the server breaks at one, and one is refused.
    let fault = Fault::Refused { status: 400, errcode: "M_UNKNOWN".into(), message: "odd".into() };
    stage.homeserver.fail_once("redact_event", fault);
    let step = Step::RedactUser {
        user: eve(),
        rooms: vec![lounge().to_owned()],
        reason: None,
        since: None,
        limit: None,
    };
    let id = crate::scene::under_way(&stage, step.clone(), None);
    assert_eq!(id, 1);
    let mut most = 0;
    {
        let run = stage.execute();
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                () = &mut run => break,
                () = tokio::task::yield_now() => most = most.max(kept(&stage)),
            }
        }
    }
    assert!((400..=500).contains(&most), "{most}");
    has(
        &stage.store.said("run-1").expect("a report").text,
        &["but 1 event could not be. Redacted: 1,199 events"],
    );
    assert_eq!(redacted(&stage, "many").len(), 1_199);
    // Without power all of them are told, not the first few hundred only.
    for is_inside in [true, false] {
        let stage = self::stage();
        put(&stage, lounge(), "join", (0..1_200).map(reaction).collect());
        if is_inside {
            empower(&stage, lounge());
            stage.homeserver.change_room(lounge(), |room| {
                room.state.retain(|event| event["type"] != "m.room.power_levels");
            });
        }
        stage.homeserver.change_room(lounge(), |room| room.events.push(message("$m", 9_000)));
        let report = left_behind(&stage, step.clone(), None).await;
        has(
            &report,
            &[
                "but 1,200 events could not be. Redacted: 1 event in 1 room.",
                "I lack the power for 1,200 reactions",
            ],
        );
    }
}

#[tokio::test]
async fn without_the_task_everything_is_redacted_one_by_one() {
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "not today".into() };
    for fault in [Fault::NotRouted { status: 404 }, refused] {
        let mut stage = busy();
        stage.homeserver.fail_always("redact_user", fault.clone());
        stage.say("!redact @eve:hs.test").await;
        has(
            &stage.say("!confirm 1").await,
            &[
                "Job 1: redact – partly done",
                "but 2 events could not be. Redacted: 7 events in 2 rooms.",
                "I lack the power for 2 messages: `!room-admin !attic:hs.test`",
                &fault.to_string(),
            ],
        );
        assert_eq!(redacted(&stage, "singly").len(), 7);
        // Where the bot has power everywhere nothing is left.
        let mut stage = busy();
        empower(&stage, attic());
        stage.homeserver.fail_always("redact_user", fault);
        stage.say("!redact @eve:hs.test").await;
        has(&stage.say("!confirm 1").await, &["are redacted. Redacted: 9 events in 2 rooms."]);
        assert_eq!(redacted(&stage, "all").len(), 9);
    }
}

#[tokio::test]
async fn a_task_of_another_admin_is_not_waited_for_without_end() {
    let mut stage = busy();
    stage.say("!redact @eve:hs.test").await;
    stage.homeserver.put_task(ScheduledTask {
        id: "stuck".into(),
        action: REDACT_USER.into(),
        status: "active".into(),
        timestamp_ms: 0,
        resource_id: Some(eve().to_string()),
        result: None,
        error: None,
    });
    let step = Step::RedactUser { user: eve(), rooms: vec![], reason: None, since: None, limit: None };
    // One that was there before, and one that comes.
    has(
        &stage.say("!confirm 1").await,
        &["❌ Could not ", "Redact already in progress for user `@eve:hs.test`", "I tried for 1 hour"],
    );
    has(&left_behind(&stage, step, None).await, &["I tried for 1 hour"]);
    assert!(stage.homeserver.redactions().is_empty());
}

#[tokio::test]
async fn that_joins_are_redacted_along_is_said_before() {
    let along = "Along with messages the server redacts their joins there: those lose name and picture.";
    let mut stage = busy();
    has(&stage.say("!redact @eve:hs.test --dry-run").await, &[along]);
    // Not where the task is not asked for anything.
    stage.homeserver.change_room(lounge(), |room| room.events.retain(|event| event["type"] == "m.sticker"));
    let said = stage.say("!redact @eve:hs.test !lounge:hs.test --dry-run").await;
    assert!(said.contains("1 sticker") && !said.contains(along), "{said}");
}
