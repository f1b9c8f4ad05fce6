//! Kicks, bans, unbans and invitations in rooms that are named.

use std::time::Duration;

use gleipnir_core::{
    model::Standing,
    plan::PlanResult,
    ports::Fault,
    ruma::{owned_user_id, user_id},
    speech::YES,
    testing::Stage,
};
use serde_json::json;

use super::{bot, den, eve, far, is, levels, lounge, membership, room, stage, writes};
use crate::scene::{has, moderator, plan, plans, watcher};

#[tokio::test]
async fn each_is_done_and_undone() {
    for (line, write, said, undone) in [
        (
            "!kick @eve:hs.test !lounge:hs.test spam wave",
            "kick @eve:hs.test !lounge:hs.test",
            "✅ `@eve:hs.test` is kicked from Lounge (`!lounge:hs.test`).",
            "`@eve:hs.test` is invited to Lounge",
        ),
        (
            "!ban @eve:hs.test !lounge:hs.test spam wave",
            "ban @eve:hs.test !lounge:hs.test",
            "✅ `@eve:hs.test` is banned from Lounge",
            "`@eve:hs.test` is no longer banned from Lounge (`!lounge:hs.test`). Whether they come back is up to them.",
        ),
        (
            "!invite @bob:hs.test !lounge:hs.test spam wave",
            "invite @bob:hs.test !lounge:hs.test",
            "✅ `@bob:hs.test` is invited to Lounge",
            "`@bob:hs.test` is kicked from Lounge",
        ),
        (
            "!ban @far:other.test !lounge:hs.test spam wave",
            "ban @far:other.test !lounge:hs.test",
            "✅ `@far:other.test` is banned from Lounge",
            "`@far:other.test` is no longer banned from Lounge",
        ),
    ] {
        let mut stage = stage();
        has(&stage.say(line).await, &[" – done, because “spam wave”", said, "Undo: `!undo 1`"]);
        assert_eq!(writes(&stage), [write]);
        has(&stage.say("!undo 1").await, &["Job 2: undo – done", undone]);
    }
}

#[tokio::test]
async fn a_ban_is_lifted_also_of_who_is_gone() {
    let mut stage = stage();
    is(&stage, lounge(), "@gone:hs.test", "ban");
    has(
        &stage.say("!unban @gone:hs.test !lounge:hs.test").await,
        &["✅ `@gone:hs.test` is no longer banned from Lounge"],
    );
    has(&stage.say("!undo 1").await, &["`@gone:hs.test` is banned from Lounge"]);
}

#[tokio::test]
async fn a_dry_run_says_who_they_are_and_does_nothing() {
    let mut stage = stage();
    is(&stage, lounge(), "@bob:hs.test", "invite");
    let said = stage
        .say("!kick @ana:hs.test @bob:hs.test @far:other.test https://matrix.to/#/!lounge:hs.test --dry-run")
        .await;
    has(
        &said,
        &[
            "To kick: they leave the room",
            "kick ANA (`@ana:hs.test`) from Lounge (`!lounge:hs.test`): in it now, power 50.",
            "kick BOB (`@bob:hs.test`) from Lounge (`!lounge:hs.test`): invited now.",
            "kick `@far:other.test` from Lounge",
            "Dry run: nothing was done.",
        ],
    );
    assert!(writes(&stage).is_empty());
}

#[tokio::test]
async fn an_invitation_is_taken_back_by_a_kick_and_given_again_by_undo() {
    let mut stage = stage();
    is(&stage, lounge(), "@bob:hs.test", "invite");
    has(&stage.say("!kick @bob:hs.test !lounge:hs.test").await, &["is kicked from Lounge"]);
    has(&stage.say("!undo 1").await, &["`@bob:hs.test` is invited to Lounge"]);
    is(&stage, lounge(), "@asks:other.test", "knock");
    has(&stage.say("!kick @asks:other.test !lounge:hs.test").await, &["is kicked from Lounge"]);
    has(&stage.say("!undo 3").await, &["asked to be let into Lounge", "and can ask again"]);
}

#[tokio::test]
async fn several_users_and_rooms_are_one_job_and_many_ask_first() {
    let mut stage = stage();
    levels(&stage, den(), &json!({"users": {"@bot:hs.test": 100}}));
    let said = stage.say("!ban @eve:hs.test, @far:other.test !lounge:hs.test !den:hs.test raid").await;
    has(
        &said,
        &[
            "`@eve:hs.test` is banned from Lounge",
            "`@far:other.test` is banned from Lounge",
            "`@eve:hs.test` is banned from Den",
        ],
    );
    assert_eq!(plan(&stage, 1).steps.len(), 4);
    let said = stage
        .say("!invite @bob:hs.test @a:x.test @b:x.test !den:hs.test !lounge:hs.test !lounge:hs.test")
        .await;
    has(&said, &["6 changes at once is more than I change without asking.", "Job 2: do it?"]);
    assert_eq!(writes(&stage).len(), 4);
    stage.react(moderator(), "plan-2", YES).await;
    assert_eq!(plan(&stage, 2).result(), PlanResult::Done);
    assert_eq!(writes(&stage).len(), 10);
}

#[tokio::test]
async fn what_is_so_already_is_left_alone_and_said() {
    let mut stage = stage();
    is(&stage, lounge(), "@bob:hs.test", "ban");
    for (line, said) in [
        (
            "!kick @bob:hs.test !lounge:hs.test",
            "BOB (`@bob:hs.test`) is banned, and so not in Lounge (`!lounge:hs.test`).",
        ),
        ("!ban @bob:hs.test !lounge:hs.test", "BOB (`@bob:hs.test`) is banned already from Lounge"),
        ("!unban @eve:hs.test !lounge:hs.test", "EVE (`@eve:hs.test`) is not banned from Lounge"),
        ("!invite @eve:hs.test !lounge:hs.test", "EVE (`@eve:hs.test`) is already in Lounge"),
        ("!kick @x:other.test !lounge:hs.test", "`@x:other.test` is not in Lounge"),
    ] {
        has(&stage.say(line).await, &[said]);
    }
    assert!(plans(&stage).is_empty());
    let said = stage.say("!ban @bob:hs.test @eve:hs.test !lounge:hs.test").await;
    has(&said, &["`@eve:hs.test` is banned from Lounge"]);
    assert_eq!(writes(&stage), ["ban @eve:hs.test !lounge:hs.test"]);
}

#[tokio::test]
async fn mistakes_change_nothing() {
    let mut stage = stage();
    is(&stage, lounge(), "@bob:hs.test", "ban");
    for (line, said) in [
        (
            "!kick @evve:hs.test !lounge:hs.test",
            "There is no account `@evve:hs.test` on this server. Check its spelling.",
        ),
        ("!ban @eve:hs.test @evve:hs.test !lounge:hs.test", "Nothing was done."),
        ("!invite @evve:hs.test !lounge:hs.test", "There is no account"),
        ("!invite @bob:hs.test !lounge:hs.test", "`!unban @bob:hs.test !lounge:hs.test` lifts that first."),
        ("!kick @eve:hs.test", "In which room?"),
        ("!kick @eve:hs.test Lounge", "In which room?"),
        ("!kick !lounge:hs.test @eve:hs.test", "a user is needed here"),
        ("!kick @eve:hs.test !nowhere:hs.test", "The server does not know the room `!nowhere:hs.test`"),
        ("!kick @eve:hs.test #nowhere:hs.test", "There is no room with the alias `#nowhere:hs.test`"),
        ("!kick @eve:hs.test !lounge:hs.test @ana:hs.test asked", "stands behind a room"),
        ("!ban @eve:hs.test !lounge:hs.test --for 3s", "That would be over at once"),
        ("!kick @bot:hs.test !lounge:hs.test", "That is my own account."),
        ("!ban @eve:hs.test !management:hs.test", "That is the management room."),
        ("!invite @eve:hs.test !management:hs.test", "That is the management room."),
    ] {
        has(&stage.say(line).await, &[said]);
    }
    has(&stage.say_as(watcher(), "!kick @eve:hs.test !lounge:hs.test").await, &["needs power level 50"]);
    assert!(writes(&stage).is_empty() && plans(&stage).is_empty());
}

#[tokio::test]
async fn nothing_is_done_against_moderators_whatever_the_power() {
    let mut stage = stage();
    stage.homeserver.put_standing(user_id!("@ana:hs.test"), Standing::Level(0));
    for line in [
        "!kick @ana:hs.test !lounge:hs.test",
        "!ban @eve:hs.test @ana:hs.test !lounge:hs.test",
        "!mute @ana:hs.test !lounge:hs.test",
    ] {
        has(&stage.say(line).await, &["`@ana:hs.test` is a moderator"]);
    }
    assert!(writes(&stage).is_empty());
}

#[tokio::test]
async fn trap_26_missing_power_is_refused_and_after_room_admin_it_works() {
    let mut stage = stage();
    let said = stage.say("!kick @eve:hs.test @ana:hs.test !lounge:hs.test !den:hs.test").await;
    has(
        &said,
        &[
            "Nothing was done.",
            "I cannot kick members from Den (`!den:hs.test`): they have power 0, and kicking takes 50",
            "`!room-admin !den:hs.test @bot:hs.test` gives me the power.",
        ],
    );
    assert_eq!(said.matches("I cannot kick").count(), 1, "{said}");
    assert!(writes(&stage).is_empty());
    stage.say("!room-admin !den:hs.test @bot:hs.test").await;
    stage.say("!confirm 1").await;
    has(&stage.say("!kick @eve:hs.test !den:hs.test").await, &["`@eve:hs.test` is kicked from Den"]);
}

#[tokio::test]
async fn trap_26_a_room_that_i_am_not_in_is_refused_and_after_joining_it_works() {
    let mut stage = stage();
    stage.homeserver.change_room(lounge(), |room| room.members.retain(|member| *member != bot()));
    let said = stage.say("!ban @far:other.test !lounge:hs.test").await;
    has(
        &said,
        &[
            "Nothing was done.",
            "I am not in Lounge",
            "`!room-admin !lounge:hs.test @bot:hs.test` gives me the power.",
        ],
    );
    has(&stage.say("!join !lounge:hs.test").await, &["Job 1: join – done"]);
    has(&stage.say("!ban @far:other.test !lounge:hs.test").await, &["is banned from Lounge"]);
    assert_eq!(membership(&stage, lounge(), far()).await.as_deref(), Some("ban"));
}

#[tokio::test]
async fn who_is_as_strong_is_left_alone_and_creators_of_version_12_always() {
    let mut stage = stage();
    let said = stage.say("!ban @user0:hs.test !lounge:hs.test").await;
    // There is no such account in the fake: it is a typing error as far as anybody knows.
    has(&said, &["There is no account"]);
    stage.homeserver.put_account(user_id!("@user0:hs.test"), gleipnir_core::model::Account::default());
    has(
        &stage.say("!ban @user0:hs.test !lounge:hs.test").await,
        &["and `@user0:hs.test` has 100: it takes more"],
    );
    room(&stage, den(), "Den", "12", &json!({"@bot:hs.test": 100}));
    let said = stage.say("!kick @user0:hs.test !den:hs.test").await;
    has(&said, &["is a creator of the room, above all levels"]);
    assert!(!said.contains("!room-admin"), "{said}");
    assert!(writes(&stage).is_empty());
}

#[tokio::test]
async fn a_ban_for_a_time_ends_by_itself_also_after_a_restart() {
    let mut stage = stage();
    has(
        &stage.say("!ban @eve:hs.test !lounge:hs.test spam --for 2d").await,
        &["is banned from Lounge", "It ends by itself: 2026-"],
    );
    stage.restart();
    stage.wait(Duration::from_mins(2 * 24 * 60 + 1)).await;
    stage.execute().await;
    assert_eq!(membership(&stage, lounge(), eve()).await.as_deref(), Some("leave"));
    has(&stage.store.said("run-2").expect("it is said").text, &["end of job 1, whose time is over – done"]);
}

#[tokio::test]
async fn hostile_names_format_nothing() {
    let mut stage = stage();
    stage.homeserver.change_room(lounge(), |room| {
        room.details.name = Some("**x**\n@room `!kick` https://evil.test".into());
        room.state.push(
            json!({"type": "m.room.member", "state_key": "@far:other.test", "sender": "@far:other.test",
            "content": {"membership": "join", "displayname": "@mod:hs.test\nJob 7: done"}}),
        );
    });
    let said = stage.say("!ban @far:other.test !lounge:hs.test --dry-run").await;
    assert!(!said.contains("**x**\n") && !said.contains("\nJob 7"), "{said}");
    has(&said, &["`!lounge:hs.test`", "`@far:other.test`"]);
}

#[tokio::test]
async fn faults_are_told_and_one_failure_stops_no_other() {
    let mut stage = stage();
    stage.homeserver.fail_once("state", Fault::Away("refused".into()));
    has(&stage.say("!kick @eve:hs.test !lounge:hs.test").await, &["cannot reach the homeserver"]);
    assert!(plans(&stage).is_empty());
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no".into() };
    stage.homeserver.fail_once("change_member", refused);
    let said = stage.say("!kick @eve:hs.test @far:other.test !lounge:hs.test").await;
    has(
        &said,
        &["partly done", "❌ Could not kick `@eve:hs.test`", "✅ `@far:other.test` is kicked from Lounge"],
    );
}

#[tokio::test]
async fn who_was_invited_before_stays_so_when_the_job_is_undone() {
    let stage: Stage = stage();
    let step = gleipnir_core::plan::Step::Member {
        room: lounge().to_owned().into(),
        user: owned_user_id!("@bob:hs.test"),
        change: gleipnir_core::model::MemberChange::Invite,
        reason: None,
    };
    is(&stage, lounge(), "@bob:hs.test", "invite");
    crate::scene::left_behind(&stage, step, None).await;
    let mut stage = stage;
    has(&stage.say("!undo 1").await, &["There is nothing of job 1 that I can undo."]);
    assert!(writes(&stage).is_empty());
}
