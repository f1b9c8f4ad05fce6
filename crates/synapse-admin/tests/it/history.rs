//! Messages, context, single events, state, and events by time.

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, UInt, event_id, owned_user_id, room_id};
use serde_json::{Value, json};
use synapse_admin::{ContextQuery, Direction, EventFilter, MessagesQuery};

use crate::fake::{Fake, ROOM, api_error};

const SPAM: &str = "$rV4wEFr3hwX6xIzU-vgNzHMCKTEL9x1mGpALIEQC0Z8";
/// An event ID of room version 3, which has unsafe base64.
const V3_EVENT: &str = "$NNQ6CpPn8od9+Bw6ci2RX0G0T40Tr0BW9yi2/E1IMSA";

fn message(body: &str) -> Value {
    json!({"age": 92, "content": {"body": body, "msgtype": "m.text"}, "event_id": SPAM,
        "origin_server_ts": 1_795_226_048_184_u64, "room_id": ROOM, "sender": "@mallory:hs.test",
        "type": "m.room.message", "unsigned": {"age": 92}, "user_id": "@mallory:hs.test"})
}

#[tokio::test]
async fn messages_are_paged() {
    let fake = Fake::answering(
        200,
        json!({"chunk": [message("more spam"), message("spam")], "start": "t11-28_0", "end": "t10-23_0"}),
    )
    .await;
    let query = MessagesQuery {
        from: Some("t12-30_0".into()),
        to: Some("t1-1".into()),
        dir: Direction::Backwards,
        limit: NonZeroU32::new(2),
        filter: Some(EventFilter {
            types: Some(vec!["m.room.message".into()]),
            senders: Some(vec![owned_user_id!("@mallory:hs.test")]),
            ..EventFilter::default()
        }),
    };
    let page = fake.client.room_messages(room_id!("!a"), &query).await.unwrap();
    assert_eq!(page.chunk[0]["content"]["body"], "more spam");
    assert_eq!((page.start.as_deref(), page.end.as_deref()), (Some("t11-28_0"), Some("t10-23_0")));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/rooms/%21a/messages?from=t12-30_0&to=t1-1&dir=b&limit=2&filter=\
         %7B%22types%22%3A%5B%22m.room.message%22%5D%2C%22senders%22%3A%5B%22%40mallory%3Ahs.test%22%5D%7D"
    );
}

#[tokio::test]
async fn trap_messages_of_an_unknown_room_are_an_empty_page() {
    let fake = Fake::answering(200, json!({"chunk": [], "start": "t0-28_0"})).await;
    let page = fake.client.room_messages(room_id!("!nope:hs.test"), &MessagesQuery::default()).await.unwrap();
    assert_eq!((page.chunk.len(), page.end), (0, None));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms/%21nope%3Ahs.test/messages?dir=f");
}

#[tokio::test]
async fn messages_from_nowhere_are_refused() {
    let fake = Fake::failing(400, "M_UNKNOWN", "'from' parameter is invalid").await;
    let query = MessagesQuery { from: Some("zzz".into()), ..MessagesQuery::default() };
    let want = (400, "M_UNKNOWN".into(), "'from' parameter is invalid".into());
    assert_eq!(api_error(fake.client.room_messages(room_id!("!a"), &query).await), want);
}

#[tokio::test]
async fn an_event_comes_with_its_surroundings() {
    let fake = Fake::answering(
        200,
        json!({"events_before": [], "event": message("spam"),
        "events_after": [message("more spam")], "state": [], "start": "t9-24_0", "end": "t11-25_0"}),
    )
    .await;
    let query = ContextQuery {
        limit: Some(2),
        filter: Some(EventFilter { lazy_load_members: Some(true), ..EventFilter::default() }),
    };
    let context = fake.client.event_context(room_id!("!a"), SPAM.try_into().unwrap(), &query).await.unwrap();
    assert_eq!(context.event["content"]["body"], "spam");
    assert_eq!((context.events_before.len(), context.events_after.len()), (0, 1));
    assert_eq!(context.end.as_deref(), Some("t11-25_0"));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/rooms/%21a/context/%24rV4wEFr3hwX6xIzU-vgNzHMCKTEL9x1mGpALIEQC0Z8\
         ?limit=2&filter=%7B%22lazy_load_members%22%3Atrue%7D"
    );
}

#[tokio::test]
async fn event_ids_with_slash_and_plus_are_encoded() {
    let fake = Fake::answering(200, json!({"event": message("2")})).await;
    let event = V3_EVENT.try_into().unwrap();
    fake.client
        .event_context(room_id!("!a:hs.test"), event, &ContextQuery { limit: Some(0), filter: None })
        .await
        .unwrap();
    fake.client.fetch_event(event).await.unwrap();
    assert_eq!(
        fake.requests().await,
        [
            "GET /_synapse/admin/v1/rooms/%21a%3Ahs.test/context/%24NNQ6CpPn8od9%2BBw6ci2RX0G0T40Tr0BW9yi2%2FE1IMSA?limit=0",
            "GET /_synapse/admin/v1/fetch_event/%24NNQ6CpPn8od9%2BBw6ci2RX0G0T40Tr0BW9yi2%2FE1IMSA",
        ]
    );
}

#[tokio::test]
async fn trap_the_wrong_room_is_not_found_though_its_errcode_is_unknown() {
    for (errcode, message) in [("M_NOT_FOUND", "Event not found."), ("M_UNKNOWN", "No row found (events)")] {
        let fake = Fake::failing(404, errcode, message).await;
        let query = ContextQuery::default();
        let error = fake.client.event_context(room_id!("!a"), event_id!("$nope"), &query).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
}

#[tokio::test]
async fn trap_13_encrypted_events_stay_encrypted() {
    let fake = Fake::answering(
        200,
        json!({"event": {"type": "m.room.encrypted", "sender": "@mallory:hs.test",
        "content": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEn…"}}}),
    )
    .await;
    let context =
        fake.client.event_context(room_id!("!a"), event_id!("$b"), &ContextQuery::default()).await.unwrap();
    assert_eq!(context.event["content"]["algorithm"], "m.megolm.v1.aes-sha2");
}

#[tokio::test]
async fn trap_14_fetch_event_has_what_a_redaction_took_from_the_context() {
    let redacted = Fake::answering(
        200,
        json!({"event": {"type": "m.room.message", "content": {},
        "unsigned": {"redacted_because": {"type": "m.room.redaction", "content": {"reason": "cleaned"}}}}}),
    )
    .await;
    let context = redacted
        .client
        .event_context(room_id!("!a"), event_id!("$b"), &ContextQuery::default())
        .await
        .unwrap();
    assert_eq!(context.event["content"], json!({}));
    assert_eq!(context.event["unsigned"]["redacted_because"]["content"]["reason"], "cleaned");

    let raw = Fake::answering(200, json!({"event": {"auth_events": ["$CPr"], "content": {"body": "spam", "msgtype": "m.text"},
        "depth": 10, "event_id": SPAM, "hashes": {"sha256": "PzxL"}, "origin_server_ts": 1_795_226_048_184_u64,
        "prev_events": ["$CPr"], "room_id": ROOM, "sender": "@mallory:hs.test",
        "signatures": {"hs.test": {"ed25519:a_BOFc": "o4Tv"}}, "type": "m.room.message", "unsigned": {"age": 275}}}))
    .await;
    let event = raw.client.fetch_event(SPAM.try_into().unwrap()).await.unwrap();
    assert_eq!(event["content"]["body"], "spam");
}

#[tokio::test]
async fn an_unknown_event_is_not_found() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Event not found").await;
    assert!(fake.client.fetch_event(event_id!("$nope")).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn state_is_given_whole_or_by_type() {
    let name = json!({"age": 343, "content": {"name": "Res Room One"}, "event_id": "$P__Nr", "state_key": "",
        "origin_server_ts": 1_795_226_047_951_u64, "room_id": ROOM, "sender": "@alice:hs.test",
        "type": "m.room.name", "unsigned": {"age": 343}, "user_id": "@alice:hs.test"});
    let topic = json!({"type": "m.room.topic", "state_key": "", "content": {"topic": "tt"}});
    // As a server answers that does not know `type`.
    let fake = Fake::answering(200, json!({"state": [name, topic]})).await;
    assert_eq!(fake.client.room_state(room_id!("!a")).await.unwrap(), [name.clone(), topic]);
    assert_eq!(fake.client.room_state_of_type(room_id!("!a"), "m.room.name").await.unwrap(), [name]);
    assert_eq!(
        fake.requests().await,
        [
            "GET /_synapse/admin/v1/rooms/%21a/state",
            "GET /_synapse/admin/v1/rooms/%21a/state?type=m.room.name"
        ]
    );
}

#[tokio::test]
async fn events_are_found_by_time() {
    let found = json!({"event_id": "$L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ", "origin_server_ts": 1_795_226_047_894_u64});
    let fake = Fake::answering(200, found).await;
    let ts = MilliSecondsSinceUnixEpoch(UInt::from(1_795_226_u32));
    let event = fake.client.timestamp_to_event(room_id!("!a"), ts, Direction::Backwards).await.unwrap();
    assert_eq!(event.event_id, "$L2x9T6WOBOTWBNiloe4HoQBOziCH8UbVITiix8hk0rQ");
    assert_eq!(event.origin_server_ts.unwrap().get(), UInt::new(1_795_226_047_894).unwrap());
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/rooms/%21a/timestamp_to_event?ts=1795226&dir=b");
    let none =
        Fake::failing(404, "M_NOT_FOUND", "Unable to find event from 0 in direction Direction.BACKWARDS")
            .await;
    let error = none.client.timestamp_to_event(room_id!("!a"), ts, Direction::Forwards).await.unwrap_err();
    assert!(error.is_not_found());
}
