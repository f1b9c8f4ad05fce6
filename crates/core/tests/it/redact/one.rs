//! One event.

use gleipnir_core::{
    model::Account,
    ports::Fault,
    ruma::{event_id, owned_user_id, room_id},
    testing::Stage,
};
use serde_json::json;

use super::{attic, busy, eve, lounge, message, put, redacted};
use crate::scene::{has, plans};

/// Eve wrote one more message in each room.
fn talked() -> Stage {
    let stage = busy();
    let say = |room, id: &str| {
        stage.homeserver.change_room(room, |room| room.events.push(message(id, 9_900)));
    };
    say(lounge(), "$one:hs.test");
    say(attic(), "$two:hs.test");
    stage
}

#[tokio::test]
async fn a_message_is_redacted_by_its_link_or_its_room_and_id() {
    for line in [
        "!redact https://matrix.to/#/!lounge:hs.test/$one:hs.test?via=hs.test rude",
        "!redact !lounge:hs.test $one:hs.test rude",
        "!redact #lounge:hs.test $one:hs.test --because rude",
    ] {
        let mut stage = talked();
        let said = stage.say(line).await;
        has(&said, &["Redact one message in Lounge", "@eve:hs.test", "rude", "do it?"]);
        has(
            &stage.say("!confirm 1").await,
            &["`$one:hs.test` in Lounge (`#lounge:hs.test`, `!lounge:hs.test`) is redacted."],
        );
        assert_eq!(stage.homeserver.writes(), ["redact !lounge:hs.test $one:hs.test"]);
        assert_eq!(redacted(&stage, line), ["$one:hs.test"]);
        has(&stage.say(line).await, &["`$one:hs.test` in Lounge", "is redacted already, by `@bot:hs.test`."]);
        assert_eq!(plans(&stage).len(), 1);
    }
    let mut stage = talked();
    let mut original = message("$one:hs.test", 80);
    original["room_id"] = lounge().as_str().into();
    stage.homeserver.put_original("$one:hs.test", original);
    has(&stage.say("!redact $one:hs.test").await, &["Redact one message in Lounge"]);
}

#[tokio::test]
async fn without_power_the_server_is_offered() {
    let mut stage = talked();
    has(
        &stage.say("!redact !attic:hs.test $two:hs.test").await,
        &[
            "Nothing was done.",
            "I am not in Attic",
            "`!room-admin !attic:hs.test`",
            "`!redact @eve:hs.test !attic:hs.test --since 1970-01-01T00:00:09` needs no power",
        ],
    );
    assert!(plans(&stage).is_empty());
    // What is offered works as it stands.
    stage.say("!redact @eve:hs.test !attic:hs.test --since 1970-01-01T00:00:09").await;
    stage.say("!confirm 1").await;
    assert_eq!(redacted(&stage, "offered"), ["$two:hs.test"]);
    // Of a sticker the server has no task for, it is not offered.
    stage.homeserver.change_room(attic(), |room| {
        room.events.push(super::event("m.sticker", "$s:hs.test", 90, &eve()));
    });
    let said = stage.say("!redact !attic:hs.test $s:hs.test").await;
    assert!(!said.contains("needs no power"), "{said}");
}

#[tokio::test]
async fn what_is_not_there_and_who_is_protected() {
    let mut stage = talked();
    has(
        &stage.say("!redact !lounge:hs.test $nope:hs.test").await,
        &["The server does not know the event `$nope:hs.test`"],
    );
    has(&stage.say("!redact $nope:hs.test").await, &["The server does not know the event `$nope:hs.test`"]);
    put(&stage, room_id!("!management:hs.test"), "join", vec![message("$m:hs.test", 10)]);
    has(&stage.say("!redact !management:hs.test $m:hs.test").await, &["That is in the management room."]);
    stage.homeserver.put_account(&eve(), Account { admin: true, ..Account::default() });
    has(&stage.say("!redact !lounge:hs.test $one:hs.test").await, &["`@eve:hs.test` is a server admin."]);
    for method in ["context", "joined_rooms", "room"] {
        stage.homeserver.fail_once(method, Fault::Timeout);
        has(&stage.say("!redact !lounge:hs.test $one:hs.test").await, &["did not answer in time"]);
    }
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn a_card_first_and_everything_then() {
    let mut stage = talked();
    stage.say("!redact !lounge:hs.test $one:hs.test").await;
    stage.say("!confirm 1").await;
    stage.homeserver.redact_elsewhere(attic(), event_id!("$b2"), &eve());
    has(&stage.say("!redact @eve:hs.test").await, &["9 events in 2 rooms"]);
    has(&stage.say("!confirm 2").await, &["Redacted: 9 events in 2 rooms."]);
    assert_eq!(redacted(&stage, "both").len(), 12);
}

#[tokio::test]
async fn inside_without_power_it_says_what_it_lacks() {
    let mut stage = talked();
    stage.homeserver.change_room(attic(), |room| {
        room.members.push(owned_user_id!("@bot:hs.test"));
        let event = |kind: &str, key: &str, content| json!({"type": kind, "state_key": key, "sender": "@user0:hs.test", "content": content});
        room.state.extend([
            event("m.room.create", "", json!({"room_version": "11"})),
            event("m.room.power_levels", "", json!({"users": {"@user0:hs.test": 100}})),
            event("m.room.member", "@bot:hs.test", json!({"membership": "join"})),
        ]);
    });
    let said = stage.say("!redact !attic:hs.test $two:hs.test").await;
    has(
        &said,
        &[
            "Nothing was done.",
            "I cannot redact",
            "power: 0 of 50",
            "`!room-admin !attic:hs.test @bot:hs.test` gives me the power.",
        ],
    );
    assert!(!said.contains("I am not in"), "{said}");
}
