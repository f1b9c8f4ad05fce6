//! What takes room, what changes in the database, and what was quarantined.

use std::num::NonZeroU32;

use ruma::{MilliSecondsSinceUnixEpoch, UInt};
use serde_json::json;
use synapse_admin::{Direction, MediaUseOrder, MediaUseQuery};

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn who_uploads_most() {
    let body = json!({"users": [{"user_id": "@a:hs.test", "displayname": null, "media_count": 3,
        "media_length": 210}], "total": 2, "next_token": 1});
    let fake = Fake::answering(200, body).await;
    let query = MediaUseQuery {
        limit: NonZeroU32::new(1),
        order_by: MediaUseOrder::MediaLength,
        dir: Direction::Backwards,
        from_ts: Some(MilliSecondsSinceUnixEpoch(UInt::from(7_u32))),
        search_term: Some("a".into()),
        ..MediaUseQuery::default()
    };
    let page = fake.client.media_use(&query).await.unwrap();
    assert_eq!((page.users[0].media_count, page.users[0].media_length), (3, 210));
    assert_eq!(page.next(&query).unwrap().from, Some(1));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/statistics/users/media?limit=1&order_by=media_length&dir=b&from_ts=7&search_term=a"
    );
    let fake = Fake::answering(200, json!({"users": [], "total": 0})).await;
    let empty = MediaUseQuery { search_term: Some(String::new()), ..MediaUseQuery::default() };
    assert_eq!(fake.client.media_use(&empty).await.unwrap().next(&empty), None);
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/statistics/users/media?order_by=user_id&dir=f");
}

#[tokio::test]
async fn which_rooms_are_largest() {
    let fake = Fake::answering(200, json!({"rooms": [{"room_id": "!a", "estimated_size": 47_325}]})).await;
    let rooms = fake.client.largest_rooms().await.unwrap();
    assert_eq!((rooms[0].room_id.as_str(), rooms[0].estimated_size), ("!a", 47_325));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/statistics/database/rooms");
    let message = "Endpoint requires using PostgreSQL";
    let sqlite = Fake::failing(400, "M_UNKNOWN", message).await;
    assert_eq!(api_error(sqlite.client.largest_rooms().await), (400, "M_UNKNOWN".into(), message.into()));
}

#[tokio::test]
async fn the_database_changes() {
    let update = json!({"name": "populate_stats_process_rooms", "total_item_count": 12,
        "total_duration_ms": 8000.5, "average_items_per_ms": null});
    for (body, running) in [
        (json!({"enabled": true, "current_updates": {}}), None),
        (json!({"enabled": true, "current_updates": {"master": update}}), Some(12)),
    ] {
        let fake = Fake::answering(200, body).await;
        let updates = fake.client.background_updates().await.unwrap();
        assert!(updates.enabled);
        assert_eq!(updates.current_updates.get("master").map(|update| update.total_item_count), running);
        assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/background_updates/status");
    }
}

#[tokio::test]
async fn what_was_quarantined() {
    let change = json!({"origin": "hs.test", "media_id": "a", "quarantined": 1});
    let fake = Fake::answering(200, json!({"next_batch": 9, "changes": [change]})).await;
    let changes = fake.client.quarantine_changes(8).await.unwrap();
    assert_eq!((changes.next_batch, changes.changes[0].quarantined), (9, true));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/media/quarantine_changes?from=8");
    let fake = Fake::failing(400, "M_INVALID_PARAM", "The `from` token is considered invalid").await;
    assert_eq!(api_error(fake.client.quarantine_changes(99).await).0, 400);
}
