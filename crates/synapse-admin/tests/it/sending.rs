//! Messages, redactions, rooms with one person, and the server's notices.

use ruma::{TransactionId, event_id, room_id, user_id};
use serde_json::json;
use synapse_admin::DirectRoom;

use crate::fake::{Fake, ROOM, api_error};

fn txn() -> &'static TransactionId {
    "warn/1".into()
}

#[tokio::test]
async fn messages_are_sent_with_their_transaction() {
    let fake = Fake::answering(200, json!({"event_id": "$e"})).await;
    let content = json!({"msgtype": "m.notice", "body": "mind the rules"});
    let event = fake.client.send_message(room_id!("!a"), txn(), &content).await.unwrap();
    assert_eq!(event, "$e");
    assert_eq!(
        fake.asked().await,
        "PUT /_matrix/client/v3/rooms/%21a/send/m.room.message/warn%2F1 \
         {\"body\":\"mind the rules\",\"msgtype\":\"m.notice\"}"
    );
}

#[tokio::test]
async fn messages_that_are_not_sent() {
    let content = json!({"msgtype": "m.text", "body": "hello"});
    for (status, errcode, message) in [
        (403, "M_FORBIDDEN", "User @bot:hs.test not in room !a (None)"),
        (413, "M_TOO_LARGE", "event too large"),
        (429, "M_LIMIT_EXCEEDED", "Too Many Requests"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let error = fake.client.send_message(room_id!("!a"), txn(), &content).await.unwrap_err();
        assert!(!error.may_have_acted(), "{error}");
        assert_eq!(error.rate_limited().is_some(), status == 429);
        assert_eq!(api_error::<()>(Err(error)), (status, errcode.into(), message.into()));
        fake.asked().await;
    }
}

#[tokio::test]
async fn events_are_redacted() {
    for (reason, body) in [(None, "{}"), (Some("spam"), r#"{"reason":"spam"}"#)] {
        let fake = Fake::answering(200, json!({"event_id": "$r"})).await;
        let event = event_id!("$b/c+d");
        let redaction = fake.client.redact_event(room_id!("!a"), event, txn(), reason).await.unwrap();
        assert_eq!(redaction, "$r");
        assert_eq!(
            fake.asked().await,
            format!("PUT /_matrix/client/v3/rooms/%21a/redact/%24b%2Fc%2Bd/warn%2F1 {body}")
        );
    }
}

#[tokio::test]
async fn events_that_cannot_be_redacted() {
    for (status, errcode, message) in [
        (403, "M_FORBIDDEN", "You don't have permission to redact events"),
        (404, "M_NOT_FOUND", "Could not find room_version for !a"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.redact_event(room_id!("!a"), event_id!("$e"), txn(), None).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
    }
}

#[tokio::test]
async fn a_room_with_one_person() {
    let named = DirectRoom { name: Some("Moderation".into()), topic: Some("your account".into()) };
    for (room, body) in [
        (
            DirectRoom::default(),
            r#"{"invite":["@a:hs.test"],"is_direct":true,"preset":"trusted_private_chat"}"#,
        ),
        (
            named,
            r#"{"invite":["@a:hs.test"],"is_direct":true,"name":"Moderation","preset":"trusted_private_chat","topic":"your account"}"#,
        ),
    ] {
        let fake = Fake::answering(200, json!({"room_id": ROOM})).await;
        assert_eq!(fake.client.create_direct_room(user_id!("@a:hs.test"), &room).await.unwrap(), ROOM);
        assert_eq!(fake.asked().await, format!("POST /_matrix/client/v3/createRoom {body}"));
    }
    let fake = Fake::failing(403, "M_FORBIDDEN", "You are not permitted to create rooms").await;
    let result = fake.client.create_direct_room(user_id!("@a:hs.test"), &DirectRoom::default()).await;
    let want = (403, "M_FORBIDDEN".into(), "You are not permitted to create rooms".into());
    assert_eq!(api_error(result), want);
}

#[tokio::test]
async fn the_server_speaks() {
    let content = json!({"msgtype": "m.text", "body": "mind the rules"});
    let fake = Fake::answering(200, json!({"event_id": "$n"})).await;
    let event = fake.client.send_server_notice(user_id!("@a:hs.test"), &content, txn()).await.unwrap();
    assert_eq!(event, "$n");
    assert_eq!(
        fake.asked().await,
        "PUT /_synapse/admin/v1/send_server_notice/warn%2F1 \
         {\"content\":{\"body\":\"mind the rules\",\"msgtype\":\"m.text\"},\"user_id\":\"@a:hs.test\"}"
    );
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "Server notices are not enabled on this server"),
        (400, "M_UNKNOWN", "Server notices can only be sent to local users"),
        (404, "M_NOT_FOUND", "User not found"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let result = fake.client.send_server_notice(user_id!("@a:hs.test"), &content, txn()).await;
        assert_eq!(api_error(result), (status, errcode.into(), message.into()));
    }
}
