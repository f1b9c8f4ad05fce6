//! Nobody has the room any more: the bot makes another one in its place.

use std::time::Duration;

use gleipnir_core::{
    model::Account,
    plan::{PlanResult, Step, Way},
    ports::{Clock as _, EffectsOnRooms as _, Fault, Lookup as _, Seen},
    ruma::{owned_user_id, room_alias_id, room_id},
    testing::Stage,
};
use serde_json::json;

use super::{alone, bot, content, inside, is_there, result, shut_down, user};
use crate::scene::{bad_room, has, plan};

fn made() -> &'static gleipnir_core::ruma::RoomId {
    room_id!("!made1:hs.test")
}

#[tokio::test]
async fn a_room_that_nobody_has_any_more_is_made_anew() {
    let mut stage = alone();
    stage.homeserver.change_room(bad_room(), |room| room.details.public = Some(true));
    shut_down(&mut stage, "spam").await;
    let asked = stage.say("!undo last").await;
    assert_eq!(
        asked,
        "To undo job 1:
• unblock Spam (`#bad:hs.test`, `!bad:hs.test`)
• make another room in the place of Spam (`#bad:hs.test`, `!bad:hs.test`), with 3 local members

What that means for the room:
• Nobody has the room any more. I make a new one, with another ID, and with what I kept: name, topic, picture, power levels, and who may join and read.
• Former members of this server, brought back without being asked: 3: `@user0:hs.test`, `@user1:hs.test`, `@user2:hs.test`. Who cannot be brought in is invited. Accounts that were deactivated since are left out.
• Banned again: `@troll:other.test`.
• Aliases that lead there again: `#bad:hs.test`.
• It is listed in the room directory again.
• I leave it then, if somebody is back in it who has power there.
• What cannot come back: all messages and files, pinned messages, members of other servers, open invitations and requests to join, and how far everybody had read.

People are brought into a room without being asked.

Job 2: do it? React with ✅ or send `!confirm 2` within 10 minutes. ❌ or `!cancel 2` drops it."
    );
    assert_eq!(stage.homeserver.made().len(), 0, "it asks first");
    let report = stage.say("!confirm 2").await;
    assert_eq!(
        report,
        "Job 2: undo – done, because “undo of job 1”
• ✅ Spam (`#bad:hs.test`, `!bad:hs.test`) is open again.
• ✅ In the place of Spam (`#bad:hs.test`, `!bad:hs.test`) there is a new room now: `!made1:hs.test`. 3 of 3 former local members are in it again.

What cannot come back: all messages and files, pinned messages, members of other servers, open invitations and requests to join, and how far everybody had read.

Undo: `!undo 2`"
    );
    assert_eq!(inside(&stage, made()).await, ["@user0:hs.test", "@user1:hs.test", "@user2:hs.test"]);
    let create = content(&stage, made(), "m.room.create").await;
    assert_eq!(create, json!({"predecessor": {"room_id": "!bad:hs.test"}, "room_version": "11"}));
    assert_eq!(content(&stage, made(), "m.room.name").await, json!({"name": "Spam"}));
    assert_eq!(content(&stage, made(), "m.room.topic").await, json!({"topic": "Buy <b>now</b>"}));
    assert_eq!(content(&stage, made(), "m.room.canonical_alias").await, json!({"alias": "#bad:hs.test"}));
    let levels = content(&stage, made(), "m.room.power_levels").await;
    assert_eq!(levels["users"], json!({"@user0:hs.test": 100, "@far:other.test": 50, "@bot:hs.test": 100}));
    let details = stage.homeserver.room(made()).await.unwrap().expect("it is there");
    assert_eq!(details.public, Some(true));
    let leads = stage.homeserver.resolve_alias(room_alias_id!("#bad:hs.test")).await.unwrap();
    assert_eq!(leads.as_deref(), Some(made()));
    let troll = stage.homeserver.member(made(), &owned_user_id!("@troll:other.test")).await.unwrap();
    assert_eq!(troll.expect("a member event").text("membership"), Some("ban"));
}

#[tokio::test]
async fn what_the_bot_does_in_the_new_room_is_told_as_its_own_doing() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done"]);
    let now = stage.clock.now();
    let ban = |id: &str, sender: &str, whom: &str| {
        json!({"type": "m.room.member", "event_id": id, "sender": sender, "state_key": whom,
            "origin_server_ts": now, "content": {"membership": "ban"}})
    };
    let happen = |stage: &Stage, events: Vec<serde_json::Value>| {
        stage.homeserver.change_room(made(), |room| room.events.extend(events.clone()));
        stage.notice(made(), events, Seen::Live);
    };
    happen(&stage, vec![ban("$ours", "@bot:hs.test", "@troll:other.test")]);
    has(
        &stage.tell().await,
        &["banned `@troll:other.test`", "my doing, for `@mod:hs.test`: `!undo 1` (job 2)"],
    );
    stage.clock.pass(Duration::from_mins(2));
    happen(&stage, vec![ban("$theirs", "@user0:hs.test", "@eve:hs.test")]);
    let told = stage.tell().await;
    assert!(told.contains("banned `@eve:hs.test`") && !told.contains("my doing"), "{told}");
    // A room that somebody else made in the place of that one.
    stage.homeserver.change_room(made(), |room| room.state[0]["sender"] = json!("@user0:hs.test"));
    stage.clock.pass(Duration::from_mins(2));
    happen(&stage, vec![ban("$elsewhere", "@bot:hs.test", "@eve:hs.test")]);
    let told = stage.tell().await;
    assert!(told.contains("banned `@eve:hs.test`") && !told.contains("my doing"), "{told}");
}

#[tokio::test]
async fn the_room_that_the_members_were_moved_to_is_closed() {
    for api in ["", "--v1"] {
        let mut stage = alone();
        stage.homeserver.put_account(&user("notifier"), Account::default());
        // The fake's version 1 of the API makes no such room.
        shut_down(&mut stage, "--notify-as @notifier:hs.test").await;
        let notice = room_id!("!notice-delete1:hs.test");
        assert!(is_there(&stage, notice).await);
        has(
            &stage.say("!undo 1").await,
            &[
                "The room that the members were moved to is closed and deleted, with all that was said there: `!notice-delete1",
            ],
        );
        if api == "--v1" {
            let mut undo = plan(&stage, 2);
            let Step::RestoreRoom { restoration, .. } = &mut undo.steps[1].step else {
                panic!("it restores")
            };
            restoration.api = gleipnir_core::plan::DeleteApi::V1;
            let step = undo.steps[1].step.clone();
            // Who was told to slow down asks again.
            stage.homeserver.fail_once("delete_room_v1", Fault::RateLimited { retry_after: None });
            crate::scene::left_behind(&stage, step, None).await;
        } else {
            has(
                &stage.say("!confirm 2").await,
                &[
                    "Job 2: undo – done",
                    "The room that the members were moved to is closed: `!notice-delete1:hs.test`.",
                ],
            );
        }
        assert!(!is_there(&stage, notice).await, "{api}");
        let leads = stage.homeserver.resolve_alias(room_alias_id!("#bad:hs.test")).await.unwrap();
        assert_eq!(leads.as_deref(), Some(made()));
        assert_eq!(inside(&stage, made()).await.len(), 3);
    }
}

#[tokio::test]
async fn the_bot_stays_until_somebody_with_power_is_back() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.homeserver.put_account(&user("user0"), Account { deactivated: true, ..Account::default() });
    stage.say("!undo 1").await;
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &[
            "2 of 3 former local members are in it again. 1 has no active account any more.",
            "I stay in it: nobody else who is in it has power there. `!leave !made1:hs.test` makes me leave it.",
        ],
    );
    assert!(inside(&stage, made()).await.contains(&bot().to_string()));
    assert_eq!(result(&stage, 2), PlanResult::Done, "who has no account is nobody's fault");
}

#[tokio::test]
async fn version_12_has_its_creators_back() {
    let mut stage = alone();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.version = Some("12".into());
        room.state[0]["content"] = json!({"room_version": "12"});
        room.state[2]["content"] = json!({"users": {"@user1:hs.test": 50}});
    });
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3"]);
    let create = content(&stage, made(), "m.room.create").await;
    assert_eq!(create["additional_creators"], json!(["@user0:hs.test"]));
    let levels = content(&stage, made(), "m.room.power_levels").await;
    assert_eq!(levels["users"], json!({"@user1:hs.test": 50}));
    assert!(!inside(&stage, made()).await.contains(&bot().to_string()));
}

#[tokio::test]
async fn a_room_is_made_once_whatever_becomes_of_the_answer() {
    for fault in [
        Fault::Timeout,
        Fault::Away("reset".into()),
        Fault::Broken { status: 500, message: "oops".into() },
        Fault::BadAnswer("cut".into()),
    ] {
        let mut stage = alone();
        shut_down(&mut stage, "").await;
        stage.say("!undo 1").await;
        stage.homeserver.lose_answer("create_room", fault.clone());
        has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "`!made1:hs.test`"]);
        assert_eq!(stage.homeserver.made().len(), 1, "{fault}");

        let mut stage = alone();
        shut_down(&mut stage, "").await;
        stage.say("!undo 1").await;
        stage.homeserver.fail_once("create_room", fault.clone());
        has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "`!made1:hs.test`"]);
        assert_eq!(stage.homeserver.made().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_room_that_the_server_is_slow_to_finish_is_waited_for() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.homeserver.is_slow_to_make(100);
    stage.homeserver.lose_answer("create_room", Fault::Timeout);
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3", "`!made1:hs.test`"]);
    assert_eq!(stage.homeserver.made().len(), 1);
    // One that is never finished is left, and no other is made.
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.homeserver.is_slow_to_make(1_000);
    stage.homeserver.lose_answer("create_room", Fault::Timeout);
    has(
        &stage.say("!confirm 2").await,
        &["did not finish it", "It had made `!made1:hs.test` all the same", "I left that room."],
    );
    assert_eq!(stage.homeserver.made().len(), 1);
    assert!(inside(&stage, made()).await.is_empty());
}

#[tokio::test]
async fn a_room_that_was_made_and_refused_is_left_and_named() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.homeserver.is_slow_to_make(1);
    let refused =
        Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "no such event".into() };
    stage.homeserver.lose_answer("create_room", refused);
    has(
        &stage.say("!confirm 2").await,
        &["no such event", "It had made `!made1:hs.test` all the same", "I left that room."],
    );
    stage.say("!undo 1").await;
    has(&stage.say("!confirm 3").await, &["Job 3: undo – done", "`!made2:hs.test`"]);
}

#[tokio::test]
async fn a_room_that_was_made_before_is_gone_on_in() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    // By a job that lost its way.
    let undo = plan(&stage, 2);
    let Step::RestoreRoom { restoration, .. } = &undo.steps[1].step else { panic!("it restores") };
    let Way::Anew { room, .. } = &restoration.way else { panic!("nobody has it") };
    stage.homeserver.create_room(room).await.unwrap();
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3", "`!made1:hs.test`"]);
    assert_eq!(stage.homeserver.made().len(), 1);
}

#[tokio::test]
async fn a_room_that_is_made_is_filled_however_long_the_bot_is_no_admin() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    for _ in 0..200 {
        stage.homeserver.fail_once("bring_in", Fault::NotAdmin);
    }
    has(&stage.say("!confirm 2").await, &["Job 2: undo – done", "3 of 3", "`!made1:hs.test`"]);
}

#[tokio::test]
async fn the_bot_stays_while_who_has_power_cannot_use_it() {
    let mut stage = alone();
    shut_down(&mut stage, "").await;
    stage.homeserver.put_account(&user("user0"), Account { suspended: true, ..Account::default() });
    stage.say("!undo 1").await;
    has(
        &stage.say("!confirm 2").await,
        &["3 of 3", "I stay in it: nobody else who is in it has power there."],
    );
}

#[tokio::test]
async fn a_room_that_cannot_be_made_is_said() {
    let refused = Fault::Refused {
        status: 400,
        errcode: "M_UNSUPPORTED_ROOM_VERSION".into(),
        message: "Your homeserver does not support this room version".into(),
    };
    for (fault, said) in [
        (refused, "The homeserver refused: Your homeserver does not support this room version"),
        (
            Fault::Broken { status: 500, message: "oops".into() },
            "I asked for a new room several times. The homeserver failed: oops (HTTP 500). There may be one all the same",
        ),
    ] {
        let mut stage = alone();
        shut_down(&mut stage, "").await;
        stage.say("!undo 1").await;
        stage.homeserver.fail_always("create_room", fault);
        has(&stage.say("!confirm 2").await, &["Job 2: undo – partly done", said]);
        stage.homeserver.mend();
        has(&stage.say("!undo 1").await, &["Job 3: do it?"]);
        has(&stage.say("!confirm 3").await, &["Job 3: undo – done"]);
    }
}

#[tokio::test]
async fn what_does_not_go_as_it_should_is_named_and_keeps_nothing_else() {
    let mut stage = alone();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.public = Some(true);
        room.aliases.push("#taken:hs.test".into());
    });
    shut_down(&mut stage, "").await;
    stage.room(room_id!("!taker:hs.test"), "Taker", "#taken:hs.test", 1);
    let refused =
        |message: &str| Fault::Refused { status: 403, errcode: "M_UNKNOWN".into(), message: message.into() };
    stage.say("!undo 1").await;
    stage.homeserver.fail_once("set_listing", refused("Not allowed to publish <room>"));
    stage.homeserver.fail_once("change_member", refused("no\n\n**ban**"));
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &[
            "Job 2: undo – partly done",
            "Not everything is as it was.",
            "Not as it was:\n• I could not ban `@troll:other.test` again: no",
            "• `#taken:hs.test` leads to `!taker:hs.test` by now, and I left it so",
            "• I could not put it into the room directory: Not allowed to publish <room>",
            "3 of 3 former local members",
        ],
    );
}

#[tokio::test]
async fn hostile_names_stay_words() {
    let mut stage = alone();
    stage.homeserver.change_room(bad_room(), |room| {
        room.details.name = Some("@room **x** <b>\n# y".into());
        room.state[1]["content"] = json!({"name": "@room **x** <b>\n# y"});
    });
    shut_down(&mut stage, "").await;
    stage.say("!undo 1").await;
    stage.say("!confirm 2").await;
    let rendered = stage.store.said("run-2").expect("it is reported");
    assert!(!rendered.html.contains("<b>\n") && !rendered.html.contains("<b> #"), "{}", rendered.html);
    assert!(rendered.html.contains("&lt;b&gt;"), "{}", rendered.html);
    assert_eq!(content(&stage, made(), "m.room.name").await, json!({"name": "@room **x** <b>\n# y"}));
}

#[tokio::test]
async fn two_rooms_of_one_job_come_back_both() {
    let mut stage: Stage = alone();
    stage.room(room_id!("!two:hs.test"), "Two", "#two:hs.test", 2);
    stage.say("!shutdown !bad:hs.test !two:hs.test").await;
    stage.say("!confirm 1").await;
    let asked = stage.say("!undo 1").await;
    has(
        &asked,
        &[
            "• bring Two",
            "• make another room in the place of Spam",
            "What that means for Two",
            "What that means for Spam",
        ],
    );
    let report = stage.say("!confirm 2").await;
    has(
        &report,
        &["Job 2: undo – done", "Two (`#two:hs.test`, `!two:hs.test`) is back.", "`!made1:hs.test`"],
    );
}
