//! Forward extremities.

use ruma::{RoomOrAliasId, room_alias_id, room_id};
use serde_json::json;

use crate::fake::{Fake, api_error};

fn room() -> &'static RoomOrAliasId {
    room_id!("!a").into()
}

#[tokio::test]
async fn forward_extremities_are_counted() {
    let fake = Fake::answering(
        200,
        json!({"count": 1, "results": [{
        "event_id": "$zzXNghSCK_Ysftu-eDPodfzyuasm1N9FirymXRoAcms", "state_group": 36, "depth": 8,
        "received_ts": 1_795_238_343_619_u64}]}),
    )
    .await;
    let ends = fake.client.forward_extremities(room()).await.unwrap();
    assert_eq!((ends.count, ends.results[0].depth, ends.results[0].state_group), (1, Some(8), Some(36)));
    fake.client.forward_extremities(room_alias_id!("#other:hs.test").into()).await.unwrap();
    assert_eq!(
        fake.requests().await,
        [
            "GET /_synapse/admin/v1/rooms/%21a/forward_extremities",
            "GET /_synapse/admin/v1/rooms/%23other%3Ahs.test/forward_extremities"
        ]
    );
}

#[tokio::test]
async fn an_unknown_room_has_no_forward_extremities() {
    let fake = Fake::answering(200, json!({"count": 0, "results": []})).await;
    assert_eq!(fake.client.forward_extremities(room()).await.unwrap().count, 0);
}

#[tokio::test]
async fn deleting_forward_extremities_says_how_many() {
    let fake = Fake::answering(200, json!({"deleted": 3})).await;
    assert_eq!(fake.client.delete_forward_extremities(room()).await.unwrap(), 3);
    assert_eq!(fake.asked().await, "DELETE /_synapse/admin/v1/rooms/%21a/forward_extremities {}");
}

#[tokio::test]
async fn trap_23_deleting_them_from_an_unknown_room_is_a_500_not_worth_retrying() {
    let fake = Fake::failing(500, "M_UNKNOWN", "Internal server error").await;
    let error = fake.client.delete_forward_extremities(room()).await.unwrap_err();
    assert!(!error.is_transient() && !error.is_not_found(), "{error}");
    fake.asked().await;
}

#[tokio::test]
async fn rooms_that_cannot_be_found() {
    for (status, errcode, message) in [
        (400, "M_UNKNOWN", "nope was not legal room ID or room alias"),
        (404, "M_NOT_FOUND", "Room alias #nope:hs.test not found"),
        (502, "M_UNKNOWN", "Failed to fetch alias"),
    ] {
        let fake = Fake::failing(status, errcode, message).await;
        let want = (status, errcode.to_owned(), message.to_owned());
        assert_eq!(api_error(fake.client.forward_extremities(room()).await), want);
        assert_eq!(api_error(fake.client.delete_forward_extremities(room()).await), want);
    }
}
