//! The steps of powers and of bringing users in: done once whenever the process dies or an answer is lost, and never said
//! to be done when they are not.

use gleipnir_core::{
    plan::{PlanResult, Step},
    ports::Fault,
    ruma::user_id,
    testing::Stage,
};
use serde_json::json;

use super::{eve, levels_of, lounge, membership, stage, writes};
use crate::{
    deaths::{Script, at_every_point},
    scene::{has, left_behind, plan},
    step_faults::{after, broken, refused},
};

const MUTE: &[&str] = &["!mute @eve:hs.test !lounge:hs.test"];
const POWER: &[&str] = &["!power !lounge:hs.test @eve:hs.test 50", "!confirm 1"];
const BRING: &[&str] = &["!join !lounge:hs.test @bob:hs.test", "!confirm 1"];
const INVITE: &[&str] = &["!invite @new:other.test !lounge:hs.test"];
const BAN: &[&str] = &["!ban @eve:hs.test @far:other.test !lounge:hs.test"];

fn losing(method: &'static str, fault: Fault) -> Stage {
    let stage = stage();
    stage.homeserver.lose_answer(method, fault);
    stage
}

#[tokio::test]
async fn a_level_is_set_once_and_the_one_before_is_still_known() {
    let stages: [fn() -> Stage; 3] =
        [stage, || losing("set_power_levels", Fault::Timeout), || losing("set_power_levels", broken(500))];
    for stage in stages {
        at_every_point(&Script { stage, lines: MUTE }, async |stage: &mut Stage, point: &str| {
            assert_eq!(writes(stage).len(), 1, "{point}: {:?}", writes(stage));
            assert_eq!(levels_of(stage, lounge()).await["users"]["@eve:hs.test"], -1, "{point}");
            has(&stage.say("!undo 1").await, &["Job 2: undo – done"]);
            assert_eq!(
                levels_of(stage, lounge()).await["users"],
                json!({"@bot:hs.test": 100, "@ana:hs.test": 50, "@user0:hs.test": 100}),
                "{point}"
            );
        })
        .await;
        at_every_point(&Script { stage, lines: POWER }, async |stage: &mut Stage, point: &str| {
            assert_eq!(writes(stage).len(), 1, "{point}: {:?}", writes(stage));
            assert_eq!(levels_of(stage, lounge()).await["users"]["@eve:hs.test"], 50, "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn somebody_is_brought_in_once() {
    let stages: [fn() -> Stage; 3] =
        [stage, || losing("bring_in", Fault::Timeout), || losing("bring_in", Fault::BadAnswer("EOF".into()))];
    for stage in stages {
        at_every_point(&Script { stage, lines: BRING }, async |stage: &mut Stage, point: &str| {
            assert_eq!(writes(stage), ["bring @bob:hs.test !lounge:hs.test"], "{point}");
        })
        .await;
    }
}

#[tokio::test]
async fn each_of_several_is_banned_once() {
    at_every_point(&Script { stage, lines: BAN }, async |stage: &mut Stage, point: &str| {
        assert_eq!(
            writes(stage),
            ["ban @eve:hs.test !lounge:hs.test", "ban @far:other.test !lounge:hs.test"],
            "{point}"
        );
    })
    .await;
}

#[tokio::test]
async fn each_outlives_a_passing_fault() {
    for (lines, reads, written) in [
        (MUTE, "state", "set_power_levels"),
        (POWER, "state", "set_power_levels"),
        (BRING, "member", "bring_in"),
    ] {
        for method in [reads, written] {
            for fault in [Fault::Timeout, Fault::Away("reset".into()), broken(503), broken(500)] {
                // A reading that breaks for good is no passing fault.
                if method == reads && fault == broken(500) {
                    continue;
                }
                let mut stage = stage();
                let said =
                    after(&mut stage, lines, |stage| stage.homeserver.fail_once(method, fault.clone())).await;
                has(&said, &[" – done"]);
                assert_eq!(writes(&stage).len(), 1, "{method}: {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_invitation_to_a_server_that_is_away_keeps_nothing_else_waiting() {
    let away = || broken(502);
    let mut stage = stage();
    let said = after(&mut stage, INVITE, |stage| stage.homeserver.fail_always("change_member", away())).await;
    has(
        &said,
        &[
            "invite – failed",
            "❌ Could not invite `@new:other.test` to Lounge",
            "Their server `other.test` cannot be reached, and an invitation is handed over at once or not at all. The \
             homeserver failed: ",
            "Invite them again when that server is back; !federation lists those that cannot be reached.",
        ],
    );
    assert!(!said.contains("I keep trying"), "{said}");
    assert_eq!(membership(&stage, lounge(), user_id!("@new:other.test")).await, None);
    stage.homeserver.mend();
    has(&stage.say("!ban @far:other.test !lounge:hs.test").await, &["ban – done"]);
    has(&stage.say(INVITE[0]).await, &["invite – done"]);

    // Who waits for our own server waits for longer; so does whoever is of it.
    let mut stage = super::stage();
    let said =
        after(&mut stage, INVITE, |stage| stage.homeserver.fail_once("change_member", broken(503))).await;
    has(&said, &["invite – done"]);
    let mut stage = super::stage();
    let local = &["!invite @bob:hs.test !lounge:hs.test"];
    let said = after(&mut stage, local, |stage| stage.homeserver.fail_once("change_member", away())).await;
    has(&said, &["invite – done"]);
}

#[tokio::test]
async fn an_invitation_whose_answer_was_lost_was_handed_over() {
    for fault in [broken(502), broken(504), Fault::Timeout] {
        let mut stage = losing("change_member", fault.clone());
        has(&stage.say(INVITE[0]).await, &["invite – done"]);
        assert_eq!(writes(&stage).len(), 1, "{fault:?}");
    }
    // Neither handed over nor refused: for half a minute, not for an hour.
    let mut stage = stage();
    let said =
        after(&mut stage, INVITE, |stage| stage.homeserver.fail_always("change_member", Fault::Timeout))
            .await;
    has(&said, &["invite – failed", "did not answer in time", "I tried for", "seconds"]);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    for (lines, written, could) in [
        (MUTE, "set_power_levels", "❌ Could not give `@eve:hs.test` the power -1 in Lounge"),
        (BRING, "bring_in", "❌ Could not bring `@bob:hs.test` into Lounge"),
    ] {
        let mut stage = stage();
        let fault = refused(403, "M_FORBIDDEN", "You shall not");
        let said = after(&mut stage, lines, |stage| stage.homeserver.fail_once(written, fault)).await;
        has(&said, &[could, "You shall not"]);
        assert!(writes(&stage).is_empty());
    }
}

#[tokio::test]
async fn what_is_accepted_and_not_done_is_not_called_done() {
    for lines in [MUTE, POWER, BRING] {
        let mut stage = stage();
        let said = after(&mut stage, lines, |stage| stage.homeserver.ignore_changes()).await;
        has(&said, &["failed", "reading it back still shows the old one"]);
        assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
    }
}

#[tokio::test]
async fn a_room_without_levels_or_where_the_power_is_gone_by_then_fails_with_a_reason() {
    let mut stage = stage();
    let said = after(&mut stage, MUTE, |stage| {
        stage.homeserver.change_room(lounge(), |room| {
            room.state.retain(|event| event["type"] != "m.room.power_levels");
        });
    })
    .await;
    has(&said, &["The room has no power levels that I could change."]);
    let mut stage = super::stage();
    let said = after(&mut stage, MUTE, |stage| {
        super::levels(stage, lounge(), &json!({"users": {"@ana:hs.test": 50}}));
    })
    .await;
    has(&said, &["You don't have permission"]);
    assert!(writes(&stage).is_empty());
}

#[tokio::test]
async fn who_is_so_already_by_then_is_said_to_have_been() {
    let stage = stage();
    let room = || lounge().to_owned().into();
    let step = Step::JoinUser { room: room(), user: eve().to_owned(), asked_by: None };
    has(&left_behind(&stage, step, None).await, &["`@eve:hs.test` was in `!lounge:hs.test` before already."]);
    let step = Step::SetPower { room: room(), user: eve().to_owned(), was: 50, to: None };
    has(&left_behind(&stage, step, None).await, &["had this power before already"].map(|_| "before already"));
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("join"));
    assert!(writes(&stage).is_empty());
}
