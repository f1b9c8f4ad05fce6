//! Joining and power.

use ruma::{RoomOrAliasId, owned_server_name, room_alias_id, room_id, user_id};
use serde_json::json;
use synapse_admin::Error;

use crate::fake::{Fake, ROOM, api_error};

fn room() -> &'static RoomOrAliasId {
    room_id!("!a").into()
}

#[tokio::test]
async fn power_is_given_to_the_user_named_or_the_caller() {
    let fake = Fake::answering(200, json!({})).await;
    fake.client.make_room_admin(room(), Some(user_id!("@admin:hs.test"))).await.unwrap();
    fake.client.make_room_admin(room_alias_id!("#a:hs.test").into(), None).await.unwrap();
    assert_eq!(
        fake.requests().await,
        [
            r#"POST /_synapse/admin/v1/rooms/%21a/make_room_admin {"user_id":"@admin:hs.test"}"#,
            "POST /_synapse/admin/v1/rooms/%23a%3Ahs.test/make_room_admin {}"
        ]
    );
}

async fn refusal(status: u16, errcode: &str, message: &str) -> Error {
    let fake = Fake::failing(status, errcode, message).await;
    let error = fake
        .client
        .make_room_admin(room(), Some(user_id!("@x:other.test")))
        .await
        .expect_err("it was refused");
    assert_eq!(api_error::<()>(Err(error.clone())), (status, errcode.to_owned(), message.to_owned()));
    fake.asked().await;
    error
}

#[tokio::test]
async fn power_that_cannot_be_given() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "Server not in room"),
        (400, "M_UNKNOWN", "No local admin user in room"),
        (400, "M_UNKNOWN", "No local admin user in room with power to update power levels."),
        (400, "M_UNKNOWN", "nope was not legal room ID or room alias"),
        (404, "M_NOT_FOUND", "Room alias #nope:hs.test not found"),
    ] {
        assert!(!refusal(status, errcode, message).await.may_have_acted(), "{message}");
    }
}

/// The power was given before each of these; with a 403 the caller has to know that from the docs.
#[tokio::test]
async fn power_that_stays_though_the_invitation_failed() {
    for (status, errcode, message, tells) in [
        (502, "M_UNKNOWN", "Can't connect to server other.test", true),
        (403, "M_FORBIDDEN", "Federation denied with other.test.", false),
        (403, "M_BAD_STATE", "Cannot invite user who was banned", false),
        (403, "M_UNKNOWN", "This room has been blocked on this server", false),
    ] {
        let error = refusal(status, errcode, message).await;
        assert_eq!(error.may_have_acted(), tells, "{message}");
        assert!(!error.is_not_admin(), "{message}");
    }
}

#[tokio::test]
async fn trap_06_a_creator_is_above_the_power_levels_and_cannot_be_in_them() {
    let error =
        refusal(400, "M_UNKNOWN", "Creator user @alice:hs.test must not appear in content.users").await;
    assert!(!error.may_have_acted(), "{error}");
}

#[tokio::test]
async fn a_user_is_joined() {
    let fake = Fake::answering(200, json!({"room_id": ROOM})).await;
    let via = [owned_server_name!("hs.test"), owned_server_name!("[::1]:8448")];
    let room_id = ROOM.try_into().unwrap();
    assert_eq!(fake.client.join(room_id, user_id!("@a:hs.test"), &via).await.unwrap(), ROOM);
    assert_eq!(
        fake.asked().await,
        format!(
            "POST /_synapse/admin/v1/join/%21{}?server_name=hs.test&server_name=%5B%3A%3A1%5D%3A8448 \
             {{\"user_id\":\"@a:hs.test\"}}",
            &ROOM[1..]
        )
    );
}

#[tokio::test]
async fn trap_26_a_server_admin_outside_a_private_room_can_join_nobody() {
    let message = "@admin:hs.test not in room !rHZX-4htsJ6qk0MS-UA7X9OySKQXLWW1hkzORLK1gP0.";
    let fake = Fake::failing(403, "M_FORBIDDEN", message).await;
    let error = fake.client.join(room_id!("!a"), user_id!("@a:hs.test"), &[]).await.unwrap_err();
    assert!(!error.is_not_admin(), "{error}");
    assert_eq!(api_error::<()>(Err(error)), (403, "M_FORBIDDEN".into(), message.into()));
}

#[tokio::test]
async fn a_join_that_is_refused() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "This endpoint can only be used with local users"),
        (403, "M_UNKNOWN", "This room has been blocked on this server"),
        (404, "M_NOT_FOUND", "User not found"),
        (
            404,
            "M_UNKNOWN",
            "Can't join remote room because no servers that are in the room have been provided.",
        ),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.join(room_id!("!a"), user_id!("@a:hs.test"), &[]).await.unwrap_err();
        assert!(!error.is_not_admin(), "{error}");
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn power_levels_are_replaced() {
    let fake = Fake::answering(200, json!({"event_id": "$a"})).await;
    let content = json!({"users": {"@a:hs.test": 100}, "invite": 50});
    fake.client.set_power_levels(room_id!("!a"), &content).await.unwrap();
    assert_eq!(
        fake.asked().await,
        format!("PUT /_matrix/client/v3/rooms/%21a/state/m.room.power_levels {content}")
    );
    let message = "You don't have permission to add ops level greater than your own";
    let fake = Fake::failing(403, "M_FORBIDDEN", message).await;
    let error = fake.client.set_power_levels(room_id!("!a"), &content).await.unwrap_err();
    assert!(!error.is_not_admin() && !error.may_have_acted(), "{error}");
    assert_eq!(api_error::<()>(Err(error)), (403, "M_FORBIDDEN".into(), message.into()));
}
