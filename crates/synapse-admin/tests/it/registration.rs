//! Making an account with the shared secret.

use serde_json::json;
use synapse_admin::{Client, NewAdmin};
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake::{Fake, TOKEN, api_error};

const ACCOUNT: NewAdmin<'_> =
    NewAdmin { localpart: "gleipnir", password: "hunter2", shared_secret: "shared" };

#[tokio::test]
async fn an_admin_is_registered_with_the_proof_for_the_servers_word() {
    let server = MockServer::start().await;
    let at = "/_synapse/admin/v1/register";
    let nonce = ResponseTemplate::new(200).set_body_json(json!({"nonce": "nonce"}));
    Mock::given(method("GET")).and(path(at)).respond_with(nonce).mount(&server).await;
    let wanted = json!({"nonce": "nonce", "username": "gleipnir", "password": "hunter2", "admin": true,
        "mac": "82e6685d97b6557159ed37670b50b70d2be6d9a8"});
    let made = json!({"user_id": "@gleipnir:hs.test", "device_id": "DEVICE", "access_token": "syt_new",
        "home_server": "hs.test"});
    let made = ResponseTemplate::new(200).set_body_json(made);
    let register = Mock::given(method("POST")).and(path(at)).and(body_partial_json(wanted));
    register.respond_with(made).expect(1).mount(&server).await;
    let client = Client::new(&server.uri(), || TOKEN.to_owned()).unwrap();
    let new = client.register_admin(&ACCOUNT).await.unwrap();
    assert_eq!(new.user_id, "@gleipnir:hs.test");
}

#[tokio::test]
async fn registrations_that_fail() {
    for (status, errcode) in [(400, "M_USER_IN_USE"), (403, "M_UNKNOWN"), (400, "M_UNKNOWN")] {
        let fake = Fake::failing(status, errcode, "no").await;
        assert_eq!(
            api_error(fake.client.register_admin(&ACCOUNT).await),
            (status, errcode.into(), "no".into())
        );
        assert_eq!(fake.asked().await, "(no token) GET /_synapse/admin/v1/register");
    }
}
