//! Each test is named after what must never happen.

use gleipnir_core::{
    model::{
        Account, BlockStatus, Dir, Event, Extremity, HistoryPurge, HistoryQuery, Listing, LocalEvents,
        Shutdown,
    },
    plan::{DeleteApi, RoomRef, Step, StepState},
    ports::Lookup as _,
    ruma::{RoomId, owned_event_id, owned_room_alias_id, owned_user_id, room_id, user_id},
    testing::Stage,
};
use serde_json::{Value, json};

use crate::{
    powers, purging,
    scene::{DELETED, bad_room, has, html, left_behind, moderator, plan, plans, send, stage},
};

#[tokio::test]
async fn a_typo_in_an_option_never_runs_the_command() {
    let mut stage = stage();
    for line in [
        "!block !bad:hs.test --dryrun",
        "!block !bad:hs.test --dry_run",
        "!block !bad:hs.test --dry-run=maybe",
        "!block !bad:hs.test -–yes",
        "!block !bad:hs.test -n",
        "!block !bad:hs.test --yes --yes",
        "!unblock !bad:hs.test --reason spam",
        "!shutdown !bad:hs.test --nopurge",
        "!shutdown !bad:hs.test --no-purge=false",
        "!shutdown !bad:hs.test --no-purge --force-purge",
        "!shutdown !bad:hs.test --notify-as",
        "!shutdown !bad:hs.test --notify-as notices",
        "!shutdown !bad:hs.test --message hello",
        "!shutdown !bad:hs.test --purge",
        "!undo last --dryrun",
    ] {
        has(&stage.say(line).await, &["Usage: `!"]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn an_option_in_quotes_never_counts_as_an_option() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test \"--dry-run\" \"-x\"").await;
    assert_eq!(plan(&stage, 1).because.as_deref(), Some("--dry-run -x"));
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    let said = stage.say("!shutdown !bad:hs.test \"--no-purge --yes\"").await;
    has(&said, &["The room and its history are deleted from this server.", "Job 2: do it?"]);
}

#[tokio::test]
async fn a_reason_never_counts_as_a_room() {
    let mut stage = stage();
    stage.say("!block !bad:hs.test spam, see also !other:hs.test and #third:hs.test").await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
    assert_eq!(plan(&stage, 1).because.as_deref(), Some("spam, see also !other:hs.test and #third:hs.test"));
}

#[tokio::test]
async fn a_malformed_room_never_counts_as_a_reason() {
    let mut stage = stage();
    for wrong in
        ["!b", "#b", "!b:", "!:hs.test", "https://matrix.to/#/nothing", "matrix:roomid/", "!block", "<!b>"]
    {
        let said = stage.say(&format!("!block !bad:hs.test {wrong} spam")).await;
        assert!(!said.contains("Job"), "{wrong}: {said}");
        let said = stage.say(&format!("!shutdown !bad:hs.test {wrong} spam")).await;
        assert!(!said.contains("Job") && said.contains('“'), "{wrong}: {said}");
    }
    // Two lines are one command, and the second one is not quietly dropped.
    let said = stage.say("!block !bad:hs.test\n!block !other:hs.test").await;
    has(&said, &["is not a room ID"]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_wildcard_never_names_rooms() {
    let mut stage = stage();
    for line in [
        "!block *",
        "!block !*:hs.test",
        "!block #ba?:hs.test",
        "!block !bad:hs.test !*",
        "!shutdown !ba*:hs.test",
    ] {
        let said = stage.say(line).await;
        has(&said, &["wildcards are not accepted here, write each ID in full."]);
    }
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn what_a_shutdown_does_unless_told_otherwise_never_changes_unnoticed() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.say("!confirm 1").await;
    assert_eq!(
        stage.homeserver.writes(),
        [r#"delete !bad:hs.test {"block":true,"force_purge":false,"notice":null,"purge":true}"#]
    );
    assert_eq!(DELETED, stage.homeserver.writes()[0]);
}

#[tokio::test]
async fn trap_27_the_management_room_is_never_blocked_or_shut_down() {
    let mut stage = stage();
    let block = "That is the management room. Blocking it would lock moderators out, so I never do that.";
    let shutdown = "That is the management room. Shutting it down would end moderation on this server, so I never do that.";
    assert_eq!(stage.say("!block !management:hs.test").await, block);
    assert_eq!(stage.say("!block !bad:hs.test !management:hs.test").await, block);
    assert_eq!(stage.say("!block !management:hs.test --dry-run").await, block);
    assert_eq!(stage.say("!shutdown !management:hs.test").await, shutdown);
    assert_eq!(stage.say("!shutdown https://matrix.to/#/!management:hs.test --yes").await, shutdown);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

/// The management room with all that a command could get hold of.
fn managed() -> Stage {
    let stage = stage();
    stage.homeserver.put_account(user_id!("@mod:hs.test"), Account::default());
    stage.homeserver.change_room(management(), |room| {
        room.aliases.push("#mods:hs.test".into());
        room.events = (0..5)
            .map(|n| json!({"type": "m.room.message", "sender": "@mod:hs.test", "event_id": format!("$e{n}:hs.test"),
                "origin_server_ts": n, "content": {"msgtype": "m.text", "body": "!audit"}}))
            .collect();
        room.state = vec![
            json!({"type": "m.room.create", "state_key": "", "sender": "@bot:hs.test", "content": {"room_version": "11"}}),
            json!({"type": "m.room.power_levels", "state_key": "", "content": {"users": {"@bot:hs.test": 100}}}),
        ];
        room.extremities = (0..12)
            .map(|n| Extremity { event_id: format!("$x{n}"), state_group: None, depth: Some(n), received_ts: None })
            .collect();
    });
    stage
}

fn management() -> &'static RoomId {
    room_id!("!management:hs.test")
}

/// Nothing of the management room is touched by what was refused.
async fn untouched(stage: &Stage) {
    assert!(stage.homeserver.writes().is_empty(), "{:?}", stage.homeserver.writes());
    assert_eq!(stage.homeserver.members(management()).await.map(|members| members.len()), Ok(2));
    let ends = stage.homeserver.extremities(management()).await;
    assert_eq!(ends.map(|found| found.count), Ok(12));
}

#[tokio::test]
async fn trap_27_no_command_harms_the_management_room() {
    let mut stage = managed();
    for line in [
        "!block !management:hs.test",
        "!shutdown !management:hs.test",
        "!shutdown !management:hs.test --v1 --no-purge --no-block",
        "!shutdown !bad:hs.test #mods:hs.test --v1",
        "!room-admin !management:hs.test",
        "!extremities !management:hs.test --delete",
        "!purge-history !management:hs.test $e4:hs.test --local-too",
        "!purge-history #mods:hs.test 1d",
        "!list-room #mods:hs.test",
        "!alias remove #mods:hs.test",
    ] {
        for options in ["", " --dry-run", " --yes"] {
            let said = stage.say(&format!("{line}{options}")).await;
            assert!(said.starts_with("That is the management room. "), "{line}{options}: {said}");
        }
    }
    // Not even when nobody of this server seems to be in it.
    stage.homeserver.change_room(management(), |room| room.members.clear());
    has(&stage.say("!empty-rooms --purge").await, &["There is no room without members of this server."]);
    assert!(plans(&stage).is_empty() && stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn trap_27_no_step_harms_the_management_room_whoever_put_it_into_the_database() {
    let room = RoomRef::from(management().to_owned());
    let alias = owned_room_alias_id!("#mods:hs.test");
    let body = Shutdown { block: false, purge: true, force_purge: true, notice: None };
    let shut_down = |api| Step::ShutDownRoom { room: room.clone(), shutdown: body.clone(), api };
    let purge = HistoryPurge { up_to: owned_event_id!("$e1:hs.test"), local: LocalEvents::Deleted };
    let asking = || StepState::Asking { known: Vec::new(), members: 0 };
    for (step, begun) in [
        (Step::BlockRoom { room: room.clone() }, StepState::Blocking { before: BlockStatus::Open }),
        (shut_down(DeleteApi::V2), asking()),
        (shut_down(DeleteApi::V1), StepState::AskingV1 { members: 2 }),
        (Step::PurgeEmptyRoom { room: room.clone() }, asking()),
        (
            Step::MakeRoomAdmin { room: room.clone(), user: owned_user_id!("@mod:hs.test") },
            StepState::Granting { before: Some(0) },
        ),
        (Step::DeleteExtremities { room: room.clone() }, StepState::Trimming { before: 12 }),
        (Step::PurgeHistory { room: room.clone(), purge }, StepState::AskingPurge { known: Vec::new() }),
        (Step::ListRoom { room: room.clone() }, StepState::Listing { before: Listing::Unlisted }),
        (
            Step::RemoveAlias { room: room.clone(), alias: alias.clone() },
            StepState::Aliasing { before: Some(management().to_owned()) },
        ),
    ] {
        for state in [None, Some(begun)] {
            let stage = managed();
            let said = left_behind(&stage, step.clone(), state).await;
            has(&said, &[" – failed\n\n❌ Could not ", "That is the management room. "]);
            untouched(&stage).await;
        }
    }
}

#[tokio::test]
async fn what_protects_the_management_room_is_not_refused() {
    let mut stage = managed();
    stage.homeserver.change_room(management(), |room| room.details.public = Some(true));
    has(&stage.say("!unlist !management:hs.test").await, &["Job 1: unlist – done"]);
    has(&stage.say("!alias add #staff:hs.test !management:hs.test").await, &["Job 2: alias – done"]);
}

#[tokio::test]
async fn nothing_else_is_done_to_a_room_that_is_being_shut_down() {
    let being = "`!bad:hs.test` is being shut down by job 1 already. Watch it with !job 1.";
    for shutdown in ["!shutdown !bad:hs.test", "!shutdown !bad:hs.test --v1"] {
        for (line, asks) in [
            ("!block !bad:hs.test", false),
            ("!list-room !bad:hs.test", false),
            ("!alias add #new:hs.test !bad:hs.test", false),
            ("!alias remove #bad:hs.test", true),
            ("!room-admin !bad:hs.test", true),
            ("!extremities !bad:hs.test --delete", true),
            ("!purge-history !bad:hs.test $e5:hs.test", true),
        ] {
            let mut stage = powers::plain();
            let events = purging::talk().homeserver;
            let query = HistoryQuery { limit: 100, dir: Dir::Forwards, ..HistoryQuery::default() };
            let events = events.history(bad_room(), &query).await.unwrap().events;
            stage.homeserver.change_room(bad_room(), |room| {
                room.events = events.into_iter().map(|Event(json)| json).collect();
            });
            purging::ends(&stage, 12);
            stage.say(shutdown).await;
            if asks {
                has(&stage.say(line).await, &["Job 2: do it?"]);
            }
            stage.hear(moderator(), "!confirm 1");
            let mut refused = vec![stage.hear(moderator(), line)];
            if asks {
                refused.push(stage.hear(moderator(), "!confirm 2"));
            }
            stage.handle().await;
            for event in refused {
                let answer = stage.store.said(&format!("answer-{event}")).map(|said| said.text);
                assert_eq!(answer.as_deref(), Some(being), "{line}");
            }
            assert!(stage.homeserver.writes().is_empty(), "{line}");
            stage.execute().await;
            has(&stage.store.said("run-1").unwrap().text, &["Job 1: shutdown – done"]);
        }
    }
}

#[tokio::test]
async fn trap_27_a_job_from_before_never_hits_what_is_now_the_management_room() {
    let mut stage = stage();
    stage.say("!shutdown !bad:hs.test").await;
    stage.settings.management = gleipnir_core::ruma::owned_room_id!("!bad:hs.test");
    stage.restart();
    has(&stage.say("!confirm 1").await, &["That is the management room."]);
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn what_is_not_a_new_message_of_somebody_else_is_never_a_command() {
    let command = "!block !bad:hs.test";
    let mut stage = stage();
    let edit = json!({"msgtype": "m.text", "body": command, "m.new_content": {"msgtype": "m.text", "body": command},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$event1"}});
    let typed = |msgtype: &str| json!({"msgtype": msgtype, "body": command});
    for content in [
        edit,
        json!({"msgtype": "m.text", "body": command, "m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}}),
        typed("m.notice"),
        typed("m.emote"),
        typed("m.image"),
        typed("org.example"),
        json!({"body": command}),
        json!({"msgtype": "m.text", "body": {"x": command}}),
        json!({"msgtype": "m.text", "body": "hello", "formatted_body": command, "format": "org.matrix.custom.html"}),
        json!(command),
        Value::Null,
    ] {
        assert_eq!(send(&mut stage, &content).await, None, "{content}");
    }
    stage.hear(user_id!("@bot:hs.test"), command);
    for kind in ["m.room.topic", "m.room.name", "m.sticker", "org.example.message"] {
        stage.receive(moderator(), kind, &json!({"msgtype": "m.text", "body": command, "topic": command}));
    }
    let relation = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": command}});
    stage.receive(moderator(), "m.reaction", &relation);
    stage.handle().await;
    stage.execute().await;
    assert!(stage.store.keys().is_empty(), "{:?}", stage.store.keys());
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn html_never_says_another_command_than_the_text() {
    let mut stage = stage();
    send(&mut stage, &html("!block !bad:hs.test", "!shutdown !other:hs.test --yes")).await;
    assert_eq!(stage.homeserver.writes(), ["block !bad:hs.test"]);
}

#[tokio::test]
async fn what_was_confirmed_is_never_derived_again() {
    let mut stage = stage();
    let other = gleipnir_core::ruma::room_id!("!other:hs.test");
    stage.say("!shutdown #bad:hs.test").await;
    // The alias moves to another room between preview and confirmation.
    stage.room(crate::scene::bad_room(), "Spam", "#elsewhere:hs.test", 3);
    stage.room(other, "Innocent", "#bad:hs.test", 2);
    stage.say("!confirm 1").await;
    assert_eq!(stage.homeserver.writes(), [DELETED]);
}
