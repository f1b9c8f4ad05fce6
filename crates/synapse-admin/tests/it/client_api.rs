//! Whose token it is, what the server speaks, and its version.

use serde_json::json;

use crate::fake::Fake;

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

#[tokio::test]
async fn who_decides_about_logins() {
    let fake = Fake::answering(200, json!({"issuer": "https://account.hs.test/"})).await;
    let found = fake.client.auth_metadata().await.unwrap().unwrap();
    assert_eq!(found.issuer, "https://account.hs.test/");
    assert_eq!(fake.asked().await, "(no token) GET /_matrix/client/v1/auth_metadata");
    // The homeserver itself; it is asked by the older name too.
    for (status, errcode) in [(404, "M_UNRECOGNIZED"), (404, "M_NOT_FOUND"), (405, "M_UNRECOGNIZED")] {
        let fake = Fake::failing(status, errcode, "Unrecognized request").await;
        assert_eq!(fake.client.auth_metadata().await, Ok(None), "{errcode}");
        assert_eq!(
            fake.requests().await[1],
            "(no token) GET /_matrix/client/unstable/org.matrix.msc2965/auth_metadata"
        );
    }
    for status in [429, 500, 503] {
        let fake = Fake::failing(status, "M_UNKNOWN", "no").await;
        fake.client.auth_metadata().await.unwrap_err();
        fake.asked().await;
    }
}

#[tokio::test]
async fn which_version_new_rooms_have() {
    for (answer, want) in [
        (
            json!({"capabilities": {"m.room_versions": {"default": "12", "available": {"12": "stable"}}}}),
            "12",
        ),
        (json!({"capabilities": {}}), "1"),
    ] {
        let fake = Fake::answering(200, answer).await;
        assert_eq!(fake.client.default_room_version().await.unwrap(), want);
        assert_eq!(fake.asked().await, "GET /_matrix/client/v3/capabilities");
    }
}
