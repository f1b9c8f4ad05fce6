//! `!event`: one event, raw.

use gleipnir_core::{
    model::RoomDetails,
    ports::Fault,
    ruma::{RoomId, room_id},
    testing::{FakeRoom, Stage},
};
use serde_json::{Value, json};

use crate::scene::{has, moderator, stage};

const ID: &str = "$one:hs.test";

fn talk() -> &'static RoomId {
    room_id!("!talk:hs.test")
}

fn message() -> Value {
    json!({"type": "m.room.message", "event_id": ID, "sender": "@user0:hs.test", "room_id": talk(), "depth": 9,
        "origin_server_ts": 1_795_219_200_000_i64, "content": {"msgtype": "m.text", "body": "you are all fools"}})
}

fn redacted() -> Value {
    let mut event = message();
    event["content"] = json!({});
    event["unsigned"] = json!({"redacted_because": {"type": "m.room.redaction", "sender": "@mod:hs.test",
        "content": {"reason": "rude"}}});
    event
}

/// A room that shows `shown`, of which the database holds `held`.
fn with(shown: Option<Value>, held: Option<Value>) -> Stage {
    let stage = stage();
    let details = RoomDetails { name: Some("Talk".into()), ..RoomDetails::default() };
    let member =
        json!({"type": "m.room.member", "state_key": "@user0:hs.test", "content": {"displayname": "Ana"}});
    let events = shown.into_iter().collect();
    stage
        .homeserver
        .put_room(talk(), FakeRoom { details, events, state: vec![member], ..FakeRoom::default() });
    if let Some(held) = held {
        stage.homeserver.put_original(ID, held);
    }
    stage
}

#[tokio::test]
async fn an_event_is_shown_in_words_and_raw() {
    let mut stage = with(Some(message()), Some(message()));
    for target in
        [ID, "!talk:hs.test $one:hs.test", "https://matrix.to/#/!talk:hs.test/$one:hs.test?via=hs.test"]
    {
        assert_eq!(
            stage.say(&format!("!event {target}")).await,
            r#"The event `$one:hs.test`

Type: `m.room.message`
Sender: Ana (`@user0:hs.test`)
Room: Talk (`!talk:hs.test`)
Time: 2026-11-21 00:00:00 UTC
In words: Ana (`@user0:hs.test`): “you are all fools”

{
  "content": {
    "body": "you are all fools",
    "msgtype": "m.text"
  },
  "depth": 9,
  "event_id": "$one:hs.test",
  "origin_server_ts": 1795219200000,
  "room_id": "!talk:hs.test",
  "sender": "@user0:hs.test",
  "type": "m.room.message"
}"#,
            "{target}"
        );
    }
}

#[tokio::test]
async fn what_only_the_admin_api_tells_is_said() {
    let mut held = message();
    held["unsigned"] =
        json!({"io.element.synapse.soft_failed": true, "io.element.synapse.policy_server_spammy": true});
    let mut stage = with(Some(message()), Some(held));
    let said = stage.say(&format!("!event {ID}")).await;
    has(
        &said,
        &[
            "Soft-failed: yes: this server accepted it and shows it to nobody",
            "Policy server: says that it is spam",
            "\"io.element.synapse.soft_failed\": true",
        ],
    );
    let mut stage = with(Some(message()), Some(message()));
    let said = stage.say(&format!("!event {ID}")).await;
    assert!(!said.contains("Soft-failed") && !said.contains("Policy server"), "{said}");
}

#[tokio::test]
async fn trap_13_an_encrypted_event_says_so() {
    let mut event = message();
    event["type"] = json!("m.room.encrypted");
    event["content"] = json!({"algorithm": "m.megolm", "ciphertext": "AwgA"});
    let mut stage = with(Some(event.clone()), Some(event));
    let said = stage.say(&format!("!event {ID}")).await;
    has(&said, &["Encrypted: yes: neither the server nor I can read it", "\"ciphertext\": \"AwgA\""]);
}

#[tokio::test]
async fn trap_14_what_was_redacted_is_shown_on_demand_only() {
    let mut stage = with(Some(redacted()), Some(message()));
    for line in [format!("!event {ID}"), format!("!event !talk:hs.test {ID}")] {
        let said = stage.say(&line).await;
        assert!(!said.contains("fools"), "{said}");
        has(
            &said,
            &[
                "In words: Ana (`@user0:hs.test`): redacted by `@mod:hs.test`, because “rude”",
                "It was redacted, so its content is left out here. `--original` shows what the server still holds.",
                "\"content\": \"left out: --original shows it\"",
                "\"depth\": 9",
            ],
        );
    }
    let said = stage.say(&format!("!event {ID} --original")).await;
    has(
        &said,
        &[
            "Before: Ana (`@user0:hs.test`): “you are all fools”",
            "do not pass it on",
            "\"body\": \"you are all fools\"",
        ],
    );
    // The server deletes the original after some days.
    let mut stage = with(Some(redacted()), Some(redacted()));
    let said = stage.say(&format!("!event {ID} --original")).await;
    has(&said, &["Before: the server holds the redacted form only; the original was deleted"]);
}

#[tokio::test]
async fn trap_14_what_the_room_does_not_show_may_have_been_redacted() {
    let mut stage = with(None, Some(message()));
    let said = stage.say(&format!("!event {ID}")).await;
    assert!(!said.contains("fools"), "{said}");
    has(&said, &["whether it was redacted is not known, and its content is left out"]);
    let said = stage.say(&format!("!event {ID} --original")).await;
    has(&said, &["you are all fools", "do not pass it on"]);
}

#[tokio::test]
async fn what_a_purge_left_in_the_database_is_shown_although_the_room_breaks_at_it() {
    let broken = Fault::Broken { status: 500, message: "Internal server error".into() };
    let gone = Fault::Refused { status: 404, errcode: "M_UNKNOWN".into(), message: "No row found".into() };
    for fault in [broken.clone(), gone] {
        let mut stage = with(None, Some(message()));
        stage.homeserver.fail_always("context", fault);
        let said = stage.say(&format!("!event {ID}")).await;
        assert!(!said.contains("fools"), "{said}");
        has(&said, &["The room does not show it", "Sender: `@user0:hs.test`"]);
        has(&stage.say(&format!("!event {ID} --original")).await, &["you are all fools"]);
    }
    // Without the event itself, that is a fault like any other; and so is a proxy that cannot reach the server.
    let mut stage = with(None, None);
    stage.homeserver.fail_always("context", broken);
    has(&stage.say(&format!("!event !talk:hs.test {ID}")).await, &["The homeserver failed"]);
    let mut stage = with(None, Some(message()));
    stage.homeserver.fail_always("context", Fault::Broken { status: 502, message: "Bad Gateway".into() });
    has(&stage.say(&format!("!event {ID}")).await, &["The homeserver failed"]);
}

#[tokio::test]
async fn an_old_server_shows_what_the_room_shows() {
    let mut stage = with(Some(redacted()), None);
    stage.homeserver.fail_always("original", Fault::NotRouted { status: 404 });
    let said = stage.say(&format!("!event !talk:hs.test {ID}")).await;
    has(
        &said,
        &["what it said cannot be read on this server", "older than Synapse 1.140", "\"content\": {}"],
    );
    let said = stage.say(&format!("!event {ID}")).await;
    has(&said, &["cannot find an event by its ID alone", "`!event <room> $one:hs.test`"]);
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let mut stage = with(Some(message()), None);
    assert_eq!(
        stage.say("!event $other:hs.test").await,
        "The server does not know the event `$other:hs.test`. It may have been purged, or this server never received it."
    );
    has(
        &stage.say("!event !talk:hs.test $other:hs.test").await,
        &["does not know the event `$other:hs.test`"],
    );
    has(&stage.say("!event !gone:hs.test $other:hs.test").await, &["does not know the room `!gone:hs.test`"]);
    has(&stage.say("!event !talk:hs.test").await, &["a message is needed here"]);
    has(&stage.say("!event").await, &["Something is missing"]);
    // The event of another room is shown, with a word.
    let mut stage = with(Some(message()), Some(message()));
    let said = stage.say(&format!("!event !bad:hs.test {ID}")).await;
    has(&said, &["It is not in the room `!bad:hs.test`, which you gave.", "Room: Talk (`!talk:hs.test`)"]);
    stage.homeserver.fail_once("original", Fault::NotAdmin);
    has(&stage.say(&format!("!event {ID}")).await, &["I am not a server admin."]);
    stage.homeserver.fail_once("context", Fault::Timeout);
    has(&stage.say(&format!("!event {ID}")).await, &["did not answer in time"]);
}

#[tokio::test]
async fn a_huge_event_is_cut_and_attached() {
    let mut event = message();
    event["content"]["body"] = json!("<".repeat(60_000));
    event["content"]["list"] = json!(vec!["</pre>"; 3_000]);
    let mut stage = with(Some(event.clone()), Some(event));
    let said = stage.say(&format!("!event {ID}")).await;
    has(&said, &["That is not all of it: `--file` attaches the whole event."]);
    assert!(said.len() < 10_000, "{}", said.len());
    for option in ["--file", "--file=csv"] {
        let heard = stage.hear(moderator(), &format!("!event {ID} {option}"));
        stage.handle().await;
        assert!(stage.store.keys().contains(&format!("answer-{heard}-file")), "{option}");
        let html = stage.store.said(&format!("answer-{heard}")).unwrap().html;
        assert_eq!(html.matches("</pre>").count(), 1, "{html}");
    }
}
