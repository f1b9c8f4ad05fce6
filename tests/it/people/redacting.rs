//! `!redact`: one event, and all that a user wrote, wherever they are by now; never twice.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use throwaway_synapse::User;

use super::{empower, users};
use crate::support::{BOT, Scene};

/// How often each event of a room was redacted, and what of a user is not redacted, without state.
async fn redactions(reader: &User, room: &str, user: &User) -> (BTreeMap<String, usize>, Vec<Value>) {
    let events = reader.messages(room, 900).await.unwrap();
    let mut counts = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"] == "m.room.redaction") {
        let redacts = event["content"]["redacts"].as_str().or(event["redacts"].as_str()).unwrap();
        *counts.entry(redacts.to_owned()).or_default() += 1;
    }
    let is_left = |event: &&Value| {
        event["sender"] == user.user_id.as_str()
            && event["state_key"].is_null()
            && event["type"] != "m.room.redaction"
            && event["unsigned"]["redacted_because"].is_null()
    };
    let left = events.iter().filter(is_left).map(|event| event["type"].clone()).collect();
    (counts, left)
}

#[track_caller]
fn once(counts: &BTreeMap<String, usize>) {
    assert!(counts.values().all(|count| *count == 1), "something was redacted twice: {counts:?}");
}

/// Some of everything that can be written; the first message.
async fn write(user: &User, room: &str, words: &str) -> String {
    let first = user.send_text(room, words).await.unwrap();
    user.send(room, "m.sticker", json!({"body": "rude", "url": "mxc://hs.test/x", "info": {}}))
        .await
        .unwrap();
    user.react(room, &first, "🖕").await.unwrap();
    let answers = json!([{"id": "a", "m.text": [{"body": "yes"}]}]);
    let poll = json!({"m.text": [{"body": "?"}],
        "m.poll": {"kind": "m.disclosed", "max_selections": 1, "question": {"m.text": [{"body": "?"}]},
            "answers": answers}});
    let poll = user.send(room, "m.poll.start", poll).await.unwrap();
    let relation = json!({"rel_type": "m.reference", "event_id": poll});
    user.send(room, "m.poll.response", json!({"m.relates_to": relation, "m.selections": ["a"]}))
        .await
        .unwrap();
    let secret = json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y"});
    user.send(room, "m.room.encrypted", secret).await.unwrap();
    first
}

/// One message: by link, by room and ID; with power and without.
pub(super) async fn one_event(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, eve] = users(scene, ["owner1", "eve1"]).await;
    let club = scene.room(&owner, "Club", &[eve.clone(), scene.admin.clone()]).await;
    let event = eve.send_text(&club, "buy now").await.unwrap();
    let other = eve.send_text(&club, "buy more").await.unwrap();
    let by_admin = scene.admin.send_text(&club, "be nice").await.unwrap();
    let link = format!("https://matrix.to/#/{club}/{event}");

    let refused = m.bad(&format!("!redact {link}"), "I am not in Club").await;
    refused.says(&[&format!("`!room-admin {club}`"), "needs no power"]);
    // What it offers does it.
    let offered = refused.text.split("` needs no power").next().unwrap().rsplit('`').next().unwrap();
    assert!(offered.starts_with("!redact @eve1:hs.test"), "{offered}");
    scene.carry_out(offered, &["2 events in 1 room: 2 messages"], "Redacted: 2 events in 1 room.").await;
    once(&redactions(&owner, &club, &eve).await.0);
    m.good(&format!("!redact {link}"), "is redacted already, by `@eve1:hs.test`.").await;
    m.good(&format!("!redact {club} {other}"), "is redacted already").await;

    empower(scene, &owner, &club).await;
    let event = eve.send_text(&club, "and again").await.unwrap();
    let command = format!("!redact https://matrix.to/#/{club}/{event}?via=hs.test spam");
    let done = scene
        .carry_out(&command, &["Redact one message in Club", "and again"], "– done, because “spam”")
        .await;
    done.says(&[&format!("`{event}` in Club"), "is redacted."]);
    let redacted = owner.event(&club, &event).await.unwrap();
    let because = &redacted["unsigned"]["redacted_because"];
    assert_eq!((&because["sender"], &because["content"]["reason"]), (&json!(BOT), &json!("spam")));
    assert_eq!(redacted["content"], json!({}));
    m.bad(&format!("!undo {}", done.job()), "I cannot bring back what was redacted in Club").await;
    let own = m.say("something of mine").await;
    m.all_bad(&[
        (&format!("!redact {club} {by_admin}"), "`@admin:hs.test` is a server admin"),
        (&format!("!redact {club} $nothing"), "is not an event ID"),
        (&format!("!redact {club} ${}", "a".repeat(43)), "does not know the event"),
        (&format!("!redact {} {own}", m.room), "is a moderator"),
        (&format!("!redact {club}"), "A room alone is not enough"),
        (&format!("!redact {link} --limit 3"), "are for everything that a user wrote"),
        ("!redact @evve1:hs.test", "There is no account `@evve1:hs.test`"),
        ("!redact @admin:hs.test", "is a server admin"),
    ])
    .await;
    once(&redactions(&owner, &club, &eve).await.0);
}

/// Kicked from one room, gone from the second, the creator of the third, where the bot is not.
pub(super) async fn everything_of_a_user(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, eve] = users(scene, ["owner2", "eve2"]).await;
    let mut rooms = Vec::new();
    for name in ["Lounge", "Attic"] {
        let room = scene.room(&owner, name, std::slice::from_ref(&eve)).await;
        empower(scene, &owner, &room).await;
        rooms.push(room);
    }
    rooms.push(scene.room(&eve, "Den", std::slice::from_ref(&owner)).await);
    let mut kept = Vec::new();
    for room in &rooms {
        kept.push(owner.send_text(room, "hello").await.unwrap());
        write(&eve, room, "rude").await;
    }
    // By hand, before: by somebody else, and by herself; and with a message after each.
    let by_owner = eve.send_text(&rooms[0], "very rude").await.unwrap();
    owner.redact(&rooms[0], &by_owner, "").await.unwrap();
    let by_eve = eve.send_text(&rooms[1], "oh").await.unwrap();
    eve.redact(&rooms[1], &by_eve, "").await.unwrap();
    for room in &rooms {
        eve.send_text(room, "more").await.unwrap();
    }
    let kick = format!("/_matrix/client/v3/rooms/{}/kick", throwaway_synapse::path_part(&rooms[0]));
    owner.post(&kick, json!({"user_id": eve.user_id})).await.unwrap();
    eve.leave(&rooms[1]).await.unwrap();

    let preview = [
        "21 events in 3 rooms: 9 messages, 3 stickers, 3 reactions, 6 poll events",
        "The server redacts messages in their own name, also in rooms that I am not in.",
        "I lack the power for 4 events of",
        "I am not in Den",
    ];
    let command = scene.confirm("!redact @eve2:hs.test spam wave", &preview).await;
    let report = m.answer(&command, "redact – partly done").await;
    report.says(&["but 4 events could not be. Redacted: 17 events in 3 rooms."]);
    for (n, room) in rooms.iter().enumerate() {
        let (counts, left) = redactions(&owner, room, &eve).await;
        once(&counts);
        assert_eq!(left.len(), if n == 2 { 4 } else { 0 }, "{left:?}");
        assert!(!counts.contains_key(&kept[n]));
    }
    m.bad(&format!("!undo {}", report.job()), "I cannot bring back what was redacted of").await;

    // With power, the rest of it, and nothing again.
    scene.carry_out(&format!("!room-admin {} {BOT}", rooms[2]), &[], "room-admin – done").await;
    m.good(&format!("!join {}", rooms[2]), "join – done").await;
    let preview = ["4 events in 1 room: 1 sticker, 1 reaction, 2 poll events"];
    scene.carry_out("!redact @eve2:hs.test", &preview, "Redacted: 4 events in 1 room.").await;
    let mut before = Vec::new();
    for room in &rooms {
        let (counts, left) = redactions(&owner, room, &eve).await;
        once(&counts);
        assert!(left.is_empty(), "{left:?}");
        before.push(counts);
    }
    m.good("!redact @eve2:hs.test", "There is nothing to redact of").await;
    // What comes later goes alone.
    eve.join(&rooms[1]).await.unwrap();
    let late = eve.send_text(&rooms[1], "I am back").await.unwrap();
    scene
        .carry_out("!redact @eve2:hs.test", &["1 event in 1 room: 1 message"], "Redacted: 1 event in 1 room.")
        .await;
    for (room, before) in rooms.iter().zip(&mut before) {
        let (counts, left) = redactions(&owner, room, &eve).await;
        once(&counts);
        assert!(left.is_empty(), "{left:?}");
        // Her new joining is redacted along with the message.
        let new: Vec<&String> = counts.keys().filter(|event| !before.contains_key(*event)).collect();
        assert!(
            if *room == rooms[1] { new.contains(&&late) && new.len() <= 2 } else { new.is_empty() },
            "{new:?}"
        );
    }
}

/// A part of it: in one room, since a time, and the newest.
pub(super) async fn a_part(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, fay] = users(scene, ["owner3", "fay"]).await;
    let yard = scene.room(&owner, "Yard", std::slice::from_ref(&fay)).await;
    let park = scene.room(&owner, "Park", std::slice::from_ref(&fay)).await;
    let mut early = Vec::new();
    for n in 0..4 {
        early.push(fay.send_text(&yard, &format!("early {n}")).await.unwrap());
    }
    let elsewhere = fay.send_text(&park, "elsewhere").await.unwrap();
    // Times are given by the second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let late = fay.send_text(&yard, "late").await.unwrap();
    let at = owner.event(&yard, &late).await.unwrap()["origin_server_ts"].as_i64().unwrap();
    let since = jiff::Timestamp::from_millisecond(at).unwrap().to_string()[..19].to_owned();

    let is_redacted = async |room: &str, event: &str| {
        owner.event(room, event).await.unwrap()["unsigned"]["redacted_because"].is_object()
    };
    let line = format!("!redact @fay:hs.test {yard} --since {since}");
    scene.carry_out(&line, &["1 event in 1 room: 1 message"], "Redacted: 1 event in 1 room.").await;
    assert!(is_redacted(&yard, &late).await && !is_redacted(&yard, &early[3]).await);
    m.good(&line, "There is nothing to redact of").await;
    // What is redacted already counts.
    let line = format!("!redact @fay:hs.test {yard} --limit 2");
    scene.carry_out(&line, &["the newest 2 in each room: 1 event"], "Redacted: 1 event in 1 room.").await;
    assert!(is_redacted(&yard, &early[3]).await && !is_redacted(&yard, &early[2]).await);
    m.good(&line, "There is nothing to redact of").await;
    m.all_bad(&[
        ("!redact @fay:hs.test --since tomorrow", "tomorrow"),
        ("!redact @fay:hs.test --since 2999-01-01", "That is in the future"),
        ("!redact @fay:hs.test --limit 0", "0"),
    ])
    .await;
    let line = format!("!redact @fay:hs.test {yard}");
    scene.carry_out(&line, &["3 events in 1 room"], "Redacted: 3 events in 1 room.").await;
    assert!(!is_redacted(&park, &elsewhere).await);
    once(&redactions(&owner, &yard, &fay).await.0);
}
