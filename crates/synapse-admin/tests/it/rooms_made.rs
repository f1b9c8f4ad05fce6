//! Rooms that are made, and joined through other servers.

use std::time::Duration;

use ruma::{owned_server_name, room_id};
use serde_json::json;
use synapse_admin::{CreateRoom, RoomPreset};

use crate::fake::{Fake, ROOM, api_error};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_room_is_made_with_its_state() {
    let room = CreateRoom {
        room_version: Some("11".into()),
        preset: Some(RoomPreset::Public),
        creation_content: json!({"predecessor": {"room_id": "!old:hs.test"}}),
        power_level_content_override: Some(json!({"users": {"@mod:hs.test": 100}})),
        initial_state: vec![json!({"type": "m.room.name", "state_key": "", "content": {"name": "Old"}})],
    };
    let fake = Fake::answering(200, json!({"room_id": ROOM})).await;
    assert_eq!(fake.client.create_room(&room, LONG).await.unwrap(), ROOM);
    assert_eq!(
        fake.asked().await,
        "POST /_matrix/client/v3/createRoom {\"creation_content\":{\"predecessor\":{\"room_id\":\"!old:hs.test\"}},\
         \"initial_state\":[{\"content\":{\"name\":\"Old\"},\"state_key\":\"\",\"type\":\"m.room.name\"}],\
         \"power_level_content_override\":{\"users\":{\"@mod:hs.test\":100}},\"preset\":\"public_chat\",\"room_version\":\"11\"}"
    );
    for (status, errcode, message) in [
        (400, "M_UNSUPPORTED_ROOM_VERSION", "Your homeserver does not support this room version"),
        (403, "M_FORBIDDEN", "You are not permitted to create rooms"),
        (429, "M_LIMIT_EXCEEDED", "Too Many Requests"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.create_room(&CreateRoom::default(), LONG).await.unwrap_err();
        assert!(!error.may_have_acted(), "{error}");
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn a_room_is_joined_through_others() {
    let servers = [owned_server_name!("a.test"), owned_server_name!("b.test:8448")];
    let fake = Fake::answering(200, json!({"room_id": ROOM})).await;
    assert_eq!(fake.client.join_through(room_id!("!a"), &servers, LONG).await.unwrap(), ROOM);
    assert_eq!(
        fake.asked().await,
        "POST /_matrix/client/v3/join/%21a?server_name=a.test&server_name=b.test%3A8448&via=a.test&via=b.test%3A8448 {}"
    );
    for (status, errcode, message) in [
        (403, "M_UNKNOWN", "This room has been blocked on this server"),
        (
            404,
            "M_UNKNOWN",
            "Can't join remote room because no servers that are in the room have been provided.",
        ),
        (502, "M_UNKNOWN", "Failed to make_join via any server"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.join_through(room_id!("!a"), &[], LONG).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn the_main_alias_is_set() {
    let fake = Fake::answering(200, json!({"event_id": "$e"})).await;
    fake.client.set_canonical_alias(room_id!("!a"), &json!({"alias": "#a:hs.test"})).await.unwrap();
    assert_eq!(
        fake.asked().await,
        "PUT /_matrix/client/v3/rooms/%21a/state/m.room.canonical_alias {\"alias\":\"#a:hs.test\"}"
    );
    let message = "Room alias #a:hs.test does not point to the room";
    let fake = Fake::failing(400, "M_BAD_ALIAS", message).await;
    let result = fake.client.set_canonical_alias(room_id!("!a"), &json!({})).await;
    assert_eq!(api_error(result), (400, "M_BAD_ALIAS".into(), message.into()));
}
