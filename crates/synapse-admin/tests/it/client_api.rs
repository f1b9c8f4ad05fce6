//! The calls of the client-server API, and the server's version.

use ruma::{room_alias_id, room_id};
use serde_json::json;

use crate::fake::{Fake, ROOM, api_error};

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
    let message = "User @mallory:hs.test not in room !a, and room previews are disabled";
    let outside = Fake::failing(403, "M_FORBIDDEN", message).await;
    let error = outside.client.room_aliases(room_id!("!a")).await.unwrap_err();
    assert!(!error.is_not_admin());
}

#[tokio::test]
async fn the_token_has_a_user() {
    let fake = Fake::answering(
        200,
        json!({"user_id": "@admin:hs.test", "is_guest": false, "device_id": "GJLSRMBDQN"}),
    )
    .await;
    let whoami = fake.client.whoami().await.unwrap();
    assert_eq!(
        (whoami.user_id.as_str(), whoami.device_id.unwrap().as_str()),
        ("@admin:hs.test", "GJLSRMBDQN")
    );
    assert_eq!(fake.asked().await, "GET /_matrix/client/v3/account/whoami");
}

#[tokio::test]
async fn versions_are_asked_without_a_token() {
    let fake = Fake::answering(
        200,
        json!({"versions": ["r0.6.1", "v1.15"], "unstable_features": {
        "org.matrix.msc3771": true, "io.element.e2ee_forced.public": false}, "server_version": "1.163.2"}),
    )
    .await;
    let versions = fake.client.versions().await.unwrap();
    assert_eq!(versions.versions, ["r0.6.1", "v1.15"]);
    assert_eq!(versions.unstable_features["org.matrix.msc3771"], true);
    assert_eq!(fake.client.server_version().await.unwrap(), "1.163.2");
    assert_eq!(
        fake.requests().await,
        ["(no token) GET /_matrix/client/versions", "(no token) GET /_synapse/admin/v1/server_version"]
    );
}
