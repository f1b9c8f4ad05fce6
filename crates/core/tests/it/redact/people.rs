//! Everything that users wrote.

use gleipnir_core::{
    model::{Account, Standing},
    plan::{PlanResult, PlanState, Step},
    ports::Fault,
    ruma::{event_id, room_id},
};
use serde_json::json;

use super::{asked, attic, busy, empower, eve, event, far, lounge, message, put, redacted, stage, user};
use crate::scene::{has, moderator, plan, plans};

const ALL: [&str; 9] = ["$a1", "$a2", "$b1", "$b2", "$odd", "$poll", "$reaction", "$sticker", "$vote"];

#[tokio::test]
async fn trap_07_rooms_that_they_left_and_what_the_task_does_not_take_are_redacted_as_well() {
    let mut stage = busy();
    let preview = stage.say("!redact @eve:hs.test spam wave").await;
    has(
        &preview,
        &[
            "Redact what `@eve:hs.test` wrote: 9 events in 2 rooms: 4 messages, 1 sticker, 1 reaction, 2 poll events, \
             1 other event. 1 state event of theirs stays, such as names and topics of rooms.",
            "Lounge (`#lounge:hs.test`, `!lounge:hs.test`): 7 events",
            "Attic (`#attic:hs.test`, `!attic:hs.test`): 2 events",
            "The server redacts messages in their own name, also in rooms that I am not in. Of 5 events it does \
             not: that takes my own power in the room, one by one.",
            "gone for everybody in those rooms",
            "do it?",
        ],
    );
    assert!(stage.homeserver.writes().is_empty());
    let report = stage.say("!confirm 1").await;
    has(&report, &["are redacted. Redacted: 9 events in 2 rooms. 1 state event of theirs stays"]);
    assert_eq!(plan(&stage, 1).result(), PlanResult::Done);
    // The join was redacted along, by the task.
    let mut all = ALL.map(str::to_owned).to_vec();
    all.push("$join".to_owned());
    all.sort();
    assert_eq!(redacted(&stage, "once"), all);
    assert_eq!(asked(&stage), ["redact-user @eve:hs.test [\"!attic:hs.test\",\"!lounge:hs.test\"]"]);

    // Again: there is nothing left, and nothing is redacted twice.
    has(
        &stage.say("!redact @eve:hs.test").await,
        &["There is nothing to redact of `@eve:hs.test` in 2 rooms. 1 state event of theirs stays"],
    );
    assert_eq!(plans(&stage).len(), 1);
    // She goes on: what is new is redacted, and what was is not.
    stage.homeserver.change_room(lounge(), |room| room.events.push(message("$a3", 70)));
    has(&stage.say("!redact @eve:hs.test").await, &["1 event in 1 room: 1 message"]);
    has(&stage.say("!confirm 2").await, &["Redacted: 1 event in 1 room."]);
    assert_eq!(asked(&stage)[1..], ["redact-user @eve:hs.test [\"!lounge:hs.test\"] [70,null]"]);
    assert_eq!(redacted(&stage, "again").len(), 11);
}

#[tokio::test]
async fn trap_07_what_was_redacted_before_is_in_no_task() {
    let mut stage = busy();
    stage.homeserver.change_room(attic(), |room| {
        room.events.extend([message("$b3", 20), message("$b4", 30), message("$b5", 40), message("$b6", 50)]);
    });
    // By a card, by hand: in the midst, and in the same moment as another.
    stage.homeserver.redact_elsewhere(attic(), event_id!("$b2"), user("@user0:hs.test"));
    stage.homeserver.redact_elsewhere(attic(), event_id!("$b5"), &eve());
    empower(&stage, attic());
    stage.say("!redact @eve:hs.test !attic:hs.test").await;
    has(&stage.say("!confirm 1").await, &["Redacted: 4 events in 1 room."]);
    assert_eq!(
        stage.homeserver.writes(),
        [
            "redact-user @eve:hs.test [\"!attic:hs.test\"] [null,10]",
            "redact-user @eve:hs.test [\"!attic:hs.test\"] [30,30]",
            "redact-user @eve:hs.test [\"!attic:hs.test\"] [50,null]",
            // It has the time of one that is redacted already.
            "redact !attic:hs.test $b3",
        ]
    );
    assert_eq!(redacted(&stage, "windows"), ["$b1", "$b2", "$b3", "$b4", "$b5", "$b6"]);
}

#[tokio::test]
async fn trap_07_a_join_that_is_redacted_is_not_redacted_again() {
    let mut stage = busy();
    stage.homeserver.redact_elsewhere(lounge(), event_id!("$join"), &eve());
    stage.say("!redact @eve:hs.test").await;
    stage.say("!confirm 1").await;
    assert_eq!(
        asked(&stage),
        [
            "redact-user @eve:hs.test [\"!attic:hs.test\"]",
            "redact-user @eve:hs.test [\"!lounge:hs.test\"] [10,null]",
        ]
    );
    assert_eq!(redacted(&stage, "join").len(), 10);
}

#[tokio::test]
async fn an_old_server_that_knows_no_windows_is_not_asked_for_them() {
    let mut stage = busy();
    stage.homeserver.is_version("1.156.0");
    stage.homeserver.redact_elsewhere(lounge(), event_id!("$a1"), &eve());
    stage.homeserver.redact_elsewhere(attic(), event_id!("$b1"), &eve());
    let preview = stage.say("!redact @eve:hs.test").await;
    has(
        &preview,
        &["I lack the power for 1 event of `@eve:hs.test` in 1 room", "!room-admin !attic:hs.test"],
    );
    has(
        &stage.say("!confirm 1").await,
        &[
            "Job 1: redact – partly done",
            "but 1 event could not be. Redacted: 6 events in 2 rooms.",
            "I lack the power for 1 message: `!room-admin !attic:hs.test`",
        ],
    );
    assert_eq!(asked(&stage), Vec::<String>::new());
    assert_eq!(redacted(&stage, "old").len(), 8);
    // Without anything that was redacted before it is asked as ever.
    let mut stage = busy();
    stage.homeserver.is_version("1.156.0");
    stage.say("!redact @eve:hs.test").await;
    stage.say("!confirm 1").await;
    assert_eq!(asked(&stage).len(), 1);
    assert_eq!(redacted(&stage, "old and clean").len(), 10);
}

#[tokio::test]
async fn trap_08_a_remote_user_is_redacted_where_the_bot_has_power_and_the_rest_is_told() {
    let mut stage = stage();
    let third = room_id!("!third:hs.test");
    stage.room(third, "Third", "#third:hs.test", 1);
    for (room, id) in [(lounge(), "$l"), (attic(), "$t"), (third, "$c")] {
        stage.homeserver.change_room(room, |room| {
            room.events.push(event("m.room.message", id, 10, &far()));
            room.events.push(event("m.sticker", &format!("{id}s"), 11, &far()));
        });
    }
    // In the lounge with power, in the third without, in the attic not at all.
    empower(&stage, lounge());
    empower(&stage, third);
    stage.homeserver.change_room(third, |room| room.state[1]["content"]["users"] = json!({}));
    has(
        &stage.say("!redact @far:other.test").await,
        &[
            "6 events in 3 rooms",
            "They are of another server: it takes my own power to redact in each room.",
            "I lack the power for 4 events of `@far:other.test` in 2 rooms, and they would stay.",
            "I am not in Attic",
            "I cannot redact what others wrote in Third",
        ],
    );
    has(
        &stage.say("!confirm 1").await,
        &[
            "Job 1: redact – partly done",
            "but 4 events could not be. Redacted: 2 events in 3 rooms.",
            "I lack the power for 2 messages, 2 stickers: ",
            "`!room-admin !attic:hs.test`, `!room-admin !third:hs.test`",
            "`$c`: ",
            "permission to redact",
        ],
    );
    assert_eq!(redacted(&stage, "remote"), ["$l", "$ls"]);
    // Without power anywhere nothing is proposed.
    stage.homeserver.change_room(lounge(), |room| room.members.clear());
    stage.homeserver.change_room(lounge(), |room| room.events.push(event("m.sticker", "$n", 12, &far())));
    let said = stage.say("!redact @far:other.test !lounge:hs.test").await;
    has(&said, &["Nothing was done.", "I lack the power for 1 event", "I am not in Lounge"]);
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn trap_08_a_task_that_is_complete_with_failures_is_not_called_done() {
    let mut stage = stage();
    stage.homeserver.change_room(lounge(), |room| {
        room.events = vec![event("m.room.message", "$l", 10, &far())];
    });
    empower(&stage, lounge());
    stage.say("!redact @far:other.test").await;
    // Between the question and the answer the power is taken away.
    stage.homeserver.change_room(lounge(), |room| room.state[1]["content"]["users"] = json!({}));
    has(
        &stage.say("!confirm 1").await,
        &["❌ Could not ", "permission to redact", "gives me the power there"],
    );
    assert_eq!(plan(&stage, 1).result(), PlanResult::Failed);
}

#[tokio::test]
async fn without_power_messages_are_redacted_and_the_rest_is_left() {
    let mut stage = busy();
    stage
        .homeserver
        .change_room(lounge(), |room| room.state.retain(|event| event["type"] != "m.room.power_levels"));
    has(
        &stage.say("!redact @eve:hs.test").await,
        &["I lack the power for 5 events", "!room-admin !lounge:hs.test"],
    );
    has(
        &stage.say("!confirm 1").await,
        &[
            "but 5 events could not be. Redacted: 4 events in 2 rooms.",
            "1 sticker, 1 reaction, 2 poll events, 1 other event",
        ],
    );
    assert_eq!(redacted(&stage, "powerless"), ["$a1", "$a2", "$b1", "$b2", "$join"]);
    // With the power, the same command does the rest.
    empower(&stage, lounge());
    has(&stage.say("!redact @eve:hs.test").await, &["5 events in 1 room"]);
    has(&stage.say("!confirm 2").await, &["are redacted. Redacted: 5 events in 1 room."]);
    assert_eq!(redacted(&stage, "later").len(), 10);
}

#[tokio::test]
async fn a_ban_and_the_management_room() {
    let mut stage = busy();
    stage.homeserver.change_room(attic(), |room| {
        room.state.iter_mut().for_each(|event| event["content"]["membership"] = json!("ban"));
    });
    let management = room_id!("!management:hs.test");
    put(&stage, management, "join", vec![message("$m", 10)]);
    has(&stage.say("!redact @eve:hs.test !management:hs.test").await, &["That is the management room."]);
    has(&stage.say("!redact @eve:hs.test").await, &["9 events in 2 rooms"]);
    stage.say("!confirm 1").await;
    assert_eq!(redacted(&stage, "banned").len(), 10);
    assert!(!redacted(&stage, "management").contains(&"$m".to_owned()));
}

#[tokio::test]
async fn an_earlier_job_without_rooms_means_all_of_them() {
    let stage = busy();
    put(&stage, room_id!("!management:hs.test"), "join", vec![message("$m", 10)]);
    let step = Step::RedactUser { user: eve(), rooms: vec![], reason: None, since: None, limit: None };
    let report = crate::scene::left_behind(&stage, step, None).await;
    has(&report, &["Redacted: 9 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "all").len(), 10);
}

#[tokio::test]
async fn several_users_are_one_job() {
    let mut stage = busy();
    empower(&stage, attic());
    stage.homeserver.change_room(attic(), |room| room.events.push(event("m.sticker", "$far", 9, &far())));
    stage.homeserver.put_account(user("@idle:hs.test"), Account::default());
    let said = stage.say("!redact @eve:hs.test @far:other.test @idle:hs.test !attic:hs.test spam").await;
    has(
        &said,
        &[
            "what `@eve:hs.test` wrote: 2 events in 1 room",
            "what `@far:other.test` wrote: 1 event in 1 room: 1 sticker",
            "Left alone:",
            "There is nothing to redact of `@idle:hs.test` in 1 room.",
        ],
    );
    has(
        &stage.say("!confirm 1").await,
        &["of `@eve:hs.test` are redacted", "of `@far:other.test` are redacted"],
    );
    assert_eq!(redacted(&stage, "several"), ["$b1", "$b2", "$far"]);
}

#[tokio::test]
async fn mistakes_are_told_and_nothing_is_done() {
    let mut stage = busy();
    for (line, said) in [
        ("!redact @typo:hs.test", "There is no account `@typo:hs.test` on this server"),
        ("!redact @eve:hs.test !nope", "“!nope” is not a room ID"),
        ("!redact @eve:hs.test #nope:hs.test", "There is no room with the alias"),
        ("!redact @eve:hs.test --since tomorrow", "tomorrow"),
        ("!redact @eve:hs.test --since 2099-01-01", "in the future"),
        ("!redact @eve:hs.test --limit 0", "0 is not in"),
        ("!redact @eve:hs.test spam --because rude", "there is one in `--because` already"),
        ("!redact @eve", "@eve"),
        ("!redact", "event or @user"),
        ("!redact !lounge:hs.test", "A room alone is not enough"),
        ("!redact !lounge:hs.test $a1:hs.test --since 2d", "this is one message"),
        ("!redact spam", "spam"),
        ("!redact @eve:hs.test !unknown:hs.test", "There is nothing to redact of `@eve:hs.test` in 1 room."),
        ("!redact @none:other.test", "the server knows no room that they are or were in."),
        ("!redact @bot:hs.test !lounge:hs.test", "nothing to redact"),
    ] {
        has(&stage.say(line).await, &[said]);
        assert!(plans(&stage).is_empty(), "{line}");
    }
}

#[tokio::test]
async fn protected_users_are_spared() {
    let mut stage = busy();
    stage.homeserver.put_account(&eve(), Account { admin: true, ..Account::default() });
    has(&stage.say("!redact @eve:hs.test").await, &["`@eve:hs.test` is a server admin."]);
    stage.homeserver.put_account(&eve(), Account::default());
    stage.say("!redact @eve:hs.test").await;
    stage.homeserver.put_standing(&eve(), Standing::Level(50));
    has(&stage.say("!confirm 1").await, &["is a moderator"]);
    assert!(stage.homeserver.redactions().is_empty());
}

#[tokio::test]
async fn a_reason_of_a_stranger_stays_where_it_is() {
    let mut stage = busy();
    let said = stage.say("!redact @eve:hs.test --because \"<b>**@room**</b> [x](https://evil.test)\"").await;
    has(&said, &["do it?"]);
    stage.say("!confirm 1").await;
    let html = stage.store.said("run-1").expect("a report").html;
    assert!(html.contains("&lt;b&gt;") && !html.contains("<b>") && !html.contains("href"), "{html}");
    let Step::RedactUser { reason, .. } = &plan(&stage, 1).steps[0].step else { panic!("a redaction") };
    assert_eq!(reason.as_deref(), Some("<b>**@room**</b> [x](https://evil.test)"));
}

#[tokio::test]
async fn faults_while_reading_propose_nothing() {
    for method in [
        "memberships",
        "history",
        "account",
        "joined_rooms",
        "server_version",
        "room",
        "state",
        "member",
        "rate_limit",
    ] {
        let mut stage = busy();
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!redact @eve:hs.test").await, &["did not answer in time"]);
        assert!(plans(&stage).is_empty(), "{method}");
    }
    // A dry run proposes nothing either.
    let mut stage = busy();
    has(&stage.say("!redact @eve:hs.test --dry-run").await, &["9 events in 2 rooms", "ry run"]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_task_of_another_admin_is_waited_for() {
    let mut stage = busy();
    stage.say("!redact @eve:hs.test").await;
    stage.homeserver.redact_user_elsewhere(&eve(), attic());
    has(&stage.say("!confirm 1").await, &["are redacted."]);
    assert_eq!(plan(&stage, 1).state, PlanState::Done);
    assert_eq!(redacted(&stage, "another").len(), 10);
    assert_eq!(asked(&stage), ["redact-user @eve:hs.test [\"!lounge:hs.test\"]"]);
    has(&stage.react(moderator(), "run-1", "✅").await, &[]);
}
