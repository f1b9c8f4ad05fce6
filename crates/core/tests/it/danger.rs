//! Each test is named after what must never happen.

use gleipnir_core::ruma::user_id;
use serde_json::{Value, json};

use crate::scene::{DELETED, has, html, moderator, plan, plans, send, stage};

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
async fn the_management_room_is_never_blocked_or_shut_down() {
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

#[tokio::test]
async fn a_job_from_before_never_hits_what_is_now_the_management_room() {
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
