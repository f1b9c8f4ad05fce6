//! Kicking, banning, unbanning and inviting in the account's own name.

use ruma::{RoomId, UserId, room_id, user_id};
use serde_json::json;
use synapse_admin::{Client, Error};

use crate::fake::{Fake, api_error};

fn room() -> &'static RoomId {
    room_id!("!a")
}

fn mallory() -> &'static UserId {
    user_id!("@mallory:hs.test")
}

async fn each(client: &Client, reason: Option<&str>) -> [Result<(), Error>; 4] {
    [
        client.kick(room(), mallory(), reason).await,
        client.ban(room(), mallory(), reason).await,
        client.unban(room(), mallory(), reason).await,
        client.invite(room(), mallory(), reason).await,
    ]
}

#[tokio::test]
async fn members_are_changed() {
    for (reason, body) in [
        (None, r#"{"user_id":"@mallory:hs.test"}"#),
        (Some("be kind"), r#"{"reason":"be kind","user_id":"@mallory:hs.test"}"#),
    ] {
        let fake = Fake::answering(200, json!({})).await;
        for result in each(&fake.client, reason).await {
            result.unwrap();
        }
        let want = ["kick", "ban", "unban", "invite"]
            .map(|call| format!("POST /_matrix/client/v3/rooms/%21a/{call} {body}"));
        assert_eq!(fake.requests().await, want);
    }
}

#[tokio::test]
async fn one_member_is_read() {
    let event =
        json!({"type": "m.room.member", "state_key": "@mallory:hs.test", "content": {"membership": "ban"}});
    let fake = Fake::answering(200, event.clone()).await;
    assert_eq!(fake.client.member(room(), mallory()).await.unwrap(), Some(event));
    let path = "/_matrix/client/v3/rooms/%21a/state/m.room.member/%40mallory%3Ahs.test?format=event";
    assert_eq!(fake.requests().await, [format!("GET {path}")]);

    let fake = Fake::failing(404, "M_NOT_FOUND", "Event not found.").await;
    assert_eq!(fake.client.member(room(), mallory()).await.unwrap(), None);
    let fake = Fake::failing(403, "M_FORBIDDEN", "User @admin:hs.test not in room !a").await;
    fake.client.member(room(), mallory()).await.unwrap_err();
}

#[tokio::test]
async fn trap_26_a_server_admin_has_no_power_in_a_room() {
    for (status, errcode, message) in [
        (403, "M_FORBIDDEN", "User @admin:hs.test not in room !a (None)"),
        (403, "M_FORBIDDEN", "You don't have permission to ban"),
        (403, "M_FORBIDDEN", "The target user is not in the room"),
        (403, "M_BAD_STATE", "Cannot kick user who was banned"),
        (403, "M_BAD_STATE", "Cannot unban user who was not banned (membership=leave)"),
        (404, "M_UNKNOWN", "Not a known room"),
        (403, "M_BAD_STATE", "Cannot invite user who was banned"),
        (403, "M_INVITE_BLOCKED", "Invite blocked"),
        (403, "M_UNKNOWN", "This room has been blocked on this server"),
        (429, "M_LIMIT_EXCEEDED", "Too Many Requests"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        for result in each(&fake.client, None).await {
            let error = result.unwrap_err();
            assert!(!error.is_not_admin() && !error.may_have_acted(), "{error}");
            assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
        }
        assert_eq!(fake.requests().await.len(), 4, "none is tried again");
    }
}
