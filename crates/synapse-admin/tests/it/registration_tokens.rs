//! Registration tokens, which nobody may learn from us.

use ruma::{MilliSecondsSinceUnixEpoch, UInt};
use serde_json::{Value, json};
use synapse_admin::{
    EditRegistrationToken, NewRegistrationToken, RegistrationToken, RegistrationTokens, TokenLimit,
};

use crate::fake::Fake;

fn token() -> Value {
    json!({"token": "restok", "uses_allowed": 1, "pending": 0, "completed": 0, "expiry_time": null})
}

#[tokio::test]
async fn tokens_are_listed() {
    for (which, query) in [
        (RegistrationTokens::All, ""),
        (RegistrationTokens::Valid, "?valid=true"),
        (RegistrationTokens::Spent, "?valid=false"),
    ] {
        let fake = Fake::answering(200, json!({"registration_tokens": [token()]})).await;
        let tokens = fake.client.registration_tokens(which).await.unwrap();
        assert_eq!((tokens[0].token.as_str(), tokens[0].uses_allowed), ("restok", Some(1)));
        assert_eq!(fake.asked().await, format!("GET /_synapse/admin/v1/registration_tokens{query}"));
    }
    let mas = Fake::failing(404, "M_UNRECOGNIZED", "Unrecognized request").await;
    assert!(mas.client.registration_tokens(RegistrationTokens::All).await.unwrap_err().is_not_offered());
}

#[tokio::test]
async fn tokens_are_made_changed_and_deleted() {
    let client = Fake::answering(200, token()).await;
    let (fake, client) = (&client, &client.client);
    client.registration_token("restok").await.unwrap().unwrap();
    client.new_registration_token(&NewRegistrationToken::default()).await.unwrap();
    let new = NewRegistrationToken {
        token: Some("restok".into()),
        uses_allowed: Some(1),
        ..NewRegistrationToken::default()
    };
    client.new_registration_token(&new).await.unwrap();
    client.edit_registration_token("restok", &EditRegistrationToken::default()).await.unwrap().unwrap();
    let edit = EditRegistrationToken {
        uses_allowed: TokenLimit::Lift,
        expiry_time: TokenLimit::Set(MilliSecondsSinceUnixEpoch(UInt::from(7_u32))),
    };
    client.edit_registration_token("restok", &edit).await.unwrap().unwrap();
    client.delete_registration_token("restok").await.unwrap();
    let path = "/_synapse/admin/v1/registration_tokens";
    assert_eq!(
        fake.requests().await,
        [
            format!("GET {path}/restok"),
            format!(r#"POST {path}/new {{"expiry_time":null,"uses_allowed":null}}"#),
            format!(r#"POST {path}/new {{"expiry_time":null,"token":"restok","uses_allowed":1}}"#),
            format!("PUT {path}/restok {{}}"),
            format!(r#"PUT {path}/restok {{"expiry_time":7,"uses_allowed":null}}"#),
            format!("DELETE {path}/restok {{}}"),
        ]
    );
}

#[tokio::test]
async fn no_error_and_no_debug_output_has_a_token() {
    let read: RegistrationToken = serde_json::from_value(token()).unwrap();
    let new = NewRegistrationToken { token: Some("restok".into()), ..NewRegistrationToken::default() };
    assert!(!format!("{read:?}{new:?}").contains("restok"));
    for (status, errcode, message) in [
        (400, "M_INVALID_PARAM", "Token already exists: restok"),
        (404, "M_UNRECOGNIZED", "restok"),
        (502, "M_UNKNOWN", "GET /_synapse/admin/v1/registration_tokens/restok failed"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        for error in [
            fake.client.new_registration_token(&new).await.map(drop).unwrap_err(),
            fake.client.registration_token("restok").await.map(drop).unwrap_err(),
            fake.client
                .edit_registration_token("restok", &EditRegistrationToken::default())
                .await
                .map(drop)
                .unwrap_err(),
            fake.client.delete_registration_token("restok").await.unwrap_err(),
        ] {
            assert!(!format!("{error:?} {error}").contains("restok"), "{error}");
        }
    }
    let none = Fake::failing(404, "M_NOT_FOUND", "No such registration token: restok").await;
    assert_eq!(none.client.registration_token("restok").await.unwrap(), None);
    let edit = EditRegistrationToken::default();
    assert_eq!(none.client.edit_registration_token("restok", &edit).await.unwrap(), None);
    let error = none.client.delete_registration_token("restok").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "the homeserver answered 404 M_NOT_FOUND: No such registration token: …");
}
