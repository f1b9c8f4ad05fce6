//! Aliases and the public list.

use ruma::{RoomAliasId, room_alias_id, room_id};
use serde_json::json;
use synapse_admin::Visibility;

use crate::fake::{Fake, ROOM, api_error};

fn alias() -> &'static RoomAliasId {
    room_alias_id!("#one:hs.test")
}

#[tokio::test]
async fn aliases_lead_to_rooms() {
    let fake = Fake::answering(200, json!({"room_id": ROOM, "servers": ["hs.test"]})).await;
    let alias = fake.client.resolve_alias(room_alias_id!("#resone:hs.test")).await.unwrap().unwrap();
    assert_eq!((alias.room_id.as_str(), alias.servers), (ROOM, vec!["hs.test".to_owned()]));
    assert_eq!(fake.asked().await, "GET /_matrix/client/v3/directory/room/%23resone%3Ahs.test");
    let none = Fake::failing(404, "M_NOT_FOUND", "Room alias #nope:hs.test not found").await;
    assert_eq!(none.client.resolve_alias(room_alias_id!("#nope:hs.test")).await.unwrap(), None);
}

#[tokio::test]
async fn an_alias_of_a_server_that_is_down_is_not_an_absent_alias() {
    let fake = Fake::failing(502, "M_UNKNOWN", "Failed to fetch alias").await;
    let error = fake.client.resolve_alias(room_alias_id!("#nope:other.test")).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(api_error::<()>(Err(error)), (502, "M_UNKNOWN".into(), "Failed to fetch alias".into()));
}

#[tokio::test]
async fn rooms_have_aliases() {
    let fake = Fake::answering(200, json!({"aliases": ["#resone:hs.test"]})).await;
    assert_eq!(fake.client.room_aliases(room_id!("!a:hs.test")).await.unwrap(), ["#resone:hs.test"]);
    assert_eq!(fake.asked().await, "GET /_matrix/client/v3/rooms/%21a%3Ahs.test/aliases");
    let unknown = Fake::answering(200, json!({"aliases": []})).await;
    assert_eq!(unknown.client.room_aliases(room_id!("!nope:hs.test")).await.unwrap(), [] as [&str; 0]);
    let message = "User @mallory:hs.test not in room !a, and room previews are disabled";
    let outside = Fake::failing(403, "M_FORBIDDEN", message).await;
    let error = outside.client.room_aliases(room_id!("!a")).await.unwrap_err();
    assert!(!error.is_not_admin());
}

#[tokio::test]
async fn aliases_are_made_and_taken_away() {
    let fake = Fake::answering(200, json!({})).await;
    fake.client.create_alias(alias(), room_id!("!a")).await.unwrap();
    fake.client.delete_alias(alias()).await.unwrap();
    assert_eq!(
        fake.requests().await,
        [
            r#"PUT /_matrix/client/v3/directory/room/%23one%3Ahs.test {"room_id":"!a"}"#,
            "DELETE /_matrix/client/v3/directory/room/%23one%3Ahs.test {}"
        ]
    );
}

#[tokio::test]
async fn aliases_that_cannot_be_made() {
    for (status, errcode, message) in [
        (409, "M_UNKNOWN", "Room alias #one:hs.test already exists"),
        (400, "M_UNKNOWN", "Room alias must be local"),
        (400, "M_UNKNOWN", "Invalid characters in room alias"),
        (400, "M_UNKNOWN", "Room does not exist"),
        (400, "M_INVALID_PARAM", "Can't create aliases longer than 255 characters"),
        (403, "M_UNKNOWN", "Not allowed to create alias"),
        (403, "M_FORBIDDEN", "You must be in the room to create an alias for it"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.create_alias(alias(), room_id!("!a")).await.unwrap_err();
        assert!(!error.may_have_acted() && !error.is_not_admin(), "{error}");
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn an_alias_that_is_not_there_cannot_be_taken_away() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Unknown room alias").await;
    assert!(fake.client.delete_alias(alias()).await.unwrap_err().is_not_found());
    fake.asked().await;
}

#[tokio::test]
async fn the_public_list_is_read() {
    for (word, want) in [("public", Visibility::Public), ("private", Visibility::Private)] {
        let fake = Fake::answering(200, json!({"visibility": word})).await;
        assert_eq!(fake.client.directory_visibility(room_id!("!a")).await.unwrap(), want);
        assert_eq!(fake.asked().await, "GET /_matrix/client/v3/directory/list/room/%21a");
    }
    let fake = Fake::failing(404, "M_NOT_FOUND", "Unknown room").await;
    assert!(fake.client.directory_visibility(room_id!("!nope:hs.test")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn the_public_list_is_changed() {
    for (visibility, word) in [(Visibility::Public, "public"), (Visibility::Private, "private")] {
        let fake = Fake::answering(200, json!({})).await;
        fake.client.set_directory_visibility(room_id!("!a"), visibility).await.unwrap();
        assert_eq!(
            fake.asked().await,
            format!("PUT /_matrix/client/v3/directory/list/room/%21a {{\"visibility\":\"{word}\"}}")
        );
    }
}

#[tokio::test]
async fn rooms_that_cannot_be_published() {
    for (status, message) in [(403, "Not allowed to publish room"), (400, "Unknown room")] {
        let fake = Fake::failing(status, "M_UNKNOWN", message).await;
        let result = fake.client.set_directory_visibility(room_id!("!a"), Visibility::Public).await;
        assert_eq!(api_error(result), (status, "M_UNKNOWN".into(), message.into()));
    }
}
