//! Blocking and unblocking.

use ruma::room_id;
use serde_json::{Value, json};
use synapse_admin::BlockStatus;

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn block_statuses_are_read() {
    for (body, block, user_id) in [
        (json!({"block": false}), false, None),
        (json!({"block": true, "user_id": "@admin:hs.test"}), true, Some("@admin:hs.test")),
        (json!({"block": 1, "user_id": "@admin:hs.test"}), true, Some("@admin:hs.test")),
    ] {
        let fake = Fake::answering(200, body).await;
        let status = fake.client.block_status(room_id!("!a:hs.test")).await.unwrap();
        assert_eq!(status, BlockStatus { block, user_id: user_id.map(str::to_owned) });
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms/%21a%3Ahs.test/block");
    }
}

#[tokio::test]
async fn blocking_and_unblocking_give_what_the_server_says() {
    let fake = Fake::answering(200, json!({"block": true})).await;
    assert!(fake.client.block_room(room_id!("!a")).await.unwrap().block);
    assert_eq!(fake.asked().await, r#"PUT /_synapse/admin/v1/rooms/%21a/block {"block":true}"#);

    let fake = Fake::answering(200, json!({"block": false})).await;
    assert!(!fake.client.unblock_room(room_id!("!a")).await.unwrap().block);
    assert_eq!(fake.asked().await, r#"PUT /_synapse/admin/v1/rooms/%21a/block {"block":false}"#);
}

#[tokio::test]
async fn an_answer_that_does_not_say_is_no_answer() {
    for body in [json!({}), json!({"block": "yes"}), Value::Null] {
        let fake = Fake::answering(200, body.clone()).await;
        let error = fake.client.block_room(room_id!("!a")).await.unwrap_err();
        assert!(error.may_have_acted(), "{body}: {error}");
    }
}

#[tokio::test]
async fn refusals_are_told() {
    for (errcode, message) in [
        ("M_UNKNOWN", "nope is not a legal room ID"),
        ("M_MISSING_PARAM", "Missing params: ['block']"),
        ("M_BAD_JSON", "Param 'block' must be a boolean."),
        ("M_NOT_JSON", "Content not JSON."),
    ] {
        let fake = Fake::failing(400, errcode, message).await;
        let want = (400, errcode.to_owned(), message.to_owned());
        assert_eq!(api_error(fake.client.block_room(room_id!("!a")).await), want);
        assert_eq!(api_error(fake.client.block_status(room_id!("!a")).await), want);
    }
}
