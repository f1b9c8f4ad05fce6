//! What the token's own account does in rooms, as any user may, and the server's notices.

use ruma::{OwnedEventId, OwnedRoomId, RoomId, TransactionId, UserId, event_id, user_id};
use serde_json::json;
use synapse_admin::DirectRoom;

use super::{Stage, id, refused, unknown};

fn txn(id: &str) -> &TransactionId {
    id.into()
}

async fn membership(stage: &Stage, room: &RoomId, user: &UserId) -> (String, Option<String>) {
    let members = stage.client.room_state_of_type(room, "m.room.member").await.unwrap();
    let member = members.iter().find(|event| event["state_key"] == user.as_str()).unwrap();
    let text = |key: &str| member["content"][key].as_str().map(str::to_owned);
    (text("membership").unwrap(), text("reason"))
}

/// A public room of the admin's that Alice and Bob are in.
async fn admins_room(stage: &Stage) -> OwnedRoomId {
    let room = stage.admin.create_room(json!({"preset": "public_chat", "name": "Ours"})).await.unwrap();
    for user in [&stage.alice, &stage.bob] {
        user.join(&room).await.unwrap();
    }
    room.try_into().unwrap()
}

#[tokio::test]
async fn members_come_and_go() {
    let Some(stage) = Stage::new().await else { return };
    let (client, bob) = (&stage.client, id(&stage.bob));
    let room = admins_room(&stage).await;
    client.kick(&room, &bob, Some("be kind")).await.unwrap();
    assert_eq!(membership(&stage, &room, &bob).await, ("leave".into(), Some("be kind".into())));
    let gone = client.kick(&room, &bob, None).await;
    refused(gone, 403, "M_FORBIDDEN", "The target user is not in the room");
    client.invite(&room, &bob, Some("try again")).await.unwrap();
    assert_eq!(membership(&stage, &room, &bob).await, ("invite".into(), Some("try again".into())));
    client.kick(&room, &bob, None).await.unwrap();
    assert_eq!(membership(&stage, &room, &bob).await, ("leave".into(), None), "it takes invitations back");
    stage.bob.join(room.as_str()).await.unwrap();
    let again = client.invite(&room, &bob, None).await;
    refused(again, 403, "M_FORBIDDEN", "@bob:hs.test is already in the room.");

    client.ban(&room, &bob, Some("spam")).await.unwrap();
    client.ban(&room, &bob, Some("more spam")).await.unwrap();
    let now = membership(&stage, &room, &bob).await;
    assert_eq!(now, ("ban".into(), Some("more spam".into())), "the last reason stands");
    refused(client.invite(&room, &bob, None).await, 403, "M_BAD_STATE", "Cannot invite user who was banned");
    refused(client.kick(&room, &bob, None).await, 403, "M_BAD_STATE", "Cannot kick user who was banned");
    client.unban(&room, &bob, Some("a mistake")).await.unwrap();
    assert_eq!(membership(&stage, &room, &bob).await, ("leave".into(), Some("a mistake".into())));
    let not_banned = "Cannot unban user who was not banned";
    refused(client.unban(&room, &bob, None).await, 403, "M_BAD_STATE", not_banned);
    let nobody = user_id!("@nobody:hs.test");
    client.unban(&room, nobody, None).await.unwrap();
    client.invite(&room, nobody, None).await.unwrap();
    client.ban(&room, user_id!("@never-here:hs.test"), None).await.unwrap();
    let remote = client.invite(&room, user_id!("@x:other.test"), None).await;
    refused(remote, 403, "M_FORBIDDEN", "Federation denied with other.test.");
    client.block_room(&room).await.unwrap();
    let blocked = client.invite(&room, &bob, None).await;
    refused(blocked, 403, "M_UNKNOWN", "This room has been blocked on this server");
}

#[tokio::test]
async fn trap_26_a_server_admin_has_no_power_in_a_room() {
    let Some(stage) = Stage::new().await else { return };
    let (client, bob) = (&stage.client, id(&stage.bob));
    let room = stage.shared_room("Alice's").await;
    let outside = "@admin:hs.test not in room";
    let not_banned = "Cannot unban user who was not banned (membership=join)";
    refused(client.kick(&room, &bob, None).await, 403, "M_FORBIDDEN", outside);
    refused(client.ban(&room, &bob, None).await, 403, "M_FORBIDDEN", outside);
    refused(client.unban(&room, &bob, None).await, 403, "M_BAD_STATE", not_banned);
    refused(client.invite(&room, &bob, None).await, 403, "M_FORBIDDEN", outside);
    refused(client.kick(unknown(), &bob, None).await, 404, "M_UNKNOWN", "Not a known room");
    refused(client.ban(unknown(), &bob, None).await, 403, "M_FORBIDDEN", "Unknown room");
    refused(client.unban(unknown(), &bob, None).await, 404, "M_UNKNOWN", "Not a known room");
    refused(client.invite(unknown(), &bob, None).await, 403, "M_FORBIDDEN", "Unknown room");
    stage.admin.join(room.as_str()).await.unwrap();
    let no_kick = "You cannot kick user @bob:hs.test.";
    refused(client.kick(&room, &bob, None).await, 403, "M_FORBIDDEN", no_kick);
    refused(client.ban(&room, &bob, None).await, 403, "M_FORBIDDEN", "You don't have permission to ban");
}

#[tokio::test]
async fn messages_are_sent_once_and_redacted() {
    let Some(stage) = Stage::new().await else { return };
    let client = &stage.client;
    let room = admins_room(&stage).await;
    let content = json!({"msgtype": "m.notice", "body": "mind the rules"});
    let event = client.send_message(&room, txn("a/1"), &content).await.unwrap();
    assert_eq!(client.send_message(&room, txn("a/1"), &content).await.unwrap(), event, "the same event");
    assert_ne!(client.send_message(&room, txn("a/2"), &content).await.unwrap(), event);
    let seen = stage.bob.event(room.as_str(), event.as_str()).await.unwrap();
    assert_eq!((&seen["content"], &seen["type"]), (&content, &json!("m.room.message")));
    let long = json!({"msgtype": "m.text", "body": "x".repeat(70_000)});
    refused(client.send_message(&room, txn("a/3"), &long).await, 413, "M_TOO_LARGE", "event too large");

    let bad: OwnedEventId = stage.bob.send_text(room.as_str(), "spam").await.unwrap().try_into().unwrap();
    let redaction = client.redact_event(&room, &bad, txn("r1"), Some("spam")).await.unwrap();
    assert_eq!(client.redact_event(&room, &bad, txn("r1"), Some("spam")).await.unwrap(), redaction);
    let seen = stage.alice.event(room.as_str(), bad.as_str()).await.unwrap();
    assert_eq!(seen["content"], json!({}));
    assert_eq!(seen["unsigned"]["redacted_because"]["event_id"], redaction.as_str());
    assert_eq!(seen["unsigned"]["redacted_because"]["content"]["reason"], "spam");
    client.redact_event(&room, event_id!("$nope"), txn("r2"), None).await.unwrap();

    let foreign = stage.shared_room("Alice's").await;
    let event = stage.says(&foreign, "hello").await;
    let outside = "User @admin:hs.test not in room";
    for place in [&*foreign, unknown()] {
        refused(client.send_message(place, txn("f"), &content).await, 403, "M_FORBIDDEN", outside);
    }
    refused(client.redact_event(&foreign, &event, txn("f"), None).await, 403, "M_FORBIDDEN", outside);
    let nowhere = client.redact_event(unknown(), &event, txn("f"), None).await;
    refused(nowhere, 404, "M_NOT_FOUND", "Could not find room_version for !nope:hs.test");
    stage.admin.join(foreign.as_str()).await.unwrap();
    let no_power = client.redact_event(&foreign, &event, txn("g"), None).await;
    refused(no_power, 403, "M_FORBIDDEN", "You don't have permission to redact events");
}

#[tokio::test]
async fn rooms_with_one_person() {
    let Some(stage) = Stage::new().await else { return };
    let (client, bob) = (&stage.client, id(&stage.bob));
    let named = DirectRoom { name: Some("Moderation".into()), topic: Some("your account".into()) };
    for room in [DirectRoom::default(), named] {
        let room_id = client.create_direct_room(&bob, &room).await.unwrap();
        assert_eq!(membership(&stage, &room_id, &bob).await.0, "invite");
        let details = client.room_details(&room_id).await.unwrap();
        assert_eq!((details.room.name, details.topic), (room.name, room.topic));
        assert!(!details.room.public);
        let members = client.room_state_of_type(&room_id, "m.room.member").await.unwrap();
        assert!(members.iter().any(|event| event["content"]["is_direct"] == true));
        stage.bob.join(room_id.as_str()).await.unwrap();
    }
    let plain = DirectRoom::default();
    client.create_direct_room(user_id!("@nobody:hs.test"), &plain).await.unwrap();
    let remote = client.create_direct_room(user_id!("@x:other.test"), &plain).await;
    refused(remote, 403, "M_FORBIDDEN", "Federation denied with other.test.");
}

#[tokio::test]
async fn the_server_speaks() {
    let settings = json!({"server_notices": {"system_mxid_localpart": "notices", "room_name": "Notices"}});
    let Some(stage) = Stage::with(settings).await else { return };
    let client = &stage.client;
    let content = json!({"msgtype": "m.text", "body": "mind the rules"});
    let bob = id(&stage.bob);
    let event = client.send_server_notice(&bob, &content, txn("n/1")).await.unwrap();
    assert_eq!(client.send_server_notice(&bob, &content, txn("n/1")).await.unwrap(), event, "the same event");
    let notice = client.fetch_event(&event).await.unwrap();
    assert_eq!((&notice["sender"], &notice["content"]), (&json!("@notices:hs.test"), &content));
    for (user, status, errcode, message) in [
        (user_id!("@nobody:hs.test"), 404, "M_NOT_FOUND", "User not found"),
        (user_id!("@x:other.test"), 400, "M_UNKNOWN", "Server notices can only be sent to local users"),
    ] {
        let result = client.send_server_notice(user, &content, txn("n/2")).await;
        refused(result, status, errcode, message);
    }
    let Some(without) = Stage::new().await else { return };
    let result = without.client.send_server_notice(&bob, &content, txn("n/1")).await;
    refused(result, 400, "M_UNKNOWN", "Server notices are not enabled on this server");
}
