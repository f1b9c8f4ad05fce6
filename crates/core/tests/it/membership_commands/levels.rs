//! `!mute`, `!unmute` and `!power`: nothing else in the power levels is changed.

use std::time::Duration;

use gleipnir_core::{model::Account, ports::Fault, ruma::user_id, speech::YES, testing::Lived};
use serde_json::json;

use super::{den, levels, levels_of, lounge, room, stage, writes};
use crate::scene::{has, moderator, plan, plans};

#[tokio::test]
async fn a_mute_changes_one_level_and_nothing_else() {
    let mut stage = stage();
    let before = json!({"users": {"@bot:hs.test": 100, "@ana:hs.test": "50"}, "events": {"m.room.name": "75"},
        "users_default": 0, "org.example.unknown": {"x": [1, 2]}, "notifications": {"room": 20}});
    levels(&stage, lounge(), &before);
    let said = stage.say("!mute @eve:hs.test !lounge:hs.test loud").await;
    has(
        &said,
        &[
            "Job 1: mute – done, because “loud”",
            "`@eve:hs.test` has the power -1 in Lounge (`!lounge:hs.test`).",
        ],
    );
    let mut want = before.clone();
    want["users"]["@eve:hs.test"] = json!(-1);
    assert_eq!(levels_of(&stage, lounge()).await, want);
    has(
        &stage.say("!mute @eve:hs.test !lounge:hs.test").await,
        &["EVE (`@eve:hs.test`) cannot write already in Lounge"],
    );
    has(&stage.say("!unmute @eve:hs.test !lounge:hs.test").await, &["has the power of everybody in Lounge"]);
    assert_eq!(levels_of(&stage, lounge()).await, before);
    has(
        &stage.say("!unmute @eve:hs.test !lounge:hs.test").await,
        &["EVE (`@eve:hs.test`) is not muted in Lounge"],
    );
    assert_eq!(writes(&stage).len(), 2);
    // The mute is taken away already; and undoing the end of it mutes again.
    has(&stage.say("!undo 2").await, &["has the power -1 in Lounge"]);
}

#[tokio::test]
async fn a_mute_for_a_time_gives_back_the_level_of_before_also_after_a_restart() {
    let mut stage = stage();
    let before = levels_of(&stage, lounge()).await;
    has(
        &stage.say("!mute @ana:hs.test @eve:hs.test !lounge:hs.test --for 2d --dry-run").await,
        &["ANA (`@ana:hs.test`) in Lounge (`!lounge:hs.test`): power 50 → -1; in it now, power 50."],
    );
    has(&stage.say("!mute @ana:hs.test @eve:hs.test !lounge:hs.test --for 2d").await, &["It ends by itself"]);
    assert_eq!(levels_of(&stage, lounge()).await["users"]["@ana:hs.test"], -1);
    stage.restart();
    stage.wait(Duration::from_mins(2 * 24 * 60 + 1)).await;
    stage.execute().await;
    assert_eq!(levels_of(&stage, lounge()).await, before);
}

#[tokio::test]
async fn a_mute_goes_below_what_writing_takes() {
    let mut stage = stage();
    for (content, eve_has, said) in [
        (json!({"events_default": -5}), -6, "has the power -6"),
        (json!({"events": {"m.room.message": -10}}), -11, "has the power -11"),
        (json!({"events": {"m.room.encrypted": 10}}), -1, "has the power -1"),
    ] {
        let mut content = content;
        content["users"] = json!({"@bot:hs.test": 100});
        levels(&stage, lounge(), &content);
        has(&stage.say("!mute @eve:hs.test !lounge:hs.test").await, &[said]);
        assert_eq!(levels_of(&stage, lounge()).await["users"]["@eve:hs.test"], eve_has);
    }
    levels(
        &stage,
        lounge(),
        &json!({"users": {"@bot:hs.test": 100}, "events": {"m.reaction": -50, "m.sticker": 0}}),
    );
    has(
        &stage.say("!mute @eve:hs.test !lounge:hs.test --dry-run").await,
        &["They can still send what takes so little there: `m.reaction`."],
    );
    levels(&stage, lounge(), &json!({"users": {"@bot:hs.test": 100}, "events_default": 50}));
    has(&stage.say("!mute @eve:hs.test !lounge:hs.test").await, &["cannot write already in Lounge"]);
}

#[tokio::test]
async fn trap_06_creators_of_version_12_are_above_all_levels_and_are_given_none() {
    let mut stage = stage();
    stage.homeserver.put_account(user_id!("@user0:hs.test"), Account::default());
    room(&stage, den(), "Den", "12", &json!({"@bot:hs.test": 100}));
    for (line, said) in [
        (
            "!mute @user0:hs.test !den:hs.test",
            "is a creator of the room, above all levels, and cannot be muted",
        ),
        ("!unmute @user0:hs.test !den:hs.test", "is a creator of the room"),
        ("!power !den:hs.test @user0:hs.test 50", "is a creator of the room, above all levels"),
    ] {
        let answer = stage.say(line).await;
        has(&answer, &[said]);
        assert!(!answer.contains("!room-admin"), "{answer}");
    }
    assert!(writes(&stage).is_empty());
    // The bot as a creator: it is in no list, and can do all of it.
    stage.homeserver.change_room(den(), |room| {
        room.state[0]["sender"] = json!("@bot:hs.test");
        room.state[1]["content"] = json!({"users": {"@eve:hs.test": 100}});
    });
    has(&stage.say("!mute @eve:hs.test !den:hs.test").await, &["`@eve:hs.test` has the power -1 in Den"]);
    assert_eq!(levels_of(&stage, den()).await, json!({"users": {"@eve:hs.test": -1}}));
}

#[tokio::test]
async fn power_shows_before_and_after_and_is_undone() {
    let mut stage = stage();
    let said = stage.say("!power !lounge:hs.test @eve:hs.test 20 --dry-run").await;
    has(
        &said,
        &[
            "Power: EVE (`@eve:hs.test`) in Lounge",
            "Level: 0 → 20",
            "Now: in it now",
            "It would be done without asking.",
        ],
    );
    has(
        &stage.say("!power !lounge:hs.test @eve:hs.test 20").await,
        &["`@eve:hs.test` has the power 20 in Lounge"],
    );
    has(&stage.say("!power !lounge:hs.test @eve:hs.test 20").await, &["has power 20 already in Lounge"]);
    has(&stage.say("!undo 1").await, &["has the power of everybody in Lounge"]);
    has(&stage.say("!power !lounge:hs.test @eve:hs.test -7").await, &["has the power -7 in Lounge"]);
    assert_eq!(levels_of(&stage, lounge()).await["users"]["@eve:hs.test"], -7);
}

#[tokio::test]
async fn much_power_is_asked_about() {
    let mut stage = stage();
    has(
        &stage.say("!power !lounge:hs.test @eve:hs.test 50").await,
        &["They could change the power levels themselves.", "Job 1: do it?"],
    );
    has(
        &stage.say("!power !lounge:hs.test @eve:hs.test 100").await,
        &["They would have power 100, as much as I have: I could not take it away again.", "Job 2: do it?"],
    );
    assert!(writes(&stage).is_empty());
    stage.react(moderator(), "plan-2", YES).await;
    assert_eq!(levels_of(&stage, lounge()).await["users"]["@eve:hs.test"], 100);
    has(
        &stage.say("!power !lounge:hs.test @eve:hs.test 0").await,
        &["I cannot give", "has 100: it takes more than the other one has"],
    );
}

#[tokio::test]
async fn power_that_nobody_can_give_is_refused() {
    let mut stage = stage();
    for (line, said) in [
        ("!power !lounge:hs.test @eve:hs.test 101", "nobody can give more than that: not 101"),
        ("!power !lounge:hs.test @user0:hs.test 5", "it takes more than the other one has"),
        ("!power !den:hs.test @eve:hs.test 5", "`!room-admin !den:hs.test @bot:hs.test` gives me the power."),
        ("!power !lounge:hs.test @evve:hs.test 5", "There is no account `@evve:hs.test`"),
        ("!power !management:hs.test @eve:hs.test 5", "That is the management room."),
        ("!mute @eve:hs.test !management:hs.test", "That is the management room."),
        ("!power !lounge:hs.test @bot:hs.test 50", "That is my own account."),
        ("!power !lounge:hs.test @eve:hs.test much", "much"),
        ("!power !lounge:hs.test @eve:hs.test 9007199254740992", "9007199254740992"),
        ("!power @eve:hs.test !lounge:hs.test 5", "a room is needed here"),
    ] {
        has(&stage.say(line).await, &[said]);
    }
    assert!(writes(&stage).is_empty() && plans(&stage).is_empty());
}

#[tokio::test]
async fn two_jobs_in_one_room_take_turns_and_keep_what_the_other_did() {
    let mut stage = stage();
    stage.hear(moderator(), "!mute @eve:hs.test !lounge:hs.test");
    stage.hear(moderator(), "!power !lounge:hs.test @far:other.test 10");
    assert_eq!(stage.live().await, Lived::Done);
    let lane = |id| plan(&stage, id).steps[0].step.lane();
    assert_eq!(lane(1), lane(2), "they would wait for each other too");
    let users = &levels_of(&stage, lounge()).await["users"];
    assert_eq!((&users["@eve:hs.test"], &users["@far:other.test"]), (&json!(-1), &json!(10)));
}

#[tokio::test]
async fn in_a_room_where_everybody_is_muted_unmuting_says_that_it_helps_nobody() {
    let mut stage = stage();
    levels(
        &stage,
        lounge(),
        &json!({"users": {"@bot:hs.test": 100, "@eve:hs.test": -1}, "events_default": 10}),
    );
    has(
        &stage.say("!unmute @eve:hs.test !lounge:hs.test --dry-run").await,
        &["power -1 → 0", "They can write as little as everybody: it takes 10."],
    );
}

#[tokio::test]
async fn levels_that_are_texts_stay_and_why_the_server_takes_no_others_is_told() {
    let mut stage = stage();
    levels(&stage, lounge(), &json!({"users": {"@bot:hs.test": 100}, "ban": "50"}));
    let message = "'50' is not of type 'integer'".into();
    let refused = Fault::Refused { status: 400, errcode: "M_BAD_JSON".into(), message };
    stage.homeserver.fail_once("set_power_levels", refused);
    has(&stage.say("!mute @eve:hs.test !lounge:hs.test").await, &["failed", "texts where numbers belong"]);
    assert!(writes(&stage).is_empty());
}
