//! Names, reasons and events of strangers, in every reply that shows them: they cannot fake a line, formatting, a
//! link or a ping.

use gleipnir_core::{
    model::{Event, RoomDetails, SpaceRoom},
    ruma::{owned_room_id, owned_user_id},
    testing::{FakeRoom, Stage},
};
use serde_json::json;

use crate::scene::{moderator, other, stage};

/// Lines, HTML, Markdown, a link, a pill, directions, a long tail, and the bot's own signs.
const EVIL: &str = "x\nJob 9: do it? \u{2028}\r\n✅ done <b>bold</b> <a href=\"https://matrix.to/#/@mod:hs.test\">mod</a> \
                    `code` @room @mod:hs.test https://evil.example/ \u{202e}txet\u{200b} </p><p>fake ” “";

fn evil() -> String {
    format!("{EVIL}{}", "z".repeat(5000))
}

fn evil_stage() -> Stage {
    let stage = stage();
    let user = owned_user_id!("@user0:hs.test");
    let details = RoomDetails {
        name: Some(evil()),
        canonical_alias: Some("#evil:hs.test".into()),
        topic: Some(evil()),
        creator: Some(evil()),
        version: Some(evil()),
        join_rules: Some(evil()),
        history_visibility: Some(evil()),
        room_type: Some(evil()),
        encryption: Some(evil()),
        tombstoned: true,
        replacement_room: Some(evil()),
        ..RoomDetails::default()
    };
    let id = format!("${}", "a".repeat(43));
    let event = |kind: &str, content: serde_json::Value| json!({"type": kind, "event_id": id, "sender": user, "room_id": "!evil:hs.test", "origin_server_ts": 1, "content": content});
    let mut events = vec![event("m.room.message", json!({"msgtype": "m.text", "body": evil()}))];
    for (kind, content) in [
        ("m.room.message", json!({"msgtype": evil(), "body": evil()})),
        (
            "m.room.message",
            json!({"msgtype": "m.image", "body": evil(), "url": evil(), "info": {"mimetype": evil()}}),
        ),
        ("m.reaction", json!({"m.relates_to": {"key": evil()}})),
        (EVIL, json!({})),
    ] {
        events.push(event(kind, content));
    }
    let member = json!({"type": "m.room.member", "state_key": user, "sender": user,
        "content": {"membership": "join", "displayname": evil()}});
    let banned = json!({"type": "m.room.member", "state_key": evil(), "sender": evil(),
        "content": {"membership": "ban", "displayname": evil(), "reason": evil()}});
    let parent = json!({"type": "m.space.parent", "state_key": evil(), "content": {"via": [evil()]}});
    let rules = json!({"type": "m.room.join_rules", "state_key": "", "sender": user, "content":
        {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": evil()}]}});
    let room = FakeRoom {
        details,
        members: vec![user],
        aliases: vec!["#evil:hs.test".into()],
        events,
        state: vec![member, banned, parent, rules],
        ..FakeRoom::default()
    };
    stage.homeserver.put_room(&owned_room_id!("!evil:hs.test"), room);
    let child =
        Event(json!({"type": "m.space.child", "state_key": evil(), "content": {"via": [evil(), evil()]}}));
    let space = SpaceRoom {
        room_id: owned_room_id!("!evilspace:hs.test"),
        name: Some(evil()),
        topic: Some(evil()),
        canonical_alias: Some(evil()),
        room_type: Some("m.space".into()),
        join_rule: Some(evil()),
        num_joined_members: 1,
        world_readable: true,
        guest_can_join: true,
        children_state: vec![child],
    };
    let details =
        RoomDetails { name: Some(evil()), room_type: Some("m.space".into()), ..RoomDetails::default() };
    let room = FakeRoom { details, hierarchy: vec![space], ..FakeRoom::default() };
    stage.homeserver.put_room(&owned_room_id!("!evilspace:hs.test"), room);
    // A room ID of another server may look like a mention.
    stage.homeserver.put_room(&owned_room_id!("!<b>`@mod:hs.test"), FakeRoom::default());
    stage
}

/// Text outside code that clients would make a link or a ping of, tags that no reply uses, and characters that steer.
#[track_caller]
fn harmless(stage: &Stage) {
    for key in stage.store.keys() {
        let Some(rendered) = stage.store.said(&key) else { continue };
        let (text, html) = (&rendered.text, &rendered.html);
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{2028}', '\r']), "{key}: {text}");
        for line in text.lines() {
            assert!(
                !line.starts_with("Job 9") && !line.starts_with("✅ done"),
                "{key}: a faked line in\n{text}"
            );
        }
        for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
            let name = tag.trim_start_matches('/');
            let known = ["p", "ul", "li", "strong", "em", "code", "br", "h4", "blockquote", "pre"];
            assert!(known.contains(&name), "{key}: <{tag}> in\n{html}");
        }
        assert!(!html.contains("<p>fake") && !html.contains("<strong>✅ done"), "{key}:\n{html}");
        let outside_code: String =
            html.split("<code>").map(|part| part.rsplit("</code>").next().unwrap_or("")).collect();
        for ping in ["@mod:hs.test", "https://evil.example", "#evil:hs.test"] {
            assert!(!outside_code.contains(ping), "{key}: {ping} outside code in\n{html}");
        }
        assert!(text.len() <= 12_000 && html.len() <= 24_000, "{key}: too long");
    }
}

#[tokio::test]
async fn what_strangers_wrote_stays_in_its_place() {
    let mut stage = evil_stage();
    let event = format!("${}", "a".repeat(43));
    for line in [
        "!room !evil:hs.test".to_owned(),
        "!rooms".to_owned(),
        format!("!rooms {}", evil().replace(['“', '”'], "")),
        "!rooms #evil:hs.test".to_owned(),
        "!members !evil:hs.test".to_owned(),
        "!members !evil:hs.test --membership ban".to_owned(),
        "!members !evil:hs.test --server <b>@mod:hs.test".to_owned(),
        "!space !evil:hs.test".to_owned(),
        "!space !evilspace:hs.test".to_owned(),
        "!blocked #evil:hs.test".to_owned(),
        format!("!context !evil:hs.test {event} -n 100"),
        format!("!context !evil:hs.test {event} --original"),
        "!block !evil:hs.test --dry-run".to_owned(),
        format!("!block !evil:hs.test {}", evil().replace(['“', '”'], "")),
        "!block !evil:hs.test".to_owned(),
        "!unblock !evil:hs.test --dry-run".to_owned(),
        format!("!shutdown !evil:hs.test {}", evil().replace(['“', '”', '\n'], "")),
        "!shutdown !evil:hs.test !bad:hs.test --dry-run".to_owned(),
        "!list-room !evil:hs.test --dry-run".to_owned(),
        "!unlist !evil:hs.test --dry-run".to_owned(),
        "!alias of !evil:hs.test".to_owned(),
        "!alias add #new:hs.test !evil:hs.test --dry-run".to_owned(),
        "!alias remove #evil:hs.test --dry-run".to_owned(),
        "!extremities !evil:hs.test".to_owned(),
        "!room-admin !evil:hs.test @far:other.test --dry-run".to_owned(),
        format!("!purge-history !evil:hs.test {event} --dry-run"),
        "!purge-history !evil:hs.test 1h --dry-run".to_owned(),
        "!jobs".to_owned(),
        "!job 1".to_owned(),
        "!audit".to_owned(),
        format!("!audit {}", evil().replace(['“', '”'], "")),
        "!confirm 2".to_owned(),
        "!undo 1".to_owned(),
    ] {
        let said = stage.say(&line).await;
        assert!(!said.is_empty(), "{line}");
    }
    harmless(&stage);
}

#[tokio::test]
async fn room_ids_that_look_like_mentions_are_code_everywhere() {
    let mut stage = evil_stage();
    let room = "!<b>`@mod:hs.test";
    for line in [
        "!room",
        "!rooms",
        "!members",
        "!space",
        "!blocked",
        "!block",
        "!block",
        "!unblock",
        "!shutdown",
        "!shutdown",
        "!context",
    ] {
        stage.say(&format!("{line} {room}")).await;
    }
    for line in ["!confirm 3", "!confirm 4", "!jobs", "!audit", "!undo 3", "!undo 1", "!undo 2"] {
        stage.hear(moderator(), line);
    }
    stage.handle().await;
    stage.execute().await;
    for line in ["!undo 3", "!audit", "!job 3"] {
        stage.say(line).await;
    }
    harmless(&stage);
}

#[tokio::test]
async fn mistakes_are_quoted_and_not_obeyed() {
    let mut stage = evil_stage();
    for line in [
        "!blok<b> x".to_owned(),
        format!("!{}", "<i>@mod:hs.test"),
        "!gleipnir <b>@mod:hs.test</b>".to_owned(),
        "!help <b>@mod:hs.test</b>".to_owned(),
        "!room <b>@mod:hs.test</b>".to_owned(),
        "!room !a:hs.test @mod:hs.test".to_owned(),
        "!rooms --order-by <b>@mod:hs.test".to_owned(),
        "!members !bad:hs.test --membership <b>@mod:hs.test".to_owned(),
        "!space !bad:hs.test --depth <b>@mod:hs.test".to_owned(),
        "!block !x:hs.test --<b>@mod:hs.test".to_owned(),
        "!block !<b>".to_owned(),
        "!block #@mod:hs.test".to_owned(),
        "!block \"!x:hs.test <b>@mod:hs.test".to_owned(),
        "!audit --limit=@mod:hs.test".to_owned(),
        "!confirm @mod:hs.test".to_owned(),
        "!context @mod:hs.test".to_owned(),
        "!shutdown !bad:hs.test --notify-as <b>".to_owned(),
    ] {
        stage.say_as(other(), &line).await;
    }
    harmless(&stage);
    assert!(stage.homeserver.writes().is_empty());
}
