//! Redacting all that somebody wrote.

use std::time::Duration;

use ruma::{RoomId, UserId, user_id};
use serde_json::json;
use synapse_admin::{RedactStatus, RedactUser, TaskStatus};

use super::{Stage, id, unknown};

async fn redacts(stage: &Stage, user: &UserId, redact: &RedactUser) -> RedactStatus {
    let redact_id = stage.client.redact_user(user, redact).await.unwrap();
    for _ in 0..150 {
        let status = stage.client.redact_status(&redact_id).await.unwrap().expect("it was just begun");
        if status.status.has_ended() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the redaction {redact_id} never ended")
}

/// The texts still to be read in a room, of messages and stickers.
async fn bodies(stage: &Stage, room: &RoomId) -> Vec<String> {
    let events = stage.alice.messages(room.as_str(), 100).await.unwrap();
    events.iter().filter_map(|event| event["content"]["body"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_user_is_redacted() {
    let Some(stage) = Stage::new().await else { return };
    let (client, bob) = (&stage.client, id(&stage.bob));
    let (room, left) = (stage.shared_room("In").await, stage.shared_room("Left").await);
    for place in [&room, &left] {
        stage.says(place, "welcome").await;
        stage.bob.send_text(place.as_str(), "spam").await.unwrap();
    }
    stage.bob.send(room.as_str(), "m.sticker", json!({"body": "sticker"})).await.unwrap();
    stage.bob.leave(left.as_str()).await.unwrap();

    let reason = Some("spam".to_owned());
    let done = redacts(&stage, &bob, &RedactUser { reason, ..RedactUser::default() }).await;
    assert_eq!((done.status, done.failed_redactions.len(), done.error), (TaskStatus::Complete, 0, None));
    assert_eq!(bodies(&stage, &room).await, ["welcome", "sticker"], "trap 7: stickers stay");
    assert_eq!(bodies(&stage, &left).await, ["welcome", "spam"], "trap 7: not where they left");
    let events = stage.alice.messages(room.as_str(), 100).await.unwrap();
    let redaction = events.iter().find(|event| event["type"] == "m.room.redaction").unwrap();
    assert_eq!((&redaction["sender"], &redaction["content"]["reason"]), (&json!(bob), &json!("spam")));

    let there = RedactUser { rooms: vec![left.clone()], ..RedactUser::default() };
    let as_admin = RedactUser { use_admin: true, ..there.clone() };
    let failed = redacts(&stage, &bob, &as_admin).await;
    assert_eq!(failed.status, TaskStatus::Complete, "trap 8");
    assert!(failed.failed_redactions.values().all(|why| why.contains("not in room")), "{failed:?}");
    assert!(!failed.failed_redactions.is_empty());
    assert_eq!(bodies(&stage, &left).await, ["welcome", "spam"]);
    assert_eq!(redacts(&stage, &bob, &there).await.status, TaskStatus::Complete);
    assert_eq!(bodies(&stage, &left).await, ["welcome"]);

    let nowhere = RedactUser { rooms: vec![unknown().to_owned()], ..RedactUser::default() };
    let failed = redacts(&stage, &bob, &nowhere).await;
    assert_eq!(failed.status, TaskStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("404: Could not find room_version for !nope:hs.test"));
    let nobody = redacts(&stage, user_id!("@nobody:hs.test"), &RedactUser::default()).await;
    assert_eq!((nobody.status, nobody.failed_redactions.len()), (TaskStatus::Complete, 0));
    assert_eq!(client.redact_status("nope").await.unwrap(), None);
}

#[tokio::test]
async fn only_what_was_sent_in_between_is_redacted() {
    let Some(stage) = Stage::new().await else { return };
    let room = stage.room(json!({})).await;
    let mut times = Vec::new();
    for text in ["one", "two", "three"] {
        let event = stage.says(&room, text).await;
        let event = stage.alice.event(room.as_str(), event.as_str()).await.unwrap();
        times.push(serde_json::from_value(event["origin_server_ts"].clone()).unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let between = RedactUser { after_ts: Some(times[1]), before_ts: Some(times[1]), ..RedactUser::default() };
    assert_eq!(redacts(&stage, &id(&stage.alice), &between).await.status, TaskStatus::Complete);
    assert_eq!(bodies(&stage, &room).await, ["one", "three"]);
}
