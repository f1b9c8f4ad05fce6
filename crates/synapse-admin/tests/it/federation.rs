//! Other servers.

use std::num::NonZeroU32;

use ruma::server_name;
use serde_json::json;
use synapse_admin::{DestinationOrder, DestinationRoomsQuery, Destinations, Direction, ListDestinations};

use crate::fake::{Fake, api_error};

#[tokio::test]
async fn servers_are_listed() {
    let away = json!({"destination": "o.test", "retry_last_ts": 7, "retry_interval": 600_000, "failure_ts": 5,
        "last_successful_stream_ordering": null});
    let fake = Fake::answering(200, json!({"destinations": [away], "total": 2, "next_token": "1"})).await;
    let list = ListDestinations {
        limit: NonZeroU32::new(1),
        destination: Some("o.".into()),
        order_by: DestinationOrder::FailureTs,
        dir: Direction::Backwards,
        ..ListDestinations::default()
    };
    let page = fake.client.destinations(&list).await.unwrap();
    let server = &page.destinations[0];
    assert_eq!((server.destination.as_str(), server.retry_interval), ("o.test", 600_000));
    assert_eq!((page.total, page.next(&list).unwrap().from), (2, Some(1)));
    assert_eq!(Destinations::default().next(&list), None);
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/federation/destinations?limit=1&destination=o.&order_by=failure_ts&dir=b"
    );
}

#[tokio::test]
async fn one_server() {
    let well = json!({"destination": "[::1]:8448", "last_successful_stream_ordering": 9, "failure_ts": null,
        "retry_last_ts": 0, "retry_interval": 0});
    let fake = Fake::answering(200, well).await;
    let server = fake.client.destination(server_name!("[::1]:8448")).await.unwrap().unwrap();
    assert_eq!((server.failure_ts, server.last_successful_stream_ordering), (None, Some(9)));
    assert_eq!(fake.asked().await, "GET /_synapse/admin/v1/federation/destinations/%5B%3A%3A1%5D%3A8448");

    let rooms = json!({"rooms": [{"room_id": "!a", "stream_ordering": 8}], "total": 2, "next_token": "1"});
    let fake = Fake::answering(200, rooms).await;
    let query = DestinationRoomsQuery { limit: NonZeroU32::new(1), ..DestinationRoomsQuery::default() };
    let page = fake.client.destination_rooms(server_name!("o.test"), &query).await.unwrap();
    assert_eq!((page.rooms[0].room_id.as_str(), page.next(&query).unwrap().from), ("!a", Some(1)));
    assert_eq!(
        fake.asked().await,
        "GET /_synapse/admin/v1/federation/destinations/o.test/rooms?limit=1&dir=f"
    );

    let fake = Fake::answering(200, json!({})).await;
    fake.client.reset_connection(server_name!("o.test")).await.unwrap();
    assert_eq!(
        fake.asked().await,
        "POST /_synapse/admin/v1/federation/destinations/o.test/reset_connection {}"
    );
}

#[tokio::test]
async fn servers_that_are_not_known() {
    let fake = Fake::failing(404, "M_NOT_FOUND", "Unknown destination").await;
    let nope = server_name!("nope.test");
    assert_eq!(fake.client.destination(nope).await.unwrap(), None);
    let rooms = fake.client.destination_rooms(nope, &DestinationRoomsQuery::default()).await;
    assert!(rooms.unwrap_err().is_not_found());
    assert!(fake.client.reset_connection(nope).await.unwrap_err().is_not_found());
    let message = "The retry timing does not need to be reset for this destination.";
    let fake = Fake::failing(400, "M_UNKNOWN", message).await;
    assert_eq!(
        api_error(fake.client.reset_connection(nope).await),
        (400, "M_UNKNOWN".into(), message.into())
    );
}
